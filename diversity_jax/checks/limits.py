"""The check of an asymptotic formula: its gap to the truth must fall to zero with the size.

Model ``gap = c + a size^-b``, b in [0.3, 2.75], with further terms of relative order size^-b. The
claim is c = 0. The interval of c comes from `fit_rate` (gaps over seeds at a declared rate),
`fit_limit` (at an unknown one) or `extrapolate` (gaps without randomness); all follow a constant
added to all gaps exactly, so that a theory off by the far end of the interval is always caught on
this very data. The power adds what the noise of another run takes.

Gaps are to be signed. In a mean absolute distance the noise of the simulation folds the error of
the theory away: ``E abs(c + noise)`` grows by c^2 only, and the power is not had.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from diversity_jax.checks.extrapolate import SLOWEST_TRUSTED, Limit, without_randomness
from diversity_jax.checks.fit_limit import RATES, with_seeds
from diversity_jax.checks.fit_rate import admitted, at_rate, falls, shaped
from diversity_jax.checks.inputs import (
    Seeds,
    bad,
    per_setting,
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
from diversity_jax.checks.slopes import by_size, increasing
from diversity_jax.checks.statistics import mean_and_error, place, student, without_spread
from diversity_jax.checks.verdict import Verdict

FEWEST_SIZES = 4


def convergence(
    sizes: ArrayLike,
    gaps: ArrayLike,
    *,
    scale: ArrayLike,
    resolution: float,
    level: float = 1e-4,
    error: float = 0.0,
    rate: float | None = None,
) -> Verdict:
    """Does the gap between simulation and an asymptotic theory fall to zero with the size?

    At least 4 increasing sizes, geometric ones best; signed gaps, not distances (module docstring).
    Fits ``c + a size^-b`` (b given by `rate` where the theory states it): fails when the interval
    of c excludes 0; holds when it does not, the fall from the smallest size to the largest (to the
    limit, at a declared rate) is resolved, and the power is within the resolution. Power, in units
    of `scale`: the far end of the interval, plus what another run takes to show such an error 19
    times in 20.

    A declared rate is tested: where the gaps at the smallest and at the largest size exclude it, it
    is undecided, and otherwise `details` and the reason name the other rates that would do as well.
    Without one it is undecided if the sizes cannot tell the fall from one slower than any power
    (1 / log size). Corrections that are large at every size are outside the model. An unknown rate
    costs much power with few sizes: state it where the theory does.

    Several entries (points of a curve) share the level; the fall must be resolved in one of them,
    the worst is reported. Infinite gaps leave it undecided; failed seeds (NaN) are left out if the
    worst seen in their place changes nothing.

    Shapes: `gaps` is `[seeds, sizes]` or `[seeds, sizes, entries]`, or `[sizes]` when nothing is
    random and each is known within `error`; `scale` a scalar or `[entries]`.
    Errors: ValueError for fewer than 4 sizes or sizes that do not increase, and for shapes that
    disagree.
    """
    level, resolution = thresholds(level, resolution)
    sizes = increasing(sizes, FEWEST_SIZES)
    gaps = _gaps(gaps, sizes)
    entries = gaps.shape[2] if gaps.ndim == 3 else 1
    scale = positive("scale", per_setting("scale", scale, entries))
    error = scalar("error", error)
    if error < 0:
        raise bad("error", error, "zero or more", "pass the numerical error of one gap")
    if rate is not None:
        rate = float(positive("rate", scalar("rate", rate), "gaps fall like size^-rate"))
    random = gaps.ndim > 1
    seeds = seed_samples(gaps=gaps.reshape(len(gaps), -1) if random else gaps[None])
    if problem := seeds.problem(fewest=3 if random else 1) or seeds.infinite():
        details = seeds.counts()
        return undecided(
            "convergence", problem, level=level, resolution=resolution, details=details
        )
    asked = _Asked(sizes, random, rate, error, scale, resolution, level)
    return standing(seeds, lambda known: _convergence(known, asked))


def _gaps(gaps: ArrayLike, sizes: np.ndarray) -> np.ndarray:
    array = reals("gaps", gaps)
    if array.ndim != 3:
        return by_size("gaps", array, sizes)
    if array.shape[1] != len(sizes):
        expected = f"shape [seeds, {len(sizes)}, entries]"
        raise bad("gaps", f"shape {array.shape}", expected, "one row per size")
    return array


class _Asked(NamedTuple):
    """What `convergence` was asked, but for the gaps."""

    sizes: np.ndarray
    random: bool
    rate: float | None
    error: float
    scale: np.ndarray
    resolution: float
    level: float


class _Entry(NamedTuple):
    """What the gaps of one entry show; `rates` says which of `RATES`, and the declared, may be."""

    limit: Limit
    falls: bool
    rates: np.ndarray
    means: np.ndarray


def _convergence(seeds: Seeds, asked: _Asked) -> Verdict:
    entries = len(asked.scale)
    rows = seeds.arrays[0].reshape(seeds.number, len(asked.sizes), entries)
    found = [
        _entry(rows[..., entry], asked, float(asked.scale[entry]), seeds.rounding)
        for entry in range(entries)
    ]
    return _judge(found, seeds, asked)


def _entry(rows: np.ndarray, asked: _Asked, scale: float, rounding: float) -> _Entry:
    sizes, rate, level = asked.sizes, asked.rate, asked.level / len(asked.scale)
    error = max(asked.error, 4 * rounding * float(np.abs(rows).max()))
    change = rows[:, -1:] - rows[:, :1]
    if not asked.random or without_spread(change, scale, rounding) is not None:
        limit, fallen = without_randomness(sizes, rows[0], rate, error)
        rows = rows[:1]
    elif rate is None:
        (mean,), (deviation,) = mean_and_error(change)
        fallen = abs(mean) > student(level, len(rows) - 1) * deviation + 2 * error
        limit = with_seeds(sizes, rows, level, error)
    else:
        limit = at_rate(sizes, rows, rate, level, error)
        fallen = falls(sizes, rows, rate, level, error)
    if rate is None:
        low, high = limit.rates or (limit.rate, limit.rate)
        rates = (low <= RATES) & (high >= RATES)
    else:
        rates = admitted(sizes, rows, np.append(RATES, rate), level, error)
        rates[-1] &= shaped(sizes, rows, rate, level, error)
    return _Entry(limit, bool(fallen), rates, rows.mean(axis=0))


def _judge(found: list[_Entry], seeds: Seeds, asked: _Asked) -> Verdict:
    lows, highs = np.array([one.limit.interval for one in found]).T
    excluded = np.array([one.limit.doubt is None for one in found]) & ((lows > 0) | (highs < 0))
    room = np.minimum(highs, -lows) / np.maximum(highs - lows, 1e-300)
    worst = int(np.where(excluded, room - 1, room).argmin())
    limit, _, _, means = found[worst]
    possible = np.all([one.rates for one in found], axis=0)
    rates = RATES[possible[: len(RATES)]]
    power = (np.maximum(highs, -lows) + [one.limit.noise for one in found]) / asked.scale
    finding = (
        f"gap {show(means[0])} at the smallest size, {show(means[-1])} at the largest"
        f"{place(worst, len(found))}, limit {show(limit.constant)} {show_interval(limit.interval)} "
        f"at rate {show(limit.rate)}"
    )
    if asked.rate is not None and rates.size:
        finding += f" (no gap excludes rates {show(rates[0])} to {show(rates[-1])})"
    return settle(
        "convergence",
        finding,
        excluded=bool(excluded.any()),
        power=float(power.max()),
        resolution=asked.resolution,
        doubt=_doubt(found, rates, asked.rate, bool(possible[-1])),
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
            "rates": [float(rates[0]), float(rates[-1])] if rates.size else [],
            "setting": worst,
            "settings": len(found),
        },
    )


def _doubt(
    found: list[_Entry], rates: np.ndarray, declared: float | None, possible: bool
) -> str | None:
    """Why these gaps do not show a limit, or None if they may."""
    if not any(one.falls for one in found):
        return "no fall to resolve: the gap at the smallest size does not differ from the rest"
    for doubt in (one.limit.doubt for one in found):
        if doubt is not None:
            return doubt
    if declared is not None and not possible:
        others = (
            f"rates {show(rates[0])} to {show(rates[-1])} may" if rates.size else "no rate does"
        )
        return f"the gaps do not fall to 0 like size^-{show(declared)}; by their ends {others}"
    if declared is None and rates.size and rates[0] <= SLOWEST_TRUSTED:
        return "the sizes cannot tell the fall from one slower than any power of the size"
    return None
