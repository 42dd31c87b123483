"""Checks whose error bar comes from independent seeds: agreement, ordering, correlation.

Why ``(t_level + t_95) * standard_error`` is the power: a theory wrong by that amount is missed
only if the noise of the mean exceeds ``t_95`` of the same estimated standard errors in the wrong
direction, which for normal samples happens exactly once in 20 (derived).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike

from diversity_jax.checks.inputs import (
    Seeds,
    bad,
    per_setting,
    positive,
    scalar,
    seed_samples,
    settle,
    show,
    show_interval,
    thresholds,
    undecided,
)
from diversity_jax.checks.verdict import Verdict


@lru_cache(maxsize=1024)
def student(level: float, freedom: int) -> tuple[float, float]:
    """Student's two-sided critical value at `level`, and its one-sided 95% point."""
    from scipy.stats import t

    return float(t.isf(level / 2, freedom)), float(t.isf(0.05, freedom))


def mean_and_error(samples: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean over seeds and its standard error.

    Shapes: `[seeds, settings]` -> `[settings]` each.
    """
    return samples.mean(axis=0), samples.std(axis=0, ddof=1) / np.sqrt(len(samples))


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


def _place(setting: int, settings: int) -> str:
    return f" in the worst of {settings} settings ({setting})" if settings > 1 else ""


def _family(seeds: Seeds, setting: int, settings: int, **more: object) -> dict[str, object]:
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
    ``(t_level + t_95) standard errors / scale``, the largest over settings. Valid for independent
    seeds with means near normal.

    Shapes: `samples` `[seeds]` or `[seeds, settings]`; the others scalars or `[settings]`.
    Errors: ValueError for shapes that disagree.
    """
    level, resolution = thresholds(level, resolution)
    seeds = seed_samples(samples=samples)
    (values,) = seeds.arrays
    settings = values.shape[1]
    predicted = per_setting("predicted", predicted, settings)
    scale = positive("scale", per_setting("scale", scale, settings))
    if problem := seeds.problem():
        details = seeds.counts()
        return undecided("agreement", problem, level=level, resolution=resolution, details=details)
    mean, error = mean_and_error(values)
    critical, margin = student(level / settings, seeds.number - 1)
    doubt = without_spread(values, scale, seeds.rounding)
    floor = 8 * seeds.rounding * np.maximum(np.abs(values).max(axis=0), scale)
    statistic = np.where(
        np.ptp(values, axis=0) > floor, (mean - predicted) / np.maximum(error, 1e-300), 0.0
    )
    worst = int(np.abs(statistic).argmax())
    half = critical * error[worst]
    interval = (float(mean[worst] - half), float(mean[worst] + half))
    finding = (
        f"measured {show(mean[worst])} {show_interval(interval)} over {seeds.number} seeds"
        f"{_place(worst, settings)}, predicted {show(predicted[worst])}"
    )
    return settle(
        "agreement",
        finding,
        excluded=bool(abs(statistic[worst]) > critical),
        power=None if doubt else float(((critical + margin) * error / scale).max()),
        resolution=resolution,
        doubt=doubt,
        remark=seeds.remark(),
        predicted=float(predicted[worst]),
        measured=float(mean[worst]),
        interval=interval,
        level=level,
        details=_family(seeds, worst, settings, statistic=float(statistic[worst])),
    )


def ordering(
    first: ArrayLike, second: ArrayLike, *, resolution: float, level: float = 1e-4
) -> Verdict:
    """Is `first` smaller than `second`, both positive and paired seed by seed?

    The Student interval of ``log(second / first)`` must lie above 0; below 0 fails, across 0 is
    undecided. The level is shared over settings, the least favourable one reported. Power: the
    smallest log-ratio that would have been resolved, ``(t_level + t_95)`` standard errors.

    Shapes: `[seeds]` or `[seeds, settings]`, both the same.
    Errors: ValueError for values that are not positive, and for shapes that disagree.
    """
    level, resolution = thresholds(level, resolution)
    seeds = seed_samples(first=first, second=second)
    for argument, values in zip(("first", "second"), seeds.arrays):
        if values.size:
            positive(argument, values, "ordering compares positive quantities by their ratio")
    if problem := seeds.problem():
        details = seeds.counts()
        return undecided("ordering", problem, level=level, resolution=resolution, details=details)
    ratio = np.log(seeds.arrays[1]) - np.log(seeds.arrays[0])
    settings = ratio.shape[1]
    mean, error = mean_and_error(ratio)
    critical, margin = student(level / settings, seeds.number - 1)
    doubt = without_spread(ratio, 1.0, seeds.rounding)
    statistic = np.where(
        np.ptp(ratio, axis=0) > 8 * seeds.rounding, mean / np.maximum(error, 1e-300), np.inf
    )
    worst = int(statistic.argmin())
    half = critical * error[worst]
    interval = (float(mean[worst] - half), float(mean[worst] + half))
    if doubt is None and statistic[worst] <= critical:
        doubt = "the sign is not resolved"
    return settle(
        "ordering",
        f"log(second/first) is {show(mean[worst])} {show_interval(interval)} "
        f"over {seeds.number} seeds{_place(worst, settings)}",
        excluded=bool(statistic[worst] < -critical),
        power=float(((critical + margin) * error).max()),
        resolution=resolution,
        doubt=doubt,
        remark=seeds.remark(),
        measured=float(mean[worst]),
        interval=interval,
        level=level,
        details=_family(seeds, worst, settings),
    )


def correlation(
    first: ArrayLike,
    second: ArrayLike,
    *,
    at_least: float,
    resolution: float,
    level: float = 1e-4,
    method: str = "pearson",
) -> Verdict:
    """Is the correlation over seeds at least the threshold declared beforehand?

    Fisher's interval ``tanh(arctanh(r) - r / (2 (n - 1)) +- width)`` must lie at or above
    `at_least`; below it fails, across it is undecided. ``width = arcsinh(t_level / sqrt(n - 2))``,
    exact for normal pairs at zero correlation and Fisher's ``z / sqrt(n - 3)`` for many seeds
    (derived); for ranks (`method` "spearman") times ``sqrt(1 + r^2 / 2)`` (Bonett and Wright,
    Psychometrika 2000). Pairs far from normal void the width of "pearson". The level is shared
    over settings. Power: the interval's half-width, largest over settings.

    Shapes: `[seeds]` or `[seeds, settings]`, both the same.
    Errors: ValueError for a threshold outside (-1, 1), and for shapes that disagree.
    """
    level, resolution = thresholds(level, resolution)
    at_least = scalar("at_least", at_least)
    if not -1 < at_least < 1:
        raise bad("at_least", at_least, "a correlation between -1 and 1", "declare a threshold")
    if method not in ("pearson", "spearman"):
        raise bad("method", repr(method), "'pearson' or 'spearman'", "choose one of those")
    seeds = seed_samples(first=first, second=second)
    problem = seeds.problem(fewest=4) or _constant(seeds)
    if problem:
        details = seeds.counts()
        return undecided(
            "correlation", problem, level=level, resolution=resolution, details=details
        )
    measured, lower, upper = _fisher(*seeds.arrays, level=level, method=method)
    settings = measured.size
    worst = int((lower - at_least).argmin() if (upper >= at_least).all() else upper.argmin())
    interval = (float(lower[worst]), float(upper[worst]))
    return settle(
        "correlation",
        f"{method} correlation {show(measured[worst])} {show_interval(interval)} over "
        f"{seeds.number} seeds{_place(worst, settings)}, claimed at least {show(at_least)}",
        excluded=bool(upper[worst] < at_least),
        power=float(((upper - lower) / 2).max()),
        resolution=resolution,
        doubt=None if lower[worst] >= at_least else "the threshold lies inside the interval",
        remark=seeds.remark(),
        predicted=at_least,
        measured=float(measured[worst]),
        interval=interval,
        level=level,
        details=_family(seeds, worst, settings),
    )


def _constant(seeds: Seeds) -> str | None:
    for name, values in zip(("first", "second"), seeds.arrays):
        if (np.ptp(values, axis=0) <= 8 * seeds.rounding * np.abs(values).max(axis=0)).any():
            return f"no correlation exists: {name} is the same in all seeds"
    return None


def _fisher(
    first: np.ndarray, second: np.ndarray, *, level: float, method: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    if method == "spearman":
        from scipy.stats import rankdata

        first, second = rankdata(first, axis=0), rankdata(second, axis=0)
    number, settings = first.shape
    first, second = first - first.mean(axis=0), second - second.mean(axis=0)
    product = (first * second).sum(axis=0)
    measured = product / np.sqrt((first**2).sum(axis=0) * (second**2).sum(axis=0))
    critical, _ = student(level / settings, number - 2)
    width = np.full(settings, np.arcsinh(critical / np.sqrt(number - 2)))
    centre = np.arctanh(np.clip(measured, -1 + 1e-15, 1 - 1e-15))
    centre = centre - measured / (2 * (number - 1))
    if method == "spearman":
        width = width * np.sqrt(1 + measured**2 / 2)
    return measured, np.tanh(centre - width), np.tanh(centre + width)
