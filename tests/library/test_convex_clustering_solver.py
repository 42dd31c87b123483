"""What the solvers give: edge cases, precisions, splits, traced values, many data sets."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from diversity_jax.convex_clustering import problem, solver
from diversity_jax.convex_clustering.problem import Graph
from tests.library.convex_problems import DUALS, NODES, NORMS, PRIMALS, half_of, scattered

EDGES = 30


def recomputed(points, graph, solution, gamma, norm):
    """Objective minus bound of what was returned, by numpy in full; the dual is feasible."""
    ends, radii = np.asarray(graph.edges), gamma * np.asarray(graph.weights)
    rows, flows = np.asarray(solution.centroids), np.asarray(solution.dual)
    sizes = np.linalg.norm(flows, ord=DUALS[norm], axis=1)
    assert (sizes <= radii * (1 + 1e-12)).all()
    spread = np.linalg.norm(rows[ends[:, 0]] - rows[ends[:, 1]], ord=PRIMALS[norm], axis=1)
    value = np.sum((points - rows) ** 2) / 2 + np.sum(radii * spread)
    moved = np.zeros_like(points)
    np.add.at(moved, ends[:, 0], flows)
    np.add.at(moved, ends[:, 1], -flows)
    bound = np.sum(flows * (points[ends[:, 0]] - points[ends[:, 1]])) - np.sum(moved**2) / 2
    np.testing.assert_allclose(rows, points - moved, atol=1e-9)
    return value, value - bound


def within(solution, *place):
    """How far a solution is from the exact one at most; its gap is known to the sums' rounding."""
    eps = float(np.finfo(np.asarray(solution.objective).dtype).eps)
    gap, objective = (float(np.asarray(a)[place]) for a in (solution.gap, solution.objective))
    return np.sqrt(2 * (max(gap, 0) + 10 * eps * objective))


@pytest.mark.parametrize("norm", NORMS)
def test_all_methods_agree_and_their_gap_is_what_they_say(norm):
    points, graph = scattered("methods")
    half, gammas = half_of(points), np.array([0.05, 0.2, 0.6, 5.0])
    objectives = []
    for method in ("fast", "admm", "ama"):
        given = problem.padded(graph, EDGES) if method == "ama" else graph
        found = solver.path(points, given, gammas, norm=norm, tolerance=1e-8, method=method)
        assert found.converged.all() and (found.iterations >= 0).all()
        for place, gamma in enumerate(gammas):
            at = jax.tree.map(lambda leaf, place=place: leaf[place], found)
            value, gap = recomputed(points, given, at, gamma, norm)
            np.testing.assert_allclose(at.objective, value, rtol=1e-12)
            np.testing.assert_allclose(at.gap, gap, atol=1e-12 * half)
            assert -1e-13 * half <= at.gap <= 1e-8 * half
        objectives.append(np.asarray(found.objective))
    assert np.ptp(objectives, axis=0).max() <= 1e-8 * half * (1 + 1e-3)


def test_a_path_is_its_single_solutions_in_any_order_and_tells_its_progress():
    points, graph = scattered("order")
    gammas, told = [0.6, 0.05, 0.2], []
    found = solver.path(
        points, graph, gammas, tolerance=1e-10, progress=lambda *counts: told.append(counts)
    )
    assert told == [(1, 3), (2, 3), (3, 3)]
    for place, gamma in enumerate(gammas):
        alone = solver.solve(points, graph, gamma=gamma, tolerance=1e-10)
        off = np.linalg.norm(found.centroids[place] - alone.centroids)
        assert off <= within(alone) + within(found, place) + 1e-12
        assert (found.labels[place] == alone.labels).all()


def test_an_iteration_limit_is_a_value_and_no_error():
    points, graph = scattered("short", nodes=90)
    for method in ("fast", "admm"):
        found = solver.solve(points, graph, gamma=0.2, tolerance=1e-10, iterations=3, method=method)
        assert not found.converged and np.isfinite(found.centroids).all()
        _, gap = recomputed(points, graph, found, 0.2, "l2")
        np.testing.assert_allclose(found.gap, gap, rtol=1e-9)
        assert gap > 1e-10 * half_of(points)


@pytest.mark.parametrize("method", ["fast", "admm"])
def test_points_far_away_tiny_and_huge_ones_give_the_same_clusters(method):
    points, graph = scattered("scales")
    points = np.round(points * 64) / 64  # so that a shift by 1e8 loses no digit
    gamma, tolerance = 0.25, 1e-9
    here = solver.solve(points, graph, gamma=gamma, tolerance=tolerance, method=method)
    for size in (2.0**-498, 2.0**498):  # 1e-150 and 1e150
        there = solver.solve(
            size * points, graph, gamma=size * gamma, tolerance=tolerance, method=method
        )
        np.testing.assert_array_equal(there.centroids, size * here.centroids)
        assert there.converged and (there.labels == here.labels).all()
    weights = Graph(graph.edges, 2.0**400 * graph.weights)
    heavy = solver.solve(
        points, weights, gamma=2.0**-400 * gamma, tolerance=tolerance, method=method
    )
    np.testing.assert_array_equal(heavy.centroids, here.centroids)
    far = solver.solve(points + 1e8, graph, gamma=gamma, tolerance=tolerance, method=method)
    np.testing.assert_allclose(far.centroids - 1e8, here.centroids, atol=4e-8)
    np.testing.assert_allclose(far.objective, here.objective, rtol=1e-12)


def test_gamma_zero_gives_the_points_and_a_large_one_their_mean():
    points, graph = scattered("ends")
    found = solver.path(points, graph, [0.0, 1e3, 1e200])
    np.testing.assert_allclose(found.centroids[0], points, atol=1e-15 * 8)
    assert len(set(np.asarray(found.labels[0]).tolist())) == NODES
    mean = np.broadcast_to(points.mean(0), points.shape)
    for place in (1, 2):
        np.testing.assert_allclose(found.centroids[place], mean, atol=1e-14)
        assert (np.asarray(found.labels[place]) == 0).all() and found.certified[place].all()
    assert found.converged.all()


def test_one_row_one_column_equal_rows_and_no_spread():
    alone = solver.solve([[3.0, 4.0]], Graph(np.zeros((0, 2), int), []), gamma=1.0)
    np.testing.assert_array_equal(alone.centroids, [[3.0, 4.0]])
    assert alone.converged and alone.gap == 0 and alone.labels.tolist() == [0]

    same = solver.path(np.full((3, 2), 0.1), Graph([(0, 1), (1, 2)], [1.0, 1.0]), [0.0, 0.5])
    np.testing.assert_allclose(same.centroids, 0.1)
    assert same.converged.all() and (np.asarray(same.labels) == 0).all()
    assert solver.gamma_max(np.full((3, 2), 0.1), Graph([(0, 1), (1, 2)], [1.0, 1.0])) == 0

    twins = solver.path([[0.0], [0.0], [1.0]], Graph([(0, 1), (1, 2)], [1.0, 1.0]), [0.0, 0.1, 1.0])
    assert [set(map(tuple, [row.tolist()])) for row in np.asarray(twins.labels)] == [
        {(0, 0, 1)},
        {(0, 0, 1)},
        {(0, 0, 0)},
    ]
    # The pair is pulled by gamma, each of it by half of that.
    np.testing.assert_allclose(twins.centroids[1].ravel(), [0.05, 0.05, 0.9], atol=1e-4)


@pytest.mark.parametrize("method", ["fast", "admm"])
def test_clusters_that_split_along_the_path_are_followed(method):
    """Points 3 and 4 have met at gamma 0.03 and part again, which is proved at either gamma."""
    points = np.array([-0.21, -0.16, 0.54, 0.21, 0.36, -0.65])[:, None]
    ends = [(2, 1), (3, 0), (3, 1), (3, 2), (4, 0), (4, 1), (4, 3), (5, 1), (5, 4)]
    graph = Graph(ends, [10.01, 0.02, 0.09, 0.1, 0.59, 0.89, 0.3, 0.03, 4.0])
    found = solver.path(points, graph, [0.0304, 0.0462], tolerance=1e-12, method=method)
    before, after = np.asarray(found.labels)
    assert before[3] == before[4] and after[3] != after[4] and after[1] == after[4]
    assert found.certified.all() and found.converged.all()


def test_float32_is_certified_in_its_own_precision():
    points, graph = scattered("single")
    single = Graph(graph.edges, np.asarray(graph.weights, np.float32))
    rows = points.astype(np.float32)
    found = solver.solve(rows, single, gamma=np.float32(0.25), tolerance=1e-5)
    assert found.centroids.dtype == found.gap.dtype == jnp.float32 and found.converged
    radii = np.float32(0.25) * np.asarray(single.weights)
    assert (np.linalg.norm(found.dual, axis=1) <= radii * (1 + 1e-6)).all()
    double = solver.solve(points, graph, gamma=0.25, tolerance=1e-10)
    off = np.linalg.norm(found.centroids - double.centroids)
    assert off <= within(found) + within(double) + 1e-5


def test_the_compiled_method_is_traced_and_mapped_and_makes_one_program():
    points, graph = scattered("methods")
    even = problem.padded(graph, EDGES)

    def run(rows, gamma):
        return solver.solve(rows, even, gamma=gamma, tolerance=1e-8)

    gammas = jnp.asarray([0.05, 0.6])
    found = jax.jit(jax.vmap(run, in_axes=(None, 0)))(jnp.asarray(points), gammas)
    for place, gamma in enumerate(gammas):
        alone = solver.solve(points, graph, gamma=gamma, tolerance=1e-10)
        slack = within(found, place) + within(alone)
        assert np.linalg.norm(found.centroids[place] - alone.centroids) <= slack + 1e-12
        assert found.converged[place]


def test_many_data_sets_at_once_are_their_single_solutions_and_a_bad_one_spoils_no_other():
    sets = [scattered(f"set {number}") for number in range(3)]
    graphs = problem.stacked([problem.padded(graph, EDGES) for _, graph in sets])
    points = np.stack([rows for rows, _ in sets])
    gammas = [0.1, 0.5]
    found = solver.batch(points, graphs, gammas, tolerance=1e-8)
    assert found.centroids.shape == (3, 2, NODES, 2) and found.converged.all()
    for number, (rows, graph) in enumerate(sets):
        for place, gamma in enumerate(gammas):
            alone = solver.solve(rows, graph, gamma=gamma, tolerance=1e-10)
            slack = within(found, number, place) + within(alone)
            off = np.linalg.norm(found.centroids[number, place] - alone.centroids)
            assert off <= slack + 1e-12
            same = np.asarray(alone.labels)
            other = np.asarray(found.labels[number, place])
            assert ((same[:, None] == same) == (other[:, None] == other)).all()
    wide = solver.batch(points, graphs, gammas, tolerance=1e-8, together=3)
    np.testing.assert_allclose(wide.objective, found.objective, rtol=1e-8)
