"""E9: the same training with softmax heads: a negative result, kept as one."""

from __future__ import annotations

from dataclasses import dataclass

from experiments.attention_online_sgd import Config as Linear
from experiments.attention_online_sgd import grid, summarise
from experiments.shared.sgd import AXES, job

__all__ = ["AXES", "PRESETS", "Config", "grid", "job", "summarise"]


@dataclass(frozen=True)
class Config(Linear):
    """Sizes of the run; as for linear heads, with a larger strength inside the softmax."""

    seeds: int = 24
    strength: float = 4.0
    layer: str = "softmax"


PRESETS = {
    "smoke": Config(seeds=4, stride=4),
    "laptop": Config(),
    "paper": Config(seeds=400, learning_rate=0.02, stride=100),
}
