"""Fashion-MNIST as regression on ten columns: errors, time and memory of every solver by size."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, NamedTuple

import jax
import numpy as np
import xarray

from diversity_jax import datasets, seeds
from diversity_jax.kernel_ridge import kernels
from experiments.shared import kernel_methods
from experiments.shared.kernel_methods import Task

HOST = True
DIMENSION = 50  # principal components of the training images kept
LENGTHSCALE, RIDGE = 5.0, 1e-6  # by errors on 2,000 of the training images, from 7,500 others
FEW, MANY = 60, 20  # images for each centre
MOST_WHOLE, MOST_STEPS = 7_500, 30_000  # images: time and memory
CELLS = 16
METHODS = (
    "n/60 centres",
    "n/20 centres",
    "n/20 centres, 20 steps",
    "16 cells (k-means), n/60 each",
    "16 cells (greedy), n/60 each",
    "16 random parts, n/60 each",
    "all images as centres",
)
AXES = {name: ("method",) for name in ("error", "residual", "fitting", "predicting", "memory")}


@dataclass(frozen=True)
class Config:
    """`seeds` draws of so many training images; all errors on the 10,000 test images."""

    seeds: int = 6
    images: tuple[int, ...] = (3_000,)


PRESETS = {
    "smoke": Config(seeds=2, images=(600,)),
    "laptop": Config(),
    "paper": Config(seeds=10, images=(7_500, 15_000, 30_000, 60_000)),
}


class Images(NamedTuple):
    """Images of both splits on the same components `[n, 50]`, their classes, and targets -1, 1."""

    points: np.ndarray
    targets: np.ndarray
    others: np.ndarray
    classes: np.ndarray


@lru_cache(maxsize=1)
def images() -> Images:
    """Training and test images; DatasetMissing, with the install line, where they are not here."""
    train, test = (datasets.load("fashion-mnist", split=split) for split in ("train", "test"))
    points, projection = datasets.prepare(train.pixels, dimension=DIMENSION)
    others = projection.apply(test.pixels)
    targets = 2 * np.eye(len(train.classes))[train.labels] - 1
    return Images(points.astype(float), targets, np.asarray(others, float), test.labels)


def grid(config: Config) -> list[dict]:
    """Numbers of training images."""
    return [{"images": number} for number in config.images]


def job(key: jax.Array, point: dict) -> dict[str, np.ndarray]:
    """Share of test images of another class, and what each solver took; NaN where it was not run.

    Times are CPU seconds, memory megabytes over that before.
    """
    data, number = images(), int(point["images"])
    random = seeds.numpy_generator(seeds.stream(key, "images"))
    rows = random.permutation(len(data.points))[:number]
    task = Task(
        seeds.stream(key, "fits"), kernels.gaussian(LENGTHSCALE), data.points[rows],
        data.targets[rows], data.others, RIDGE,
    )  # fmt: skip
    found = np.full((len(METHODS), len(AXES)), np.nan)
    for place, fit in enumerate(_fits(number)):
        if fit is not None:
            taken = kernel_methods.taken(task, fit)
            error = float((taken.values.argmax(axis=1) != data.classes).mean())
            found[place] = error, *taken[1:]
    return dict(zip(AXES, found.T))


def _fits(number: int) -> list[Callable[[Task], Any] | None]:
    """In the order of `METHODS`."""
    few, many = number // FEW, number // MANY
    sizes = {"number": CELLS, "centres": few}
    return [
        partial(kernel_methods.few, centres=few),
        partial(kernel_methods.few, centres=many),
        partial(kernel_methods.few, centres=many, steps=True) if number <= MOST_STEPS else None,
        partial(kernel_methods.cells, **sizes),
        partial(kernel_methods.cells, **sizes, method="pivoted-cholesky"),
        partial(kernel_methods.parts, **sizes),
        kernel_methods.whole if number <= MOST_WHOLE else None,
    ]


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """Name the solvers."""
    return dataset.assign_coords(method=list(METHODS))
