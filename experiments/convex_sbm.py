"""Convex clustering on stochastic block models: what of the graph goes with its error."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import numpy as np
import xarray

from diversity_jax import seeds
from diversity_jax.convex_clustering import graphs
from experiments.shared import convex_study as study

HOST = True
AXES = study.AXES
EDGES = 1472  # six deviations above the mean number at the densest cell
ATTEMPTS = 200
# Of the paper's 24 x 24 probabilities .02 to .25, those where a graph is connected at all often:
# some two nodes at most are expected to have no edge.
CHANCES = (0.02, 0.05, 0.1, 0.17, 0.25)
CELLS = tuple(
    (within, between)
    for within in CHANCES
    for between in CHANCES
    if 100 * (1 - within) ** 24 * (1 - between) ** 75 < 2.5
)


@dataclass(frozen=True)
class Config:
    """`seeds` data sets, on each of which every cell has one graph."""

    seeds: int = 8
    cells: int = len(CELLS)


PRESETS = {"smoke": Config(seeds=4, cells=2), "laptop": Config(), "paper": Config(seeds=400)}


def grid(config: Config) -> list[dict]:
    """One point: every cell is seen on the same data sets."""
    return [{"cells": config.cells}]


def job(key: jax.Array, point: dict) -> dict[str, np.ndarray]:
    """One data set, a connected graph for each cell, and the path on it."""
    truth, noise = study.data_set(key)
    rows = []
    for within, between in chosen(point["cells"]):
        # One stream for all cells, so that a graph with larger chances holds one with smaller.
        for attempt in range(ATTEMPTS):
            graph = graphs.stochastic_block(
                seeds.stream(key, "graph", attempt), study.LABELS, within=within, between=between
            )
            if int(graphs.components(graph).max()) == 0 and graph.nodes == len(study.LABELS):
                break
        else:
            raise ValueError(f"no connected graph in {ATTEMPTS} at {within}, {between}")
        found = study.scored(truth, noise, graph, edges=EDGES)
        rows.append({**found, "kept": np.asarray(1 / (attempt + 1))})
    return {name: np.stack([row[name] for row in rows]) for name in rows[0]}


def chosen(number: int) -> list[tuple[float, float]]:
    """So many of the cells, spread over them."""
    return [CELLS[place] for place in np.linspace(0, len(CELLS) - 1, number).astype(int)]


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """Name cells and gammas."""
    cells = chosen(int(dataset.cells.values[0]))
    return dataset.assign_coords(
        factor=study.FACTORS,
        within=("graph", [cell[0] for cell in cells]),
        between_chance=("graph", [cell[1] for cell in cells]),
    )
