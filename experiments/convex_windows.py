"""Exact recovery of given clusters inside the window predicted for gamma, and far beyond it."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import numpy as np
import xarray

from diversity_jax import seeds
from diversity_jax.convex_clustering import graphs, solver, theory
from diversity_jax.convex_clustering.problem import Graph
from experiments.shared import convex_study as study

HOST = True
AXES = {name: ("place",) for name in ("squared_error", "off", "bound", "mean_term")}
EACH, CLUSTERS = 8, 3
PLACES = ("lower end", "middle", "upper end", "beyond")  # of the window; ten times its upper end
# Where recovery is looked for outside: shares of the lower end, multiples of the upper one.
BELOW, ABOVE = np.geomspace(0.05, 0.95, 10), np.geomspace(1.05, 6, 8)
TOLERANCE = 1e-11
ATTEMPTS = 200


@dataclass(frozen=True)
class Config:
    """Each seed has its own points, graph and weights."""

    seeds: int = 20


PRESETS = {"smoke": Config(seeds=4), "laptop": Config(), "paper": Config(seeds=1000)}


def grid(config: Config) -> list[dict]:
    """Complete clusters, and clusters of random edges, these for each norm."""
    kinds = ((1.0, "l2"), (0.8, "l2"), (0.8, "l1"), (0.8, "linf"))
    return [{"within": within, "norm": norm} for within, norm in kinds]


def job(key: jax.Array, point: dict) -> dict[str, np.ndarray]:
    """Where the solution's clusters are the labels, and bound (A) at each place.

    `starts` and `ends` are the smallest and the largest gamma of the unbroken run of recovery
    through the middle, over the window's ends. `without_push` and `one_side` are ends of a window
    (over the window's) that leaves out the pull of other clusters, and that on one of two.
    A draw whose window is empty is drawn again; `tried` counts them.
    """
    labels = np.repeat(np.arange(CLUSTERS), EACH)
    points, graph, window, attempt = drawn(key, point, labels)
    lower, upper = float(window.lower), float(window.upper)
    inside = np.array([lower, (lower + upper) / 2, 0.99 * upper])
    gammas = np.concatenate([lower * BELOW, inside, upper * ABOVE, [10 * upper]])
    found = solver.path(points, graph, gammas, norm=point["norm"], tolerance=TOLERANCE)
    same = np.array([_same(row, labels) for row in np.asarray(found.labels)])
    kept = [len(BELOW) + place for place in range(3)] + [len(gammas) - 1]
    random = seeds.numpy_generator(seeds.stream(key, "truth"))
    truth = np.stack([points[labels == each].mean(axis=0) for each in range(CLUSTERS)])[labels]
    truth += random.standard_normal(2)  # so that the noise has a mean, a part of the bound
    centroids = np.asarray(found.centroids)[kept]
    bounds = [
        theory.recovery_bound(
            truth, points - truth, graph, gamma=gammas[place], norm=point["norm"], centroids=rows
        )
        for place, rows in zip(kept, centroids)
    ]
    broken, middle = np.flatnonzero(~same), len(BELOW) + 1
    first = broken[broken < middle].max(initial=-1) + 1
    last = broken[broken > middle].min(initial=len(gammas)) - 1
    return {
        "squared_error": ((centroids - truth) ** 2).sum(axis=(1, 2)),
        "off": np.sqrt(2 * np.maximum(np.asarray(found.gap)[kept], 0)),
        "bound": np.array([float(one.bound) for one in bounds]),
        "mean_term": np.array([float(one.mean_term) for one in bounds]),
        "starts": np.asarray(gammas[first] / lower if same[middle] else np.inf),
        "ends": np.asarray(gammas[last] / upper if same[middle] else 0.0),
        "without_push": 1 - np.asarray(window.push).max(),
        "one_side": np.asarray(_one_side(points, labels, graph, point["norm"]) / upper),
        "tried": np.asarray(attempt + 1.0),
    }


def drawn(key: jax.Array, point: dict, labels: np.ndarray) -> tuple:
    """Points and a graph whose window is not empty, with it, and how many were passed over."""
    for attempt in range(ATTEMPTS):
        random = seeds.numpy_generator(seeds.stream(key, "draw", attempt))
        points = 6 * random.standard_normal((CLUSTERS, 2))[labels]
        points += 0.25 * random.standard_normal(points.shape)
        shape = graphs.stochastic_block(
            seeds.stream(key, "graph", attempt), labels, within=point["within"], between=0.08
        )
        if not study.connected(shape, len(labels)):
            continue
        weights = np.exp(0.2 * random.standard_normal(shape.weights.shape[0]))
        graph = Graph(np.asarray(shape.edges), weights)
        window = theory.recovery_window(points, labels, graph, norm=point["norm"])
        if window.lower < 0.98 * window.upper and np.isfinite(window.upper):
            return points, graph, window, attempt
    raise ValueError(f"no window in {ATTEMPTS}")


def _one_side(points: np.ndarray, labels: np.ndarray, graph: Graph, norm: str) -> float:
    """The upper end if only the stronger of two clusters' pulls moved them."""
    edges, weights = np.asarray(graph.edges), np.asarray(graph.weights)
    ends = labels[edges]
    apart = ends[:, 0] != ends[:, 1]
    leaving = np.bincount(ends[apart].ravel(), np.repeat(weights[apart], 2), CLUSTERS) / EACH
    means = np.stack([points[labels == each].mean(axis=0) for each in range(CLUSTERS)])
    order = {"l1": np.inf, "l2": 2, "linf": 1}[norm]
    return min(
        np.linalg.norm(means[a] - means[b], order) / max(leaving[a], leaving[b])
        for a in range(CLUSTERS)
        for b in range(a)
    )


def _same(found: np.ndarray, labels: np.ndarray) -> bool:
    """Whether two labellings part the rows alike."""
    pairs = len(set(zip(found.tolist(), labels.tolist())))
    return pairs == len(set(found.tolist())) == len(set(labels.tolist()))


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """Name the places."""
    return dataset.assign_coords(place=list(PLACES))
