"""Real kills at random moments: no finished chunk is lost or computed again, and no bit changes."""

import signal
import time
import zlib

import jax
import numpy as np
import pytest

from diversity_jax import results, seeds
from experiments.runner import compute, execute
from experiments.runner.chunks import Store
from tests.library import fake_house
from tests.library.fake_house import LOGGED, Fake, finish, start, values

KILLS = 7
CHUNK = 2
PAUSE = 0.01  # seconds that each fake seed takes, so that the kills below come before the end
COMMAND = ("-m", "experiments", "logged", "--chunk", str(CHUNK))


@pytest.fixture
def house(tmp_path):
    return fake_house.copy(tmp_path / "house", logged=LOGGED)


@pytest.fixture
def logged(monkeypatch, tmp_path):
    """The same experiment inside this process, uninterrupted: what the kills must not change."""
    fake = Fake(monkeypatch, tmp_path / "here", LOGGED, "logged")
    yield fake
    fake.close()


def names_of_seeds(fake):
    """What the log calls each (point, seed)."""
    made = fake.make()
    names = {}
    for position, point in enumerate(compute.points(made.module, made.config)):
        stream = seeds.stream(seeds.root(0), "logged", compute.label(point))
        for seed, key in enumerate(seeds.seed_keys(stream, range(made.config.seeds))):
            names[np.asarray(jax.random.key_data(key)).tobytes().hex()] = (position, seed)
    return names


def finished(house, points=4):
    """Every (point, seed) of the chunks in `house` that are on disk, each read whole."""
    found = set()
    for folder in (house / "results" / "logged" / "laptop").glob("chunks-*"):
        for position in range(points):
            found |= {(position, seed) for seed in Store(folder).done(position)}
    return found


def computed(house, names):
    log = house / "log"
    return [names[line] for line in log.read_text().split()] if log.exists() else []


def wait_for(happened, process, seconds=60):
    deadline = time.monotonic() + seconds
    while not happened():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.002)


def kill(process):
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL


def test_kills_at_random_moments_lose_nothing_repeat_nothing_and_change_nothing(house, logged):
    names = names_of_seeds(logged)
    random = np.random.default_rng(zlib.crc32(b"moments of the kills"))
    kept, before, lost = [], [], []
    for number in range(KILLS):
        process = start(house, *COMMAND, FAKE_SLEEP=PAUSE)
        if number:
            begun = len(before)
            wait_for(lambda begun=begun: len(computed(house, names)) > begun, process)
            time.sleep(random.uniform(0, 0.3))
        else:  # one before it has computed anything
            time.sleep(random.uniform(0, 0.5))
        kill(process)
        lines = computed(house, names)
        now = finished(house)
        assert not kept or kept[-1] <= now  # nothing that was finished is lost
        new = lines[len(before) :]
        assert not set(new) & (kept[-1] if kept else set())  # nor computed again
        assert now <= set(lines)
        lost.append(len(set(new) - now))
        kept.append(now)
        before = lines
    code, _, error = finish(start(house, *COMMAND))
    assert code == 0, error
    lines = computed(house, names)
    assert not set(lines[len(before) :]) & kept[-1]
    assert set(lines) == set(names.values())
    # The kills came while it was at work, and each cost at most the chunk in progress.
    assert len(kept[-1]) > 0 and max(lost) <= CHUNK and sum(len(one) > 0 for one in kept) >= 6
    assert len(lines) == len(names) + sum(lost)
    made = results.read(house / "results" / "logged" / "laptop")
    assert values(made) == values(execute.in_memory(logged.make()))
    assert not list((house / "results" / "logged" / "laptop").glob("*chunks-*"))


DIES = """
import os, signal, sys
from diversity_jax import results
from experiments import __main__
from experiments.runner.chunks import Store

write = results.write_atomically

def dying(path, content):
    if path.name == results.MANIFEST:
        os.kill(os.getpid(), signal.SIGKILL)
    write(path, content)

if sys.argv[1] == "manifest":
    results.write_atomically = dying
else:
    Store.clear = lambda store: os.kill(os.getpid(), signal.SIGKILL)
sys.exit(__main__.main(["logged", "--preset", "smoke"]))
"""


@pytest.mark.parametrize("moment", ["manifest", "clear"])
def test_a_kill_during_the_final_save_costs_no_computation(house, logged, moment):
    process = start(house, "-c", DIES, moment)
    assert finish(process)[0] == -signal.SIGKILL
    folder = house / "results" / "logged" / "smoke"
    assert list(folder.glob("data-*.nc")) and list(folder.glob("chunks-*"))
    assert (folder / results.MANIFEST).exists() == (moment == "clear")
    log = (house / "log").read_text()
    code, out, error = finish(start(house, "-m", "experiments", "logged", "--preset", "smoke"))
    assert code == 0, error
    assert ("up to date" in out) == (moment == "clear")
    assert (house / "log").read_text() == log  # not one seed was computed again
    assert not list(folder.glob("*chunks-*"))
    assert values(results.read(folder)) == values(execute.in_memory(logged.make("smoke")))


MEETS = """
import sys, time
from pathlib import Path
from diversity_jax import results
from experiments.runner import execute, task

index, meeting = int(sys.argv[1]), Path(sys.argv[2])
merge = execute.merge

for number in range(12):
    def together(made, number=number):
        (meeting / f"{number}-{index}").touch()
        while len(list(meeting.glob(f"{number}-*"))) < 2:
            time.sleep(0.0005)
        return merge(made)

    execute.merge = together
    made = task.make("logged", "smoke", seed=number)
    whole = execute.execute(made, shard=(index, 2))
    assert whole is None or whole.sizes["seed"] == 4
    while len(list(meeting.glob(f"done-{number}-*"))) < 2:
        (meeting / f"done-{number}-{index}").touch()
        time.sleep(0.0005)
    assert results.read(made.folder).sizes["seed"] == 4
"""


def test_two_processes_whose_shards_finish_together_leave_a_whole_result(house, logged):
    meeting = house / "meeting"
    meeting.mkdir()
    both = [start(house, "-c", MEETS, str(index), str(meeting)) for index in range(2)]
    for process in both:
        code, _, error = finish(process)
        assert code == 0, error
    for number in range(12):
        made = logged.make("smoke", seed=number)
        folder = house / "results" / "logged" / made.folder.name
        assert values(results.read(folder)) == values(execute.in_memory(made))
        assert {path.name for path in folder.iterdir()} == {
            results.MANIFEST,
            results.data_name(folder),
        }


def test_shards_on_the_command_line_and_a_merge_that_comes_too_early(house, logged):
    words = ("-m", "experiments", "logged", "--preset", "smoke")
    code, out, error = finish(start(house, *words, "--shard", "1/2"))
    assert code == 0 and "shard 1/2 is done" in out, error
    code, out, error = finish(start(house, *words, "--merge"))
    assert (code, out) == (2, "")
    assert error.count("\n") == 1 and "got 8 finished seeds of 16" in error
    code, out, error = finish(start(house, *words, "--shard", "0/2"))
    assert code == 0, error
    folder = house / "results" / "logged" / "smoke"
    assert out == f"{folder}\n"
    assert len((house / "log").read_text().split()) == 16
    assert values(results.read(folder)) == values(execute.in_memory(logged.make("smoke")))
