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
from diversity_jax.convex_clustering import graphs, problem, solver, theory
from diversity_jax.convex_clustering.problem import Graph

CLUSTERS, EACH = 4, 25
LABELS = np.repeat(np.arange(CLUSTERS), EACH)
MEANS = np.sqrt(2) * np.array([[1.0, 1], [1, -1], [-1, 1], [-1, -1]])
FACTORS = np.concatenate([np.geomspace(0.02, 1, 18), [1.5, 3.0]])
AT_RHO = 17
HELD = (9, AT_RHO, 19)  # places of the factors at which the bound is looked at
TOLERANCE = 1e-5
ATTEMPTS = 2000  # to draw a graph that is connected
EDGES = (1472, 4950)  # sizes to which graphs are padded, so that few programs serve all
PREDICTORS = (
    "oracle", "over_pairs", "bound", "rho", "truth_penalty", "between", "lambda_two",
    "resistance", "sensitivity",
)  # fmt: skip
AXES = {
    **{name: ("graph",) for name in PREDICTORS},
    **{name: ("graph", "factor") for name in ("error", "agreement")},
    **{name: ("graph", "held") for name in ("squared_error", "bound_on_it", "noise_part")},
}


def data_set(key: jax.Array) -> tuple[np.ndarray, np.ndarray]:
    """The truth `[100, 2]` and its noise."""
    random = seeds.numpy_generator(seeds.stream(key, "points"))
    truth = MEANS[LABELS]
    return truth, random.standard_normal(truth.shape)


def scored(truth: np.ndarray, noise: np.ndarray, graph: Graph) -> dict[str, np.ndarray]:
    """What is predicted of one connected graph, and the path's errors and Rand indices.

    `squared_error` is lowered by how far the solution at hand may be from the exact one;
    `noise_part` is what the noise level adds to `bound_on_it`, bound (A) with its own solution.
    """
    found = theory.predictors(truth, noise, LABELS, graph)
    rho, total = float(found.rho), float(found.truth_penalty)
    filled = even(graph)
    solutions, gaps, labels = solved(truth + noise, filled, FACTORS * rho)
    distance = np.sqrt(((solutions - truth) ** 2).sum(axis=(1, 2)))
    held = list(HELD)
    bounds = [
        theory.recovery_bound(
            truth, noise, graph, gamma=FACTORS[place] * rho, centroids=solutions[place], level=rho
        ).bound
        for place in held
    ]
    penalties = [float(problem.penalty(solutions[place], filled)) for place in held]
    values = {
        "oracle": found.oracle,
        "over_pairs": theory.sum_as_coded(truth, noise, graph).over_pairs,
        "bound": found.bound,
        "rho": found.rho,
        "truth_penalty": found.truth_penalty,
        "between": found.between.share,
        "lambda_two": found.connectivity.second_eigenvalue,
        "resistance": found.connectivity.largest_resistance,
        "sensitivity": found.connectivity.largest_sensitivity,
        "error": distance**2 / truth.size,
        "agreement": rand_indices(labels),
        "squared_error": np.maximum(distance - np.sqrt(2 * gaps), 0)[held] ** 2,
        "bound_on_it": np.array([float(bound) for bound in bounds]),
        "noise_part": rho * (total + np.array(penalties)),
    }
    return {name: np.asarray(value) for name, value in values.items()}


def solved(
    points: np.ndarray, graph: Graph, gammas: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Centroids, gaps and labels at each gamma, on a graph of one of the sizes of `even`."""
    runs = solver.batch(points[None], graph, gammas, tolerance=TOLERANCE)
    gaps = np.maximum(np.asarray(runs.gap[0]), 0)
    return np.asarray(runs.centroids[0]), gaps, np.asarray(runs.labels[0])


def pseudo_inverse(graph: Graph) -> tuple[np.ndarray, np.ndarray]:
    """F^+ `[m, n]` and the Laplacian `[n, n]`, by definition: dense, for small graphs."""
    edges, weights = np.asarray(graph.edges), np.asarray(graph.weights)
    rows = np.zeros((len(edges), graph.nodes))
    rows[np.arange(len(edges)), edges[:, 0]] = weights
    rows[np.arange(len(edges)), edges[:, 1]] = -weights
    return np.linalg.pinv(rows.T), rows.T @ rows


def connected_blocks(
    key: jax.Array, *names: str | int, labels: np.ndarray, within: float, between: float
) -> Graph:
    """The first stochastic block model of the stream `names` that is connected."""
    for attempt in range(ATTEMPTS):
        graph = graphs.stochastic_block(
            seeds.stream(key, *names, attempt), labels, within=within, between=between
        )
        if connected(graph, len(labels)):
            return graph
    raise ValueError(f"no connected graph in {ATTEMPTS} at {within}, {between}")


def connected(graph: Graph, nodes: int) -> bool:
    """Whether the graph joins all nodes."""
    return graph.nodes == nodes and int(graphs.components(graph).max()) == 0


def even(graph: Graph) -> Graph:
    """The graph with as many edges as others have, so that they share programs."""
    most = graph.weights.shape[0]
    return problem.padded(graph, min(size for size in EDGES if size >= most))


def stacked(rows: list[dict], number: int) -> dict[str, np.ndarray]:
    """Outputs of several graphs, NaN for those that are missing of `number`."""
    known = next(row for row in rows if row)
    shapes = {name: np.shape(array) for name, array in known.items()}
    filled = [*rows, *({} for _ in range(number - len(rows)))]
    return {
        name: np.stack([np.asarray(row.get(name, np.full(shape, np.nan))) for row in filled])
        for name, shape in shapes.items()
    }


def rand_indices(rows: np.ndarray) -> np.ndarray:
    """The adjusted Rand index of each labelling with the four clusters."""
    from sklearn.metrics import adjusted_rand_score

    found: dict[bytes, float] = {}
    for row in rows:
        if row.tobytes() not in found:
            found[row.tobytes()] = float(adjusted_rand_score(LABELS, row))
    return np.array([found[row.tobytes()] for row in rows])
