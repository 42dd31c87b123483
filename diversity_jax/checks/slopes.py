"""The check of an exponent: the slope of log values on log sizes, with its interval.

A limit's exponent is not the slope at finite sizes. Where the theory gives its own slope over the
same sizes, that is compared; where not, the interval grows by ``1.5 * curvature``, the part of the
difference between the local slopes of both halves that noise does not explain. With a correction
falling like size^-w, the slopes s1, s2 of the halves differ from the limit by terms in the ratio
``r = q^w`` (q: ratio of the halves' typical sizes), so the limit is ``s2 + (s2 - s1) / (r - 1)``.
The overall slope lies near the middle, half a difference from s2, hence 1.5 differences reach the
limit whenever the correction at least halves from one half to the other, r >= 2 (derived).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from diversity_jax.checks.inputs import (
    Seeds,
    bad,
    positive,
    reals,
    scalar,
    seed_samples,
    settle,
    show,
    show_interval,
    standing,
    thresholds,
    undecided,
)
from diversity_jax.checks.statistics import detectable, mean_and_error, student, without_spread
from diversity_jax.checks.verdict import Verdict

CURVATURE_REACH = 1.5
FEWEST_SIZES = 3


def increasing(sizes: ArrayLike, fewest: int) -> np.ndarray:
    """At least `fewest` positive sizes in increasing order."""
    sizes = positive("sizes", sizes)
    if sizes.ndim != 1 or len(sizes) < fewest:
        expected = f"at least {fewest} sizes"
        raise bad("sizes", f"shape {sizes.shape}", expected, "run more sizes, fixed beforehand")
    if not (np.diff(sizes) > 0).all():
        raise bad("sizes", sizes.tolist(), "increasing sizes", "sort sizes and columns together")
    return sizes


def by_size(argument: str, values: ArrayLike, sizes: np.ndarray) -> np.ndarray:
    """Values with one column per size.

    Shapes: `[seeds, sizes]`, or `[sizes]` when nothing is random.
    """
    array = reals(argument, values)
    if array.ndim not in (1, 2) or array.shape[-1] != len(sizes):
        expected = f"shape [seeds, {len(sizes)}] or [{len(sizes)}]"
        raise bad(argument, f"shape {array.shape}", expected, "one column per size")
    return array


def _slope_weights(sizes: np.ndarray) -> np.ndarray:
    """Weights [sizes, 3] that give the slope overall, in the lower and in the upper half."""
    number = len(sizes)
    halves = (slice(None), slice(0, (number + 1) // 2), slice(number // 2, None))
    weights = np.zeros((number, 3))
    for column, part in enumerate(halves):
        centred = np.log(sizes[part]) - np.log(sizes[part]).mean()
        weights[part, column] = centred / (centred**2).sum()
    return weights


def exponent(
    sizes: ArrayLike,
    values: ArrayLike,
    *,
    expected: float,
    rival: float | None = None,
    resolution: float,
    level: float = 1e-4,
    theory_slope: float | None = None,
) -> Verdict:
    """Do positive values grow like ``size^expected``?

    Slope of log values on log sizes against `theory_slope` (the theory's own slope over these
    sizes) or else `expected`. With seeds: Student interval over per-seed slopes, widened for
    curvature when there is no `theory_slope` (module docstring). Without randomness: slope +- (1.5
    abs(difference of the halves' slopes) + twice the largest residual over the logarithmic span).
    A `rival` exponent must lie outside for the claim to hold. Power in units of the exponent: the
    error that is found 19 times in 20 plus twice the widening, or without seeds the distance from
    the prediction to the far end. Infinite values leave it undecided; failed seeds (NaN) are left
    out if the worst seen in their place changes nothing.

    Shapes: `values` is `[seeds, sizes]`, or `[sizes]` without randomness.
    Errors: ValueError for fewer than 3 sizes or sizes that do not increase, and for values that
    are not positive.
    """
    level, resolution = thresholds(level, resolution)
    sizes = increasing(sizes, FEWEST_SIZES)
    values = by_size("values", values, sizes)
    expected = scalar("expected", expected)
    predicted = expected if theory_slope is None else scalar("theory_slope", theory_slope)
    rival = None if rival is None else scalar("rival", rival)
    random = values.ndim == 2
    seeds = seed_samples(values=values if random else values[None])
    if problem := seeds.problem(fewest=3 if random else 1) or seeds.infinite():
        details = seeds.counts()
        return undecided("exponent", problem, level=level, resolution=resolution, details=details)
    positive("values", seeds.arrays[0], "an exponent needs positive values")
    claim = _Claim(sizes, expected, predicted, rival, theory_slope is None, resolution, level)
    return standing(seeds, lambda known: _exponent(known, claim, random))


class _Claim(NamedTuple):
    """What is claimed of the slope, and at what sizes, resolution and level."""

    sizes: np.ndarray
    expected: float
    predicted: float
    rival: float | None
    widen: bool
    resolution: float
    level: float


def _exponent(seeds: Seeds, claim: _Claim, random: bool) -> Verdict:
    slopes = np.log(seeds.arrays[0]) @ _slope_weights(claim.sizes)
    predicted, rival = claim.predicted, claim.rival
    if random:
        interval, power, doubt = _noisy(slopes, claim.level, seeds, claim.widen)
    else:
        interval, doubt = _smooth(claim.sizes, seeds.arrays[0][0], slopes[0]), None
        power = max(interval[1] - predicted, predicted - interval[0])
    measured, *halves = (float(value) for value in slopes.mean(axis=0))
    details = {**seeds.counts(), "lower_half": halves[0], "upper_half": halves[1]}
    details["expected"] = claim.expected
    finding = (
        f"slope {show(measured)} {show_interval(interval)}, halves {show(halves[0])} and "
        f"{show(halves[1])}, predicted {show(predicted)}"
    )
    if rival is not None:
        finding += f", rival {show(rival)}"
        details |= {"rival": rival, "rival_excluded": not interval[0] <= rival <= interval[1]}
        if not details["rival_excluded"]:
            doubt = doubt or "the rival exponent is not excluded"
    return settle(
        "exponent",
        finding,
        excluded=not interval[0] <= predicted <= interval[1],
        power=power,
        resolution=claim.resolution,
        doubt=doubt,
        remark=seeds.remark(),
        predicted=predicted,
        measured=measured,
        interval=interval,
        level=claim.level,
        details=details,
    )


def _noisy(
    slopes: np.ndarray, level: float, seeds: Seeds, widen: bool
) -> tuple[tuple[float, float], float, str | None]:
    """Interval, power and doubt from slopes [seeds, 3] of all sizes and of both halves."""
    critical = student(level, len(slopes) - 1)
    mean, error = mean_and_error(slopes[:, :1])
    difference, difference_error = mean_and_error(slopes[:, 2:] - slopes[:, 1:2])
    curvature = max(0.0, float(abs(difference[0]) - critical * difference_error[0]))
    wider = CURVATURE_REACH * curvature if widen else 0.0
    half = float(critical * error[0]) + wider
    interval = (float(mean[0]) - half, float(mean[0]) + half)
    doubt = without_spread(slopes[:, :1], 1.0, seeds.rounding)
    # Twice: the slope may be off by as much in either direction before an error is caught.
    return interval, float(detectable(level, len(slopes) - 1) * error[0]) + 2 * wider, doubt


def _smooth(sizes: np.ndarray, values: np.ndarray, slopes: np.ndarray) -> tuple[float, float]:
    """Interval of a slope without randomness, from its change between halves and its residuals."""
    along = np.log(sizes) - np.log(sizes).mean()
    residual = np.log(values) - np.log(values).mean() - slopes[0] * along
    half = CURVATURE_REACH * abs(slopes[2] - slopes[1]) + 2 * np.abs(residual).max() / np.ptp(along)
    half += 8 * np.finfo(np.float64).eps * max(1.0, abs(slopes[0]))
    return float(slopes[0] - half), float(slopes[0] + half)
