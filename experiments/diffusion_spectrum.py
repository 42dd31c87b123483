"""Eigenvalues of the feature covariance, and what is learned through them, against the theory."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
import xarray

from diversity_jax.diffusion.model import ClassModel
from experiments.shared import flows, spectra

AXES = {"below": ("place",), "learned": ("place",), "trace": ("z",)}
RATIOS = (2, 8)
# Classes of unlike variance early in diffusion, where the spectrum falls into four bulks; the same
# later; classes whose variance lies mostly in half of the directions.
SETTINGS = {
    "early": ((0.25, 1.75), 0.01),
    "late": ((0.25, 1.75), 0.1),
    "subspaces": (((1.8, 0.1), (1.0, 0.1)), 0.1),
}
PERCENT = 50
Z = (-0.02, -0.2)


@dataclass(frozen=True)
class Config:
    """Dimensions of the sweep (four at least for a verdict), and seeds at each."""

    seeds: int = 72
    dimensions: tuple[int, ...] = (16, 24, 36, 54)


PRESETS = {
    "smoke": Config(seeds=4, dimensions=(8, 10, 12, 14)),
    "laptop": Config(),
    "paper": Config(seeds=32, dimensions=(24, 50, 100, 200)),
}


def grid(config: Config) -> list[dict]:
    """Every setting at every dimension."""
    return [
        flows.point(variances, PERCENT, RATIOS, dimension, time)
        for dimension in config.dimensions
        for variances, time in SETTINGS.values()
    ]


def job(key: jax.Array, point: dict) -> dict[str, jax.Array]:
    """Shares of one draw below `spectra.GRID`, and the mean of ``1 / (eigenvalue - z)``."""
    found = spectra.simulate(key, flows.model(point), point["dimension"])
    values = found.pop("eigenvalues")
    gaps = values[:, None] - jnp.asarray(Z)[None, :]
    return {**found, "trace": jnp.mean(1 / gaps, axis=0)}


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """Add predictions: of the theory, and of one set of constants for all classes."""
    names = list(SETTINGS)
    places = [_setting(flows.of(dataset, place)) for place in range(dataset.sizes["point"])]
    models = [flows.model(flows.of(dataset, places.index(name))) for name in names]
    exact = [spectra.predict(model, Z) for model in models]
    mixed = [spectra.predict(averaged(model), Z) for model in models]
    isotropic = np.array([name != "subspaces" for name in names])
    learned = np.where(isotropic[:, None], np.stack([one.learned for one in exact]), np.nan)
    rows = np.array([names.index(place) for place in places])
    at = ("point", "place")
    return dataset.assign(
        theory_below=(at, np.stack([one.below for one in exact])[rows]),
        theory_learned=(at, learned[rows]),
        mixed_below=(at, np.stack([one.below for one in mixed])[rows]),
        mixed_learned=(at, np.stack([one.learned for one in mixed])[rows]),
        theory_trace=(("point", "z"), np.stack([one.traces for one in exact])[rows]),
        mixed_trace=(("point", "z"), np.stack([one.traces for one in mixed])[rows]),
        atom=("point", np.array([one.atom[0] for one in exact])[rows]),
    ).assign_coords(setting=("point", places), place=spectra.GRID, z=list(Z))


def averaged(model: ClassModel) -> ClassModel:
    """The control: every class with the average variance, along every direction."""
    average = model.fractions @ model.mean_variances
    return flows.with_variances(model, jnp.full(model.variances.shape, average))


def _setting(point: dict) -> str:
    if point["first_one"] != point["first_two"]:
        return "subspaces"
    return "early" if point["time"] < 0.05 else "late"
