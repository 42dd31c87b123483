"""Streams: doubling against lists and against the best groups of all."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from diversity_jax.graph_learning import quantise
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
