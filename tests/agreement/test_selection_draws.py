"""Random rules of coverage: chances by enumeration, a plain loop, scikit-learn."""

import itertools
import zlib

import jax
import numpy as np
import pytest
from scipy import stats
from sklearn.cluster import kmeans_plusplus

from diversity_jax.selection import coverage, kernels
from tests.agreement.test_selection_coverage import points_of

FALSE_ALARM = 1e-4


def chi_square(counts, chances):
    """The p-value of `counts` under `chances`; what is expected fewer than 5 times is one class."""
    assert chances.sum() == pytest.approx(1, abs=1e-9)
    many = chances * counts.sum() >= 5
    pairs = [(counts[many], chances[many]), (counts[~many].sum(), chances[~many].sum())]
    if not many.all():
        counts, chances = (np.append(pairs[0][place], pairs[1][place]) for place in (0, 1))
    return stats.chisquare(counts, chances * counts.sum()).pvalue


def test_k_means_plus_plus_draws_follow_the_squared_distances():
    """Chances of the second and of the third pick, by enumeration, against 20,000 draws."""
    rows = np.array([(0, 0), (0, 1), (2, 0), (3, 3), (-2, 1), (1, -2)], float)
    keys = jax.random.split(jax.random.key(zlib.crc32(b"k-means++ draws")), 20_000)
    draw = jax.jit(
        lambda keys: jax.lax.map(
            lambda key: coverage.kmeans_plus_plus(key, rows, number=3).indices, keys
        )
    )
    picks = np.asarray(draw(keys))
    square = ((rows[:, None] - rows[None]) ** 2).sum(axis=2)
    orders = list(itertools.permutations(range(6), 3))
    chances = []
    for a, b, c in orders:
        nearest = np.minimum(square[a], square[b])
        chances.append(square[a, b] / square[a].sum() * nearest[c] / nearest.sum() / 6)
    counts = np.array([(picks == np.array(order)[None]).all(axis=1).sum() for order in orders])
    assert counts.sum() == 20_000
    assert chi_square(counts, np.array(chances)) > FALSE_ALARM


def test_k_means_plus_plus_has_the_potential_of_scikit_learn():
    rows = points_of("k-means++ potential", 400, 4)
    run = jax.jit(lambda key: coverage.kmeans_plus_plus(key, rows, number=10).objective)
    keys = jax.random.split(jax.random.key(zlib.crc32(b"k-means++ potential")), 200)
    ours = np.array([float(run(key)) for key in keys])
    theirs = []
    for seed in range(200):
        _, picks = kmeans_plusplus(rows, 10, random_state=seed, n_local_trials=1)
        theirs.append(((rows[:, None] - rows[picks][None]) ** 2).sum(axis=2).min(axis=1).sum())
    assert stats.ks_2samp(ours, theirs).pvalue > FALSE_ALARM
    found = coverage.kmeans_plus_plus(keys[0], rows, number=10)
    chosen = rows[np.asarray(found.indices)]
    potential = ((rows[:, None] - chosen[None]) ** 2).sum(axis=2).min(axis=1).sum()
    assert float(found.objective) == pytest.approx(potential, rel=1e-10)


def test_k_dpp_draws_have_the_chances_of_their_determinants():
    rows = points_of("k-dpp", 7, 2)
    matrix = np.asarray(kernels.Gaussian(1.2)(rows, rows))
    keys = jax.random.split(jax.random.key(zlib.crc32(b"k-dpp draws")), 20_000)
    draw = jax.jit(
        lambda keys: jax.lax.map(
            lambda key: coverage.k_dpp_from_matrix(key, matrix, number=3).indices, keys
        )
    )
    picks = np.sort(np.asarray(draw(keys)), axis=1)
    subsets = list(itertools.combinations(range(7), 3))
    weights = np.array([np.linalg.det(matrix[np.ix_(S, S)]) for S in subsets])
    chances = weights / weights.sum()
    counts = np.array([(picks == np.array(S)[None]).all(axis=1).sum() for S in subsets])
    assert counts.sum() == 20_000
    assert chi_square(counts, chances) > FALSE_ALARM


def test_k_dpp_of_many_points_stays_in_the_range_of_numbers():
    rows = points_of("k-dpp range", 300, 64, np.float32)
    found = coverage.k_dpp(jax.random.key(3), rows, number=64, kernel=kernels.linear)
    assert len(set(found.indices.tolist())) == 64
    assert np.isfinite(found.objective)


def test_stratified_shares_are_those_of_a_plain_loop():
    random = np.random.default_rng(zlib.crc32(b"strata"))
    scores = random.gamma(1.5, size=500)
    found = coverage.coverage_stratified(jax.random.key(2), scores, number=120, drop=0.1, strata=20)
    kept = np.sort(scores)[:450]
    edges = np.linspace(kept[0], kept[-1], 21)

    def place(values):
        return np.clip(np.searchsorted(edges, values, side="right") - 1, 0, 19)

    sizes = np.bincount(place(kept), minlength=20)
    left, shares = 120, np.zeros(20, int)
    for turn, stratum in enumerate(np.argsort(sizes, kind="stable")):
        shares[stratum] = min(sizes[stratum], left // (20 - turn))
        left -= shares[stratum]
    picks = np.asarray(found.indices)
    assert len(set(picks.tolist())) == 120 and scores[picks].max() <= kept[-1]
    assert np.bincount(place(scores[picks]), minlength=20).tolist() == shares.tolist()
    assert float(found.objective) == (shares > 0).sum()


def test_stratified_picks_are_uniform_inside_a_stratum():
    scores = np.concatenate([np.zeros(8), np.ones(3)])
    keys = jax.random.split(jax.random.key(zlib.crc32(b"strata draws")), 4000)

    def draw(key):
        return coverage.coverage_stratified(key, scores, number=5, drop=0.0, strata=2).indices

    picks = np.asarray(jax.jit(lambda keys: jax.lax.map(draw, keys))(keys))
    # The three ones give min(3, 5 // 2) = 2, the eight zeros 3.
    for point, chance in ((0, 3 / 8), (7, 3 / 8), (9, 2 / 3)):
        count = int((picks == point).any(axis=1).sum())
        assert stats.binomtest(count, 4000, chance).pvalue > FALSE_ALARM / 3
