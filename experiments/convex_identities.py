"""Identities of edge sensitivities, closed forms on named graphs, and solutions known in full."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import numpy as np
import xarray

from diversity_jax import seeds
from diversity_jax.convex_clustering import graphs, solver, theory
from diversity_jax.convex_clustering.problem import Graph
from diversity_jax.convex_clustering.theory import EdgeValues
from experiments.shared import convex_study as study

HOST = True
NODES, EDGES, ROWS = 24, 16, 6
PER_EDGE = (
    "square", "square_theory", "square_commute", "square_uncentred", "square_hitting",
    "resistance", "resistance_theory", "upper", "lower",
)  # fmt: skip
SOLVED = (
    "pair", "pair_formula", "pair_spoiled", "line", "line_formula", "line_spoiled",
    "simplex", "simplex_formula", "simplex_spoiled",
)  # fmt: skip
NAMED = ("complete", "ring", "path", "star", "barbell 1", "barbell 3", "barbell 10")
AXES = {
    **{name: ("edge",) for name in PER_EDGE},
    **{name: ("row",) for name in SOLVED},
    **{name: ("case", "kind") for name in ("named", "named_formula", "named_spoiled")},
    "tree_clusters": ("side",),
}


@dataclass(frozen=True)
class Config:
    """`seeds` random graphs of each design, with weights over two decades."""

    seeds: int = 12


PRESETS = {"smoke": Config(seeds=4), "laptop": Config(), "paper": Config(seeds=400)}


def grid(config: Config) -> list[dict]:
    """Sparse, dense and bottlenecked graphs."""
    return [{"design": name} for name in ("neighbours", "blocks", "barbell")]


def job(key: jax.Array, point: dict) -> dict[str, np.ndarray]:
    """Both sides of each identity, and what spoils it."""
    random = seeds.numpy_generator(seeds.stream(key, "weights"))
    shape = _shape(point["design"], key)
    weights = 10 ** random.uniform(-1, 1, shape.weights.shape[0])
    graph = Graph(np.asarray(shape.edges), weights, nodes=NODES)
    chosen = random.choice(len(weights), EDGES, replace=False)
    return {
        **_sensitivities(graph, chosen),
        **_named(random.uniform(0.5, 2)),
        **_solutions(random),
        "tree_clusters": _tree(random),
    }


def _shape(design: str, key: jax.Array) -> Graph:
    if design == "barbell":
        return graphs.barbell(NODES, bridges=2)
    points = seeds.numpy_generator(seeds.stream(key, "points")).standard_normal((NODES, 2))
    if design == "neighbours":
        return graphs.nearest(points, neighbours=3, connected=True)
    drawn = graphs.stochastic_block(
        seeds.stream(key, "blocks"), np.arange(NODES) % 3, within=0.8, between=0.1
    )
    whole = Graph(np.asarray(drawn.edges), np.asarray(drawn.weights), nodes=NODES)
    return graphs.complete_components(points, whole)


def _sensitivities(graph: Graph, chosen: np.ndarray) -> dict[str, np.ndarray]:
    """By a pseudo-inverse of F, by the theory, and by walks that are solved step by step."""
    edges, weights = np.asarray(graph.edges), np.asarray(graph.weights)
    inverse, laplacian = study.pseudo_inverse(graph)
    times = _hitting(laplacian)
    volume = np.trace(laplacian)
    i, j = edges[chosen].T
    commute = times + times.T
    across = commute[:, j] - commute[:, i]
    reached = times[:, j] - times[:, i]
    conductances = weights[chosen] ** 2
    sensitivity = np.asarray(theory.edge_sensitivity(graph))
    resistance = np.asarray(theory.effective_resistance(graph))
    ones = np.asarray(theory.connectivity(graph).second_eigenvalue)
    return {
        "square": (inverse**2).sum(axis=1)[chosen],
        "square_theory": sensitivity[chosen] ** 2,
        "square_commute": conductances / (4 * volume**2) * _spread(across),
        "square_uncentred": conductances / (4 * volume**2) * (across**2).sum(axis=0),
        "square_hitting": conductances / volume**2 * _spread(reached),
        "resistance": commute[i, j] / volume,
        "resistance_theory": resistance[chosen],
        "upper": conductances * resistance[chosen] / ones,
        "lower": conductances * resistance[chosen] ** 2 / 2,
        "trace": np.trace(np.linalg.pinv(laplacian)),
        "trace_theory": (sensitivity**2).sum(),
        "foster": (weights**2 * resistance).sum(),
        "foster_unsquared": (weights * resistance).sum(),
    }


def _hitting(laplacian: np.ndarray) -> np.ndarray:
    """Mean hitting times from one step of the walk: ``H = 1 + P H``, zero at the target."""
    size = len(laplacian)
    steps = np.eye(size) - laplacian / np.diag(laplacian)[:, None]
    times = np.zeros((size, size))
    for target in range(size):
        others = np.arange(size) != target
        left = np.eye(size - 1) - steps[np.ix_(others, others)]
        times[others, target] = np.linalg.solve(left, np.ones(size - 1))
    return times


def _spread(columns: np.ndarray) -> np.ndarray:
    return ((columns - columns.mean(axis=0)) ** 2).sum(axis=0)


def _named(weight: float) -> dict[str, np.ndarray]:
    """Largest squared sensitivity and resistance on named graphs of 20 nodes, all at one weight."""
    made = {
        "complete": (graphs.complete(20, weight=weight), theory.complete_edges(20, weight=weight)),
        "ring": (graphs.ring(20, weight=weight), theory.ring_edges(20, weight=weight)),
        "path": (graphs.path(20, weight=weight), theory.path_edges(20, weight=weight)),
        "star": (graphs.star(20, weight=weight), theory.star_edges(20, weight=weight)),
    }
    for bridges in (1, 3, 10):
        kinds = theory.barbell_edges(20, bridges=bridges, weight=weight)
        graph = graphs.barbell(20, bridges=bridges, weight=weight)
        made[f"barbell {bridges}"] = (graph, kinds.bridge)
    found, formula, spoiled = [], [], []
    for name in NAMED:
        graph, values = made[name]
        inverse, laplacian = study.pseudo_inverse(graph)
        opposite = np.linalg.pinv(laplacian)
        edges = np.asarray(graph.edges)
        apart = opposite[edges[:, 0]] - opposite[edges[:, 1]]
        between = apart[np.arange(len(edges)), edges[:, 0]]
        between = between - apart[np.arange(len(edges)), edges[:, 1]]
        found.append([(inverse**2).sum(axis=1).max(), between.max()])
        formula.append(_largest(values))
        # As if the weight were the affinity.
        spoiled.append(np.array(_largest(values)) * weight)
    return {
        "named": np.array(found),
        "named_formula": np.array(formula),
        "named_spoiled": np.array(spoiled),
    }


def _largest(values: EdgeValues) -> list[float]:
    return [float(np.max(values.sensitivity)) ** 2, float(np.max(values.resistance))]


def _solutions(random: np.random.Generator) -> dict[str, np.ndarray]:
    """Objectives of the solver on problems that are solved by hand, for `ROWS` gammas."""
    pair = random.standard_normal((2, 3))
    line = random.standard_normal((ROWS * 2, 1))
    simplex = np.eye(ROWS) * random.uniform(1, 3)
    side = np.sqrt(2) * simplex[0, 0]
    reach = np.linspace(0.1, 1.2, ROWS)
    whole = {"pair": pair, "line": line, "simplex": simplex}
    ends = {
        "pair": np.linalg.norm(pair[0] - pair[1]) / 2,
        "line": np.abs(line - line.mean()).max() / 2,
        "simplex": side / ROWS,
    }
    found = {}
    for name, points in whole.items():
        gammas = reach * ends[name]
        graph = graphs.complete(len(points))
        runs = solver.path(points, graph, gammas, tolerance=1e-12)
        by_hand = {"pair": _pair, "line": _line, "simplex": _simplex}[name]
        found[name] = np.asarray(runs.objective)
        found[f"{name}_formula"] = np.array([by_hand(points, gamma) for gamma in gammas])
        found[f"{name}_spoiled"] = np.array([by_hand(points, gamma / 2) for gamma in gammas])
    return found


def _objective(points: np.ndarray, centroids: np.ndarray, gamma: float) -> float:
    apart = np.linalg.norm(centroids[:, None] - centroids[None], axis=-1)
    return ((points - centroids) ** 2).sum() / 2 + gamma * apart.sum() / 2


def _pair(points: np.ndarray, gamma: float) -> float:
    """Both move towards each other by gamma, until they meet."""
    apart = points[0] - points[1]
    share = min(gamma / np.linalg.norm(apart), 0.5)
    return _objective(points, points - share * np.stack([apart, -apart]), gamma)


def _line(points: np.ndarray, gamma: float) -> float:
    """Isotonic regression of ``x_(i) - gamma (2i - n - 1)``."""
    from sklearn.isotonic import isotonic_regression

    ordered = np.sort(points[:, 0])
    moved = ordered - gamma * (2 * np.arange(1, len(ordered) + 1) - len(ordered) - 1)
    return _objective(ordered[:, None], isotonic_regression(moved)[:, None], gamma)


def _simplex(points: np.ndarray, gamma: float) -> float:
    """All shrink towards the middle by ``n gamma / side``."""
    side = np.linalg.norm(points[0] - points[1])
    kept = max(0.0, 1 - len(points) * gamma / side)
    middle = points.mean(axis=0)
    return _objective(points, middle + kept * (points - middle), gamma)


def _tree(random: np.random.Generator) -> np.ndarray:
    """Clusters (counted up to two) just below and above ``max |(F^+ X)_e|`` on a random tree."""
    parents = [random.integers(node) for node in range(1, NODES)]
    edges = np.stack([np.arange(1, NODES), parents], axis=1)
    graph = Graph(edges, random.uniform(0.2, 2, len(edges)))
    points = random.standard_normal((NODES, 2))
    level = float(theory.noise_level(points, graph))
    runs = solver.path(points, graph, level * np.array([0.99, 1.01]), tolerance=1e-11)
    return np.array([min(len(set(row.tolist())), 2) for row in np.asarray(runs.labels)])


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """Name the graphs."""
    return dataset.assign_coords(case=list(NAMED), kind=["r squared", "R"])
