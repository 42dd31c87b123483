"""Bounds on cells that are not orthogonal: effective dimensions, eigenvalues, distance of fits."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import numpy as np
import xarray
from scipy import linalg

from diversity_jax import seeds
from diversity_jax.kernel_ridge import kernels, theory

HOST = True
COUNT = 60
AXES = {}


@dataclass(frozen=True)
class Config:
    """`seeds` draws of each design, number of cells and penalty."""

    seeds: int = 8


PRESETS = {"smoke": Config(seeds=2), "laptop": Config(), "paper": Config(seeds=500)}
# Side of the box in lengthscales, or the scale of the design; n times the ridge.
DESIGNS = {
    "box": ((3, 6.0), (8, 6.0), (3, 20.0), (8, 20.0)),
    "touching": ((2, 3.0), (4, 3.0)),
    "chain": ((4, 1.7), (12, 1.7)),
    "copies": ((2, 40.0), (4, 40.0), (12, 40.0), (30, 40.0)),
    "simplex": ((4, 1.0), (30, 1.0)),
}
PENALTIES = {
    "box": (0.01, 1.0, 30.0),
    "touching": (0.1, 100.0),
    "chain": (0.03, 1.0),
    "copies": (1e-3, 1.0, 20.0),
    "simplex": (0.1, 1.0),
}


def grid(config: Config) -> list[dict]:
    """Uniform points cut by random centroids, and designs that make a bound nearly sharp."""
    return [
        {"design": design, "cells": cells, "side": side, "penalty": penalty}
        for design, sizes in DESIGNS.items()
        for cells, side in sizes
        for penalty in PENALTIES[design]
    ]


def job(key: jax.Array, point: dict) -> dict[str, np.ndarray]:
    """What is bounded, by solves with the matrix and its blocks, and what bounds it."""
    random = seeds.numpy_generator(seeds.stream(key, "points"))
    design, number = str(point["design"]), int(point["cells"])
    if design == "simplex":
        table, cells = _simplex(random, number)
    else:
        points, cells = _points(random, design, number, float(point["side"]))
        table = np.asarray(kernels.gaussian(1.0)(points, points))
    penalty = float(point["penalty"])
    found = theory.orthogonality(table, cells, ridge=penalty / COUNT)
    bounds = {
        "kappa_minus": found.kappa_minus,
        "kappa_plus": found.kappa_plus,
        "leak": found.leak,
        "radius": found.radius,
        "correlation": found.correlation,
        "share": found.largest_share,
        "fit_bound": found.fit_bound,
    }
    return {
        **_measured(table, cells, penalty),
        **{name: np.asarray(value) for name, value in bounds.items()},
    }


def _points(
    random: np.random.Generator, design: str, number: int, side: float
) -> tuple[np.ndarray, np.ndarray]:
    """Points in the plane and their cells.

    "box": uniform, each with the nearest of random centroids. "touching": clusters of deviation .5
    round a circle, neighbours `side` apart. "chain": rows far apart of a point in each cell,
    neighbours `side` apart. "copies": points far apart, near copies of each in all cells.
    """
    if design == "box":
        return _box(random, number, side)
    cells, group = np.arange(COUNT) % number, np.arange(COUNT) // number
    if design == "touching":
        turn, radius = 2 * np.pi * cells / number, side / (2 * np.sin(np.pi / number))
        places, deviation = radius * np.stack([np.cos(turn), np.sin(turn)], 1), 0.5
    elif design == "chain":
        places, deviation = np.stack([side * cells, 50.0 * group], 1), 0.01
    else:
        places, deviation = side / 5 * np.stack([group % 6, group // 6], 1), 0.003
    return places + deviation * random.standard_normal((COUNT, 2)), cells


def _box(random: np.random.Generator, number: int, side: float) -> tuple[np.ndarray, np.ndarray]:
    points = random.uniform(0, side, (COUNT, 2))
    while True:
        centroids = random.uniform(0, side, (number, 2))
        cells = ((points[:, None] - centroids) ** 2).sum(2).argmin(1)
        if len(np.unique(cells)) == number:
            return points, cells


def _simplex(random: np.random.Generator, number: int) -> tuple[np.ndarray, np.ndarray]:
    """Inner products of simplices in orthogonal spaces, a corner in each cell: all negative.

    Corners have lengths within a hundredth of each other.
    """
    cells, group = np.arange(COUNT) % number, np.arange(COUNT) // number
    table = np.where(cells[:, None] == cells, 1.0, -1 / (number - 1)) * (group[:, None] == group)
    lengths = random.uniform(0.99, 1, COUNT)
    return lengths[:, None] * table * lengths, cells


def _measured(table: np.ndarray, cells: np.ndarray, penalty: float) -> dict[str, np.ndarray]:
    """Effective dimensions, extreme eigenvalues, and the fits' distance at its worst targets."""
    eye = np.eye(COUNT)
    own = table * (cells[:, None] == cells)
    whole, local = (np.linalg.solve(each + penalty * eye, each) for each in (table, own))
    relative = linalg.eigvalsh(table + penalty * eye, own + penalty * eye)
    # Both fits are linear in the targets: the worst ones are a singular vector.
    worst = np.linalg.svd(local - whole)[2][0]
    one = own @ np.linalg.solve(own + penalty * eye, worst)
    other = table @ np.linalg.solve(table + penalty * eye, worst)
    return {
        "whole": np.trace(whole),
        "parts": np.trace(local),
        "least": relative[0],
        "largest": relative[-1],
        "moved": np.asarray(np.linalg.norm(one - other) / np.linalg.norm(worst)),
    }


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """Nothing is predicted beside the bounds of each draw."""
    return dataset
