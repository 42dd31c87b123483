"""Checks whose error bar comes from independent seeds: agreement, ordering.

The power is that for a fixed error. A theory off by ``d`` true standard errors is caught when
``abs(t) > t_level``, where t follows Student's noncentral law at d; the d at which that happens 19
times in 20 is `detectable`, and the power is d times the standard error that was measured. (The
sum ``t_level + t_95``, which follows the measured error up and down, is caught less often: by a
fixed error of that size 70% at 6 seeds, since a large measured error widens the interval as well.)
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike

from diversity_jax.checks.inputs import (
    Seeds,
    per_setting,
    positive,
    seed_samples,
    settle,
    show,
    show_interval,
    standing,
    thresholds,
    undecided,
)
from diversity_jax.checks.verdict import Verdict

# So many critical values away no skewness is an excuse: with lognormal(1) and exponential seeds, 12
# to 120 of them, Student's t passes 2.9 critical values less often than the level says.
EXCUSED = 3.0
ROUNDINGS = 1000.0  # operations behind two compared numbers: what their difference may be by chance


@lru_cache(maxsize=1024)
def student(level: float, freedom: int) -> float:
    """Student's two-sided critical value at `level`."""
    from scipy.stats import t

    return float(t.isf(level / 2, freedom))


@lru_cache(maxsize=1024)
def detectable(level: float, freedom: int) -> float:
    """The error, in true standard errors, that a two-sided t-test at `level` finds 19 in 20 times.

    To 1e-9 relative, of the tail on the error's own side, which the other never matters beside.
    """
    from scipy.optimize import brentq
    from scipy.stats import nct

    critical = student(level, freedom)
    # More than where the measured error is as large, and the noise as far off, as once in 20 times.
    far = critical * (2.0 + 4.0 / np.sqrt(freedom)) + 30

    def missing(d: float) -> float:
        return float(nct.sf(critical, freedom, d)) - 0.95

    return float(brentq(missing, 0.0, far))  # pyright: ignore[reportArgumentType]


def mean_and_error(samples: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean over seeds and its standard error.

    Shapes: `[seeds, settings]` -> `[settings]` each.
    """
    return samples.mean(axis=0), samples.std(axis=0, ddof=1) / np.sqrt(len(samples))


def skewed(samples: np.ndarray, statistic: np.ndarray, critical: float) -> np.ndarray:
    """Where the skewness of the seeds may be why Student's t is beyond `critical`.

    A long tail on one side makes a mean that lies on the other side look too certain. So it is,
    by more than one standard error of the skewness, or Hall's cubic transformation of t (Journal of
    the Royal Statistical Society B 54, 1992), which takes that skewness out, stays within
    `critical`. Fewer than some 20 seeds do not show a skewness that would matter. A t beyond
    `EXCUSED` times `critical` stands.

    Shapes: `samples` `[seeds, settings]`, `statistic` `[settings]`.
    """
    number = len(samples)
    deviation = samples.std(axis=0, ddof=1)
    scaled = (samples - samples.mean(axis=0)) / np.where(deviation > 0, deviation, 1.0)
    skewness = (scaled**3).mean(axis=0)
    noise = np.sqrt(6.0 * number * (number - 1) / ((number - 2.0) * (number + 1) * (number + 3)))
    opposite = (np.sign(statistic) == -np.sign(skewness)) & (np.abs(skewness) > noise)
    a = skewness / np.sqrt(number)
    hall = statistic + a * statistic**2 / 3 + a**2 * statistic**3 / 27 + a / 6
    near = (np.abs(statistic) > critical) & (np.abs(statistic) <= EXCUSED * critical)
    return near & (opposite | (np.abs(hall) <= critical))


def without_spread(samples: np.ndarray, size: ArrayLike, rounding: float) -> str | None:
    """A doubt if in some setting the seeds differ by no more than 8 rounding errors of `size`."""
    spread = np.ptp(samples, axis=0)
    flat = np.flatnonzero(spread <= 8 * rounding * np.maximum(np.abs(samples).max(axis=0), size))
    if not flat.size:
        return None
    return (
        f"no error bar: all seeds give the same value in setting {flat[0]}; "
        "check it by identity or inequality (no randomness) or probability (counts)"
    )


def place(setting: int, settings: int) -> str:
    """Which setting is spoken of, as part of a sentence."""
    return f" in the worst of {settings} settings ({setting})" if settings > 1 else ""


def family(seeds: Seeds, setting: int, settings: int, **more: object) -> dict[str, object]:
    """Seeds and settings for a verdict's details."""
    return {**seeds.counts(), "setting": setting, "settings": settings, **more}


def agreement(
    samples: ArrayLike,
    predicted: ArrayLike,
    *,
    scale: ArrayLike,
    resolution: float,
    level: float = 1e-4,
) -> Verdict:
    """Does the mean over seeds agree with a prediction that is exact at this size?

    The Student interval of the mean must contain `predicted`. Over several settings the level is
    shared (Bonferroni) and the setting of largest abs(t) is reported. Power, in units of `scale`:
    the error that is found 19 times in 20, the largest over settings (module docstring). Valid for
    independent seeds with means near normal; where the skewness seen could be what excludes the
    prediction, it is undecided. An infinite sample leaves it undecided: no mean
    exists. Failed seeds (NaN) are left out if the worst seen in their place changes nothing.

    Shapes: `samples` `[seeds]` or `[seeds, settings]`; the others scalars or `[settings]`.
    Errors: ValueError for shapes that disagree.
    """
    level, resolution = thresholds(level, resolution)
    seeds = seed_samples(samples=samples)
    settings = seeds.arrays[0].shape[1]
    predicted = per_setting("predicted", predicted, settings)
    scale = positive("scale", per_setting("scale", scale, settings))
    if problem := seeds.problem() or seeds.infinite():
        details = seeds.counts()
        return undecided("agreement", problem, level=level, resolution=resolution, details=details)
    return standing(seeds, lambda known: _agreement(known, predicted, scale, resolution, level))


def _agreement(
    seeds: Seeds, predicted: np.ndarray, scale: np.ndarray, resolution: float, level: float
) -> Verdict:
    (values,) = seeds.arrays
    settings = values.shape[1]
    mean, error = mean_and_error(values)
    critical = student(level / settings, seeds.number - 1)
    flat = without_spread(values, scale, seeds.rounding)
    floor = 8 * seeds.rounding * np.maximum(np.abs(values).max(axis=0), scale)
    statistic = np.where(
        np.ptp(values, axis=0) > floor, (mean - predicted) / np.maximum(error, 1e-300), 0.0
    )
    # A setting that is excluded without doubt is worse than one that is excluded more clearly.
    voided = skewed(values, statistic, critical)
    doubt = flat
    trusted = np.where(voided, 0.0, np.abs(statistic))
    worst = int(trusted.argmax())
    if voided.any() and trusted[worst] <= critical:
        worst = int(np.abs(statistic).argmax())
        doubt = flat or "the seeds are too skewed for the interval, which would exclude it"
    half = critical * error[worst]
    interval = (float(mean[worst] - half), float(mean[worst] + half))
    finding = (
        f"measured {show(mean[worst])} {show_interval(interval)} over {seeds.number} seeds"
        f"{place(worst, settings)}, predicted {show(predicted[worst])}"
    )
    found = detectable(level / settings, seeds.number - 1) * error
    return settle(
        "agreement",
        finding,
        excluded=bool(trusted.max() > critical),
        power=None if flat else float((found / scale).max()),
        resolution=resolution,
        doubt=doubt,
        remark=seeds.remark(),
        predicted=float(predicted[worst]),
        measured=float(mean[worst]),
        interval=interval,
        level=level,
        details=family(seeds, worst, settings, statistic=float(statistic[worst])),
    )


def ordering(
    first: ArrayLike, second: ArrayLike, *, resolution: float, level: float = 1e-4
) -> Verdict:
    """Is `first` smaller than `second`, both positive and paired seed by seed?

    The Student interval of ``log(second / first)`` must lie above 0; below 0 fails, across 0 is
    undecided. The level is shared over settings, the least favourable one reported. Power: the
    log-ratio that is resolved 19 times in 20. Means within a thousand roundings of zero are
    undecided.

    Infinity ("never") is a value: where `second` alone is infinite the seed counts as the largest
    finite log-ratio of its setting, which it exceeds; where `first` is infinite the claim is
    undecided, if it does not fail on the finite ones. Failed seeds (NaN) are left out if the worst
    seen in their place changes nothing.

    Shapes: `[seeds]` or `[seeds, settings]`, both the same.
    Errors: ValueError for values that are not positive, and for shapes that disagree.
    """
    level, resolution = thresholds(level, resolution)
    seeds = seed_samples(first=first, second=second)
    fix = "ordering compares positive quantities by their ratio"
    for argument, values in zip(("first", "second"), seeds.arrays):
        if values.size:
            positive(argument, values, fix, finite=False)
    if problem := seeds.problem():
        details = seeds.counts()
        return undecided("ordering", problem, level=level, resolution=resolution, details=details)
    return standing(seeds, lambda known: _ordering(known, resolution, level))


def _ordering(seeds: Seeds, resolution: float, level: float) -> Verdict:
    ratio, never = _log_ratios(*seeds.arrays)
    settings = ratio.shape[1]
    mean, error = mean_and_error(ratio)
    critical = student(level / settings, seeds.number - 1)
    doubt = without_spread(ratio, 1.0, seeds.rounding) or never
    statistic = np.where(
        np.ptp(ratio, axis=0) > 8 * seeds.rounding, mean / np.maximum(error, 1e-300), np.inf
    )
    worst = int(statistic.argmin())
    half = critical * error[worst]
    interval = (float(mean[worst] - half), float(mean[worst] + half))
    rounding = ROUNDINGS * seeds.rounding
    if doubt is None and statistic[worst] <= critical:
        doubt = "the sign is not resolved"
    elif doubt is None and np.abs(mean).min() <= rounding:
        doubt = f"the sign is that of rounding: a mean log-ratio within {show(rounding)} of 0"
    return settle(
        "ordering",
        f"log(second/first) is {show(mean[worst])} {show_interval(interval)} "
        f"over {seeds.number} seeds{place(worst, settings)}",
        excluded=bool(statistic[worst] < -critical and abs(mean[worst]) > rounding),
        power=float((detectable(level / settings, seeds.number - 1) * error).max()),
        resolution=resolution,
        doubt=doubt,
        remark=seeds.remark(),
        measured=float(mean[worst]),
        interval=interval,
        level=level,
        details=family(seeds, worst, settings),
    )


def _log_ratios(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, str | None]:
    """``log(second / first)`` with infinities at the ends of the finite ones, and what they leave.

    A ratio of which no more is known than that it exceeds all others counts as the largest. That
    of two infinities is unknown, and put where it hurts.
    """
    with np.errstate(invalid="ignore"):
        ratio = np.log(second) - np.log(first)
    never = int(np.isinf(first).sum())
    known = np.isfinite(ratio)
    low = np.where(known, ratio, np.inf).min(axis=0)
    high = np.where(known, ratio, -np.inf).max(axis=0)
    ratio = np.where(known, ratio, np.where(np.isposinf(ratio), high, low))
    if not np.isfinite(ratio).all():
        return np.where(np.isfinite(ratio), ratio, 0.0), "a setting without one finite ratio"
    return ratio, f"first is infinite {never} times" if never else None
