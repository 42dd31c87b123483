"""Run a task: every point of its grid, every seed, in chunks that are kept as they finish."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import xarray

from diversity_jax import results, seeds, validate
from experiments.runner.chunks import Store
from experiments.runner.task import Task, environment, label

CHUNK = 32
Progress = Callable[[int, int, str], None]
_compiled: dict[Any, Callable[..., Any]] = {}


class ShardIncomplete(ValueError):
    """A merge was asked for before every shard had finished; the message counts what is missing."""


def standing(task: Task) -> tuple[str, xarray.Dataset | None]:
    """`fresh` with the saved result of `task`, or `stale` or `missing` with None."""
    kept = results.provenance(task.folder)
    if kept is None:
        return "missing", None
    if kept.get("identity") != json.loads(json.dumps(task.identity())):
        return "stale", None
    return "fresh", results.read(task.folder, task.command)


def in_memory(task: Task, progress: Progress | None = None) -> xarray.Dataset:
    """Run `task` without touching the disk."""
    points = task.module.grid(task.config)
    progress = progress or (lambda done, total, what: None)
    total = len(points) * task.config.seeds
    began, gathered = time.perf_counter(), []
    for number, point in enumerate(points):
        progress(number * task.config.seeds, total, task.name)
        gathered.append(_run(task, point, list(range(task.config.seeds))))
    progress(total, total, task.name)
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
    points, count = task.module.grid(task.config), task.config.seeds
    store = store_of(task)
    size = chunk or getattr(task.module, "CHUNK", CHUNK)
    progress = progress or (lambda done, total, what: None)
    total = len(range(index, len(points) * count, number))
    finished = 0
    for position, point in enumerate(points):
        mine = [seed for seed in range(count) if (position * count + seed) % number == index]
        kept = store.done(position)
        waiting = [seed for seed in mine if seed not in kept]
        finished += len(mine) - len(waiting)
        progress(finished, total, task.name)
        for block in _blocks(waiting, size):
            began = time.perf_counter()
            arrays = _run(task, point, block)
            store.write(position, block, arrays, time.perf_counter() - began)
            finished += len(block)
            progress(finished, total, task.name)
    if number == 1:
        return merge(task)
    try:
        return merge(task)
    except ShardIncomplete:
        return None


def merge(task: Task) -> xarray.Dataset:
    """Put the finished chunks of all shards together and save the result."""
    points, count = task.module.grid(task.config), task.config.seeds
    store = store_of(task)
    missing = sum(count - len(store.done(position)) for position in range(len(points)))
    if missing:
        raise ShardIncomplete(
            f"merge: got {len(points) * count - missing} finished seeds of {len(points) * count}, "
            f"expected all; run the missing shards of: {task.command}"
        )
    gathered, seconds = [], 0.0
    for position in range(len(points)):
        arrays, spent = store.gather(position, count)
        gathered.append(arrays)
        seconds += spent
    dataset = _finish(task, points, gathered, seconds)
    results.save(dataset, task.folder, json.loads(dataset.attrs["provenance"]))
    store.clear()
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
    provenance = {
        "identity": json.loads(json.dumps(task.identity())),
        "preset": task.preset,
        "command": task.command,
        "seconds": round(seconds, 3),
        **environment(),
    }
    dataset = dataset.assign_attrs(provenance=json.dumps(provenance, sort_keys=True))
    return task.module.summarise(dataset).assign_attrs(dataset.attrs)


def _blocks(waiting: list[int], size: int) -> list[list[int]]:
    """Chunks of nearly equal size, so that their padded shapes agree and compile once."""
    if not waiting:
        return []
    number = -(-len(waiting) // size)
    even = -(-len(waiting) // number)
    return [waiting[first : first + even] for first in range(0, len(waiting), even)]


def _run(task: Task, point: dict[str, Any], block: list[int]) -> dict[str, np.ndarray]:
    """One chunk: the job of `point` for the seeds in `block`, as numpy arrays `[seeds, ...]`.

    Floats of the point are traced, so that a sweep over them compiles once; all else is static.
    """
    keys = seeds.seed_keys(seeds.stream(seeds.root(task.seed), task.name, label(point)), block)
    if getattr(task.module, "HOST", False):
        outputs = seeds.on_host(task.module.job)(keys, point)
    else:
        traced = {name: jnp.asarray(value) for name, value in point.items() if type(value) is float}
        static = tuple(sorted((k, v) for k, v in point.items() if k not in traced))
        cache = (task.module.job, static, tuple(sorted(traced)), task.mode, jax.config.jax_enable_x64)
        if cache not in _compiled:
            job = task.module.job
            _compiled[cache] = seeds.over_seeds(
                lambda key, values: job(key, {**dict(static), **values}), mode=task.mode
            )
        outputs = _compiled[cache](keys, traced)
    return {name: np.asarray(array) for name, array in outputs.items()}
