"""The checks keep their promises: false alarms at the stated level, errors caught at the power.

Rates are compared with binomial bounds at 1e-4. Where the promise is exact (Student's t with
normal samples) the bound is two-sided; where a check may be conservative it is one-sided.
"""

import itertools
import zlib

import numpy as np
import pytest
from scipy.stats import binom

from diversity_jax.checks import statistics
from paper_repro.checks import (
    agreement,
    convergence,
    correlation,
    exponent,
    inequality,
    ordering,
    probability,
)

LEVEL = 0.05


def stream(name):
    return np.random.default_rng(zlib.crc32(name.encode()))


def assert_rate(count, number, rate):
    """`count` of `number` is compatible with `rate`, two-sided at 1e-4."""
    assert binom.ppf(5e-5, number, rate) <= count <= binom.isf(5e-5, number, rate), count / number


def assert_at_most(count, number, rate):
    """`count` of `number` does not show more than `rate`, one-sided at 1e-4."""
    assert count <= binom.isf(1e-4, number, rate), count / number


def fails(verdict):
    return verdict.status == "fails"


def excludes(verdict):
    """Without a doubt or, where the seeds look skewed, with one."""
    return verdict.status != "holds"


# What a t-test of 8 seeds of unit deviation finds 19 times in 20.
FOUND = statistics.detectable(LEVEL, 7) / np.sqrt(8)


def test_agreement_false_alarms_and_power_are_exact():
    random, number = stream("agreement calibration"), 4000
    alarms = excluded = caught = 0
    for samples in random.standard_normal((number, 8)):
        verdict = agreement(samples, 0.0, scale=2.0, resolution=9.0, level=LEVEL)
        alarms, excluded = alarms + fails(verdict), excluded + excludes(verdict)
        caught += excludes(agreement(samples, FOUND, scale=2.0, resolution=9.0, level=LEVEL))
    assert_rate(excluded, number, LEVEL)
    assert_at_most(alarms, number, LEVEL)
    assert_rate(caught, number, 0.95)


def test_agreement_over_settings_has_the_level_of_one_family():
    random, number = stream("family calibration"), 2000
    alarms = sum(
        excludes(agreement(samples, 0.0, scale=1.0, resolution=9.0, level=LEVEL))
        for samples in random.standard_normal((number, 8, 5))
    )
    # Bonferroni over 5 independent settings: 1 - (1 - level / 5)^5.
    assert_rate(alarms, number, 1 - (1 - LEVEL / 5) ** 5)


def test_ordering_false_alarms_and_power_are_exact():
    random, number = stream("ordering calibration"), 3000
    alarms = caught = 0
    for logs in random.standard_normal((number, 2, 8)):
        first, second = np.exp(logs)
        verdict = ordering(first, second, resolution=99.0, level=LEVEL)
        alarms += verdict.status != "undecided"
        off = second * np.exp(np.sqrt(2) * FOUND)
        caught += ordering(first, off, resolution=99.0, level=LEVEL).status == "holds"
    assert_rate(alarms, number, LEVEL)
    assert_rate(caught, number, 0.95)


@pytest.mark.parametrize("theory_slope", [-0.5, None])
def test_exponent_false_alarms_and_power(theory_slope):
    random, number = stream(f"exponent calibration {theory_slope}"), 2000
    sizes = np.array([10.0, 20.0, 50.0, 100.0, 200.0])
    options = dict(resolution=9.0, level=LEVEL)
    alarms = caught = 0
    for noise in random.standard_normal((number, 8, 5)):
        values = sizes**-0.5 * np.exp(0.1 * noise)
        verdict = exponent(sizes, values, expected=-0.5, theory_slope=theory_slope, **options)
        alarms += fails(verdict)
        off = -0.5 + verdict.power
        slope = None if theory_slope is None else off
        caught += fails(exponent(sizes, values, expected=off, theory_slope=slope, **options))
    if theory_slope is None:  # the allowance for curvature can only widen the interval
        assert_at_most(alarms, number, LEVEL)
        assert_at_most(number - caught, number, 0.05)
    else:
        assert_rate(alarms, number, LEVEL)
        assert_rate(caught, number, 0.95)


def test_an_exponent_seen_through_curvature_keeps_its_power():
    random, number = stream("exponent calibration, curved"), 2000
    sizes = np.array([10.0, 20.0, 50.0, 100.0, 200.0])
    curved = sizes**-0.5 * (1 + 4 / sizes)
    options = dict(resolution=9.0, level=LEVEL)
    missed = 0
    for noise in random.standard_normal((number, 8, 5)):
        values = curved * np.exp(0.001 * noise)
        power = exponent(sizes, values, expected=-0.5, **options).power
        # The curve makes the slope too steep, so that a steeper theory is the hard one to refute.
        missed += not fails(exponent(sizes, values, expected=-0.5 - power, **options))
    assert_at_most(missed, number, 0.05)


@pytest.mark.parametrize("chance", [0.02, 0.5, 0.9])
def test_probability_covers_and_always_catches_more_than_its_power(chance):
    random, number = stream(f"probability calibration {chance}"), 1000
    options = dict(resolution=1.0, level=LEVEL)
    alarms = untrue = 0
    # Each count once, weighted by how often it was drawn: the verdict depends on nothing else.
    for successes, times in zip(
        *np.unique(random.binomial(40, chance, number), return_counts=True)
    ):
        verdict = probability(successes, 40, predicted=chance, **options)
        alarms += times * fails(verdict)
        for off in (chance + 1.001 * verdict.power, chance - 1.001 * verdict.power):
            if 0 <= off <= 1:
                assert fails(probability(successes, 40, predicted=off, **options))
        above = probability(successes, 40, at_least=chance + 1e-9, **options)
        untrue += times * (above.status == "holds")
    assert_at_most(untrue, number, LEVEL / 2)
    assert_at_most(alarms, number, LEVEL)


@pytest.mark.parametrize("method", ["pearson", "spearman"])
@pytest.mark.parametrize("truth, seeds", [(0.0, 8), (0.6, 12), (0.6, 60), (0.9, 30)])
def test_correlation_covers(truth, seeds, method):
    random, number = stream(f"correlation calibration {truth} {seeds} {method}"), 1000
    # For normal pairs Spearman's population value is 6 / pi arcsin(truth / 2).
    target = truth if method == "pearson" else 6 / np.pi * np.arcsin(truth / 2)
    missed = 0
    for first, noise in random.standard_normal((number, 2, seeds)):
        second = truth * first + np.sqrt(1 - truth**2) * noise
        verdict = correlation(
            first, second, at_least=0.0, resolution=1.0, level=LEVEL, method=method
        )
        missed += not verdict.interval[0] <= target <= verdict.interval[1]
    # Fisher's transformation is asymptotic: its own error is allowed a fifth of the level.
    assert_at_most(missed, number, 1.2 * LEVEL)


def test_high_probability_bound_keeps_its_level():
    random, number, delta = stream("delta calibration"), 1000, 0.1
    bound = -np.log(delta)  # an exponential variable exceeds this with probability delta
    alarms = sum(
        fails(inequality(sample, bound, delta=delta, resolution=1.0, level=LEVEL))
        for sample in random.exponential(size=(number, 60))
    )
    assert_at_most(alarms, number, LEVEL)


LAWS = list(itertools.product((0.5, 1.0, 2.0), (0.0, -0.5, 1.0), (True, False)))


@pytest.mark.parametrize("given", [True, False])
@pytest.mark.parametrize("constant", [0.0, -0.3])
def test_convergence_over_seeds_covers_the_limit_and_catches_its_power(given, constant):
    """Three rates, with and without second-order terms, one seed for all sizes or one for each."""
    random = stream(f"convergence calibration {given} {constant}")
    sizes = 8.0 * 2.0 ** np.arange(6)
    missed = number = 0
    runs = range(3 if given else 1)
    for (rate, second, shared), deviation, _ in itertools.product(LAWS, (0.1, 0.003), runs):
        law = constant + (8 / sizes) ** rate + second * (8 / sizes) ** (2 * rate)
        noise = random.standard_normal((20, 1 if shared else 6)) * (8 / sizes)[None, :] ** 0.5
        noise = noise + 0.1 * random.standard_normal((20, 6))
        gaps = law[None, :] + deviation * noise
        options = dict(scale=2.0, resolution=9.0, level=LEVEL, rate=rate if given else None)
        verdict = convergence(sizes, gaps, **options)
        low, high = verdict.interval
        number, missed = number + 1, missed + (not low <= constant <= high)
        for sign in (1, -1):
            off = convergence(sizes, gaps + sign * 2.002 * verdict.power, **options)
            assert fails(off) or "not like a power" in verdict.reason
    assert_at_most(missed, number, LEVEL)


@pytest.mark.parametrize("rate", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("ratio", [1.5, 2.0, 4.0])
def test_convergence_without_randomness_covers_the_limit(rate, ratio):
    """Every second-order law is covered, or recognised as outside the model."""
    for number, second, extra, constant, given in itertools.product(
        (4, 5, 6), (-0.5, 0.5, 1.0, 3.0), (rate, 0.5, 1.0), (0.0, 0.7), (True, False)
    ):
        if given and extra < rate:  # the allowance at a given rate is for corrections size^-2b
            continue
        shrunk = ratio ** -np.arange(number)
        gaps = constant + shrunk**rate + second * shrunk ** (rate + extra)
        verdict = convergence(
            8 / shrunk, gaps, scale=1.0, resolution=9.0, rate=rate if given else None
        )
        low, high = verdict.interval
        assert low <= constant <= high or "not like a power" in verdict.reason
        if verdict.status == "holds":
            off = convergence(
                8 / shrunk,
                gaps + 1.001 * verdict.power,
                scale=1.0,
                resolution=9.0,
                rate=rate if given else None,
            )
            assert fails(off)


def test_numerical_error_is_carried_to_the_limit():
    random = stream("numerical error")
    sizes = 8.0 * 2.0 ** np.arange(5)
    for errors in random.uniform(-1e-4, 1e-4, (200, 5)):
        gaps = (8 / sizes) + errors
        verdict = convergence(sizes, gaps, scale=1.0, resolution=9.0, error=1e-4)
        assert verdict.interval[0] <= 0 <= verdict.interval[1]
