"""Kernels and fits under any shift, scale and order of the points; matrices that are positive."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diversity_jax.kernel_ridge import exact, kernels, nystrom, tuning

steady = settings(derandomize=True, deadline=None, max_examples=25)
NUMBER = 9
units = st.sampled_from([2.0**-300, 2.0**-20, 1.0, 2.0**40, 2.0**300])
seeds = st.integers(0, 2**32 - 1)
makers = st.sampled_from([kernels.gaussian, kernels.laplace, lambda one: kernels.matern(one, 2.5)])


def whole(seed, dimension):
    """Points of whole numbers, whose shifts and scales are exact, one of them given twice."""
    points = np.random.default_rng(seed).integers(-8, 8, size=(NUMBER, dimension)).astype(float)
    points[-1] = points[0]
    return points


@steady
@given(seeds, st.sampled_from([2, 7]), units, makers)
def test_kernels_follow_shifts_and_scales_and_are_positive(seed, dimension, unit, make):
    points = whole(seed, dimension)
    base = np.asarray(make(5.0)(points, points))
    moved = (points + 2.0**30) * unit
    np.testing.assert_allclose(make(5.0 * unit)(moved, moved), base, atol=1e-13)
    np.testing.assert_array_equal(base, base.T)
    np.testing.assert_array_equal(np.diagonal(base), 1)
    assert base[0, -1] == 1 and (base <= 1).all() and (base >= 0).all()
    assert np.linalg.eigvalsh(base).min() > -1e-13


@steady
@given(seeds, st.sampled_from([2, 7]), makers)
def test_far_clusters_keep_the_digits_within_them(seed, dimension, make):
    points = whole(seed, dimension)
    both = np.concatenate([points, points + 2.0**40])
    base, found = (np.asarray(make(5.0)(rows, rows)) for rows in (points, both))
    np.testing.assert_allclose(found[:NUMBER, :NUMBER], base, atol=1e-14)
    np.testing.assert_allclose(found[NUMBER:, NUMBER:], base, atol=1e-14)
    assert (found[:NUMBER, NUMBER:] == 0).all()


@steady
@given(seeds, units, st.floats(1e-4, 10.0), st.permutations(range(NUMBER)))
def test_fits_follow_units_order_and_multiples_of_their_targets(seed, unit, ridge, order):
    points, order = whole(seed, 2), np.array(order)
    targets = np.random.default_rng(seed).normal(size=NUMBER)
    new = points + 0.5
    kernel, scaled = kernels.gaussian(5.0), kernels.gaussian(5.0 * unit)
    base = exact.fit(kernel, points, targets, ridge=ridge)
    values = np.asarray(base.predict(new))
    moved = exact.fit(scaled, (points[order] + 2.0**20) * unit, -3 * targets[order], ridge=ridge)
    close = 1e-12 / ridge  # an error of rounding over the smallest eigenvalue
    np.testing.assert_allclose(moved.predict((new + 2.0**20) * unit), -3 * values, atol=close)
    # All inputs as centres, one of them twice: the same function.
    few = nystrom.fit(kernel, points, targets, ridge=ridge, centres=points[order])
    assert int(few.rank) <= len(np.unique(points, axis=0))
    np.testing.assert_allclose(few.predict(new), values, atol=close)
    # The fit is nearer to the targets than nothing, and shrinks them.
    left = targets - np.asarray(base.predict(points))
    assert (left**2).sum() <= (targets**2).sum()
    np.testing.assert_allclose(left, NUMBER * ridge * np.asarray(base.coefficients), atol=close)


@steady
@given(seeds, units)
def test_the_median_distance_follows_scales_and_shifts(seed, unit):
    points = whole(seed, 3)
    base = tuning.median_distance(points)
    apart = np.linalg.norm(points[:, None] - points[None], axis=2)[np.triu_indices(NUMBER, 1)]
    assert base == pytest.approx(np.median(apart[apart > 0]), rel=1e-14)
    assert tuning.median_distance((points + 2.0**20) * unit) == pytest.approx(
        base * unit, rel=1e-12
    )
