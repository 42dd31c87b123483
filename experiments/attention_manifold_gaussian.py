"""E2: two heads started on the manifold, noisy clusters, best strength and one too large."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray

from diversity_jax.attention import theory
from diversity_jax.attention.theory import trained
from experiments.attention_manifold_dirac import with_manifold_theory
from experiments.shared import descents
from experiments.shared.descents import AXES, CHUNK, TRACED, job

__all__ = ["AXES", "CHUNK", "PRESETS", "TRACED", "Config", "grid", "job", "summarise"]


@dataclass(frozen=True)
class Config:
    """Sizes of the run; `excess` is the too large strength in units of the largest attracting."""

    seeds: int = 48
    dimension: int = 10
    length: float = 30.0
    learning_rate: float = 0.03
    frames: int = 40
    stride: int = 130
    deviations: tuple[float, ...] = (0.1, 0.3, 0.5, 1.0)
    excess: float = 1.2


PRESETS = {
    "smoke": Config(seeds=8, stride=60, deviations=(0.3, 0.5)),
    "laptop": Config(),
    "paper": Config(seeds=800),
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
    # Last, starts near the state of rest furthest from the centroids, but off the manifold.
    return [*points, {**points[-1], "start": "resting"}]


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """Add success, the predicted resting overlap, risk there and rate, and who left for less."""
    too_large = dataset.strength.values > 1.05 * _largest(dataset)
    dataset = with_manifold_theory(dataset.assign_coords(too_large=("point", too_large)))
    setting = {
        name: dataset[name].values for name in ("dimension", "length", "variance", "strength")
    }
    squared = dataset.theory_resting.values**2
    risk = np.asarray(trained.manifold_risk(squared, squared, **setting))
    dataset = dataset.assign(theory_risk=("point", risk))
    left = dataset.risk < dataset.theory_risk - 1e-6
    return descents.with_success(dataset, 0.99).assign(left=left)


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
