"""Exact recovery of given clusters inside the window predicted for gamma, and far beyond it."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import numpy as np
import xarray

from diversity_jax import seeds
from diversity_jax.convex_clustering import graphs, solver, theory
from diversity_jax.convex_clustering.problem import Graph

HOST = True
MEASURED = ("recovered", "certified", "squared_error", "off", "bound", "bound_without_noise")
AXES = {name: ("place",) for name in MEASURED}
EACH, CLUSTERS = 8, 3
# Of the window: its ends and its middle; ten times beyond it, where clusters are one.
PLACES = ("lower end", "middle", "upper end", "beyond")
TOLERANCE = 1e-11
ATTEMPTS = 200


@dataclass(frozen=True)
class Config:
    """Each seed has its own points, graph and weights."""

    seeds: int = 60


PRESETS = {"smoke": Config(seeds=4), "laptop": Config(), "paper": Config(seeds=1000)}


def grid(config: Config) -> list[dict]:
    """Complete clusters, and clusters of random edges, for each norm."""
    return [
        {"within": within, "norm": norm} for within in (1.0, 0.8) for norm in ("l1", "l2", "linf")
    ]


def job(key: jax.Array, point: dict) -> dict[str, np.ndarray]:
    """Whether the solution's clusters are the labels at each place, read off and proved.

    A draw whose window is empty is drawn again; `tried` counts them.
    """
    labels = np.repeat(np.arange(CLUSTERS), EACH)
    for attempt in range(ATTEMPTS):
        random = seeds.numpy_generator(seeds.stream(key, "draw", attempt))
        points = 6 * random.standard_normal((CLUSTERS, 2))[labels]
        points += 0.25 * random.standard_normal(points.shape)
        shape = graphs.stochastic_block(
            seeds.stream(key, "graph", attempt), labels, within=point["within"], between=0.08
        )
        if shape.nodes < len(labels) or int(graphs.components(shape).max()):
            continue
        weights = np.exp(0.2 * random.standard_normal(shape.weights.shape[0]))
        graph = Graph(np.asarray(shape.edges), weights)
        window = theory.recovery_window(points, labels, graph, norm=point["norm"])
        lower, upper = float(window.lower), float(window.upper)
        if lower < 0.98 * upper and np.isfinite(upper):
            break
    else:
        raise ValueError(f"no window in {ATTEMPTS}")
    gammas = np.array([lower, (lower + upper) / 2, 0.99 * upper, 10 * upper])
    found = solver.path(points, graph, gammas, norm=point["norm"], tolerance=TOLERANCE)
    same = [_same(row, labels) for row in np.asarray(found.labels)]
    centroids = np.asarray(found.centroids)
    truth = np.stack([points[labels == each].mean(axis=0) for each in range(CLUSTERS)])[labels]
    noise = points - truth + random.standard_normal(2) / 5  # whose mean is a part of the bound
    truth = points - noise
    kept = {"norm": point["norm"], "centroids": None}
    bounds, without = [], []
    for gamma, rows in zip(gammas, centroids):
        kept["centroids"] = rows
        bounds.append(theory.recovery_bound(truth, noise, graph, gamma=gamma, **kept).bound)
        without.append(
            theory.recovery_bound(truth, noise, graph, gamma=gamma, level=0.0, **kept).bound
        )
    return {
        "squared_error": ((centroids - truth) ** 2).sum(axis=(1, 2)),
        "off": np.sqrt(2 * np.maximum(np.asarray(found.gap), 0)),
        "bound": np.array(bounds, float),
        "bound_without_noise": np.array(without, float),
        "recovered": np.array(same, float),
        "certified": np.asarray(found.certified).all(axis=1).astype(float),
        "tried": np.asarray(attempt + 1.0),
        "width": np.asarray(upper / lower),
    }


def _same(found: np.ndarray, labels: np.ndarray) -> bool:
    """Whether two labellings part the rows alike."""
    pairs = len(set(zip(found.tolist(), labels.tolist())))
    return pairs == len(set(found.tolist())) == len(set(labels.tolist()))


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """Name the places."""
    return dataset.assign_coords(place=list(PLACES))
