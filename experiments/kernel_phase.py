"""Where cells pay: errors by effective dimension and number of cells, at one number of centres."""

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
COUNT, POINTS, SAMPLE = 2_000, 1_000, 600
NOISE, RIDGE = 0.1, 1e-6
CENTRES = 40  # of one fit, and of each cell or part
CELLS = (4, 16, 64)
AXES = {"cells_error": ("cells",), "parts_error": ("cells",)}


@dataclass(frozen=True)
class Config:
    """`seeds` functions on squares of these sides, in lengthscales."""

    seeds: int = 10
    sides: tuple[float, ...] = (2.0, 4.0, 8.0, 15.0, 25.0)


PRESETS = {"smoke": Config(seeds=2, sides=(2.0, 15.0)), "laptop": Config(), "paper": Config(100)}


def grid(config: Config) -> list[dict]:
    """Sides of the square."""
    return [{"side": side} for side in config.sides]


def job(key: jax.Array, point: dict) -> dict[str, np.ndarray]:
    """Root mean square errors at points without noise; the effective dimension of 600 inputs.

    To solve with 40 centres takes 3 n 40^2 operations whether in one fit or in cells, and each cell
    40^3 more.
    """
    drawn = problems.draw(
        seeds.stream(key, "problem"), count=COUNT + POINTS, dimension=2,
        box=float(point["side"]), noise=NOISE,
    )  # fmt: skip
    parts = drawn.inputs, drawn.targets, drawn.truth
    inputs, targets, truth = (np.asarray(each) for each in parts)
    kernel = kernels.gaussian(1.0)
    task = Task(
        seeds.stream(key, "fits"), kernel, inputs[POINTS:], targets[POINTS:], inputs[:POINTS], RIDGE
    )

    def error(fit: Any) -> float:
        return float(np.sqrt(np.mean((np.asarray(fit.predict(task.points)) - truth[:POINTS]) ** 2)))

    some = task.inputs[:SAMPLE]
    dimension = theory.effective_dimension(np.asarray(kernel(some, some)), ridge=RIDGE)
    in_cells = [kernel_methods.cells(task, number=each, centres=CENTRES) for each in CELLS]
    in_parts = [kernel_methods.parts(task, number=each, centres=CENTRES) for each in CELLS]
    return {
        "dimension": np.asarray(dimension),
        "one_error": np.array(error(kernel_methods.few(task, centres=CENTRES))),
        "cells_error": np.array([error(fit) for fit in in_cells]),
        "parts_error": np.array([error(fit) for fit in in_parts]),
    }


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """Name numbers of cells."""
    return dataset.assign_coords(cells=list(CELLS))
