"""Rules that go by distance: the farthest point next (k-center), or one at random (k-means++).

Both need the distances from every point to each pick. A pass over the points is bound by memory,
so `WIDTH` likely picks are looked at in one matrix product. For k-center these are the points
that are farthest away now: as long as the next pick is among them it costs no pass. For k-means++
they are drawn from the weights at hand, and one is accepted with the chance
``weight now / weight then``: what is accepted follows the weights of now, exactly.

Products lose the digits of squares that are small against the spread of all points: once the
squares that matter are below the square root of rounding, as for picks within clusters that are
far apart, all are made anew from differences, and products are used no more.
"""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, ArrayLike, Float

from diversity_jax import seeds, validate
from diversity_jax.selection import squares
from diversity_jax.selection.coverage.record import (
    Selection,
    check_points,
    first_true,
    in_range,
    largest,
)

WIDTH = 16


def k_center(points: Float[ArrayLike, "n d"], *, number: int, first: int = 0) -> Selection:
    """Choose `number` points, each the farthest from those chosen before it, from `first` on.

    Its radius ``max_i min_j |x_i - x_j|`` is at most twice the least possible (Gonzalez 1985).
    `objective` is that radius; `gains` are the distances at which the points were chosen, which
    never grow, infinite for the first: each is the radius of the picks before it. Squared distances
    keep more than half of their digits, in clusters that are far apart too. Nothing but rounding
    changes with a common shift, scale or rotation.

    Errors: ValueError for points that are not finite, `number` outside 1 to n, `first` outside 0 to
    n - 1.
    Cost: time `number` passes over the points at worst, twice that where clusters are far apart;
    memory 16 vectors of n.
    Source: Gonzalez 1985; the shared passes derived in the module docstring.
    """
    points = jnp.asarray(points)
    check_points(points, number)
    at = validate.concrete(first)
    if at is not None and not (at.dtype.kind in "iu" and 0 <= at < points.shape[0]):
        expected = f"an integer from 0 to {points.shape[0] - 1}"
        raise validate.fail("first", repr(first), expected, "pass the index of a point")
    return in_range(_k_center(points, jnp.asarray(first, jnp.int32), number), first=1)


@partial(jax.jit, static_argnums=2)
def _k_center(points: Array, first: Array, number: int) -> Selection:
    n = points.shape[0]
    place = squares.frame(points)
    rows = place.inside(points)
    own = squares.lengths(rows)
    width, least = min(WIDTH, n), squares.half(jnp.max(own))

    def choose(state: tuple[Array, ...]) -> tuple[Array, ...]:
        turn, pick, nearest, picks, gains, candidates, columns = state
        picks, gains = picks.at[turn].set(pick), gains.at[turn].set(nearest[pick])
        column = columns[jnp.argmax(candidates == pick)]
        nearest = jnp.minimum(nearest, column).at[pick].set(-1)
        return turn + 1, largest(nearest), nearest, picks, gains, candidates, columns

    def anew(turn: Array, picks: Array) -> Array:
        start = jnp.full(n, jnp.inf, rows.dtype)
        nearest = squares.nearest_differences(rows, turn, picks, start)
        return nearest.at[picks].set(-1, mode="drop")

    def block(state: tuple[Array, ...]) -> tuple[Array, ...]:
        turn, pick, nearest, picks, gains, exact = state
        near = ~exact & (nearest[pick] < least)
        nearest = lax.cond(near, lambda: anew(turn, picks), lambda: nearest)
        pick, exact = jnp.where(near, largest(nearest), pick), exact | near
        candidates = lax.top_k(nearest.astype(jnp.float32), width)[1].at[-1].set(pick)
        columns = squares.between(rows, own, rows[candidates], exact)
        ended = lax.while_loop(
            lambda inner: (
                (inner[0] < number)
                & jnp.any(inner[5] == inner[1])
                & (exact | ~(inner[2][inner[1]] < least))
            ),
            choose,
            (turn, pick, nearest, picks, gains, candidates, columns),
        )
        return *ended[:5], exact

    picks = jnp.full(number, n, jnp.int32)
    nearest = jnp.full(n, jnp.inf, points.dtype)
    start = jnp.int32(0), first, nearest, picks, jnp.zeros(number, points.dtype), jnp.asarray(False)
    ended = lax.while_loop(lambda state: state[0] < number, block, start)
    _, far, nearest, picks, gains, _ = ended
    # The radius anew from differences: exact where the products above have cancelled.
    radius = jnp.sqrt(jnp.min(squares.lengths(rows[picks] - rows[far][None])))
    return Selection(picks, place.unit * jnp.sqrt(gains), place.unit * radius)


def kmeans_plus_plus(key: Array, points: Float[ArrayLike, "n d"], *, number: int) -> Selection:
    """Choose `number` points at random, each with chance in proportion to its squared distance.

    The first is uniform; then ``P(i) ~ min_j |x_i - x_j|^2`` over the points j chosen before. One
    draw per pick, without the trials of scikit-learn: `objective` (the sum over all points of that
    squared distance) is on average at most ``8 (ln number + 2)`` times the least of k-means.
    `gains` are its decreases, infinite for the first. Where all that is left coincides with what
    was chosen, the first of these points is taken. Digits and invariance as for `k_center`.

    Errors: ValueError for points that are not finite, `number` outside 1 to n, and sums of squared
    distances that leave the range of the points' precision.
    Cost: time and memory as for `k_center`.
    Source: Arthur and Vassilvitskii 2007; draws in blocks derived in the module docstring.
    """
    points = jnp.asarray(points)
    check_points(points, number)
    return in_range(_kmeans_plus_plus(key, points, number), first=1)


@partial(jax.jit, static_argnums=2)
def _kmeans_plus_plus(key: Array, points: Array, number: int) -> Selection:
    n, dtype = points.shape[0], points.dtype
    place = squares.frame(points)
    rows = place.inside(points)
    own = squares.lengths(rows)
    least = n * squares.half(jnp.max(own))
    stream = seeds.stream(key, "draws")

    def offer(index: Array, state: tuple[Array, ...]) -> tuple[Array, ...]:
        turn, weights, picks, gains, exact, total, before, candidates, columns, chances = state
        pick = candidates[index]
        accepted = (turn < number) & (weights[pick] > chances[index] * before[pick])
        accepted = accepted & (exact | ~(total < least))
        # The first of a block is always taken, so that bad values cannot hold up the loop.
        accepted = accepted | (index == 0)
        target = jnp.where(accepted, turn, number)
        lower = jnp.minimum(weights, columns[index]).at[pick].set(0)
        lower = jnp.where(accepted, lower, weights)
        lost = jnp.sum(weights - lower)
        picks = picks.at[target].set(pick, mode="drop")
        gains = gains.at[target].set(lost, mode="drop")
        left = total - lost
        return (
            turn + accepted,
            lower,
            picks,
            gains,
            exact,
            left,
            before,
            candidates,
            columns,
            chances,
        )

    def anew(turn: Array, picks: Array) -> Array:
        start = jnp.full(n, jnp.inf, dtype)
        nearest = squares.nearest_differences(rows, turn, picks, start)
        return nearest.at[picks].set(0, mode="drop")

    def block(state: tuple[Array, ...]) -> tuple[Array, ...]:
        turn, weights, picks, gains, exact = state
        near = ~exact & (jnp.sum(weights) < least)
        weights = lax.cond(near, lambda: anew(turn, picks), lambda: weights)
        exact = exact | near
        draw = jax.random.uniform(jax.random.fold_in(stream, turn), (3, WIDTH), dtype)
        candidates = _draw(weights, draw[0], draw[1])
        chosen = jnp.zeros(n, bool).at[picks].set(True, mode="drop")
        bad = chosen[candidates[0]] | ~(weights[candidates[0]] > 0)
        candidates = candidates.at[0].set(jnp.where(bad, first_true(~chosen, 1)[0], candidates[0]))
        columns = squares.between(rows, own, rows[candidates], exact)
        state = turn, weights, picks, gains, exact, jnp.sum(weights), weights, candidates, columns
        return lax.fori_loop(0, WIDTH, offer, (*state, draw[2]))[:5]

    first = jax.random.randint(seeds.stream(key, "first"), (1,), 0, n, jnp.int32)
    weights = squares.lengths(rows - rows[first]).at[first[0]].set(0)
    picks = jnp.full(number, n, jnp.int32).at[0].set(first[0])
    gains = jnp.zeros(number, dtype).at[0].set(jnp.inf)
    start = jnp.int32(1), weights, picks, gains, jnp.asarray(False)
    ended = lax.while_loop(lambda state: state[0] < number, block, start)
    _, weights, picks, gains, _ = ended
    return Selection(picks, place.squared(gains), place.squared(jnp.sum(weights)))


def _draw(weights: Float[Array, " n"], coarse: Array, fine: Array) -> Array:
    """Indices drawn in proportion to weights: first a stretch of them, then one of its points.

    Two short running sums instead of a long one, whose rounding would outgrow single weights.
    """
    n = weights.shape[0]
    size = int(np.ceil(np.sqrt(n)))
    stretches = -(-n // size)
    table = jnp.zeros(stretches * size, weights.dtype).at[:n].set(weights).reshape(stretches, size)
    row = _invert(jnp.sum(table, axis=1)[None], coarse)
    column = _invert(table[row], fine)
    return jnp.minimum(row * size + column, n - 1).astype(jnp.int32)


def _invert(weights: Float[Array, "#m s"], uniform: Float[Array, " m"]) -> Array:
    sums = jnp.cumsum(weights, axis=1)
    below = jnp.sum(sums <= (uniform * sums[:, -1])[:, None], axis=1)
    return jnp.minimum(below, weights.shape[1] - 1)
