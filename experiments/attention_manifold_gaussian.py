"""E2: two heads started on the manifold, noisy clusters, best strength and one too large."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray

from diversity_jax.attention import theory
from experiments.attention_manifold_dirac import with_manifold_theory
from experiments.shared import descents
from experiments.shared.descents import AXES, job

__all__ = ["AXES", "PRESETS", "Config", "grid", "job", "summarise"]


@dataclass(frozen=True)
class Config:
    """Sizes of the run; `excess` is the too large strength in units of the largest attracting."""

    seeds: int = 48
    dimension: int = 10
    length: float = 30.0
    learning_rate: float = 0.03
    frames: int = 60
    stride: int = 130
    deviations: tuple[float, ...] = (0.1, 0.3, 0.5, 1.0)
    excess: float = 1.2


PRESETS = {
    "smoke": Config(seeds=4, stride=60, deviations=(0.3, 0.5)),
    "laptop": Config(),
    "paper": Config(seeds=400, stride=400),
}


def grid(config: Config) -> list[dict]:
    """Per noise level the best strength, then per noise level the too large one."""
    points = []
    for too_large in (False, True):
        for deviation in config.deviations:
            found = theory.strengths(
                dimension=config.dimension, length=config.length, variance=deviation**2
            )
            strength = config.excess * found.largest if too_large else found.best
            points.append(
                descents.point(
                    dimension=config.dimension,
                    start="manifold",
                    frames=config.frames,
                    stride=config.stride,
                    length=config.length,
                    variance=deviation**2,
                    strength=float(strength),
                    learning_rate=config.learning_rate,
                )
            )
    return points


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """Add success and the predicted resting overlap and rate."""
    too_large = dataset.strength.values > 1.05 * _largest(dataset)
    dataset = dataset.assign_coords(too_large=("point", too_large))
    return descents.with_success(with_manifold_theory(dataset), 0.99)


def _largest(dataset: xarray.Dataset) -> np.ndarray:
    found = [
        float(
            theory.strengths(
                dimension=int(point.dimension),
                length=float(point.length),
                variance=float(point.variance),
            ).largest
        )
        for point in (dataset.isel(point=place) for place in range(dataset.sizes["point"]))
    ]
    return np.asarray(found)
