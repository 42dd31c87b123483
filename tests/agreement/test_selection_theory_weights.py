"""Importance weights, entropy shares of many domains, and labels: identities, lattices, samples."""

import zlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import integrate, stats

from diversity_jax.mixtures import GaussianMixture
from diversity_jax.selection import theory
from tests.agreement.selection_samples import assert_means

PLANE = jnp.asarray([[2.0, 0.0, 0, 0, 0], [-1.0, 1.7, 0, 0, 0], [-1.0, -1.7, 0, 0, 0]])
POOL, TARGET = jnp.asarray([0.5, 0.3, 0.2]), jnp.asarray([0.2, 0.3, 0.5])
LINE = jnp.asarray([-1.0, 0.4, 1.9])


def random_posteriors(name, number, domains):
    random = np.random.default_rng(zlib.crc32(name.encode()))
    rows = random.dirichlet(np.full(domains, 0.4), number)
    return jnp.asarray(rows / rows.sum(1, keepdims=True)), random.gamma(1.0, 1.0, domains)


def test_the_density_ratio_is_the_posteriors_average():
    pool = GaussianMixture.isotropic(POOL, PLANE, jnp.asarray([0.5, 1.0, 2.0]))
    target = GaussianMixture.isotropic(TARGET, PLANE, jnp.asarray([0.5, 1.0, 2.0]))
    points = 2 * jax.random.normal(jax.random.key(0), (200, 5), float)
    found = theory.importance_weight(pool.responsibilities(points), TARGET / POOL)
    ratio = jnp.exp(target.log_density(points) - pool.log_density(points))
    np.testing.assert_allclose(found, ratio, rtol=1e-12)


def test_the_hard_weights_error_is_the_squared_difference():
    rows, ratios = random_posteriors("hard weights", 5000, 4)
    found = theory.hard_weight_error(rows, ratios)
    weights, rows = np.asarray(rows) @ ratios, np.asarray(rows)
    np.testing.assert_allclose(found, (weights - ratios[rows.argmax(1)]) ** 2, atol=1e-14)
    one_hot = jnp.eye(4)
    np.testing.assert_array_equal(theory.hard_weight_error(one_hot, ratios), np.zeros(4))
    # rounding of a sum that is one
    np.testing.assert_allclose(theory.hard_weight_error(rows, jnp.full(4, 1.7)), 0.0, atol=1e-30)


def test_the_error_is_not_largest_where_entropy_is():
    higher = theory.hard_weight_error(jnp.asarray([0.0, 0.5, 0.5]), jnp.asarray([2.0, 0.5, 0.5]))
    lower = theory.hard_weight_error(jnp.asarray([0.3, 0.7, 0.0]), jnp.asarray([2.0, 0.5, 0.5]))
    assert stats.entropy([0.0, 0.5, 0.5]) > stats.entropy([0.3, 0.7, 0.0])
    assert float(higher) == 0.0
    assert float(lower) == pytest.approx(0.2025, abs=1e-15)


@pytest.mark.parametrize("domains", [2, 3, 8])
def test_entropy_bounds_the_error(domains):
    for repeat in range(5):
        rows, ratios = random_posteriors(f"bound {domains} {repeat}", 20_000, domains)
        left = theory.hard_weight_error(rows, ratios)
        right = theory.hard_weight_bound(rows, ratios)
        assert np.all(np.asarray(left) <= np.asarray(right) * (1 + 1e-12) + 1e-28)
    # attained where posteriors are uniform over some domains and only two domains carry mass
    tight = jnp.asarray([0.5, 0.5]), jnp.asarray([2.0, 0.5])
    np.testing.assert_allclose(
        theory.hard_weight_error(*tight), theory.hard_weight_bound(*tight), rtol=1e-14
    )


@pytest.mark.parametrize("turned", [False, True])
def test_sample_sizes_on_a_line_are_adaptive_integrals(turned):
    means = LINE[:, None] * (jnp.asarray([[0.6, 0.8]]) if turned else jnp.ones((1, 1)))
    mixture = GaussianMixture.isotropic(POOL, means, 0.7)
    found = theory.mixture_sample_sizes(mixture, TARGET)
    ratios = np.asarray(TARGET / POOL)

    def densities(x):
        return np.asarray(POOL) * stats.norm.pdf(x, np.asarray(LINE), np.sqrt(0.7))

    def square(x):
        parts = densities(x)
        return (parts @ ratios) ** 2 / parts.sum()

    def hard(x):
        parts = densities(x)
        return ratios[parts.argmax()] * parts.sum()

    given = {"limit": 400, "epsabs": 1e-12}
    mean_square = integrate.quad(square, -9, 9, **given)[0]
    assert float(found.posterior) == pytest.approx(1 / mean_square, rel=1e-9)
    # jumps cost the adaptive rule digits
    assert float(found.hard_mean) == pytest.approx(
        integrate.quad(hard, -9, 9, **given)[0], abs=1e-6
    )


def test_sample_sizes_in_a_plane_are_those_of_samples():
    mixture = GaussianMixture.isotropic(POOL, PLANE, 1.0)
    found = theory.mixture_sample_sizes(mixture, TARGET)
    key = jax.random.key(zlib.crc32(b"importance weights in a plane"))
    rows = mixture.responsibilities(mixture.sample(key, 300_000)[0])
    weights = np.asarray(theory.importance_weight(rows, TARGET / POOL))
    hard = np.asarray(theory.hard_weight(rows, TARGET / POOL))
    expected = [1.0, 1 / float(found.posterior), float(found.hard_mean)]
    assert_means(np.stack([weights, weights**2, hard], 1), expected)
    assert float(found.labels) == pytest.approx(1 / np.sum(np.array(TARGET) ** 2 / POOL))
    averaged = theory.sample_sizes(rows, POOL, TARGET)
    assert float(averaged.posterior) == pytest.approx(1 / np.mean(weights**2), rel=1e-12)
    assert float(averaged.hard_mean) == pytest.approx(np.mean(hard), rel=1e-12)


def test_sample_sizes_in_a_plane_are_a_plain_double_sum():
    mixture = GaussianMixture.isotropic(POOL, PLANE, 1.0)
    found = theory.mixture_sample_sizes(mixture, TARGET)
    z = np.linspace(-10, 10, 1201)
    points = np.stack(np.meshgrid(z, z, indexing="ij"), -1)[:, :, None]
    gaps = ((points - np.asarray(PLANE)[:, :2]) ** 2).sum(-1)
    parts = np.asarray(POOL) * np.exp(-gaps / 2) / (2 * np.pi) * (z[1] - z[0]) ** 2
    weights = parts @ np.asarray(TARGET / POOL) / parts.sum(-1)
    mean_square = np.sum(weights**2 * parts.sum(-1))
    assert float(found.posterior) == pytest.approx(1 / mean_square, rel=1e-12)
    assert float(found.labels) == pytest.approx(0.6135, abs=6e-5)
    # a lattice point on the wrong side of a boundary counts whole: an error of the step
    hard = np.asarray(TARGET / POOL)[parts.argmax(-1)]
    assert float(found.hard_mean) == pytest.approx(np.sum(hard * parts.sum(-1)), abs=1e-3)


def test_the_kinks_of_the_hard_weight_cost_a_square_of_the_step():
    mixture = GaussianMixture.isotropic(POOL, PLANE, 1.0)
    finer = [theory.mixture_sample_sizes(mixture, TARGET, nodes=n) for n in (101, 401, 801)]
    gaps = [abs(float(fine.hard_mean - finer[-1].hard_mean)) for fine in finer[:-1]]
    assert gaps[1] < gaps[0] / 4 and gaps[1] < 1e-5


@pytest.mark.parametrize("separation", [0.5, 1.0, 2.0, 4.0])
def test_posterior_weights_are_never_worse_than_labels(separation):
    mixture = GaussianMixture.isotropic(POOL, separation * PLANE, 1.0)
    found = theory.mixture_sample_sizes(mixture, TARGET)
    assert float(found.posterior) > float(found.labels)
    if separation == 4.0:  # domains apart: the label is known, and the hard weight right
        assert float(found.posterior) == pytest.approx(float(found.labels), rel=1e-3)
        assert float(found.hard_mean) == pytest.approx(1.0, abs=1e-3)


def test_two_domains_on_the_lattice_are_the_slab():
    means = jnp.asarray([[0.0, 0.0, 0.0], [1.2, 1.6, 0.0]])
    slab = theory.entropy_slab(separation=2.0 / np.sqrt(0.5), prior=0.3, fraction=0.2)
    gaps = []
    for nodes in (501, 2001, 8001):
        found = theory.entropy_shares(
            jnp.asarray([0.3, 0.7]), means, variance=0.5, fraction=0.2, nodes=nodes
        )
        gaps.append(abs(float(found.threshold - slab.entropy)))
        assert float(found.residual) < 1e-12
    assert gaps[0] < 1e-3 and gaps[2] < 1e-6
    np.testing.assert_allclose(found.shares, slab.shares, atol=1e-5)
    np.testing.assert_allclose(found.retained, slab.retained, atol=1e-5)


def test_three_domains_on_the_lattice_are_those_of_samples():
    weights, means = jnp.asarray([0.5, 0.3, 0.2]), PLANE * 0.8
    given = {"variance": 0.6, "fraction": 0.25}
    coarse, found = (theory.entropy_shares(weights, means, nodes=n, **given) for n in (201, 801))
    np.testing.assert_allclose(coarse.shares, found.shares, atol=1e-3)
    mixture = GaussianMixture.isotropic(weights, means, 0.6)
    points, labels = mixture.sample(jax.random.key(zlib.crc32(b"three domains")), 100_000)
    entropy = stats.entropy(np.asarray(mixture.responsibilities(points)), axis=1)
    kept = entropy >= float(found.threshold)
    # the lattice is good to 1e-4, a tenth of a standard error
    assert_means(kept, [0.25])
    own = np.asarray(labels)[kept]
    assert_means(np.stack([own == 0, own == 1], 1), found.shares[:2])


def test_symmetric_domains_share_evenly_and_isolated_ones_starve():
    simplex = 2.0 * jnp.eye(3)
    even = theory.entropy_shares(jnp.full(3, 1 / 3), simplex, variance=1.0, fraction=0.2)
    np.testing.assert_allclose(even.shares, 1 / 3, atol=1e-4)
    separations = jnp.asarray([1.5, 1.5, 4.0, 4.0])
    means = theory.shared_offset_centroids(
        domains=4, dimension=32, separation=separations, offset=3.0
    )
    found = theory.entropy_shares(jnp.full(4, 0.25), means, variance=1.0, fraction=0.2)
    np.testing.assert_allclose(found.shares, [0.425, 0.425, 0.075, 0.075], atol=2e-3)


@pytest.mark.parametrize("noise", [0.0, 0.3, 0.75, 1.0])
def test_label_noise_shrinks_centroids(noise):
    means = jnp.asarray(np.random.default_rng(5).standard_normal((4, 3)))
    confusion = theory.symmetric_confusion(domains=4, noise=noise)
    np.testing.assert_allclose(jnp.sum(confusion, axis=1), 1.0, rtol=1e-14)
    found = theory.labelled_centroids(jnp.full(4, 0.25), means, confusion)
    centre = means.mean(0)[None]
    factor = theory.noise_shrinkage(domains=4, noise=noise)
    np.testing.assert_allclose(found - centre, factor * (means - centre), atol=1e-14)
    assert float(theory.noise_shrinkage(domains=4, noise=0.75)) == 0.0


def test_labelled_centroids_and_missing_labels_of_samples():
    random = np.random.default_rng(zlib.crc32(b"labelled centroids"))
    weights, number = np.array([0.5, 0.3, 0.2]), 200_000
    means = np.array([[2.0, 0.0], [0.0, 1.0], [-1.0, -1.0]])
    confusion = np.array([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1], [0.3, 0.3, 0.4]])
    domains = random.choice(3, number, p=weights)
    labels = (random.random(number)[:, None] > confusion.cumsum(1)[domains]).sum(1)
    points = means[domains] + random.standard_normal((number, 2))
    found = np.asarray(theory.labelled_centroids(weights, means, confusion))
    for label in range(3):
        assert_means(points[labels == label], found[label])
    # centroids of 7 labelled points in 5 dimensions
    centroids = np.sqrt(0.6) * random.standard_normal((20_000, 7, 5)).mean(1)
    expected = theory.centroid_error(variance=0.6, dimension=5, labelled=7)
    assert_means((centroids**2).sum(1), [expected])
