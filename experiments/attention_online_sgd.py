"""E8: linear heads trained by online SGD on sampled sequences, with and without a regulariser."""

from __future__ import annotations

from dataclasses import dataclass

import xarray

from experiments.shared.sgd import AXES, job

__all__ = ["AXES", "PRESETS", "Config", "grid", "job", "summarise"]


@dataclass(frozen=True)
class Config:
    """Sizes of the run; one step sees `batch` fresh sequences of `tokens` tokens."""

    seeds: int = 64
    dimension: int = 5
    tokens: int = 30
    deviation: float = 0.3
    strength: float = 0.6
    learning_rate: float = 0.05
    batch: int = 32
    frames: int = 25
    stride: int = 30
    layer: str = "linear"
    precision: str = "float32"
    regularisations: tuple[float, ...] = (0.1, 0.0)


PRESETS = {
    "smoke": Config(seeds=4, stride=6),
    "laptop": Config(),
    "paper": Config(seeds=400, learning_rate=0.02, stride=100),
}


def grid(config: Config) -> list[dict]:
    """With the regulariser, then without."""
    return [
        {
            "layer": config.layer,
            "precision": config.precision,
            "dimension": config.dimension,
            "tokens": config.tokens,
            "batch": config.batch,
            "frames": config.frames,
            "stride": config.stride,
            "variance": config.deviation**2,
            "strength": config.strength,
            "learning_rate": config.learning_rate,
            "regularisation": regularisation,
        }
        for regularisation in config.regularisations
    ]


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """Add success at alignment .95 and the misalignment that is left."""
    return dataset.assign(
        success=dataset.final > 0.95, misalignment=1 - dataset.final.clip(max=1 - 1e-12)
    )
