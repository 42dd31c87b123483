"""A known function from up to a million noisy values: errors, time and memory of solvers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import numpy as np
import xarray

from diversity_jax import seeds
from diversity_jax.kernel_ridge import kernels, problems
from experiments.shared import kernel_methods
from experiments.shared.kernel_methods import Task

HOST = True
PROBLEMS = {"square": (2, 30.0), "cube": (3, 6.0)}  # dimension and side, in lengthscales
NOISE, RIDGE = 0.1, 1e-6
POINTS = 5_000  # at which errors are taken
CELLS, EACH, MORE = 64, 250, 1_000
MOST_MORE = 100_000  # inputs: time
METHODS = (
    "250 centres",
    "1,000 centres",
    "1,000 centres, 20 steps",
    "64 cells (k-means), 250 each",
    "64 random parts, 250 each",
)
AXES = {name: ("method",) for name in ("error", "residual", "fitting", "predicting", "memory")}


@dataclass(frozen=True)
class Config:
    """`seeds` functions, each from so many noisy values: in the square, and in the cube."""

    seeds: int = 6
    square: tuple[int, ...] = (4_000,)
    cube: tuple[int, ...] = ()


PRESETS = {
    "smoke": Config(seeds=2, square=(1_000, 2_000), cube=(1_000, 2_000)),
    "laptop": Config(seeds=12),
    "paper": Config(seeds=10, square=(10_000, 100_000, 1_000_000), cube=(10_000, 100_000)),
}


def grid(config: Config) -> list[dict]:
    """Problems by their number of inputs."""
    return [
        {"problem": name, "count": count}
        for name, counts in (("square", config.square), ("cube", config.cube))
        for count in counts
    ]


def job(key: jax.Array, point: dict) -> dict[str, np.ndarray]:
    """Root mean square error at points without noise; NaN where a solver was not run.

    Times are CPU seconds, memory megabytes over that before.
    """
    (dimension, box), count = PROBLEMS[str(point["problem"])], int(point["count"])
    drawn = problems.draw(
        seeds.stream(key, "problem"),
        count=count + POINTS,
        dimension=dimension,
        box=box,
        noise=NOISE,
    )
    inputs, targets, truth = (
        np.asarray(each) for each in (drawn.inputs, drawn.targets, drawn.truth)
    )
    task = Task(
        seeds.stream(key, "fits"), kernels.gaussian(1.0), inputs[POINTS:], targets[POINTS:],
        inputs[:POINTS], RIDGE,
    )  # fmt: skip
    found = np.full((len(METHODS), len(AXES)), np.nan)
    for place, fit in enumerate(_fits(count)):
        if fit is not None:
            taken = kernel_methods.taken(task, fit)
            error = float(np.sqrt(np.mean((taken.values - truth[:POINTS]) ** 2)))
            found[place] = error, *taken[1:]
    return dict(zip(AXES, found.T))


def _fits(count: int) -> list[Callable[[Task], Any] | None]:
    """In the order of `METHODS`."""
    sizes = {"number": CELLS, "centres": EACH}
    more = count <= MOST_MORE
    return [
        partial(kernel_methods.few, centres=EACH),
        partial(kernel_methods.few, centres=MORE) if more else None,
        partial(kernel_methods.few, centres=MORE, steps=True) if more else None,
        partial(kernel_methods.cells, **sizes),
        partial(kernel_methods.parts, **sizes),
    ]


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """Name the solvers."""
    return dataset.assign_coords(method=list(METHODS))
