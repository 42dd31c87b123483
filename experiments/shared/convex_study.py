"""Four Gaussian clusters and one graph on them: the error along the path, and what goes with it.

The setting of 2605.24673's experiments, as its authors' code has it: 25 points a cluster, unit
covariance, means ``sqrt(2) (+-1, +-1)``. Gammas are multiples of the graph's own noise level rho,
the gamma of the theorem, instead of the authors' grid 0, .01, ..., 100: the error is least at a
tenth to a third of rho whatever the graph, so that few of them do.
"""

from __future__ import annotations

import jax
import numpy as np

from diversity_jax import seeds
from diversity_jax.convex_clustering import problem, solver, theory
from diversity_jax.convex_clustering.problem import Graph

CLUSTERS, EACH = 4, 25
LABELS = np.repeat(np.arange(CLUSTERS), EACH)
MEANS = np.sqrt(2) * np.array([[1.0, 1], [1, -1], [-1, 1], [-1, -1]])
FACTORS = np.concatenate([np.geomspace(0.02, 1, 18), [1.5, 3.0]])
AT_RHO = 17
HELD = (9, 13, AT_RHO, 18, 19)  # places of the factors at which the bound is looked at
TOLERANCE = 1e-5
PREDICTORS = ("oracle", "bound", "rho", "truth_penalty", "between", "lambda_two", "resistance")
AXES = {
    **{name: ("graph",) for name in (*PREDICTORS, "sensitivity", "kept")},
    **{name: ("graph", "factor") for name in ("error", "agreement", "gap")},
    "bounded": ("graph", "held"),
}


def data_set(key: jax.Array) -> tuple[np.ndarray, np.ndarray]:
    """The truth `[100, 2]` and its noise."""
    random = seeds.numpy_generator(seeds.stream(key, "points"))
    truth = MEANS[LABELS]
    return truth, random.standard_normal(truth.shape)


def scored(
    truth: np.ndarray, noise: np.ndarray, graph: Graph, *, edges: int
) -> dict[str, np.ndarray]:
    """What is predicted of one graph, and the path's mean squared errors and Rand indices.

    `bounded` is squared error over its bound (A), each gamma by its own solution; the squared error
    is lowered by how far the solution at hand may be from the exact one. `edges` pads the graph, so
    that all share one program.
    """
    found = theory.predictors(truth, noise, LABELS, graph)
    gammas = FACTORS * float(found.rho)
    points = truth + noise
    runs = solver.batch(points[None], problem.padded(graph, edges), gammas, tolerance=TOLERANCE)
    centroids, gaps = np.asarray(runs.centroids[0]), np.asarray(runs.gap[0])
    distance = np.sqrt(((centroids - truth) ** 2).sum(axis=(1, 2)))
    bounds = [
        theory.recovery_bound(
            truth, noise, graph, gamma=gammas[place], centroids=centroids[place]
        ).bound
        for place in HELD
    ]
    surely = np.maximum(distance - np.sqrt(2 * np.maximum(gaps, 0)), 0)[list(HELD)] ** 2
    return {
        "oracle": np.asarray(found.oracle),
        "bound": np.asarray(found.bound),
        "rho": np.asarray(found.rho),
        "truth_penalty": np.asarray(found.truth_penalty),
        "between": np.asarray(found.between.share),
        "lambda_two": np.asarray(found.connectivity.second_eigenvalue),
        "resistance": np.asarray(found.connectivity.largest_resistance),
        "sensitivity": np.asarray(found.connectivity.largest_sensitivity),
        "error": distance**2 / truth.size,
        "agreement": np.array([rand_index(row) for row in np.asarray(runs.labels[0])]),
        "bounded": surely / np.array([float(bound) for bound in bounds]),
        "gap": gaps,
    }


def rand_index(labels: np.ndarray) -> float:
    """The adjusted Rand index of labels with the four clusters."""
    from sklearn.metrics import adjusted_rand_score

    return float(adjusted_rand_score(LABELS, labels))
