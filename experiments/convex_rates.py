"""How the error bound grows with n on graphs of known design: noise drawn, and closed forms."""

from __future__ import annotations

from dataclasses import dataclass

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
DESIGNS = ("complete", "ring", "path", "barbell", "shuffled_ring")
BRIDGES, DIMENSION = 3, 2


@dataclass(frozen=True)
class Config:
    """`nodes` in four clusters of equal size, two on a barbell, at the study's distances."""

    seeds: int = 200
    nodes: tuple[int, ...] = (40, 80, 160, 320)


PRESETS = {
    "smoke": Config(seeds=4, nodes=(16, 24, 32)),
    "laptop": Config(),
    "paper": Config(seeds=400, nodes=(80, 160, 320, 640, 1280)),
}


def grid(config: Config) -> list[dict]:
    """Every design at all numbers of nodes."""
    return [{"design": name, "nodes": config.nodes} for name in DESIGNS]


def job(key: jax.Array, point: dict) -> dict[str, np.ndarray]:
    """``2 rho J / (n p)`` of one draw of the noise, on each number of nodes."""
    drawn = []
    for nodes in point["nodes"]:
        random = seeds.numpy_generator(seeds.stream(key, "noise", nodes))
        order = random.permutation(nodes)
        graph = made(point["design"], nodes, order)
        truth = means(point["design"], nodes)
        found = theory.recovery_bound(truth, random.standard_normal(truth.shape), graph, gamma=0.0)
        drawn.append(2 * float(found.rho) * float(found.truth_penalty) / truth.size)
    return {"drawn": np.array(drawn)}


def made(design: str, nodes: int, order: np.ndarray) -> Graph:
    """The graph of a design, through the nodes in `order` where that is shuffled."""
    if design == "barbell":
        return graphs.barbell(nodes, bridges=BRIDGES)
    if design == "shuffled_ring":
        return graphs.ring(nodes, order=order)
    return {"complete": graphs.complete, "ring": graphs.ring, "path": graphs.path}[design](nodes)


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
    found = theory.design_bound(
        design,  # pyright: ignore[reportArgumentType]
        2 if design == "barbell" else 4,
        nodes // (2 if design == "barbell" else 4),
        distance=mixed if design in ("complete", "shuffled_ring") else side,
        dimension=DIMENSION,
        deviation=1.0,
        bridges=BRIDGES,
    )
    return float(found.mean_squared)


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """Add what closed forms say at each size, and the orders that are claimed."""
    sizes = np.asarray(dataset.nodes.values[0])
    names = [str(name) for name in dataset.design.values]
    levels = [[predicted(name, int(nodes)) for nodes in sizes] for name in names]
    growth = [theory.design_growth(name) for name in names]  # pyright: ignore[reportArgumentType]
    powers = jnp.stack([one.exponent for one in growth])
    logs = jnp.stack([one.log_power_of_draws for one in growth])
    return dataset.assign(
        theory_level=(("point", "size"), np.array(levels)),
        theory_exponent=("point", np.asarray(powers)),
        theory_log_power=("point", np.asarray(logs)),
    ).assign_coords(size=sizes)
