"""Convex clustering on graphs of very unlike design over the same points: what goes with error."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import jax
import numpy as np
import xarray

from diversity_jax import seeds
from diversity_jax.convex_clustering import graphs
from diversity_jax.convex_clustering.problem import Graph
from experiments.shared import convex_study as study

HOST = True
AXES = study.AXES
BLOCKS = {
    "blocks .05 / .05": (0.05, 0.05),
    "blocks .25 / .05": (0.25, 0.05),
    "blocks .25 / .25": (0.25, 0.25),
    "blocks .9 / .05": (0.9, 0.05),
}
DESIGNS = (
    "cliques, one edge a pair", *BLOCKS, "ring in order", "path in order", "ring, shuffled",
    "complete", "12 neighbours", "radius 2.5",
)  # fmt: skip


@dataclass(frozen=True)
class Config:
    """`seeds` data sets, each with a graph of every design."""

    seeds: int = 16
    designs: int = len(DESIGNS)


PRESETS = {
    "smoke": Config(seeds=3), "laptop": Config(), "paper": Config(seeds=400),
}  # fmt: skip


def grid(config: Config) -> list[dict]:
    """One point: designs share data sets."""
    return [{"designs": config.designs}]


def job(key: jax.Array, point: dict) -> dict[str, np.ndarray]:
    """One data set and the path on each design."""
    truth, noise = study.data_set(key)
    made = [design(name, key, truth + noise) for name in DESIGNS[: point["designs"]]]
    rows = [study.scored(truth, noise, graph) for graph in made]
    return study.stacked(rows, len(rows))


def design(name: str, key: jax.Array, points: np.ndarray) -> Graph:
    """A connected graph of that name on the points."""
    nodes = len(points)
    if name in BLOCKS:
        within, between = BLOCKS[name]
        return study.connected_blocks(
            key, name, labels=study.LABELS, within=within, between=between
        )
    if name == "cliques, one edge a pair":
        return _joined_cliques(seeds.numpy_generator(seeds.stream(key, "joints")))
    if name == "ring, shuffled":
        random = seeds.numpy_generator(seeds.stream(key, "order"))
        return graphs.ring(nodes, order=random.permutation(nodes))
    if name == "12 neighbours":
        return graphs.nearest(points, neighbours=12, connected=True)
    if name == "radius 2.5":
        return graphs.complete_components(points, graphs.geometric(points, radius=2.5))
    made = {"ring in order": graphs.ring, "path in order": graphs.path, "complete": graphs.complete}
    # The corners of the square in turn, so that neighbouring clusters are a side apart.
    order = np.concatenate([np.flatnonzero(each == study.LABELS) for each in (0, 1, 3, 2)])
    return made[name](nodes) if name == "complete" else made[name](nodes, order=order)


def _joined_cliques(random: np.random.Generator) -> Graph:
    """Every cluster complete, and one edge between any two of them."""
    members = [np.flatnonzero(each == study.LABELS) for each in range(study.CLUSTERS)]
    inside = [pair for each in members for pair in combinations(each, 2)]
    joints = [(random.choice(a), random.choice(b)) for a, b in combinations(members, 2)]
    edges = np.array([*inside, *joints])
    return Graph(edges, np.ones(len(edges)))


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """Name designs and gammas."""
    names = list(DESIGNS[: int(dataset.designs.values[0])])
    return dataset.assign_coords(factor=study.FACTORS, design=("graph", names))
