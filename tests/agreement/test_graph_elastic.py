"""Elastic-joint quantisation: its equations are those of a gradient, and no minimum is told."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from diversity_jax.graph_learning import elastic
from tests.agreement.graph_problems import generator

pytestmark = pytest.mark.light
KNOWN, FREE, NUMBER = 2, 4, 60
HELD = np.arange(KNOWN + FREE) < KNOWN


def drawn(name, shift=0.0):
    rng = generator(name)
    points = rng.normal(size=(NUMBER, 2)) + shift
    nodes = points[: KNOWN + FREE] + 0.1
    groups = rng.integers(0, KNOWN + FREE, NUMBER)
    groups[: KNOWN + FREE] = np.arange(KNOWN + FREE)
    return points, nodes, groups, rng.uniform(-1, 1, KNOWN + FREE)


def energy(free, nodes, labels, points, groups, bandwidth, strength):
    """J as it is written, of the free nodes, each pair once."""
    nodes = jnp.concatenate([nodes[:KNOWN], free])
    total = strength * jnp.mean(jnp.sum((points - nodes[groups]) ** 2, axis=1))
    one, other = np.triu_indices(KNOWN + FREE, 1)
    pulls = ((labels[one] - labels[other]) / (KNOWN + FREE) / bandwidth) ** 2
    return total - jnp.sum(pulls * jnp.sum((nodes[one] - nodes[other]) ** 2, axis=1)) / 2


@jax.jit
def derivatives(free, *rest):
    return energy(free, *rest), jax.grad(energy)(free, *rest), jax.hessian(energy)(free, *rest)


@pytest.mark.parametrize("strength", [3.0, 0.2, 0.02])
def test_moved_centroids_are_where_the_gradient_vanishes_and_a_minimum_if_they_say_so(strength):
    points, nodes, groups, labels = drawn("gradient")
    options = {"bandwidth": 0.5, "strength": strength}
    found = elastic.move(nodes, labels, points, groups, HELD, **options)
    after = np.asarray(found.centroids)
    np.testing.assert_array_equal(after[HELD], nodes[HELD])

    rest = (nodes, labels, points, groups, 0.5, strength)
    _, before, _ = derivatives(nodes[~HELD], *rest)
    at = after[~HELD]
    value, slope, square = derivatives(at, *rest)
    given = elastic.objective(after, labels, points, groups, **options)
    assert given == pytest.approx(float(value), rel=1e-12)
    # Rounding: of terms of the size of what they cancel at the start.
    scale = np.abs(before).max() * max(1, np.abs(at).max())
    assert np.abs(slope).max() < 1e-12 * scale
    # By differences of the library's own value too.
    direction = generator("direction").normal(size=at.shape)
    ends = [
        elastic.objective(
            np.concatenate([nodes[HELD], at + sign * 1e-3 * direction]),
            labels, points, groups, **options,
        )
        for sign in (1, -1)
    ]  # fmt: skip
    # J is quadratic, so that differences are exact but for rounding.
    assert abs(ends[0] - ends[1]) / 2e-3 < 1e-9 * scale
    least = float(np.linalg.eigvalsh(np.reshape(square, (2 * FREE, 2 * FREE)))[0])
    assert float(found.least_eigenvalue) == pytest.approx(least, rel=1e-10, abs=1e-12)
    assert found.minimiser == (least > 0) == (strength > 1)


def test_pairs_counted_twice_are_another_problem_and_empty_groups_have_no_minimum():
    points, nodes, groups, labels = drawn("ordered")
    options = {"bandwidth": 0.5, "strength": 3.0}
    found = np.asarray(elastic.move(nodes, labels, points, groups, HELD, **options).centroids)
    twice = np.asarray(
        elastic.move(nodes, labels * 2**0.5, points, groups, HELD, **options).centroids
    )
    assert np.abs(found - twice).max() > 1e-3
    empty = np.where(groups == KNOWN + FREE - 1, 0, groups)
    lost = elastic.move(nodes, labels, points, empty, HELD, **options)
    assert not lost.minimiser and float(lost.least_eigenvalue) < 0
    same = elastic.move(nodes, np.ones(6), points, empty, HELD, **options)
    assert not same.minimiser and np.isnan(np.asarray(same.centroids)[~HELD]).all()


def test_far_from_the_origin_and_where_labels_agree():
    points, nodes, groups, labels = drawn("shifted")
    points, nodes = np.round(points * 2**10) / 2**10, np.round(nodes * 2**10) / 2**10
    options = {"bandwidth": 0.5, "strength": 3.0}
    here = np.asarray(elastic.move(nodes, labels, points, groups, HELD, **options).centroids)
    far = 2.0**30
    there = elastic.move(nodes + far, labels, points + far, groups, HELD, **options).centroids
    np.testing.assert_allclose(np.asarray(there) - far, here, atol=2.0**-20)
    means = np.asarray(elastic.move(nodes, np.ones(6), points, groups, HELD, **options).centroids)
    for group in range(KNOWN, KNOWN + FREE):
        np.testing.assert_allclose(means[group], points[groups == group].mean(0), atol=1e-12)


def test_the_alternation_lowers_its_objective_at_every_move_and_says_how_it_ended():
    rng = generator("alternation")
    side = np.arange(200) % 2
    points = rng.normal(size=(200, 2)) * 0.4 + np.stack([3.0 * side, 0 * side], 1)
    known, labels = np.array([[0.0, 0], [3.0, 0]]), [-1.0, 1]
    found = elastic.fit(points, known, labels, points[:12], bandwidth=0.7)
    before, after = np.asarray(found.objectives).T
    assert found.minimiser and (after <= before * (1 + 1e-12)).all() and len(before) >= 2
    assert found.converged == bool(np.asarray(found.moves)[-1] < 1e-6)
    right = np.sign(np.asarray(found.labels)[np.asarray(found.groups)]) == 2 * side - 1
    assert right.mean() > 0.95
    np.testing.assert_array_equal(np.asarray(found.centroids)[:2], known)
    weak = elastic.fit(points, known, labels, points[:12], bandwidth=0.7, strength=1e-6)
    assert not weak.minimiser and not weak.converged
    np.testing.assert_array_equal(np.asarray(weak.centroids)[2:], points[:12])


@pytest.mark.parametrize(
    "words, change",
    [
        ("groups: .*places from 0 to 5", {"groups": np.full(NUMBER, 9)}),
        ("groups: .*float64", {"groups": np.zeros(NUMBER)}),
        ("labels: .*shape", {"labels": np.ones(2)}),
        ("points: .*NaN|points: .*finite", {"points": np.full((NUMBER, 2), np.nan)}),
        ("centroids: .*shape", {"centroids": np.ones((6, 3))}),
        ("fixed: .*false", {"fixed": np.ones(6, bool)}),
        ("bandwidth", {"bandwidth": 0.0}),
        ("strength", {"strength": -1.0}),
    ],
)
def test_bad_input_is_one_clear_error(words, change):
    points, nodes, groups, labels = drawn("bad")
    given = {
        "centroids": nodes, "labels": labels, "points": points, "groups": groups, "fixed": HELD,
        "bandwidth": 0.5, "strength": 1.0,
    }  # fmt: skip
    with pytest.raises(ValueError, match=words):
        elastic.move(**(given | change))


@pytest.mark.parametrize("power", [-200, 200, 400])
def test_points_of_any_scale_move_alike(power):
    """Squares of 2^400 are beyond what doubles hold."""
    points, nodes, groups, labels = drawn("gradient")
    made = []
    for at in (0, power):
        rows, centroids = np.ldexp(points, at), np.ldexp(nodes, at)
        options = {"bandwidth": np.ldexp(0.5, at), "strength": np.ldexp(3.0, -2 * at)}
        moved = elastic.move(centroids, labels, rows, groups, HELD, **options)
        value = elastic.objective(centroids, labels, rows, groups, **options)
        fitted = elastic.fit(rows[9:], rows[:2], [1.0, -1], rows[2:6], steps=2, **options)
        made.append([np.ldexp(np.asarray(moved.centroids), -at), moved.minimiser, value])
        made[-1] += [np.ldexp(np.asarray(fitted.centroids), -at), fitted.groups, fitted.moves]
    for one, other in zip(*made):
        np.testing.assert_allclose(one, other, rtol=1e-9)


def test_a_bandwidth_of_no_scale_of_the_points_is_refused():
    points, nodes, groups, labels = drawn("gradient")
    for bandwidth in (1e-200, 1e200):
        with pytest.raises(ValueError, match=r"bandwidth: got .* the scale of the points; pass"):
            elastic.objective(nodes, labels, points, groups, bandwidth=bandwidth, strength=1.0)
