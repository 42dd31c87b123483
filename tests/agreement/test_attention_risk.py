"""Closed forms of the population risk against exact quadrature, which shares no formula."""

import zlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.test_util import check_grads

from diversity_jax.attention import settings, theory
from diversity_jax.attention.theory import trained
from diversity_jax.attention.theory.risk import distance_to_infinite
from tests.agreement import exact_quadrature as exact

# Sums of some thousand products of order-one numbers, added in float64: 1e-12 is far above
# their rounding and far below any wrong coefficient.
pytestmark = pytest.mark.light
ROUNDING = 1e-12


def draw(name, *, clusters, heads, dimension, variance):
    """A mixture and heads with nothing special about them."""
    generator = np.random.default_rng(zlib.crc32(name.encode()))
    weights = generator.uniform(0.2, 1.0, clusters)
    means = generator.normal(size=(clusters, dimension))
    rows = generator.normal(size=(heads, dimension))
    mixture = settings.along(
        jnp.asarray(means), variance=variance, weights=jnp.asarray(weights / weights.sum())
    )
    return mixture, jnp.asarray(rows)


@jax.jit
def risk_of(heads, mixture, length, strength, scale):
    return theory.population_risk(heads, mixture, length=length, strength=strength, scale=scale)


def plain(mixture):
    """Weights, means and variance as quadrature takes them."""
    return np.asarray(mixture.weights), np.asarray(mixture.means), float(mixture.variances[0])


CASES = [(2, 1, 2, 0.3), (2, 2, 2, 0.7), (3, 2, 2, 0.1), (2, 3, 2, 1.0), (4, 2, 2, 0.0)]


@pytest.mark.parametrize(("clusters", "heads", "dimension", "variance"), CASES)
@pytest.mark.parametrize("length", [1.0, 2.0, 3.0, 30.0, 1e6, np.inf])
def test_the_risk_is_the_quadratures_at_every_length(clusters, heads, dimension, variance, length):
    name = f"risk {clusters} {heads} {dimension} {variance}"
    mixture, rows = draw(
        name, clusters=clusters, heads=heads, dimension=dimension, variance=variance
    )
    found = risk_of(rows, mixture, length, 0.37, 1.7)
    wanted = exact.layer_risk_any_length(rows, *plain(mixture), length, 0.37, 1.7)
    assert float(found) == pytest.approx(wanted, rel=ROUNDING)


@pytest.mark.parametrize("length", [1, 2])
def test_the_risk_in_three_dimensions_is_the_direct_integral(length):
    mixture, rows = draw("risk in 3", clusters=2, heads=2, dimension=3, variance=0.4)
    found = theory.population_risk(rows, mixture, length=float(length), strength=0.5)
    wanted = exact.layer_risk(rows, *plain(mixture), length, 0.5, 2)
    assert float(found) == pytest.approx(wanted, rel=ROUNDING)


@pytest.mark.parametrize(("clusters", "heads", "dimension", "variance"), CASES)
def test_the_regulariser_is_the_quadratures(clusters, heads, dimension, variance):
    name = f"regulariser {clusters} {heads} {dimension} {variance}"
    mixture, rows = draw(
        name, clusters=clusters, heads=heads, dimension=dimension, variance=variance
    )
    wanted = exact.regulariser(rows, *plain(mixture))
    assert float(theory.regulariser(rows, mixture)) == pytest.approx(
        wanted, rel=ROUNDING, abs=ROUNDING
    )


@pytest.mark.parametrize("length", [1.0, 3.0, 50.0, np.inf])
def test_the_distance_to_the_linear_map_is_the_quadratures(length):
    mixture, rows = draw("distance", clusters=2, heads=2, dimension=2, variance=0.3)
    weights, means, variance = plain(mixture)
    form = np.asarray(rows).T @ np.asarray(rows)
    second = np.einsum("k,ki,kj->ij", weights, means, means) + variance * np.eye(2)
    limit = 1.3 * 0.4 * second @ form

    def gap(tokens):
        output = exact.layer(tokens, np.asarray(rows), strength=0.4, scale=1.3)
        difference = output - tokens[:, 0] @ limit.T
        return np.einsum("mi,mi->m", difference, difference)

    small = [
        float(np.dot(weights, exact.cluster_expectation(gap, weights, means, variance, size)))
        for size in (1, 2, 3)
    ]
    # A quadratic in 1/length, like the second moment of T.
    powers = np.linalg.solve(np.vander(1 / np.array([1.0, 2.0, 3.0]), increasing=True), small)
    once = 1 / length
    wanted = powers @ np.array([1.0, once, once**2])
    found = distance_to_infinite(rows, mixture, length=length, strength=0.4, scale=1.3)
    assert float(found) == pytest.approx(wanted, abs=1e-10)


@pytest.mark.parametrize("clusters", [2, 3, 4])
@pytest.mark.parametrize("length", [1.0, 2.0, 30.0, np.inf])
def test_the_noiseless_polynomial_is_the_risk(clusters, length):
    mixture = settings.orthonormal(clusters=clusters, dimension=6, variance=0.0)
    generator = np.random.default_rng(zlib.crc32(b"noiseless"))
    heads = generator.normal(size=(3, 6))
    heads = jnp.asarray(heads / np.linalg.norm(heads, axis=1, keepdims=True))
    found = trained.dirac_risk(heads @ mixture.means.T, length=length, strength=0.7)
    wanted = theory.population_risk(heads, mixture, length=length, strength=0.7)
    assert float(found) == pytest.approx(float(wanted), rel=ROUNDING)


def test_the_risk_differentiates_as_finite_differences_do():
    mixture, rows = draw("gradient", clusters=3, heads=2, dimension=4, variance=0.2)

    @jax.jit
    def risk(heads):
        return theory.population_risk(heads, mixture, length=7.0, strength=0.4)

    check_grads(risk, (rows,), order=1, modes=["fwd", "rev"], rtol=1e-5)


def test_identity_heads_give_the_in_context_layer():
    mixture = settings.orthonormal(clusters=3, dimension=5, variance=0.3)
    for length in (1.0, 12.0, np.inf):
        wanted = theory.population_risk(jnp.eye(5), mixture, length=length, strength=0.4)
        found = theory.in_context(mixture, length=length, strength=0.4).risk
        assert float(found) == pytest.approx(float(wanted), rel=ROUNDING)


@pytest.mark.parametrize("length", [1.0, 6.0, np.inf])
def test_the_best_strength_is_that_of_a_grid_for_four_unlike_clusters(length):
    """Least over a grid, by the parabola through its least value and the two beside it."""
    mixture, _ = draw("best strength", clusters=4, heads=1, dimension=5, variance=0.3)
    found = float(theory.best_strength(mixture, length=length))
    grid = np.linspace(0.0, 2 * found, 42)  # the strength in question lies between two points
    risks = np.array([risk_of(mixture.means, mixture, length, each, 4.0) for each in grid])
    place = int(risks.argmin())
    assert 0 < place < len(grid) - 1
    low, middle, high = risks[place - 1 : place + 2]
    vertex = grid[place] + (grid[1] - grid[0]) * (low - high) / (2 * (low - 2 * middle + high))
    assert found == pytest.approx(vertex, rel=1e-9)
    two = settings.orthonormal(clusters=2, dimension=5, variance=0.3)
    wanted = theory.strengths(dimension=5, length=length, variance=0.3).best
    assert float(theory.best_strength(two, length=length)) == pytest.approx(
        float(wanted), rel=1e-12
    )


def test_the_best_strength_is_that_of_sampled_sequences():
    """Three oblique clusters: least mean squared error over sequences, to 3.9 standard errors."""
    mixture, _ = draw("best strength sampled", clusters=3, heads=1, dimension=4, variance=0.2)
    sequences, length = 40_000, 6
    key = jax.random.key(zlib.crc32(b"best strength sampled"))
    tokens = mixture.sample(key, sequences * length)[0].reshape(sequences, length, 4)
    # Anew in numpy, for the first token of each.
    tokens, heads = np.asarray(tokens), np.asarray(mixture.means)
    first = tokens[:, 0]
    scores = np.einsum("nd,hd,he,nke->nk", first, heads, heads, tokens, optimize=True)
    output = 3 / length * np.einsum("nk,nkd->nd", scores, tokens)
    cross, square = (output * first).sum(1), (output**2).sum(1)
    found = float(theory.best_strength(mixture, length=length))
    # The slope of the error at the predicted strength has mean zero.
    slopes = cross - found * square
    assert abs(slopes.mean()) < 3.9 * slopes.std() / np.sqrt(sequences)
    # And the test sees a strength that is off by a tenth.
    wrong = cross - 1.1 * found * square
    assert abs(wrong.mean()) > 3.9 * wrong.std() / np.sqrt(sequences)
