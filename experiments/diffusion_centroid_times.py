"""Length of centroids against variance: which class is learned first."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import xarray

from experiments.shared import centroids, flows

AXES = flows.AXES
RATIOS = (4, 16)
SIZES = (0.3, 1.2)  # of the centroids, per coordinate: the second class lies further out
# Equal variances; the further class of larger variance by much, and by little.
VARIANCES = {"equal": (1.0, 1.0), "unlike": (0.7, 1.3), "nearly": (0.95, 1.05)}


@dataclass(frozen=True)
class Config:
    """One dimension; the order of the classes is decided over seeds."""

    seeds: int = 32
    dimension: int = 30


PRESETS = {
    "smoke": Config(seeds=6, dimension=12),
    "laptop": Config(),
    "paper": Config(seeds=32, dimension=80),
}


def grid(config: Config) -> list[dict]:
    """One point per pair of variances."""
    squares = (SIZES[0] ** 2, SIZES[1] ** 2)
    return [centroids.point(pair, squares, RATIOS, config.dimension) for pair in VARIANCES.values()]


def job(key: jax.Array, point: dict) -> dict[str, jax.Array]:
    """The losses of one draw at `flows.TRAINING_TIMES`, and the times that they give."""
    return flows.simulate_model(key, centroids.model(point), point["dimension"])


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """Add the predicted curves and times."""
    models = [centroids.model(centroids.of(dataset, p)) for p in range(dataset.sizes["point"])]
    return flows.beside_theory(dataset, models).assign_coords(setting=("point", list(VARIANCES)))
