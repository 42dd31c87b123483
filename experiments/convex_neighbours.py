"""Convex clustering on graphs of nearest neighbours: how many, and with which weights."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import numpy as np
import xarray

from diversity_jax.convex_clustering import graphs, theory
from experiments.shared import convex_study as study

HOST = True
DECAYS = {"unit": 0.0, "kernel": 1.0}  # of the affinity exp(-decay d^2)
CODED = ("shortfall", "oracle_solved")
AXES = {**study.AXES, **{name: ("graph",) for name in CODED}}


@dataclass(frozen=True)
class Config:
    """`seeds` data sets, each with graphs of `neighbours` (of the paper's 1 to 99)."""

    seeds: int = 16
    neighbours: tuple[int, ...] = (5, 8, 12, 20, 35, 60, 99)


PRESETS = {
    "smoke": Config(seeds=3, neighbours=(12, 20, 35, 60, 99)),
    "laptop": Config(),
    "paper": Config(seeds=12, neighbours=tuple(range(1, 100))),
}


def grid(config: Config) -> list[dict]:
    """Graphs of one weight, and of a kernel's."""
    return [{"weights": name, "neighbours": config.neighbours} for name in DECAYS]


def job(key: jax.Array, point: dict) -> dict[str, np.ndarray]:
    """One data set, its graphs by number of neighbours, and the path on each.

    Graphs in several components are left out, as in the paper: NaN. `shortfall` is the noise level
    of the affinity itself as the weight (which the paper's public code solves with) over that of
    its root (which it reads gamma off), `oracle_solved` the former's oracle term.
    """
    truth, noise = study.data_set(key)
    rows = []
    for neighbours in point["neighbours"]:
        graph = graphs.nearest(truth + noise, neighbours=neighbours, decay=DECAYS[point["weights"]])
        if int(graphs.components(graph).max()):
            rows.append({})
        else:
            coded = theory.weights_as_coded(truth, noise, graph)
            own = {name: getattr(coded, name) for name in CODED}
            rows.append({**study.scored(truth, noise, graph), **own})
    return study.stacked(rows, len(rows))


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """Name graphs and gammas."""
    counts = dataset.neighbours.values[0]
    return dataset.assign_coords(
        factor=study.FACTORS,
        held=study.FACTORS[list(study.HELD)],
        count=("graph", np.asarray(counts)),
    )
