"""Losses of each class along training: finite-size gradient flow against the asymptotic curves."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import numpy as np
import xarray

from diversity_jax.diffusion.model import ClassModel
from experiments.shared import flows

AXES = {"train": ("training_time", "class"), "test": ("training_time", "class"),
        "end_gap": ("class",), "times": ("definition", "class")}  # fmt: skip
RATIOS = (2, 4)
PERCENT = 25  # of the second class; even dimensions then give whole numbers of samples
# Isotropic classes, and classes that differ in where their variance lies.
SETTINGS = {"isotropic": (0.4, 1.6), "subspaces": ((1.2, 0.2), (0.2, 0.8))}


@dataclass(frozen=True)
class Config:
    """Dimensions of the sweep (four at least for a verdict), and seeds at each."""

    seeds: int = 32
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
    """The losses of one draw at `flows.TIMES`, and the times that they give."""
    return flows.simulate(key, point)


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """Add the predictions, and those of a theory with one set of constants for all classes."""
    points = [flows.of(dataset, place) for place in range(dataset.sizes["point"])]
    names = ["isotropic" if one["first_one"] == one["first_two"] else "subspaces" for one in points]
    known = list(SETTINGS)
    models = [flows.model(points[names.index(name)]) for name in known]
    exact = [flows.predicted_losses(model) for model in models]
    mixed = [flows.predicted_losses(averaged(model)) for model in models]
    times = [flows.predicted_times(model) for model in models]
    rows = np.array([known.index(name) for name in names])
    curve = ("point", "training_time", "class")
    return dataset.assign(
        theory_train=(curve, np.stack([one for one, _ in exact])[rows]),
        theory_test=(curve, np.stack([two for _, two in exact])[rows]),
        mixed_train=(curve, np.stack([one for one, _ in mixed])[rows]),
        mixed_test=(curve, np.stack([two for _, two in mixed])[rows]),
        theory_times=(("point", "definition", "class"), np.stack(times)[rows]),
    ).assign_coords(
        setting=("point", names),
        training_time=flows.TIMES[:-1],
        definition=list(flows.DEFINITIONS),
    )


def averaged(model: ClassModel) -> ClassModel:
    """The control: classes replaced by their average, as if they were one."""
    average = model.fractions @ model.group_variances
    return ClassModel(
        model.fractions,
        np.broadcast_to(np.asarray(average), (model.classes, average.size)),
        model.time,
        model.samples_per_dimension,
        model.features_per_dimension,
        group_fractions=model.group_fractions,
    )
