"""How the error bound grows with n on graphs of known design: noise drawn, and closed forms."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import xarray

from diversity_jax import seeds
from diversity_jax.convex_clustering import graphs, theory
from diversity_jax.convex_clustering.problem import Graph
from experiments.shared import convex_study as study

HOST = True
AXES = {"drawn": ("size",)}
DESIGNS = ("complete", "ring", "path", "barbell", "shuffled_ring", "blocks", "sparse_blocks")
KNOWN = {"path": 4, "barbell": 2}  # with their clusters: the limit's constant has a closed form
BRIDGES, DIMENSION = 1, 2
WITHIN, BETWEEN = 0.5, 0.1  # of blocks; between / sqrt(n / 100) where that falls


@dataclass(frozen=True)
class Config:
    """`nodes` in four clusters of equal size, two on a barbell, at the study's distances."""

    seeds: int = 24
    draws: int = 16
    nodes: tuple[int, ...] = (40, 80, 160, 320, 640)


PRESETS = {
    "smoke": Config(seeds=4, draws=2, nodes=(16, 24, 32, 40)),
    "laptop": Config(),
    "paper": Config(seeds=100, nodes=(80, 160, 320, 640, 1280)),
}


def grid(config: Config) -> list[dict]:
    """Every design at all numbers of nodes, with more draws where a constant is known."""
    return [
        {
            "design": name,
            "nodes": config.nodes,
            "draws": config.draws * (6 if name in KNOWN else 1),
        }
        for name in DESIGNS
    ]


def job(key: jax.Array, point: dict) -> dict[str, np.ndarray]:
    """``2 rho J / (n p)``, a mean over draws of the noise, on each number of nodes."""
    drawn = []
    for nodes in point["nodes"]:
        random = seeds.numpy_generator(seeds.stream(key, "noise", nodes))
        truth = means(point["design"], nodes)
        if point["design"].endswith("blocks"):
            edges, weights, inverse = _prepared(_blocks(point["design"], nodes, key))
        else:
            edges, weights, inverse = _fixed(point["design"], nodes)
        if point["design"] == "shuffled_ring":
            truth = random.permutation(truth)
        total = (weights * _lengths(truth, edges)).sum()
        levels = [
            (weights * _lengths(inverse @ random.standard_normal(truth.shape), edges)).max()
            for _ in range(point["draws"])
        ]
        drawn.append(2 * np.mean(levels) * total / truth.size)
    return {"drawn": np.array(drawn)}


def _lengths(rows: np.ndarray, edges: np.ndarray) -> np.ndarray:
    first, second = edges.T
    return np.sqrt(sum((column[first] - column[second]) ** 2 for column in rows.T))


def _prepared(graph: Graph) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    inverse = np.asarray(theory.laplacian_inverse(graph))
    return np.asarray(graph.edges), np.asarray(graph.weights), inverse


@cache
def _fixed(design: str, nodes: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A graph that no seed changes, with the inverse of its Laplacian."""
    if design == "barbell":
        return _prepared(graphs.barbell(nodes, bridges=BRIDGES))
    made = {"complete": graphs.complete, "path": graphs.path}.get(design, graphs.ring)
    return _prepared(made(nodes))


def _blocks(design: str, nodes: int, key: jax.Array) -> Graph:
    """A block model of four clusters, the first that is connected."""
    labels = np.repeat(np.arange(study.CLUSTERS), nodes // study.CLUSTERS)
    return study.connected_blocks(
        key, "graph", nodes, labels=labels, within=WITHIN, between=chance(design, nodes)
    )


def chance(design: str, nodes: int) -> float:
    """That of an edge between blocks."""
    return BETWEEN * (1.0 if design == "blocks" else float(np.sqrt(100 / nodes)))


def means(design: str, nodes: int) -> np.ndarray:
    """The truth: four means round a square of side ``2 sqrt 2``, or two at that distance."""
    corners = study.MEANS[[0, 1, 3, 2]]
    corners = corners[:2] if design == "barbell" else corners
    return np.repeat(corners, nodes // len(corners), axis=0)


def predicted(design: str, nodes: int) -> float:
    """The same from closed forms, rho by its union bound: what it grows like is of interest.

    On a ring or a path in the clusters' order neighbours are a side apart; on the others any two
    clusters are joined, and diagonals count.
    """
    side = 2 * np.sqrt(2)
    mixed = side * (2 + np.sqrt(2)) / 3
    aligned = design in ("ring", "path", "barbell")
    kind = "blocks" if design == "sparse_blocks" else design
    found = theory.design_bound(
        kind,  # pyright: ignore[reportArgumentType]
        2 if design == "barbell" else 4,
        nodes // (2 if design == "barbell" else 4),
        distance=side if aligned else mixed,
        dimension=DIMENSION,
        deviation=1.0,
        bridges=BRIDGES,
        within=WITHIN,
        between=chance(design, nodes),
    )
    return float(found.mean_squared)


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """Add what closed forms say at each size, and the orders that are claimed."""
    sizes = np.asarray(dataset.nodes.values[0])
    names = [str(name) for name in dataset.design.values]
    levels = [[predicted(name, int(nodes)) for nodes in sizes] for name in names]
    growth = [
        theory.design_growth(
            "blocks" if name == "sparse_blocks" else name,  # pyright: ignore[reportArgumentType]
            between_exponent=0.5 if name == "sparse_blocks" else 0.0,
        )
        for name in names
    ]
    powers = jnp.stack([one.exponent for one in growth])
    logs = jnp.stack([one.log_power_of_draws for one in growth])
    side = 2 * np.sqrt(2)
    constants = [
        theory.design_constant(
            name,  # pyright: ignore[reportArgumentType]
            KNOWN[name],
            distance=side,
            dimension=DIMENSION,
            deviation=1.0,
        )
        if name in KNOWN
        else np.nan
        for name in names
    ]
    return dataset.assign(
        theory_constant=("point", np.array([float(value) for value in constants])),
        theory_level=(("point", "size"), np.array(levels)),
        theory_exponent=("point", np.asarray(powers)),
        theory_log_power=("point", np.asarray(logs)),
    ).assign_coords(size=sizes)
