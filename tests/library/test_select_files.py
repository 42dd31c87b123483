"""Files that promise what they do not hold, and places that cannot be written, cost no time."""

import json
import tracemalloc

import numpy as np
import pytest

from diversity_jax.selection import scores, tables
from diversity_jax.selection.pool import Problem
from tests.library.fake_house import everything
from tests.library.test_select import LABELS, NUMBER, ROWS

HUGE = 3_000_000_000_000  # rows of six numbers: 131 TiB


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("rows.npy", ROWS)
    np.save("labels.npy", LABELS)
    monkeypatch.setattr(tables, "compare", lambda *_, **__: pytest.fail("it began to choose"))
    return tmp_path


def refused(answer, message):
    code, out, error = answer
    assert (code, out) == (2, "") and error.startswith(message), error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    "shape", [(HUGE, 6), (2**62, 6), (2**61, 8), (61, 6), (-1, 6), (2**70, 1), ("a", 6)]
)
def test_a_header_that_promises_more_than_the_file_holds_is_refused(here, call, shape):
    content = (here / "rows.npy").read_bytes()
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape!r}, }}".encode()
    size = int.from_bytes(content[8:10], "little")
    padded = header.ljust(size - 1) + b"\n"
    (here / "bad.npy").write_bytes(content[:10] + padded + content[10 + size :])
    tracemalloc.start()
    answer = call("select", "--embeddings", "bad.npy", "--rule", "random")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    refused(answer, "embeddings: got bad.npy, which holds no whole array")
    assert peak < 20e6


def test_labels_that_leave_out_millions_cost_nothing(here, call):
    labels = np.where(np.arange(NUMBER) < 59, np.arange(NUMBER) % 2, 5_000_000)
    for far in (5_000_000, 2**62):
        labels[-1] = far
        with pytest.raises(ValueError, match=r"^labels: got no point of domain 2, expected one of"):
            Problem(ROWS, labels, fraction=0.2)
        with pytest.raises(ValueError, match=r"^labels: got labels from 0 to [0-9]+, expected"):
            scores.check_labelled(ROWS, labels, domains=3)
    with pytest.raises(ValueError, match=r"^labels: got no point of domain 0"):
        scores.check_labelled(ROWS, np.ones(NUMBER, int), domains=2)


@pytest.mark.parametrize("option", ["--out", "--labels", "--embeddings"])
@pytest.mark.parametrize("name", ["", "  "])
def test_a_name_that_is_empty_is_refused(here, call, option, name):
    words = ["select", "--embeddings", "rows.npy", "--rule", "random", option, name]
    refused(call(*words), f"argument {option}: got an empty name, expected one; leave")
    assert not (here / "selected").exists()


def test_a_folder_that_cannot_be_written_is_refused_before_the_choice(here, call):
    (here / "taken").write_text("mine")
    before = everything(here)
    for out in ("taken/a", "taken/a/b"):
        words = ["select", "--embeddings", "rows.npy", "--rule", "random", "--out", out]
        refused(call(*words), f"{out}: cannot be written")
    assert everything(here) == before


def test_a_refusal_leaves_no_empty_folder(here, call, monkeypatch):
    monkeypatch.undo()
    monkeypatch.chdir(here)
    words = ["select", "--embeddings", "rows.npy", "--rule", "random", "--out", "a/b", "--seed=-1"]
    refused(call(*words), "seed: got -1")
    assert not (here / "a").exists()


def test_the_report_is_strict_json(here, call, monkeypatch):
    about = {"points": NUMBER, "number": 3, "dimension": 6, "measured": 3, "draws": 2}
    row = {"kept": 3, "objective": np.inf, "objective_is": "x", "vendi": np.nan}
    chance = {"vendi": {"mean": np.nan, "low": -np.inf, "high": np.float32(1)}}
    table = tables.Table({"random": np.arange(3)}, {"random": row}, chance, {}, about)
    monkeypatch.setattr(tables, "compare", lambda *_, **__: table)
    words = ["select", "--embeddings", "rows.npy", "--rule", "random", "--length-scale", "inf"]
    assert call(*words)[0] == 0

    def refuse(word):
        raise AssertionError(word)

    text = (here / "selected" / "rows" / "random" / "report.json").read_text()
    report = json.loads(text, parse_constant=refuse)
    assert report["rules"]["random"]["objective"] is None
    assert report["at_random"]["vendi"] == {"mean": None, "low": None, "high": 1.0}
    assert report["identity"]["length_scale"] == "Infinity"
    assert "up to date" in call(*words)[1]
