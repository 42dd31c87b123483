"""Clustering one's own table on the command line: files in and out, refusals."""

import csv
import hashlib
import importlib.util
import json

import numpy as np
import pytest

from diversity_jax.commands import reading
from diversity_jax.convex_clustering import tables
from tests.library.fake_house import everything

FILES = {"path.csv", "labels.npy", "clusters.csv", "path.png", "report.html", "report.json"}


def rows(number=12):
    """Three groups far from each other, and far from the origin."""
    random = np.random.default_rng(20)
    middles = np.array([[0.0, 0], [9, 0], [0, 9]])
    return np.concatenate([1e3 + middle + random.normal(size=(number, 2)) for middle in middles])


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder to work in, with a table whose columns have names."""
    monkeypatch.chdir(tmp_path)
    with (tmp_path / "rows.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["a", "b"], *rows().tolist()])
    np.save("rows.npy", rows())
    return tmp_path


def test_a_table_is_clustered_and_known_again(here, own):
    words = ["cluster", "--table", "rows.csv", "--gammas", "12"]
    code, out, _ = own(*words)
    folder = here / "clustered" / "rows"
    assert code == 0 and out.endswith("clustered/rows\n")
    assert {path.name for path in folder.iterdir()} == FILES
    report = json.loads((folder / "report.json").read_text())
    for name, digest in report["sha256"].items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
    with (folder / "clusters.csv").open() as file:
        found = [int(row["cluster"]) for row in csv.DictReader(file)]
    assert found == [0] * 12 + [1] * 12 + [2] * 12
    with (folder / "path.csv").open() as file:
        lines = list(csv.DictReader(file))
    labels = np.load(folder / "labels.npy")
    assert [int(line["clusters"]) for line in lines] == [len(set(row)) for row in labels.tolist()]
    assert int(lines[0]["clusters"]) == 36 and int(lines[-1]["clusters"]) == 1
    gaps = np.array([float(line["gap"]) for line in lines])
    assert (gaps <= 1e-6 * ((rows() - rows().mean(0)) ** 2).sum() / 2).all()
    page = (folder / "report.html").read_text()
    assert "http" not in page and "data:image/png" in page
    before = everything(here)
    assert "up to date" in own(*words)[1] and everything(here) == before
    code, _, said = own(*words[:-1], "13")
    assert code == 2 and "--again" in said and everything(here) == before


def test_in_a_notebook_it_is_three_lines(here):
    table = tables.cluster(rows(), gammas=12)
    assert "3 groups" in str(table) and table.groups[table.suggested] == 3
    np.testing.assert_array_equal(table.labels[table.suggested], np.repeat([0, 1, 2], 12))


def test_units_and_origin_change_nothing(here):
    one, other = (tables.cluster(x, gammas=12) for x in (rows(), 1e-30 * (rows() - 1e3)))
    np.testing.assert_array_equal(one.labels, other.labels)
    np.testing.assert_allclose(one.gammas * 1e-30, other.gammas, rtol=1e-6)


def test_rows_given_twice_are_together_from_the_start(here):
    table = tables.cluster(np.concatenate([rows(6), rows(6)]), gammas=8, neighbours=4)
    np.testing.assert_array_equal(table.labels[:, :18], table.labels[:, 18:])
    assert table.clusters[0] == 18


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("a,b\n1,2\n3,x\n", ("the text 'x'", "column b, row 2", "--drop b")),
        ("a,b\n1,1_000\n3,4\n", ("the text '1_000'", "column b, row 1")),
        ("a,b\n1,2\n,4\n", ("a missing value", "column a, row 2")),
        ("a,b\n1,nan\n3,4\n", ("a missing value", "column b, row 1")),
        ("a,b\n1,inf\n3,4\n", ("inf", "column b, row 1")),
        ("a,b\n1,2\n3\n", ("1 cells in row 2", "2 as in the first line")),
        ("", ("which is empty",)),
        ("a,b\n", ("0 rows",)),
        ("a,b\n1,2\n", ("1 rows", "at least two rows")),
        ("a,b\n1,2\n1,2\n", ("all equal",)),
    ],
)
def test_what_is_no_table_of_numbers_is_named_and_nothing_is_written(here, own, content, told):
    (here / "bad.csv").write_text(content)
    before = everything(here)
    code, _, said = own("cluster", "--table", "bad.csv")
    assert code == 2 and said.startswith(("table: got", "points: got")) and said.count("\n") == 1
    assert all(word in said for word in told), said
    assert everything(here) == before


@pytest.mark.parametrize(
    ("column", "told"),
    [
        (["x", None, "y"], ("the text 'x'", "column b, row 1", "--drop b")),
        ([None, "x", "y"], ("a missing value", "column b, row 1", "--drop b")),
        ([2.0, None, 3.0], ("a missing value", "column b, row 2", "--drop b")),
        ([2.0, 3.0, float("nan")], ("a missing value", "column b, row 3", "--drop b")),
    ],
)
def test_a_parquet_table_is_refused_by_its_cell_or_for_want_of_its_reader(here, own, column, told):
    """Whichever is the case here is tested: pyarrow need not be installed."""
    if importlib.util.find_spec("pyarrow") is None:
        (here / "bad.parquet").write_bytes(b"PAR1")
        told = ("bad.parquet, without pyarrow", "expected pyarrow", "install pyarrow", ".csv")
    else:
        import pyarrow  # pyright: ignore[reportMissingImports]
        from pyarrow import parquet  # pyright: ignore[reportMissingImports]

        table = pyarrow.table({"a": [1.0, 2.0, 3.0], "b": column})
        parquet.write_table(table, here / "bad.parquet")
    before = everything(here)
    code, _, said = own("cluster", "--table", "bad.parquet")
    assert code == 2 and said.startswith("table: got") and said.count("\n") == 1
    assert all(word in said for word in told), said
    assert everything(here) == before


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--norm", "l3"], ("norm", "l1")),
        (["--neighbours", "0"], ("neighbours", ">= 1")),
        (["--decay", "-1"], ("decay", ">= 0")),
        (["--gammas", "2"], ("gammas", ">= 3")),
        (["--tolerance", "1e-30"], ("tolerance",)),
        (["--drop", "c"], ("drop", "a, b")),
        (["--drop", "a", "--drop", "b"], ("0 columns",)),
        (["--table", "rows.txt"], (".parquet",)),
        (["--table", "none.csv"], ("no file",)),
        (["--out", "rows.csv"], ("is a file",)),
    ],
)
def test_bad_options_are_one_line_and_nothing_is_written(here, own, words, told):
    before = everything(here)
    code, _, said = own("cluster", "--table", "rows.csv", *words)
    assert code == 2 and said.count("\n") == 1 and all(word in said for word in told), said
    assert everything(here) == before


def test_tables_without_names_and_arrays_say_the_same(here):
    np.savetxt("bare.csv", rows(), delimiter=",", fmt="%.17g")
    named, bare, array = (
        reading.table("table", f"{name}") for name in ("rows.csv", "bare.csv", "rows.npy")
    )
    np.testing.assert_array_equal(named.values, bare.values)
    np.testing.assert_array_equal(named.values, array.values)
    assert named.columns == ("a", "b") and bare.columns == array.columns == ("0", "1")


def test_a_standardised_table_has_columns_of_one_size(here, own):
    np.save("wide.npy", rows() * [1.0, 1e200])
    assert own("cluster", "--table", "wide.npy", "--standardise", "--gammas", "12")[0] == 0
    found = np.load("clustered/wide/labels.npy")
    assert any(np.array_equal(row, np.repeat([0, 1, 2], 12)) for row in found)


def test_a_column_that_never_varies_is_not_blown_up(here, own):
    """The mean of a column of .1 is not .1: what rounding leaves is no column."""
    np.save("flat.npy", np.column_stack([rows(), np.full(36, 0.1)]))
    code, _, said = own("cluster", "--table", "flat.npy", "--standardise")
    assert code == 2 and "column 2, which is the same in every row" in said
