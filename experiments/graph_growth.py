"""How distortion and the error of the Laplacian fall with a stream's number of centroids."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import numpy as np
import xarray

from diversity_jax import seeds
from diversity_jax.graph_learning import affinity, quantise, theory

HOST = True
DIMENSIONS = {"circle": 1, "torus": 2}  # both in four coordinates, without a border
BANDWIDTH = 1.0
AXES = {name: ("number",) for name in ("distortion", "squared_error", "asked", "used")}


@dataclass(frozen=True)
class Config:
    """`seeds` streams of `points` points on each set."""

    seeds: int = 16
    points: int = 1000
    numbers: tuple[int, ...] = (8, 16, 32, 64, 128)


PRESETS = {
    "smoke": Config(seeds=4, points=120, numbers=(4, 8, 16)),
    "laptop": Config(),
    "paper": Config(seeds=64, points=8000, numbers=(8, 16, 32, 64, 128, 256, 512)),
}


def grid(config: Config) -> list[dict]:
    """One set of each dimension."""
    shared = {"points": config.points, "numbers": config.numbers}
    return [{"set": name, **shared} for name in DIMENSIONS]


def job(key: jax.Array, point: dict) -> dict[str, np.ndarray]:
    """At each number of centroids: the largest distance of a point from the nearest, and the error.

    The error is ``|N_q - N|_F^2``, N the normalised Laplacian of all points and N_q that of the
    points moved to their nearest centroids. `used` is the number of centroids at the end.
    """
    random = seeds.numpy_generator(seeds.stream(key, "points"))
    angles = random.uniform(0, 2 * np.pi, (point["points"], 2))
    if point["set"] == "circle":
        angles[:, 1] = 0
    points = np.concatenate([np.cos(angles), np.sin(angles)], axis=1)
    whole, columns = _normalised(points), {name: [] for name in AXES}
    for number in point["numbers"]:
        state = quantise.extend(quantise.initial(number, points.shape[1]), points)
        centroids = np.asarray(state.centroids)
        moved = centroids[np.asarray(quantise.place(state, points))]
        columns["distortion"].append(np.sqrt(((points - moved) ** 2).sum(axis=1)).max())
        columns["squared_error"].append(((_normalised(moved) - whole) ** 2).sum())
        columns["asked"].append(float(number))
        columns["used"].append(float(state.count))
    return {name: np.array(values) for name, values in columns.items()}


def _normalised(points: np.ndarray) -> np.ndarray:
    """``1 - D^(-1/2) W D^(-1/2)``, the kernel's diagonal in W."""
    weights = np.asarray(affinity.gaussian(points, bandwidth=BANDWIDTH))
    scale = 1 / np.sqrt(weights.sum(axis=1))
    return np.eye(len(points)) - scale[:, None] * weights * scale


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """The exponents, by dimension of the set."""
    dimensions = [DIMENSIONS[str(name)] for name in dataset.set.values]
    return dataset.assign(
        theory_distortion=("point", [float(theory.distortion_exponent(d)) for d in dimensions]),
        theory_squared=("point", [float(theory.laplacian_exponent(d)) for d in dimensions]),
    ).assign_coords(number=dataset.asked.values[0, 0])
