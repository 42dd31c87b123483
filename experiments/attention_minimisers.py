"""Noiseless clusters: which heads minimise the risk, below and above the largest strength."""

from __future__ import annotations

from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
import xarray

from diversity_jax.attention.theory import trained
from experiments.shared import descents
from experiments.shared.descents import AXES, CHUNK, TRACED, job

__all__ = ["AXES", "CHUNK", "PRESETS", "TRACED", "Config", "grid", "job", "summarise"]


@dataclass(frozen=True)
class Config:
    """Sizes of the run; `fractions` are strengths in units of the largest one.

    At strength `alone`, two clusters are also run with one token, which sees no other.
    """

    seeds: int = 64
    dimension: int = 8
    length: float = 10.0
    learning_rate: float = 0.1
    frames: int = 40
    stride: int = 100
    clusters: tuple[int, ...] = (2, 3)
    fractions: tuple[float, ...] = (0.6, 0.9, 1.2)
    alone: float = 0.9


PRESETS = {
    "smoke": Config(seeds=8, clusters=(2,), stride=50),
    "laptop": Config(),
    "paper": Config(seeds=400),
}


def grid(config: Config) -> list[dict]:
    """Every number of clusters at every strength, as many heads as clusters, no regulariser."""
    points = [
        _point(config, k, config.length, fraction)
        for k in config.clusters
        for fraction in config.fractions
    ]
    return [*points, _point(config, 2, 1.0, config.alone)]


def _point(config: Config, clusters: int, length: float, fraction: float) -> dict:
    largest = float(trained.dirac_minimum(clusters=clusters, length=length).largest)
    return descents.point(
        clusters=clusters,
        heads=clusters,
        dimension=config.dimension,
        length=length,
        strength=fraction * largest,
        learning_rate=config.learning_rate,
        frames=config.frames,
        stride=config.stride,
    )


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """Add the predicted least risk, and the risk of heads that form a basis of the span."""
    least, basis, fractions = [], [], []
    for place in range(dataset.sizes["point"]):
        point = dataset.isel(point=place)
        k, setting = (
            int(point.clusters),
            {name: float(point[name]) for name in ("length", "strength")},
        )
        largest = float(trained.dirac_minimum(clusters=k, length=setting["length"]).largest)
        fraction = setting["strength"] / largest
        shrink = np.sqrt(min(1.0, 1 / fraction))
        basis.append(float(trained.dirac_risk(jnp.eye(k), **setting)))
        least.append(float(trained.dirac_risk(shrink * jnp.eye(k), **setting)))
        fractions.append(fraction)
    return dataset.assign_coords(fraction=("point", fractions)).assign(
        theory_least=("point", least), theory_basis=("point", basis)
    )
