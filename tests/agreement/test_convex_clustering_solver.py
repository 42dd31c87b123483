"""Solutions against closed forms and against a plain solver that shares no line with the library.

Whatever the method, a solution has to keep what its gap promises: objective and centroids are
compared within ``gap`` and ``sqrt(2 gap)``, and within rounding, not within a chosen tolerance.
The compiled method is compared with these two in `library/test_convex_clustering_solver`.
"""

import zlib
from itertools import combinations

import jax
import numpy as np
import pytest

from diversity_jax.convex_clustering import graphs, problem, solver
from diversity_jax.convex_clustering.problem import Graph

NORMS, METHODS = ("l1", "l2", "linf"), ("fast", "admm")
NODES = 12
FINE = 1e-11
ROUNDING = 1e-12


def complete(nodes):
    pairs = list(combinations(range(nodes), 2))
    return Graph(pairs, np.ones(len(pairs)))


def kept(points, graph, solution, *, gamma, norm, centroids, optimum):
    """The promises of a solution's gap, for a known solution."""
    half = np.sum((points - points.mean(0)) ** 2) / 2
    gap, slack = float(solution.gap), ROUNDING * half
    assert solution.converged and -slack <= gap <= FINE * half + slack
    distance = np.linalg.norm(np.asarray(solution.centroids) - centroids)
    assert distance <= np.sqrt(2 * (max(gap, 0) + slack))
    value = problem.objective(points, solution.centroids, graph, gamma=gamma, norm=norm)
    assert abs(float(value) - float(solution.objective)) <= slack + 1e-12 * float(value)
    assert -slack <= float(solution.objective) - optimum <= gap + slack


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("norm", "gamma", "centroids", "optimum"),
    [
        ("l2", 2.0, [(1.2, 1.6), (4.8, 6.4)], 16.0),
        ("l2", 5.0, [(3, 4), (3, 4)], 25.0),
        ("l1", 2.0, [(2, 2), (4, 6)], 20.0),
        ("l1", 4.0, [(3, 4), (3, 4)], 25.0),
        ("linf", 2.0, [(0.5, 1.5), (5.5, 6.5)], 12.5),
        ("linf", 7.0, [(3, 4), (3, 4)], 25.0),
    ],
)
def test_two_points(method, norm, gamma, centroids, optimum):
    points, graph = np.array([(0.0, 0.0), (6.0, 8.0)]), Graph([(0, 1)], [1.0])
    found = solver.solve(points, graph, gamma=gamma, norm=norm, tolerance=FINE, method=method)
    given = {"gamma": gamma, "norm": norm, "centroids": centroids, "optimum": optimum}
    kept(points, graph, found, **given)


def monotone(values):
    """The nearest increasing sequence, by joining neighbours that are out of order."""
    blocks = []
    for value in values:
        blocks.append([value, 1])
        while len(blocks) > 1 and blocks[-2][0] >= blocks[-1][0]:
            last, count = blocks.pop()
            mean, before = blocks.pop()
            blocks.append([(mean * before + last * count) / (before + count), before + count])
    return np.concatenate([np.full(count, mean) for mean, count in blocks])


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("norm", NORMS)
def test_a_complete_graph_on_a_line_is_isotonic_regression(method, norm):
    """In one dimension all norms are one, and sorted points stay in order: the penalty is linear
    there, ``gamma sum_i (2 i - n - 1) u_(i)``."""
    random = np.random.default_rng(zlib.crc32(b"isotonic"))
    points = np.round(random.normal(size=NODES) * 64) / 64
    gammas = np.array([0.02, 0.07, 0.15, 0.4])
    graph = complete(NODES)
    found = solver.path(points[:, None], graph, gammas, norm=norm, tolerance=FINE, method=method)
    order = np.argsort(points)
    for place, gamma in enumerate(gammas):
        pulled = points[order] - gamma * (2 * np.arange(1, NODES + 1) - NODES - 1)
        exact = np.empty(NODES)
        exact[order] = monotone(pulled)
        pairs = list(combinations(exact, 2))
        value = np.sum((points - exact) ** 2) / 2 + gamma * sum(abs(a - b) for a, b in pairs)
        at = jax.tree.map(lambda leaf, place=place: leaf[place], found)
        given = {"gamma": gamma, "norm": norm, "centroids": exact[:, None], "optimum": value}
        kept(points[:, None], graph, at, **given)
        if method == "fast":
            same = np.asarray(at.labels)[:, None] == np.asarray(at.labels)
            assert (same == (np.abs(exact[:, None] - exact) < 1e-12)).all()


@pytest.mark.parametrize("method", METHODS)
def test_the_corners_of_a_simplex_shrink_to_their_mean(method):
    """Corners at mutual distance a: ``U = c + max(1 - n gamma / a, 0) (X - c)``."""
    points, graph = np.eye(4), complete(4)
    side = np.sqrt(2.0)
    found = solver.path(points, graph, [0.1, 0.3, side / 4, 0.5], tolerance=FINE, method=method)
    for place, gamma in enumerate([0.1, 0.3, side / 4, 0.5]):
        exact = 0.25 + max(1 - 4 * gamma / side, 0) * (points - 0.25)
        value = np.sum((points - exact) ** 2) / 2
        value += gamma * 6 * np.linalg.norm(exact[0] - exact[1])
        at = jax.tree.map(lambda leaf, place=place: leaf[place], found)
        kept(points, graph, at, gamma=gamma, norm="l2", centroids=exact, optimum=value)
        assert len(set(np.asarray(at.labels).tolist())) == (4 if place < 2 else 1)
    below, above = solver.gamma_bounds(points, graph, tolerance=1e-9)
    assert below <= side / 4 * (1 + ROUNDING) and above >= side / 4 * (1 - ROUNDING)
    assert above <= below * (1 + 2e-9)


def plain(points, ends, weights, gamma, norm, steps=3000):
    """Objective and bound after many projected steps on the dual with one fixed step length."""
    matrix = np.zeros((len(ends), len(points)))
    matrix[np.arange(len(ends)), ends[:, 0]] = 1
    matrix[np.arange(len(ends)), ends[:, 1]] = -1
    length = 1 / np.linalg.eigvalsh(matrix.T @ matrix)[-1]
    radii = gamma * weights

    def nearest(flows):
        if norm == "l1":
            return np.maximum(-radii[:, None], np.minimum(flows, radii[:, None]))
        if norm == "l2":
            sizes = np.linalg.norm(flows, axis=1)
            return flows * np.where(sizes > radii, radii / np.maximum(sizes, radii), 1)[:, None]
        low, high = np.zeros(len(flows)), np.abs(flows).sum(1)
        for _ in range(30):  # the threshold of the l1 ball by halving
            middle = (low + high) / 2
            long = np.maximum(np.abs(flows) - middle[:, None], 0).sum(1) > radii
            low, high = np.where(long, middle, low), np.where(long, high, middle)
        inside = np.abs(flows).sum(1) <= radii
        cut = np.sign(flows) * np.maximum(np.abs(flows) - high[:, None], 0)
        return np.where(inside[:, None], flows, cut)

    flows = ahead = np.zeros((len(ends), points.shape[1]))
    for step in range(steps):
        new = nearest(ahead + length * (matrix @ (points - matrix.T @ ahead)))
        ahead, flows = new + step / (step + 3) * (new - flows), new
    rows = points - matrix.T @ flows
    orders = {"l1": 1, "l2": 2, "linf": np.inf}
    spread = np.linalg.norm(matrix @ rows, ord=orders[norm], axis=1)
    value = np.sum((points - rows) ** 2) / 2 + np.sum(radii * spread)
    bound = np.sum(flows * (matrix @ points)) - np.sum((matrix.T @ flows) ** 2) / 2
    return value, bound


def scattered(name):
    """Points, and a connected graph of theirs with uneven weights."""
    random = np.random.default_rng(zlib.crc32(name.encode()))
    points = random.normal(size=(NODES, 2)) + 2 * (np.arange(NODES) % 2)[:, None]
    tree = [(int(random.integers(node)), node) for node in range(1, NODES)]
    others = [pair for pair in combinations(range(NODES), 2) if random.random() < 0.25]
    ends = np.array(sorted(set(tree) | set(others)))
    return points, ends, random.uniform(0.2, 2, len(ends))


@pytest.mark.parametrize("norm", NORMS)
def test_a_plain_solver_finds_nothing_better_and_nothing_else(norm):
    points, ends, weights = scattered("first")
    graph = Graph(ends, weights)
    half = np.sum((points - points.mean(0)) ** 2) / 2
    slack = ROUNDING * half
    for gamma in (0.1, 0.5):
        value, bound = plain(points, ends, weights, gamma, norm)
        # The plain solver's own precision, which is part of the comparison.
        assert -slack <= value - bound < 1e-6 * half
        for method in METHODS:
            given = {"gamma": gamma, "norm": norm, "method": method}
            found = solver.solve(points, graph, tolerance=1e-9, **given)
            assert found.converged
            assert found.objective <= value + found.gap + slack
            assert found.objective >= bound - slack


@pytest.mark.parametrize("norm", NORMS)
def test_the_largest_gamma_is_exact_on_trees_and_between_bounds_elsewhere(norm):
    points, ends, weights = scattered("tree")
    tree = np.array([(0, node) if node < 4 else (node - 3, node) for node in range(1, NODES)])
    below, above = solver.gamma_bounds(points, Graph(tree, weights[: NODES - 1]), norm=norm)
    # Each edge carries what lies behind it.
    behind = points - points.mean(0)
    flows = np.zeros((NODES - 1, 2))
    for place in range(NODES - 2, -1, -1):
        parent, node = tree[place]
        flows[place] = behind[node]
        behind[parent] += behind[node]
    orders = {"l1": np.inf, "l2": 2, "linf": 1}
    exact = np.max(np.linalg.norm(flows, ord=orders[norm], axis=1) / weights[: NODES - 1])
    np.testing.assert_allclose([below, above], exact, rtol=1e-12)

    graph = Graph(ends, weights)
    below, above = solver.gamma_bounds(points, graph, norm=norm)
    assert 0 < below <= above <= below * (1 + 1.1e-6)
    least = np.sum((points - points.mean(0)) ** 2) / 2
    apart = solver.solve(points, graph, gamma=float(below) * 0.99, norm=norm, tolerance=FINE)
    one = solver.solve(points, graph, gamma=float(above) * 1.001, norm=norm, tolerance=FINE)
    assert apart.objective + apart.gap < least * (1 - 1e-9)
    np.testing.assert_allclose(one.objective, least, rtol=2 * FINE)
    assert len(set(np.asarray(one.labels).tolist())) == 1


def test_bounds_meet_where_weights_differ_by_orders_of_magnitude():
    """From the splitting's lower bound, solutions stalled at three times the tolerance."""
    points = np.random.default_rng(3).standard_normal((300, 10))
    graph = graphs.nearest(points, neighbours=10, decay=0.5, connected=True)
    below, above = solver.gamma_bounds(points, graph, norm="l1")
    assert 0 <= above - below <= 1e-6 * above
