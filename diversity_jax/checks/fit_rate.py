"""The limit of gaps over seeds at a declared rate b, and which rates they admit.

The law is ``c + a size^-b + e size^-2b``, its third term at most as large as the first two together
at the smallest size s: ``abs(e s^-2b) <= abs(gap(s) - c)``, whatever e is unless it takes away more
than half of the first term. A weighted fit of ``c + a size^-b`` then has the expectation ``c + B e
s^-2b``, B known from the weights, so that c lies between the expectations of ``fit -+ k (gap(s) -
fit)``, ``k = abs(B) / (1 - abs(B))``. Both are linear in the gaps: Student intervals over seeds are
exact, their union covers c at least as often as promised, and a constant added to all gaps moves
it (derived). The narrowest of the fits to the largest 2, 3, ... sizes is returned, at a level
shared among them.

If c is 0 the same law holds the gap at the largest size, over that at the smallest, between ``r^2``
and, even if the third term takes away two thirds of the first, ``3 r - 2 r^2``, with r = (largest /
smallest)^-b: two one-sided t-tests per sign of the gap. At the
declared rate what the first two terms leave of the gaps must be no more than noise and a third
one, ``size^-3b``, of the size of the smallest size's gap.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from diversity_jax.checks.extrapolate import Limit
from diversity_jax.checks.fit_limit import precision, weights
from diversity_jax.checks.statistics import detectable, mean_and_error, student


def at_rate(sizes: np.ndarray, rows: np.ndarray, rate: float, level: float, error: float) -> Limit:
    """The limit of gaps [seeds, sizes] that fall like ``size^-rate``."""
    weight = precision(sizes, rows)
    windows = range(2, len(sizes) + 1)
    fits = [
        _window(sizes, rows, weight, window, rate, level / len(windows), error)
        for window in windows
    ]
    return min(fits, key=lambda limit: limit.interval[1] - limit.interval[0] + 2 * limit.noise)


def falls(sizes: np.ndarray, rows: np.ndarray, rate: float, level: float, error: float) -> bool:
    """Whether the gap [seeds, sizes] at the smallest size differs from the fitted limit.

    A longer way down than to the largest size, and better resolved.
    """
    constant, _, _ = weights(sizes, precision(sizes, rows), np.array([rate]))
    change = np.eye(len(sizes))[0] - constant[0]
    return bool(_beyond(rows @ change[:, None], level, error * np.abs(change).sum())[0])


def _window(
    sizes: np.ndarray,
    rows: np.ndarray,
    weight: np.ndarray,
    window: int,
    rate: float,
    level: float,
    error: float,
) -> Limit:
    """The limit from the largest `window` sizes."""
    part, smallest = slice(-window, None), np.eye(len(sizes))[0]
    constant, slope, _ = weights(sizes[part], weight[part], np.array([rate]))
    fit = np.zeros(len(sizes))
    fit[part] = constant[0]
    bias = min(abs(float(fit @ (sizes / sizes[0]) ** (-2 * rate))), 0.99)
    step = bias / (1 - bias) * (smallest - fit)
    ends = np.stack([fit - step, fit + step])
    centre, deviation = mean_and_error(rows @ ends.T)
    critical = student(level, len(rows) - 1)
    half = critical * deviation + error * np.abs(ends).sum(axis=1)
    return Limit(
        interval=(float((centre - half).min()), float((centre + half).max())),
        constant=float(rows.mean(axis=0) @ fit),
        amplitude=float(slope[0] @ rows[:, part].mean(axis=0)),
        rate=rate,
        noise=float((detectable(level, len(rows) - 1) - critical) * deviation.max()),
    )


def admitted(
    sizes: np.ndarray, rows: np.ndarray, rates: np.ndarray, level: float, error: float
) -> np.ndarray:
    """Which `rates` the gaps [seeds, sizes] admit, if their limit is 0; one row will do."""
    ratio = (sizes[-1] / sizes[0]) ** -rates
    first, last = rows[:, :1], rows[:, -1:]
    above = _beyond(last - (3 * ratio - 2 * ratio**2) * first, level, error * (1 + 3 * ratio))
    below = _beyond(last - ratio**2 * first, level, error * (1 + ratio**2))
    return ~((above > 0) | (below < 0)) | ~((above < 0) | (below > 0))


def shaped(sizes: np.ndarray, rows: np.ndarray, rate: float, level: float, error: float) -> bool:
    """Whether the gaps [seeds, sizes] have the shape of a fall to 0 at `rate`; one row will do."""
    terms = (sizes[:, None] / sizes[0]) ** (-rate * np.arange(1, 4))
    rest = np.linalg.qr(terms[:, :2], mode="complete")[0][:, 2:]
    third = np.abs(rest.T @ terms[:, 2] * rows[:, 0].mean())
    return not _beyond(
        rows @ rest, level / rest.shape[1], third + error * np.abs(rest).sum(axis=0)
    ).any()


def _beyond(values: np.ndarray, level: float, error: ArrayLike) -> np.ndarray:
    """The sign of each column's mean over seeds where it is resolved, elsewhere 0."""
    half = np.asarray(error)
    if len(values) > 1:
        half = half + student(level, len(values) - 1) * mean_and_error(values)[1]
    mean = values.mean(axis=0)
    return np.sign(mean) * (np.abs(mean) > half)
