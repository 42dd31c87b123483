"""The limit of gaps without randomness, by exact extrapolation of successive sizes.

Three successive gaps (two when the rate is given) fix ``c + a size^-b``: Aitken's process, for
sizes in any ratio. With a second term of relative order size^-b the remaining error of the last
extrapolation is its change from the one before over ``q^(2b) - 1`` (q: ratio of sizes; derived).
Before that law sets in the fitted b is too high and the error falls more slowly, so the interval
is ``max(1, 3 / (q^b - 1))`` changes wide on each side, plus the largest effect of the numerical
errors. Tested to cover second terms of -0.5 to 3 times the first at the smallest size, of relative
order size^-b, size^-0.5 or size^-1, for b from 0.5 to 2 and q from 1.5 to 4.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SLOWEST, FASTEST = 0.25, 3.0
SLOWEST_TRUSTED, FASTEST_TRUSTED = 0.3, 2.75
SAFETY = 3.0


@dataclass(frozen=True)
class Limit:
    """A fitted limit: the interval of c, and the law ``c + a size^-b`` at the best b.

    `rates` are the smallest and the largest b that the gaps admit, None if no b is. `noise` is how
    much further than the far end of the interval the theory must be off for that to show in 19 of
    20 other runs; 0 where nothing is random.
    """

    interval: tuple[float, float]
    constant: float
    amplitude: float
    rate: float
    doubt: str | None = None
    rates: tuple[float, float] | None = None
    noise: float = 0.0


def growth(sizes: np.ndarray, rate: float) -> float:
    """By how much the gap shrinks over the last step in size, ``q^b``."""
    return float((sizes[-1] / sizes[-2]) ** rate)


def reach(sizes: np.ndarray, rate: float) -> float:
    """How many changes of the extrapolation its remaining error may be."""
    return max(1.0, SAFETY / (growth(sizes, rate) - 1))


def outside(slowest: float, fastest: float) -> str | None:
    """The doubt when all rates from `slowest` to `fastest` are at one end of the range.

    A fit near an end is a second-order term in disguise more often than a rate.
    """
    if fastest <= SLOWEST_TRUSTED:
        return f"the gap falls slower than size^-{SLOWEST_TRUSTED:g}, or not like a power of it"
    if slowest >= FASTEST_TRUSTED:
        return f"the gap falls faster than size^-{FASTEST_TRUSTED:g}, or not like a power of it"
    return None


def without_randomness(
    sizes: np.ndarray, gaps: np.ndarray, rate: float | None, error: float
) -> tuple[Limit, bool]:
    """The limit of gaps [sizes] known within `error`, and whether they fall beyond it."""
    span = 3 if rate is None else 2
    groups = [slice(start, start + span) for start in range(len(sizes) - span + 1)]
    fits = [_extrapolate(sizes[group], gaps[group], rate) for group in groups]
    changes = np.abs(np.diff([constant for constant, _, _ in fits]))
    last, amplitude, best = fits[-1]
    # A change that happens to cross zero must not pass for convergence: the one before counts too.
    change = max(changes[-1], changes[-2] / growth(sizes, best) if len(changes) > 1 else 0.0)
    signs = error * (2 * (np.arange(2**span)[:, None] >> np.arange(span) & 1) - 1)
    shifted = [_extrapolate(sizes[groups[-1]], gaps[groups[-1]] + step, rate)[0] for step in signs]
    half = float(reach(sizes, best) * change + np.abs(np.array(shifted) - last).max())
    resolved = rate is None and abs(gaps[-3] - gaps[-2]) > 2 * error
    doubt = outside(best, best) if resolved else None
    fall = abs(float(gaps[0] - gaps[-1])) > 2 * error
    limit = Limit((last - half, last + half), last, amplitude, best, doubt, (best, best))
    return limit, fall


def _extrapolate(
    sizes: np.ndarray, gaps: np.ndarray, rate: float | None
) -> tuple[float, float, float]:
    """c, a and b of the law through three gaps (b within bounds), or through two at a given b."""
    if rate is None:
        rate = _rate_through(sizes, gaps)
    power = (sizes[-2:] / sizes[-1]) ** -rate
    amplitude = float((gaps[-2] - gaps[-1]) / (power[0] - power[1]))
    return float(gaps[-1] - amplitude), float(amplitude * sizes[-1] ** rate), float(rate)


def _rate_through(sizes: np.ndarray, gaps: np.ndarray) -> float:
    """The b at which the two falls among three gaps have the law's ratio, within bounds."""
    first = abs(gaps[0] - gaps[1])
    second = (gaps[1] - gaps[2]) * np.sign(gaps[0] - gaps[1])

    def too_fast(rate: float) -> bool:
        power = (sizes / sizes[0]) ** -rate
        return bool(second * (power[0] - power[1]) >= first * (power[1] - power[2]))

    low, high = SLOWEST, FASTEST
    if too_fast(low):
        return low
    if not too_fast(high):
        return high
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if too_fast(middle) else (middle, high)
    return (low + high) / 2
