"""The limit of gaps over seeds: an interval of c in ``c + a size^-b`` with b unknown.

For a fixed b the weighted least-squares c is linear in the gaps, so every seed gives its own c and
Student's interval over seeds is exact, whether one seed serves all sizes or none. A rate is
admitted when the coefficient of the model's next term in the rate, ``size^-b log(size)``, is
unresolved by the same kind of t-test; its expectation vanishes at the true b only. Half of the
level goes to b, half to c, and the interval is the union over admitted rates: if the law is exact
it covers at least as often as promised (derived).

A second-order term shifts c. Fits to two windows of equally many sizes, shifted by one size, then
differ, each at its own best rate; as for exact extrapolations (see `extrapolate`) the interval
grows by `reach` such moves. Windows of 3 sizes (2 at a given rate) up to all are tried, at a level
shared among them, and the narrowest interval is returned; the fit to all sizes cannot shift and
takes the move of the fit to all but one, ``q^b`` times as large.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from diversity_jax.checks.extrapolate import FASTEST, SLOWEST, Limit, growth, outside, reach
from diversity_jax.checks.statistics import mean_and_error, student

RATES = np.linspace(SLOWEST, FASTEST, 111)


def with_seeds(
    sizes: np.ndarray, rows: np.ndarray, rate: float | None, level: float, error: float
) -> tuple[Limit, bool]:
    """The limit of gaps [seeds, sizes], and whether their fall from first to last is resolved."""
    fall, fall_error = mean_and_error(rows[:, :1] - rows[:, -1:])
    critical = student(level, len(rows) - 1)
    resolved = bool(abs(fall[0]) > critical * fall_error[0] + 2 * error)
    precision = _precision(sizes, rows)
    windows = range(3 if rate is None else 2, len(sizes) + 1)
    moves = [_move(sizes, rows, precision, window, rate) for window in windows[:-1]]
    limits = []
    for place, window in enumerate(windows):
        part = slice(-window, None)
        limit = _fit(sizes[part], rows[:, part], precision[part], rate, level / len(windows), error)
        shrink = growth(sizes, limit.rate)
        # As in `extrapolate`: a move that happens to cross zero must not pass for convergence.
        move = moves[place] if window < len(sizes) else moves[-1] * shrink
        move = max([move] + [larger / shrink for larger in moves[place + 1 : place + 2]])
        wider = reach(sizes, limit.rate) * move
        low, high = limit.interval
        limits.append(replace(limit, interval=(low - wider, high + wider)))
    usable = [limit for limit in limits if limit.doubt is None] or limits
    return min(usable, key=lambda limit: limit.interval[1] - limit.interval[0]), resolved


def _precision(sizes: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Weights of the sizes: one over the variance over seeds, smoothed as a power of the size.

    Any weights leave the interval valid; smoothing keeps few seeds from choosing them by chance.
    """
    deviation = rows.std(axis=0, ddof=1)
    logarithm = np.log(np.maximum(deviation, 1e-3 * deviation.max()))
    smooth = np.polyval(np.polyfit(np.log(sizes), logarithm, 1), np.log(sizes))
    return np.exp(-2 * (smooth - smooth.min()))


def _move(
    sizes: np.ndarray, rows: np.ndarray, precision: np.ndarray, window: int, rate: float | None
) -> float:
    """How far the fitted limit moves when the window of sizes shifts to the largest ones."""
    limits = []
    for part in (slice(-window - 1, -1), slice(-window, None)):
        best = rate
        if best is None:
            best, _ = _best_rate(sizes[part], rows[:, part], precision[part])
        weights, _, _ = _weights(sizes[part], precision[part], np.array([best]))
        limits.append(float(rows[:, part].mean(axis=0) @ weights[0]))
    return abs(limits[0] - limits[1])


def _fit(
    sizes: np.ndarray,
    rows: np.ndarray,
    precision: np.ndarray,
    rate: float | None,
    level: float,
    error: float,
) -> Limit:
    """The limit from all given sizes: union of Student intervals over the admitted rates."""
    doubt = None
    if rate is None:
        critical = student(level / 2, len(rows) - 1)
        best, statistic = _best_rate(sizes, rows, precision)
        admitted = np.append(RATES[np.abs(statistic) <= critical], best)
        doubt = outside(float(admitted.min()), float(admitted.max()))
    else:
        critical = student(level, len(rows) - 1)
        best, admitted = rate, np.array([rate])
    constant, slope, _ = _weights(sizes, precision, admitted)
    centre, deviation = mean_and_error(rows @ constant.T)
    half = critical * deviation + error * np.abs(constant).sum(axis=1)
    interval = (float((centre - half).min()), float((centre + half).max()))
    amplitude = float(slope[-1] @ rows.mean(axis=0))
    return Limit(interval, float(centre[-1]), amplitude, float(best), doubt)


def _best_rate(
    sizes: np.ndarray, rows: np.ndarray, precision: np.ndarray
) -> tuple[float, np.ndarray]:
    """The best rate and, at each of `RATES`, the t statistic of the next term in the rate."""
    mean, deviation = mean_and_error(rows @ _weights(sizes, precision, RATES)[2].T)
    statistic = mean / np.maximum(deviation, 1e-300)
    grid = RATES
    for _ in range(6):
        crossing = np.flatnonzero(np.sign(mean[:-1]) != np.sign(mean[1:]))
        if not crossing.size:
            break
        grid = np.linspace(grid[crossing[0]], grid[crossing[0] + 1], 33)
        mean = _weights(sizes, precision, grid)[2] @ rows.mean(axis=0)
    if grid is RATES:
        return float(RATES[0] if abs(statistic[0]) < abs(statistic[-1]) else RATES[-1]), statistic
    return float(grid.mean()), statistic


def _weights(
    sizes: np.ndarray, precision: np.ndarray, rates: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weights [rates, sizes] on the gaps that give c, a and the next term in the rate."""
    share = (precision / precision.sum())[None, :]
    logarithm = np.log(sizes / sizes[0])
    power = np.exp(-np.outer(rates, logarithm))
    centre = (share * power).sum(axis=1, keepdims=True)
    centred = power - centre
    slope = share * centred / (share * centred**2).sum(axis=1, keepdims=True)
    bend = power * logarithm[None, :]
    bend = bend - (share * bend).sum(axis=1, keepdims=True)
    bend = bend - centred * (slope * bend).sum(axis=1, keepdims=True)
    return share - centre * slope, slope * sizes[0] ** rates[:, None], share * bend
