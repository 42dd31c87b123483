"""How a command ends: by a scheduler's signal, without a reader, without memory, after a kill."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from diversity_jax import results
from diversity_jax.commands import entry
from experiments.runner import execute
from experiments.runner.chunks import FORGOTTEN, Store
from tests.library import fake_house
from tests.library.fake_house import CHECKOUT, LOGGED, finish, start, values


def test_a_schedulers_signal_ends_like_an_interruption(tmp_path):
    house = fake_house.copy(tmp_path / "house", logged=LOGGED)
    words = ("-m", "experiments", "logged", "--preset", "smoke", "--chunk", "1")
    process = start(house, *words, FAKE_SLEEP=0.2)
    until = time.monotonic() + 100
    while not list(house.rglob("point*.npz")) and process.poll() is None:
        assert time.monotonic() < until
        time.sleep(0.005)
    process.send_signal(signal.SIGTERM)
    code, out, error = finish(process)
    assert (code, out) == (143, "")
    assert error == "interrupted; finished chunks are kept, the same command resumes\n"
    kept = len((house / "log").read_text().split())
    assert 1 <= kept < 16 and not list(house.rglob("*.tmp"))


@pytest.mark.parametrize("words", [["experiments", "list"], ["diversity_jax", "--help"]])
def test_a_reader_that_goes_away_is_no_error(words):
    process = subprocess.Popen(
        [sys.executable, "-m", *words],
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    process.stdout.close()
    error = process.stderr.read()
    process.stderr.close()
    assert (process.wait(), error) == (141, "")


def raising(error):
    def call():
        raise error

    return call


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (ValueError("a\nb \ud800"), 2, "a b \\ud800\n"),
        (OSError(28, "full"), 2, "[Errno 28] full\n"),
        (MemoryError(), 2, "memory: no more could be had; choose smaller sizes, or a machine"),
        (MemoryError("Unable to\nallocate 36 TiB"), 2, "memory: Unable to allocate 36 TiB; cho"),
        (RuntimeError("RESOURCE_EXHAUSTED: Out of memory"), 2, "memory: RESOURCE_EXHAUSTED: Out"),
        (KeyboardInterrupt(), 130, "interrupted; all is kept\n"),
        (entry.Terminated(), 143, "interrupted; all is kept\n"),
        (BrokenPipeError(), 141, ""),
    ],
)
def test_what_is_expected_to_end_a_command_is_one_line(capfd, monkeypatch, error, code, said):
    monkeypatch.setattr(entry, "_print_to_nobody", lambda: None)  # pytest's own output is wanted
    assert entry.answered(raising(error), "all is kept") == code
    out, errors = capfd.readouterr()
    assert out == "" and errors.startswith(said) and errors.count("\n") == bool(said)


def test_a_fault_is_no_refusal():
    for error in (RuntimeError("a fault"), TypeError("another")):
        with pytest.raises(type(error)):
            entry.answered(raising(error), "")


def test_the_signal_is_answered_while_a_command_runs_and_as_before_after_it():
    before = signal.getsignal(signal.SIGTERM)

    def call():
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(5)
        return 0

    assert entry.answered(call, "") == 143
    assert signal.getsignal(signal.SIGTERM) is before
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        assert entry.answered(lambda: os.kill(os.getpid(), signal.SIGTERM) or 7, "") == 7
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGTERM, before)
    found = []
    thread = threading.Thread(target=lambda: found.append(entry.answered(lambda: 3, "")))
    thread.start()
    thread.join()
    assert found == [3]


def test_what_a_kill_after_publishing_left_goes_with_the_next_command(sweep, call, monkeypatch):
    made = sweep.make("smoke")
    with monkeypatch.context() as killed:
        killed.setattr(Store, "clear", lambda store: None)
        expected = values(execute.execute(made))
    own = execute.store_of(made).folder
    cleared = own.with_name(f".{own.name}.1234.cleared")
    of_others = {name: own.with_name(name) for name in ("chunks-new", "chunks-old")}
    for folder in (cleared, *of_others.values()):
        folder.mkdir()
        (folder / "point00000-a.npz").write_bytes(b"")
    long_ago = time.time() - FORGOTTEN - 60
    for path in (of_others["chunks-old"] / "point00000-a.npz", of_others["chunks-old"]):
        os.utime(path, (long_ago, long_ago))
    assert own.exists()
    code, out, _ = call("fake", "--preset", "smoke")
    assert code == 0 and "up to date" in out
    left = {path.name for path in made.folder.iterdir()}
    assert left == {results.MANIFEST, results.data_name(made.folder), "chunks-new"}
    assert values(results.read(made.folder)) == expected


def test_chunks_of_a_run_that_is_made_once_more_are_left_alone(sweep, call):
    """Another process may be at it with `--again`: its finished chunks are not cleared away."""
    made = sweep.make("smoke")
    execute.execute(made)
    execute.execute(made, shard=(0, 2))
    store = execute.store_of(made)
    half = list(store.folder.iterdir())
    assert call("fake", "--preset", "smoke")[0] == 0
    assert half and list(store.folder.iterdir()) == half
