"""The check of a correlation over independent seeds."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from diversity_jax.checks.inputs import (
    Seeds,
    bad,
    scalar,
    seed_samples,
    settle,
    show,
    show_interval,
    standing,
    thresholds,
    undecided,
)
from diversity_jax.checks.statistics import detectable, family, place, student
from diversity_jax.checks.verdict import Verdict


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
    over settings. Power: how far the truth must be from the threshold to be told from it 19 times
    in 20, with the wider interval that this takes. Infinite values have
    ranks, but no "pearson" correlation: undecided. Failed seeds (NaN) are left out if the worst
    seen in their place changes nothing.

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
    infinite = seeds.infinite() if method == "pearson" else None
    if problem := seeds.problem(fewest=4) or infinite or _constant(seeds):
        details = seeds.counts()
        return undecided(
            "correlation", problem, level=level, resolution=resolution, details=details
        )
    return standing(seeds, lambda known: _correlation(known, at_least, resolution, level, method))


def _correlation(
    seeds: Seeds, at_least: float, resolution: float, level: float, method: str
) -> Verdict:
    if problem := _constant(seeds):
        details = seeds.counts()
        return undecided(
            "correlation", problem, level=level, resolution=resolution, details=details
        )
    measured, lower, upper, told = _fisher(*seeds.arrays, level=level, method=method)
    settings = measured.size
    worst = int((lower - at_least).argmin() if (upper >= at_least).all() else upper.argmin())
    interval = (float(lower[worst]), float(upper[worst]))
    return settle(
        "correlation",
        f"{method} correlation {show(measured[worst])} {show_interval(interval)} over "
        f"{seeds.number} seeds{place(worst, settings)}, claimed at least {show(at_least)}",
        excluded=bool(upper[worst] < at_least),
        power=float(told.max()),
        resolution=resolution,
        doubt=None if lower[worst] >= at_least else "the threshold lies inside the interval",
        remark=seeds.remark(),
        predicted=at_least,
        measured=float(measured[worst]),
        interval=interval,
        level=level,
        details=family(seeds, worst, settings),
    )


def _constant(seeds: Seeds) -> str | None:
    for name, values in zip(("first", "second"), seeds.arrays):
        low, high = values.min(axis=0), values.max(axis=0)
        size = np.maximum(np.abs(low), np.abs(high))
        close = np.isfinite(size) & (high / 2 - low / 2 <= 4 * seeds.rounding * size)
        if (close | (low == high)).any():
            return f"no correlation exists: {name} is the same in all seeds"
    return None


def _fisher(
    first: np.ndarray, second: np.ndarray, *, level: float, method: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The correlation, both ends of its interval, and the distance that is told 19 times in 20."""
    if method == "spearman":
        from scipy.stats import rankdata

        first, second = rankdata(first, axis=0), rankdata(second, axis=0)
    number, settings = first.shape
    first, second = first - first.mean(axis=0), second - second.mean(axis=0)
    product = (first * second).sum(axis=0)
    measured = product / np.sqrt((first**2).sum(axis=0) * (second**2).sum(axis=0))
    critical = student(level / settings, number - 2)
    told = detectable(level / settings, number - 2)
    width, wider = (
        np.full(settings, np.arcsinh(size / np.sqrt(number - 2))) for size in (critical, told)
    )
    centre = np.arctanh(np.clip(measured, -1 + 1e-15, 1 - 1e-15))
    centre = centre - measured / (2 * (number - 1))
    if method == "spearman":
        stretch = np.sqrt(1 + measured**2 / 2)
        width, wider = width * stretch, wider * stretch
    far = np.maximum(measured - np.tanh(centre - wider), np.tanh(centre + wider) - measured)
    return measured, np.tanh(centre - width), np.tanh(centre + width), far
