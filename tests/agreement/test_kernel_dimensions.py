"""Effective dimensions of a partition: identities, bounds, and which of them are attained."""

import numpy as np
import pytest
from scipy import linalg

from diversity_jax.kernel_ridge import theory
from tests.agreement.kernel_problems import by_hand, drawn, gaussian, generator

pytestmark = pytest.mark.light
ROUND = 1e-9


def random_cases(name, number=100):
    """Kernel, cells, ridge, n ridge."""
    rng = generator(name)
    for _ in range(number):
        points = int(rng.integers(4, 13))
        matrix, cells = drawn(rng, points, int(rng.integers(1, 5)))
        ridge = 10 ** rng.uniform(-3, 2) * matrix.diagonal().mean() / points
        yield matrix, cells, ridge, points * ridge


def test_dimensions_by_hand_and_by_inverses():
    line = np.array([[0.0], [1.0], [3.0]])
    found = theory.effective_dimension(gaussian(line), ridge=0.1)
    assert float(found) == pytest.approx(2.1718163402, abs=5e-11)  # the note's value
    for matrix, cells, ridge, shift in random_cases("dimensions"):
        inside, whole = by_hand(matrix, cells, shift)
        size = len(matrix)
        direct = np.trace(matrix @ np.linalg.inv(whole))
        np.testing.assert_allclose(
            theory.effective_dimension(matrix, ridge=ridge), direct, rtol=ROUND
        )
        values = np.clip(np.linalg.eigvalsh(matrix), 0, None) / size
        np.testing.assert_allclose(
            theory.spectral_effective_dimension(values, ridge=ridge), direct, rtol=ROUND
        )
        parts = theory.local_effective_dimensions(matrix, cells, ridge=ridge)
        each = np.diag(matrix @ np.linalg.inv(inside))
        np.testing.assert_allclose(parts, np.bincount(cells, each), rtol=ROUND)
        excess = theory.partition_excess(matrix, cells, ridge=ridge)
        np.testing.assert_allclose(excess, each.sum() - direct, rtol=1e-7, atol=ROUND * direct)


def test_the_sum_over_cells_is_between_its_bounds_and_so_are_kappas():
    """B7 (i) and (iii), with what is sharper; extreme eigenvalues by a generalised problem."""
    closest = np.zeros(6)
    for matrix, cells, ridge, shift in random_cases("sandwich"):
        found = theory.orthogonality(matrix, cells, ridge=ridge)
        inside, whole = by_hand(matrix, cells, shift)
        kappas = linalg.eigh(whole, inside, eigvals_only=True)[[0, -1]]
        np.testing.assert_allclose([found.kappa_minus, found.kappa_plus], kappas, rtol=1e-7)
        total = float(found.local_effective_dimensions.sum())
        slack, many = 1 + ROUND, len(found.correlations)
        low, high = map(float, found.kappa_bounds)
        pair_low, pair_high = map(float, found.pair_bounds)
        ratios = np.array(
            [
                float(found.effective_dimension) / total,
                total / float(found.dimension_bound),
                low / kappas[0],
                kappas[1] / high,
                high / min(many, pair_high + 1e-300),
                pair_low / low,
            ]
        )
        assert (ratios <= slack).all(), ratios
        if many > 1:
            closest = np.maximum(closest, ratios * (ratios < 1 - 1e-6))
        least, most = map(float, found.excess_bounds)
        excess = float(found.excess)
        assert least <= excess * slack and excess <= most * slack
    assert (closest > 0.9).all()


def test_two_cells_are_as_far_from_orthogonal_as_their_correlation_says():
    rng = generator("two cells")
    for _ in range(20):
        matrix, cells = drawn(rng, 8, 2)
        found = theory.orthogonality(matrix, cells, ridge=matrix.diagonal().mean() / 20)
        rho = float(found.correlation)
        np.testing.assert_allclose(found.kappa_minus, 1 - rho, rtol=1e-7)
        np.testing.assert_allclose(found.kappa_plus, 1 + rho, rtol=ROUND)
        np.testing.assert_allclose(found.pair_bounds, found.kappa_bounds, rtol=1e-7)


@pytest.mark.parametrize("many", [2, 3, 7])
def test_copies_of_one_point_attain_the_bound_on_kappa_plus(many):
    """``kappa_+ = 1 + (Q - 1) / (1 + n ridge)``, which is Q for no ridge but in the limit."""
    for shift in (1e-6, 0.1, 10.0):
        found = theory.orthogonality(np.ones((many, many)), np.arange(many), ridge=shift / many)
        np.testing.assert_allclose(found.kappa_plus, 1 + (many - 1) / (1 + shift), rtol=1e-12)
        np.testing.assert_allclose(found.kappa_bounds[1], found.kappa_plus, rtol=1e-12)
        np.testing.assert_allclose(found.kappa_minus, shift / (1 + shift), rtol=1e-7)
        assert float(found.kappa_plus) < many
        # The largest correlation alone says nothing from three cells on, the blocks' size does.
        assert many == 2 or shift > 1 or float(found.pair_bounds[0]) < 0
        np.testing.assert_allclose(found.kappa_bounds[0], found.kappa_minus, rtol=1e-7)


def test_a_matrix_of_correlations_is_sharper_than_the_largest_of_them():
    """A chain of cells: r(C) is about 2 rho where (Q - 1) rho is 9 rho, and says something."""
    line = np.arange(10.0)[:, None] * 1.4
    found = theory.orthogonality(gaussian(line), np.arange(10), ridge=0.1)
    assert float(found.pair_bounds[0]) < 0 < float(found.kappa_bounds[0]) - 0.2
    assert float(found.kappa_bounds[1]) < float(found.pair_bounds[1]) - 1
    np.testing.assert_allclose(found.kappa_plus, found.kappa_bounds[1], rtol=1e-12)


def test_differences_of_fits_are_below_the_sharper_bound_and_duplicates_attain_it():
    """B7 (ii): the largest over all targets, by singular values."""
    closest = gained = 0.0
    for matrix, cells, ridge, shift in random_cases("fits"):
        found = theory.orthogonality(matrix, cells, ridge=ridge)
        inside, whole = by_hand(matrix, cells, shift)
        apart = shift * (np.linalg.inv(whole) - np.linalg.inv(inside))
        worst = np.linalg.norm(apart, 2)
        sharp, coarse = float(found.fit_bound), float(found.weak_fit_bound)
        assert worst <= sharp + ROUND and sharp <= coarse * (1 + ROUND) and sharp < 1
        if sharp > 1e-6:
            closest = max(closest, worst / sharp)
            gained = max(gained, coarse / sharp)
    assert closest > 0.9 and gained > 10
    shift, targets = 0.3, np.array([1.0, -1.0])
    found = theory.orthogonality(np.ones((2, 2)), [0, 1], ridge=shift / 2)
    local = targets / (1 + shift)  # the global fit of opposite targets at one point is 0
    np.testing.assert_allclose(
        np.linalg.norm(local), found.fit_bound * np.linalg.norm(targets), rtol=1e-12
    )
    assert float(found.weak_fit_bound) > 3  # says nothing


def test_far_clusters_are_orthogonal_and_overlap_makes_the_sum_larger():
    """B-C6: three clusters at 2 + gap; the note's values are of one draw, and vary much by draw."""
    rng = generator("clusters")
    noted = {0: (0.1675, 0.211), 1: (0.0216, 0.574), 2: (0.0043, 0.787), 4: (0.0, 0.999)}
    last = np.inf
    for gap, (excess, kappa) in noted.items():
        draws = []
        for _ in range(4):
            centres = np.repeat(np.arange(3.0), 40)[:, None] * [2.0 + gap, 0.0]
            points = centres + 0.5 * rng.normal(size=(120, 2))
            found = theory.orthogonality(gaussian(points), np.repeat(np.arange(3), 40), ridge=0.01)
            draws.append([found.excess / found.effective_dimension, found.kappa_minus])
        ratio, least = np.mean(draws, 0)
        assert excess / 3 <= ratio <= 3 * excess + 5e-5 and abs(least - kappa) < 0.15
        assert ratio < last / 2
        last = ratio
