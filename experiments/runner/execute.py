"""Run a task: every point of its grid, every seed, in chunks that are kept as they finish."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import xarray

from diversity_jax import files, results, validate
from experiments.runner import compute, rehearse
from experiments.runner.chunks import Store
from experiments.runner.task import Task, environment

CHUNK = 32
Progress = Callable[[int, int, str], None]


class ShardIncomplete(ValueError):
    """A merge was asked for before every shard had finished; the message counts what is missing."""


def state(task: Task) -> str:
    """Whether the saved result of `task` is `fresh`, `stale` or `missing`, without reading it."""
    kept = results.provenance(task.folder, task.again)
    if kept is None:
        return "missing"
    # One that was saved with NaN or infinities as JSON does not know them is read as it was meant.
    identity = files.plain(kept.get("identity"))
    same = results.digest(identity) == results.digest(task.identity())
    return "fresh" if same else "stale"


def standing(task: Task) -> tuple[str, xarray.Dataset | None]:
    """`fresh` with the saved result of `task`, or `stale` or `missing` with None.

    Of a fresh one, what a kill just after it was published left beside it is removed.
    """
    found = state(task)
    if found != "fresh":
        return found, None
    dataset = results.read(task.folder, task.command, again=task.again)
    store = store_of(task)
    # Chunks that are not whole may be another process's, which runs it once more.
    if store.folder.exists():
        points = compute.points(task.module, task.config)
        if _missing(store, len(points), task.config.seeds) == 0:
            store.clear()
    store.tidy()
    return found, dataset


def in_memory(task: Task, progress: Progress | None = None) -> xarray.Dataset:
    """Run `task` without touching the disk."""
    points, count = compute.points(task.module, task.config), task.config.seeds
    show = progress or (lambda done, total, what: None)
    width = _width(task, count, None)
    began, gathered = time.perf_counter(), []
    for number, point in enumerate(points):
        pieces = []
        for block in _blocks(list(range(count)), width):
            show(number * count + block[0], len(points) * count, task.name)
            pieces.append(_run(task, point, block, width))
        gathered.append(
            {name: np.concatenate([piece[name] for piece in pieces]) for name in pieces[0]}
        )
    show(len(points) * count, len(points) * count, task.name)
    return _finish(task, points, gathered, time.perf_counter() - began)


def execute(
    task: Task,
    *,
    shard: tuple[int, int] = (0, 1),
    chunk: int | None = None,
    progress: Progress | None = None,
) -> xarray.Dataset | None:
    """Run (the shard's part of) `task`, keep each chunk, and save the whole once it is whole.

    Finished chunks of an earlier, interrupted run are kept and not computed again. Returns the
    dataset, or None while other shards are missing.
    """
    index, number = shard
    if not 0 <= index < number:
        raise validate.fail("shard", f"{index}/{number}", "i/n with 0 <= i < n", "use e.g. 0/4")
    points, count = compute.points(task.module, task.config), task.config.seeds
    width = _width(task, -(-count // number), chunk)
    store, show = store_of(task), progress or (lambda done, total, what: None)
    results.check_place(task.folder)
    rehearse.writing(task, points, _provenance(task, 0.0))
    if store.folder.exists():
        with contextlib.suppress(results.ResultCorrupt):  # which this run replaces
            standing(task)
    waiting = _waiting(store, len(points), count, shard)
    total = len(range(index, len(points) * count, number))
    finished = total - sum(len(seeds) for seeds in waiting)
    show(finished, total, task.name)
    for position, point in enumerate(points):
        for block in _blocks(waiting[position], width):
            began = time.perf_counter()
            arrays = _run(task, point, block, width)
            store.write(position, block, arrays, time.perf_counter() - began)
            finished += len(block)
            show(finished, total, task.name)
    try:
        return _merge(task, points)
    except ShardIncomplete:
        if number > 1:
            return None
        made = standing(task)[1]
        if made is None:
            raise
        store.clear()  # of the part that another process, running the same, has done too
        return made


def merge(task: Task) -> xarray.Dataset:
    """Put the finished chunks of all shards together and save the result."""
    return _merge(task, compute.points(task.module, task.config))


def _merge(task: Task, points: list[dict[str, Any]]) -> xarray.Dataset:
    store, count = store_of(task), task.config.seeds
    missing = _missing(store, len(points), count)
    gathered = None if missing else _gather(store, len(points), count)
    if gathered is None:
        # Another process may have merged meanwhile: it saves before it clears.
        made = None if store.folder.exists() else standing(task)[1]
        if made is not None:
            return made
        raise ShardIncomplete(
            f"merge: got {len(points) * count - missing} finished seeds of {len(points) * count}, "
            f"expected all; run the missing shards of: {task.command}"
        )
    arrays, seconds = zip(*gathered)
    dataset = _finish(task, points, list(arrays), sum(seconds))
    results.save(dataset, task.folder, json.loads(dataset.attrs["provenance"]))
    store.clear()
    store.tidy()
    return dataset


def store_of(task: Task) -> Store:
    """Where the chunks of `task` are kept: a folder for this very code, config and versions."""
    key = results.digest({**task.identity(), **environment()["versions"]})[:12]
    return Store(task.folder / f"chunks-{key}")


def _finish(
    task: Task, points: list[dict[str, Any]], gathered: list[dict[str, np.ndarray]], seconds: float
) -> xarray.Dataset:
    dataset = results.assemble(
        points, gathered, getattr(task.module, "AXES", {}), task.config.seeds
    )
    provenance = files.as_json(_provenance(task, seconds)).decode()
    dataset = dataset.assign_attrs(provenance=provenance)
    return task.module.summarise(dataset).assign_attrs(dataset.attrs)


def _provenance(task: Task, seconds: float) -> dict[str, Any]:
    return {
        "identity": task.identity(),
        "preset": task.preset,
        "changed": dict(task.changed),
        "command": task.command,
        "seconds": round(seconds, 3),
        **environment(),
    }


def _gather(
    store: Store, points: int, count: int
) -> list[tuple[dict[str, np.ndarray], float]] | None:
    try:
        return [store.gather(position, count) for position in range(points)]
    except KeyError:
        return None


def _waiting(store: Store, points: int, count: int, shard: tuple[int, int]) -> list[list[int]]:
    """Per point the seeds of this shard that are not finished."""
    index, number = shard
    waiting = []
    for position in range(points):
        kept = store.done(position)
        mine = [seed for seed in range(count) if (position * count + seed) % number == index]
        waiting.append([seed for seed in mine if seed not in kept])
    return waiting


def _missing(store: Store, points: int, count: int) -> int:
    return sum(map(len, _waiting(store, points, count, (0, 1))))


def _width(task: Task, seeds: int, chunk: int | None) -> int:
    """Seeds per chunk, the same for every chunk of a run, so that its job compiles once."""
    most = getattr(task.module, "CHUNK", CHUNK) if chunk is None else chunk
    if most < 1:
        raise validate.fail("chunk", most, "an integer >= 1", "leave it out for the usual size")
    number = -(-seeds // most)
    return -(-seeds // number)


def _blocks(waiting: list[int], width: int) -> list[list[int]]:
    return [waiting[first : first + width] for first in range(0, len(waiting), width)]


def _run(task: Task, point: dict[str, Any], block: list[int], width: int) -> dict[str, np.ndarray]:
    return compute.chunk(
        task.module, point, block, name=task.name, seed=task.seed, mode=task.mode, width=width
    )
