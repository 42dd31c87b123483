"""Speciation by quadrature against drawn points, closed forms and backward diffusion."""

import zlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import chi2, norm

from diversity_jax.diffusion import process, sampling
from diversity_jax.diffusion.theory import speciation
from diversity_jax.mixtures import GaussianMixture


def key(name):
    return jax.random.key(zlib.crc32(name.encode()))


def opposite(share, dimension):
    means = np.stack([np.ones(dimension), -np.ones(dimension)])
    return GaussianMixture.isotropic([share, 1 - share], means, 1.0)


@pytest.mark.parametrize("share", [0.5, 0.1])
@pytest.mark.parametrize("time", [1.0, 2.5])
def test_two_equal_classes_are_a_single_integral(share, time):
    signal = np.exp(-2 * time) * 4 * 64
    odds = np.log([share / (1 - share), (1 - share) / share])

    def integrand(g, o):
        return norm.pdf(g) / (1 + np.exp(-(o + signal / 2 + np.sqrt(signal) * g)))

    wanted = [quad(integrand, -9, 9, args=(o,))[0] for o in odds]
    found = speciation.return_probability(opposite(share, 64), time)
    np.testing.assert_allclose(found, wanted, atol=1e-7)
    normalised = (found - jnp.asarray([share, 1 - share])) / jnp.asarray([1 - share, share])
    assert float(normalised[0]) == pytest.approx(float(normalised[1]), abs=1e-9)


def test_a_known_value_at_half_log_dimension():
    found = speciation.return_probability(opposite(0.5, 256), 0.5 * np.log(256))
    np.testing.assert_allclose(found, 0.7752002454, atol=1e-8)


@pytest.mark.parametrize("dimension", [1, 2, 3, 40])
@pytest.mark.parametrize("classes", [2, 3])
def test_quadrature_is_the_mean_posterior_of_drawn_points(dimension, classes):
    random = np.random.default_rng(zlib.crc32(f"posterior {dimension} {classes}".encode()))
    weights = random.dirichlet(np.full(classes, 4.0))
    mixture = GaussianMixture.isotropic(
        weights, 1.5 * random.normal(size=(classes, dimension)) / np.sqrt(dimension),
        random.uniform(0.3, 2.0, classes),
    )  # fmt: skip
    now, number = mixture.at_time(0.3), 40000
    points, labels = now.sample_counts(key(f"drawn {dimension} {classes}"), (number,) * classes)
    own = np.take_along_axis(np.asarray(now.responsibilities(points)), labels[:, None], axis=1)
    own = own.reshape(classes, number)
    error = own.std(axis=1, ddof=1) / np.sqrt(number)
    found = speciation.return_probability(mixture, 0.3)
    assert np.abs((own.mean(axis=1) - found) / error).max() < norm.isf(1e-4 / 2 / classes)


def test_what_quadrature_does_not_cover_is_pointed_elsewhere():
    many = GaussianMixture.isotropic(np.full(4, 0.25), np.eye(4), 1.0)
    with pytest.raises(ValueError, match=r"sampling\.return_probability\(key, mixture, time"):
        speciation.return_probability(many, 0.5)


def test_backward_diffusion_has_the_variance_of_its_own_recursion():
    """For one Gaussian the Euler scheme is linear: its variance is known exactly at every step."""
    single, number = GaussianMixture.isotropic([1.0], np.zeros((1, 8)), 0.5), 20000
    score, gaps = sampling.mixture_score(single), []
    for steps in (50, 100, 200):
        times = np.asarray(process.backward_times(1.0, 0.01, steps))
        variance = 1.0
        for time, width in zip(times[:-1], times[:-1] - times[1:]):
            noised = np.exp(-2 * time) * 0.5 + 1 - np.exp(-2 * time)
            variance = variance * (1 + width - 2 * width / noised) ** 2 + 2 * width
        gaps.append(variance)
        if steps == 50:
            start = jax.random.normal(key("start"), (number, 8), float)
            ends = sampling.backward(key("backward"), score, start, times)
            squares = float(jnp.sum(ends**2)) / variance
            tail = chi2.cdf(squares, 8 * number)
            assert 5e-5 < tail < 1 - 5e-5
    # Euler is of first order: successive differences halve.
    assert (gaps[0] - gaps[1]) / (gaps[1] - gaps[2]) == pytest.approx(2, rel=0.2)


def test_the_probability_flow_scales_a_gaussian_at_second_order():
    single = GaussianMixture.isotropic([1.0], np.zeros((1, 3)), 0.5)
    points = jax.random.normal(key("flow"), (5, 3), float)
    ratio = np.sqrt((np.exp(-0.02) * 0.5 + 1 - np.exp(-0.02)) / (np.exp(-2) * 0.5 + 1 - np.exp(-2)))
    gaps = []
    for steps in (20, 40, 80):
        times = process.backward_times(1.0, 0.01, steps)
        ends = sampling.probability_flow(sampling.mixture_score(single), points, times)
        gaps.append(float(jnp.abs(ends - ratio * points).max()))
    np.testing.assert_allclose(np.divide(gaps[:-1], gaps[1:]), 4, rtol=0.2)


@pytest.mark.parametrize("time", [1.5, 2.5])
def test_u_turns_return_as_often_as_quadrature_says(time):
    """Exact in small steps only: Richardson's difference of two step sizes bounds the bias."""
    mixture, number = opposite(0.1, 32), 4000
    found = [
        np.asarray(
            sampling.return_probability(key(f"turn {time}"), mixture, time, number=number, steps=s)
        )
        for s in (100, 400)
    ]
    wanted = np.asarray(speciation.return_probability(mixture, time))
    error = np.sqrt(wanted * (1 - wanted) / number)
    margin = norm.isf(1e-4 / 4) * error
    bias = np.abs(found[1] - found[0]) + norm.isf(1e-4 / 4) * np.sqrt(2) * error
    assert (np.abs(found[1] - wanted) < margin + bias / 3).all()


@pytest.mark.parametrize("share", [0.5, 0.1, 0.01])
def test_the_bayes_criterion_of_two_classes_is_closed(share):
    dimension, odds = 100, np.log((1 - share) / share)
    root = 1 + np.sqrt(1 + 2 * odds)
    # S = 4 d e^-2t / (e^-2t + 1 - e^-2t) for unit variance.
    wanted = -np.log(root**2 / (4 * dimension)) / 2
    found = speciation.speciation_times(opposite(share, dimension), criterion="bayes")
    assert float(found[0]) == pytest.approx(wanted, abs=1e-8)
    if odds >= 0.5:
        assert jnp.isinf(found[1])
    else:
        assert float(found[1]) == pytest.approx(wanted, abs=1e-8)


def test_the_covariance_criterion_is_half_the_log_of_its_eigenvalue():
    found = speciation.speciation_times(opposite(0.1, 100), criterion="covariance")
    np.testing.assert_allclose(found, np.log(4 * 0.1 * 0.9 * 100) / 2, rtol=1e-9)


def test_variance_only_classes_follow_a_quarter_log_of_the_dimension():
    times = [
        float(
            speciation.speciation_times(
                GaussianMixture.isotropic([0.5, 0.5], np.zeros((2, d)), [0.5, 1.5]),
                criterion="bayes",
            )[0]
        )
        for d in (10**2, 10**3, 10**4, 10**5)
    ]
    slopes = np.diff(times) / np.log(10)
    # The approach is like d^(-1/2): each factor of 10 brings it about three times closer.
    assert abs(slopes[-1] - 0.25) < 0.5 * abs(slopes[-2] - 0.25) < 0.25 * abs(slopes[-3] - 0.25)


def test_log_odds_of_full_covariances_are_those_of_isotropic_ones():
    random = np.random.default_rng(zlib.crc32(b"log odds"))
    weights, means = [0.2, 0.3, 0.5], random.normal(size=(3, 4))
    variances = np.array([0.5, 1.0, 2.0])
    isotropic = speciation.log_odds(GaussianMixture.isotropic(weights, means, variances))
    full = speciation.log_odds(
        GaussianMixture.full(weights, means, variances[:, None, None] * np.eye(4)[None])
    )
    for one, other in zip(isotropic, full):
        np.testing.assert_allclose(one, other, atol=1e-10)
