"""Convex clustering of Fashion-MNIST: Rand index along the path by graph, against others."""

from __future__ import annotations

from experiments.convex_tables import AXES, HOST, MANY, Config, grid, job, summarise

__all__ = ["AXES", "HOST", "PRESETS", "Config", "grid", "job", "summarise"]

DATA = ("fashion-mnist",)
PRESETS = {
    "smoke": Config(
        seeds=4, data=DATA, rows=20, neighbours=(2, 3, 4, 8), kernels=("4:0.5",), levels=2
    ),
    "laptop": Config(data=DATA, kernels=("10:0.5",)),
    "paper": Config(
        seeds=100, data=DATA, rows=500, neighbours=(3, 5, 7, 10, 20, 40), kernels=MANY, levels=40
    ),
}  # fmt: skip
