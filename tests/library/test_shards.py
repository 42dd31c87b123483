"""Shards and their merge, and what is left when something fails on the way."""

import resource
import shutil

import pytest

from diversity_jax import results
from experiments.runner import execute
from experiments.runner.chunks import Store
from tests.library.fake_house import LOGGED, Fake, everything, values


def test_shards_in_any_order_merge_into_the_unsharded_result(sweep):
    expected = values(execute.in_memory(sweep.make()))
    for order in ((0, 1, 2), (2, 0, 1), (1, 2, 0)):
        shutil.rmtree(sweep.results, ignore_errors=True)
        made = [execute.execute(sweep.make(), shard=(index, 3), chunk=2) for index in order]
        assert made[:2] == [None, None]
        assert values(made[2]) == expected
        assert values(results.load("fake")) == expected


def test_more_shards_than_work_leave_some_with_nothing_to_do(sweep):
    made = sweep.make(seeds=1)
    ended = [execute.execute(made, shard=(index, 5)) for index in range(5)]
    assert [one is None for one in ended] == [True, False, False, False, False]
    assert values(ended[-1]) == values(execute.in_memory(made))


def test_a_merge_before_all_is_done_says_how_much_is_missing_and_loses_nothing(sweep, call):
    execute.execute(sweep.make(), shard=(0, 3))
    before = everything(sweep.results)
    with pytest.raises(
        execute.ShardIncomplete, match=r"got 5 finished seeds of 14.*experiments fake"
    ):
        execute.merge(sweep.make())
    code, out, error = call("fake", "--merge")
    assert (code, out) == (2, "") and "got 5 finished seeds of 14" in error
    assert error.count("\n") == 1
    assert everything(sweep.results) == before


def test_a_shard_that_is_overtaken_while_it_merges_returns_the_same_result(sweep, monkeypatch):
    made = sweep.make()
    expected = values(execute.in_memory(made))
    gather = Store.gather

    def overtaken(store, point, seeds):
        monkeypatch.setattr(Store, "gather", gather)
        execute.merge(made)  # another process merges, saves and clears
        return gather(store, point, seeds)

    execute.execute(made, shard=(0, 2))
    monkeypatch.setattr(Store, "gather", overtaken)
    assert values(execute.execute(made, shard=(1, 2))) == expected
    assert values(results.load("fake")) == expected
    assert values(execute.merge(made)) == expected  # once more changes nothing


def test_two_equal_runs_at_once_both_return_the_result(sweep, monkeypatch):
    made = sweep.make()
    expected = values(execute.in_memory(made))
    write, calls = Store.write, []

    def overtaken(store, *arguments):
        calls.append(1)
        if len(calls) == 3:
            execute.execute(made, chunk=1)  # another process finishes first
        write(store, *arguments)

    monkeypatch.setattr(Store, "write", overtaken)
    assert values(execute.execute(made, chunk=1)) == expected
    assert values(results.load("fake")) == expected
    assert [path.name for path in made.folder.iterdir() if path.is_dir()] == []


def test_a_disk_that_fills_up_loses_no_finished_chunk(logged):
    made = logged.make(seeds=4, sizes=(2, 3, 10_000, 4))
    expected = execute.in_memory(made)
    logged.log.unlink()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    try:
        with pytest.raises(
            results.WriteFailed, match=r"File too large.*nothing that was there is lost"
        ):
            execute.execute(made, chunk=2)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    first = logged.computed()
    assert len(first) == 4 + 4 + 2  # the third point's first chunk could not be kept
    assert values(execute.execute(made, chunk=2)) == values(expected)
    again = logged.computed()[len(first) :]
    assert len(again) == 8 and set(again) & set(first) == set(first[8:])


def test_a_damaged_chunk_is_named_and_only_its_seeds_are_computed_again(logged, call):
    made = logged.make("smoke")
    expected = values(execute.in_memory(made))
    for number, damage in enumerate(
        (lambda b: b[:-30], lambda b: b"", lambda b: b[:99] + b"?" + b[100:])
    ):
        shutil.rmtree(logged.results, ignore_errors=True)
        execute.execute(made, shard=(0, 2), chunk=1)
        path = sorted(execute.store_of(made).folder.iterdir())[3]
        path.write_bytes(damage(path.read_bytes()))
        before = everything(logged.results)
        code, _, error = call("fake", "--preset", "smoke")
        assert code == 2 and str(path) in error and error.count("\n") == 1, number
        assert {name: before[name] for name in before} == {
            name: content for name, content in everything(logged.results).items() if name in before
        }
        path.unlink()  # as the message says
        logged.log.unlink()
        assert values(execute.execute(made, chunk=1)) == expected
        assert 1 <= len(logged.computed()) <= 9


def test_again_computes_again_even_when_a_kill_left_the_chunks(logged, monkeypatch):
    made = logged.make("smoke")
    monkeypatch.setattr(Store, "clear", lambda store: None)
    execute.execute(made)
    monkeypatch.undo()
    logged = Fake(monkeypatch, logged.results.parent, LOGGED)
    logged.log.unlink()
    made = logged.make("smoke")
    assert execute.standing(made)[0] == "fresh"
    execute.execute(made)
    assert len(logged.computed()) == 16
    assert not execute.store_of(made).folder.exists()
