"""E7: three and four heads on as many clusters, and a spare head."""

from __future__ import annotations

from dataclasses import dataclass

import xarray

from experiments.shared import descents
from experiments.shared.descents import AXES, CHUNK, TRACED, job

__all__ = ["AXES", "CHUNK", "PRESETS", "TRACED", "Config", "grid", "job", "summarise"]


@dataclass(frozen=True)
class Config:
    """Sizes of the run; the regulariser is `per_cluster` times the number of clusters."""

    seeds: int = 64
    dimension: int = 8
    length: float = 40.0
    deviation: float = 0.2
    strength: float = 0.5
    per_cluster: float = 0.2
    learning_rate: float = 0.1
    frames: int = 40
    stride: int = 70
    cases: tuple[tuple[int, int], ...] = ((3, 3), (4, 4), (2, 3))


PRESETS = {
    "smoke": Config(seeds=8, cases=((3, 3), (2, 3))),
    "laptop": Config(),
    "paper": Config(seeds=400, stride=200),
}


def grid(config: Config) -> list[dict]:
    """One point per (clusters, heads), and the first of them again without a regulariser."""
    cases = [(*case, config.per_cluster) for case in config.cases]
    return [
        descents.point(
            clusters=clusters,
            heads=heads,
            dimension=config.dimension,
            length=config.length,
            variance=config.deviation**2,
            strength=config.strength,
            regularisation=per_cluster * clusters,
            learning_rate=config.learning_rate,
            frames=config.frames,
            stride=config.stride,
        )
        for clusters, heads, per_cluster in [*cases, (*config.cases[0], 0.0)]
    ]


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """Add success: every centroid has a head aligned above .99."""
    return descents.with_success(dataset, 0.99)
