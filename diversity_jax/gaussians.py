"""Density, score and responsibilities of Gaussian components on one chunk of points.

All of it works on differences from the means, never on expanded squares, so nothing cancels when
the points are far from the origin or the components far from each other. Arrays here are
component-major, `[k, n]`: sums over components then run along whole vectors of points.
"""

from __future__ import annotations

import math

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

HIGHEST = lax.Precision.HIGHEST


class Standard(eqx.Module):
    """What the chunks need of a mixture: means, whitening and normalisation, computed once."""

    means: Float[Array, "k d"]
    whitening: Array  # 1/variance [k], 1/deviation [k, d] or inverse Cholesky factor [k, d, d]
    constants: Float[Array, " k"]  # log-density at the mean plus log-weight (where it is not -inf)
    multipliers: Float[Array, " k"]  # 1, or the weight itself where that is zero
    kind: str = eqx.field(static=True)


def standardise(weights, means, variances, kind: str) -> Standard:
    """The whitening and normalisation of each component; NaN where a variance is not positive."""
    dimension = means.shape[1]
    if kind == "isotropic":
        whitening = 1 / _positive_or_nan(variances)
        log_precision = dimension * jnp.log(whitening)
    elif kind == "diagonal":
        whitening = 1 / jnp.sqrt(_positive_or_nan(variances))
        log_precision = 2 * jnp.log(whitening).sum(1)
    else:
        factor = semidefinite_factor(variances)
        diagonal = _positive_or_nan(jnp.diagonal(factor, axis1=1, axis2=2))
        identity = jnp.broadcast_to(jnp.eye(dimension, dtype=means.dtype)[None], factor.shape)
        whitening = lax.linalg.triangular_solve(factor, identity, left_side=True, lower=True)
        log_precision = -2 * jnp.log(diagonal).sum(1)
    # A zero weight stays out of the logarithm, where its derivative would be NaN, and enters as
    # a factor instead; a negative one, possible under tracing only, becomes NaN.
    weighted = weights > 0
    log_weights = jnp.log(jnp.where(weighted, weights, 1))
    multipliers = jnp.where(weighted, 1, jnp.where(weights < 0, jnp.nan, weights))
    constants = log_weights + (log_precision - dimension * math.log(2 * math.pi)) / 2
    return Standard(means, whitening, constants, multipliers, kind)


def _positive_or_nan(values):
    return jnp.where(values > 0, values, jnp.nan)


def log_density(standard: Standard, points: Float[Array, "n d"]) -> Float[Array, " n"]:
    """The log-density at each point of a chunk."""
    shift, exponentials = _exponentials(standard, points)
    return shift + jnp.log(_total(standard, exponentials))


def responsibilities(standard: Standard, points: Float[Array, "n d"]) -> Float[Array, "n k"]:
    """The probability of each component given each point of a chunk."""
    return _responsibilities(standard, points).T


def score(standard: Standard, points: Float[Array, "n d"]) -> Float[Array, "n d"]:
    """The gradient of the log-density at each point of a chunk."""
    shares = _responsibilities(standard, points)
    points = points.astype(shares.dtype)

    def add(pull, component):
        mean, whitening, share = component
        difference = mean[None] - points
        if standard.kind == "isotropic":
            return pull + (share * whitening)[:, None] * difference, None
        if standard.kind == "diagonal":
            return pull + share[:, None] * (difference * (whitening * whitening)[None]), None
        white = jnp.matmul(difference, whitening.T, precision=HIGHEST)
        return pull + jnp.matmul(share[:, None] * white, whitening, precision=HIGHEST), None

    return lax.scan(add, jnp.zeros_like(points), (standard.means, standard.whitening, shares))[0]


def _responsibilities(standard, points):
    _, exponentials = _exponentials(standard, points)
    shares = exponentials * standard.multipliers[:, None]
    return shares / _total(standard, exponentials)[None]


def _total(standard, exponentials):
    return (exponentials * standard.multipliers[:, None]).sum(0)


def _exponentials(standard, points):
    """The largest log-term of each point and the exponentials of all terms relative to it."""
    logarithms = standard.constants[:, None] - _squared_distances(standard, points) / 2
    weighted = (standard.multipliers != 0)[:, None]
    shift = lax.stop_gradient(jnp.where(weighted, logarithms, -jnp.inf).max(0))
    # Where every term is below the smallest number, -inf minus -inf would be NaN.
    shift = jnp.where(jnp.isneginf(shift), 0, shift)
    # Only a component of zero weight can lie above the shift: it must not overflow.
    ceiling = math.log(jnp.finfo(logarithms.dtype).max) / 2
    return shift, jnp.exp(jnp.minimum(logarithms - shift[None], ceiling))


def _squared_distances(standard, points):
    """Squared whitened distances `[k, n]`."""
    points = points.astype(jnp.result_type(points.dtype, standard.means.dtype))
    if standard.kind == "isotropic":
        difference = points[:, None, :] - standard.means[None]
        return (difference * difference).sum(2).T * standard.whitening[:, None]

    def distance(_, component):
        mean, whitening = component
        difference = points - mean[None]
        if standard.kind == "diagonal":
            white = difference * whitening[None]
        else:
            white = jnp.matmul(difference, whitening.T, precision=HIGHEST)
        return None, (white * white).sum(1)

    return lax.scan(distance, None, (standard.means, standard.whitening))[1]


@jax.custom_jvp
def semidefinite_factor(matrices: Float[Array, "k d d"]) -> Float[Array, "k d d"]:
    """Lower triangular `L` with ``L L^T = matrices``, columns of zeros where they are singular.

    A direction counts as singular where less than `d` roundings of its variance are left over
    by the directions before it. The derivative exists for positive definite matrices only.
    """
    factor = jnp.linalg.cholesky(matrices)
    pivots = jnp.diagonal(factor, axis1=1, axis2=2) ** 2
    regular = (pivots > _slack(matrices)).all()
    return lax.cond(regular, lambda: factor, lambda: _singular_factor(matrices))


@semidefinite_factor.defjvp
def _semidefinite_factor_jvp(primals, tangents):
    factor = semidefinite_factor(*primals)
    # L^-1 dC L^-T = L^-1 dL + (L^-1 dL)^T, and L^-1 dL is lower triangular.
    inner = lax.linalg.triangular_solve(factor, tangents[0], left_side=True, lower=True)
    inner = lax.linalg.triangular_solve(factor, inner, lower=True, transpose_a=True)
    diagonal = jnp.eye(factor.shape[-1], dtype=factor.dtype)[None] * inner / 2
    return factor, jnp.matmul(factor, jnp.tril(inner) - diagonal, precision=HIGHEST)


def _slack(matrices):
    dimension = matrices.shape[-1]
    rounding = dimension * jnp.finfo(matrices.dtype).eps
    return rounding * jnp.diagonal(matrices, axis1=1, axis2=2)


def _singular_factor(matrices):
    """Cholesky's algorithm, column by column, leaving out the columns without a pivot."""
    dimension = matrices.shape[-1]
    slack = _slack(matrices)

    def column(index, factor):
        row = factor[:, index]
        known = jnp.einsum("kij,kj->ki", factor, row, precision=HIGHEST)
        rest = matrices[:, :, index] - known
        pivot = rest[:, index]
        kept = pivot > slack[:, index]
        scale = jnp.where(kept, 1 / jnp.sqrt(jnp.where(kept, pivot, 1)), 0)
        below = (jnp.arange(dimension) >= index)[None]
        return factor.at[:, :, index].set(jnp.where(below, rest * scale[:, None], 0))

    return lax.fori_loop(0, dimension, column, jnp.zeros_like(matrices))
