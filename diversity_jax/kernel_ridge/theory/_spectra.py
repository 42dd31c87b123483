"""Degrees of freedom of the periodic Sobolev kernel without truncation, and a fixed point."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

import numpy as np

# Below this ``x = pi / sqrt(ridge)`` over pi, where the closed forms cancel, their series is used.
SMALL = 0.5
TERMS = 40


def degrees(ridge: float) -> tuple[float, float]:
    """``sum s / (s + ridge)`` and ``sum (s / (s + ridge))^2``, eigenvalues 1 and j^-2 twice.

    With x = pi ridge^-1/2 the pairs add up to ``x coth x - 1`` and, by its derivative,
    ``(x coth x + (x / sinh x)^2) / 2 - 1``.
    """
    constant = 1 / (1 + ridge)
    a = 1 / math.sqrt(ridge)
    if a < SMALL:
        first, second = _series(a)
    else:
        x = math.pi * a
        slope = x / math.tanh(x)
        bent = (x / math.sinh(x)) ** 2 if x < 300 else 0.0
        first, second = slope - 1, (slope + bent) / 2 - 1
    return constant + first, constant**2 + second


def _series(a: float) -> tuple[float, float]:
    """``2 sum (-1)^(m+1) zeta(2m) a^2m`` over m >= 1, and with ``m - 1`` and the other sign."""
    orders = np.arange(1, TERMS)
    terms = 2 * _zeta() * (-1.0) ** (orders + 1) * a ** (2.0 * orders)
    return float(terms.sum()), float(-((orders - 1) * terms).sum())


@functools.cache
def _zeta() -> np.ndarray:
    """zeta(2), zeta(4), ...: from the third on a thousand terms leave less than rounding out."""
    orders = np.arange(1, TERMS)
    found = np.array([(np.arange(1, 1000.0) ** (-2.0 * order)).sum() for order in orders])
    found[:2] = math.pi**2 / 6, math.pi**4 / 90
    return found


def fixed_point(
    first: Callable[[float], float], trace: float, samples: float, ridge: float
) -> float:
    """kappa with ``ridge = kappa (1 - first(kappa) / samples)``.

    ``kappa first(kappa)`` is at most the trace, so it is between ridge and ridge + trace / samples,
    and the right-hand side rises there.
    """
    low, high = ridge, ridge + trace / samples
    for _ in range(200):
        middle = math.sqrt(low) * math.sqrt(high)
        if not low < middle < high:
            break
        if middle * (1 - first(middle) / samples) < ridge:
            low = middle
        else:
            high = middle
    return high
