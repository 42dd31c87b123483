"""Random-features diffusion on images (Fashion-MNIST): the experiment on digits, on clothes."""

from __future__ import annotations

from experiments.diffusion_images import AXES, Config, grid, job, summarise

__all__ = ["AXES", "PRESETS", "Config", "grid", "job", "summarise"]

PRESETS = {
    "smoke": Config(seeds=4, data="fashion-mnist", per_class=180, dimension=8),
    "laptop": Config(data="fashion-mnist", per_class=180),
    "paper": Config(seeds=100, data="fashion-mnist", per_class=1000, dimension=30),
}
