"""Stochastic greedy facility location: the best of a few random candidates at each pick."""

from __future__ import annotations

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from diversity_jax.selection.kernels import Kernel

BLOCK = 2**19  # similarities at a time


@eqx.filter_jit
def choose(kernel: Kernel, points: Array, key: Array, number: int, tried: int) -> tuple[Array, ...]:
    """Indices, gains, objective and the lowest similarity met."""
    n = points.shape[0]

    def step(turn: Array, state: tuple[Array, ...]) -> tuple[Array, ...]:
        best, order, won, lowest = state
        # Places from `turn` on hold the points that are not chosen yet.
        places = jax.random.randint(jax.random.fold_in(key, turn), (tried,), turn, n, jnp.int32)
        offered, least = _gains_of(kernel, points, points[order[places]], best)
        place = places[jnp.argmax(offered)]
        pick = order[place]
        order = order.at[place].set(order[turn]).at[turn].set(pick)
        new = jnp.maximum(best, column(kernel, points, pick))
        won = won.at[turn].set(jnp.sum(new - best))
        return new, order, won, jnp.minimum(lowest, least)

    start = (
        jnp.zeros(n, points.dtype),
        jnp.arange(n, dtype=jnp.int32),
        jnp.zeros(number, points.dtype),
        jnp.asarray(jnp.inf, points.dtype),
    )
    best, order, won, lowest = lax.fori_loop(0, number, step, start)
    return order[:number], won, jnp.sum(best), lowest


def _gains_of(
    kernel: Kernel, points: Array, candidates: Float[Array, "m d"], best: Float[Array, " n"]
) -> tuple[Float[Array, " m"], Float[Array, ""]]:
    """What each candidate would add, and the lowest similarity met."""
    n, m = points.shape[0], candidates.shape[0]
    rows = min(n, max(1, BLOCK // m))

    def block(index: Array, state: tuple[Array, Array]) -> tuple[Array, Array]:
        gains, lowest = state
        start = jnp.minimum(index * rows, n - rows)
        similarities = kernel(lax.dynamic_slice_in_dim(points, start, rows), candidates)
        weights = (start + jnp.arange(rows) >= index * rows).astype(points.dtype)
        held = lax.dynamic_slice_in_dim(best, start, rows)
        added = weights @ jnp.maximum(similarities - held[:, None], 0)
        return gains + added, jnp.minimum(lowest, jnp.min(similarities))

    start = jnp.zeros(m, points.dtype), jnp.asarray(jnp.inf, points.dtype)
    return lax.fori_loop(0, -(-n // rows), block, start)


def column(kernel: Kernel, points: Array, pick: Array) -> Float[Array, " n"]:
    """The similarities of one point to all; in this order of the factors none is transposed."""
    return kernel(points, lax.dynamic_slice_in_dim(points, pick, 1))[:, 0]
