"""The layers on real images (Fashion-MNIST): the experiment on digits, on clothes."""

from __future__ import annotations

from experiments.attention_images import AXES, CHUNK, HOST, Config, grid, job, summarise

__all__ = ["AXES", "CHUNK", "HOST", "PRESETS", "Config", "grid", "job", "summarise"]

SETS = (
    "T-shirt/top|Trouser", "Sneaker|Ankle boot", "Pullover|Coat", "T-shirt/top|Trouser|Bag",
    "Sandal|Sneaker|Ankle boot",
)  # fmt: skip

PRESETS = {
    "smoke": Config(
        seeds=2, data="fashion-mnist", sets=SETS[::3], per_class=200, tokens=3000, steps=200
    ),
    "laptop": Config(data="fashion-mnist", sets=SETS, per_class=500),
    "paper": Config(
        seeds=100, data="fashion-mnist", sets=SETS, per_class=3000, tokens=90000, batch=64,
        steps=6000,
    ),
}  # fmt: skip
