"""Every kind of check reaches each of its three statuses, for the reason it gives."""

import json
import subprocess
import sys
import zlib

import numpy as np
import pytest

from paper_repro.checks import (
    Verdict,
    agreement,
    combine,
    convergence,
    correlation,
    counterexample,
    exponent,
    identity,
    inequality,
    ordering,
    probability,
)

SIZES = 8.0 * 2.0 ** np.arange(6)


def normal(name, *shape):
    """Standard normal numbers of a named stream."""
    return np.random.default_rng(zlib.crc32(name.encode())).standard_normal(shape)


def exactly_spread(number):
    """Samples of mean 0 and deviation 1 to rounding, so that verdicts follow by hand."""
    values = np.linspace(-1.0, 1.0, number)
    return values / values.std(ddof=1)


def test_importing_the_checks_is_light():
    command = "import sys, paper_repro.checks; print(sorted({'jax', 'scipy'} & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True)
    assert run.stdout.strip() == "[]", run.stderr


def test_agreement_numbers_are_those_of_the_t_test():
    from scipy.stats import nct, t

    verdict = agreement(3.0 + exactly_spread(25), 3.1, scale=2.0, resolution=1.0, level=0.01)
    half = t.isf(0.005, 24) / 5
    assert verdict.status == "holds"
    assert verdict.measured == pytest.approx(3.0, abs=1e-12)
    assert verdict.interval == pytest.approx((3 - half, 3 + half), abs=1e-12)
    # Off by the power, Student's noncentral law exceeds the critical value 19 times in 20.
    off = verdict.power * 2.0 * 5
    assert nct.sf(5 * half, 24, off) == pytest.approx(0.95, abs=1e-7)


@pytest.mark.parametrize(
    "predicted, resolution, status",
    [(0.0, 2.0, "holds"), (0.0, 0.5, "undecided"), (2.0, 0.5, "fails"), (2.0, 2.0, "fails")],
)
def test_agreement_reaches_every_status(predicted, resolution, status):
    verdict = agreement(exactly_spread(20), predicted, scale=1.0, resolution=resolution)
    assert verdict.status == status
    assert ("too little power" in verdict.reason) == (status == "undecided")


def test_agreement_shares_the_level_and_reports_the_worst_setting():
    samples = exactly_spread(20)[:, None] * np.array([1.0, 1.0, 3.0])[None, :]
    predicted = np.array([0.0, 2.0, 0.0])
    verdict = agreement(samples, predicted, scale=1.0, resolution=9.0, level=0.03)
    alone = agreement(samples[:, 1], 2.0, scale=1.0, resolution=9.0, level=0.01)
    loose = agreement(samples[:, 2], 0.0, scale=1.0, resolution=9.0, level=0.01)
    assert verdict.details["setting"] == 1
    assert verdict.interval == pytest.approx(alone.interval, rel=1e-12)
    assert verdict.power == pytest.approx(loose.power, rel=1e-12)
    assert verdict.status == "fails"


def test_failed_seeds_are_left_out_and_named_until_there_are_too_many():
    samples = exactly_spread(40)
    one, three = samples.copy(), samples.copy()
    one[7] = np.nan
    three[[1, 5, 9]] = np.nan
    verdict = agreement(one, 0.0, scale=1.0, resolution=2.0)
    assert verdict.status == "holds"
    assert verdict.details["failed_seeds"] == [7] and verdict.details["seeds"] == 39
    assert "1 of 40 seeds" in verdict.reason and "(7)" in verdict.reason
    many = agreement(three, 0.0, scale=1.0, resolution=2.0)
    assert many.status == "undecided" and "3 of 40" in many.reason
    assert agreement(samples[:2], 0.0, scale=1.0, resolution=2.0).status == "undecided"


def with_one(values, seed, other):
    changed = np.array(values, float)
    changed[seed] = other
    return changed


NEVER = {
    "agreement": lambda at: agreement(
        with_one(exactly_spread(40), 7, at), 0.0, scale=1.0, resolution=9.0
    ),
    "ordering": lambda at: ordering(
        with_one(np.exp(0.1 * exactly_spread(40)), 7, at), np.full(40, 2.0), resolution=9.0
    ),
    "convergence": lambda at: convergence(
        SIZES, 8 / SIZES + with_one(1e-3 * normal("never", 20, 6), 7, at), scale=1.0, resolution=9.0
    ),
    "exponent": lambda at: exponent(
        SIZES, with_one(np.exp(1e-3 * normal("never", 20, 6)), 7, at), expected=0.0, resolution=9.0
    ),
    "correlation": lambda at: correlation(
        np.arange(40.0), with_one(np.arange(40.0), 7, at), at_least=0.1, resolution=9.0
    ),
    "identity": lambda at: identity(with_one(np.ones(40), 7, at), 1.0, terms=1, resolution=1.0),
    "counterexample": lambda at: counterexample(at, 0.0, resolution=1.0),
}


@pytest.mark.parametrize("kind", NEVER)
def test_an_infinity_is_no_failed_seed(kind):
    verdict = NEVER[kind](np.inf)
    assert verdict.status == "undecided" and "left out" not in verdict.reason
    assert "infinite" in verdict.reason or "inf" in verdict.reason


def test_what_never_comes_is_above_all_that_does_and_is_ranked_so():
    first, second = np.exp(0.1 * exactly_spread(40)), np.full(40, 2.0)
    verdict = ordering(first, with_one(second, 7, np.inf), resolution=9.0)
    assert verdict.status == "holds" and verdict.details["failed_seeds"] == []
    # No more is known of that seed than that it exceeds the others: it counts as the largest.
    ratios = np.log(second / first)
    assert verdict.measured == pytest.approx(with_one(ratios, 7, ratios.max()).mean(), abs=1e-12)
    false = ordering(second, with_one(first, 7, np.inf), resolution=9.0)
    assert false.status == "fails"
    both = ordering(with_one(first, 7, np.inf), with_one(second, 7, np.inf), resolution=9.0)
    assert both.status == "undecided"
    places = with_one(np.arange(40.0), 39, np.inf)
    ranked = correlation(np.arange(40.0), places, at_least=0.5, resolution=1.0, method="spearman")
    assert ranked.status == "holds" and ranked.measured == 1.0
    assert inequality(with_one(np.full(40, 0.9), 7, np.inf), 1.0, resolution=0.5).status == "fails"
    same = inequality(
        with_one(np.ones(40), 7, np.inf), with_one(np.ones(40), 7, np.inf), resolution=0.5
    )
    assert same.status == "undecided" and "infinity with itself" in same.reason


def test_a_verdict_does_not_hang_on_the_seeds_that_failed():
    samples = exactly_spread(40)
    scale = {"scale": 1.0, "resolution": 9.0}
    # Just excluded by 39 seeds: one more at their far end would bring the prediction back.
    known = np.delete(samples, 7)
    edge = known.mean() + 4.4 * known.std(ddof=1) / np.sqrt(39)
    without, failed = agreement(known, edge, **scale), with_one(samples, 7, np.nan)
    assert without.status == "fails"
    unsure = agreement(failed, edge, **scale)
    assert unsure.status == "undecided" and "only without the failed seeds" in unsure.reason
    assert agreement(failed, 9.0, **scale).status == "fails"
    assert agreement(failed, 0.0, **scale).status == "holds"
    sure = inequality(with_one(np.full(40, 0.9), 7, np.nan), 1.0, resolution=0.5)
    assert sure.status == "undecided" and "might violate" in sure.reason
    often = np.where(np.arange(200) < 9, 2.0, 0.9)
    often[10:20] = np.nan
    bound = {"delta": 0.02, "resolution": 0.5}
    assert inequality(often[~np.isnan(often)], 1.0, **bound).status == "holds"
    assert inequality(often, 1.0, **bound).status == "undecided"


def test_a_difference_of_rounding_decides_nothing():
    first = 1.0 + 1e-15 * exactly_spread(20)
    tiny = ordering(first, first + 2e-14 + 4e-15 * exactly_spread(20)[::-1], resolution=1.0)
    assert tiny.status == "undecided"


def test_an_identity_holds_small_entries_to_their_own_digits():
    right, small = np.array([1.0, 1e-9, 0.0]), np.array([0.0, 1.0, 0.0])
    settings = {"terms": 1e4, "resolution": 1e-9}
    assert identity(right + 1e-9 * small, right, **settings).status == "fails"
    # Where terms of size one cancel, the digits of the sum are not to be had.
    assert identity(right + 1e-9 * small, right, scale=1.0, **settings).status == "fails"
    assert identity(right + 1e-13 * small, right, scale=1.0, **settings).status == "holds"


def test_seeds_without_spread_give_no_error_bar():
    verdict = agreement(np.full(30, 0.5), 0.5, scale=1.0, resolution=1.0)
    assert verdict.status == "undecided" and "no error bar" in verdict.reason
    ratio = ordering(np.full(30, 0.5), np.full(30, 0.7), resolution=1.0)
    assert ratio.status == "undecided" and "no error bar" in ratio.reason


def test_identity_allows_rounding_and_no_more():
    right = np.array([[1.0, -4.0], [2.0, 0.0]])
    unit = np.finfo(float).eps
    for error, status in ((3.0, "holds"), (5.0, "fails")):
        left = right + np.array([[0.0, 4 * error * unit], [0.0, 0.0]])
        verdict = identity(left, right, terms=4, resolution=1e-12)
        assert verdict.status == status
        assert verdict.measured == pytest.approx(error * unit)
        assert verdict.power == 4 * unit
    blunt = identity(right, right, terms=4, condition=1e9, resolution=1e-12)
    assert blunt.status == "undecided"
    assert identity(right, right * np.nan, terms=4, resolution=1.0).status == "undecided"
    single = identity(right * (1 + 1e-7), right, terms=4, resolution=1e-5, epsilon=1.2e-7)
    assert single.status == "holds"


@pytest.mark.parametrize(
    "constant, resolution, status",
    [(0.0, 1e-2, "holds"), (0.0, 1e-6, "undecided"), (0.02, 1e-2, "fails")],
)
@pytest.mark.parametrize("rate", [None, 1.0])
def test_convergence_without_randomness(constant, resolution, status, rate):
    gaps = constant + 1 / SIZES + 2 / SIZES**2
    verdict = convergence(SIZES, gaps, scale=1.0, resolution=resolution, rate=rate)
    assert verdict.status == status
    assert verdict.interval[0] < constant < verdict.interval[1]
    # Falls from s to 2s are (1 + 3 / s) / 2s; the fitted rate is log2 of the ratio of the last two.
    fitted = 1.0 if rate else np.log2(2 * (1 + 3 / 64) / (1 + 3 / 128))
    assert verdict.details["b"] == pytest.approx(fitted, abs=1e-9)


@pytest.mark.parametrize(
    "constant, resolution, status",
    [(0.0, 0.1, "holds"), (0.0, 1e-4, "undecided"), (0.2, 0.1, "fails")],
)
@pytest.mark.parametrize("shared", [True, False])
def test_convergence_over_seeds(constant, resolution, status, shared):
    noise = normal("convergence over seeds", 20, 1 if shared else 6)
    gaps = constant + 8 / SIZES + 0.02 * noise * (8 / SIZES) ** 0.5
    gaps = gaps + 1e-3 * normal("convergence, noise of each size", 20, 6)
    verdict = convergence(SIZES, gaps, scale=1.0, resolution=resolution, rate=1.0)
    assert verdict.status == status
    unknown = convergence(SIZES, gaps, scale=1.0, resolution=1.0)
    assert unknown.status in (status, "holds") and unknown.power > verdict.power


def test_convergence_needs_a_fall():
    gaps = 0.1 * normal("no fall", 20, 6)
    verdict = convergence(SIZES, gaps, scale=1.0, resolution=10.0)
    assert verdict.status == "undecided" and "no fall to resolve" in verdict.reason
    flat = convergence(SIZES, np.full(6, 1e-9), scale=1.0, resolution=10.0, error=1e-8)
    assert flat.status == "undecided" and "no fall to resolve" in flat.reason


def test_convergence_refuses_laws_outside_its_model():
    large = 1000 * SIZES
    logarithm = convergence(large, 1 / np.log(large), scale=1.0, resolution=1.0)
    turning = convergence(
        SIZES, np.array([1.0, 2.0, 3.0, 3.0, 2.0, 1.5]), scale=1.0, resolution=1.0
    )
    assert logarithm.status == "undecided" and "slower" in logarithm.reason
    assert turning.status == "undecided"


def test_exponent_over_seeds_reaches_every_status():
    values = SIZES**-0.5 * np.exp(0.01 * normal("exponent", 20, 6))
    right = exponent(SIZES, values, expected=-0.5, rival=-1.0, resolution=0.1)
    assert right.status == "holds" and right.details["rival_excluded"]
    assert exponent(SIZES, values, expected=-1.0, resolution=0.1).status == "fails"
    assert exponent(SIZES, values, expected=-0.5, resolution=1e-4).status == "undecided"
    near = exponent(SIZES, values, expected=-0.5, rival=-0.5005, resolution=0.1)
    assert near.status == "undecided" and "rival" in near.reason


def test_exponent_of_a_bent_curve_shows_both_halves():
    values = SIZES**-1.0 * (1 + 8 / SIZES)
    bent = exponent(SIZES, values, expected=-1.0, rival=-2.0, resolution=1.0)
    assert bent.status == "holds"
    assert bent.details["lower_half"] < bent.measured < bent.details["upper_half"] < -1.0
    slope = np.polyfit(np.log(SIZES), np.log(values), 1)[0]
    assert bent.measured == pytest.approx(slope, rel=1e-12)
    noisy = values * np.exp(1e-4 * normal("bent", 20, 6))
    assert exponent(SIZES, noisy, expected=-1.0, resolution=1.0).status == "holds"
    exact = exponent(SIZES, noisy, expected=-1.0, resolution=0.01, theory_slope=slope)
    assert exact.status == "holds" and exact.predicted == slope
    wrong = exponent(SIZES, noisy, expected=-1.0, resolution=0.01, theory_slope=slope - 0.01)
    assert wrong.status == "fails"


def test_inequality_fails_on_one_violation_beyond_the_error():
    left, right = np.array([0.9, 2.0, -1.0, 0.0]), np.array([1.0, 2.0 - 1e-9, 3.0, 0.0])
    assert inequality(left, right, resolution=0.1).status == "fails"
    within = inequality(left, right, error=1e-8, resolution=0.1)
    assert within.status == "holds" and within.power == pytest.approx(5e-9, abs=1e-9)
    vacuous = inequality(left[:1], right[:1], resolution=0.05)
    assert vacuous.status == "undecided" and vacuous.reason.startswith("vacuous here")
    assert vacuous.measured == pytest.approx(0.9) and vacuous.power == pytest.approx(0.1)


def test_inequality_at_zero_and_negative_bounds():
    assert inequality(np.array([1e-3]), np.array([0.0]), resolution=0.1).status == "fails"
    nothing = inequality(np.zeros(3), np.zeros(3), resolution=0.1)
    assert nothing.status == "undecided" and nothing.as_dict()["measured"] is None
    negative = inequality(np.array([-2.1]), np.array([-2.0]), resolution=0.1)
    assert negative.status == "holds" and negative.power == pytest.approx(0.05)
    infinite = inequality(np.array([1.0, 1.0]), np.array([np.inf, 1.0]), resolution=0.1)
    assert infinite.status == "holds"


def test_high_probability_bound_counts_violations_against_delta():
    left = np.linspace(0.5, 1.0, 200)
    few = inequality(left, 0.99, delta=0.05, resolution=0.2)
    assert few.status == "holds" and few.details["violations"] == 4
    assert inequality(left, 0.8, delta=0.05, resolution=0.2).status == "fails"
    assert inequality(left, 0.99, delta=0.05, resolution=0.01).status == "undecided"
    # A bound stricter by the power fails on this very data, one less strict does not.
    strict = 0.99 * (1 - few.power)
    assert inequality(left, strict * 0.9999, delta=0.05, resolution=0.2).status == "fails"
    assert inequality(left, strict * 1.0001, delta=0.05, resolution=1.0).status != "fails"
    three = inequality(left[:3], 2.0, delta=0.5, resolution=1.0)
    assert three.status == "undecided" and "cannot show" in three.reason


def test_ordering_reaches_every_status():
    first = np.exp(0.1 * exactly_spread(20))
    second = 2.0 * np.exp(0.1 * exactly_spread(20)[::-1])
    right = ordering(first, second, resolution=0.5)
    assert right.status == "holds" and right.measured == pytest.approx(np.log(2.0))
    assert ordering(second, first, resolution=0.5).status == "fails"
    assert ordering(second, second * first, resolution=0.5).status == "undecided"
    weak = ordering(first, second, resolution=0.1)
    assert weak.status == "undecided" and "too little power" in weak.reason
    pair = ordering(
        np.stack([first, second], axis=1), np.stack([second, first], axis=1), resolution=1.0
    )
    assert pair.status == "fails" and pair.details["setting"] == 1


def test_probability_reaches_every_status():
    assert probability(50, 100, predicted=0.5, resolution=0.3).status == "holds"
    assert probability(50, 100, predicted=0.5, resolution=0.1).status == "undecided"
    assert probability(50, 100, predicted=0.9, resolution=0.3).status == "fails"
    assert probability(95, 100, at_least=0.7, resolution=0.2).status == "holds"
    assert probability(95, 100, at_most=0.7, resolution=0.2).status == "fails"
    assert probability(5, 100, at_most=0.3, resolution=0.2).status == "holds"
    assert probability(5, 100, at_least=0.3, resolution=0.2).status == "fails"
    assert probability(75, 100, at_least=0.7, resolution=0.3).status == "undecided"
    assert probability(0, 0, predicted=0.5, resolution=0.3).status == "undecided"


def test_twenty_four_of_twenty_four_is_not_certainty():
    verdict = probability(24, 24, predicted=1.0, resolution=0.1)
    # All of n succeed: the exact lower end is (level / 2)^(1 / n).
    assert verdict.interval == pytest.approx((5e-5 ** (1 / 24), 1.0), rel=1e-12)
    assert verdict.status == "undecided" and verdict.power > 0.3


@pytest.mark.parametrize("successes", [0, 1, 17, 39, 40])
def test_probability_interval_is_the_exact_binomial_one(successes):
    from scipy.stats import binomtest

    verdict = probability(successes, 40, predicted=0.5, resolution=1.0, level=0.01)
    exact = binomtest(successes, 40).proportion_ci(confidence_level=0.99, method="exact")
    assert verdict.interval == pytest.approx((exact.low, exact.high), abs=1e-9)


def test_probability_over_settings_is_decided_by_the_worst():
    verdict = probability([50, 5, 60], 100, predicted=[0.5, 0.5, 0.5], resolution=0.5)
    assert verdict.status == "fails" and verdict.details["setting"] == 1


@pytest.mark.parametrize("method", ["pearson", "spearman"])
def test_correlation_reaches_every_status(method):
    first = normal("correlation", 200)
    second = first + 0.2 * normal("its noise", 200)
    right = correlation(first, second, at_least=0.8, resolution=0.1, method=method)
    assert right.status == "holds"
    permuted = correlation(first, np.roll(second, 1), at_least=0.8, resolution=0.3, method=method)
    assert permuted.status == "fails"
    across = correlation(first, second, at_least=right.measured, resolution=0.1, method=method)
    assert across.status == "undecided"
    assert correlation(first, second, at_least=0.8, resolution=1e-3).status == "undecided"
    assert correlation(first, np.ones(200), at_least=0.8, resolution=1.0).status == "undecided"


@pytest.mark.parametrize(
    "margin, error, resolution, status",
    [
        (1.0, 0.05, 0.1, "holds"),
        (1.0, 0.0, 0.1, "holds"),
        (1e-18, 0.0, 0.1, "undecided"),
        (1.0, 0.2, 0.5, "undecided"),
        (1.0, 0.05, 0.01, "undecided"),
        (0.0, 0.1, 0.1, "undecided"),
        (np.nan, 0.1, 0.1, "undecided"),
        (0.0, 0.0, 0.1, "fails"),
        (-1.0, 0.1, 0.1, "fails"),
    ],
)
def test_counterexample(margin, error, resolution, status):
    assert counterexample(margin, error, resolution=resolution).status == status


def test_combining_parts_reports_the_worst():
    good = counterexample(1.0, 0.01, resolution=0.1)
    better = counterexample(1.0, 0.001, resolution=0.1)
    doubtful = counterexample(1.0, 0.5, resolution=0.1)
    false = counterexample(-1.0, 0.1, resolution=0.1)
    both = combine([better, good])
    assert both.status == "holds" and both.power == good.power
    assert combine([good, doubtful]).status == "undecided"
    mixed = combine({"mean": doubtful, "tail": false})
    assert mixed.status == "fails" and "tail" in mixed.reason
    assert mixed.details["parts"]["mean"]["status"] == "undecided"


def test_a_verdict_is_json_whatever_it_holds():
    details = {"array": np.array([1.0, np.nan]), "number": np.float32(2.0), 3: (np.int64(4),)}
    verdict = Verdict("fails", "why", "identity", measured=np.inf, details=details)
    written = json.loads(json.dumps(verdict.as_dict(), allow_nan=False))
    assert written["measured"] is None
    assert written["details"] == {"array": [1.0, None], "number": 2.0, "3": [4]}


FOUR = np.arange(1.0, 5.0)


@pytest.mark.parametrize(
    "call, words",
    [
        (lambda: agreement(FOUR, FOUR, scale=1.0, resolution=0.1), "predicted: got shape (4,)"),
        (lambda: agreement(FOUR, np.nan, scale=1.0, resolution=0.1), "predicted: got 1 NaN"),
        (lambda: agreement(FOUR, 1.0, scale=0.0, resolution=0.1), "scale: got a smallest"),
        (lambda: agreement(FOUR, 1.0, scale=1.0, resolution=0.0), "resolution: got a smallest"),
        (lambda: agreement(FOUR, 1.0, scale=1.0, resolution=1.0, level=2.0), "level: got 2.0"),
        (lambda: agreement("abc", 1.0, scale=1.0, resolution=1.0), "samples: got str"),
        (lambda: agreement([], 1.0, scale=1.0, resolution=1.0), "samples: got shape (0,)"),
        (lambda: identity(FOUR, FOUR[:3], terms=1, resolution=1.0), "right: got shape (3,)"),
        (lambda: identity(FOUR, FOUR, terms=0, resolution=1.0), "terms: got a smallest"),
        (lambda: convergence(FOUR[:3], FOUR[:3], scale=1, resolution=1), "sizes: got shape (3,)"),
        (lambda: convergence(FOUR[::-1], FOUR, scale=1, resolution=1), "sizes: got [4.0"),
        (lambda: convergence(FOUR, FOUR[:3], scale=1, resolution=1), "gaps: got shape (3,)"),
        (lambda: exponent(FOUR, -FOUR, expected=1, resolution=1), "values: got a smallest"),
        (lambda: inequality(FOUR, FOUR, error=-1, resolution=1), "error: got shape ()"),
        (lambda: inequality(FOUR, FOUR, delta=0.0, resolution=1), "delta: got 0.0"),
        (lambda: ordering(FOUR, -FOUR, resolution=1), "second: got a smallest"),
        (lambda: ordering(FOUR, FOUR[:3], resolution=1), "second: got shape (3,)"),
        (lambda: probability(5, 4, predicted=0.5, resolution=1), "successes: got 5 of 4"),
        (lambda: probability(0.5, 4, predicted=0.5, resolution=1), "successes: got [0.5]"),
        (lambda: probability(1, 4, resolution=1), "got none, expected exactly one"),
        (lambda: probability(1, 4, at_least=1.5, resolution=1), "at_least: got 1.5"),
        (lambda: correlation(FOUR, FOUR, at_least=1, resolution=1), "at_least: got 1.0"),
        (
            lambda: correlation(FOUR, FOUR, at_least=0, resolution=1, method="kendall"),
            "method: got 'kendall'",
        ),
        (lambda: counterexample(FOUR, 1.0, resolution=1), "margin: got shape (4,)"),
        (lambda: counterexample(1.0, -1.0, resolution=1), "error: got -1.0"),
        (lambda: combine([]), "verdicts: got none"),
        (lambda: Verdict("true", "", "identity"), "status: got 'true'"),
    ],
)
def test_bad_input_is_refused_in_one_line(call, words):
    with pytest.raises(ValueError) as caught:
        call()
    message = str(caught.value)
    assert words in message and "expected" in message and "\n" not in message
