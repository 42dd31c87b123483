"""Work in several processes: what comes back, what dies with whom, and the same numbers."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from diversity_jax.results import ResultCorrupt
from experiments.runner import execute, workers
from paper_repro import claims, pipeline, rerun

CHECKOUT = Path(__file__).resolve().parent.parent.parent
CHEAP = ("C12-pull", "C13-oblique")


def worked(piece, show):
    """What a piece asks for: a number doubled, an error, or a death."""
    show(1, 1, f"piece {piece}")
    if piece == "dies":
        os.kill(os.getpid(), signal.SIGKILL)
    if piece == "raises":
        raise ResultCorrupt("two words")
    if piece == "odd":
        raise Odd(1, 2)
    if piece == "sleeps":
        time.sleep(600)
    return 2 * piece, os.getpid()


class Odd(ValueError):
    """An error that cannot be unpickled."""

    def __init__(self, one, two):
        super().__init__(f"{one} and {two}")


def test_values_errors_and_deaths_come_back_each_with_its_piece():
    shown = []
    pieces = [1, "raises", "dies", 2, "odd", 3]
    answers = {
        piece: (value, error)
        for piece, value, error in workers.each(
            worked, pieces, workers=2, progress=lambda *words: shown.append(words)
        )
    }
    assert set(answers) == set(pieces)
    assert [answers[piece][0][0] for piece in (1, 2, 3)] == [2, 4, 6]
    assert os.getpid() not in {answers[piece][0][1] for piece in (1, 2, 3)}
    assert isinstance(answers["raises"][1], ResultCorrupt)
    assert isinstance(answers["dies"][1], workers.WorkerDied) and "-9" in str(answers["dies"][1])
    assert "Odd: 1 and 2" in str(answers["odd"][1])
    assert {(1, 1, f"piece {piece}") for piece in pieces} == set(shown)


def children():
    return [child for child in psutil.Process().children() if "spawn" in " ".join(child.cmdline())]


def test_who_stops_listening_ends_the_processes():
    before = children()
    some = workers.each(worked, [1, "sleeps", "sleeps"], workers=2)
    assert next(some)[0] == 1
    assert len(children()) > len(before)
    some.close()
    assert children() == before


def test_processes_do_not_outlive_a_killed_parent():
    script = (
        "from experiments.runner import workers\n"
        "from tests.library.test_workers import worked\n"
        "if __name__ == '__main__':\n"
        "    for piece, value, error in workers.each(worked, [1, 'sleeps', 'sleeps'], workers=2):\n"
        "        print(value[1], flush=True)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script], cwd=CHECKOUT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None and process.stdout.readline()
    orphans = psutil.Process(process.pid).children(recursive=True)
    assert orphans
    process.kill()
    process.wait()
    process.stdout.close()
    _, alive = psutil.wait_procs(orphans, timeout=30)
    assert not alive


@pytest.fixture
def house(monkeypatch, tmp_path):
    def at(name):
        monkeypatch.setenv("DIVERSITY_JAX_RESULTS", str(tmp_path / name))

    return at


def test_two_processes_find_what_one_finds(house):
    house("one")
    one = pipeline.run("smoke", list(CHEAP))
    house("two")
    two = pipeline.run("smoke", list(CHEAP), workers=2)
    assert len(one.evidence) == 2
    for name, evidence in one.evidence.items():
        other = two.evidence[name]
        assert (evidence.state, other.state) == ("computed", "computed")
        assert evidence.dataset.identical(other.dataset.assign_attrs(evidence.dataset.attrs))
    again = pipeline.run("smoke", list(CHEAP), workers=2)
    assert {evidence.state for evidence in again.evidence.values()} == {"reused"}


def test_an_error_in_another_process_is_reported_as_one_in_this(house, monkeypatch):
    house("errors")
    made = {name: ("", RuntimeError("no memory")) for name in ("one", "two")}
    assert pipeline._taken("other", "smoke", 0, made) is None
    found = pipeline._guarded("one", "smoke", lambda name: pipeline._taken(name, "smoke", 0, made))
    assert (found.state, found.dataset) == ("broken", None) and "no memory" in found.note

    def corrupt(*words, **more):
        yield ("x", "smoke", 0), None, ResultCorrupt("broken file")

    monkeypatch.setattr(workers, "each", corrupt)
    monkeypatch.setattr(execute, "standing", lambda task: ("missing", None))
    with pytest.raises(ResultCorrupt, match="broken file"):
        pipeline.run("smoke", list(CHEAP), workers=2)


def test_roots_in_two_processes_give_the_table_of_one(house):
    tables = []
    for name, number in (("one", 1), ("two", 2)):
        house(name)
        tables.append(rerun.run(claims.select([CHEAP[1]]), "smoke", 2, workers=number))
    assert json.dumps(tables[0]) == json.dumps(tables[1])
