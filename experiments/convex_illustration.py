"""The paper's illustration: three clusters, their graphs with bottlenecks, and solution paths."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
import xarray

from diversity_jax import seeds
from diversity_jax.convex_clustering import graphs, solver, theory
from diversity_jax.convex_clustering.problem import Graph
from experiments.shared.labelled_tables import rand_index

HOST = True
# As the authors' code has them; its draw (R's generator, seed 2) cannot be had: ours is another.
EACH = 20
MEANS = np.array([[1.5, 2.0], [-2.5, 1.0], [0.0, -1.25]])
CORRELATIONS = (-0.4, 0.5, 0.0)
LABELS = np.repeat(np.arange(3), EACH)
NODES = len(LABELS)
MOST = NODES * (NODES - 1) // 2
# Neighbours, decay of the affinity, and whether squared distances are over their mean.
SHOWN = {
    "k=59": (59, 0.0, False), "k=59, decay 3": (59, 3.0, True), "k=3": (3, 0.0, False),
    "k=4": (4, 0.0, False), "k=6, decay 3": (6, 3.0, True), "k=14": (14, 0.0, False),
}  # fmt: skip
PATHS = {
    "k=3": (3, 0.0, False), "k=5, decay 2": (5, 2.0, True), "k=14": (14, 0.0, False),
    "all, decay 0.71": (59, 1 / np.sqrt(2), False), "oracle": None,
}  # fmt: skip
ORACLE = "oracle"
HALF, BRIDGES = 5, 3
TOLERANCE = 1e-5
AXES = {
    "points": ("node", "axis"),
    "edges": ("graph", "edge", "end"),
    "weights": ("graph", "edge"),
    "sensitivity": ("graph", "edge"),
    "between": ("graph",),
    "within": ("graph",),
    "above": ("graph", "labels"),
    "centroids": ("path", "level", "node", "axis"),
    "agreement": ("path", "level"),
    "share": ("path", "level"),
}


@dataclass(frozen=True)
class Config:
    """Each seed is one draw of the points; paths have `levels` gammas."""

    seeds: int = 10
    levels: int = 12


PRESETS = {
    "smoke": Config(seeds=4, levels=2), "laptop": Config(), "paper": Config(seeds=200, levels=60)
}  # fmt: skip


def grid(config: Config) -> list[dict]:
    """One point."""
    return [{"levels": config.levels}]


def job(key: jax.Array, point: dict[str, Any]) -> dict[str, np.ndarray]:
    """One draw: graphs with their sensitivities, inside and between clusters; and the paths."""
    random = seeds.numpy_generator(seeds.stream(key, "points"))
    points = MEANS[LABELS] + np.concatenate([
        random.multivariate_normal(np.zeros(2), [[1, one], [one, 1]], EACH) for one in CORRELATIONS
    ])  # fmt: skip
    shuffled = random.permutation(LABELS)
    parts = [described(nearest(points, *one), shuffled) for one in SHOWN.values()]
    paths = [
        path(points, cliques(points) if one is None else nearest(points, *one), point["levels"])
        for one in PATHS.values()
    ]
    return {
        "points": points,
        **{name: np.stack([one[name] for one in parts]) for name in parts[0]},
        **{name: np.stack([one[name] for one in paths]) for name in paths[0]},
    }


def nearest(points: np.ndarray, neighbours: int, decay: float, scaled: bool) -> Graph:
    """Nearest neighbours, components joined by their shortest edges; the kernel is an affinity."""
    return graphs.nearest(points, neighbours=neighbours, decay=decay, scaled=scaled, connected=True)


def cliques(points: np.ndarray) -> Graph:
    """Each cluster a clique, and each two joined by their shortest edge, at weights of one."""
    first, second = np.triu_indices(NODES, 1)
    apart = np.linalg.norm(points[first] - points[second], axis=1)
    kept = LABELS[first] == LABELS[second]
    for one, other in ((0, 1), (0, 2), (1, 2)):
        pair = (LABELS[first] == one) & (LABELS[second] == other)
        kept[np.where(pair, apart, np.inf).argmin()] = True
    return Graph(np.stack([first[kept], second[kept]], axis=1), np.ones(kept.sum()), nodes=NODES)


def described(graph: Graph, shuffled: np.ndarray) -> dict[str, np.ndarray]:
    """Its edges, padded by -1 and NaN, and the mean r_e within and between clusters.

    `above` is the share of pairs in which an edge between clusters has more than one within, and
    the same for labels dealt out at random.
    """
    ends, weights = np.asarray(graph.edges), np.asarray(graph.weights)
    found = np.asarray(theory.edge_sensitivity(graph))
    room = MOST - len(ends)
    return {
        "edges": np.pad(ends.astype(np.int16), ((0, room), (0, 0)), constant_values=-1),
        "weights": np.pad(weights, (0, room), constant_values=np.nan),
        "sensitivity": np.pad(found, (0, room), constant_values=np.nan),
        "within": np.asarray(split(found, ends, LABELS)[0].mean()),
        "between": np.asarray(split(found, ends, LABELS)[1].mean()),
        "above": np.array([above(*split(found, ends, one)) for one in (LABELS, shuffled)]),
    }


def split(values: np.ndarray, ends: np.ndarray, labels: np.ndarray) -> list[np.ndarray]:
    """Values of edges within and between clusters."""
    inside = labels[ends[:, 0]] == labels[ends[:, 1]]
    return [values[inside], values[~inside]]


def above(within: np.ndarray, between: np.ndarray) -> float:
    """The share of pairs in which the second is larger."""
    return float((between[:, None] > within).mean())


def path(points: np.ndarray, graph: Graph, levels: int) -> dict[str, np.ndarray]:
    """Centroids and Rand index from the points themselves to where all are one."""
    last = float(solver.gamma_max(points, graph, tolerance=0.1))
    gammas = last * np.linspace(0, 1, levels) ** 2
    found = solver.path(points, graph, gammas, tolerance=TOLERANCE)
    half = ((points - points.mean(axis=0)) ** 2).sum() / 2
    return {
        "centroids": np.asarray(found.centroids),
        "agreement": np.array([rand_index(LABELS, row) for row in np.asarray(found.labels)]),
        "share": np.asarray(found.gap) / half,
    }


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """Name graphs, and add the barbell: each edge's r_e and commute time."""
    barbell = graphs.barbell(2 * HALF, bridges=BRIDGES)
    ends = np.asarray(barbell.edges)
    times = np.asarray(theory.commute_times(barbell))[ends[:, 0], ends[:, 1]]
    return dataset.assign(
        theory_sensitivity=("bar", np.asarray(theory.edge_sensitivity(barbell))),
        theory_commute=("bar", times),
    ).assign_coords(
        barbell_edges=(("bar", "end"), ends),
        graph=list(SHOWN), path=list(PATHS), label=("node", LABELS), labels=["true", "dealt out"],
        fraction=("level", np.linspace(0, 1, dataset.sizes["level"]) ** 2),
    )  # fmt: skip
