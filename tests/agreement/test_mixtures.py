"""Gaussian mixtures against scipy, finite differences, Bayes' rule and their own samples."""

import zlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.stats
from jax.test_util import check_grads
from scipy.special import logsumexp

from diversity_jax.mixtures import KINDS, GaussianMixture

pytestmark = pytest.mark.light
FALSE_ALARM = 1e-4
COMPONENTS, DIMENSION = 3, 4


def make(kind, name, dtype=np.float64):
    """A mixture of each kind with its covariance matrices, from numpy alone."""
    random = np.random.default_rng(zlib.crc32(name.encode()))
    weights = np.array([0.2, 0.5, 0.3], dtype)
    means = random.normal(size=(COMPONENTS, DIMENSION)).astype(dtype)
    if kind == "isotropic":
        variances = random.uniform(0.3, 2, COMPONENTS).astype(dtype)
        matrices = variances[:, None, None] * np.eye(DIMENSION)
    elif kind == "diagonal":
        variances = random.uniform(0.3, 2, (COMPONENTS, DIMENSION)).astype(dtype)
        matrices = np.stack([np.diag(row) for row in variances])
    else:
        roots = random.normal(size=(COMPONENTS, DIMENSION, DIMENSION)).astype(dtype)
        matrices = variances = roots @ roots.transpose(0, 2, 1) + np.eye(DIMENSION, dtype=dtype) / 4
    mixture = getattr(GaussianMixture, kind)(weights, means, variances)
    return mixture, weights, means, np.asarray(matrices, np.float64), random


def log_joint(weights, means, matrices, points):
    terms = [
        np.log(weight) + scipy.stats.multivariate_normal(mean, matrix).logpdf(points)
        for weight, mean, matrix in zip(weights.astype(np.float64), means, matrices)
    ]
    return np.stack(terms, axis=1)


def assert_no_z_above(values, expected, errors):
    """Two-sided at FALSE_ALARM over all the comparisons together."""
    scores = np.abs((np.asarray(values) - np.asarray(expected)) / np.asarray(errors))
    limit = scipy.stats.norm.isf(FALSE_ALARM / (2 * scores.size))
    assert scores.max() < limit, f"largest |z| {scores.max():.2f}, limit {limit:.2f}"


def assert_moments(points, mean, covariance):
    points = np.asarray(points)
    number = len(points)
    deviations = np.sqrt(np.diag(covariance) / number)
    assert_no_z_above(points.mean(0), mean, deviations)
    centred = points - np.asarray(mean)[None]
    products = centred[:, :, None] * centred[:, None, :]
    upper = np.triu_indices(points.shape[1])
    errors = products.std(0) / np.sqrt(number)
    assert_no_z_above(products.mean(0)[upper], np.asarray(covariance)[upper], errors[upper])


@pytest.mark.parametrize("kind", KINDS)
def test_log_density_and_responsibilities_are_those_of_scipy(kind):
    mixture, weights, means, matrices, random = make(kind, "density against scipy")
    points = 3 * random.normal(size=(5003, DIMENSION))
    joint = log_joint(weights, means, matrices, points)
    expected = logsumexp(joint, axis=1)
    # Whitening loses eps times the condition number of squared distances like the result.
    condition = np.linalg.cond(matrices).max()
    allowance = 64 * np.finfo(np.float64).eps * condition * (1 + np.abs(joint).max(1))
    assert (np.abs(mixture.log_density(points) - expected) < allowance).all()
    shares = np.exp(joint - expected[:, None])
    assert (np.abs(mixture.responsibilities(points) - shares) < allowance[:, None]).all()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("offset", [0.0, 1e4])
def test_float32_keeps_its_digits_with_and_without_a_common_offset(kind, offset):
    mixture, weights, means, matrices, random = make(kind, "single precision", np.float32)
    means = means + np.float32(offset)
    mixture = getattr(GaussianMixture, kind)(weights, means, mixture.variances)
    points = (2 * random.normal(size=(4001, DIMENSION)) + offset).astype(np.float32)
    joint = log_joint(weights, means.astype(np.float64), matrices, points.astype(np.float64))
    values = mixture.log_density(points)
    assert values.dtype == jnp.float32
    condition = np.linalg.cond(matrices).max()
    allowance = 16 * np.finfo(np.float32).eps * condition * (1 + np.abs(joint).max(1))
    assert (np.abs(values - logsumexp(joint, axis=1)) < allowance).all()


@pytest.mark.parametrize("kind", KINDS)
def test_components_far_apart_cost_no_digits_in_float32(kind):
    mixture, weights, means, matrices, random = make(kind, "components far apart", np.float32)
    means[0] += 3e4
    mixture = getattr(GaussianMixture, kind)(weights, means, mixture.variances)
    points = (means[0][None] + random.normal(size=(500, DIMENSION))).astype(np.float32)
    exact = log_joint(weights, means.astype(np.float64), matrices, points.astype(np.float64))
    condition = np.linalg.cond(matrices).max()
    allowance = 64 * np.finfo(np.float32).eps * condition * (1 + np.abs(exact[:, 0]))
    assert (np.abs(mixture.log_density(points) - exact[:, 0]) < allowance).all()
    force = np.linalg.solve(matrices[0], (means[0][None].astype(np.float64) - points).T).T
    error = np.abs(mixture.score(points) - force)
    assert (error < 64 * np.finfo(np.float32).eps * condition * np.abs(force).max()).all()


@pytest.mark.parametrize("kind", KINDS)
def test_score_is_the_gradient_of_the_log_density(kind):
    mixture, weights, means, matrices, random = make(kind, "score")
    points = 2 * random.normal(size=(301, DIMENSION))
    score = np.asarray(mixture.score(points))
    gradient = jax.grad(lambda points: mixture.log_density(points).sum())(jnp.asarray(points))
    condition = np.linalg.cond(matrices).max()
    size = np.abs(score).max() * condition
    assert np.abs(score - gradient).max() < 256 * np.finfo(np.float64).eps * size
    step = 1e-5
    for axis in np.eye(DIMENSION) * step:
        above = logsumexp(log_joint(weights, means, matrices, points + axis[None]), axis=1)
        below = logsumexp(log_joint(weights, means, matrices, points - axis[None]), axis=1)
        slope = (above - below) / (2 * step)
        # Truncation is step^2 times a third derivative, at most the cube of a scaled distance.
        assert np.abs(score[:, axis > 0][:, 0] - slope).max() < 1e-7 * (1 + size**1.5)


@pytest.mark.parametrize("kind", KINDS)
def test_derivatives_in_parameters_and_points_agree_with_finite_differences(kind):
    mixture, _, _, _, random = make(kind, "finite differences")
    points = jnp.asarray(random.normal(size=(7, DIMENSION)))

    def evaluate(means, variances, points):
        moved = getattr(GaussianMixture, kind)(mixture.weights, means, variances)
        return moved.log_density(points), moved.score(points), moved.responsibilities(points)

    arguments = (mixture.means, mixture.variances, points)
    if kind == "full":
        symmetric = evaluate

        def evaluate(means, variances, points):
            return symmetric(means, (variances + variances.mT) / 2, points)

    check_grads(jax.jit(evaluate), arguments, order=1, modes=("fwd", "rev"), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_samples_have_the_moments_and_class_frequencies_of_the_mixture(kind):
    mixture, weights, _, _, _ = make(kind, "moments")
    key = jax.random.key(zlib.crc32(f"sample moments {kind}".encode()))
    points, labels = mixture.sample(key, 200_003)
    assert_moments(points, mixture.mean(), mixture.covariance())
    observed = np.bincount(labels, minlength=COMPONENTS)
    frequency = scipy.stats.chisquare(observed, weights * len(labels))
    assert frequency.pvalue > FALSE_ALARM


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fixed", [False, True])
def test_points_of_a_class_are_normal_with_its_mean_and_covariance(kind, fixed):
    mixture, _, means, matrices, _ = make(kind, "normality")
    key = jax.random.key(zlib.crc32(f"normality {kind} {fixed}".encode()))
    if fixed:
        points, labels = mixture.sample_counts(key, (20_011, 0, 15_000))
        assert np.bincount(labels, minlength=3).tolist() == [20_011, 0, 15_000]
        assert (np.diff(labels) >= 0).all()
    else:
        points, labels = mixture.sample(key, 50_021)
    points, labels = np.asarray(points), np.asarray(labels)
    pvalues = []
    for component in np.unique(labels):
        centred = points[labels == component] - means[component][None]
        white = np.linalg.solve(np.linalg.cholesky(matrices[component]), centred.T)
        pvalues += [scipy.stats.kstest(row, "norm").pvalue for row in white]
        assert_moments(white.T, np.zeros(DIMENSION), np.eye(DIMENSION))
    assert min(pvalues) > FALSE_ALARM / len(pvalues)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("time", [0.05, 0.7])
def test_at_time_is_the_law_of_the_simulated_process(kind, time):
    mixture, _, _, _, random = make(kind, "forward process")
    key = jax.random.key(zlib.crc32(f"forward process {kind} {time}".encode()))
    points, _ = mixture.sample(key, 100_000)
    # 16 exact steps: the variance of a step solves dv/dt = 2 - 2v from v = 0.
    step = time / 16
    points = np.asarray(points)
    for _ in range(16):
        noise = np.sqrt(1 - np.exp(-2 * step)) * random.normal(size=points.shape)
        points = np.exp(-step) * points + noise
    later = mixture.at_time(time)
    assert later.kind == kind
    assert_moments(points, later.mean(), later.covariance())
    # The characteristic function sees every moment.
    frequencies = random.normal(size=(6, DIMENSION)) / 2
    phases = points @ frequencies.T
    matrices = np.asarray(later.component_covariances())
    spread = np.einsum("fi,kij,fj->fk", frequencies, matrices, frequencies)
    waves = np.exp(1j * frequencies @ np.asarray(later.means).T - spread / 2)
    expected = waves @ np.asarray(later.weights)
    for part, exact in ((np.cos(phases), expected.real), (np.sin(phases), expected.imag)):
        assert_no_z_above(part.mean(0), exact, part.std(0) / np.sqrt(len(points)))


@pytest.mark.parametrize("kind", KINDS)
def test_two_times_in_turn_are_their_sum(kind):
    mixture, *_ = make(kind, "semigroup")
    twice, once = mixture.at_time(0.3).at_time(1.1), mixture.at_time(1.4)
    largest = float(jnp.abs(once.variances).max())
    rounding = 16 * np.finfo(np.float64).eps
    assert jnp.abs(twice.means - once.means).max() < rounding
    assert jnp.abs(twice.variances - once.variances).max() < rounding * largest
    assert (mixture.at_time(0.0).variances == mixture.variances).all()


def test_short_times_keep_their_digits_in_float32():
    points = GaussianMixture.isotropic(np.ones(1, np.float32), np.zeros((1, 2), np.float32), 0.0)
    variance = float(points.at_time(1e-6).variances[0])
    assert abs(variance / -np.expm1(-2e-6) - 1) < 4 * np.finfo(np.float32).eps
