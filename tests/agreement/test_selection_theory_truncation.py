"""Bands, shells, slabs and the sign flip against scipy's laws, quantile integrals and samples."""

import zlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import integrate, optimize, stats

from diversity_jax.mixtures import GaussianMixture
from diversity_jax.selection import theory
from tests.agreement.selection_samples import assert_means

BANDS = [(0.0, 0.2), (0.2, 0.4), (0.4, 0.6), (0.6, 0.8), (0.8, 1.0)]
SLABS = [(4.0, 0.5, 0.2), (2.0, 0.9, 0.2), (1.0, 0.3, 0.7), (9.0, 0.4, 0.5)]


def generator(name):
    return np.random.default_rng(zlib.crc32(name.encode()))


@pytest.mark.parametrize(("low", "high"), [*BANDS, (0.0, 1.0), (0.05, 0.9), (0.999, 1.0)])
def test_a_band_has_the_moments_of_the_quantile_integral(low, high):
    found = theory.band_moments(low=low, high=high)

    def average(power):
        return integrate.quad(lambda s: stats.norm.ppf(s) ** power, low, high)[0] / (high - low)

    # the quantile's logarithmic end costs the adaptive rule digits
    assert float(found.mean) == pytest.approx(average(1), abs=1e-8)
    assert float(found.variance) == pytest.approx(average(2) - average(1) ** 2, abs=2e-8)
    a, b = stats.norm.ppf([low, high])
    f_a, f_b = stats.norm.pdf([a, b])
    edge = (0 if low == 0 else a * f_a) - (0 if high == 1 else b * f_b)
    mean = (f_a - f_b) / (high - low)
    assert float(found.mean) == pytest.approx(mean, rel=1e-12, abs=1e-14)
    variance = 1 + edge / (high - low) - mean**2
    assert float(found.variance) == pytest.approx(variance, abs=1e-11)


def test_narrow_bands_and_far_tails_keep_their_digits():
    # a band of width w around its centre c is uniform up to w^2: variance w^2 / 12
    edges = jnp.asarray([3.0, 3.0 + 1e-5])
    log_mass, moments = theory.truncated_normal(*edges)
    assert float(moments.variance) == pytest.approx(1e-10 / 12, rel=1e-8)
    assert float(log_mass) == pytest.approx(stats.norm.logpdf(3.000005) + np.log(1e-5), rel=1e-9)
    # Mills' ratio: E u = 1 / R(a), Var u = 1 + a E u - (E u)^2, here by scipy's scaled erfc
    log_mass, moments = theory.truncated_normal(jnp.asarray(30.0), jnp.inf)
    assert float(log_mass) == pytest.approx(stats.norm.logsf(30.0), rel=1e-13)
    mean = np.exp(stats.norm.logpdf(30.0) - stats.norm.logsf(30.0))
    assert float(moments.mean) == pytest.approx(mean, rel=1e-12)
    assert float(moments.variance) == pytest.approx(1 / 30**2 - 6 / 30**4, rel=1e-4)


def test_the_reference_values_of_bands_shells_and_flips():
    top, middle = theory.band_moments(low=0.8, high=1.0), theory.band_moments(low=0.4, high=0.6)
    found = [top.mean, top.variance, middle.mean, middle.variance]
    found += [
        theory.shell_variance(2, low=0.0, high=0.2),
        theory.shell_variance(2, low=0.8, high=1.0),
    ]
    found += [
        theory.shell_variance(384, low=0.0, high=0.2),
        theory.shell_variance(384, low=0.8, high=1.0),
    ]
    found += [theory.flip_separation(fraction) for fraction in (0.2, 0.1, 0.5)]
    wanted = [1.3998096020, 0.2186425621, 0.0, 0.0212123832]
    wanted += [0.1074257947, 2.6094379124, 0.9010847557, 1.1030044694]
    wanted += [2.7996192041, 3.5099666386, 1.5957691216]
    np.testing.assert_allclose(np.asarray(found), wanted, atol=6e-11)


@pytest.mark.parametrize("dimension", [1, 2, 7, 384])
def test_shells_are_ratios_of_chi_square_laws_and_average_to_one(dimension):
    law = stats.chi2
    found = [float(theory.shell_variance(dimension, low=low, high=high)) for low, high in BANDS]
    wanted = [
        np.diff(law.cdf(law.ppf([low, high], dimension), dimension + 2))[0] / (high - low)
        for low, high in BANDS
    ]
    np.testing.assert_allclose(found, wanted, rtol=1e-12)
    assert np.mean(found) == pytest.approx(1.0, rel=1e-12)
    assert float(theory.shell_variance(dimension, low=0.0, high=1.0)) == 1.0


def test_distances_fade_in_high_dimension_at_the_rate_of_the_approximation():
    dimensions = [64, 256, 1024, 4096]
    gaps = []
    for dimension in dimensions:
        exact = theory.shell_variance(dimension, low=0.8, high=1.0)
        near = theory.shell_variance_approximation(dimension, low=0.8, high=1.0)
        gaps.append(float(exact - near))
    slopes = np.diff(np.log(np.abs(gaps))) / np.diff(np.log(dimensions))
    assert np.all(np.abs(slopes + 1) < 0.1) and abs(slopes[-1] + 1) < 0.02, slopes


def test_bands_and_shells_of_samples():
    random = generator("bands and shells of samples")
    points = random.standard_normal((300_000, 5))
    squares = np.sum(points**2, axis=1)
    for low, high in [(0.8, 1.0), (0.2, 0.4)]:
        a, b = stats.norm.ppf([low, high])
        kept = points[(points[:, 0] > a) & (points[:, 0] < b), 0]
        found = theory.band_moments(low=low, high=high)
        mean = float(found.mean)
        assert_means(np.stack([kept, (kept - mean) ** 2], 1), [mean, float(found.variance)])
        a, b = stats.chi2.ppf([low, high], 5)
        kept = points[(squares > a) & (squares < b)]
        variance = float(theory.shell_variance(5, low=low, high=high))
        products = np.concatenate([kept, kept**2, kept[:, :1] * kept[:, 1:]], axis=1)
        assert_means(products, [0.0] * 5 + [variance] * 5 + [0.0] * 4)


@pytest.mark.parametrize(("separation", "prior", "fraction"), SLABS)
def test_the_slab_is_scipys(separation, prior, fraction):
    found = theory.entropy_slab(separation=separation, prior=prior, fraction=fraction)
    logit, centres = np.log(prior / (1 - prior)), np.array([1, -1]) * separation / 2
    priors = np.array([prior, 1 - prior])

    def retained(threshold):
        ends = (np.array([-threshold, threshold]) - logit) / separation
        return stats.norm.cdf(ends[1] - centres) - stats.norm.cdf(ends[0] - centres), ends

    def surplus(threshold):
        return priors @ retained(threshold)[0] - fraction

    threshold = optimize.brentq(surplus, 0, 200, xtol=1e-13)
    kept, ends = retained(threshold)
    assert float(found.threshold) == pytest.approx(threshold, rel=1e-10)
    np.testing.assert_allclose(found.retained, kept, rtol=1e-10)
    np.testing.assert_allclose(found.shares, priors * kept / fraction, rtol=1e-10)
    odds = 1 / (1 + np.exp(threshold))
    assert float(found.entropy) == pytest.approx(stats.entropy([odds, 1 - odds]), rel=1e-10)
    for domain in range(2):
        law = stats.truncnorm(*(ends - centres[domain]), loc=centres[domain])
        assert float(found.means[domain]) == pytest.approx(law.mean(), rel=1e-9, abs=1e-11)
        assert float(found.variances[domain]) == pytest.approx(law.var(), rel=1e-8)


def test_the_slab_is_what_the_highest_posterior_entropies_keep():
    separation, prior, fraction = 2.0, 0.8, 0.2
    found = theory.entropy_slab(separation=separation, prior=prior, fraction=fraction)
    means = jnp.asarray([[0.6, 0.8, 0.0], [0.0, 0.0, 0.0]]) * separation * 0.7
    mixture = GaussianMixture.isotropic(jnp.asarray([prior, 1 - prior]), means, 0.49)
    key = jax.random.key(zlib.crc32(b"the highest posterior entropies"))
    points, labels = mixture.sample(key, 300_000)
    posterior, labels = np.asarray(mixture.responsibilities(points)), np.asarray(labels)
    entropy = stats.entropy(posterior, axis=1)
    kept = entropy >= float(found.entropy)
    assert_means(kept, [fraction])
    assert_means(labels[kept] == 0, [found.shares[0]])
    axis, across = np.array([0.6, 0.8, 0.0]), np.array([0.8, -0.6, 0.0])
    centred = (np.asarray(points) - np.asarray(means).mean(0)) / 0.7
    for domain in range(2):
        own = centred[kept & (labels == domain)]
        along, beside = own @ axis, own @ across
        mean, variance = float(found.means[domain]), float(found.variances[domain])
        values = [along, (along - mean) ** 2, beside, beside**2, along * beside]
        assert_means(np.stack(values, 1), [mean, variance, 0.0, 1.0, 0.0])
        assert_means(kept[labels == domain], [found.retained[domain]])


def test_limits_of_the_slab():
    whole = theory.entropy_slab(separation=3.0, prior=0.7, fraction=1.0)
    np.testing.assert_allclose(whole.shares, [0.7, 0.3], rtol=1e-13)
    np.testing.assert_allclose(whole.means, [1.5, -1.5], rtol=1e-13)
    np.testing.assert_allclose(whole.variances, [1.0, 1.0], rtol=1e-13)
    # whatever the prior, the shares tend to one half: here at second order in the fraction
    fractions = [0.1, 0.01, 0.001]
    gaps = [
        float(theory.entropy_slab(separation=1.5, prior=0.85, fraction=fraction).shares[0]) - 0.5
        for fraction in fractions
    ]
    slopes = np.diff(np.log(gaps)) / np.diff(np.log(fractions))
    assert abs(slopes[-1] - 2) < 0.02, slopes


@pytest.mark.parametrize("fraction", [0.1, 0.2, 0.5])
def test_the_class_means_swap_at_the_flip_and_nowhere_else(fraction):
    flip = float(theory.flip_separation(fraction))
    for factor in (0.9, 1.1):
        after = theory.axis_after(separation=factor * flip, rule="near_other", fraction=fraction)
        assert np.sign(float(after.difference)) == np.sign(factor - 1)
    random = generator("class means near the flip")
    points = random.standard_normal(200_000) + flip / 2
    # the fraction of the first domain, at +delta/2, that is the most similar to the second
    kept = points[points < flip / 2 + stats.norm.ppf(fraction)]
    assert_means(kept, [0.0])
    far = theory.axis_after(separation=2.0, rule="far_other", fraction=fraction)
    assert float(far.difference) == pytest.approx(2.0 + flip, rel=1e-12)
