"""Points centred and brought to a scale near one, exactly: by shifts and powers of two.

A solver then meets the same numbers for points far from the origin, tiny or huge ones; squares of
numbers up to 1e150 do not overflow on the way. Arrays of numpy and of jax, values seen or traced.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from diversity_jax.convex_clustering.projections import Numbers, library


class Scaled(NamedTuple):
    """``points = middle + size * points here``; flows have the unit of the points."""

    points: Any  # [n, d], mean zero, largest entry in [1, 2)
    weights: Any  # [m], largest in [1, 2)
    middle: Any  # [d]
    size: Any
    heaviness: Any  # of the weights

    def gamma(self, gamma: Any) -> Any:
        """gamma in the units here."""
        xp = library(self.points)
        here = xp.asarray(gamma, self.points.dtype) / self.size * self.heaviness
        # Far beyond where all points are one; its square, as of all numbers here, is finite.
        return xp.minimum(here, 1e-4 * xp.sqrt(xp.finfo(self.points.dtype).max))

    def half(self) -> Any:
        """``|X - mean|^2 / 2``, which tolerances are relative to."""
        return library(self.points).sum(self.points**2) / 2


def scaled(points: Numbers, weights: Numbers) -> Scaled:
    """Bring points and weights to the units in which they are solved."""
    xp = library(points)
    whole = _power(points)
    rows = points / whole
    middle = xp.mean(rows, axis=0)
    rows = rows - middle[None]
    rest = xp.mean(rows, axis=0)  # of the rounding, where the points are far from the origin
    rows = rows - rest[None]
    own, heaviness = _power(rows), _power(weights)
    return Scaled(rows / own, weights / heaviness, (middle + rest) * whole, own * whole, heaviness)


def _power(array: Numbers) -> Any:
    """The power of two at or below the largest entry; 1 where there is none."""
    xp = library(array)
    most = xp.max(xp.abs(array), initial=0)
    _, exponent = xp.frexp(most)
    one = xp.ones((), array.dtype)
    return xp.where(most > 0, xp.ldexp(one, exponent - 1), one)
