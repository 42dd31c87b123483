"""Where fits in cells err more than one fit: by distance to a border, blended, and by ridge."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
import xarray

from diversity_jax import seeds
from diversity_jax.kernel_ridge import exact, kernels, park, problems

HOST = True
COUNT, POINTS = 2_500, 2_000
SIDE, NOISE, CELLS = 15.0, 0.1, 16
RIDGES = (1e-6, 1e-3)
BLENDS = (0.0, 0.05, 0.3, 1.0, 3.0)
EDGES = (0.0, 0.1, 0.25, 0.5, 1.0, 1.5)  # distances, in lengthscales
NEAR = 0.5
AXES = {
    "beyond": ("blend", "band"),
    "blended": ("blend",),
    "one": ("ridge",),
    "whole_count": ("ridge",),
    "own_count": ("ridge",),
    "place": ("shown", "coordinate"),
    "apart": ("shown",),
    "centroid": ("cell", "coordinate"),
}


@dataclass(frozen=True)
class Config:
    """`seeds` functions on a square of 15 lengthscales."""

    seeds: int = 12


PRESETS = {"smoke": Config(seeds=2), "laptop": Config(), "paper": Config(seeds=100)}


def grid(config: Config) -> list[dict]:
    """One setting."""
    return [{"count": COUNT}]


def job(key: jax.Array, point: dict) -> dict[str, np.ndarray]:
    """Squared errors at new points without noise, all points of a cell as its centres.

    `beyond` is the mean square of the error in cells less that of one fit, in bands of the distance
    to the nearest border; `near` the share of it within half a lengthscale, `near_others` within
    that of borders of another partition; `area` of the points. Errors are root mean squares.
    """
    count = int(point["count"])
    drawn = problems.draw(
        seeds.stream(key, "problem"), count=count + POINTS, dimension=2, box=SIDE, noise=NOISE
    )
    inputs, noisy, truth = (np.asarray(a) for a in (drawn.inputs, drawn.targets, drawn.truth))
    new, right = inputs[:POINTS], truth[:POINTS]
    data = kernels.gaussian(1.0), inputs[POINTS:], noisy[POINTS:]
    fits = seeds.stream(key, "fits")
    parted = park.partition(fits, *data[:2], cells=CELLS, method="k-means", most=None)
    others = park.partition(
        seeds.stream(key, "others"), *data[:2], cells=CELLS, method="random", most=None
    )

    def squares(fit: Any) -> np.ndarray:
        return (np.asarray(fit.predict(new)) - right) ** 2

    sizes: dict[str, Any] = {"cells": parted, "centres_per_cell": None}
    one, own, whole = [], [], []
    for ridge in RIDGES:
        one.append(exact.fit(*data, ridge=ridge))
        whole.append(park.fit(fits, *data, ridge=ridge, **sizes))
        own.append(park.fit(fits, *data, ridge=ridge, own_count=True, **sizes))
    blended = [dataclasses.replace(whole[0], blend=each) for each in BLENDS]
    more = np.array([squares(fit) for fit in blended]) - squares(one[0])
    distance = to_border(new, np.asarray(parted.centroids))
    other = to_border(new, np.asarray(others.centroids))
    band = np.digitize(distance, EDGES) - 1
    many = np.maximum(np.bincount(band, minlength=len(EDGES)), 1)
    apart = np.abs(np.asarray(blended[0].predict(new)) - np.asarray(one[0].predict(new)))
    return {
        "beyond": np.array([np.bincount(band, row, len(EDGES)) / many for row in more]),
        "near": np.asarray(more[0][distance < NEAR].sum() / more[0].sum()),
        "near_others": np.asarray(more[0][other < NEAR].sum() / more[0].sum()),
        "area": np.asarray(np.mean(distance < NEAR)),
        "blended": np.sqrt([squares(fit).mean() for fit in blended]),
        "one": np.sqrt([squares(fit).mean() for fit in one]),
        "whole_count": np.sqrt([squares(fit).mean() for fit in whole]),
        "own_count": np.sqrt([squares(fit).mean() for fit in own]),
        "place": new,
        "apart": apart,
        "centroid": np.asarray(parted.centroids),
    }


def to_border(points: np.ndarray, centroids: np.ndarray) -> np.ndarray:
    """Distance to the nearest of the planes between a point's own centroid and each other one."""
    squares = ((points[:, None] - centroids[None]) ** 2).sum(2)
    own = squares.argmin(axis=1)
    between = np.linalg.norm(centroids[own][:, None] - centroids[None], axis=2)
    least = squares[np.arange(len(points)), own]
    with np.errstate(divide="ignore", invalid="ignore"):
        planes = (squares - least[:, None]) / (2 * between)
    planes[np.arange(len(points)), own] = np.inf
    return planes.min(axis=1)


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """Name blends, bands and ridges."""
    return dataset.assign_coords(blend=list(BLENDS), band=list(EDGES), ridge=list(RIDGES))
