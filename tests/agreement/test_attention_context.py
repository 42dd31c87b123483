"""The in-context layer's closed forms and its baselines against quadrature and integrals."""

import jax.numpy as jnp
import numpy as np
import pytest
from scipy import integrate, stats

from diversity_jax.attention import settings, theory
from diversity_jax.attention.theory import context
from tests.agreement import exact_quadrature as exact

pytestmark = pytest.mark.light
LENGTHS = [1.0, 2.0, 3.0, 30.0, np.inf]


@pytest.mark.parametrize(("clusters", "dimension"), [(1, 2), (2, 2), (2, 3), (3, 3)])
@pytest.mark.parametrize("length", LENGTHS)
@pytest.mark.parametrize("variance", [0.0, 0.4])
def test_every_moment_is_the_quadratures(clusters, dimension, length, variance):
    if dimension == 3 and variance > 0 and clusters == 3:
        variance = 0.1
    mixture = settings.orthonormal(clusters=clusters, dimension=dimension, variance=variance)
    found = theory.in_context(mixture, length=length, strength=0.6)
    wanted = moments(clusters, dimension, variance, length)
    overlap = np.einsum("ki,ki->k", wanted.mean, wanted.means)
    np.testing.assert_allclose(overlap, float(found.mean_gain), rtol=1e-12)
    np.testing.assert_allclose(wanted.variance, float(found.variance), atol=1e-11)
    np.testing.assert_allclose(
        wanted.quantisation_error, float(found.quantisation_error), atol=1e-11
    )
    np.testing.assert_allclose(wanted.error, float(found.risk), rtol=1e-11, atol=1e-12)


CACHE = {}


def moments(clusters, dimension, variance, length):
    """Exact moments, the small lengths of each setting integrated once."""
    key = (clusters, dimension, variance, length)
    if key not in CACHE:
        CACHE[key] = exact.layer_moments_any_length(
            np.eye(dimension),
            np.full(clusters, 1 / clusters),
            np.eye(clusters, dimension),
            variance,
            length,
            0.6,
            clusters,
        )
    return CACHE[key]


@pytest.mark.parametrize(("clusters", "dimension"), [(1, 2), (2, 3), (2, 10), (3, 10), (4, 5)])
@pytest.mark.parametrize("variance", [1e-6, 0.01, 0.3, 5.0])
def test_the_output_tells_its_centroid_better_than_the_token_from_one_length_on(
    clusters, dimension, variance
):
    mixture = settings.orthonormal(clusters=clusters, dimension=dimension, variance=variance)
    least = float(theory.quantising_length(mixture))

    def excess(length):
        given = {"length": float(length), "strength": 1.0}  # the strength cancels
        found = theory.in_context(mixture, **given)
        return float(dimension * variance - found.variance / found.mean_gain**2)

    def times_squares(length):
        found = theory.in_context(mixture, length=float(length), strength=1.0)
        return excess(length) * float(found.mean_gain) ** 2 * length**2

    below = np.unique(np.floor(np.geomspace(1.0, least, 9)))
    above = np.unique(np.ceil(np.geomspace(least, 1e6 * least, 9)))
    assert all(excess(length) < 1e-12 for length in below)
    assert all(excess(length) > -1e-12 for length in [*above, np.inf])
    far = np.array([1.0, 2.0, 4.0]) * np.ceil(least)
    curve = np.polyfit(far / least, [times_squares(length) for length in far], 2)
    assert np.roots(curve).real.max() == pytest.approx(1.0, rel=1e-5)


def test_without_noise_or_room_off_the_span_no_length_is_enough():
    for dimension, variance in [(4, 0.0), (2, 0.1)]:
        mixture = settings.orthonormal(clusters=2, dimension=dimension, variance=variance)
        assert float(theory.quantising_length(mixture)) == np.inf
    little = settings.orthonormal(clusters=3, dimension=8, variance=1e-7)
    assert float(theory.quantising_length(little)) == pytest.approx(2 / 5e-7, rel=1e-4)


@pytest.mark.parametrize("length", [3.0, 30.0, np.inf])
def test_the_named_strengths_are_minima_and_zeros(length):
    mixture = settings.orthonormal(clusters=3, dimension=7, variance=0.2)
    named = theory.in_context_strengths(mixture, length=length)

    def at(strength):
        return theory.in_context(mixture, length=length, strength=strength)

    assert float(at(named.unbiased).mean_gain) == pytest.approx(1.0, rel=1e-12)
    for name, field in (("risk_optimal", "risk"), ("centroid_optimal", "quantisation_error")):
        best = float(getattr(named, name))
        here = float(getattr(at(best), field))
        for other in (0.99 * best, 1.01 * best):
            assert float(getattr(at(other), field)) > here


def test_the_infinite_length_forms_of_the_note():
    clusters, dimension, variance = 3, 8, 0.15
    mixture = settings.orthonormal(clusters=clusters, dimension=dimension, variance=variance)
    inflation = 1 + clusters * variance
    strength = theory.in_context_strengths(mixture, length=np.inf).unbiased
    assert float(strength) == pytest.approx(1 / inflation, rel=1e-14)
    found = theory.in_context(mixture, length=np.inf, strength=strength)
    off_span = (clusters * variance / inflation) ** 2
    wanted = variance * (clusters + (dimension - clusters) * off_span)
    assert float(found.variance) == pytest.approx(wanted, rel=1e-12)
    risk = (dimension - clusters) * variance / inflation**2
    assert float(found.risk) == pytest.approx(risk, rel=1e-12)


@pytest.mark.parametrize("length", [2.0, 20.0, np.inf])
def test_random_centroids_average_the_risk(length):
    given = {"length": length, "strength": 0.5}
    found = context.random_centroid_risk(dimension=5, variance=0.2, **given)
    # The overlap g of two uniform unit vectors in 5 dimensions has density (3/4) (1 - g^2).
    nodes, mass = np.polynomial.legendre.leggauss(12)
    risks = [
        float(
            theory.population_risk(
                jnp.eye(5), settings.oblique(overlap=g, dimension=5, variance=0.2), **given
            )
        )
        for g in nodes
    ]
    wanted = np.sum(mass * 0.75 * (1 - nodes**2) * np.asarray(risks))
    assert float(found) == pytest.approx(wanted, rel=1e-12)


@pytest.mark.parametrize("deviation", [0.1, 0.4, 1.0])
@pytest.mark.parametrize("distance", [1.0, 2**0.5])
def test_baselines_are_integrals_along_the_axis(deviation, distance):
    found = context.baselines(dimension=4, variance=deviation**2, distance=distance)
    half = distance / 2

    def mean(function):
        def density(x):
            return 0.5 * (stats.norm.pdf(x, half, deviation) + stats.norm.pdf(x, -half, deviation))

        edge = half + 12 * deviation
        return integrate.quad(
            lambda x: function(x) * density(x), -edge, edge, points=[0.0, half, -half], limit=200
        )[0]

    rest = 3 * deviation**2
    nearest = rest + mean(lambda x: (abs(x) - half) ** 2)
    assert float(found.nearest_centroid) == pytest.approx(nearest, rel=1e-7)
    point = mean(abs)
    best = rest + mean(lambda x: (abs(x) - point) ** 2)
    assert float(found.optimal_quantiser) == pytest.approx(best, rel=1e-7)
    assert float(found.own_centroid) == pytest.approx(4 * deviation**2, rel=1e-12)
