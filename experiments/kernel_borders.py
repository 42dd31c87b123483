"""What borders of cells add to the bias on the circle, beside its theory, as the ridge falls."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import numpy as np
import xarray
from scipy.linalg import solve_toeplitz

from diversity_jax import seeds
from diversity_jax.kernel_ridge import kernels, theory

HOST = True
ORDERS, POWER = 8, 3.0  # waves of a target, and how their amplitudes fall
CELLS, SMALLEST = 4, 0.1  # cells, and the length that each has at least
RIDGES = tuple(0.01 * 0.4**step for step in range(6))
AXES = {name: ("layer",) for name in ("added", "coarse", "exact", "leading", "straight")}


@dataclass(frozen=True)
class Config:
    """`seeds` targets with borders, at so many equally spaced `points` and at half of them."""

    seeds: int = 96
    points: int = 4000


PRESETS = {
    "smoke": Config(seeds=4),
    "laptop": Config(),
    "paper": Config(seeds=200, points=16_000),
}


def grid(config: Config) -> list[dict]:
    """One setting."""
    return [{"points": config.points}]


def job(key: jax.Array, point: dict) -> dict[str, np.ndarray]:
    """Mean squared error in cells less that of one fit, by ridge: `added`, as points fill the line.

    What a grid of `coarse` points changes falls with the square of their number, and is taken out
    by half as many. `exact` and `leading` are theory's of this draw, `straight` the leading order
    with slopes outside of a cell set to 0.
    """
    random = seeds.numpy_generator(seeds.stream(key, "target"))
    points = int(point["points"])
    values = random.standard_normal((ORDERS, 2)) * np.arange(1, ORDERS + 1)[:, None] ** -POWER
    every = np.r_[random.standard_normal(), values.ravel()]
    parts = SMALLEST + (1 - CELLS * SMALLEST) * random.dirichlet(np.ones(CELLS))
    half = points // 2
    # Borders lie in the middle between points of both grids.
    borders = np.sort(np.round(half * (random.uniform() + np.cumsum(parts))).astype(int) % half)
    coarse = _added(every, borders, half)
    added = (4 * _added(every, 2 * borders, points) - coarse) / 3
    at = borders / half
    none = [float(theory.cell_bias(every, [], ridge=ridge)) for ridge in RIDGES]
    exact = [float(theory.cell_bias(every, at, ridge=ridge)) for ridge in RIDGES]
    leading = [float(theory.border_bias(every, at, ridge=ridge)) for ridge in RIDGES]
    widths = np.sqrt(RIDGES) / (2 * np.pi)
    return {
        "added": added,
        "coarse": coarse,
        "exact": np.array(exact) - none,
        "leading": np.array(leading),
        "straight": widths**3 * (_waves(every, at, slope=True) ** 2).sum(),
    }


def _added(every: np.ndarray, borders: np.ndarray, points: int) -> np.ndarray:
    """At each ridge, in cells from border to border, in numbers of points; each with n ridge."""
    places = (np.arange(points) + 0.5) / points
    column = np.asarray(kernels.sobolev()(places[:, None], places[:1, None]))[:, 0]
    values, found = _waves(every, places), []
    for ridge in RIDGES:
        penalty = points * ridge
        # Residuals of a fit without noise are its penalty times its coefficients.
        one = np.fft.ifft(np.fft.fft(values) / (np.fft.fft(column).real + penalty)).real
        total = -(one**2).sum()
        for first, last in zip(borders, np.r_[borders[1:], borders[0] + points]):
            inside = np.arange(first, last) % points
            own = column[: len(inside)].copy()
            own[0] += penalty
            total += (solve_toeplitz(own, values[inside]) ** 2).sum()
        found.append(penalty**2 * total / points)
    return np.array(found)


def _waves(every: np.ndarray, places: np.ndarray, *, slope: bool = False) -> np.ndarray:
    """The target of these coefficients, or its derivative."""
    rates = 2 * np.pi * np.arange(1, ORDERS + 1)[:, None]
    cos, sin = np.cos(rates * places), np.sin(rates * places)
    even, odd = np.sqrt(2) * every[1::2], np.sqrt(2) * every[2::2]
    if slope:
        return odd @ (rates * cos) - even @ (rates * sin)
    return every[0] + even @ cos + odd @ sin


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """Name the ridges; theory is that of each draw and there already."""
    return dataset.assign_coords(layer=list(RIDGES))
