"""E5: random starts with a moderate regulariser, over dimension, length and noise."""

from __future__ import annotations

from dataclasses import dataclass

import xarray

from diversity_jax.attention import theory
from experiments.shared import descents
from experiments.shared.descents import AXES, CHUNK, TRACED, job

__all__ = ["AXES", "CHUNK", "PRESETS", "TRACED", "Config", "grid", "job", "summarise"]


@dataclass(frozen=True)
class Config:
    """Sizes of the run: one parameter at a time around dimension 10, length 30, deviation 0.3."""

    seeds: int = 32
    frames: int = 40
    stride: int = 75
    learning_rate: float = 0.05
    regularisation: float = 0.2
    dimensions: tuple[int, ...] = (2, 20, 50)
    lengths: tuple[float, ...] = (2.0, 5.0, 30.0, 200.0)
    deviations: tuple[float, ...] = (0.3, 0.5, 0.8, 1.2)


PRESETS = {
    "smoke": Config(seeds=8, dimensions=(5,), lengths=(5.0,), deviations=(0.5,), stride=60),
    "laptop": Config(),
    "paper": Config(seeds=800),
}


def grid(config: Config) -> list[dict]:
    """One point per varied value, and last the middle one without a regulariser."""
    size = config.regularisation
    cases = [(d, 30.0, 0.3, size) for d in config.dimensions]
    cases += [(10, length, 0.3, size) for length in config.lengths]
    cases += [(10, 30.0, deviation, size) for deviation in config.deviations]
    # The middle setting lies on two of the three lines.
    cases = list(dict.fromkeys(cases))
    points = []
    for dimension, length, deviation, regularisation in [*cases, (10, 30.0, 0.3, 0.0)]:
        largest = theory.strengths(
            dimension=dimension, length=length, variance=deviation**2
        ).largest
        points.append(
            descents.point(
                dimension=dimension,
                length=length,
                variance=deviation**2,
                strength=min(0.6, 0.9 * float(largest)),
                regularisation=regularisation,
                learning_rate=config.learning_rate,
                frames=config.frames,
                stride=config.stride,
            )
        )
    return points


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """Add success at alignment .99 and the number of steps to reach .9."""
    reached = (dataset.alignment > 0.9).argmax("frame")
    never = ~(dataset.alignment > 0.9).any("frame")
    steps = (reached + 1) * dataset.stride
    return descents.with_success(dataset, 0.99).assign(steps_to_reach=steps.where(~never))
