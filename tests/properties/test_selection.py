"""What holds for every rule, kernel and score: a common shift, scale or rotation changes nothing.

Rows lie on a grid of 2^-8, so that shifts and scales by powers of two lose none of their digits:
what differs is the arithmetic's. Sizes are those of `library/test_selection_rules`, whose programs
are used again.
"""

import zlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diversity_jax.selection import coverage, daar, geometry, kernels, measures, rules, scores
from diversity_jax.selection.pool import Problem

steady = settings(derandomize=True, deadline=None, max_examples=4)
seeds = st.integers(0, 2**32 - 1)
SINGLE, DOUBLE = np.float32, np.float64
NUMBER, LABELS = 12, np.arange(40) % 4
KEY = jax.random.key(zlib.crc32(b"selection invariance"))


def rows_of(seed):
    """Forty points in three dimensions, some 1 in size."""
    rows = np.random.default_rng(seed).normal(size=(40, 3))
    return np.round(rows * 2**8) / 2**8


def facility(rows, length, ridge, method):
    kernel = kernels.Gaussian(length)
    return coverage.facility_location(rows, number=NUMBER, kernel=kernel, method=method)


def dpp(rows, length, ridge):
    return coverage.dpp_map(rows, number=NUMBER, kernel=kernels.Gaussian(length))


def labels_of(rows, moving):
    return daar.pseudo_labels(rows, rows[:4], moving=moving)


# From rows, length scale and ridge to a Selection; and the power of the scale in its gains.
SHIFTED = {
    "k_center": (lambda rows, *_: coverage.k_center(rows, number=NUMBER), 1),
    "kmeans_plus_plus": (lambda rows, *_: coverage.kmeans_plus_plus(KEY, rows, number=NUMBER), 2),
    "lazy": (lambda *given: facility(*given, "lazy"), 0),
    "stochastic": (lambda *given: facility(*given, "stochastic"), 0),
    "dpp_map": (dpp, 0),
}
RULES = SHIFTED | {
    "d_optimal": (lambda rows, _, ridge: coverage.d_optimal(rows, number=NUMBER, ridge=ridge), 0),
    "clipped_cosine": (
        lambda rows, *_: coverage.facility_location(
            rows, number=NUMBER, kernel=kernels.clipped_cosine
        ),
        0,
    ),
}


# Two points that serve each other best are a tie by symmetry, so the picks themselves may differ.
TIES = ("lazy", "clipped_cosine")


def assert_same(name, one, other, dtype, factor=1.0):
    assert name in TIES or one.indices.tolist() == other.indices.tolist()
    # Some tens of operations on numbers whose conditional variance is one hundredth or more.
    tolerance = 1e4 * np.finfo(dtype).eps
    one, other = (np.asarray(found.gains, DOUBLE)[1:] for found in (one, other))
    np.testing.assert_allclose(other, factor * one, rtol=tolerance, atol=factor * tolerance)


@pytest.mark.parametrize(("dtype", "shift"), [(SINGLE, 2.0**13), (DOUBLE, 2.0**27)])
@steady
@given(seed=seeds)
def test_a_common_shift_changes_no_pick_no_label_and_no_spread(dtype, shift, seed):
    here = rows_of(seed)
    there = here + shift * np.array([1, -1, 1])
    here, there = here.astype(dtype), there.astype(dtype)
    assert (there - here == there[0] - here[0]).all()  # the rows themselves have lost nothing
    for name, (rule, _) in SHIFTED.items():
        assert_same(name, rule(here, 1.0, 0.5), rule(there, 1.0, 0.5), dtype)
    for moving in (False, True):
        assert (labels_of(here, moving).labels == labels_of(there, moving).labels).all()
    tolerance = {"rtol": 64 * np.finfo(dtype).eps, "atol": 64 * np.finfo(dtype).eps}
    for spread in (scores.domain_variances, scores.centroid_separation):
        before, after = (spread(rows, LABELS, domains=4) for rows in (here, there))
        np.testing.assert_allclose(before, after, **tolerance)
    kernel = kernels.Gaussian(1.0)
    np.testing.assert_allclose(kernel(here, here), kernel(there, there), **tolerance)


@pytest.mark.parametrize("dtype", [SINGLE, DOUBLE])
@pytest.mark.parametrize("power", [-40, 40])
@steady
@given(seed=seeds)
def test_a_common_scale_changes_no_pick_and_no_label(dtype, power, seed):
    here, scale = rows_of(seed).astype(dtype), dtype(2.0**power)
    there = here * scale
    for name, (rule, grown) in RULES.items():
        one, other = rule(here, 1.0, 0.5), rule(there, float(scale), 0.5 * float(scale) ** 2)
        assert_same(name, one, other, dtype, scale**grown)
    assert (labels_of(here, True).labels == labels_of(there, True).labels).all()
    for score in (scores.inter_diversity, scores.intra_diversity):
        before, after = (score(rows, LABELS, domains=4) for rows in (here, there))
        np.testing.assert_array_equal(before, after)


@steady
@given(seed=seeds)
def test_a_rotation_changes_no_pick_and_no_label(seed):
    here = rows_of(seed)
    rotation, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))
    there = here @ rotation
    for name, (rule, _) in RULES.items():
        assert_same(name, rule(here, 1.0, 0.5), rule(there, 1.0, 0.5), DOUBLE)
    assert (labels_of(here, True).labels == labels_of(there, True).labels).all()
    for pool in (geometry.near_other, geometry.far_own):
        one, other = (pool(rows, LABELS, domains=4, fraction=0.5) for rows in (here, there))
        assert one.tolist() == other.tolist()


@pytest.mark.parametrize("name", [*SHIFTED, "d_optimal"])
@pytest.mark.parametrize(
    ("dtype", "scale"), [(SINGLE, 1e20), (SINGLE, 1e-30), (DOUBLE, 1e160), (DOUBLE, 1e-200)]
)
def test_any_size_of_points_gives_distinct_picks_and_finite_gains_or_one_error(name, dtype, scale):
    rows = (rows_of(1) * scale).astype(dtype)
    rule, grown = RULES[name]
    try:
        found = rule(rows, 1.0, 1.0)
    except ValueError as refused:
        assert "\n" not in str(refused)
        assert grown == 2 or (name in ("d_optimal", "dpp_map"))
        return
    assert len(set(found.indices.tolist())) == NUMBER
    assert np.isfinite(found.gains[1:]).all() and np.isfinite(found.objective)
    if grown:
        assert found.indices.tolist() == rule(rows_of(1).astype(dtype), 1.0, 1.0).indices.tolist()
        assert 0 < float(found.objective) / scale < 10


def test_d_optimal_picks_as_many_directions_as_there_are_without_a_ridge_to_speak_of():
    rows = (rows_of(2) * 1e20).astype(SINGLE)
    found = coverage.d_optimal(rows, number=3, ridge=1.0)
    exact = rows[np.asarray(found.indices)].astype(DOUBLE)
    # The ridge adds less than one part in 10^38.
    assert float(found.objective) == pytest.approx(2 * np.linalg.slogdet(exact)[1], rel=1e-6)
    with pytest.raises(ValueError, match=r"^number: got 4, expected at most 3, the points' rank"):
        coverage.d_optimal(rows, number=4, ridge=1.0)
    traced = jax.jit(lambda rows: coverage.d_optimal(rows, number=4, ridge=1.0))(rows)
    assert np.isfinite(traced.gains[:3]).all() and np.isnan(traced.objective)


@pytest.mark.parametrize(
    ("size", "ridge", "number"), [(900.0, 1.0, 100), (1.0, 1e-6, 100), (1.0, 1e-6, 30)]
)
def test_d_optimal_in_single_precision_survives_picks_of_low_rank(size, ridge, number):
    """The condition of the matrix is 1e8 and more; that of its root is what single precision has.

    An error of 2^-24 of a row's length against ``sqrt(ridge)`` and tens of such: 1e-2 at most.
    """
    random = np.random.default_rng(zlib.crc32(b"rank-deficient picks"))
    rows = (random.normal(size=(500, 128)) * size).astype(SINGLE)
    found = coverage.d_optimal(rows, number=number, ridge=ridge)
    picks = np.asarray(found.indices)
    assert len(set(picks.tolist())) == number
    exact = rows.astype(DOUBLE)[picks]
    # The determinants of leading blocks: no inverse of the large matrix, in double precision.
    root = np.linalg.cholesky(np.eye(number) + exact @ exact.T / ridge)
    gains = 2 * np.log(np.diagonal(root))
    np.testing.assert_allclose(found.gains, gains, atol=1e-2)
    total = float(jnp.sum(found.gains)) + 128 * np.log(ridge)
    assert float(found.objective) == pytest.approx(total, rel=1e-6)


def clusters(distance):
    """Two clusters of twenty points, some 1 in size, `distance` apart; exact in float32."""
    rows = rows_of(3)
    rows[20:, 0] += distance
    return rows


def test_clusters_far_apart_keep_the_digits_within_them():
    rows = clusters(2.0**13)
    single, exact = rows.astype(SINGLE), ((rows[:, None] - rows[None]) ** 2).sum(axis=2)
    found = coverage.k_center(single, number=NUMBER)
    picks = np.asarray(found.indices)
    radii = [exact[:, picks[:turn]].min(axis=1).max() ** 0.5 for turn in range(1, NUMBER + 1)]
    np.testing.assert_allclose([*found.gains[1:], found.objective], radii, rtol=1e-5)
    found = coverage.kmeans_plus_plus(KEY, single, number=NUMBER)
    least = exact[:, np.asarray(found.indices)].min(axis=1).sum()
    assert float(found.objective) == pytest.approx(least, rel=1e-5)
    matrix, kernel = np.exp(-exact / 2), kernels.Gaussian(1.0)
    for one in (kernel(single, single), jax.jit(lambda rows: kernel(rows, rows))(single)):
        np.testing.assert_allclose(one, matrix, atol=1e-6)
    found = coverage.facility_location(single, number=NUMBER, kernel=kernel)
    served = matrix[:, np.asarray(found.indices)].max(axis=1).sum()
    assert float(found.objective) == pytest.approx(served, rel=1e-5)
    start = [0, 1, 20, 21]
    nearest = exact[:, start].argmin(axis=1)
    assert daar.nearest(single, single[start]).tolist() == nearest.tolist()


@pytest.mark.parametrize("scale", [1.0, 2.0**530, 2.0**-530])
def test_distances_to_what_is_kept_are_those_of_differences(scale):
    rows = clusters(2.0**30)
    exact = ((rows[:, None] - rows[None]) ** 2).sum(axis=2) ** 0.5
    problem = Problem(rows * scale, number=4, raw=True)
    kept = np.array([0, 1, 20, 21])
    found = measures.nearest_distances(problem, kept) / scale
    expected = exact[:, kept].min(axis=1)
    np.testing.assert_allclose(np.sort(found), np.sort(expected), rtol=1e-12)


@pytest.mark.parametrize("name", rules.RULES)
@pytest.mark.parametrize(("dtype", "scale"), [(SINGLE, 1e20), (SINGLE, 1.0), (DOUBLE, 1e160)])
def test_every_rule_on_offer_keeps_distinct_rows_with_a_finite_objective_or_refuses(
    name, dtype, scale
):
    rows = (rows_of(4) * scale).astype(dtype)
    problem = Problem(rows, LABELS, number=NUMBER, raw=True, length_scale=scale)
    try:
        kept, objective = rules.choose(name, problem)
    except ValueError as refused:
        assert scale > 1 and "\n" not in str(refused) and ": got " in str(refused)
        return
    assert sorted(set(kept.tolist()) & set(range(40))) == sorted(kept.tolist())
    assert len(kept) == NUMBER
    assert objective is None or np.isfinite(objective)
