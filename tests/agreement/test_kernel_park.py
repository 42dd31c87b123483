"""Partitions and ParK against brute force, one solve on all inputs, and the note's numbers."""

import dataclasses

import jax
import numpy as np
import pytest

from diversity_jax import seeds
from diversity_jax.kernel_ridge import centroids, kernels, park, problems
from diversity_jax.kernel_ridge import partition as partitions

GAUSSIAN = kernels.gaussian(1.0)
KEY = seeds.root(16)
pytestmark = pytest.mark.light


def plain(points, others):
    """The same kernel, of which nobody knows that it is radial."""
    return jax.numpy.exp(-((points[:, None] - others[None]) ** 2).sum(2) / 2)


def matrix(points, others):
    return np.exp(-((points[:, None] - others[None]) ** 2).sum(2) / 2)


def exact(inputs, targets, points, penalty):
    system = matrix(inputs, inputs) + penalty * np.eye(len(inputs))
    return matrix(points, inputs) @ np.linalg.solve(system, targets)


def table(count, seed="park", box=8.0):
    random = seeds.numpy_generator(seeds.stream(KEY, seed))
    points = random.uniform(0, box, (count, 2))
    return points, np.sin(points).sum(1) + 0.1 * random.normal(size=count)


def test_greedy_centroids_are_those_of_pivoted_cholesky_by_hand():
    line = np.array([[0.0], [1], [2.5], [4], [10]])
    places, sines = centroids.pivots(GAUSSIAN, jax.numpy.asarray(line), 3)
    np.testing.assert_array_equal(places, [0, 4, 3])
    np.testing.assert_allclose(sines, [1, 1, 0.999999887464825], rtol=1e-14)
    # By solves instead of columns, on points whose angles differ.
    points, _ = table(40, box=3.0)
    places, sines = (np.asarray(each) for each in centroids.pivots(GAUSSIAN, points, 8))
    for step in range(1, 8):
        chosen = points[places[:step]]
        across = matrix(points, chosen)
        seen = np.einsum("ij,ji->i", across, np.linalg.solve(matrix(chosen, chosen), across.T))
        assert np.argmax(1 - seen) == places[step]
        np.testing.assert_allclose(sines[step], (1 - seen).max(), rtol=1e-6)


def test_a_polynomial_of_rank_three_has_three_greedy_centroids():
    points, _ = table(30)
    found = np.asarray(centroids.pivots(kernels.polynomial(1), points, 6)[0])
    assert (found[:3] >= 0).all() and (found[3:] == -1).all()


@pytest.mark.parametrize("method", partitions.METHODS)
def test_cells_are_those_of_the_nearest_centroid_by_brute_force(method):
    points, _ = table(600)
    others = {"random": plain, "k-means++": kernels.polynomial(2)}
    for kernel in (GAUSSIAN, others.get(method, GAUSSIAN)):
        found = park.partition(KEY, kernel, points, cells=12, method=method)
        at = np.asarray(found.centroids)
        far = ((points[:, None] - at[None]) ** 2).sum(2)
        if isinstance(kernel, kernels.Polynomial):

            def of(a, b):
                return (a @ b.T + 1) ** 2

            own, each = np.diag(of(points, points)), np.diag(of(at, at))
            far = own[:, None] - 2 * of(points, at) + each[None]
        least = np.take_along_axis(far, np.asarray(found.cells)[:, None], axis=1)[:, 0]
        np.testing.assert_allclose(least, far.min(1), rtol=1e-9, atol=1e-9 * far.max())
        np.testing.assert_array_equal(found.route(points[::7]), np.asarray(found.cells)[::7])
        np.testing.assert_array_equal(np.bincount(found.cells), found.sizes)
        assert found.capped and found.sizes.max() <= 2 * 600 / 12


def test_draws_of_k_means_plus_plus_follow_the_squared_distances_of_features():
    line = jax.numpy.asarray([[0.0], [0.5], [3.0]])
    keys = seeds.seed_keys(seeds.stream(KEY, "spread"), range(4000))
    pairs = np.asarray(jax.vmap(lambda key: centroids.spread(key, GAUSSIAN, line, 2))(keys))
    far = 2 - 2 * matrix(np.asarray(line), np.asarray(line))
    chances = far / far.sum(1, keepdims=True) / 3
    counts = np.zeros((3, 3))
    np.add.at(counts, tuple(pairs.T), 1)
    errors = np.sqrt(chances * (1 - chances) / 4000)
    # Nine counts at a false alarm of 1e-4 in all: 4.4 standard errors each.
    assert (np.abs(counts / 4000 - chances) <= 4.4 * errors).all()


def test_one_cell_is_the_solution_with_the_same_centres_on_all_inputs():
    points, targets = table(600)
    asked, _ = table(50, "asked")
    found = park.fit(
        KEY, GAUSSIAN, points, targets, ridge=1e-4, cells=1, centres_per_cell=40, method="random"
    )
    centres = np.asarray(found.centres)[0, : int(found.many[0])]
    across, among = matrix(points, centres), matrix(centres, centres)
    # The equations themselves, whose condition is squared: some digits less.
    weights = np.linalg.solve(across.T @ across + 0.06 * among, across.T @ targets)
    np.testing.assert_allclose(found.predict(asked), matrix(asked, centres) @ weights, atol=1e-6)
    assert bool(found.converged) and len({tuple(row) for row in centres}) == 40
    whole = park.fit(
        KEY, GAUSSIAN, points, targets, ridge=1e-4, cells=1, centres_per_cell=None, method="random"
    )
    np.testing.assert_allclose(
        whole.predict(asked), exact(points, targets, asked, 0.06), atol=1e-10
    )


def test_cells_a_hundred_lengthscales_apart_are_one_solution_on_all_inputs():
    points, _ = table(300, box=3.0)
    targets = np.stack([np.sin(points[:, 0]), np.cos(points[:, 1])], 1)
    points = points + 100.0 * (np.arange(300) % 3)[:, None]
    for size, error in ((None, 1e-11), (100, 1e-6), (99, 1e-3)):
        found = park.fit(
            KEY, GAUSSIAN, points, targets, ridge=1e-5, cells=3, centres_per_cell=size,
            method="pivoted-cholesky",
        )  # fmt: skip
        apart = np.abs(np.asarray(found.predict(points)) - exact(points, targets, points, 3e-3))
        assert apart.max() <= error
        assert (np.asarray(found.partition.sizes) == 100).all()
    small = park.fit(
        KEY, GAUSSIAN, points, targets, ridge=1e-5, cells=3, centres_per_cell=None,
        method="pivoted-cholesky", own_count=True,
    )  # fmt: skip
    own = np.concatenate(
        [exact(points[q::3], targets[q::3], points[q::3], 1e-3)[:, 0] for q in range(3)]
    )
    order = np.concatenate([np.arange(q, 300, 3) for q in range(3)])
    np.testing.assert_allclose(np.asarray(small.predict(points))[order, 0], own, atol=1e-10)


def test_each_cell_is_solved_by_its_own_points_and_predicts_them():
    points, targets = table(600)
    asked, _ = table(200, "asked")
    found = park.fit(
        KEY, GAUSSIAN, points, targets, ridge=1e-4, cells=5, centres_per_cell=None, method="k-means"
    )
    cells, where = np.asarray(found.partition.cells), np.asarray(found.partition.route(asked))
    expected = np.zeros(200)
    for q in range(5):
        mine = cells == q
        expected[where == q] = exact(points[mine], targets[mine], asked[where == q], 0.06)
    np.testing.assert_allclose(found.predict(asked), expected, atol=1e-9)
    batched = park.fit(
        KEY, GAUSSIAN, points, targets, ridge=1e-4, cells=found.partition, centres_per_cell=None,
        together=4,
    )  # fmt: skip
    np.testing.assert_allclose(batched.predict(asked), found.predict(asked), atol=1e-9)


def test_random_parts_are_averaged_each_with_its_own_number():
    points, targets = table(300)
    one = park.divide_and_conquer(
        KEY, GAUSSIAN, points, targets, ridge=1e-3, parts=3, centres_per_part=None
    )
    at = [np.asarray(each)[:many] for each, many in zip(one.centres, one.many)]
    place = {tuple(row): number for number, row in enumerate(points)}
    expected = 0
    for part in at:
        mine = [place[tuple(row)] for row in part]
        expected = expected + exact(points[mine], targets[mine], points, 0.1) / 3
    assert len({tuple(row) for part in at for row in part}) == 300
    np.testing.assert_allclose(one.predict(points), expected, atol=1e-9)


def test_blending_is_continuous_across_borders_and_hard_far_from_them():
    points, targets = table(600)
    hard = park.fit(
        KEY, GAUSSIAN, points, targets, ridge=1e-4, cells=8, centres_per_cell=40, method="k-means"
    )
    soft = dataclasses.replace(hard, blend=0.3)
    along = np.linspace(0, 1, 20001)[:, None]
    way = np.array([[0.5, 7.0]]) * (1 - along) + np.array([[7.5, 0.8]]) * along
    jumps = [np.abs(np.diff(np.asarray(each.predict(way)))).max() for each in (hard, soft)]
    # A step of the way is 5e-4 long: what is smooth moves by little more than that.
    assert jumps[0] > 0.02 and jumps[1] < 0.005
    far = np.sort(((way[:, None] - np.asarray(hard.partition.centroids)[None]) ** 2).sum(2), axis=1)
    inner = far[:, 1] > 1.3001 * far[:, 0]
    difference = np.abs(np.asarray(hard.predict(way)) - np.asarray(soft.predict(way)))
    assert difference[inner].max() < 1e-12 < difference[~inner].max()


@pytest.mark.heavy
def test_the_note_at_twenty_thousand_points():
    data = problems.draw(seeds.stream(KEY, "note"), 22_000, 2, 30.0, 0.1)
    x, y, truth = (np.asarray(each) for each in (data.inputs, data.targets, data.truth))
    options = {"ridge": 1e-6}
    one = park.fit(
        KEY, GAUSSIAN, x[:20_000], y[:20_000], cells=16, centres_per_cell=250,
        method="k-means++", most=None, **options,
    )  # fmt: skip
    other = park.divide_and_conquer(
        KEY, GAUSSIAN, x[:20_000], y[:20_000], parts=16, centres_per_part=250, **options
    )
    errors = [
        np.sqrt(((np.asarray(fit.predict(x[20_000:])) - truth[20_000:]) ** 2).mean())
        for fit in (one, other)
    ]
    assert 0.025 < errors[0] < 0.036 and errors[1] > 3 * errors[0]
