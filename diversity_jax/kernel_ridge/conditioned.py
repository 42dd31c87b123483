"""Preconditioned conjugate gradients for few centres; the formulas stand in `nystrom`."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jax.scipy.linalg import solve_triangular
from jaxtyping import Array, Bool, Float

from diversity_jax.kernel_ridge import fitted, products
from diversity_jax.kernel_ridge.kernels import Kernel
from diversity_jax.records import Record

TRIES = 8  # factorisations at most, each of 16 times the jitter


class System(Record):
    """The operator, its two factors, and what it acts on."""

    kernel: Kernel
    inputs: Float[Array, "n d"]
    weights: Float[Array, " n"]
    mass: Float[Array, ""]
    share: Float[Array, ""]
    centres: Float[Array, "m d"]
    keep: Bool[Array, " m"]
    inner: Float[Array, "m m"]
    outer: Float[Array, "m m"]

    def times(self, values: Float[Array, "m c"]) -> Float[Array, "m c"]:
        """The preconditioned matrix times columns."""
        half = solve_triangular(self.outer, values)
        own = jnp.where(self.keep[:, None], solve_triangular(self.inner, half), 0)
        moved = products.both(self.kernel, self.inputs, self.centres, own, weights=self.weights)
        return solve_triangular(self.outer, self._seen(moved) + self.share * half, trans=1)

    def right(self, targets: Float[Array, "n c"]) -> Float[Array, "m c"]:
        """The preconditioned right-hand side."""
        weighted = self.weights[:, None] * targets
        pulled = products.adjoint(self.kernel, self.inputs, self.centres, weighted)
        return solve_triangular(self.outer, self._seen(pulled), trans=1)

    def coefficients(self, values: Float[Array, "m c"]) -> Float[Array, "m c"]:
        """``T^-1 A^-1 b``, 0 of what is not there."""
        found = solve_triangular(self.inner, solve_triangular(self.outer, values))
        return jnp.where(self.keep[:, None], found, 0)

    def _seen(self, moved: Array) -> Array:
        kept = jnp.where(self.keep[:, None], moved, 0)
        return solve_triangular(self.inner, kept, trans=1) / self.mass


def factor(
    kernel: Kernel, z: Array, present: Array | None, jitter: Any, count: Any
) -> tuple[Array, Array]:
    """Upper T, ``T' T = C + jitter count k``, k the mean of C's diagonal, and k.

    A centre that is not there has a row of k times the identity. A jitter of None is some
    roundings, 16 times as many as long as there is no factor.
    """
    table, eye = kernel(z, z), jnp.eye(z.shape[0], dtype=z.dtype)
    keep = jnp.ones(z.shape[0], bool) if present is None else present
    scale = jnp.sum(jnp.where(keep, jnp.diagonal(table), 0)) / jnp.sum(keep)
    table = jnp.where(keep[:, None] & keep[None], table, 0)
    table = table + jnp.where(keep, 0, scale)[:, None] * eye
    first = 4 * jnp.finfo(z.dtype).eps if jitter is None else jitter
    slack = jnp.asarray(first * count, z.dtype) * scale
    if jitter is None:
        frozen = lax.stop_gradient(table)

        def fails(state: tuple[Array, Array]) -> Array:
            found = jnp.linalg.cholesky(frozen + state[1] * eye)
            return (state[0] < TRIES) & ~jnp.isfinite(found).all()

        start = lax.stop_gradient((jnp.zeros((), jnp.int32), slack))
        _, slack = lax.while_loop(fails, lambda state: (state[0] + 1, 16 * state[1]), start)
    return jnp.linalg.cholesky(table + slack * eye).T, scale


def system(problem: tuple[Any, ...], z: Array, present: Array | None, jitter: Any) -> System:
    """The operator of a problem (kernel, inputs, targets, weights, penalty, share)."""
    kernel, x, _, weights, _, share = problem
    keep = jnp.ones(z.shape[0], bool) if present is None else present
    weight = jnp.ones(x.shape[0], z.dtype) if weights is None else weights
    count = jnp.sum(keep).astype(z.dtype)
    inner, _ = factor(kernel, z, present, jitter, count)
    eye = jnp.eye(z.shape[0], dtype=z.dtype)
    outer = jnp.linalg.cholesky(products.times(inner, inner.T) / count + share * eye).T
    mass = jnp.sum(weight)
    return System(kernel, x, weight, mass, share, z, keep, inner, outer)


@jax.jit
def operator(problem: tuple[Any, ...], z: Array, present: Array | None, jitter: Any) -> Array:
    """The preconditioned matrix as an array."""
    return system(problem, z, present, jitter).times(jnp.eye(z.shape[0], dtype=z.dtype))


@partial(jax.jit, static_argnames="iterations")
def solve(
    problem: tuple[Any, ...],
    z: Array,
    present: Array | None,
    jitter: Any,
    limit: Array,
    *,
    iterations: int,
) -> tuple[Array, Array, Array, Array]:
    """Coefficients, the residuals of all steps `[iterations, c]`, steps taken, the last residual.

    Conjugate gradients for all columns at once, each with its own step lengths.
    """
    operator = system(problem, z, present, jitter)
    right = operator.right(problem[2])
    size = jnp.sum(right**2, axis=0)
    safe = jnp.where(size > 0, size, 1)

    def going(state: tuple[Array, ...]) -> Array:
        energy, step = state[3], state[5]
        return (step < iterations) & (jnp.sqrt(energy / safe) > limit).any()

    def advance(state: tuple[Array, ...]) -> tuple[Array, ...]:
        found, left, ahead, energy, course, step = state
        moved = operator.times(ahead)
        turned = jnp.sum(ahead * moved, axis=0)
        # A column that is done, or one of zeros, goes no further.
        live = (energy > 0) & (turned > 0)
        rate = jnp.where(live, energy / jnp.where(live, turned, 1), 0)
        found, left = found + rate[None] * ahead, left - rate[None] * moved
        new = jnp.where(turned >= 0, jnp.sum(left**2, axis=0), jnp.nan)
        ahead = left + jnp.where(live, new / jnp.where(live, energy, 1), 0)[None] * ahead
        later = jnp.arange(iterations)[:, None] >= step
        course = jnp.where(later, jnp.sqrt(new / safe)[None], course)
        return found, left, ahead, new, course, step + 1

    course = jnp.zeros((iterations, right.shape[1]), right.dtype)
    start = (jnp.zeros_like(right), right, right, size, course, jnp.zeros((), jnp.int32))
    found, _, _, _, course, steps = lax.while_loop(going, advance, start)
    residual = fitted.relative(right - operator.times(found), right)
    return operator.coefficients(found), course, steps, residual
