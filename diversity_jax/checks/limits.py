"""The check of an asymptotic formula: its gap to the truth must fall to zero with the size.

Model ``gap = c + a size^-b``, b in [0.3, 2.75], with further terms of relative order size^-b. The
claim is c = 0. The interval of c comes from `fit_limit` (gaps over seeds) or `extrapolate` (gaps
without randomness); both follow a constant added to all gaps exactly, so that a theory off by the
power, the far end of the interval, is always caught.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from diversity_jax.checks.extrapolate import Limit, without_randomness
from diversity_jax.checks.fit_limit import with_seeds
from diversity_jax.checks.inputs import (
    Seeds,
    bad,
    positive,
    scalar,
    seed_samples,
    settle,
    show,
    show_interval,
    standing,
    thresholds,
    undecided,
)
from diversity_jax.checks.slopes import by_size, increasing
from diversity_jax.checks.statistics import without_spread
from diversity_jax.checks.verdict import Verdict

FEWEST_SIZES = 4


def convergence(
    sizes: ArrayLike,
    gaps: ArrayLike,
    *,
    scale: float,
    resolution: float,
    level: float = 1e-4,
    error: float = 0.0,
    rate: float | None = None,
) -> Verdict:
    """Does the gap between simulation and an asymptotic theory fall to zero with the size?

    At least 4 increasing sizes, geometric ones best. Fits ``c + a size^-b`` (b given by `rate`
    where the theory states it): fails when the interval of c excludes 0; holds when it does not,
    the fall from the smallest to the largest size is resolved, and the far end of the interval
    over `scale`, which is the power, is within the resolution. A theory off by that power is
    always caught on this very data, since the fit follows a constant added to all gaps; in another
    run the interval may be twice as wide. Infinite gaps leave it undecided; failed seeds
    (NaN) are left out if the worst seen in their place changes nothing. Logarithmic laws and
    corrections that are large at every size are outside the model. An unknown rate costs much
    power with few sizes: state it where the theory does.

    Shapes: `gaps` is `[seeds, sizes]`, or `[sizes]` when nothing is random and each is known
    within `error`.
    Errors: ValueError for fewer than 4 sizes or sizes that do not increase, and for shapes that
    disagree.
    """
    level, resolution = thresholds(level, resolution)
    sizes = increasing(sizes, FEWEST_SIZES)
    gaps = by_size("gaps", gaps, sizes)
    scale = float(positive("scale", scalar("scale", scale)))
    error = scalar("error", error)
    if error < 0:
        raise bad("error", error, "zero or more", "pass the numerical error of one gap")
    if rate is not None:
        rate = float(positive("rate", scalar("rate", rate), "gaps fall like size^-rate"))
    random = gaps.ndim == 2
    seeds = seed_samples(gaps=gaps if random else gaps[None])
    if problem := seeds.problem(fewest=3 if random else 1) or seeds.infinite():
        details = seeds.counts()
        return undecided(
            "convergence", problem, level=level, resolution=resolution, details=details
        )
    asked = _Asked(sizes, random, rate, error, scale, resolution, level)
    return standing(seeds, lambda known: _convergence(known, asked))


class _Asked(NamedTuple):
    """What `convergence` was asked, but for the gaps."""

    sizes: np.ndarray
    random: bool
    rate: float | None
    error: float
    scale: float
    resolution: float
    level: float


def _convergence(seeds: Seeds, asked: _Asked) -> Verdict:
    (rows,) = seeds.arrays
    sizes, rate = asked.sizes, asked.rate
    error = max(asked.error, 4 * seeds.rounding * float(np.abs(rows).max()))
    falls = rows[:, -1:] - rows[:, :1]
    if asked.random and without_spread(falls, asked.scale, seeds.rounding) is None:
        limit, fall = with_seeds(sizes, rows, rate, asked.level, error)
    else:
        limit, fall = without_randomness(sizes, rows[0], rate, error)
    return _judge(limit, fall, seeds, rows.mean(axis=0), asked)


def _judge(
    limit: Limit,
    fall: bool,
    seeds: Seeds,
    means: np.ndarray,
    asked: _Asked,
) -> Verdict:
    doubt = limit.doubt
    if not fall:
        doubt = "no fall to resolve: the gaps at the smallest and the largest size do not differ"
    excluded = limit.doubt is None and not limit.interval[0] <= 0 <= limit.interval[1]
    finding = (
        f"gap {show(means[0])} at the smallest size, {show(means[-1])} at the largest, limit "
        f"{show(limit.constant)} {show_interval(limit.interval)} at rate {show(limit.rate)}"
    )
    return settle(
        "convergence",
        finding,
        excluded=excluded,
        power=max(abs(end) for end in limit.interval) / asked.scale,
        resolution=asked.resolution,
        doubt=doubt,
        remark=seeds.remark(),
        predicted=0.0,
        measured=limit.constant,
        interval=limit.interval,
        level=asked.level,
        details={
            **seeds.counts(),
            "a": limit.amplitude,
            "b": limit.rate,
            "c": limit.constant,
            "gaps": means,
        },
    )
