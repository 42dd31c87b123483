"""Density, score, responsibilities and samples of Gaussian components, one chunk of rows.

All of it works on differences from the means, never on expanded squares, so nothing cancels when
the points are far from the origin or the components far from each other. Arrays here are
component-major, `[k, n]`: sums over components then run along whole vectors of points.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Float, Int, Int32, Key, Num

from diversity_jax import distant
from diversity_jax.records import Record
from diversity_jax.rows import rows_per_chunk

HIGHEST = lax.Precision.HIGHEST
UNROLL = 8


class Standard(Record):
    """What the chunks need of a mixture: means, whitening and normalisation, computed once."""

    means: Float[Array, "k d"]
    whitening: Array  # 1/deviation [k, d], or the inverse of the Cholesky factor [k, d, d]
    precisions: Array  # 1/variance [k, 1] or [k, d], or the inverse covariance [k, d, d]
    constants: Float[Array, " k"]  # log-density at the mean plus log-weight (where it is not -inf)
    multipliers: Float[Array, " k"]  # 1, or the weight itself where that is zero

    @property
    def full(self) -> bool:
        """Whether the covariances are matrices."""
        return self.whitening.ndim == 3


def standardise(
    weights: Float[Array, " k"],
    means: Float[Array, "k d"],
    variances: Float[Array, " k"] | Float[Array, "k d"] | Float[Array, "k d d"],
) -> Standard:
    """The whitening and normalisation of each component; NaN where a variance is not positive.

    Shapes: `variances` is `[k]`, `[k, d]` or `[k, d, d]`.
    """
    dimension = means.shape[1]
    if variances.ndim == 3:
        factor = semidefinite_factor(variances)
        deviations = _positive_or_nan(jnp.diagonal(factor, axis1=1, axis2=2))
        identity = jnp.broadcast_to(jnp.eye(dimension, dtype=means.dtype)[None], factor.shape)
        whitening = lax.linalg.triangular_solve(factor, identity, left_side=True, lower=True)
        precisions = jnp.matmul(whitening.mT, whitening, precision=HIGHEST)
    else:
        if variances.ndim == 1:
            variances = variances[:, None]
        roots = jnp.sqrt(_positive_or_nan(variances))
        deviations = jnp.broadcast_to(roots, means.shape)
        whitening, precisions = 1 / deviations, (1 / roots) ** 2
    # A zero weight stays out of the logarithm, where its derivative would be NaN, and enters as
    # a factor instead; a negative one, possible under tracing only, becomes NaN.
    weighted = weights > 0
    log_weights = jnp.log(jnp.where(weighted, weights, 1))
    multipliers = jnp.where(weighted, 1, jnp.where(weights < 0, jnp.nan, weights))
    normalisation = jnp.log(deviations).sum(1) + dimension * math.log(2 * math.pi) / 2
    return Standard(means, whitening, precisions, log_weights - normalisation, multipliers)


def rows_at_once(function: Callable, standard: Standard, points: Num[Array, "n d"]) -> int:
    """Rows for which the work of `function`, one of those below, fits the cache.

    The squared distances fit the first-level one, if they can. The score of full covariances
    stacks the pulls of all components in four times as much, for fewer and longer products.
    """
    components, dimension = standard.means.shape
    size = jnp.result_type(points.dtype, standard.means.dtype).itemsize
    most = 1024 if standard.full else max(64, 2**16 // (size * components))
    numbers = 3 * components + 4 * dimension
    if standard.full and function is score:
        most, numbers = 2048, max(numbers, components * dimension // 4)
    return rows_per_chunk(points.shape[0], size * numbers, most=most)


def _positive_or_nan(values: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
    return jnp.where(values > 0, values, jnp.nan)


def log_density(standard: Standard, points: Num[Array, "n d"]) -> Float[Array, " n"]:
    """The log-density at each point of a chunk."""
    terms, shift, components = _terms(standard, points)
    arrays = terms, shift, points.astype(shift.dtype), components, standard.multipliers
    return shift + distant.log_total(*arrays)


def responsibilities(standard: Standard, points: Num[Array, "n d"]) -> Float[Array, "n k"]:
    """The probability of each component given each point of a chunk."""
    shares = _shares(standard, points)
    return (shares / shares.sum(0)[None]).T


def score(standard: Standard, points: Num[Array, "n d"]) -> Float[Array, "n d"]:
    """The gradient of the log-density at each point of a chunk."""
    shares = _shares(standard, points)
    inverse = 1 / shares.sum(0)
    points = points.astype(shares.dtype)
    if standard.full:
        # One product with all precision matrices below each other: sums of products, component
        # by component, would read and write the result once for each.
        pulls = (standard.means[None] - points[:, None, :]) * shares.T[:, :, None]
        rows, components, dimension = pulls.shape
        stacked = standard.precisions.reshape(components * dimension, dimension)
        pulls = pulls.reshape(rows, components * dimension)
        force = jnp.matmul(pulls, stacked, precision=HIGHEST)
        return force * inverse[:, None]
    columns, precisions = points.T, standard.precisions
    isotropic = precisions.shape[1] == 1
    if isotropic:
        shares = shares * precisions

    def add(force, component):
        mean, precision, share = component
        pull = share[None] * (mean[:, None] - columns)
        return force + (pull if isotropic else pull * precision[:, None]), None

    # Unrolled, so that the result is read and written once for several components.
    components = (standard.means, precisions, shares)
    force = lax.scan(add, jnp.zeros_like(columns), components, unroll=UNROLL)[0]
    return (force * inverse[None]).T


def _shares(standard: Standard, points: Num[Array, "n d"]) -> Float[Array, "k n"]:
    """The terms of each point relative to the largest, not normalised."""
    terms, shift, components = _terms(standard, points)
    values = distant.exponentials(terms, shift, points.astype(shift.dtype), components)
    return values * standard.multipliers[:, None]


def _terms(
    standard: Standard, points: Num[Array, "n d"]
) -> tuple[Float[Array, "k n"], Float[Array, " n"], distant.Components]:
    """Log-terms relative to the largest of each point, that one, and how to do better far away."""
    logarithms = standard.constants[:, None] - _squared_distances(standard, points) / 2
    weighted = standard.multipliers != 0
    shift = lax.stop_gradient(jnp.where(weighted[:, None], logarithms, -jnp.inf).max(0))
    # Where every term is below the smallest number, -inf minus -inf would be NaN.
    terms = logarithms - jnp.where(jnp.isneginf(shift), 0, shift)[None]
    components = distant.Components(
        standard.means, standard.whitening, standard.constants, weighted
    )
    return terms, shift, components


def _squared_distances(standard: Standard, points: Num[Array, "n d"]) -> Float[Array, "k n"]:
    """Squared whitened distances `[k, n]`, coordinate by coordinate or matrix by matrix."""
    points = points.astype(jnp.result_type(points.dtype, standard.means.dtype))
    if standard.full:

        def distance(_, component):
            mean, whitening = component
            white = jnp.matmul(points - mean[None], whitening.T, precision=HIGHEST)
            return None, (white * white).sum(1)

        squares = lax.scan(distance, None, (standard.means, standard.whitening))[1]
        # Zeros of the triangular factor times infinity are NaN. The largest of NaN is NaN.
        infinite = jnp.abs(points).max(1) == jnp.inf
        return jnp.where(infinite[None], jnp.inf, squares)

    def add(squares, coordinate):
        column, means, whitening = coordinate
        white = (column[None] - means[:, None]) * whitening[:, None]
        return squares + white * white, None

    start = jnp.zeros((standard.means.shape[0], points.shape[0]), points.dtype)
    return lax.scan(add, start, (points.T, standard.means.T, standard.whitening.T))[0]


Drawn = tuple[Key[Array, ""], Array, Array, Array, Int[Array, " k"] | None]


def deviations(variances: Float[Array, "k ..."]) -> Float[Array, "k ..."]:
    """What turns standard normal numbers into a component's: roots, or triangular factors."""
    return semidefinite_factor(variances) if variances.ndim == 3 else jnp.sqrt(variances)


def draw(
    rows: int, parameters: Drawn, index: Int[Array, ""], start: Int[Array, ""]
) -> tuple[Float[Array, "n d"], Int32[Array, " n"]]:
    """`rows` points and their components, chunk `index` from row `start` on.

    `parameters` are the key, weights, means, deviations and the row at which each component
    ends, or None to draw the components by weight.
    """
    key, weights, means, deviations, ends = parameters
    label_key, noise_key = jax.random.split(jax.random.fold_in(key, index))
    if ends is None:
        cumulative = jnp.cumsum(weights)
        uniform = jax.random.uniform(label_key, (rows,), weights.dtype) * cumulative[-1]
        labels = (uniform[:, None] >= cumulative[None]).sum(1)
        # Rounding can bring the uniform number up to the total itself.
        last = jnp.max(jnp.where(weights > 0, jnp.arange(weights.size), 0))
        labels = jnp.minimum(labels, last).astype(jnp.int32)
    else:
        row = start + jnp.arange(rows, dtype=jnp.int32)
        labels = (row[:, None] >= ends[None]).sum(1).astype(jnp.int32)
    noise = jax.random.normal(noise_key, (rows, means.shape[1]), means.dtype)
    if deviations.ndim == 1:
        noise = deviations[labels][:, None] * noise
    elif deviations.ndim == 2:
        noise = deviations[labels] * noise
    else:
        noise = jnp.einsum("nij,nj->ni", deviations[labels], noise, precision=HIGHEST)
    return means[labels] + noise, labels


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
    change = (tangents[0] + tangents[0].mT) / 2
    inner = lax.linalg.triangular_solve(factor, change, left_side=True, lower=True)
    inner = lax.linalg.triangular_solve(factor, inner, lower=True, transpose_a=True)
    diagonal = jnp.eye(factor.shape[-1], dtype=factor.dtype)[None] * inner / 2
    return factor, jnp.matmul(factor, jnp.tril(inner) - diagonal, precision=HIGHEST)


def semidefinite(matrices: Float[Array, "k d d"]) -> Bool[Array, ""]:
    """Whether traced matrices are symmetric and positive semi-definite, both up to rounding.

    The slack is that of `validate.semidefinite`.
    """
    dimension = matrices.shape[-1]
    slack = 8 * dimension * jnp.finfo(matrices.dtype).eps * abs(matrices).max(axis=(1, 2))
    slack = lax.stop_gradient(slack)[:, None, None]
    matrices = lax.stop_gradient(matrices)
    even = (abs(matrices - matrices.mT) <= slack).all()
    shifted = matrices + slack * jnp.eye(dimension, dtype=matrices.dtype)[None]
    # Where all is zero the slack is too, and the factor does not exist.
    identity = jnp.eye(dimension, dtype=matrices.dtype)[None]
    factor = jnp.linalg.cholesky(jnp.where(slack > 0, shifted, identity))
    return even & jnp.isfinite(factor).all()


def _slack(matrices: Float[Array, "k d d"]) -> Float[Array, "k d"]:
    dimension = matrices.shape[-1]
    rounding = dimension * jnp.finfo(matrices.dtype).eps
    return rounding * jnp.diagonal(matrices, axis1=1, axis2=2)


def _singular_factor(matrices: Float[Array, "k d d"]) -> Float[Array, "k d d"]:
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
