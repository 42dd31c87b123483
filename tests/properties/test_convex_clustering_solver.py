"""What holds for every solution: symmetries of the problem, and what its gap promises.

Two solutions of one problem differ by at most ``sqrt(2 gap) + sqrt(2 gap')``: that, and rounding,
is what symmetries are compared within.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diversity_jax.convex_clustering import solver
from diversity_jax.convex_clustering.problem import Graph

steady = settings(derandomize=True, deadline=None, max_examples=15)
seeds = st.integers(0, 2**32 - 1)
gammas = st.sampled_from([0.01, 0.1, 0.3, 1.0, 3.0])
norms = st.sampled_from(["l1", "l2", "linf"])
NODES, TOLERANCE, ROUNDING = 9, 1e-9, 1e-10


def draw(seed, dimension=2):
    """Points on a grid, some of them twice, and a connected graph with uneven weights."""
    random = np.random.default_rng(seed)
    points = np.round(random.normal(size=(NODES, dimension)) * 64) / 64
    points[1] = points[0]
    tree = {(int(random.integers(node)), node) for node in range(1, NODES)}
    more = random.integers(0, NODES, (int(random.integers(12)), 2))
    tree |= {(int(min(pair)), int(max(pair))) for pair in more if pair[0] != pair[1]}
    ends = np.array(sorted(tree))
    return points, ends, random.uniform(0.1, 2, len(ends)), random


def reach(*solutions):
    return sum(np.sqrt(2 * max(float(found.gap), 0)) for found in solutions) + ROUNDING


def solved(points, ends, weights, gamma, norm, tolerance=TOLERANCE):
    found = solver.solve(points, Graph(ends, weights), gamma=gamma, norm=norm, tolerance=tolerance)
    half = np.sum((points - points.mean(0)) ** 2) / 2
    assert found.converged and -1e-13 * half <= found.gap <= tolerance * half
    return found


@steady
@given(seed=seeds, gamma=gammas, norm=norms)
def test_a_shift_moves_the_centroids_along(seed, gamma, norm):
    points, ends, weights, random = draw(seed)
    shift = np.round(random.normal(size=2) * 2**10)
    one = solved(points, ends, weights, gamma, norm)
    other = solved(points + shift, ends, weights, gamma, norm)
    assert np.linalg.norm(np.asarray(one.centroids) + shift - other.centroids) <= reach(one, other)


@steady
@given(seed=seeds, gamma=gammas)
def test_a_rotation_turns_the_centroids_along_for_the_euclidean_norm(seed, gamma):
    points, ends, weights, random = draw(seed, dimension=3)
    turn, _ = np.linalg.qr(random.normal(size=(3, 3)))
    one = solved(points, ends, weights, gamma, "l2")
    other = solved(points @ turn, ends, weights, gamma, "l2")
    assert np.linalg.norm(one.centroids @ turn - other.centroids) <= reach(one, other)


@steady
@given(seed=seeds, gamma=gammas, norm=norms, size=st.floats(1e-6, 1e6))
def test_points_and_gamma_scale_together(seed, gamma, norm, size):
    points, ends, weights, _ = draw(seed)
    one = solved(points, ends, weights, gamma, norm)
    other = solved(size * points, ends, weights, size * gamma, norm)
    off = np.linalg.norm(one.centroids - np.asarray(other.centroids) / size)
    assert off <= reach(one) + reach(other) / size + ROUNDING
    lighter = solved(points, ends, weights / size, size * gamma, norm)
    assert np.linalg.norm(one.centroids - lighter.centroids) <= reach(one, lighter)


@steady
@given(seed=seeds, gamma=gammas, norm=norms)
def test_names_of_nodes_and_the_order_and_direction_of_edges_do_not_matter(seed, gamma, norm):
    points, ends, weights, random = draw(seed)
    name, order = random.permutation(NODES), random.permutation(len(ends))
    moved = np.empty_like(points)
    moved[name] = points
    renamed = np.where(random.random((len(ends), 1)) < 0.5, name[ends], name[ends][:, ::-1])
    one = solved(points, ends, weights, gamma, norm)
    other = solved(moved, renamed[order], weights[order], gamma, norm)
    assert np.linalg.norm(one.centroids - other.centroids[name]) <= reach(one, other)


@steady
@given(seed=seeds, gamma=gammas, norm=norms)
def test_the_gap_bounds_what_is_missing_and_how_far_the_centroids_are(seed, gamma, norm):
    points, ends, weights, _ = draw(seed)
    coarse = solved(points, ends, weights, gamma, norm, tolerance=1e-2)
    fine = solved(points, ends, weights, gamma, norm, tolerance=1e-12)
    half = np.sum((points - points.mean(0)) ** 2) / 2
    assert coarse.objective - fine.objective <= coarse.gap + 1e-12 * half
    assert fine.objective - coarse.objective <= fine.gap + 1e-12 * half
    assert np.linalg.norm(coarse.centroids - fine.centroids) <= reach(coarse, fine)


@pytest.mark.parametrize("tolerance", [1e-4, 1e-7, 1e-10])
@steady
@given(seed=seeds, gamma=gammas, norm=norms)
def test_what_is_certified_coarsely_is_found_again_finely(tolerance, seed, gamma, norm):
    points, ends, weights, _ = draw(seed)
    found = solved(points, ends, weights, gamma, norm, tolerance=tolerance)
    fine = solved(points, ends, weights, gamma, norm, tolerance=1e-13)
    rows, sure = np.asarray(fine.centroids), np.asarray(found.certified)
    labels, near = np.asarray(found.labels), reach(fine)
    apart = np.linalg.norm(rows[:, None] - rows, axis=2)
    same = labels[:, None] == labels
    assert (apart[same & sure[:, None]] <= near).all()
    joined = {tuple(pair) for pair in ends.tolist()}
    for one, other in joined:
        if sure[one] and not same[one, other]:
            assert apart[one, other] > near
    if sure.all():
        exact = np.asarray(fine.labels)
        assert (same == (exact[:, None] == exact)).all()


@steady
@given(seed=seeds, norm=norms)
def test_all_points_are_one_from_the_largest_gamma_on_and_not_before(seed, norm):
    points, ends, weights, _ = draw(seed)
    below, above = solver.gamma_bounds(points, Graph(ends, weights), norm=norm)
    assert 0 < below <= above <= below * (1 + 1.1e-6)
    mean = np.broadcast_to(points.mean(0), points.shape)
    one = solved(points, ends, weights, float(above), norm, tolerance=1e-12)
    assert np.linalg.norm(one.centroids - mean) <= reach(one)
    many = solved(points, ends, weights, 0.9 * float(below), norm, tolerance=1e-12)
    assert np.linalg.norm(many.centroids - mean) > reach(many)
