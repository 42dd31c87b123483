"""When each class is learned and memorised: isotropic classes, and classes in other subspaces."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import xarray

from experiments.shared import flows

AXES = flows.AXES
RATIOS = (4, 16)
PERCENTS = (20, 50, 80)  # share of the class of higher variance, the second
SETTINGS = {"isotropic": (0.4, 1.6), "subspaces": ((0.05, 0.8), (1.2, 0.05))}


@dataclass(frozen=True)
class Config:
    """One dimension; the order of the classes is decided over seeds."""

    seeds: int = 32
    dimension: int = 30


PRESETS = {
    "smoke": Config(seeds=6, dimension=10),
    "laptop": Config(),
    "paper": Config(seeds=32, dimension=80),
}


def grid(config: Config) -> list[dict]:
    """Both kinds of classes at every share."""
    return [
        flows.point(variances, percent, RATIOS, config.dimension)
        for percent in PERCENTS
        for variances in SETTINGS.values()
    ]


def job(key: jax.Array, point: dict) -> dict[str, jax.Array]:
    """The losses of one draw at `flows.TRAINING_TIMES`, and the times that they give."""
    return flows.simulate(key, point)


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """Add the predicted curves and times."""
    models = [flows.model(flows.of(dataset, place)) for place in range(dataset.sizes["point"])]
    return flows.beside_theory(dataset, models).assign_coords(
        setting=("point", flows.kinds(dataset))
    )
