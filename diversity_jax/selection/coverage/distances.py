"""Rules that go by distance: the farthest point next (k-center), or one at random (k-means++).

Both need the distances from every point to each pick. A pass over the points is bound by memory,
so `WIDTH` likely picks are looked at in one matrix product. For k-center these are the points
that are farthest away now: as long as the next pick is among them it costs no pass. For k-means++
they are drawn from the weights at hand, and one is accepted with the chance
``weight now / weight then``: what is accepted follows the weights of now, exactly.
"""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, ArrayLike, Float

from diversity_jax import seeds, validate
from diversity_jax.selection.coverage.record import Selection, check_points, first_true, largest

WIDTH = 16


def k_center(points: Float[ArrayLike, "n d"], *, number: int, first: int = 0) -> Selection:
    """Choose `number` points, each the farthest from those chosen before it, from `first` on.

    Its radius ``max_i min_j |x_i - x_j|`` is at most twice the least possible (Gonzalez 1985).
    `objective` is that radius; `gains` are the distances at which the points were chosen, which
    never grow, infinite for the first. Distances are good to the square root of rounding times the
    spread of the points.

    Errors: ValueError for points that are not finite, `number` outside 1 to n, `first` outside 0 to
    n - 1.
    Cost: time `number` passes over the points at worst, memory 16 vectors of n.
    Source: Gonzalez 1985; the shared passes derived in the module docstring.
    """
    points = jnp.asarray(points)
    check_points(points, number)
    at = validate.concrete(first)
    if at is not None and not (at.dtype.kind in "iu" and 0 <= at < points.shape[0]):
        expected = f"an integer from 0 to {points.shape[0] - 1}"
        raise validate.fail("first", repr(first), expected, "pass the index of a point")
    return _k_center(points, jnp.asarray(first, jnp.int32), number)


@partial(jax.jit, static_argnums=2)
def _k_center(points: Array, first: Array, number: int) -> Selection:
    n = points.shape[0]
    centred = points - jnp.mean(points, axis=0)[None]
    squares = jnp.sum(centred**2, axis=1)
    width = min(WIDTH, n)

    def choose(state: tuple[Array, ...]) -> tuple[Array, ...]:
        turn, pick, nearest, picks, gains, candidates, columns = state
        picks, gains = picks.at[turn].set(pick), gains.at[turn].set(nearest[pick])
        column = columns[jnp.argmax(candidates == pick)]
        nearest = jnp.minimum(nearest, column).at[pick].set(-1)
        return turn + 1, largest(nearest), nearest, picks, gains, candidates, columns

    def block(state: tuple[Array, ...]) -> tuple[Array, ...]:
        turn, pick, nearest, picks, gains = state
        candidates = lax.top_k(nearest.astype(jnp.float32), width)[1].at[-1].set(pick)
        columns = _squared(centred, squares, candidates)
        ended = lax.while_loop(
            lambda inner: (inner[0] < number) & jnp.any(inner[5] == inner[1]),
            choose,
            (turn, pick, nearest, picks, gains, candidates, columns),
        )
        return ended[:5]

    picks = jnp.full(number, n, jnp.int32)
    nearest = jnp.full(n, jnp.inf, points.dtype)
    start = jnp.int32(0), first, nearest, picks, jnp.zeros(number, points.dtype)
    _, far, nearest, picks, gains = lax.while_loop(lambda state: state[0] < number, block, start)
    # The radius anew from differences: exact where the products above have cancelled.
    radius = jnp.sqrt(jnp.min(jnp.sum((points[picks] - points[far][None]) ** 2, axis=1)))
    return Selection(indices=picks, gains=jnp.sqrt(gains), objective=radius)


def kmeans_plus_plus(key: Array, points: Float[ArrayLike, "n d"], *, number: int) -> Selection:
    """Choose `number` points at random, each with chance in proportion to its squared distance.

    The first is uniform; then ``P(i) ~ min_j |x_i - x_j|^2`` over the points j chosen before. One
    draw per pick, without the trials of scikit-learn: `objective` (the sum over all points of that
    squared distance) is on average at most ``8 (ln number + 2)`` times the least of k-means.
    `gains` are its decreases, infinite for the first. Where all that is left coincides with what
    was chosen, the first of these points is taken.

    Errors: ValueError for points that are not finite and `number` outside 1 to n.
    Cost: time and memory as for `k_center`.
    Source: Arthur and Vassilvitskii 2007; draws in blocks derived in the module docstring.
    """
    points = jnp.asarray(points)
    check_points(points, number)
    return _kmeans_plus_plus(key, points, number)


@partial(jax.jit, static_argnums=2)
def _kmeans_plus_plus(key: Array, points: Array, number: int) -> Selection:
    n, dtype = points.shape[0], points.dtype
    centred = points - jnp.mean(points, axis=0)[None]
    squares = jnp.sum(centred**2, axis=1)
    stream = seeds.stream(key, "draws")

    def offer(index: Array, state: tuple[Array, ...]) -> tuple[Array, ...]:
        turn, weights, picks, gains, before, candidates, columns, chances = state
        pick = candidates[index]
        accepted = (turn < number) & (weights[pick] > chances[index] * before[pick])
        # The first of a block is always taken, so that bad values cannot hold up the loop.
        accepted = accepted | (index == 0)
        place = jnp.where(accepted, turn, number)
        lower = jnp.minimum(weights, columns[index]).at[pick].set(0)
        lower = jnp.where(accepted, lower, weights)
        lost = jnp.sum(weights - lower)
        picks = picks.at[place].set(pick, mode="drop")
        gains = gains.at[place].set(lost, mode="drop")
        return turn + accepted, lower, picks, gains, before, candidates, columns, chances

    def block(state: tuple[Array, ...]) -> tuple[Array, ...]:
        turn, weights, picks, gains = state
        draw = jax.random.uniform(jax.random.fold_in(stream, turn), (3, WIDTH), dtype)
        candidates = _draw(weights, draw[0], draw[1])
        chosen = jnp.zeros(n, bool).at[picks].set(True, mode="drop")
        bad = chosen[candidates[0]] | ~(weights[candidates[0]] > 0)
        candidates = candidates.at[0].set(jnp.where(bad, first_true(~chosen, 1)[0], candidates[0]))
        columns = _squared(centred, squares, candidates)
        state = turn, weights, picks, gains, weights, candidates, columns, draw[2]
        return lax.fori_loop(0, WIDTH, offer, state)[:4]

    first = jax.random.randint(seeds.stream(key, "first"), (1,), 0, n, jnp.int32)
    weights = _squared(centred, squares, first)[0].at[first[0]].set(0)
    picks = jnp.full(number, n, jnp.int32).at[0].set(first[0])
    start = jnp.int32(1), weights, picks, jnp.zeros(number, dtype).at[0].set(jnp.inf)
    _, weights, picks, gains = lax.while_loop(lambda state: state[0] < number, block, start)
    return Selection(indices=picks, gains=gains, objective=jnp.sum(weights))


def _squared(points: Array, squares: Array, picks: Array) -> Float[Array, "m n"]:
    """Squared distances from the points at `picks` to all points."""
    # In this order of the factors the few are transposed, not the many.
    products = (points @ points[picks].T).T
    return jnp.maximum(squares[picks][:, None] + squares[None] - 2 * products, 0)


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
