"""scikit-learn's tables as regression: one fit, four cells and four random parts, by test error."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jax
import numpy as np
import xarray

from diversity_jax import seeds
from diversity_jax.kernel_ridge import exact, kernels, tuning
from experiments.shared import kernel_methods
from experiments.shared.kernel_methods import Task

HOST = True
TABLES = ("digits", "breast cancer", "wine", "diabetes")
ROWS = {"digits": 600}  # of a half, where it would have more
RIDGES = (1e-2, 1e-3, 1e-4, 1e-5)
CELLS = 4
METHODS = ("one fit", "4 cells (k-means)", "4 cells (greedy)", "4 random parts")
AXES = {"error": ("method",)}


@dataclass(frozen=True)
class Config:
    """`seeds` splits of each table in halves."""

    seeds: int = 20


PRESETS = {"smoke": Config(seeds=2), "laptop": Config(), "paper": Config(seeds=100)}


def grid(config: Config) -> list[dict]:
    """Tables."""
    return [{"table": name} for name in TABLES]


@lru_cache(maxsize=4)
def table(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Columns, standardised but for pixels, and targets: -1 and 1 for each class, or numbers."""
    from sklearn import datasets

    loaders = datasets.load_digits, datasets.load_breast_cancer, datasets.load_wine
    known: dict[str, Any] = dict(zip(TABLES, (*loaders, datasets.load_diabetes)))
    columns, given = known[name](return_X_y=True)
    if name == "digits":
        columns = columns / 16
    else:
        columns = (columns - columns.mean(axis=0)) / columns.std(axis=0)
    if name == "diabetes":
        return columns, ((given - given.mean()) / given.std())[:, None]
    return columns, 2.0 * np.eye(given.max() + 1)[given] - 1


def job(key: jax.Array, point: dict) -> dict[str, np.ndarray]:
    """Mean squared error on the other half, over that of its mean; all with one kernel and ridge.

    The lengthscale is the median distance of the fitted half, the ridge that of the least
    leave-one-out error there.
    """
    name = str(point["table"])
    columns, targets = table(name)
    random = seeds.numpy_generator(seeds.stream(key, "halves"))
    order = random.permutation(len(columns))
    half = min(len(columns) // 2, ROWS.get(name, len(columns)))
    fitted, other = order[:half], order[half : 2 * half]
    middle = targets[fitted].mean(axis=0)
    lengthscale = tuning.median_distance(columns[fitted])
    tuned = tuning.exact(
        kernels.gaussian, columns[fitted], targets[fitted] - middle, lengthscales=[lengthscale],
        ridges=RIDGES,
    )  # fmt: skip
    task = Task(
        seeds.stream(key, "fits"), kernels.gaussian(lengthscale), columns[fitted],
        targets[fitted] - middle, columns[other], tuned.ridge,
    )  # fmt: skip
    left = targets[other] - middle
    errors = [np.mean((np.asarray(fit.predict(task.points)) - left) ** 2) for fit in _fits(task)]
    return {"error": np.array(errors) / np.mean((left - left.mean(axis=0)) ** 2)}


def _fits(task: Task) -> list[Any]:
    """In the order of `METHODS`."""
    sizes = {"number": CELLS, "centres": None}
    return [
        exact.fit(task.kernel, task.inputs, task.targets, ridge=task.ridge),
        kernel_methods.cells(task, **sizes),
        kernel_methods.cells(task, **sizes, method="pivoted-cholesky"),
        kernel_methods.parts(task, **sizes),
    ]


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """Name the solvers."""
    return dataset.assign_coords(method=list(METHODS))
