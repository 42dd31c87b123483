"""E4: random starts with a regulariser of every size, from too small to trapping."""

from __future__ import annotations

from dataclasses import dataclass

import xarray

from diversity_jax.attention.theory import trained
from experiments.shared import descents
from experiments.shared.descents import AXES, CHUNK, TRACED, job

__all__ = ["AXES", "CHUNK", "PRESETS", "TRACED", "Config", "grid", "job", "summarise"]


@dataclass(frozen=True)
class Config:
    """Sizes of the run; the noiseless sweep goes on past the threshold for spurious minima.

    The first point of each sweep has no regulariser at all.
    """

    seeds: int = 64
    frames: int = 40
    stride: int = 75
    learning_rate: float = 0.1
    common: tuple[float, ...] = (0.02, 0.1, 0.3, 1.0, 2.0)
    beyond: tuple[float, ...] = (5.0, 10.0)


PRESETS = {
    "smoke": Config(seeds=8, common=(0.1, 1.0), beyond=(10.0,), stride=40),
    "laptop": Config(),
    "paper": Config(seeds=800),
}


def grid(config: Config) -> list[dict]:
    """Noiseless clusters in 5 dimensions, then noisy ones in 10."""
    shared = {
        "frames": config.frames,
        "stride": config.stride,
        "learning_rate": config.learning_rate,
    }
    noiseless = [
        descents.point(dimension=5, strength=0.7, regularisation=size, **shared)
        for size in (0.0, *config.common, *config.beyond)
    ]
    noisy = [
        descents.point(dimension=10, variance=0.3**2, strength=0.6, regularisation=size, **shared)
        for size in (0.0, *config.common)
    ]
    return noiseless + noisy


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """Add success at alignment .99, and the predicted trap: its threshold and its risk."""
    setting = {"length": dataset.length.values, "strength": dataset.strength.values}
    return descents.with_success(dataset, 0.99).assign(
        theory_spurious=("point", trained.spurious_threshold(**setting)),
        theory_spurious_risk=("point", trained.spurious_risk(**setting)),
    )
