"""Selection against scikit-learn, and against every subset where a rule promises a share."""

import itertools
import math
import zlib

import jax
import numpy as np
import pytest
from scipy.special import ndtr
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel, DotProduct
from sklearn.metrics import pairwise_distances_argmin
from sklearn.metrics.pairwise import cosine_similarity, rbf_kernel

from diversity_jax.selection import coverage, daar, kernels
from experiments import selection_lda
from tests.agreement.test_selection_coverage import points_of
from tests.agreement.test_selection_draws import FALSE_ALARM, chi_square

SHARE = 1 - 1 / math.e
POINTS, CHOSEN, CASES = 11, 4, 4
SUBSETS = list(itertools.combinations(range(POINTS), CHOSEN))


def test_kernels_are_those_of_scikit_learn():
    rows, others = points_of("kernels", 30, 4), points_of("other kernels", 20, 4)
    np.testing.assert_allclose(
        kernels.Gaussian(1.7)(rows, others),
        rbf_kernel(rows, others, gamma=0.5 / 1.7**2),
        rtol=1e-12,
    )
    np.testing.assert_allclose(
        kernels.cosine(rows, others), cosine_similarity(rows, others), atol=1e-14
    )


def test_a_determinantal_pick_has_the_largest_variance_of_a_gaussian_process():
    """The conditional variance is what a process without noise does not know yet."""
    rows = points_of("dpp process", 80, 3)
    found = coverage.dpp_map(rows, number=12, kernel=kernels.Gaussian(1.5))
    picks = np.asarray(found.indices)
    for turn in range(1, 12):
        process = GaussianProcessRegressor(RBF(1.5, "fixed"), alpha=1e-14, optimizer=None)
        process.fit(rows[picks[:turn]], np.zeros(turn))
        variances = process.predict(rows, return_std=True)[1] ** 2
        assert variances[picks[turn]] >= variances.max() * (1 - 1e-9)
        assert float(found.gains[turn]) == pytest.approx(np.log(variances[picks[turn]]), abs=1e-8)


def test_a_leverage_is_the_variance_of_bayesian_regression():
    """Coefficients of precision `ridge`, noise of variance one: a process of a linear kernel."""
    rows, ridge = points_of("leverage", 60, 5), 0.3
    found = coverage.d_optimal(rows, number=15, ridge=ridge)
    picks = np.asarray(found.indices)
    kernel = ConstantKernel(1 / ridge, "fixed") * DotProduct(0.0, "fixed")
    for turn in range(1, 15):
        process = GaussianProcessRegressor(kernel, alpha=1.0, optimizer=None)
        process.fit(rows[picks[:turn]], np.zeros(turn))
        variances = process.predict(rows, return_std=True)[1] ** 2
        left = np.setdiff1d(np.arange(60), picks[:turn])
        assert variances[picks[turn]] >= variances[left].max() * (1 - 1e-9)
        assert float(found.gains[turn]) == pytest.approx(np.log1p(variances[picks[turn]]))


def test_k_center_is_within_twice_the_best_radius_from_every_start():
    ratios = []
    for case in range(CASES):
        rows = points_of(f"k-center subsets {case}", POINTS, 2)
        apart = np.sqrt(((rows[:, None] - rows[None]) ** 2).sum(axis=2))
        best = min(apart[:, list(S)].min(axis=1).max() for S in SUBSETS)
        for first in range(POINTS):
            found = coverage.k_center(rows, number=CHOSEN, first=first)
            ratios.append(float(found.objective) / best)
    assert min(ratios) >= 1 - 1e-12 and max(ratios) <= 2


def test_d_optimal_reaches_its_share_of_the_best_increase():
    shares = []
    for case in range(CASES):
        rows = points_of(f"d-optimal subsets {case}", POINTS, 3)

        def increase(S, rows=rows):
            return np.linalg.slogdet(np.eye(3) + rows[list(S)].T @ rows[list(S)])[1]

        found = coverage.d_optimal(rows, number=CHOSEN, ridge=1.0)
        best = max(map(increase, SUBSETS))
        assert float(found.objective) == pytest.approx(increase(found.indices.tolist()))
        shares.append(float(found.objective) / best)
    assert min(shares) >= SHARE and max(shares) <= 1 + 1e-12


def test_the_determinant_reaches_its_share_where_all_variances_are_above_one():
    shares = []
    for case in range(CASES):
        rows = points_of(f"dpp subsets {case}", POINTS, 2)
        matrix = np.eye(POINTS) + 3 * rbf_kernel(rows, gamma=0.2)

        def volume(S, matrix=matrix):
            return np.linalg.slogdet(matrix[np.ix_(S, S)])[1]

        found = coverage.dpp_map_from_matrix(matrix, number=CHOSEN)
        assert float(found.objective) == pytest.approx(volume(found.indices.tolist()))
        shares.append(float(found.objective) / max(map(volume, SUBSETS)))
    assert min(shares) >= SHARE and max(shares) <= 1 + 1e-12


def test_k_means_plus_plus_is_as_good_on_average_as_it_promises():
    """``8 (ln k + 2)`` times the best clustering, whose centres are free; best over all splits."""
    rows = points_of("k-means++ promise", 8, 2)
    best = np.inf
    for split in itertools.product(range(3), repeat=8):
        groups = [rows[np.array(split) == k] for k in set(split)]
        best = min(best, sum(((group - group.mean(axis=0)) ** 2).sum() for group in groups))
    keys = jax.random.split(jax.random.key(zlib.crc32(b"k-means++ promise")), 2000)
    run = jax.jit(
        lambda keys: jax.lax.map(
            lambda key: coverage.kmeans_plus_plus(key, rows, number=3).objective, keys
        )
    )
    assert best <= np.mean(run(keys)) <= 8 * (np.log(3) + 2) * best


def test_k_dpp_of_low_rank_draws_every_subset_with_its_chance():
    """A linear kernel in two dimensions: pairs, in proportion to their squared area."""
    rows = points_of("k-dpp low rank", 6, 2)
    keys = jax.random.split(jax.random.key(zlib.crc32(b"k-dpp low rank")), 20_000)
    draw = jax.jit(
        lambda keys: jax.lax.map(
            lambda key: coverage.k_dpp(key, rows, number=2, kernel=kernels.linear).indices, keys
        )
    )
    picks = np.sort(np.asarray(draw(keys)), axis=1)
    pairs = list(itertools.combinations(range(6), 2))
    areas = np.array([np.linalg.det(rows[list(pair)]) ** 2 for pair in pairs])
    counts = np.array([(picks == np.array(pair)[None]).all(axis=1).sum() for pair in pairs])
    assert counts.sum() == 20_000
    assert chi_square(counts, areas / areas.sum()) > FALSE_ALARM


def test_labels_by_fixed_centroids_are_scikit_learns():
    rows, start = points_of("fixed centroids", 100, 4), points_of("centroids", 5, 4)
    found = daar.pseudo_labels(rows, start, moving=False)
    np.testing.assert_array_equal(found.labels, pairwise_distances_argmin(rows, start))


@pytest.mark.parametrize("rule", ["random", "entropy", "near_other", "far_other"])
def test_the_discriminant_after_selection_is_scikit_learns(rule):
    """The error of the experiment's own discriminant, from scikit-learn's plane."""
    apart, dimension, size = 2.5, 4, 60
    random = np.random.default_rng(zlib.crc32(f"discriminant {rule}".encode()))
    axis = np.array([[apart / 2], [-apart / 2]]) + random.normal(size=(2, 150))
    chosen = selection_lda.select(rule, axis[None], size)[0]
    rest = random.normal(size=(size, dimension - 1))
    points = np.concatenate([axis.ravel()[chosen][:, None], rest], axis=1)
    first = chosen < 150
    (found,) = selection_lda.error(points[None], first[None], apart)
    peer = LinearDiscriminantAnalysis(priors=[0.5, 0.5]).fit(points, first)
    (plane,), (offset,) = peer.coef_, peer.intercept_
    true, length = plane[0] * apart / 2, np.linalg.norm(plane)
    expected = (ndtr(-(true + offset) / length) + ndtr((offset - true) / length)) / 2
    assert float(found) == pytest.approx(expected, rel=1e-9)
