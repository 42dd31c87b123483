"""Coverage of the scores' range: equal numbers from equal stretches (arXiv 2210.15809)."""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, ArrayLike, Float, Int

from diversity_jax import validate
from diversity_jax.selection.coverage.record import Selection, check_number


def coverage_stratified(
    key: Array,
    scores: Float[ArrayLike, " n"],
    *,
    number: int,
    drop: float = 0.1,
    strata: int = 50,
) -> Selection:
    """Choose `number` points so that the whole range of their scores is covered (CCS).

    The `drop` share of highest scores (the hardest, often mislabelled) is left out; the range of
    the rest is cut into `strata` of equal width; from the stratum with the fewest points to the one
    with the most, each gives ``min(its size, floor(picks left / strata left))`` at random.
    `indices` are in order of stratum; `gains` are 1 for the first pick of a stratum and 0 after,
    `objective` is the number of strata that are reached.

    Errors: ValueError for scores that are not finite, `drop` outside [0, 1), fewer than one
    stratum, `number` above the points that are kept.
    Source: arXiv 2210.15809, algorithm 1.
    """
    scores = jnp.asarray(scores)
    validate.shape("scores", scores, (None,), "pass one score per point")
    validate.finite("scores", scores)
    if not 0 <= drop < 1:
        raise validate.fail("drop", drop, "a share in [0, 1)", "pass e.g. 0.1")
    validate.integer("strata", strata, "pass e.g. 50", least=1)
    kept = scores.shape[0] - int(drop * scores.shape[0] + 1e-9)
    check_number(number, kept, f"points left after dropping a share of {drop:g}")
    return _stratified(key, scores, number, kept, int(strata))


@partial(jax.jit, static_argnums=(2, 3, 4))
def _stratified(key: Array, scores: Array, number: int, kept: int, strata: int) -> Selection:
    n = scores.shape[0]
    easiest = jnp.argsort(scores)[:kept]
    values = scores[easiest]
    width = (values[-1] - values[0]) / strata
    place = jnp.floor((values - values[0]) / jnp.where(width > 0, width, 1)).astype(jnp.int32)
    place = jnp.clip(place, 0, strata - 1)
    sizes = jnp.zeros(strata, jnp.int32).at[place].add(1)
    shares = _shares(sizes, number)
    # Random order within each stratum: those among the first of it are chosen.
    shuffled = jax.random.permutation(key, kept)
    order = shuffled[jnp.argsort(place[shuffled], stable=True)]
    rank = jnp.arange(kept, dtype=jnp.int32) - (jnp.cumsum(sizes) - sizes)[place[order]]
    chosen = rank < shares[place[order]]
    picks = jnp.nonzero(chosen, size=number, fill_value=n)[0]
    gains = (rank[picks] == 0).astype(scores.dtype)
    return Selection(easiest[order[picks]].astype(jnp.int32), gains, jnp.sum(gains))


def _shares(sizes: Array, number: int) -> Int[Array, " s"]:
    """How many each stratum gives: the smallest first, so that what they lack goes to others."""
    strata = sizes.shape[0]

    def serve(left: Array, turn: tuple[Array, Array]) -> tuple[Array, Array]:
        size, remaining = turn
        given = jnp.minimum(size, left // remaining)
        return left - given, given

    order = jnp.argsort(sizes)
    remaining = jnp.arange(strata, 0, -1, dtype=jnp.int32)
    _, given = lax.scan(serve, jnp.int32(number), (sizes[order], remaining))
    return jnp.zeros(strata, jnp.int32).at[order].set(given)
