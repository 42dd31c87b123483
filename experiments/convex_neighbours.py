"""Convex clustering on graphs of nearest neighbours: how many, and with which weights."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import numpy as np
import xarray

from diversity_jax.convex_clustering import graphs
from experiments.shared import convex_study as study

HOST = True
AXES = study.AXES
DECAYS = {"unit": 0.0, "kernel": 1.0}  # of the affinity exp(-decay d^2)


@dataclass(frozen=True)
class Config:
    """`seeds` data sets, each with graphs of `neighbours` (of the paper's 1 to 99)."""

    seeds: int = 12
    neighbours: tuple[int, ...] = (3, 4, 5, 6, 8, 12, 20, 35, 60, 99)


PRESETS = {
    "smoke": Config(seeds=4, neighbours=(6, 12)),
    "laptop": Config(),
    "paper": Config(seeds=10_000, neighbours=tuple(range(1, 100))),
}


def grid(config: Config) -> list[dict]:
    """Graphs of one weight, and of a kernel's."""
    return [{"weights": name, "neighbours": config.neighbours} for name in DECAYS]


def job(key: jax.Array, point: dict) -> dict[str, np.ndarray]:
    """One data set, its graphs by number of neighbours, and the path on each.

    Graphs in several components are left out, as in the paper: NaN.
    """
    truth, noise = study.data_set(key)
    rows = []
    for neighbours in point["neighbours"]:
        graph = graphs.nearest(truth + noise, neighbours=neighbours, decay=DECAYS[point["weights"]])
        kept = int(graphs.components(graph).max()) == 0
        edges = 1472 if graph.weights.shape[0] <= 1472 else 4950
        found = study.scored(truth, noise, graph, edges=edges) if kept else {}
        rows.append({**found, "kept": np.asarray(float(kept))})
    shapes = {name: array.shape for row in rows for name, array in row.items()}
    return {
        name: np.stack([row.get(name, np.full(shape, np.nan)) for row in rows])
        for name, shape in shapes.items()
    }


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """Name graphs and gammas."""
    counts = dataset.neighbours.values[0]
    return dataset.assign_coords(factor=study.FACTORS, count=("graph", np.asarray(counts)))
