"""One pool of tokens, read as sequences of several lengths: drawn and compiled only once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from diversity_jax import validate
from diversity_jax.mixtures import GaussianMixture

Measure = Callable[[jax.Array, jax.Array], dict[str, jax.Array]]


def over_lengths(
    key: jax.Array,
    mixture: GaussianMixture,
    lengths: tuple[int, ...],
    measure: Callable[[jax.Array, jax.Array, int], dict[str, jax.Array]],
    *,
    pool: int,
    pools: int,
) -> dict[str, jax.Array]:
    """Means of `measure(tokens [n, L, d], labels [n, L], place of L)` per length, in two halves.

    Returns arrays `[2, lengths]`: the mean over the first and the second half of the `pools`
    pools of `pool` tokens (a multiple of every length, else the rest of a pool is left out).
    Lengths share tokens, so their errors are correlated; pools and seeds are independent.
    """

    if not all(1 <= length <= pool for length in lengths):
        raise validate.fail("lengths", lengths, f"1 to {pool}, the pool", "change length or pool")

    def one(key: jax.Array) -> dict[str, jax.Array]:
        tokens, labels = mixture.sample(key, pool)
        rows = []
        for place, length in enumerate(lengths):
            number = pool // length
            sequences = tokens[: number * length].reshape(number, length, -1)
            measured = measure(sequences, labels[: number * length].reshape(number, length), place)
            rows.append({name: value.mean() for name, value in measured.items()})
        return {name: jnp.stack([row[name] for row in rows]) for name in rows[0]}

    values = jax.lax.map(one, jax.random.split(key, 2 * ((pools + 1) // 2)))
    return jax.tree.map(lambda value: value.reshape(2, -1, len(lengths)).mean(axis=1), values)


def whole(halves: dict[str, Any], name: str) -> jax.Array:
    """The mean over both halves, per length."""
    return halves[name].mean(axis=0)


def square_of_mean(halves: dict[str, Any], name: str) -> jax.Array:
    """The square of a mean without bias: the product over two independent halves, per length."""
    return halves[name][0] * halves[name][1]
