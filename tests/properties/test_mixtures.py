"""What holds for every Gaussian mixture: symmetries, sums, independence of the chunks."""

import zlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diversity_jax import gaussians
from diversity_jax.mixtures import KINDS, GaussianMixture
from diversity_jax.rows import rows_per_chunk

steady = settings(derandomize=True, deadline=None, max_examples=25)
seeds = st.integers(0, 2**32 - 1)
sizes = st.sampled_from([(1, 1), (2, 3), (5, 2)])
POINTS = 6


def draw(kind, seed, size):
    """A mixture with eigenvalues of its covariances between 0.1 and about 10, and some points."""
    random = np.random.default_rng(seed)
    components, dimension = size
    weights = random.dirichlet(np.ones(components))
    means = random.normal(size=size)
    if kind == "isotropic":
        variances = random.uniform(0.1, 4, components)
    elif kind == "diagonal":
        variances = random.uniform(0.1, 4, size)
    else:
        roots = random.normal(size=(components, dimension, dimension))
        variances = roots @ roots.transpose(0, 2, 1) + 0.1 * np.eye(dimension)
    return weights, means, variances, 2 * random.normal(size=(POINTS, dimension)), random


def build(kind, weights, means, variances):
    return getattr(GaussianMixture, kind)(weights, means, variances)


def assert_close(left, right):
    # eps times a condition number near 1e2, times tens of operations: 1e-11, with a margin.
    np.testing.assert_allclose(left, right, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("kind", KINDS)
@steady
@given(seed=seeds, size=sizes)
def test_the_order_of_the_components_does_not_matter(kind, seed, size):
    weights, means, variances, points, random = draw(kind, seed, size)
    order = random.permutation(size[0])
    one = build(kind, weights, means, variances)
    other = build(kind, weights[order], means[order], variances[order])
    assert_close(one.log_density(points), other.log_density(points))
    assert_close(one.score(points), other.score(points))
    assert_close(one.responsibilities(points)[:, order], other.responsibilities(points))
    assert_close(one.covariance(), other.covariance())


@steady
@given(seed=seeds, size=sizes)
def test_an_affine_map_moves_the_mixture_with_its_points(seed, size):
    weights, means, variances, points, random = draw("full", seed, size)
    rotation, _ = np.linalg.qr(random.normal(size=(size[1], size[1])))
    scale = np.exp(random.uniform(-1, 1, size[1]))
    matrix, shift = rotation * scale[None], 100 * random.normal(size=size[1])
    one = build("full", weights, means, variances)
    moved = matrix[None] @ variances @ matrix.T[None]
    moved = (moved + moved.transpose(0, 2, 1)) / 2
    other = build("full", weights, means @ matrix.T + shift[None], moved)
    images = points @ matrix.T + shift[None]
    # The shift of 100 costs its share of the digits of the points themselves.
    tolerance = dict(rtol=1e-8, atol=1e-8)
    density = other.log_density(images) + np.log(scale).sum()
    np.testing.assert_allclose(one.log_density(points), density, **tolerance)
    np.testing.assert_allclose(one.score(points), other.score(images) @ matrix, **tolerance)
    shares = one.responsibilities(points), other.responsibilities(images)
    np.testing.assert_allclose(*shares, **tolerance)
    np.testing.assert_allclose(matrix @ one.covariance() @ matrix.T, other.covariance(), 1e-10)


@steady
@given(seed=seeds, size=sizes)
def test_the_kinds_agree_where_they_overlap(seed, size):
    weights, means, variances, points, _ = draw("isotropic", seed, size)
    spread = np.repeat(variances[:, None], size[1], axis=1)
    mixtures = [
        build("isotropic", weights, means, variances),
        build("diagonal", weights, means, spread),
        build("full", weights, means, spread[:, :, None] * np.eye(size[1])[None]),
    ]
    for mixture in mixtures[1:]:
        assert_close(mixture.log_density(points), mixtures[0].log_density(points))
        assert_close(mixture.score(points), mixtures[0].score(points))
        assert_close(mixture.covariance(), mixtures[0].covariance())
        later, first = mixture.at_time(0.4), mixtures[0].at_time(0.4)
        assert_close(later.component_covariances(), first.component_covariances())


@pytest.mark.parametrize("kind", KINDS)
@steady
@given(seed=seeds, size=sizes, distance=st.sampled_from([1.0, 1e3, 1e8]))
def test_responsibilities_are_probabilities_even_far_away(kind, seed, size, distance):
    weights, means, variances, points, _ = draw(kind, seed, size)
    shares = build(kind, weights, means, variances).responsibilities(distance * points)
    assert (shares >= 0).all()
    assert jnp.abs(shares.sum(1) - 1).max() < 4 * size[0] * np.finfo(np.float64).eps


# A chunk takes 1024 rows of full covariances and, with 3 components, 2730 of the others.
@pytest.mark.parametrize("kind", KINDS)
def test_the_chunks_leave_no_trace(kind):
    random = np.random.default_rng(zlib.crc32(b"chunks"))
    weights, means, variances, _, _ = draw(kind, zlib.crc32(b"chunked mixture"), (3, 4))
    mixture = build(kind, weights, means, variances)
    points = 2 * random.normal(size=(7919, 4))
    # Pieces of one size, below a chunk, are one program; the last of them begins early.
    starts, left = [*range(0, 7500, 500), 7419], 419
    for method in (mixture.log_density, mixture.score, mixture.responsibilities):
        pieces = [np.asarray(method(points[start : start + 500])) for start in starts]
        alone = np.concatenate([*pieces[:-1], pieces[-1][-left:]])
        for number in (1, 1024, 1025, 2731, 7919):
            whole = method(points[:number])
            # The order of the sums may differ with the number of rows, their terms may not.
            np.testing.assert_allclose(whole, alone[:number], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_derivatives_cross_the_chunks(kind):
    """A prime number of rows: forward and reverse mode agree with each other and the score."""
    number = 2741
    random = np.random.default_rng(zlib.crc32(b"derivatives across chunks"))
    weights, means, variances, _, _ = draw(kind, zlib.crc32(b"chunked derivatives"), (3, 4))
    mixture = build(kind, weights, means, variances)
    points = jnp.asarray(random.normal(size=(number, 4)))
    step = jnp.asarray(random.normal(size=(number, 4)))
    along = jax.tree.map(lambda leaf: jnp.asarray(random.normal(size=leaf.shape)), mixture)
    _, slopes = jax.jvp(mixture.log_density, (points,), (step,))
    np.testing.assert_allclose(slopes, (mixture.score(points) * step).sum(1), rtol=0, atol=1e-9)

    def evaluate(mixture, points):
        return mixture.log_density(points), mixture.score(points)

    evaluate = jax.jit(evaluate)
    _, forward = jax.jvp(evaluate, (mixture, points), (along, step))
    weight = jax.tree.map(lambda leaf: jnp.asarray(random.normal(size=leaf.shape)), forward)
    _, pull = jax.vjp(evaluate, mixture, points)
    back = pull(weight)

    def inner(one, other):
        pairs = zip(jax.tree.leaves(one), jax.tree.leaves(other))
        return sum(float((a * b).sum()) for a, b in pairs)

    left, right = inner(weight, forward), inner(back, (along, step))
    size = inner(jax.tree.map(jnp.abs, weight), jax.tree.map(jnp.abs, forward))
    assert abs(left - right) < 1e-11 * size
    # The parameters alone take another branch of the rule, and must give the same.
    alone = jax.vjp(lambda mixture: evaluate(mixture, points), mixture)[1](weight)[0]
    for one, other in zip(jax.tree.leaves(alone), jax.tree.leaves(back[0])):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-9 * np.abs(other).max())


@pytest.mark.parametrize("kind", KINDS)
def test_every_sampled_row_is_drawn_once(kind):
    weights, means, variances, _, _ = draw(kind, zlib.crc32(b"sampled chunks"), (3, 4))
    mixture = build(kind, weights, means, variances)
    key = jax.random.key(zlib.crc32(b"rows drawn once"))
    for number in (1, 4099, 8209):
        points, labels = mixture.sample(key, number)
        assert points.shape == (number, 4) and labels.shape == (number,)
        assert len(np.unique(points[:, 0])) == number
        counts = (number // 2, 0, number - number // 2)
        fixed, labels = mixture.sample_counts(key, counts)
        assert np.array_equal(labels, np.repeat([0, 1, 2], counts))
        assert len(np.unique(fixed[:, 0])) == number


@steady
@given(number=st.integers(0, 10**8), size=st.integers(1, 10**7), most=st.integers(1, 4096))
def test_chunks_stay_within_four_megabytes(number, size, most):
    rows = rows_per_chunk(number, size, most=most)
    assert 1 <= rows <= max(1, min(most, number))
    assert rows == 1 or rows * size <= 4 * 2**20
    whole = min(number, max(1, min(most, 4 * 2**20 // size)))
    assert rows > whole // 2


@steady
@given(seed=seeds, rank=st.integers(0, 4))
def test_the_factor_of_a_singular_matrix_has_its_square(seed, rank):
    random = np.random.default_rng(seed)
    roots = random.normal(size=(2, 4, rank)) * np.array([1, 10, 0.1, 1])[None, :, None]
    matrices = roots @ roots.transpose(0, 2, 1)
    factor = jax.jit(gaussians.semidefinite_factor)(jnp.asarray(matrices))
    assert (jnp.triu(factor, 1) == 0).all()
    # Per entry in units of the two deviations; a dropped pivot is below 4 roundings, and rows of
    # a near-singular factor lose up to the square root of that.
    scale = np.sqrt(np.diagonal(matrices, axis1=1, axis2=2))
    error = np.abs(factor @ factor.mT - matrices)
    assert (error <= 1e-7 * scale[:, :, None] * scale[:, None, :]).all()


FAR = {np.float32: [1e5, 1e9, 1e20, 1e30], np.float64: [1e8, 1e12, 1e160, 1e300]}


@pytest.mark.parametrize("dtype", FAR)
@pytest.mark.parametrize("kind", KINDS)
def test_far_points_keep_the_shares_that_their_directions_give(kind, dtype):
    """Equal covariances: along a bisector weights decide, on either side the nearer component."""
    weights = np.array([0.5, 0.2, 0.3], dtype)
    means = np.array([[1, 0], [-1, 0], [0, 1]], dtype)
    spread = {"isotropic": [0.5] * 3, "diagonal": [[0.5] * 2] * 3, "full": [0.5 * np.eye(2)] * 3}
    mixture = build(kind, weights, means, np.asarray(spread[kind], dtype))
    directions = {
        (1, 1): [0.625, 0, 0.375],  # as near to the first as to the last
        (0, -1): [0.5 / 0.7, 0.2 / 0.7, 0],
        (1, 0): [1, 0, 0],
        (-1, 0.5): [0, 1, 0],
    }
    for far in FAR[dtype]:
        points = (far * np.array(list(directions))).astype(dtype)
        wanted = np.array(list(directions.values()))
        # The points are rounded to a common multiple in both coordinates: nothing else is lost.
        tolerance = 1e-5 if dtype is np.float32 else 1e-6
        shares = mixture.responsibilities(points)
        np.testing.assert_allclose(shares, wanted, rtol=0, atol=tolerance)
        score = mixture.score(points)
        np.testing.assert_allclose(score, -2 * points, rtol=4e-5, atol=0.01 * far)
        slope = jax.vmap(jax.grad(mixture.log_density))(jnp.asarray(points))
        np.testing.assert_allclose(slope, score, rtol=1e-5, atol=1e-5 * far)


@pytest.mark.parametrize("kind", KINDS)
def test_at_infinity_the_density_is_zero_and_nothing_else_is_defined(kind):
    weights, means, variances, _, _ = draw(kind, zlib.crc32(b"infinite points"), (2, 3))
    mixture = build(kind, weights, means, variances)
    points = np.array([[np.inf, 0, 0], [1, -np.inf, np.inf]])
    assert (mixture.log_density(points) == -np.inf).all()
    assert np.isnan(mixture.responsibilities(points)).all()
    assert np.isnan(mixture.score(points)).any(axis=1).all()


@steady
@given(seed=seeds, far=st.sampled_from([1e8, 1e160]))
def test_far_away_unlike_components_leave_the_nearest_in_its_own_units(seed, far):
    """All pairwise ratios of whitened distances are above rounding, so one takes all."""
    random = np.random.default_rng(seed)
    variances = np.array([0.5, 1.0, 2.0])
    mixture = build("isotropic", np.full(3, 1 / 3), random.normal(size=(3, 2)), variances)
    point = far * random.normal(size=2)
    np.testing.assert_array_equal(mixture.responsibilities(point), [0, 0, 1])
