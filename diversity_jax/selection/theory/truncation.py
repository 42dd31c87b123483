"""Gaussians cut to a band: along one axis (T4), and to a shell around the centroid (T3).

Along one axis. For standard normal u kept between z_a and z_b, with density f and mass P between,
integration by parts (``f' = -u f``) gives

    E u = (f_a - f_b) / P,     Var u = 1 + (z_a f_a - z_b f_b) / P - (E u)^2.

Both differences cancel for narrow bands and far tails, so the same integrals are taken by
Gauss-Legendre nodes over the part of the band that carries mass, in distances from its mode.

Shell. For ``x = mu + deviation g`` kept when ``q_a <= |g|^2 <= q_b``, symmetry leaves the mean at
mu and makes the covariance ``v variance I`` with ``v = E[|g|^2 | kept] / d``. With the chi-square
density f_d, ``q f_d(q) = d f_{d+2}(q)``, so v is a ratio of probabilities of chi-square laws with
d + 2 and d degrees of freedom; and ``F_{d+2}(q) = F_d(q) - h(q)`` with
``h(q) = (q/2)^(d/2) e^(-q/2) / Gamma(d/2 + 1)`` turns it into

    v = 1 - (h(q_b) - h(q_a)) / (high - low).

Since ``|g|^2 = d + sqrt(2 d) z`` for large d, ``v = 1 + sqrt(2/d) E[u | band] + O(1/d)``.
"""

from __future__ import annotations

import math
from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import gammainc, gammaln, ndtr, ndtri, xlogy
from jaxtyping import Array, Float, ScalarLike

from diversity_jax.records import Record
from diversity_jax.selection.theory import _arguments
from diversity_jax.selection.theory.numerics.roots import increasing_root

NODES = 64
DEPTH = 40.0  # density below exp(-40) of its largest value in the band is left out


class Band(Record):
    """Mean and variance of one coordinate after the cut, in units of its deviation before."""

    mean: Float[Array, ""]
    variance: Float[Array, ""]


def band_moments(*, low: ScalarLike, high: ScalarLike) -> Band:
    """Mean and variance of a standard normal number between two quantile levels (T4).

    ``mean = (f_a - f_b) / (high - low)``, f the density at the quantiles; the variance stands in
    the module docstring. Exact, ``low = 0`` and ``high = 1`` included.

    Errors: ValueError unless ``0 <= low < high <= 1``.
    Source: derived.
    """
    _arguments.band(low, high)
    low, high = _arguments.floating(low, high)
    return truncated_normal(ndtri(low), ndtri(high))[1]


def truncated_normal(lower: ScalarLike, upper: ScalarLike) -> tuple[Float[Array, ""], Band]:
    """The log-probability of ``lower < u < upper`` for standard normal u, and u's moments there.

    Ends may be infinite; relative accuracy holds for narrow bands and far tails alike. Wants
    ``lower < upper``, not checked.

    Source: derived in the module docstring.
    """
    return _truncated(*_arguments.floating(lower, upper))


@jax.jit
def _truncated(lower: Array, upper: Array) -> tuple[Array, Band]:
    mode = jnp.clip(jnp.zeros_like(lower), lower, upper)
    reach = jnp.sqrt(mode**2 + 2 * DEPTH)
    start, end = jnp.maximum(lower, -reach), jnp.minimum(upper, reach)
    half = (end - start) / 2
    nodes, weights = (jnp.asarray(part, half.dtype) for part in _legendre())
    distance = (start - mode) + half * (1 + nodes)
    mass = weights * jnp.exp(-distance * (distance / 2 + mode))
    total = jnp.sum(mass)
    mean = jnp.sum(mass * distance) / total
    variance = jnp.sum(mass * (distance - mean) ** 2) / total
    log_mass = jnp.log(half * total) - mode**2 / 2 - math.log(2 * math.pi) / 2
    return log_mass, Band(mean=mode + mean, variance=variance)


def normal_mass(lower: Array, upper: Array) -> Array:
    """The probability of ``lower < u < upper``, from the nearer tail so that it keeps digits."""
    mirrored = lower + upper > 0
    return jnp.where(
        mirrored,
        ndtr(jnp.where(mirrored, -lower, 0.0)) - ndtr(jnp.where(mirrored, -upper, 0.0)),
        ndtr(jnp.where(mirrored, 0.0, upper)) - ndtr(jnp.where(mirrored, 0.0, lower)),
    )


def shell_variance(dimension: int, *, low: ScalarLike, high: ScalarLike) -> Float[Array, ""]:
    """The variance per direction, over the one before, of points kept by distance to the centroid.

    ``v = (F_{d+2}(q_b) - F_{d+2}(q_a)) / (high - low)`` with chi-square cdfs F and d-quantiles q
    (T3); the mean does not move. `low` and `high` are quantile levels of the DISTANCE. Exact for
    isotropic Gaussians around their true centroid.

    Errors: ValueError for a dimension that is no integer >= 1 or levels outside [0, 1].
    Source: derived.
    """
    _arguments.count("dimension", dimension, 1)
    _arguments.band(low, high)
    low, high = _arguments.floating(low, high)
    half = jnp.asarray(dimension / 2, low.dtype)
    return 1 - (_lost(half, high) - _lost(half, low)) / (high - low)


def shell_variance_approximation(
    dimension: int, *, low: ScalarLike, high: ScalarLike
) -> Float[Array, ""]:
    """``1 + sqrt(2 / dimension) E[u | band]``: `shell_variance` up to terms of order 1/dimension.

    For an end bin of fraction rho, ``1 -+ pdf(z) / rho sqrt(2 / d)``: selection by distance fades
    in high dimension. Asymptotic in the dimension.

    Errors: as `shell_variance`.
    Source: as `shell_variance`.
    """
    _arguments.count("dimension", dimension, 1)
    return 1 + math.sqrt(2 / dimension) * band_moments(low=low, high=high).mean


@jax.jit
def _lost(half: Array, level: Array) -> Array:
    """``h`` at the quantile of `level`, zero at both ends; `half` the dimension."""
    end = (level <= 0) | (level >= 1)
    inner = jnp.where(end, 0.5, level)
    # Laurent and Massart: P(chi-square > d + 2 sqrt(d x) + 2 x) <= exp(-x).
    excess = -jnp.log1p(-inner)
    most = half + jnp.sqrt(2 * half * excess) + excess
    quantile = increasing_root(lambda x: gammainc(half, x) - inner, jnp.zeros_like(most), most)
    return jnp.where(end, 0.0, jnp.exp(xlogy(half, quantile) - quantile - gammaln(half + 1)))


@cache
def _legendre() -> tuple[np.ndarray, np.ndarray]:
    return np.polynomial.legendre.leggauss(NODES)
