"""E10: oblique centroids: which heads are found, and the one strength that finds the centroids."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import numpy as np
import xarray

from diversity_jax.attention.theory import infinite
from experiments.shared import descents
from experiments.shared.descents import AXES, CHUNK, TRACED, job

__all__ = ["AXES", "CHUNK", "PRESETS", "TRACED", "Config", "grid", "job", "summarise"]


@dataclass(frozen=True)
class Config:
    """Sizes of the run: pairs (overlap of the centroids, noise deviation), infinite length."""

    seeds: int = 32
    dimension: int = 8
    learning_rate: float = 0.1
    frames: int = 40
    stride: int = 100
    pairs: tuple[tuple[float, float], ...] = ((0.3, 0.3), (0.5, 0.3), (-0.4, 0.5))
    large: float = 0.8
    regularisation: float = 0.2


PRESETS = {
    "smoke": Config(seeds=8, pairs=((0.3, 0.3), (-0.4, 0.5)), stride=80),
    "laptop": Config(),
    "paper": Config(seeds=800, stride=400),
}


def grid(config: Config) -> list[dict]:
    """Per pair: the best strength, the centroids' own strength, a large one; then regularised."""
    points = []
    for overlap, deviation in config.pairs:
        named = infinite.oblique_strengths(overlap=overlap, variance=deviation**2)
        for strength in (float(named.best), float(named.centroids), config.large):
            points.append(_point(config, overlap, deviation, strength, 0.0))
    for overlap, deviation in config.pairs:
        named = infinite.oblique_strengths(overlap=overlap, variance=deviation**2)
        points.append(_point(config, overlap, deviation, float(named.best), config.regularisation))
    return points


def _point(
    config: Config, overlap: float, deviation: float, strength: float, regularisation: float
) -> dict:
    return descents.point(
        dimension=config.dimension,
        learning_rate=config.learning_rate,
        frames=config.frames,
        stride=config.stride,
        length=np.inf,
        overlap=overlap,
        variance=deviation**2,
        strength=strength,
        regularisation=regularisation,
    )


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """Add success at alignment .99 and the predicted alignment and heads' overlap without r."""
    found = jax.vmap(
        lambda overlap, variance, strength: infinite.oblique_optimum(
            overlap=overlap, variance=variance, strength=strength
        )
    )(dataset.overlap.values, dataset.variance.values, dataset.strength.values)
    return descents.with_success(dataset, 0.99).assign(
        theory_alignment=("point", np.asarray(found.alignment)),
        theory_head_overlap=("point", np.asarray(found.head_overlap)),
    )
