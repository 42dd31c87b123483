"""The theory of selection as a library: names, records, precisions, derivatives, refusals."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from diversity_jax.mixtures import GaussianMixture
from diversity_jax.selection import theory

MEANS = jnp.asarray([[2.0, 0.0, 0.5], [0.0, 1.0, 0.5], [-1.0, 0.0, 0.5]])
ROWS, RATIOS = jnp.asarray([[0.2, 0.5, 0.3], [0.9, 0.1, 0.0]]), jnp.asarray([2.0, 0.5, 1.0])
COSINE = {"dimension": 8, "along": 1.0, "across": 0.5, "low": 0.2, "high": 0.6}
SLAB = {"separation": 2.0, "prior": 0.3, "fraction": 0.2}
LDA = {"separation": 2.0, "difference": 1.0, "variance": 0.5, "samples": 50, "dimension": 4}


def test_every_name_is_there_and_the_records_have_the_fields_that_others_read():
    assert all(callable(getattr(theory, name)) for name in theory.__all__)
    band = theory.band_moments(low=0.1, high=0.4)
    assert band.mean.shape == band.variance.shape == ()
    cosine = theory.cosine_band(**COSINE)
    assert cosine.mean.shape == cosine.variance.shape == cosine.threshold.shape == ()
    slab = theory.entropy_slab(**SLAB)
    assert slab.threshold.shape == ()
    for field in ("shares", "retained", "means", "variances"):
        assert getattr(slab, field).shape == (2,)
    assert theory.hard_weight_error(ROWS, RATIOS).shape == (2,)
    assert theory.hard_weight_error(ROWS[0], RATIOS).shape == ()
    kept = theory.kept_domains(MEANS, variance=1.0, rule="far_other", fraction=0.5)
    assert kept.means.shape == (3, 3) and kept.second_moments.shape == (3, 3, 3)


def in_single_precision(tree):
    single = jax.tree.map(lambda x: jnp.asarray(x, jnp.float32), tree)
    return single


def single_and_double():
    """Calls that take their numbers in one precision, and how far single may be off."""
    numbers = {name: value for name, value in COSINE.items() if name != "dimension"}
    return {
        "band": (theory.band_moments, (), {"low": 0.1, "high": 0.4}, 1e-5),
        "shell": (lambda **g: theory.shell_variance(7, **g), (), {"low": 0.1, "high": 0.4}, 1e-4),
        "cosine": (lambda **g: theory.cosine_band(dimension=8, **g), (), numbers, 1e-4),
        "slab": (theory.entropy_slab, (), SLAB, 1e-4),
        "weights": (theory.hard_weight_error, (ROWS, RATIOS), {}, 1e-5),
        "correlations": (theory.score_correlations, (MEANS,), {"variance": 1.0}, 1e-5),
    }


@pytest.mark.parametrize("name", list(single_and_double()))
def test_single_precision_stays_single_and_agrees(name):
    function, places, given, allowed = single_and_double()[name]
    double = function(*places, **given)
    single = function(*in_single_precision(places), **in_single_precision(given))
    for found, wanted in zip(jax.tree.leaves(single), jax.tree.leaves(double)):
        assert found.dtype == jnp.float32 and wanted.dtype == jnp.float64
        np.testing.assert_allclose(found, wanted, rtol=allowed, atol=allowed)


def cosine_sum(values):
    """Three fields of the record, as a function of `along`, `across` and both levels."""
    along, across, low, high = values
    found = theory.cosine_band(dimension=8, along=along, across=across, low=low, high=high)
    return found.mean + found.across_mean + found.threshold


def slab_sum(values):
    """Two fields of the record, as a function of separation, prior and fraction."""
    separation, prior, fraction = values
    found = theory.entropy_slab(separation=separation, prior=prior, fraction=fraction)
    return found.threshold + found.shares[0]


def midpoint(**given):
    """The variance of the midpoint of two pools cut at their own quantile."""
    return theory.axis_after(separation=4.0, rule="near_other", **given).midpoint


DERIVATIVES = {
    "band": (lambda v: theory.band_moments(low=v[0], high=v[1]).variance, [0.3, 0.9]),
    "shell": (lambda v: theory.shell_variance(5, low=v[0], high=v[1]), [0.1, 0.4]),
    "cosine": (cosine_sum, [1.0, 0.5, 0.2, 0.6]),
    "slab": (slab_sum, [2.0, 0.3, 0.2]),
    "midpoint": (lambda v: midpoint(fraction=v[0]), [0.2]),
    "error": (lambda v: theory.lda_error(**{**LDA, "variance": v[0]}).error, [0.5]),
}


@pytest.mark.parametrize("name", list(DERIVATIVES))
def test_derivatives_are_those_of_differences(name):
    function, at = DERIVATIVES[name][0], jnp.asarray(DERIVATIVES[name][1])
    step = 1e-4
    gradient, value = jax.jit(jax.grad(function)), jax.jit(function)
    found = gradient(at)
    for index, slope in enumerate(found):
        shift = jnp.zeros_like(at).at[index].set(step)
        difference = (value(at + shift) - value(at - shift)) / (2 * step)
        assert float(slope) == pytest.approx(float(difference), rel=1e-5, abs=1e-7)
    if name == "cosine":  # the top band of an own centroid: infinite edges, no second direction
        ends = gradient(jnp.asarray([1.0, 0.0, 0.8, 1.0]))
        assert np.isfinite(np.asarray(ends)).all()


def test_bands_map_over_levels_and_bad_traced_levels_spread_as_nan():
    lows = jnp.asarray([0.0, 0.2, 0.7])
    found = jax.vmap(lambda low: theory.band_moments(low=low, high=low + 0.2).mean)(lows)
    wanted = [float(theory.band_moments(low=low, high=low + 0.2).mean) for low in lows]
    np.testing.assert_allclose(found, wanted, rtol=1e-12)
    bad = jax.jit(lambda low: theory.band_moments(low=low, high=0.5).mean)(jnp.nan)
    assert np.isnan(float(bad))


def refusals():
    """What is refused: the call, and the start of the message."""
    mixture = GaussianMixture.isotropic(jnp.full(3, 1 / 3), MEANS, 1.0)
    uneven = GaussianMixture.isotropic(jnp.full(3, 1 / 3), MEANS, jnp.asarray([1.0, 2.0, 3.0]))
    third, moments = jnp.full(3, 1 / 3), jnp.broadcast_to(jnp.eye(3), (3, 3, 3))
    return {
        "band order": (lambda: theory.band_moments(low=0.5, high=0.5), "low and high: got 0.5"),
        "band NaN": (lambda: theory.band_moments(low=jnp.nan, high=0.5), "low and high: got nan"),
        "band above": (lambda: theory.band_moments(low=0.5, high=1.2), "low and high: got 0.5"),
        "band shape": (lambda: theory.band_moments(low=RATIOS, high=1.0), "low: got shape"),
        "shell": (lambda: theory.shell_variance(0, low=0.0, high=0.5), "dimension: got 0"),
        "cosine": (lambda: theory.cosine_band(**{**COSINE, "dimension": 1}), "dimension: got 1"),
        "across": (lambda: theory.cosine_band(**{**COSINE, "across": -1.0}), "across: got"),
        "along": (lambda: theory.cosine_band(**{**COSINE, "along": jnp.inf}), "along: got 1 NaN"),
        "prior": (lambda: theory.entropy_slab(**{**SLAB, "prior": 1.0}), "prior: got 1.0"),
        "separation": (lambda: theory.entropy_slab(**{**SLAB, "separation": 0.0}), "separation:"),
        "fraction": (lambda: theory.flip_separation(0.0), "fraction: got 0.0"),
        "axis rule": (
            lambda: theory.axis_after(separation=1.0, rule="near", fraction=0.2),
            "rule: got 'near'",
        ),
        "rule": (
            lambda: theory.kept_domains(MEANS, variance=1.0, rule="far", fraction=0.2),
            "rule: got 'far'",
        ),
        "one centroid": (lambda: theory.other_directions(MEANS[:1]), "centroids: got 1 rows"),
        "samples": (lambda: theory.lda_error(**{**LDA, "samples": 0}), "samples: got"),
        "midpoint": (lambda: theory.lda_error(**LDA, midpoint=-0.1), "midpoint: got"),
        "rows": (lambda: theory.hard_weight_error(2 * ROWS, RATIOS), "posterior: got a row"),
        "ratios": (lambda: theory.hard_weight_error(ROWS, -RATIOS), "ratios: got a smallest"),
        "shapes": (lambda: theory.hard_weight_error(ROWS, RATIOS[:2]), "posterior: got shape"),
        "target": (lambda: theory.mixture_sample_sizes(mixture, RATIOS), "target: got weights"),
        "unlike": (lambda: theory.mixture_sample_sizes(uneven, third), "mixture: got isotropic"),
        "domains": (
            lambda: theory.entropy_shares(jnp.full(5, 0.2), jnp.eye(5), variance=1.0, fraction=0.2),
            "means: got 5 domains",
        ),
        "noise": (lambda: theory.noise_shrinkage(domains=3, noise=1.5), "noise: got 1.5"),
        "shares": (lambda: theory.pooled_second_moment(moments, RATIOS), "shares: got weights"),
        "few": (
            lambda: theory.homogeneous_excess(
                moments, third, jnp.eye(3), noise_variance=1.0, samples=4
            ),
            "samples: got 4 in 3 dimensions",
        ),
        "teachers": (
            lambda: theory.heterogeneous_limit(moments, third, MEANS[:2], moments),
            "teachers: got shape",
        ),
        "ridge": (
            lambda: theory.design_risk(
                MEANS, jnp.arange(3), MEANS, moments, noise_variance=1.0, ridge=-1.0
            ),
            "ridge: got a smallest",
        ),
    }


@pytest.mark.parametrize("name", list(refusals()))
def test_bad_input_gets_one_clear_line(name):
    call, start = refusals()[name]
    with pytest.raises(ValueError) as caught:
        call()
    message = str(caught.value)
    assert message.startswith(start) and "expected" in message and "\n" not in message
