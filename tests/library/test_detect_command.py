"""Unusual labels of one's own table on the command line: files in and out, refusals."""

import csv
import hashlib
import importlib.util
import json
import zlib

import numpy as np
import pytest

from diversity_jax import files
from diversity_jax.graph_learning import tables
from tests.library.fake_house import everything
from tests.library.test_structure import loaded_by

FILES = {"ranked.csv", "report.html", "report.json"}
SWITCHED = 7  # the row, counted from 1, whose label is another's
ROWS = 30


def lines():
    """Two classes far from each other, and far from the origin; one label is switched."""
    random = np.random.default_rng(zlib.crc32(b"detect"))
    points = 1e3 + random.normal(size=(ROWS, 2)) + np.repeat([[0.0, 0], [9, 9]], ROWS // 2, axis=0)
    kinds = ["low"] * (ROWS // 2) + ["high"] * (ROWS // 2)
    kinds[SWITCHED - 1] = "high"
    return [
        [f"no{row}", *point.tolist(), "ab"[row % 2], kind]
        for row, (point, kind) in enumerate(zip(points, kinds), 1)
    ]


HEAD = ["name", "x", "y", "part", "kind"]
WORDS = ("detect", "--table", "rows.csv", "--label", "kind")


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder to work in, with a table."""
    monkeypatch.chdir(tmp_path)
    with (tmp_path / "rows.csv").open("w", newline="") as file:
        csv.writer(file).writerows([HEAD, *lines()])
    return tmp_path


def text(table, separator=",", end="\n"):
    return end.join(separator.join(map(str, line)) for line in table) + end


def changed(row, column, cell):
    """The table as text, with one cell replaced; rows from 1."""
    table = [list(map(str, line)) for line in lines()]
    table[row - 1][HEAD.index(column)] = cell
    return text([HEAD, *table])


def ranked(folder):
    with (folder / "ranked.csv").open() as file:
        return list(csv.DictReader(file))


def strict(path):
    def refuse(word):
        raise AssertionError(word)

    return json.loads(path.read_text(), parse_constant=refuse)


def test_a_table_is_ranked_and_known_again(here, own):
    words = (*WORDS, "--id", "name", "--top", "4")
    code, out, _ = own(*words)
    folder = here / "detected" / "rows"
    assert code == 0 and out.endswith("detected/rows\n")
    assert {path.name for path in folder.iterdir()} == FILES
    report = strict(folder / "report.json")
    for name, digest in report["sha256"].items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
    rows = ranked(folder)
    assert sorted(int(row["row"]) for row in rows) == list(range(1, ROWS + 1))
    first, scores = rows[0], [float(row["score"]) for row in rows]
    assert scores == sorted(scores, reverse=True)
    assert (first["row"], first["name"], first["label"]) == (str(SWITCHED), "no7", "high")
    assert first["graph_label"] == "low" and float(first["neighbours"]) == 1
    low, high = report["bounds"]
    for row in rows:
        inside = [low, float(row["lowest"]), float(row["soft"]), float(row["highest"]), high]
        assert (np.diff(inside) >= -1e-12).all()
    top = report["top"][0]
    assert len(report["top"]) == 4 and top["row"] == SWITCHED
    assert {near["label"] for near in top["nearest_of_others"]} == {"low"}
    became = {column["name"]: column["became"] for column in report["columns"]}
    assert became == {"x": "number", "y": "number", "part": "category"}
    page = (folder / "report.html").read_text()
    assert "http" not in page and "<script" not in page and page.count("<tr>") == 5
    for told in ("Standardised", "x, y", "One-hot encoded: part (2 levels)", "no7"):
        assert told in page and told in out
    before = everything(here)
    assert "up to date" in own(*words)[1] and everything(here) == before
    code, _, said = own(*words, "--neighbours", "5")
    assert code == 2 and "--again" in said and everything(here) == before
    assert own(*words, "--neighbours", "5", "--again")[0] == 0


def test_help_imports_nothing_heavy():
    heavy = {"jax", "numpy", "scipy", "sklearn", "equinox"}
    assert not heavy & loaded_by("diversity_jax", "detect", "--help")


def test_in_a_notebook_it_is_three_lines(here):
    found = tables.detect("rows.csv", label="kind")
    assert found.numbers[found.order[0]] == SWITCHED
    assert "Left out: name" in str(found) and repr(found) == str(found)
    assert "<td>7</td>" in found._repr_html_() and "<html" not in found._repr_html_()


def test_names_of_rows_are_escaped_on_the_page(here, own):
    (here / "rows.csv").write_text(changed(SWITCHED, "name", "<b>&"))
    assert own(*WORDS, "--id", "name")[0] == 0
    page = (here / "detected" / "rows" / "report.html").read_text()
    assert "&lt;b&gt;&amp;" in page and "<b>" not in page


@pytest.mark.parametrize("form", ["semicolons", "bars", "mark", "quoted", "returns", "spaces"])
def test_files_of_many_kinds_say_the_same(here, form):
    table = [HEAD, *lines()]
    expected = tables.detect("rows.csv", label="kind")
    if form == "semicolons":
        told = text(table, ";").replace(".", ",").encode()
    elif form == "bars":
        told = text(table, "|").encode()
    elif form == "mark":
        told = text(table).encode("utf-8-sig")
    elif form == "quoted":
        told = text([[f'"{cell}"' for cell in line] for line in table]).encode()
    elif form == "returns":
        told = text(table, end="\r\n").encode() + b"\r\n\r\n"
    else:
        told = text(table, " , ").encode()
    (here / "other.csv").write_bytes(told)
    found = tables.detect("other.csv", label="kind")
    np.testing.assert_array_equal(found.scores, expected.scores)
    assert found.encoding == expected.encoding
    assert bool(found.noticed) == (form in ("semicolons", "bars"))
    assert ("decimal commas in x, y" in str(found)) == (form == "semicolons")


def test_a_file_without_names_and_one_whose_names_are_numbers(here):
    expected = tables.detect("rows.csv", label="kind").scores
    (here / "bare.csv").write_text(text(lines()))
    np.testing.assert_array_equal(tables.detect("bare.csv", label="4").scores, expected)
    (here / "years.csv").write_text(text([["a", "2019", "2020", "b", "kind"], *lines()]))
    found = tables.detect("years.csv", label="kind")
    np.testing.assert_array_equal(found.scores, expected)
    assert found.encoding.features == ("2019", "2020", "b=a", "b=b")


def test_rows_with_missing_cells_are_left_out_when_asked_and_named(here, own):
    table = [list(map(str, line)) for line in lines()]
    for row, column in ((3, "x"), (20, "kind"), (25, "part")):
        table[row - 1][HEAD.index(column)] = "NA"
    (here / "rows.csv").write_text(text([HEAD, *table]))
    code, out, _ = own(*WORDS, "--drop-missing")
    assert code == 0 and "Left out for missing cells: 3 rows (3, 20, 25)" in out
    rows = ranked(here / "detected" / "rows")
    left = {int(row["row"]) for row in rows}
    assert left == set(range(1, ROWS + 1)) - {3, 20, 25} and rows[0]["row"] == str(SWITCHED)


def test_a_missing_cell_of_a_column_that_is_left_out_is_no_matter(here):
    (here / "rows.csv").write_text(changed(2, "name", ""))
    assert len(tables.detect("rows.csv", label="kind").scores) == ROWS


@pytest.mark.parametrize("score", ["left-out", "neighbours"])
def test_other_scores_find_it_too(here, own, score):
    assert own(*WORDS, "--score", score)[0] == 0
    rows = ranked(here / "detected" / "rows")
    key = score.replace("-", "_")
    assert rows[0]["row"] == str(SWITCHED)
    assert all(row["score"] == row[key] for row in rows)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", ("which is empty",)),
        ("\n \n", ("which is empty",)),
        (text([HEAD]), ("names only",)),
        (text([HEAD, lines()[0]]), ("1 row,", "at least 4 rows")),
        (text([HEAD, *lines()]) + "1,2\n", ("2 cells in row 31", "commas")),
        (text([["x", "y", "x", "part", "kind"], *lines()]), ("more than once", "'x'")),
        (changed(2, "x", ""), ("a missing value in column x, row 2,", "--drop-missing")),
        (changed(2, "part", "NaN"), ("a missing value in column part, row 2,", "--drop part")),
        (changed(2, "kind", " "), ("label: got a missing value", "row 2", "--drop-missing")),
        (changed(2, "y", "inf"), ("inf in column y, row 2", "finite", "--drop y")),
        (changed(2, "y", "1_0"), ("the text '1_0' in column y, row 2", "29 of its 30 cells")),
        (text([HEAD, *([*line[:4], "low"] for line in lines())]), ("one class only", "'low'")),
        (text([HEAD, *([*line[:4], line[1]] for line in lines())]), ("30 different numbers",)),
        (text([HEAD, *([*line[:4], line[0]] for line in lines())]), ("30 different texts",)),
        (
            text([HEAD, *([line[0], 1, 2, "a", line[4]] for line in lines())]),
            ("no column to compare rows by", "x: it is 1 in every row"),
        ),
    ],
)
def test_what_is_no_table_of_labels_is_named_and_nothing_is_written(here, own, content, told):
    (here / "rows.csv").write_text(content)
    before = everything(here)
    code, _, said = own(*WORDS)
    assert code == 2 and said.count("\n") == 1 and ": got " in said, said
    assert all(word in said for word in told), said
    assert everything(here) == before and not (here / "detected").exists()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--label", "kinds"], ("label", "'kinds'", "did you mean kind?")),
        (["--id", "nam"], ("identifier", "did you mean name?")),
        (["--id", "kind"], ("identifier", "another column")),
        (["--drop", "z"], ("drop", "'z'")),
        (["--drop", "kind"], ("drop", "the label")),
        (["--keep", "z"], ("keep", "'z'")),
        (["--category", "z"], ("categories", "'z'")),
        (["--levels", "1"], ("levels", ">= 2")),
        (["--neighbours", "0"], ("neighbours", ">= 1")),
        (["--confidence", "0"], ("confidence", "> 0")),
        (["--regularisation", "nan"], ("regularisation", "> 0")),
        (["--regularisation", "inf"], ("regularisation", "finite")),
        (["--score", "softly"], ("score", "did you mean soft?")),
        (["--top", "0"], ("top", ">= 1")),
        (["--table", "rows.txt"], ("another kind", ".csv, .tsv, .parquet")),
        (["--table", "none.csv"], ("no file",)),
        (["--table", "."], ("another kind",)),
        (["--out", "rows.csv"], ("is a file",)),
    ],
)
def test_bad_options_are_one_line_and_nothing_is_written(here, own, words, told):
    before = everything(here)
    code, _, said = own(*WORDS, *words)
    assert code == 2 and said.count("\n") == 1 and all(word in said for word in told), said
    assert everything(here) == before and not (here / "detected").exists()


def test_bytes_that_are_no_text_are_refused(here, own):
    (here / "rows.csv").write_bytes(text([HEAD, *lines()]).encode("utf-16"))
    code, _, said = own(*WORDS)
    assert code == 2 and "unreadable" in said and "UTF-8" in said and said.count("\n") == 1


def test_a_parquet_table_is_read_or_refused_for_want_of_its_reader(here, own):
    """Whichever is the case here is tested: pyarrow need not be installed."""
    words = ("detect", "--table", "rows.parquet", "--label", "kind")
    if importlib.util.find_spec("pyarrow") is None:
        (here / "rows.parquet").write_bytes(b"PAR1")
        code, _, said = own(*words)
        assert code == 2 and "install pyarrow" in said and said.count("\n") == 1
        return
    import pyarrow  # pyright: ignore[reportMissingImports]
    from pyarrow import parquet  # pyright: ignore[reportMissingImports]

    table = pyarrow.table({name: list(cells) for name, cells in zip(HEAD, zip(*lines()))})
    parquet.write_table(table, here / "rows.parquet")
    assert own(*words)[0] == 0
    expected = tables.detect("rows.csv", label="kind")
    assert tables.detect("rows.parquet", label="kind").order.tolist() == expected.order.tolist()


def test_a_write_cut_short_leaves_no_ranking(here, own, monkeypatch):
    write = files.write_atomically

    def cut(path, content):
        if path.name == "report.html":
            raise KeyboardInterrupt
        write(path, content)

    with monkeypatch.context() as patched:
        patched.setattr(files, "write_atomically", cut)
        code, _, said = own(*WORDS)
    assert code == 130 and said.startswith("interrupted")
    folder = here / "detected" / "rows"
    assert not (folder / "report.json").exists() and not list(folder.glob(".*"))
    code, _, said = own(*WORDS)
    assert code == 2 and "part of one" in said
    assert own(*WORDS, "--again")[0] == 0
