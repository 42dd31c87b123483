"""Angles between cells, predictions at new points, costs, and counterexamples as fractions."""

from fractions import Fraction

import numpy as np
import pytest
from scipy import linalg

from diversity_jax.kernel_ridge import theory
from tests.agreement.kernel_problems import gaussian, generator

pytestmark = pytest.mark.light


def test_angles_of_spans_are_those_of_the_features():
    rng = generator("angles")
    for _ in range(20):
        left, right = rng.normal(size=(2, 9, 3))
        left[:, 2] = left[:, 0] - left[:, 1]  # a direction less than vectors
        found = theory.principal_angles(left.T @ left, right.T @ right, left.T @ right)
        wanted = np.sort(linalg.subspace_angles(left[:, :2], right))
        np.testing.assert_allclose(found.angles, wanted, atol=1e-7)
        np.testing.assert_array_equal(found.ranks, [2, 3])
        assert (np.asarray(found.dropped) < 1e-12).all() and (np.asarray(found.kept) > 1e-6).all()
    # By hand: an axis against a diagonal, at 45 degrees, in any unit of either.
    vectors = np.array([[2.0, 0.0], [3.0, 3.0]])
    blocks = vectors @ vectors.T
    found = theory.principal_angles(blocks[:1, :1], blocks[1:, 1:], blocks[:1, 1:])
    np.testing.assert_allclose(found.angles, [np.pi / 4], rtol=1e-14)


def test_regularised_correlations_rise_to_the_cosines_within_their_bounds():
    rng = generator("limits")
    for _ in range(20):
        left, right = rng.normal(size=(2, 9, 3))
        blocks = left.T @ left, right.T @ right, left.T @ right
        cosines = np.asarray(theory.principal_angles(*blocks).cosines)
        least = min(np.linalg.eigvalsh(block)[0] for block in blocks[:2])
        last = np.zeros(3)
        for shift in (10.0, 1.0, 1e-2, 1e-5):
            found = theory.correlation_limits(*blocks, shift=shift)
            roots = [linalg.inv(linalg.sqrtm(b + shift * np.eye(3))) for b in blocks[:2]]
            by_hand = np.linalg.svd(roots[0] @ blocks[2] @ roots[1], compute_uv=False)
            np.testing.assert_allclose(found.correlations, by_hand, rtol=1e-8)
            assert (np.asarray(found.low) <= by_hand * (1 + 1e-9)).all()
            assert (by_hand <= np.asarray(found.high) * (1 + 1e-9)).all()
            assert (by_hand >= last).all()
            last = by_hand
            assert (cosines - by_hand <= cosines * shift / (least + shift) * (1 + 1e-6)).all()


def gap_problem(rng):
    """Training points, cells, targets, and new points with the cells that answer them."""
    points, new = rng.normal(size=(10, 2)), 1.5 * rng.normal(size=(6, 2))
    cells = np.concatenate([np.arange(3), rng.integers(3, size=7)])
    return points, cells, rng.normal(size=10), new, rng.integers(3, size=6)


def test_gaps_at_new_points_are_exact_and_below_their_bound():
    rng = generator("gaps")
    closest = 0.0
    for _ in range(40):
        points, cells, targets, new, places = gap_problem(rng)
        ridge = 10 ** rng.uniform(-4, 0)
        kernel, cross = gaussian(points), gaussian(new, points)
        whole = np.linalg.inv(kernel + 10 * ridge * np.eye(10))
        weights = -cross @ whole
        for x, place in enumerate(places):
            own = np.flatnonzero(cells == place)
            block = kernel[np.ix_(own, own)] + 10 * ridge * np.eye(len(own))
            weights[x, own] += np.linalg.solve(block, cross[x, own])
        found = theory.prediction_gaps(
            kernel, cells, targets, cross, np.ones(6), places, ridge=ridge
        )
        np.testing.assert_allclose(found.difference, weights @ targets, atol=1e-9)
        np.testing.assert_allclose(found.worst, np.linalg.norm(weights, axis=1), rtol=1e-7)
        ratio = np.abs(found.difference) / np.asarray(found.bound)
        assert (ratio <= 1 + 1e-7).all()
        closest = max(closest, ratio.max())
        # In another unit of the kernel the same, but for the deviation.
        other = theory.prediction_gaps(
            9 * kernel, cells, targets, 9 * cross, np.full(6, 9.0), places, ridge=9 * ridge
        )
        for name, factor in (("difference", 1), ("bound", 1), ("worst", 1), ("deviation", 3)):
            scaled = factor * np.asarray(getattr(found, name))
            np.testing.assert_allclose(getattr(other, name), scaled, rtol=1e-6, atol=1e-12)
    assert closest > 0.5


def test_the_bound_at_a_new_point_is_attained():
    """Two orthogonal points in two cells; the second's own place is answered by the first."""
    found = theory.prediction_gaps(
        np.eye(2), [0, 1], [5.0, 3.0], [[0.0, 1.0]], [1.0], [0], ridge=0.5
    )
    np.testing.assert_allclose(found.difference, [-1.5])
    np.testing.assert_allclose(found.bound, [1.5])
    alone = theory.prediction_gaps(np.eye(2), [0, 0], [5.0, 3.0], [[0.0, 1.0]], [1.0], [0], ridge=1)
    assert float(alone.difference[0]) == float(alone.bound[0]) == float(alone.worst[0]) == 0


def test_costs_by_hand_and_how_they_grow():
    found = theory.exact_cost(10)
    assert float(found.operations) == pytest.approx(1000 / 3 + 200)
    assert float(found.memory) == float(found.evaluations) == 100
    direct = theory.nystrom_cost(2000, 30, block=500)
    hand = 2 * 2000 * 900 + 2 * 2000 * 30 + 9000 + 1800
    assert float(direct.operations) == pytest.approx(hand)
    assert float(direct.memory) == 2 * 900 + 500 * 30 and float(direct.evaluations) == 60900
    steps = theory.falkon_cost(2000, 30, iterations=7, block=500)
    hand = 27000 + 7 * (4 * 2000 * 30 + 4 * 900) + 2 * 2000 * 30
    assert float(steps.operations) == hand and float(steps.evaluations) == 8 * 60000 + 900
    one = theory.park_cost([2000], 30, iterations=7, block=500)
    assert float(one.operations) == hand
    sizes = np.array([10**4, 10**5, 10**6])
    task = {"iterations": 20, "block": 1}
    whole = [float(theory.falkon_cost(int(n), 100, **task).operations) for n in sizes]
    assert float(theory.growth(sizes, whole)) == pytest.approx(1, abs=0.15)
    # M_q = M / Q: the two terms fall by Q and Q^2.
    for points, centres, power, allowed in ((10**9, 1000, -1, 1e-3), (2000, 2000, -2, 0.5)):
        costs = [
            float(theory.park_cost([points // q] * q, centres // q, iterations=1).operations)
            for q in (1, 2, 4)
        ]
        assert float(theory.growth([1, 2, 4], costs)) == pytest.approx(power, abs=allowed)
    cubes = [float(theory.exact_cost(10**6 * k).operations) for k in (1, 2, 3)]
    assert float(theory.growth([1, 2, 3], cubes)) == pytest.approx(3, abs=1e-5)
    power = theory.growth([1, 2, 7], 5 * np.array([1.0, 2, 7]) ** -0.8)
    assert float(power) == pytest.approx(-0.8, abs=1e-14)


def test_counterexamples_in_fractions_and_by_the_floating_theory():
    half = Fraction(1, 2)
    parts = theory.partition_counterexample()
    assert parts.excess == Fraction(1, 15) and parts.difference == Fraction(2, 15)
    found = theory.orthogonality([[1, 0.5], [0.5, 1]], [0, 1], ridge=0.5)
    assert float(found.excess) == pytest.approx(1 / 15, rel=1e-13)
    assert float(found.effective_dimension) == pytest.approx(14 / 15, rel=1e-13)
    right, wrong = theory.ridge_counterexample()
    assert right.excess == right.difference == 0 and right.effective_dimension == Fraction(43, 30)
    assert wrong.fit == right.fit and wrong.difference == Fraction(3, 4)
    # Elimination against a product: (K + m)^-1 K of random whole numbers.
    rng = generator("fractions")
    features = rng.integers(-3, 4, (5, 3))
    kernel, targets = features @ features.T, rng.integers(-3, 4, 5)
    given = [[Fraction(int(v)) for v in row] for row in kernel]
    exact = theory.partition_exactly(given, [0, 1, 0, 1, 1], list(map(int, targets)), ridge=half)
    fit = kernel @ np.linalg.solve(kernel + 2.5 * np.eye(5), targets)
    np.testing.assert_allclose([float(v) for v in exact.fit], fit, atol=1e-12)
    cells = np.array([0, 1, 0, 1, 1])
    local = theory.local_effective_dimensions(kernel, cells, ridge=0.5)
    np.testing.assert_allclose(
        [float(v) for v in exact.local_effective_dimensions], local, rtol=1e-12
    )


def test_greedy_centroids_are_not_the_most_orthogonal():
    """The same six vectors in floating point: cells, totals and the pivoted Cholesky order."""
    found = theory.greedy_counterexample()
    assert set(found.greedy) == {Fraction(7, 3)} and found.best == Fraction(12935, 6924)
    assert found.margin > Fraction(46, 100)
    vectors = np.array(found.vectors, float)
    assert (sum(x**2 for x in found.vectors[0]) == 1) and len(set(found.vectors)) == 6
    kernel = vectors @ vectors.T

    def total(pair):
        apart = ((vectors[:, None] - vectors[list(pair)][None]) ** 2).sum(2)
        cells = (apart[:, 1] < apart[:, 0] - 1e-12).astype(int)
        return theory.orthogonality(kernel, cells, ridge=1 / 6)

    best = total(found.places)
    assert float(best.local_effective_dimensions.sum()) == pytest.approx(float(found.best))
    for first in range(6):
        second = int(np.argmax(np.round(1 - kernel[first] ** 2, 9)))
        greedy = total(sorted((first, second)))
        assert float(greedy.local_effective_dimensions.sum()) == pytest.approx(7 / 3)


def test_direct_solves_of_cells_cost_what_each_alone_does():
    found = theory.park_cost([500, 400], [500, 50], iterations=None)
    parts = theory.exact_cost(500), theory.nystrom_cost(400, 50)
    assert float(found.operations) == sum(float(part.operations) for part in parts)
    # Every point is compared with both centroids.
    assert float(found.evaluations) == sum(float(part.evaluations) for part in parts) + 2 * 900
