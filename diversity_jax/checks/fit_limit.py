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

In another run the moves differ: `Limit.noise` holds what they exceed once in 20 times.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from diversity_jax.checks.extrapolate import FASTEST, SLOWEST, Limit, growth, outside, reach
from diversity_jax.checks.statistics import detectable, mean_and_error, student

RATES = np.linspace(SLOWEST, FASTEST, 111)


def with_seeds(sizes: np.ndarray, rows: np.ndarray, level: float, error: float) -> Limit:
    """The limit of gaps [seeds, sizes]."""
    weight = precision(sizes, rows)
    windows = range(3, len(sizes) + 1)
    moves = [_move(sizes, rows, weight, window) for window in windows[:-1]]
    limits = []
    for place, window in enumerate(windows):
        part = slice(-window, None)
        limit = _fit(sizes[part], rows[:, part], weight[part], level / len(windows), error)
        shrink = growth(sizes, limit.rate)
        # As in `extrapolate`: a move that happens to cross zero must not pass for convergence.
        move = moves[place] if window < len(sizes) else moves[-1] * shrink
        move = np.max([move, *(larger / shrink for larger in moves[place + 1 : place + 2])], axis=0)
        wider, noise = (float(each) for each in reach(sizes, limit.rate) * move)
        interval = (limit.interval[0] - wider, limit.interval[1] + wider)
        # Another run admits other rates as well: its interval may be twice as wide (measured).
        noise = max(float(np.hypot(limit.noise, noise)), (interval[1] - interval[0]) / 2)
        limits.append(replace(limit, interval=interval, noise=noise))
    usable = [limit for limit in limits if limit.doubt is None] or limits
    return min(usable, key=lambda limit: limit.interval[1] - limit.interval[0])


def precision(sizes: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Weights of the sizes: one over the variance over seeds, smoothed as a power of the size.

    Any weights leave the interval valid; smoothing keeps few seeds from choosing them by chance.
    """
    deviation = rows.std(axis=0, ddof=1)
    logarithm = np.log(np.maximum(deviation, 1e-3 * deviation.max()))
    smooth = np.polyval(np.polyfit(np.log(sizes), logarithm, 1), np.log(sizes))
    return np.exp(-2 * (smooth - smooth.min()))


def _move(sizes: np.ndarray, rows: np.ndarray, weight: np.ndarray, window: int) -> np.ndarray:
    """How far the fitted limit moves when the window of sizes shifts to the largest ones.

    And by how much further it does in another run, once in 20 times.
    """
    limits = []
    for part in (slice(-window - 1, -1), slice(-window, None)):
        best, _ = _best_rate(sizes[part], rows[:, part], weight[part])
        constant, _, _ = weights(sizes[part], weight[part], np.array([best]))
        limits.append(rows[:, part] @ constant[0])
    move, error = mean_and_error((limits[0] - limits[1])[:, None])
    return np.array([abs(move[0]), student(0.05, len(rows) - 1) * error[0]])


def _fit(
    sizes: np.ndarray, rows: np.ndarray, weight: np.ndarray, level: float, error: float
) -> Limit:
    """The limit from all given sizes: union of Student intervals over the admitted rates."""
    critical = student(level / 2, len(rows) - 1)
    best, statistic = _best_rate(sizes, rows, weight)
    admitted = np.append(RATES[np.abs(statistic) <= critical], best)
    ends = (float(admitted.min()), float(admitted.max()))
    constant, slope, _ = weights(sizes, weight, admitted)
    centre, deviation = mean_and_error(rows @ constant.T)
    half = critical * deviation + error * np.abs(constant).sum(axis=1)
    return Limit(
        interval=(float((centre - half).min()), float((centre + half).max())),
        constant=float(centre[-1]),
        amplitude=float(slope[-1] @ rows.mean(axis=0)),
        rate=float(best),
        doubt=outside(*ends),
        rates=ends,
        noise=float((detectable(level / 2, len(rows) - 1) - critical) * deviation.max()),
    )


def _best_rate(sizes: np.ndarray, rows: np.ndarray, weight: np.ndarray) -> tuple[float, np.ndarray]:
    """The best rate and, at each of `RATES`, the t statistic of the next term in the rate."""
    mean, deviation = mean_and_error(rows @ weights(sizes, weight, RATES)[2].T)
    statistic = mean / np.maximum(deviation, 1e-300)
    grid = RATES
    for _ in range(6):
        crossing = np.flatnonzero(np.sign(mean[:-1]) != np.sign(mean[1:]))
        if not crossing.size:
            break
        grid = np.linspace(grid[crossing[0]], grid[crossing[0] + 1], 33)
        mean = weights(sizes, weight, grid)[2] @ rows.mean(axis=0)
    if grid is RATES:
        return float(RATES[0] if abs(statistic[0]) < abs(statistic[-1]) else RATES[-1]), statistic
    return float(grid.mean()), statistic


def weights(
    sizes: np.ndarray, weight: np.ndarray, rates: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weights [rates, sizes] on the gaps that give c, a and the next term in the rate."""
    share = (weight / weight.sum())[None, :]
    logarithm = np.log(sizes / sizes[0])
    power = np.exp(-np.outer(rates, logarithm))
    centre = (share * power).sum(axis=1, keepdims=True)
    centred = power - centre
    slope = share * centred / (share * centred**2).sum(axis=1, keepdims=True)
    bend = power * logarithm[None, :]
    bend = bend - (share * bend).sum(axis=1, keepdims=True)
    bend = bend - centred * (slope * bend).sum(axis=1, keepdims=True)
    return share - centre * slope, slope * sizes[0] ** rates[:, None], share * bend
