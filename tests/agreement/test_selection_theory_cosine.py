"""Cosine bands against two-dimensional quadrature, noncentral laws of scipy, and samples."""

import itertools
import zlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import integrate, special, stats

from diversity_jax.selection import theory
from diversity_jax.selection.theory.numerics import bessel
from tests.agreement.selection_samples import assert_means

FIELDS = ("mean", "variance", "radius_square", "across_mean", "across_variance", "covariance")
SETTINGS = [
    (3, 2.0, 1.5, 0.8, 1.0),
    (3, -1.0, 0.0, 0.0, 0.2),
    (3, 0.5, 4.0, 0.4, 0.6),
    (32, 2.0, 1.5, 0.8, 1.0),
    (32, 5.0, 3.0, 0.0, 0.2),
    (32, -0.7, 0.3, 0.2, 0.4),
]


def kept_moments(dimension, along, across, ends):
    """The levels of two cosines and the record's fields between them, by double quadrature.

    Over the coordinate along f and the length of the rest.
    """
    z = np.linspace(-9, 9, 721)
    mass = stats.norm.pdf(z)
    nodes, mass_of_nodes = np.polynomial.legendre.leggauss(240)
    half = (np.sqrt(dimension) + 10) / 2
    rest = half * (1 + nodes)
    weight = mass_of_nodes * half * stats.chi(dimension - 2).pdf(rest)
    joint = mass[:, None] * weight[None]
    joint /= joint.sum()
    forward = np.broadcast_to((across + z)[:, None], joint.shape)
    radius = np.sqrt(forward**2 + rest[None] ** 2)

    with np.errstate(divide="ignore"):
        a, b = (end / np.sqrt(1 - end**2) * radius - along for end in np.asarray(ends))
    low, high = (np.sum(joint * special.ndtr(edge)) for edge in (a, b))
    f_a, f_b = stats.norm.pdf(a), stats.norm.pdf(b)
    kept = joint * (special.ndtr(b) - special.ndtr(a)) / (high - low)
    first = joint * (f_a - f_b) / (high - low)
    edges = np.where(np.isinf(a), 0, a) * f_a - np.where(np.isinf(b), 0, b) * f_b
    mean, second = first.sum(), kept.sum() + np.sum(joint * edges) / (high - low)
    ahead, ahead_square = np.sum(kept * forward), np.sum(kept * forward**2)
    moments = {
        "mean": mean,
        "variance": second - mean**2,
        "radius_square": np.sum(kept * radius**2),
        "across_mean": ahead - across,
        "across_variance": ahead_square - ahead**2,
        "covariance": np.sum(first * forward) - mean * ahead,
    }
    return [low, high], moments


@pytest.mark.parametrize(("dimension", "along", "across", "low", "high"), SETTINGS)
def test_a_cosine_band_is_the_double_integral(dimension, along, across, low, high):
    given = {"dimension": dimension, "along": along, "across": across, "low": low, "high": high}
    found = theory.cosine_band(**given)
    ends = float(found.threshold), float(found.ceiling)
    levels, wanted = kept_moments(dimension, along, across, ends)
    # in three dimensions the length of the rest may vanish, where the distance has a kink
    allowed = 2e-5 if dimension == 3 else 1e-9
    np.testing.assert_allclose(levels, [low, high], atol=allowed)
    for field in FIELDS:
        assert float(getattr(found, field)) == pytest.approx(wanted[field], abs=allowed), field
    assert float(found.residual) < 1e-11


def test_two_dimensions_by_one_adaptive_integral():
    along, across, low = 1.0, 0.5, 0.9
    found = theory.cosine_band(dimension=2, along=along, across=across, low=low, high=1.0)
    slope = float(found.threshold) / np.sqrt(1 - float(found.threshold) ** 2)

    def average(function):
        def integrand(y):
            return stats.norm.pdf(y - across) * function(y, slope * abs(y) - along)

        ends = [(-9.0, -0.1), (-0.1, 0.0), (0.0, 0.1), (0.1, 9.0)]
        return sum(integrate.quad(integrand, *end, epsabs=1e-13)[0] for end in ends)

    mass = average(lambda y, u: stats.norm.sf(u))
    assert mass == pytest.approx(0.1, abs=1e-10)
    assert float(found.mean) == pytest.approx(average(lambda y, u: stats.norm.pdf(u)) / mass, 1e-9)
    ahead = average(lambda y, u: y * stats.norm.sf(u)) / mass
    assert float(found.across_mean) == pytest.approx(ahead - across, rel=1e-9)
    square = average(lambda y, u: y * y * stats.norm.sf(u)) / mass
    assert float(found.radius_square) == pytest.approx(square, rel=1e-9)


@pytest.mark.parametrize(("along", "level"), [(2.0, 0.8), (-1.5, 0.1), (6.0, 0.5), (0.0, 0.95)])
def test_the_own_centroids_threshold_is_a_noncentral_t_quantile(along, level):
    found = theory.cosine_band(dimension=32, along=along, across=0.0, low=level, high=1.0)
    slope = stats.nct.ppf(level, 31, along) / np.sqrt(31)
    assert float(found.threshold) == pytest.approx(slope / np.hypot(1, slope), abs=1e-9)
    assert float(found.across_mean) == 0.0 and float(found.ceiling) == 1.0


@pytest.mark.parametrize("order", [-0.5, 0.0, 3.0, 14.5, 90.0])
def test_bessel_functions_are_scipys(order):
    x = np.array([0.3, 1.0, 7.0, 40.0, 300.0, 3000.0])
    value, ratio = bessel.log_bessel(jnp.asarray(order), jnp.asarray(x))
    scaled = special.ive(order, x)
    seen = scaled > 1e-280
    wanted = np.log(scaled[seen]) + x[seen] - order * np.log(x[seen])
    np.testing.assert_allclose(np.asarray(value)[seen], wanted, rtol=1e-13, atol=1e-11)
    quotient = special.ive(order + 1, x[seen]) / scaled[seen] / x[seen]
    np.testing.assert_allclose(np.asarray(ratio)[seen], quotient, rtol=1e-11)


def test_all_of_the_band_is_the_gaussian_and_its_parts_average_to_it():
    given = {"dimension": 32, "along": 2.0, "across": 1.5}
    whole = theory.cosine_band(**given, low=0.0, high=1.0)
    found = [whole.mean, whole.variance, whole.across_mean, whole.across_variance]
    found += [whole.covariance, whole.rest_variance, whole.radius_square, whole.threshold]
    wanted = [0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 31 + 1.5**2, -1.0]
    np.testing.assert_allclose(np.asarray(found), wanted, atol=1e-11)
    fifths = [
        theory.cosine_band(**given, low=low, high=high)
        for low, high in [(0.0, 0.2), (0.2, 0.4), (0.4, 0.6), (0.6, 0.8), (0.8, 1.0)]
    ]
    assert np.mean([float(fifth.mean) for fifth in fifths]) == pytest.approx(0, abs=1e-12)
    squares = [float(fifth.variance + fifth.mean**2) for fifth in fifths]
    assert np.mean(squares) == pytest.approx(1, abs=1e-12)
    for lower, upper in itertools.pairwise(fifths):
        assert float(lower.ceiling) == float(upper.threshold)


def domain_means():
    means = theory.shared_offset_centroids(domains=3, dimension=6, separation=2.0, offset=1.5)
    turn = np.linalg.qr(np.random.default_rng(7).standard_normal((6, 6)))[0]
    return jnp.asarray(np.asarray(means) @ turn)


def test_all_other_centroids_are_one_cosine():
    means = domain_means()
    points = jax.random.normal(jax.random.key(3), (50, 6), float)
    found = theory.other_directions(means)

    def cosines(vectors):
        units = points / jnp.linalg.norm(points, axis=1, keepdims=True)
        return units @ (vectors / jnp.linalg.norm(vectors, axis=1, keepdims=True)).T

    table = cosines(means)
    summed = jnp.sum(table, axis=1, keepdims=True) - table
    np.testing.assert_allclose(
        np.asarray(cosines(found.units) * found.lengths[None]), summed, atol=1e-14
    )


@pytest.mark.parametrize("rule", ["near_other", "far_other", "near_own", "far_own", "random"])
def test_kept_domains_have_the_moments_of_samples(rule):
    means, variance, number = domain_means(), 0.8, 400_000
    found = theory.kept_domains(means, variance=variance, rule=rule, fraction=0.25)
    random = np.random.default_rng(zlib.crc32(f"kept domains {rule}".encode()))
    points = np.asarray(means)[0] + np.sqrt(variance) * random.standard_normal((number, 6))
    others = np.asarray(means)[1:] / np.linalg.norm(np.asarray(means)[1:], axis=1)[:, None]
    direction = np.asarray(means)[0] if rule.endswith("own") else others.sum(0)
    score = points @ direction / np.linalg.norm(points, axis=1) / np.linalg.norm(direction)
    e = direction / np.linalg.norm(direction)
    along = e @ np.asarray(means)[0]
    across = np.linalg.norm(np.asarray(means)[0] - along * e)
    scaled = {"along": along / np.sqrt(variance), "across": across / np.sqrt(variance)}
    if rule.startswith("near"):
        band = theory.cosine_band(dimension=6, low=0.75, high=1.0, **scaled)
        kept = score >= float(band.threshold)
    elif rule.startswith("far"):
        band = theory.cosine_band(dimension=6, low=0.0, high=0.25, **scaled)
        kept = score <= float(band.ceiling)
    else:
        kept = random.random(number) < 0.25
    assert_means(kept, [0.25])
    own = points[kept]
    assert_means(own, found.means[0])
    rows, columns = np.triu_indices(6)
    products = own[:, rows] * own[:, columns]
    assert_means(products, np.asarray(found.second_moments[0])[rows, columns])


def test_kept_moments_in_two_dimensions_with_the_own_centroid():
    mean = jnp.asarray([0.6, 0.8])
    found = theory.kept_by_cosine(mean, mean, variance=1.0, low=0.5, high=1.0)
    band = theory.cosine_band(dimension=2, along=1.0, across=0.0, low=0.5, high=1.0)
    points = np.random.default_rng(zlib.crc32(b"two dimensions")).standard_normal((200_000, 2))
    points = points + np.asarray(mean)
    kept = points[points @ mean / np.linalg.norm(points, axis=1) >= float(band.threshold)]
    products = np.stack([kept[:, 0] ** 2, kept[:, 1] ** 2, kept[:, 0] * kept[:, 1]], 1)
    moments = np.asarray(found.second_moments)
    assert_means(products, [moments[0, 0], moments[1, 1], moments[0, 1]])


def test_the_linear_shift_is_the_leading_order_in_the_dimension():
    dimensions, gaps = [16, 128, 1024], []
    for dimension in dimensions:
        # e and f keep their lengths in the mean as the dimension grows
        mean = jnp.zeros(dimension).at[0].set(2.0).at[1].set(1.5)
        direction = jnp.zeros(dimension).at[0].set(1.0)
        near = theory.cosine_shift(mean, direction, variance=1.0, low=0.8, high=1.0)
        exact = theory.cosine_band(dimension=dimension, along=2.0, across=1.5, low=0.8, high=1.0)
        gaps.append([float(exact.mean - near[0]), float(exact.across_mean - near[1])])
    slopes = np.diff(np.log(np.abs(gaps)), axis=0) / np.diff(np.log(dimensions))[:, None]
    assert np.all(np.abs(slopes[-1] + 1) < 0.1), slopes


def test_the_correlations_of_the_note():
    found = [
        theory.score_correlations(
            theory.shared_offset_centroids(domains=4, dimension=32, separation=2.0, offset=offset),
            variance=1.0,
        )
        for offset in (0.0, 1.0, 2.0, 4.0, 8.0, 16.0)
    ]
    wanted = [0.0, 0.265, 0.549, 0.764, 0.845, 0.863]
    for column in np.asarray(found).T:
        np.testing.assert_allclose(column, wanted, atol=6e-4)


def exact_correlation(means, dimension):
    """Of the two scores in the first domain: a sum over their plane and the rest's length."""
    own, other = means[0], np.asarray(theory.other_directions(jnp.asarray(means)).units[0])
    units = np.stack([own / np.linalg.norm(own), other], 1)
    basis = np.linalg.qr(units)[0]
    z = np.linspace(-8, 8, 41)
    plane = np.stack(np.meshgrid(z, z, indexing="ij"), -1).reshape(-1, 2)
    mass = np.exp(-(plane**2).sum(1) / 2)
    rest = np.linspace(max(np.sqrt(dimension) - 9, 0), np.sqrt(dimension) + 9, 201)
    weights = mass[:, None] * stats.chi(dimension - 2).pdf(rest)[None]
    shifted = plane + basis.T @ own
    length = np.sqrt((shifted**2).sum(1)[:, None] + rest[None] ** 2)
    scores = [(shifted @ (basis.T @ unit))[:, None] / length for unit in units.T]
    flat = [score.reshape(-1) for score in scores]
    moments = np.cov(flat, aweights=weights.reshape(-1))
    return moments[0, 1] / np.sqrt(moments[0, 0] * moments[1, 1])


def test_correlations_reach_the_formula_at_the_rate_of_the_inverse_dimension():
    dimensions, gaps = [8, 64, 512], []
    for dimension in dimensions:
        # the mean grows as the root of the dimension, so that its part in |x| stays
        size = np.sqrt(dimension / 8)
        means = theory.shared_offset_centroids(
            domains=3, dimension=dimension, separation=size, offset=size
        )
        near = theory.score_correlations(means, variance=1.0)
        gaps.append(exact_correlation(np.asarray(means), dimension) - float(near[0]))
    slopes = np.diff(np.log(np.abs(gaps))) / np.diff(np.log(dimensions))
    assert abs(slopes[-1] + 1) < 0.1, (gaps, slopes)
