"""Streams: doubling against lists and against the best groups of all."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from diversity_jax.graph_learning import affinity, harmonic, online, quantise, theory
from tests.agreement.doubling import Doubling, least_diameter
from tests.agreement.graph_problems import generator

pytestmark = pytest.mark.light
EPS = np.finfo(np.float64).eps
STREAMS, LENGTH, NUMBER = 40, 10, 3


@jax.jit
@jax.vmap
def courses(points, pins, multiplier):
    """All states of several streams at once."""

    def step(state, given):
        state = quantise.update(state, given[0], pin=given[1])
        return state, (state, quantise.radius_bound(state), quantise.least_radius(state))

    start = quantise.initial(NUMBER, points.shape[1], multiplier=multiplier, most_pinned=1)
    return jax.lax.scan(step, start, (points, pins))[1]


def drawn(name, pinned=0.0):
    """Whole numbers on a line or in a plane, some given twice; small and large steps."""
    rng = generator(name)
    spread = 2.0 ** rng.integers(2, 12, (STREAMS, LENGTH, 1))
    points = np.round(rng.normal(size=(STREAMS, LENGTH, 2)) * spread)
    points[::2, :, 1] = 0  # every second stream is on a line
    again = rng.random((STREAMS, LENGTH)) < 0.1
    points[again] = points[:, :1].repeat(LENGTH, 1)[again]
    multiplier = np.resize([1.5, 2.0, 3.0], STREAMS)
    return points, rng.random((STREAMS, LENGTH)) < pinned, multiplier


def test_the_reference_stream():
    state = quantise.initial(2, 1, multiplier=2.0)
    radii = []
    for x in [0, 1, 3, 7, 15, 16, 2]:
        state = quantise.update(state, [x])
        radii.append(float(state.radius))
    assert radii == [0, 0, 2, 4, 8, 8, 8]
    np.testing.assert_array_equal(state.centroids, [[0], [15]])
    np.testing.assert_array_equal(state.multiplicities, [5, 2])
    assert int(state.count) == 2 and float(quantise.radius_bound(state)) == 16


@pytest.mark.parametrize("pinned", [0.0, 0.2])
def test_streams_are_those_of_lists_with_all_invariants_at_every_step(pinned):
    """A-C9, A-C10: at most k, apart, near, and a bound from below on what is possible at all."""
    points, pins, multipliers = drawn(f"streams {pinned}", pinned)
    states, bounds, least = map(
        lambda tree: jax.tree.map(np.asarray, tree),
        courses(jnp.asarray(points), jnp.asarray(pins), jnp.asarray(multipliers)),
    )
    merges, worst = 0, 0.0
    for stream in range(STREAMS):
        lists = Doubling(NUMBER, multipliers[stream], 1)
        m = multipliers[stream]
        for t in range(LENGTH):
            lists.add(points[stream, t].tolist(), bool(pins[stream, t]))
            count = int(states.count[stream, t])
            centroids = states.centroids[stream, t]
            assert count == len(lists.centroids) <= NUMBER
            np.testing.assert_array_equal(centroids[:count], lists.centroids)
            assert np.isnan(centroids[count:]).all()
            np.testing.assert_array_equal(states.multiplicities[stream, t, :count], lists.many)
            assert states.multiplicities[stream, t].sum() == t + 1
            np.testing.assert_array_equal(states.pinned[stream, t, :count], lists.pinned)
            radius = float(states.radius[stream, t])
            assert radius == pytest.approx(lists.radius, rel=8 * EPS, abs=0)
            free = centroids[:count][~states.pinned[stream, t, :count]]
            apart = np.linalg.norm(free[:, None] - free[None], axis=2)
            assert (apart[~np.eye(len(free), dtype=bool)] >= radius * (1 - 8 * EPS)).all()
            distortion = lists.distortion()
            assert distortion <= bounds[stream, t] * (1 + 8 * EPS)
            assert bounds[stream, t] == pytest.approx(radius * m / (m - 1), rel=8 * EPS)
            slots = NUMBER - sum(lists.pinned)
            if lists.others:
                diameter = least_diameter(lists.others, slots)
                assert least[stream, t] <= diameter / 2 * (1 + 8 * EPS)
                if not any(lists.pinned) and stream % 2 == 0 and diameter:
                    worst = max(worst, distortion / (diameter / 2) / (2 * m**2 / (m - 1)))
        merges += radius > 0
    assert merges > STREAMS / 2
    assert worst <= 1 + 8 * EPS and worst > 0.2


def learner(numbers=True, **options):
    start = {"bandwidth": 1.5, "regularisation": 0.05, "most_pinned": 2, **options}
    return online.initial(5, 2, classes=None if numbers else 2, **start)


def labelled_stream(name, length=24, share=0.3):
    """Three clusters, points given twice, labels that may contradict each other."""
    rng = generator(name)
    points = np.round(4 * (rng.normal(size=(length, 2)) + 3 * rng.integers(0, 3, (length, 1)))) / 4
    points[5] = points[0]
    labels = np.where(rng.random(length) < share, rng.choice([-1.0, 1, 0.5], length), np.nan)
    labels[0], labels[5] = 1.0, -0.5
    return points, labels


def test_predictions_are_those_of_the_whole_stream_moved_to_its_centroids():
    """A8: the full harmonic solution with as many nodes as points, and doubling by lists."""
    points, labels = labelled_stream("whole")
    state, lists, worst, beyond = learner(), Doubling(5, 1.5, 2), 0, 0
    pairs = np.stack([np.where(np.isnan(labels), np.nan, labels * s) for s in (1, -1)], 1)
    _, ran = online.run(learner(), points, labels)
    _, columns = online.run(learner(numbers=False), points, pairs)
    given: dict[tuple, list] = {}
    for t, (point, label) in enumerate(zip(points, labels)):
        lists.add(point.tolist(), not np.isnan(label))
        if not np.isnan(label):
            given.setdefault(tuple(point), []).append(label)
        state, value = online.step(state, point, None if np.isnan(label) else label)
        # Labels of a point are found by the point, since they went where it went.
        nodes = [c for c, members in zip(lists.centroids, lists.members) for _ in members]
        there = [[y for x in set(members) for y in given.get(x, [])] for members in lists.members]
        means = [np.mean(ys) if ys else np.nan for ys in there]
        full = np.repeat(means, [len(members) for members in lists.members])
        solution = harmonic.hard(
            affinity.gaussian(np.array(nodes), bandwidth=1.5),
            full, ~np.isnan(full), regularisation=0.05, method="host",
        )  # fmt: skip
        row = next(
            i for i, x in enumerate(x for members in lists.members for x in members)
            if x == tuple(point)
        )  # fmt: skip
        assert abs(float(value) - float(solution[row])) < 1e-12
        assert abs(float(ran[t]) - float(value)) < 1e-14
        np.testing.assert_allclose(columns[t], [float(value), -float(value)], atol=1e-14)
        worst = max(worst, abs(float(value)))
        pinned = np.asarray(state.quantiser.pinned)
        beyond += ((np.asarray(state.labelled) > 0) & ~pinned).any()
    # Some labels came when no more could be pinned.
    assert float(quantise.radius_bound(state.quantiser)) > 0 and worst > 0.5
    assert pinned.sum() == 2 and beyond > 0
    table = np.asarray(affinity.gaussian(np.array(lists.centroids), bandwidth=1.5))
    count = int(state.quantiser.count)
    np.testing.assert_allclose(state.weights[:count, :count], table - np.eye(count), atol=8 * EPS)
    assert (np.asarray(state.weights)[count:] == 0).all()
    at = online.predict(state, points[:6])
    near = np.linalg.norm(points[:6, None] - np.array(lists.centroids)[None], axis=2).argmin(1)
    np.testing.assert_array_equal(at, np.asarray(online.values(state))[near])


def test_a_compact_solution_that_holds_all_points_is_the_offline_one():
    """As many slots as points: nothing is moved, and the last step is the whole graph's."""
    points, labels = labelled_stream("exact", 12)
    points += np.arange(12)[:, None] / 64  # all differ
    state = online.initial(12, 2, bandwidth=1.5, regularisation=0.05, most_pinned=11)
    state, found = online.run(state, points, labels)
    whole = harmonic.hard(
        affinity.gaussian(points, bandwidth=1.5), labels, ~np.isnan(labels), regularisation=0.05
    )
    np.testing.assert_allclose(online.values(state), whole, atol=1e-13)
    assert float(found[-1]) == pytest.approx(float(whole[-1]), abs=1e-13)
    assert float(quantise.radius_bound(state.quantiser)) == 0


def test_promises_of_the_theory_are_those_of_the_quantiser():
    points, _, multipliers = drawn("promises")
    for m in (1.5, 2.0, 3.0):
        stream = points[np.argmax(multipliers == m)]
        state = quantise.extend(quantise.initial(NUMBER, 2, multiplier=m), stream)
        radius = float(state.radius)
        assert radius > 0
        bound = theory.distortion_bound(radius, multiplier=m)
        least = theory.optimum_bound(radius, multiplier=m)
        np.testing.assert_allclose(quantise.radius_bound(state), bound, rtol=8 * EPS)
        np.testing.assert_allclose(quantise.least_radius(state), least, rtol=8 * EPS)
        factor = theory.approximation_factor(m)
        np.testing.assert_allclose(bound / least, factor, rtol=8 * EPS)
    grid = np.linspace(1.01, 6, 2000)
    factors = [float(theory.approximation_factor(m)) for m in grid]
    assert min(factors) >= 8 and abs(grid[np.argmin(factors)] - 2) < 0.01
    assert [float(theory.approximation_factor(m)) for m in (1.5, 2, 3)] == pytest.approx([9, 8, 9])


def test_merges_are_as_few_as_the_logarithm_says():
    """At every power of the multiplier once, on a stream that grows; few on one that does not."""
    m, length = 2.0, 30
    grows = np.concatenate([[0.0], m ** np.arange(length)])[:, None]
    state, radii = quantise.initial(1, 1, multiplier=m), []
    for x in grows:
        state = quantise.update(state, x)
        radii.append(float(state.radius))
    merges = len(set(radii) - {0.0})
    most = theory.merges_bound(float(grows.max()), 1.0, multiplier=m)
    assert merges <= most <= merges + 1


def test_the_distortion_of_a_square_falls_as_fast_as_its_exponent_says():
    """A-C11, between the bounds of doubling itself: no fit at one size."""
    for dimension in (1, 2, 3):
        exponent = float(theory.distortion_exponent(dimension))
        assert float(theory.laplacian_exponent(dimension)) == 2 * exponent == -2 / dimension
    points = generator("square").random((400, 2))
    for number in (4, 64):
        state = quantise.extend(quantise.initial(number, 2, multiplier=2.0), points)
        at = np.asarray(state.centroids)[np.asarray(quantise.place(state, points))]
        radius = float(state.radius)
        # k + 1 points no nearer than R/2 fill the square: discs of half of it do not overlap.
        assert (number + 1) * np.pi * (radius / 4) ** 2 <= (1 + radius / 2) ** 2
        nearest = np.linalg.norm(points - at, axis=1).max()
        assert nearest <= float(quantise.radius_bound(state))
        # That in units of k^(-1/2), and that k discs of this radius have to cover the points.
        scaled = nearest * number ** -float(theory.distortion_exponent(2))
        assert 0.5 < scaled < 8 * 2**0.5
