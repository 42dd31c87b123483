"""What doubling promises: how far points lie from their centroids, against what is possible.

With the multiplier m > 1 and R as in `quantise` (the radius after the last merge):

    points lie within         R (1 + 1/m + 1/m^2 + ...) = R m / (m - 1),
    any k centres leave one   R / (2 m)  away or farther,

the first since a point that is moved once more at every merge goes by less than R, R/m, R/m^2, ...,
the second since there were k + 1 centroids no two of which were nearer than R / m. The ratio of the
two, ``2 m^2 / (m - 1)``, is at its least, 8, at m = 2, and 9 at m = 3/2 and at m = 3. The papers
say ``1 + eps``; no algorithm of polynomial time has less than 2 unless P = NP, and this one has
more than 2 on a line of few points (`counterexamples.doubling_counterexample`).
"""

from __future__ import annotations

import math

import jax
import numpy as np
from jaxtyping import Array, Float, ScalarLike

from diversity_jax import validate
from diversity_jax.graph_learning.theory import _arguments


def approximation_factor(multiplier: ScalarLike) -> Float[Array, ""]:
    """``2 m^2 / (m - 1)``: the largest distance is at most that many times the best possible.

    Errors: ValueError for a multiplier that is not above 1.
    Source: derived; Charikar, Chekuri, Feder and Motwani 1997 for m = 2.
    """
    m = _multiplier(multiplier)
    return jax.device_put(np.float64(2 * m * (m / (m - 1))))


def distortion_bound(radius: ScalarLike, *, multiplier: ScalarLike) -> Float[Array, ""]:
    """``R m / (m - 1)``: no point is farther from its centroid.

    Errors: ValueError for a negative radius, or a multiplier that is not above 1.
    Source: 1203.3522, for m = 1.5 in words; derived.
    """
    m = _multiplier(multiplier)
    return jax.device_put(np.float64(_arguments.number("radius", radius) * (m / (m - 1))))


def optimum_bound(radius: ScalarLike, *, multiplier: ScalarLike) -> Float[Array, ""]:
    """``R / (2 m)``: no k centres have all points nearer than that.

    Errors: those of `distortion_bound`.
    Source: derived.
    """
    m = _multiplier(multiplier)
    return jax.device_put(np.float64(_arguments.number("radius", radius) / (2 * m)))


def merges_bound(largest: ScalarLike, first: ScalarLike, *, multiplier: ScalarLike) -> int:
    """How often centroids can merge: R is at least ``m first`` at first, and grows by m each time.

    A merge with n before it had two centroids no nearer than ``first m^n`` and no farther than the
    `largest` distance of two points, so that there are at most ``1 + log_m (largest / first)``.
    `first` is the smallest distance among the first k + 1 distinct points.

    Errors: ValueError for distances that are not above zero, a largest below the first, and as
    `distortion_bound`.
    Source: derived.
    """
    m = _multiplier(multiplier)
    most = _arguments.above_zero("largest", largest)
    least = _arguments.above_zero("first", first)
    if most < least:
        got, fix = f"{most:.6g} below the first, {least:.6g}", "the first is one of them"
        raise validate.fail("largest", got, "the largest distance of all", fix)
    turns = (math.log(most) - math.log(least)) / math.log(m)
    # A ratio that is a power of m is counted in full, whatever its logarithm is rounded to.
    return 1 + math.floor(turns + 1e-12 * (1 + abs(turns)))


def distortion_exponent(dimension: ScalarLike) -> Float[Array, ""]:
    """``-1 / d``: the distortion of k centroids of a compact set of dimension d falls as k^(-1/d).

    An upper bound's exponent, asymptotic in k: a set of dimension d is covered by some k balls of
    radius k^(-1/d), and no fewer where its measure is bounded from below.

    Errors: ValueError for a dimension that is not above zero.
    Source: 2605.03495, section 5.4; 1203.3522.
    """
    return jax.device_put(np.float64(-1 / _arguments.above_zero("dimension", dimension)))


def laplacian_exponent(dimension: ScalarLike) -> Float[Array, ""]:
    """``-2 / d``: that of the squared error of the normalised Laplacian, in the Frobenius norm.

    Asymptotic in k, for a Lipschitz kernel and degrees that are at least of the order of n: each
    weight is off by the order of the distortion, each of n^2 entries by it over n.

    Errors: those of `distortion_exponent`.
    Source: 2605.03495, section 5.4.
    """
    return 2 * distortion_exponent(dimension)


def _multiplier(multiplier: ScalarLike) -> float:
    m = _arguments.above_zero("multiplier", multiplier)
    if m <= 1:
        fix = "take 2 for the best guarantee, or the papers' 1.5"
        raise validate.fail("multiplier", m, "a number above 1", fix)
    return m
