"""E1: two heads started on the manifold, noiseless clusters, no regulariser."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray

from diversity_jax.attention.theory import trained
from experiments.shared import descents
from experiments.shared.descents import AXES, CHUNK, TRACED, job

__all__ = ["AXES", "CHUNK", "PRESETS", "TRACED", "Config", "grid", "job", "summarise"]


@dataclass(frozen=True)
class Config:
    """Sizes of the run; `fractions` are strengths in units of the largest attracting one."""

    seeds: int = 80
    dimension: int = 10
    length: float = 10.0
    learning_rate: float = 0.05
    frames: int = 80
    stride: int = 100
    fractions: tuple[float, ...] = (0.6, 0.9, 1.0, 1.12)


PRESETS = {
    "smoke": Config(seeds=8, frames=80, stride=50),
    "laptop": Config(),
    "paper": Config(seeds=400, frames=160),
}


def grid(config: Config) -> list[dict]:
    """One point per strength."""
    largest = float(trained.dirac_minimum(clusters=2, length=config.length).largest)
    return [
        descents.point(
            dimension=config.dimension,
            start="manifold",
            frames=config.frames,
            stride=config.stride,
            length=config.length,
            strength=fraction * largest,
            learning_rate=config.learning_rate,
        )
        for fraction in config.fractions
    ]


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """Add success, the predicted resting overlap and rate per point, and the measured rate."""
    return descents.with_success(with_manifold_theory(dataset), 0.99)


def with_manifold_theory(dataset: xarray.Dataset) -> xarray.Dataset:
    """Predicted resting overlap and log-rate per step, and the measured log-rate."""
    resting, rates = [], []
    for place in range(dataset.sizes["point"]):
        point = dataset.isel(point=place)
        setting = {
            name: float(point[name]) for name in ("dimension", "length", "variance", "strength")
        }
        resting.append(float(trained.resting_overlap(**setting)))
        curvature = float(trained.radial_rate(**setting))
        rates.append(float(np.log1p(-float(point.learning_rate) * curvature)))
    measured = late_rate(dataset.angle.values, dataset.stride.values)
    return dataset.assign(
        theory_resting=("point", np.asarray(resting)),
        theory_log_rate=("point", np.asarray(rates)),
        log_rate=(("point", "seed"), measured),
    )


def late_rate(angles: np.ndarray, strides: np.ndarray) -> np.ndarray:
    """Change of log angle per step between the two frames just below an angle of 1e-4.

    There the linear law holds up to the square of the angle, 1e-8; NaN where an angle that small
    was never reached, or where rounding (1e-12) comes into sight.
    """
    rates = np.full(angles.shape[:2], np.nan)
    for where in np.ndindex(*angles.shape[:2]):
        small = np.flatnonzero((angles[where] < 1e-4) & (angles[where] > 1e-11))
        if small.size >= 2:
            first, second = angles[where][small[:2]]
            rates[where] = np.log(second / first) / strides[where[0]]
    return rates
