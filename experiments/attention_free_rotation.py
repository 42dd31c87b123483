"""E3: random starts without a regulariser find the span, in a rotation that chance decides."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import xarray

from experiments.shared import descents
from experiments.shared.descents import AXES, CHUNK, TRACED, job

__all__ = ["AXES", "CHUNK", "PRESETS", "TRACED", "Config", "grid", "job", "summarise"]


@dataclass(frozen=True)
class Config:
    """Sizes of the run; `large_strength` is beyond the largest one, where heads leave the span."""

    seeds: int = 900
    dimension: int = 10
    strength: float = 0.6
    learning_rate: float = 0.1
    frames: int = 40
    stride: int = 20
    deviations: tuple[float, ...] = (0.0, 0.3)
    short_length: float = 3.0
    large_strength: float = 1.2


PRESETS = {
    "smoke": Config(seeds=32),
    "laptop": Config(),
    "paper": Config(seeds=8000, stride=100),
}


def grid(config: Config) -> list[dict]:
    """Infinite length per noise level; without noise a short length, then a large strength."""
    settings = [(np.inf, deviation, config.strength) for deviation in config.deviations]
    settings.append((config.short_length, 0.0, config.strength))
    settings.append((np.inf, 0.0, config.large_strength))
    return [
        descents.point(
            dimension=config.dimension,
            frames=config.frames,
            stride=config.stride,
            length=length,
            variance=deviation**2,
            strength=strength,
            learning_rate=config.learning_rate,
        )
        for length, deviation, strength in settings
    ]


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """Add success, whether the span was reached, and the first head's angle from an axis.

    With orthonormal heads in the span, alignment is the cosine of that angle, which is uniform on
    [0, pi/4] wherever the risk is invariant under rotations of the span (infinite length) and the
    start is; so ``P(alignment > t) = arccos(t) / (pi/4)``.
    """
    final_angle = np.arccos(np.minimum(dataset.final, 1.0))
    thresholds = np.asarray([0.99, *np.cos(np.pi / 4 * np.asarray([0.5, 0.75]))])
    passed = np.stack([(dataset.final > threshold).values for threshold in thresholds], axis=-1)
    return descents.with_success(
        dataset.assign(
            final_angle=final_angle,
            in_span=dataset.span.isel(frame=-1) > 0.999,
            passed=(("point", "seed", "threshold"), passed),
            threshold_alignment=("threshold", thresholds),
            theory_passed=("threshold", np.arccos(thresholds) / (np.pi / 4)),
        ),
        0.99,
    )
