"""Components compared at points so far that squared distances no longer tell them apart.

The log-terms of a point are ``constants_k - |W_k (x - m_k)|^2 / 2``, and their differences decide
on everything but the density. Squares keep a relative rounding: where the nearest one is above
1/64 of its inverse their differences are noise, and beyond the root of the largest number they are
``inf - inf``. There the difference to a reference component r is taken as a product,

    |white_k|^2 - |white_r|^2 = (white_k - white_r) . (white_k + white_r)
    white_k - white_r = [W_k (x - m_r) - W_r (x - m_r)] - W_k (m_k - m_r),

in units of the distance, whose bracket is exactly zero for equal covariances.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import lax
from jax.custom_batching import custom_vmap
from jaxtyping import Array, Bool, Float, Int

from diversity_jax.records import Record

HIGHEST = lax.Precision.HIGHEST


class Components(Record):
    """What a comparison needs to know of them, for a chunk of points."""

    means: Float[Array, "k d"]
    whitening: Array  # [k, d], or [k, d, d]
    constants: Float[Array, " k"]
    weighted: Bool[Array, " k"]


@jax.custom_jvp
def exponentials(
    terms: Float[Array, "k n"],
    shift: Float[Array, " n"],
    points: Float[Array, "n d"],
    components: Components,
) -> Float[Array, "k n"]:
    """``exp(terms)`` of log-terms relative to `shift`, the largest of each point, compared anew
    where that is too low for them to say anything (or NaN)."""
    highest = jnp.where(components.weighted, components.constants, -jnp.inf).max()
    # At least half the square of the component with the largest term, which is the nearest one
    # but for the constants.
    near = (highest - shift) * jnp.finfo(terms.dtype).eps < 1 / 128
    return _exponentials(~near, terms, points, *jax.tree.leaves(components))


@exponentials.defjvp
def _exponentials_jvp(primals: tuple, tangents: tuple) -> tuple[Array, Array]:
    values = exponentials(primals[0], *lax.stop_gradient(primals[1:]))
    return values, values * tangents[0]


@jax.custom_jvp
def log_total(
    terms: Float[Array, "k n"],
    shift: Float[Array, " n"],
    points: Float[Array, "n d"],
    components: Components,
    multipliers: Float[Array, " k"],
) -> Float[Array, " n"]:
    """``log sum_k multipliers_k exp(terms_k)``, whose slopes alone need the comparison.

    Far away the logarithm is below the rounding of the density itself.
    """
    return jnp.log((_limited(terms) * multipliers[:, None]).sum(0))


@log_total.defjvp
def _log_total_jvp(primals: tuple, tangents: tuple) -> tuple[Array, Array]:
    multipliers = primals[-1][:, None]
    values = exponentials(*primals[:-1])
    slope = values * (multipliers * tangents[0] + tangents[-1][:, None])
    return log_total(*primals), slope.sum(0) / (multipliers * values).sum(0)


def where_needed(function: Callable[..., Array], other: Callable[..., Array]) -> Callable:
    """`function(needed, *arrays)` if anything is needed, else `other(needed, *arrays)`.

    Also when batched, where `cond` would become a choice between two results computed always.
    """

    @custom_vmap
    def call(needed: Array, *arrays: Array) -> Array:
        return lax.cond(needed.any(), function, other, needed, *arrays)

    @call.def_vmap
    def rule(size: int, batched: list[bool], *arrays: Array) -> tuple[Array, bool]:
        axes = [0 if each else None for each in batched]
        many = (jax.vmap(each, axes, axis_size=size) for each in (function, other))
        return where_needed(*many)(*arrays), True

    return call


def _limited(terms: Float[Array, "k n"]) -> Float[Array, "k n"]:
    # Only a component of zero weight can lie above the largest term: it must not overflow.
    return jnp.exp(jnp.minimum(terms, math.log(jnp.finfo(terms.dtype).max) / 2))


def _compared(
    needed: Bool[Array, " n"],
    terms: Float[Array, "k n"],
    points: Float[Array, "n d"],
    means: Float[Array, "k d"],
    whitening: Array,
    constants: Float[Array, " k"],
    weighted: Bool[Array, " k"],
) -> Float[Array, "k n"]:
    weighted, constants = weighted[:, None], constants[:, None]
    numbers = jnp.arange(means.shape[0])[:, None]

    def refine(_: object, state: tuple[Array, Array]) -> tuple[Array, Array]:
        reference, _ = state
        squares, unit = _differences(points, means, whitening, reference)
        own = jnp.where(numbers == reference[None], constants, 0).sum(0)
        # In units of the squared distance, where nothing overflows.
        offsets = constants - own[None]
        lower = squares - 2 * offsets / unit[None] / unit[None]
        nearest = jnp.argmin(jnp.where(weighted, lower, jnp.inf), axis=0)
        return nearest, offsets - squares * unit[None] * unit[None] / 2

    # Three times: what is much nearer than the first reference looks alike from there.
    start = jnp.argmax(jnp.where(weighted, terms, -jnp.inf), axis=0)
    compared = lax.fori_loop(0, 3, refine, (start, terms))[1]
    compared -= jnp.where(weighted, compared, -jnp.inf).max(0)[None]
    return _limited(jnp.where(needed[None], compared, terms))


_exponentials = where_needed(_compared, lambda _, terms, *others: _limited(terms))


def _differences(
    points: Float[Array, "n d"],
    means: Float[Array, "k d"],
    whitening: Array,
    reference: Int[Array, " n"],
) -> tuple[Float[Array, "k n"], Float[Array, " n"]]:
    """Differences of squares to those of a point's `reference`, and the unit whose square is
    theirs."""
    start = means[reference]
    offsets = points - start
    unit = jnp.maximum(jnp.abs(offsets).max(1), 1)
    offsets = offsets / unit[:, None]

    if whitening.ndim == 2:
        white = offsets * whitening[reference]
    else:
        # A matrix for each point would be gathered.
        def own(white: Array, component: tuple) -> tuple[Array, None]:
            number, matrix = component
            here = (reference == number)[:, None]
            return jnp.where(here, _white(matrix, offsets), white), None

        numbers = jnp.arange(means.shape[0])
        white = lax.scan(own, jnp.zeros_like(offsets), (numbers, whitening))[0]

    def one(_: None, component: tuple) -> tuple[None, Array]:
        mean, matrix = component
        step = _white(matrix, mean[None] - start) / unit[:, None]
        other = _white(matrix, offsets)
        return None, (((other - white) - step) * ((other - step) + white)).sum(1)

    return lax.scan(one, None, (means, whitening))[1], unit


def _white(whitening: Array, vectors: Float[Array, "n d"]) -> Float[Array, "n d"]:
    if whitening.ndim == 1:
        return vectors * whitening[None]
    return jnp.matmul(vectors, whitening.T, precision=HIGHEST)
