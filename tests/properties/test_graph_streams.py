"""What holds for any stream: units, shifts, duplicates, where it is cut, what is not known."""

import jax
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from diversity_jax.graph_learning import online, quantise

steady = settings(derandomize=True, deadline=None, max_examples=40)
NUMBER, LENGTH = 4, 24
seeds = st.integers(0, 2**32 - 1)


def whole_numbers(seed):
    """Whole numbers with ties and points given twice, over scales, or all but a few alike."""
    rng = np.random.default_rng(seed)
    spread = 2 ** rng.integers(0, 12, (LENGTH, 1))
    points = np.round(rng.normal(size=(LENGTH, 2)) * spread)
    if seed % 3 == 0:
        points[rng.random(LENGTH) < 0.8] = points[0]
    return points


def run(points):
    return quantise.extend(quantise.initial(NUMBER, 2, multiplier=2.0), points)


@steady
@given(seeds, st.sampled_from([-960, -300, 0, 300, 960]), st.sampled_from([0.0, 2.0**36]))
def test_a_stream_has_no_unit_and_no_origin(seed, power, shift):
    points = whole_numbers(seed)
    here = run(points)
    there = run((points + shift) * 2.0**power)
    np.testing.assert_array_equal(here.multiplicities, there.multiplicities)
    unit = 2.0**power
    np.testing.assert_array_equal(np.asarray(there.centroids) / unit - shift, here.centroids)
    # Squares out of range are taken in units of the largest difference: other roundings.
    np.testing.assert_allclose(float(there.radius) / unit, float(here.radius), rtol=1e-14)


@steady
@given(seeds)
def test_no_more_centroids_than_there_are_slots_and_every_point_near_one(seed):
    points = whole_numbers(seed)
    state = run(points)
    count, bound = int(state.count), float(quantise.radius_bound(state))
    assert 1 <= count <= NUMBER and int(state.multiplicities.sum()) == LENGTH
    assert (np.asarray(state.multiplicities)[:count] > 0).all()
    assert (np.asarray(state.multiplicities)[count:] == 0).all()
    centroids = np.asarray(state.centroids)[:count]
    apart = np.linalg.norm(points[:, None] - centroids[None], axis=2).min(1)
    assert apart.max() <= bound * (1 + 1e-14)
    assert all((points == centroid).all(1).any() for centroid in centroids)
    if len(np.unique(points, axis=0)) <= NUMBER:
        assert bound == 0 and count == len(np.unique(points, axis=0))
    at = np.asarray(quantise.place(state, points))
    np.testing.assert_array_equal(np.linalg.norm(points - centroids[at], axis=1), apart)


@steady
@given(seeds, st.integers(0, LENGTH), st.integers(0, 4), st.integers(0, NUMBER - 1))
def test_a_stream_may_be_cut_anywhere_and_values_keep_their_range(seed, cut, every, pins):
    points = whole_numbers(seed)
    rng = np.random.default_rng(seed)
    labels = np.where(rng.random(LENGTH) < 0.3, rng.choice([-1.0, 1.0], LENGTH), np.nan)
    start = online.initial(NUMBER, 2, bandwidth=20.0, regularisation=0.01, most_pinned=pins)
    whole, found = online.run(start, points, labels, every=every)
    part, first = online.run(start, points[:cut], labels[:cut], every=every)
    part, rest = online.run(part, points[cut:], labels[cut:], every=every)
    for one, other in zip(jax.tree.leaves(whole), jax.tree.leaves(part)):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(np.concatenate([first, rest]), found)
    asked = (np.arange(1, LENGTH + 1) % every == 0) if every else np.zeros(LENGTH, bool)
    np.testing.assert_array_equal(np.isfinite(found), asked)
    assert (np.abs(np.asarray(found)[asked]) <= 1 + 1e-12).all()
    state = whole.quantiser
    count = int(state.count)
    assert int(state.pinned.sum()) <= pins and int(whole.labelled.sum()) == (labels == labels).sum()
    np.testing.assert_allclose(whole.sums.sum(), np.nansum(labels))
    table = np.asarray(whole.weights)
    assert (table == table.T).all() and (np.diagonal(table) == 0).all()
    rows = np.asarray(state.centroids)[:count]
    apart = np.linalg.norm(rows[:, None] - rows[None], axis=2)
    expected = np.exp(-((apart / 20) ** 2) / 2) - np.eye(count)
    np.testing.assert_allclose(table[:count, :count], expected, atol=1e-14)
