"""Moments of weights times powers of a projection: integrals, samples, and what must agree."""

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
DIRECTION = jnp.asarray([0.64, 0.48, 0.6, 0.0, 0.0])
WEIGHTS = ("posterior", "hard", "labels")


def plane(scale=1.0, variance=1.0):
    return GaussianMixture.isotropic(POOL, scale * PLANE, variance)


def test_on_a_line_they_are_adaptive_integrals():
    places, deviation = np.array([-1.0, 0.4, 1.9]), np.sqrt(0.7)
    # along the line 1.2, across it 0.5
    mixture = GaussianMixture.isotropic(POOL, places[:, None] * jnp.asarray([[0.6, 0.8]]), 0.7)
    direction = 1.2 * jnp.asarray([0.6, 0.8]) + 0.5 * jnp.asarray([-0.8, 0.6])
    found = theory.weighted_moments(mixture, TARGET, direction=direction, centre=0.3)
    ratios = np.asarray(TARGET / POOL)

    def parts(x):
        return np.asarray(POOL) * stats.norm.pdf(x, places, deviation)

    weights = {
        "posterior": lambda x: parts(x) @ ratios / parts(x).sum(),
        "hard": lambda x: ratios[parts(x).argmax()],
    }
    pairs = [(i, j) for i in range(3) for j in range(i)]
    jumps = [
        (places[i] + places[j]) / 2 + 0.7 * np.log(POOL[i] / POOL[j]) / (places[j] - places[i])
        for i, j in pairs
    ]

    def across(order, mean):
        """``E (mean + z)^order``, z normal of deviation half of x's."""
        return stats.norm.moment(order, mean, 0.5 * deviation) if order else 1.0

    for name, weight in weights.items():
        for power in (1, 2):
            for order in range(5):

                def integrand(x, weight=weight, power=power, order=order):
                    return weight(x) ** power * across(order, 1.2 * x - 0.3) * parts(x).sum()

                wanted = integrate.quad(integrand, -8, 9, points=jumps, limit=200)[0]
                got = float(getattr(found, name)[power - 1, order])
                assert got == pytest.approx(wanted, rel=1e-8, abs=1e-9), (name, power, order)


@pytest.mark.parametrize("scale", [0.25, 1.0])
def test_in_a_plane_they_are_those_of_samples(scale):
    mixture = plane(scale)
    found = theory.weighted_moments(mixture, TARGET, direction=DIRECTION, centre=0.4)
    key = jax.random.key(zlib.crc32(f"weighted moments {scale}".encode()))
    points, own = mixture.sample(key, 200_000)
    posterior, ratios = np.asarray(mixture.responsibilities(points)), np.asarray(TARGET / POOL)
    given = {
        "posterior": posterior @ ratios,
        "hard": ratios[posterior.argmax(1)],
        "labels": ratios[np.asarray(own)],
    }
    values = np.asarray(points @ DIRECTION) - 0.4
    for name, weight in given.items():
        columns = [weight**power * values**order for power in (1, 2) for order in range(5)]
        assert_means(np.stack(columns, 1), getattr(found, name).ravel())


@pytest.mark.parametrize("scale", [0.1, 0.5, 1.0, 2.5])
def test_posteriors_average_labels_and_lose_variance(scale):
    mixture = plane(scale)
    found = theory.weighted_moments(mixture, TARGET, direction=DIRECTION, centre=-0.2)
    np.testing.assert_allclose(found.posterior[0], found.labels[0], rtol=1e-10, atol=1e-10)
    sizes = theory.mixture_sample_sizes(mixture, TARGET)
    assert 1 / float(found.posterior[1, 0]) == pytest.approx(float(sizes.posterior), rel=1e-12)
    assert 1 / float(found.labels[1, 0]) == pytest.approx(float(sizes.labels), rel=1e-12)
    assert float(found.hard[0, 0]) == pytest.approx(float(sizes.hard_mean), rel=1e-12)
    for order in range(3):
        soft, known, _ = (
            theory.weighted_estimate(getattr(found, name), order=order)
            for name in ("posterior", "labels", "hard")
        )
        assert float(soft.variance) < float(known.variance)
    # under the target, of every domain's normal law
    places = scale * np.asarray(PLANE @ DIRECTION) + 0.2
    risk = np.asarray(TARGET) @ (places**2 + 1.0)
    assert float(soft.mean) == pytest.approx(risk, rel=1e-10)


def test_the_kinks_of_the_hard_weight_cost_a_square_of_the_step():
    finer = [
        theory.weighted_moments(plane(), TARGET, direction=DIRECTION, centre=0.0, nodes=n).hard
        for n in (51, 401, 801)
    ]
    gaps = [float(jnp.max(jnp.abs(fine - finer[-1]))) for fine in finer[:-1]]
    assert gaps[1] < gaps[0] / 8 and gaps[1] < 1e-3


def test_what_lies_across_the_means_is_independent_of_the_weight():
    found = theory.weighted_moments(
        plane(variance=0.5), TARGET, direction=jnp.asarray([0.0, 0, 0, 0, 2.0]), centre=0.0
    )
    normal = np.array([1.0, 0.0, 2.0, 0.0, 12.0])  # a variance of 4 x 0.5
    for name in WEIGHTS:
        moments = getattr(found, name)
        np.testing.assert_allclose(moments, np.outer(moments[:, 0], normal), atol=1e-12)


def test_one_place_for_all_domains_leaves_nothing_to_weigh():
    mixture = GaussianMixture.isotropic(POOL, jnp.zeros((3, 5)), 1.0)
    found = theory.weighted_moments(mixture, TARGET, direction=DIRECTION, centre=0.0)
    np.testing.assert_allclose(found.posterior, [[1, 0, 1, 0, 3]] * 2, atol=1e-12)
    labels = float(jnp.sum(TARGET**2 / POOL))
    np.testing.assert_allclose(found.labels[1], labels * np.array([1, 0, 1, 0, 3]), rtol=1e-12)
    hard = theory.weighted_estimate(found.hard, order=2)
    assert float(hard.mean) == pytest.approx(0.4)  # the ratio of the largest domain


def test_they_keep_the_dtype():
    given = (jnp.asarray(part, jnp.float32) for part in (POOL, PLANE))
    mixture = GaussianMixture.isotropic(*given, jnp.float32(1.0))
    direction = jnp.asarray(DIRECTION, jnp.float32)
    found = theory.weighted_moments(mixture, TARGET, direction=direction, centre=0.0)
    exact = theory.weighted_moments(plane(), TARGET, direction=DIRECTION, centre=0.0)
    for name in WEIGHTS:
        assert getattr(found, name).dtype == jnp.float32
        np.testing.assert_allclose(getattr(found, name), getattr(exact, name), rtol=2e-3, atol=2e-3)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"target": jnp.asarray([0.2, 0.3, 0.6])}, r"^target: "),
        ({"target": jnp.asarray([0.5, 0.5])}, r"^target: got shape \(2,\)"),
        ({"direction": jnp.ones(3)}, r"^direction: got shape \(3,\)"),
        ({"direction": jnp.full(5, jnp.nan)}, r"^direction: got 5 NaN"),
        ({"centre": jnp.ones(2)}, r"^centre: got shape \(2,\)"),
        ({"nodes": 2}, r"^nodes: got 2"),
        ({"mixture": GaussianMixture.isotropic(POOL, PLANE, jnp.asarray([1.0, 1, 2]))}, "unlike"),
    ],
)
def test_bad_input_is_refused(change, message):
    given = {"mixture": plane(), "target": TARGET, "direction": DIRECTION, "centre": 0.0, **change}
    mixture, target = given.pop("mixture"), given.pop("target")
    with pytest.raises(ValueError, match=message) as refused:
        theory.weighted_moments(mixture, target, **given)
    assert "\n" not in str(refused.value)


def test_bad_moments_are_refused():
    with pytest.raises(ValueError, match=r"^moments: got shape \(5,\)"):
        theory.weighted_estimate(jnp.ones(5), order=1)
    with pytest.raises(ValueError, match=r"^order: got 3"):
        theory.weighted_estimate(jnp.ones((2, 5)), order=3)
