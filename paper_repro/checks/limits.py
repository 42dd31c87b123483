"""The check of an asymptotic formula: its gap to the truth must fall to zero with the size.

Model ``gap = c + a size^-b``, b in [0.25, 3], with further terms of relative order size^-b. The
claim is c = 0. How the interval of c is built (derived):

With seeds. For a fixed b the weighted least-squares c is linear in the gaps, so every seed gives
its own c and Student's interval over seeds is exact, whether one seed serves all sizes or none.
b is admitted when the coefficient of the next term of the model in b, ``size^-b log(size)``, is
unresolved by the same kind of t-test; that coefficient vanishes at the true b only. Half of the
level goes to b, half to c, and the interval is the union over all admitted b: it covers at least
as often as promised if the model is exact. Higher-order terms move c when the smallest size is
dropped, so the interval is widened by `DROP_REACH` times that move at the best b. The smallest
sizes may all be dropped while 4 are left: the narrowest interval is reported, at a level shared
among these choices.

Without randomness. Each three successive sizes (two when `rate` is given) extrapolate exactly, the
generalised Aitken process. With a second term of order size^-2b the remaining error of the last
extrapolation is its change from the one before over ``q^(2b) - 1`` (q: ratio of sizes). Before
that law sets in, the fitted b is too high and the error falls more slowly: the interval is
``max(1, 3 / (q^b - 1))`` changes wide on each side, plus the largest effect of the numerical
errors on the extrapolation. That covers second terms up to 3 times the first one at the smallest
size, of relative order size^-b, size^-0.5 or size^-1, for b in [0.5, 2] and q from 1.5 to 4 (tested).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from paper_repro.checks.inputs import (
    Seeds,
    bad,
    over_seeds,
    positive,
    scalar,
    settle,
    show,
    show_interval,
    thresholds,
    undecided,
)
from paper_repro.checks.over_seeds import mean_and_error, student, without_spread
from paper_repro.checks.slopes import by_size, increasing
from paper_repro.verdict import Verdict

FEWEST_SIZES = 4
SLOWEST, FASTEST = 0.25, 3.0
DROP_REACH = 1.0
SAFETY = 3.0


@dataclass(frozen=True)
class Limit:
    """A fitted limit: the interval of c, and the law ``c + a size^-b`` at the best b."""

    interval: tuple[float, float]
    constant: float
    amplitude: float
    rate: float
    doubt: str | None = None


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

    `gaps` is [seeds, sizes], or [sizes] when nothing is random and each is known within `error`;
    at least 4 increasing sizes, geometric ones best. Fits ``c + a size^-b`` (b given by `rate`
    where the theory states it): fails when the interval of c excludes 0; holds when it does not,
    the fall from the smallest to the largest size is resolved, and the far end of the interval
    over `scale`, which is the power, is within the resolution. A theory off by that power is
    always caught, since the fit follows a constant added to all gaps. Logarithmic laws and
    corrections that are large at every size are outside the model. Method: module docstring.
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
    seeds = over_seeds(gaps=gaps if random else gaps[None])
    if problem := seeds.problem(fewest=3 if random else 1):
        details = seeds.counts()
        return undecided(
            "convergence", problem, level=level, resolution=resolution, details=details
        )
    (rows,) = seeds.arrays
    error = max(error, 4 * seeds.rounding * max(float(np.abs(rows).max()), 0.0))
    if random and without_spread(rows[:, -1:] - rows[:, :1], scale, seeds.rounding) is None:
        limit, fall = _with_seeds(sizes, rows, rate, level, error)
    else:
        limit, fall = _without_randomness(sizes, rows[0], rate, error)
    return _judge(limit, fall, seeds, rows.mean(axis=0), scale, resolution, level)


def _judge(
    limit: Limit,
    fall: bool,
    seeds: Seeds,
    means: np.ndarray,
    scale: float,
    resolution: float,
    level: float,
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
        power=max(abs(end) for end in limit.interval) / scale,
        resolution=resolution,
        doubt=doubt,
        remark=seeds.remark(),
        predicted=0.0,
        measured=limit.constant,
        interval=limit.interval,
        level=level,
        details={
            **seeds.counts(),
            "a": limit.amplitude,
            "b": limit.rate,
            "c": limit.constant,
            "gaps": means,
        },
    )


def _with_seeds(
    sizes: np.ndarray, rows: np.ndarray, rate: float | None, level: float, error: float
) -> tuple[Limit, bool]:
    """The narrowest limit over how many of the smallest sizes are dropped, and if gaps fall."""
    change, change_error = mean_and_error(rows[:, :1] - rows[:, -1:])
    critical, _ = student(level, len(rows) - 1)
    fall = bool(abs(change[0]) > critical * change_error[0] + 2 * error)
    spread = rows.std(axis=0, ddof=1)
    logarithm = np.log(np.maximum(spread, 1e-3 * spread.max()))
    deviation = np.exp(np.polyval(np.polyfit(np.log(sizes), logarithm, 1), np.log(sizes)))
    choices = len(sizes) - FEWEST_SIZES + 1
    limits = [
        _fit(sizes[start:], rows[:, start:], deviation[start:] ** -2, rate, level / choices, error)
        for start in range(choices)
    ]
    usable = [limit for limit in limits if limit.doubt is None] or limits
    return min(usable, key=lambda limit: limit.interval[1] - limit.interval[0]), fall


def _fit(
    sizes: np.ndarray,
    rows: np.ndarray,
    precision: np.ndarray,
    rate: float | None,
    level: float,
    error: float,
) -> Limit:
    """The limit from all given sizes: union of intervals over the admitted rates."""
    doubt = None
    if rate is None:
        critical, _ = student(level / 2, len(rows) - 1)
        rates = np.linspace(SLOWEST, FASTEST, 111)
        best, statistic = _rates(sizes, rows, precision, rates)
        if np.abs(statistic).min() > critical and best in (SLOWEST, FASTEST):
            side = "slower" if best == SLOWEST else "faster"
            doubt = f"the gap falls {side} than size^-{best:g}, outside the model"
        admitted = np.append(rates[np.abs(statistic) <= critical], best)
    else:
        critical, _ = student(level, len(rows) - 1)
        best, admitted = rate, np.array([rate])
    weights = _weights(sizes, precision, admitted)[0]
    centre, deviation = mean_and_error(rows @ weights.T)
    half = critical * deviation + error * np.abs(weights).sum(axis=1)
    dropped = _weights(sizes[1:], precision[1:], admitted[-1:])[0][0]
    move = DROP_REACH * abs(float(rows.mean(axis=0)[1:] @ dropped) - centre[-1])
    interval = (float((centre - half).min() - move), float((centre + half).max() + move))
    amplitude = _weights(sizes, precision, admitted[-1:])[1][0] @ rows.mean(axis=0)
    return Limit(interval, float(centre[-1]), float(amplitude), float(best), doubt)


def _rates(
    sizes: np.ndarray, rows: np.ndarray, precision: np.ndarray, rates: np.ndarray
) -> tuple[float, np.ndarray]:
    """The best rate and, at each rate, the t statistic of the model's next term in the rate."""

    def curvature(at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return mean_and_error(rows @ _weights(sizes, precision, at)[2].T)

    mean, deviation = curvature(rates)
    statistic = mean / np.maximum(deviation, 1e-300)
    crossing = np.flatnonzero(mean[:-1] * mean[1:] <= 0)
    if not crossing.size:
        return float(rates[np.abs(statistic).argmin()]), statistic
    low, high = rates[crossing[0]], rates[crossing[0] + 1]
    sign = np.sign(mean[crossing[0]])
    for _ in range(50):
        middle = (low + high) / 2
        same = np.sign(curvature(np.array([middle]))[0][0]) == sign
        low, high = (middle, high) if same else (low, middle)
    return float((low + high) / 2), statistic


def _weights(
    sizes: np.ndarray, precision: np.ndarray, rates: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weights [rates, sizes] on the gaps that give c, a and the next term in the rate."""
    share = (precision / precision.sum())[None, :]
    power = np.exp(-np.outer(rates, np.log(sizes / sizes[0])))
    centred = power - (share * power).sum(axis=1, keepdims=True)
    square = (share * centred**2).sum(axis=1, keepdims=True)
    slope = share * centred / square
    constant = share - (share * power).sum(axis=1, keepdims=True) * slope
    bend = power * np.log(sizes / sizes[0])[None, :]
    bend_centred = bend - (share * bend).sum(axis=1, keepdims=True)
    bend_left = bend_centred - centred * (slope * bend_centred).sum(axis=1, keepdims=True)
    return constant, slope * sizes[0] ** rates[:, None], share * bend_left


def _without_randomness(
    sizes: np.ndarray, gaps: np.ndarray, rate: float | None, error: float
) -> tuple[Limit, bool]:
    """The limit from extrapolations of successive sizes, and whether the gaps fall beyond error."""
    fall = abs(float(gaps[0] - gaps[-1])) > 2 * error
    span = 3 if rate is None else 2
    groups = [slice(start, start + span) for start in range(len(sizes) - span + 1)]
    found = [_extrapolate(sizes[group], gaps[group], rate) for group in groups]
    constants = np.array([constant for constant, _, _ in found])
    last, amplitude, best = found[-1]
    ratio = (sizes[-1] / sizes[-2]) ** best
    changes = np.abs(np.diff(constants))
    # A change that happens to cross zero must not pass for convergence: the one before counts too.
    change = max(changes[-1], changes[-2] / ratio if len(changes) > 1 else 0.0)
    signs = error * (2 * (np.arange(2**span)[:, None] >> np.arange(span) & 1) - 1)
    shifted = [_extrapolate(sizes[groups[-1]], gaps[groups[-1]] + step, rate)[0] for step in signs]
    half = float(max(1.0, SAFETY / (ratio - 1)) * change + np.abs(np.array(shifted) - last).max())
    doubt = None
    if rate is None and best in (SLOWEST, FASTEST) and abs(gaps[-3] - gaps[-2]) > 2 * error:
        side = "slower" if best == SLOWEST else "faster"
        doubt = f"the gap falls {side} than size^-{best:g}, outside the model"
    return Limit((last - half, last + half), last, amplitude, best, doubt), fall


def _extrapolate(
    sizes: np.ndarray, gaps: np.ndarray, rate: float | None
) -> tuple[float, float, float]:
    """c, a and b of the law through three gaps (b within bounds), or through two at a given b."""
    if rate is None:
        low, high = SLOWEST, FASTEST
        wanted = (gaps[1] - gaps[2]) * np.sign(gaps[0] - gaps[1])
        first = abs(gaps[0] - gaps[1])

        def excess(at: float) -> float:
            power = sizes**-at
            return float(wanted * (power[0] - power[1]) - first * (power[1] - power[2]))

        if excess(low) >= 0:
            high = low
        elif excess(high) <= 0:
            low = high
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (middle, high) if excess(middle) < 0 else (low, middle)
        rate = (low + high) / 2
    power = sizes[-2:] ** -rate
    amplitude = (gaps[-2] - gaps[-1]) / (power[0] - power[1])
    return float(gaps[-1] - amplitude * power[1]), float(amplitude), float(rate)
