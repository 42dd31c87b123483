"""Error against work: one fit with few or many centres, and cells, on two known functions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
import xarray

from diversity_jax import seeds
from diversity_jax.kernel_ridge import kernels, problems, theory
from experiments.shared import kernel_methods
from experiments.shared.kernel_methods import Task

HOST = True
PROBLEMS = {"square": (2, 20.0), "cube": (3, 4.0)}  # dimension and side, in lengthscales
COUNT, POINTS = 3_000, 1_000
NOISE, RIDGE = 0.1, 1e-6
CELLS = 16
ONE = (50, 100, 200, 400)  # centres of one fit
EACH = (25, 50, 100)  # of each cell
METHODS = (
    *(f"one fit, {each} centres" for each in ONE),
    *(f"16 cells, {each} centres each" for each in EACH),
    "16 cells, all",
    "one fit, all",
)
AXES = {name: ("method",) for name in ("error", "seconds", "operations")}


@dataclass(frozen=True)
class Config:
    """`seeds` functions from 3,000 noisy values."""

    seeds: int = 10


PRESETS = {"smoke": Config(seeds=1), "laptop": Config(), "paper": Config(seeds=100)}


def grid(config: Config) -> list[dict]:
    """Problems."""
    return [{"problem": name} for name in PROBLEMS]


def job(key: jax.Array, point: dict) -> dict[str, np.ndarray]:
    """Root mean square error without noise, CPU seconds, and the operations that theory counts."""
    dimension, box = PROBLEMS[str(point["problem"])]
    drawn = problems.draw(
        seeds.stream(key, "problem"),
        count=COUNT + POINTS,
        dimension=dimension,
        box=box,
        noise=NOISE,
    )
    parts = drawn.inputs, drawn.targets, drawn.truth
    inputs, targets, truth = (np.asarray(each) for each in parts)
    task = Task(
        seeds.stream(key, "fits"), kernels.gaussian(1.0), inputs[POINTS:], targets[POINTS:],
        inputs[:POINTS], RIDGE,
    )  # fmt: skip
    rows = []

    def add(fit: Any, cost: Any) -> None:
        fits: list[Any] = []
        taken = kernel_methods.taken(task, lambda given: fits.append(fit(given)) or fits[0])
        error = np.sqrt(np.mean((taken.values - truth[:POINTS]) ** 2))
        rows.append((error, taken.fitting + taken.predicting, float(cost(fits[0]).operations)))

    for each in ONE:
        add(
            lambda given, each=each: kernel_methods.few(given, centres=each),
            lambda _, each=each: theory.nystrom_cost(COUNT, each),
        )
    for each in (*EACH, None):
        add(
            lambda given, each=each: kernel_methods.cells(given, number=CELLS, centres=each),
            lambda fit, each=each: _of_cells(np.asarray(fit.partition.sizes), each),
        )
    add(kernel_methods.whole, lambda _: theory.exact_cost(COUNT))
    return dict(zip(AXES, np.array(rows, float).T))


def _of_cells(sizes: np.ndarray, centres: int | None) -> theory.Cost:
    most = sizes.max() if centres is None else centres
    return theory.park_cost(sizes, np.minimum(sizes, most), iterations=None)


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """Name the solvers."""
    return dataset.assign_coords(method=list(METHODS))
