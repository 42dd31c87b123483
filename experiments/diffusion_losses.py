"""Losses of each class along training: finite-size gradient flow against the asymptotic curves."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import numpy as np
import xarray

from experiments.shared import flows

AXES = flows.AXES
RATIOS = (2, 4)
PERCENT = 25  # of the second class; even dimensions then give whole numbers of samples
# Isotropic classes, and classes that differ in where their variance lies.
SETTINGS = {"isotropic": (0.4, 1.6), "subspaces": ((1.2, 0.2), (0.2, 0.8))}


@dataclass(frozen=True)
class Config:
    """Dimensions of the sweep (four at least for a verdict), and seeds at each."""

    seeds: int = 40
    dimensions: tuple[int, ...] = (16, 26, 42, 68)


PRESETS = {
    "smoke": Config(seeds=4, dimensions=(8, 10, 12, 16)),
    "laptop": Config(),
    "paper": Config(seeds=48, dimensions=(32, 64, 128, 256)),
}


def grid(config: Config) -> list[dict]:
    """Every setting at every dimension."""
    return [
        flows.point(variances, PERCENT, RATIOS, dimension)
        for dimension in config.dimensions
        for variances in SETTINGS.values()
    ]


def job(key: jax.Array, point: dict) -> dict[str, jax.Array]:
    """The losses of one draw at `flows.TRAINING_TIMES`, and the times that they give."""
    return flows.simulate(key, point)


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """Add the predictions, and those of a theory with one set of constants for all classes."""
    points = [flows.of(dataset, place) for place in range(dataset.sizes["point"])]
    models = [flows.model(point) for point in points]
    mixed = [flows.predicted_losses(flows.averaged(model)) for model in models]
    curve = ("point", "training_time", "class")
    return (
        flows.beside_theory(dataset, models)
        .assign(
            mixed_train=(curve, np.stack([train for train, _ in mixed])),
            mixed_test=(curve, np.stack([test for _, test in mixed])),
        )
        .assign_coords(setting=("point", flows.kinds(dataset)))
    )
