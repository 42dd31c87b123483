"""Two limits on the regulariser: a pull off the span (noise), a spurious minimum (no noise)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray

from diversity_jax.attention import theory
from diversity_jax.attention.theory import trained
from experiments.shared import descents
from experiments.shared.descents import AXES, CHUNK, TRACED, job

__all__ = ["AXES", "CHUNK", "PRESETS", "TRACED", "Config", "grid", "job", "summarise"]


@dataclass(frozen=True)
class Config:
    """Sizes of the run: regularisers in units of the two predicted thresholds."""

    seeds: int = 96
    frames: int = 40
    stride: int = 125
    learning_rate: float = 0.2
    pulled: tuple[float, ...] = (0.9, 1.2)
    trapped: tuple[float, ...] = (0.97, 1.03)


PRESETS = {
    "smoke": Config(seeds=8, stride=60),
    "laptop": Config(),
    "paper": Config(seeds=400),
}


def grid(config: Config) -> list[dict]:
    """Manifold starts with noise at infinite length; starts near the trap without noise."""
    shared = {
        "frames": config.frames,
        "stride": config.stride,
        "learning_rate": config.learning_rate,
    }
    found = theory.strengths(dimension=10, length=np.inf, variance=0.3**2)
    points = [
        descents.point(
            start="manifold",
            length=np.inf,
            variance=0.3**2,
            strength=float(found.best),
            regularisation=fraction * float(found.largest_regularisation),
            **shared,
        )
        for fraction in config.pulled
    ]
    threshold = float(trained.spurious_threshold(length=30.0, strength=0.7))
    return points + [
        descents.point(
            start="spurious",
            dimension=5,
            strength=0.7,
            regularisation=fraction * threshold,
            **shared,
        )
        for fraction in config.trapped
    ]


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """Add whether heads stayed near, where they should rest, and the trap and its risk."""
    risk = trained.spurious_risk(length=dataset.length.values, strength=dataset.strength.values)
    resting = trained.resting_overlap(
        **{name: dataset[name].values for name in ("dimension", "length", "variance")},
        strength=dataset.strength.values,
        regularisation=dataset.regularisation.values,
    )
    limit = trained.regularisation_limit(
        **{name: dataset[name].values for name in ("dimension", "length", "strength")},
        variance=np.where(dataset.variance.values > 0, dataset.variance.values, 1.0),
    )
    trap = trained.spurious_threshold(
        length=dataset.length.values, strength=dataset.strength.values
    )
    threshold = np.where(dataset.variance.values > 0, limit, trap)
    return descents.with_success(dataset, 0.99).assign(
        theory_threshold=("point", threshold),
        trapped=abs(dataset.risk - xarray.DataArray(np.asarray(risk), dims="point")) < 1e-4,
        near=dataset.angle.isel(frame=-1) < 0.05,
        theory_resting=("point", np.asarray(resting)),
        theory_spurious_risk=("point", np.asarray(risk)),
    )
