"""Convex clustering on stochastic block models: what of the graph goes with its error."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import jax
import numpy as np
import xarray

from diversity_jax import seeds
from diversity_jax.convex_clustering import graphs
from experiments.shared import convex_study as study

HOST = True
CHANCES = [float(each) for each in np.round(np.arange(0.02, 0.2501, 0.01), 2)]
CELLS = tuple(product(CHANCES, CHANCES))  # within, between: the paper's 24 x 24
AXES = {**study.AXES, "within": ("graph",), "between_chance": ("graph",)}


@dataclass(frozen=True)
class Config:
    """`seeds` data sets, on each of which so many of the 576 `cells` have one graph."""

    seeds: int = 240
    cells: int = 1


PRESETS = {
    "smoke": Config(seeds=6, cells=4),
    "laptop": Config(),
    "paper": Config(seeds=10, cells=576),
}


def grid(config: Config) -> list[dict]:
    """One point."""
    return [{"cells": config.cells}]


def job(key: jax.Array, point: dict) -> dict[str, np.ndarray]:
    """One data set and the path on graphs of cells in random order, one graph a cell.

    Only connected graphs are kept, as in the paper: a cell without one is passed over, and NaN
    fills the end where all 576 are seen.
    """
    truth, noise = study.data_set(key)
    order = seeds.numpy_generator(seeds.stream(key, "cells")).permutation(len(CELLS))
    rows = []
    for place in order:
        within, between = CELLS[int(place)]
        graph = graphs.stochastic_block(
            seeds.stream(key, "graph", int(place)), study.LABELS, within=within, between=between
        )
        if not study.connected(graph, len(study.LABELS)):
            continue
        chances = {"within": within, "between_chance": between}
        rows.append({**study.scored(truth, noise, graph), **chances})
        if len(rows) == point["cells"]:
            break
    return study.stacked(rows, point["cells"])


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """Name gammas, and those at which the bound is looked at."""
    return dataset.assign_coords(factor=study.FACTORS, held=study.FACTORS[list(study.HELD)])
