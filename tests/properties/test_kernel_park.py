"""What holds for any partition: shifts, scales, duplicates, ties, sizes, the points' own cells."""

import jax
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from diversity_jax import seeds
from diversity_jax.kernel_ridge import kernels, park
from diversity_jax.kernel_ridge import partition as partitions

steady = settings(derandomize=True, deadline=None, max_examples=15)
NUMBER, CELLS = 48, 5
# Without k-means, whose centroids are no whole numbers: it has the same routing.
METHODS = tuple(name for name in partitions.METHODS if name != "k-means")
cases = st.tuples(st.integers(0, 2**32 - 1), st.sampled_from(METHODS))


def whole_numbers(seed):
    """Whole numbers with ties and points given twice, in clusters near or far."""
    random = np.random.default_rng(seed)
    points = random.integers(-4, 5, (NUMBER, 2)).astype(float)
    points += random.choice([0, 10, 2.0**20]) * random.integers(0, 3, (NUMBER, 1))
    if seed % 3 == 0:
        points[random.random(NUMBER) < 0.6] = points[0]
    points[:CELLS] = np.arange(CELLS)[:, None] * np.array([[3.0, -2.0]])
    return points


def parted(seed, method, points, lengthscale=2.0, most=2.0):
    key = seeds.root(seed)
    kernel = kernels.gaussian(lengthscale)
    return park.partition(key, kernel, points, cells=CELLS, method=method, most=most)


@steady
@given(cases)
def test_every_point_has_its_cell_none_is_empty_and_none_too_large_but_of_one_place(case):
    seed, method = case
    points = whole_numbers(seed)
    found = parted(seed, method, points)
    cells, sizes = np.asarray(found.cells), np.asarray(found.sizes)
    np.testing.assert_array_equal(np.bincount(cells, minlength=len(sizes)), sizes)
    assert sizes.min() > 0 and sizes.sum() == NUMBER and found.centroids.shape == (len(sizes), 2)
    np.testing.assert_array_equal(found.route(points), cells)
    np.testing.assert_array_equal(found.route(points[::-1][:7]), cells[::-1][:7])
    over = np.flatnonzero(sizes > 2 * NUMBER / CELLS)
    assert found.capped == (len(over) == 0)
    assert all(len(np.unique(points[cells == q], axis=0)) == 1 for q in over)
    # By whole numbers distances are exact, and the first of equal ones counts.
    far = ((points[:, None] - np.asarray(found.centroids)[None]) ** 2).sum(2)
    np.testing.assert_array_equal(far.argmin(1), cells)


@steady
@given(cases, st.sampled_from([-300, -20, 20, 300]), st.sampled_from([0.0, 2.0**24]))
def test_a_partition_has_no_unit_and_no_origin(case, power, shift):
    seed, method = case
    points = whole_numbers(seed)
    one = parted(seed, method, points)
    unit = 2.0**power
    other = parted(seed, method, (points + shift) * unit, lengthscale=2.0 * unit)
    np.testing.assert_array_equal(one.cells, other.cells)


@steady
@given(st.integers(0, 2**32 - 1), st.integers(2, 6), st.sampled_from([0.01, 0.5, 4.0]))
def test_blending_weights_add_up_and_vary_continuously(seed, number, blend):
    random = np.random.default_rng(seed)
    far = np.sort(random.exponential(size=(20, number)), axis=1)
    weights = park.blending(far, blend)
    np.testing.assert_allclose(weights.sum(1), 1, rtol=1e-12)
    assert (weights >= 0).all() and (np.diff(weights, axis=1) <= 1e-12).all()
    assert (weights[far > (1 + blend) * far[:, :1]] == 0).all()
    if number > 2:
        assert (weights[:, -1] == 0).all()
    moved = park.blending(np.sort(far * (1 + 1e-9), axis=1), blend)
    np.testing.assert_allclose(moved, weights, atol=1e-5)
    equal = park.blending(np.ones((1, number)), blend, few=True)
    np.testing.assert_allclose(equal, 1 / number)
    on = park.blending(np.array([[0.0, 1.0, 2.0]]), blend)
    np.testing.assert_array_equal(on, [[1, 0, 0]])


@steady
@given(st.integers(0, 2**32 - 1))
def test_single_precision_and_a_function_of_ones_own_give_the_same_cells(seed):
    points = whole_numbers(seed) % 32
    points[:CELLS] = np.arange(CELLS)[:, None] * np.array([[3.0, -2.0]])
    one = parted(seed, "random", points)
    single = parted(seed, "random", points.astype(np.float32))
    np.testing.assert_array_equal(one.cells, single.cells)
    assert single.centroids.dtype == np.float32
    known = park.partition(seeds.root(seed), own, points, cells=CELLS, method="random")
    # Beyond some lengthscales its values are 0 everywhere: then the distance decides.
    np.testing.assert_array_equal(one.cells, known.cells)


def own(points, others):
    return jax.numpy.exp(-((points[:, None] - others[None]) ** 2).sum(2) / 8)
