"""The layer's exact moments for clusters of any covariance, against other derivations."""

import itertools
import zlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.stats import norm

from diversity_jax.attention import layer, theory
from diversity_jax.attention.theory import anisotropic
from diversity_jax.mixtures import GaussianMixture

pytestmark = pytest.mark.light
ROUNDING = 1e-11  # 1e4 rounded operations, a condition of ten and a margin of five, in eps


def generator(name):
    """A random generator of its own for each test."""
    return np.random.default_rng(zlib.crc32(name.encode()))


def random_problem(random, *, clusters, dimension, heads):
    """Oblique centroids of unequal norm, full covariances, unequal weights, heads of any norm."""
    factors = random.normal(size=(clusters, dimension, dimension)) / np.sqrt(2 * dimension)
    weights = random.dirichlet(np.full(clusters, 3.0))
    means = random.normal(size=(clusters, dimension)) / np.sqrt(dimension)
    covariances = factors @ np.swapaxes(factors, 1, 2)
    mixture = GaussianMixture.full(weights, means, covariances)
    return mixture, factors, random.normal(size=(heads, dimension)) / np.sqrt(dimension)


def grid(dimension, nodes):
    """Tensor Gauss-Hermite nodes and weights for N(0, I)."""
    points, mass = np.polynomial.hermite_e.hermegauss(nodes)
    mass = mass / mass.sum()
    nodes = np.array(list(itertools.product(points, repeat=dimension)))
    return nodes, np.array(list(itertools.product(mass, repeat=dimension))).prod(axis=1)


def quadrature(mixture, factors, heads, length):
    """E[S], E|S|^2, E<S, x> per cluster of X_1 for the plain sum S = sum_k (X_1'A X_k) X_k.

    Exact: S has degree 3 in the noise of X_1 and 2 in that of any other token, |S|^2 twice that,
    so 4 and 3 nodes a coordinate do.
    """
    means, weights = np.asarray(mixture.means), np.asarray(mixture.weights)
    clusters, dimension = means.shape
    first, first_mass = grid(dimension, 4)
    other, other_mass = grid(dimension, 3)
    tokens = np.concatenate([means[c] + other @ factors[c].T for c in range(clusters)])
    mass = np.concatenate([weights[c] * other_mass for c in range(clusters)])
    chosen = np.array(list(itertools.product(range(len(tokens)), repeat=length - 1)), int)
    others = tokens[chosen] if length > 1 else np.zeros((1, 0, dimension))
    other_weight = mass[chosen].prod(axis=1) if length > 1 else np.ones(1)
    totals = np.zeros((clusters, dimension + 2))
    for cluster in range(clusters):
        for noise, node_mass in zip(first, first_mass):
            x = means[cluster] + factors[cluster] @ noise
            scores = others @ (heads.T @ (heads @ x))
            total = np.einsum("mk,mki->mi", scores, others) + (heads @ x) @ (heads @ x) * x
            values = np.concatenate(
                [total, (total**2).sum(axis=1)[:, None], (total @ x)[:, None]], axis=1
            )
            totals[cluster] += node_mass * (other_weight @ values)
    return totals


def expected(mixture, factors, heads, length, gain):
    """Risk, quantisation error and variance from quadrature at L = 1, 2, 3.

    E S and E<S, x> are linear in L and E|S|^2 is quadratic, by counting coinciding tokens.
    """
    small = np.array([quadrature(mixture, factors, heads, size) for size in (1, 2, 3)])
    powers = np.tensordot(np.linalg.inv(np.vander([1.0, 2.0, 3.0], increasing=True)), small, 1)
    once = 0.0 if np.isinf(length) else 1 / length
    means, weights = np.asarray(mixture.means), np.asarray(mixture.weights)
    linear = gain * (powers[1] + once * powers[0])
    squared = gain**2 * (powers[2] + once * powers[1] + once**2 * powers[0])[:, -2]
    mean, inner = linear[:, :-2], linear[:, -1]
    energy = (means**2).sum(axis=1)
    noise = np.array([np.trace(factor @ factor.T) for factor in factors])
    return (
        weights @ (energy + noise - 2 * inner + squared),
        weights @ (energy - 2 * (mean * means).sum(axis=1) + squared),
        weights @ (squared - (mean**2).sum(axis=1)),
    )


@pytest.mark.parametrize("length", [1.0, 2.0, 3.0, 7.0, 30.0, np.inf])
def test_full_covariances_agree_with_exact_quadrature(length):
    mixture, factors, heads = random_problem(
        generator("anisotropic quadrature"), clusters=2, dimension=2, heads=3
    )
    found = anisotropic.anisotropic_layer(heads, mixture, length=length, strength=0.7, scale=1.9)
    wanted = expected(mixture, factors, heads, length, 0.7 * 1.9)
    assert_allclose(
        [found.risk, found.quantisation_error, found.variance], wanted, rtol=ROUNDING, atol=ROUNDING
    )


@pytest.mark.parametrize("length", [1.0, 4.0, 30.0, np.inf])
def test_isotropic_clusters_give_the_isotropic_theory(length):
    random = generator("anisotropic isotropic")
    means, weights = random.normal(size=(3, 6)), random.dirichlet(np.ones(3))
    heads = random.normal(size=(4, 6))
    mixture = GaussianMixture.isotropic(weights, means, np.full(3, 0.3))
    wanted = theory.population_risk(heads, mixture, length=length, strength=0.4)
    found = anisotropic.anisotropic_risk(heads, mixture, length=length, strength=0.4)
    assert_allclose(found, wanted, rtol=ROUNDING)
    assert_allclose(
        anisotropic.anisotropic_regulariser(heads, mixture),
        theory.regulariser(heads, mixture),
        rtol=ROUNDING,
    )


@pytest.mark.parametrize("length", [2.0, 30.0, np.inf])
def test_orthonormal_clusters_give_the_in_context_theory(length):
    mixture = GaussianMixture.isotropic(np.full(3, 1 / 3), np.eye(3, 8), np.full(3, 0.2))
    wanted = theory.in_context(mixture, length=length, strength=0.5)
    found = anisotropic.anisotropic_layer(np.eye(8), mixture, length=length, strength=0.5)
    for name in ("risk", "quantisation_error", "variance"):
        assert_allclose(getattr(found, name), getattr(wanted, name), rtol=ROUNDING)
    best = theory.in_context_strengths(mixture, length=length)
    mine = anisotropic.anisotropic_strengths(np.eye(8), mixture, length=length)
    assert_allclose(mine.risk_optimal, best.risk_optimal, rtol=ROUNDING)
    assert_allclose(mine.centroid_optimal, best.centroid_optimal, rtol=ROUNDING)


def test_the_kinds_of_covariance_agree():
    random = generator("anisotropic kinds")
    means, variances = random.normal(size=(2, 4)), random.uniform(0.1, 1.0, size=(2, 4))
    diagonal = GaussianMixture.diagonal([0.4, 0.6], means, variances)
    full = GaussianMixture.full([0.4, 0.6], means, np.stack([np.diag(row) for row in variances]))
    heads = random.normal(size=(2, 4))
    one, other = (
        anisotropic.anisotropic_layer(heads, mixture, length=9.0, strength=0.3)
        for mixture in (diagonal, full)
    )
    assert_allclose(jax.tree.leaves(one), jax.tree.leaves(other), rtol=ROUNDING)


@pytest.mark.parametrize("length", [1, 2, 3])
def test_point_masses_give_the_exact_risk_of_any_distribution(length):
    random = generator("anisotropic point masses")
    points, labels = random.exponential(size=(7, 3)) - 0.8, np.array([0, 0, 0, 1, 1, 1, 1])
    weights = random.dirichlet(np.ones(7))
    centroids = np.stack(
        [np.average(points[labels == c], axis=0, weights=weights[labels == c]) for c in (0, 1)]
    )
    heads, gain = random.normal(size=(2, 3)), 0.6 * 2
    risk = error = 0.0
    for draw in itertools.product(range(7), repeat=length):
        tokens, mass = points[list(draw)], weights[list(draw)].prod()
        output = gain / length * (tokens[0] @ heads.T @ heads @ tokens.T) @ tokens
        risk += mass * ((tokens[0] - output) ** 2).sum()
        error += mass * ((output - centroids[labels[draw[0]]]) ** 2).sum()
    found = anisotropic.anisotropic_layer(
        heads,
        GaussianMixture.isotropic(weights, points, 0.0),
        length=length,
        strength=0.6,
        scale=2,
        targets=centroids[labels],
    )
    assert_allclose(found.risk, risk, rtol=ROUNDING)
    assert_allclose(found.quantisation_error, error, rtol=ROUNDING)


def test_the_regulariser_agrees_with_exact_quadrature():
    mixture, factors, heads = random_problem(
        generator("anisotropic regulariser"), clusters=2, dimension=3, heads=3
    )
    nodes, mass = grid(3, 3)
    total = 0.0
    for weight, mean, factor in zip(mixture.weights, np.asarray(mixture.means), factors):
        squares = ((mean + nodes @ factor.T) @ heads.T) ** 2
        for a, b in itertools.combinations(range(3), 2):
            total += float(weight) * mass @ (squares[:, a] * squares[:, b])
    assert_allclose(anisotropic.anisotropic_regulariser(heads, mixture), total, rtol=ROUNDING)


def test_the_layer_itself_agrees_by_monte_carlo():
    # Five dimensions and a length of 12 are beyond quadrature; two z-scores, 1e-4 in all.
    mixture, _, heads = random_problem(
        generator("anisotropic Monte Carlo"), clusters=3, dimension=5, heads=2
    )
    key = jax.random.key(zlib.crc32(b"anisotropic Monte Carlo draws"))
    sequences, length = 40000, 12
    tokens, labels = mixture.sample(key, sequences * length)
    tokens = tokens.reshape(sequences, length, 5)
    outputs = jax.vmap(lambda one: layer.linear_attention(one, heads, strength=0.5, scale=2.0))(
        tokens
    )
    centroids = mixture.means[labels].reshape(sequences, length, 5)
    found = anisotropic.anisotropic_layer(
        heads, mixture, length=float(length), strength=0.5, scale=2.0
    )
    for target, exact in ((tokens, found.risk), (centroids, found.quantisation_error)):
        samples = np.asarray(jnp.sum((outputs - target) ** 2, axis=2).mean(axis=1))
        z = (samples.mean() - exact) / (samples.std() / np.sqrt(sequences))
        assert abs(z) < norm.isf(1e-4 / 4)


def test_the_strengths_are_stationary_points_and_all_is_traceable():
    mixture, _, heads = random_problem(
        generator("anisotropic strengths"), clusters=3, dimension=4, heads=2
    )

    @jax.jit
    def slopes(length):
        best = anisotropic.anisotropic_strengths(heads, mixture, length=length)
        errors = jax.jacfwd(
            lambda strength: anisotropic.anisotropic_layer(
                heads, mixture, length=length, strength=strength
            )
        )
        return errors(best.risk_optimal).risk, errors(best.centroid_optimal).quantisation_error

    for length in (3.0, jnp.inf):
        assert_allclose(slopes(length), 0.0, atol=ROUNDING)


def test_bad_input_gets_one_clear_line():
    mixture = GaussianMixture.isotropic([0.5, 0.5], np.eye(2, 3), 0.1)
    with pytest.raises(ValueError, match=r"^heads: got shape \(2, 4\), expected shape \(any, 3\);"):
        anisotropic.anisotropic_risk(np.eye(2, 4), mixture, length=3.0, strength=0.5)
    with pytest.raises(ValueError, match=r"^length: got 0\.0, expected a number of tokens"):
        anisotropic.anisotropic_risk(np.eye(2, 3), mixture, length=0.0, strength=0.5)
    with pytest.raises(ValueError, match=r"^targets: got shape \(3, 3\)"):
        anisotropic.anisotropic_layer(
            np.eye(2, 3), mixture, length=3.0, strength=0.5, targets=np.zeros((3, 3))
        )
