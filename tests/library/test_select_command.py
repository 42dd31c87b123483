"""Choosing rows of one's own embeddings on the command line: files in and out, refusals."""

import dataclasses
import functools
import hashlib
import json
import sys

import numpy as np
import pytest

from diversity_jax import files
from diversity_jax.commands import progress
from diversity_jax.selection import rules, tables
from diversity_jax.selection.pool import Problem
from diversity_jax.selection.rules import RULES
from tests.library.fake_house import everything
from tests.library.test_select import LABELS, NUMBER, ROWS
from tests.library.test_structure import loaded_by


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder to work in, with embeddings and labels."""
    monkeypatch.chdir(tmp_path)
    np.save("rows.npy", ROWS)
    np.save("labels.npy", LABELS)
    return tmp_path


def test_the_command_writes_rows_a_report_and_a_page_and_knows_them_again(here, call, monkeypatch):
    for place, rule in enumerate(RULES):  # in place of rules that have to be compiled
        picks = np.arange(12) + place
        choose = functools.partial(lambda picks, problem: (picks, 0.5), picks)
        monkeypatch.setitem(RULES, rule, dataclasses.replace(RULES[rule], choose=choose))
    words = ["select", "--embeddings", "rows.npy", "--labels", "labels.npy", "--rule", "all"]
    words += ["--seed", "3"]
    table = tables.compare(ROWS, LABELS, seed=3)
    code, out, _ = call(*words)
    folder = here / "selected" / "rows" / "all"
    assert code == 0 and out == f"{table}\n\nselected/rows/all\n"
    report = json.loads((folder / "report.json").read_text())
    assert set(report["sha256"]) == {f"{rule}.npy" for rule in RULES} | {"report.html"}
    for name, digest in report["sha256"].items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
    for rule in RULES:
        np.testing.assert_array_equal(np.load(folder / f"{rule}.npy"), table.kept[rule])
    assert report["rules"] == table.rows and report["at_random"] == table.chance
    page = (folder / "report.html").read_text()
    assert "http" not in page and "src=" not in page and "<td>d_optimal</td>" in page
    before = everything(here)
    code, out, _ = call(*words)
    assert code == 0 and "up to date" in out and everything(here) == before
    assert call(*words, "--again")[0] == 0 and everything(here) == before


def test_a_selection_is_replaced_only_when_told_to(here, call):
    words = ["select", "--embeddings", "rows.npy", "--out", "a/b", "--rule"]
    assert call(*words, "random")[0] == 0
    first = everything(here)
    for changed in (["random", "--seed", "1"], ["random", "--fraction", "0.5"], ["k_center"]):
        code, out, error = call(*words, *changed)
        assert (code, out) == (2, "") and error.startswith("out: got a/b, with another selection")
        assert error.count("\n") == 1 and everything(here) == first
    (here / "a" / "b" / "k_center.txt").write_text("of the user")
    assert call(*words, "k_center", "--again")[0] == 0
    names = sorted(path.name for path in (here / "a" / "b").iterdir())
    assert names == ["k_center.npy", "k_center.txt", "report.html", "report.json"]


def test_a_write_that_fails_leaves_no_report(here, call, monkeypatch):
    whole = files.write_atomically

    def full(path, content):
        if path.suffix == ".html":
            raise files.WriteFailed(f"{path}: cannot be written (no space left)")
        whole(path, content)

    words = ["select", "--embeddings", "rows.npy", "--rule", "random"]
    with monkeypatch.context() as patch:
        patch.setattr(files, "write_atomically", full)
        code, _, error = call(*words)
    assert code == 2 and "no space left" in error
    assert not (here / "selected" / "rows" / "random" / "report.json").exists()
    assert call(*words)[0] == 2 and call(*words, "--again")[0] == 0


@pytest.mark.parametrize("form", ["half", "single", "big endian", "by columns"])
def test_any_form_of_floating_point_numbers_is_read(here, call, form):
    forms = {
        "half": ROWS.astype(np.float16),
        "single": ROWS.astype(np.float32),
        "big endian": ROWS.astype(">f8"),
        "by columns": np.asfortranarray(ROWS),
    }
    np.save("form.npy", forms[form])
    assert (
        call("select", "--embeddings", "form.npy", "--rule", "far_own", "--labels", "labels.npy")[0]
        == 0
    )
    kept, _ = rules.choose("far_own", Problem(ROWS, LABELS, fraction=0.2))
    assert set(np.load("selected/form/far_own/far_own.npy")) == set(kept)


WITH_NAN = np.where(np.arange(NUMBER)[:, None] == 7, np.nan, ROWS)
WITH_ZERO = np.where(np.arange(NUMBER)[:, None] == 8, 0.0, ROWS)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (WITH_NAN, "embeddings: got NaN or infinite values in 1 of 60 rows, first in row 7, exp"),
        (WITH_ZERO, "embeddings: got 1 rows of length zero, first row 8, expected"),
        (ROWS[0], "embeddings: got shape (6,), expected shape (any, any)"),
        (ROWS[None], "embeddings: got shape (1, 60, 6), expected"),
        (ROWS[:0], "embeddings: got shape (0, 6), expected one row or more"),
        (LABELS[:, None], "embeddings: got dtype int64, expected float16, float32 or float64"),
        (ROWS + 1j, "embeddings: got dtype complex128"),
        (ROWS.astype(np.longdouble), "embeddings: got dtype"),
        (np.array([[None, 1]]), "embeddings: got bad.npy, which holds no whole array"),
        (b"1.0 2.0\n", "embeddings: got bad.npy, which holds no whole array"),
        (b"PK\x03\x04 and no more", "embeddings: got bad.npy, which holds no whole array"),
        (b"", "embeddings: got bad.npy, which holds no whole array"),
        ("cut", "embeddings: got bad.npy, which holds no whole array"),
        ("archive", "embeddings: got bad.npy, an archive of arrays (a, b)"),
        ("folder", "embeddings: got bad.npy, a folder, expected a .npy file"),
        (None, "embeddings: got bad.npy, where there is no file, expected a .npy file"),
    ],
)
def test_a_file_that_holds_no_embeddings_is_refused(here, call, content, message):
    path = here / "bad.npy"
    if isinstance(content, np.ndarray):
        np.save(path, content, allow_pickle=True)
    elif isinstance(content, bytes):
        path.write_bytes(content)
    elif content == "cut":
        path.write_bytes((here / "rows.npy").read_bytes()[:-9])
    elif content == "archive":
        with path.open("wb") as file:
            np.savez(file, a=ROWS, b=LABELS)
    elif content == "folder":
        path.mkdir()
    before = everything(here)
    code, out, error = call("select", "--embeddings", "bad.npy", "--rule", "k_center")
    assert (code, out) == (2, "") and error.startswith(message)
    assert error.count("\n") == 1 and "; " in error and everything(here) == before


@pytest.mark.parametrize(
    ("labels", "words", "message"),
    [
        (LABELS[:50], [], "labels: got shape (50,), expected shape (60)"),
        (LABELS[:, None], [], "labels: got shape (60, 1), expected shape (any)"),
        (LABELS, ["--domains", "2"], "labels: got labels from 0 to 2, expected labels from 0 to 1"),
        (LABELS - 1, [], "labels: got labels from -1 to 1, expected labels from 0"),
        (LABELS, ["--domains", "4"], "labels: got no point of domain 3"),
        (2 * LABELS, [], "labels: got no point of domain 1"),
        (LABELS.astype(float), [], "labels: got dtype float64, expected integers"),
        (np.array(["a"] * NUMBER), [], "labels: got dtype <U1, expected integers"),
        (np.zeros(NUMBER, int), [], "labels: got 1 domains"),
        (np.arange(NUMBER) // 59, [], "labels: got 2 domains, the smallest of 1 points"),
    ],
)
def test_labels_that_do_not_fit_are_refused(here, call, labels, words, message):
    np.save("bad.npy", labels)
    before = everything(here)
    code, out, error = call(
        "select", "--embeddings", "rows.npy", "--labels", "bad.npy", "--rule", "entropy", *words
    )
    assert (code, out) == (2, "") and error.startswith(message)
    assert error.count("\n") == 1 and everything(here) == before


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--rule", "kcenter"], "rule: got 'kcenter', expected one of all, coverage_stratified,"),
        (["--rule", "entropy"], "labels: got no labels, expected labels, which entropy needs;"),
        (["--rule", "random", "--fraction", "0"], "fraction: got 0.0, expected a number in (0, 1]"),
        (["--rule", "random", "--fraction", "1.5"], "fraction: got 1.5"),
        (["--rule", "random", "--fraction", "nan"], "fraction: got nan"),
        (["--rule", "random", "--fraction", "0.01"], "fraction: got 0.01 of 60 points"),
        (["--rule", "random", "--fraction", "x"], "argument --fraction: invalid float value: 'x'"),
        (
            ["--rule", "random", "--number", "61"],
            "number: got 61, expected an integer from 1 to 60",
        ),
        (["--rule", "random", "--number", "0"], "number: got 0"),
        (["--rule", "random", "--number", "3", "--fraction", "0.1"], "argument --fraction: not"),
        (["--rule", "random", "--seed", "-1"], "seed: got -1, expected an integer from 0"),
        (["--rule", "random", "--domains", "0"], "number: got 0"),
        (["--rule", "random", "--domains", "61"], "number: got 61"),
        (["--rule", "dpp_map", "--length-scale", "0"], "length_scale: got a smallest value of 0.0"),
        (["--rule", "random", "--out", "rows.npy"], "out: got rows.npy, which is a file"),
        (["--rule", "random", "--out", "rows.npy/a"], "rows.npy/a: cannot be written"),
        (["--rule", "random", "--colour", "red"], "unrecognized arguments: --colour red"),
        ([], "the following arguments are required: --rule"),
    ],
)
def test_options_that_cannot_be_are_refused(here, call, words, message):
    before = everything(here)
    code, out, error = call("select", "--embeddings", "rows.npy", *words)
    assert (code, out) == (2, "") and message in error
    assert error.count("\n") == 1 and everything(here) == before


def test_both_ways_in_say_and_write_the_same_but_for_the_program_s_name(here, call, own):
    words = ["select", "--embeddings", "rows.npy", "--rule", "random"]
    first = own(*words)
    written = everything(here / "selected")
    assert first[0] == 0 and call(*words, "--again") == first
    assert everything(here / "selected") == written
    theirs, ours = call("select", "--help")[1], own("select", "--help")[1]
    assert theirs.replace("experiments", "diversity_jax").split() == ours.split()
    assert own("select", "--rule", "random")[2].startswith("the following arguments are required")


def test_commands_are_listed_from_their_folder(own):
    names = ["cluster", "detect", "select"]
    code, out, _ = own("list")
    assert code == 0 and [row.split()[0] for row in out.splitlines()] == names
    assert own("--help")[0] == 0 and out.strip() in own("--help")[1]
    assert own()[0] == 2
    code, _, error = own("selekt")
    assert code == 2 and f"got 'selekt', expected one of {', '.join(names)}; did" in error


def test_progress_without_rich_is_plain_lines(monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setattr(progress, "find_spec", lambda name: None)
    with progress.bar() as show:
        show(1, 2, "select")
        show(2, 2, "select")
    assert capsys.readouterr().err == "select: 2 runs done\n"


def test_help_names_every_rule_and_imports_nothing_heavy(call):
    code, out, _ = call("select", "--help")
    assert code == 0 and all(f"  {rule} " in out for rule in RULES)
    heavy = {"jax", "xarray", "matplotlib", "sklearn", "flax", "scipy"}
    assert not heavy & loaded_by("experiments", "select", "--help")


@pytest.mark.parametrize("words", [["list"], ["--help"], ["select", "--help"]])
def test_the_library_s_list_and_help_import_not_even_numpy(words):
    heavy = {"jax", "numpy", "xarray", "sklearn", "scipy"}
    assert not heavy & loaded_by("diversity_jax", *words)
