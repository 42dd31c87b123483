"""Facility location: every point is served by the most similar of the chosen ones.

``F(S) = sum_i max_{j in S} s_ij`` with similarities ``s >= 0`` is monotone and submodular, so the
greedy choice reaches at least ``1 - 1/e`` of the best F (Nemhauser, Wolsey and Fisher 1978).

Exact greedy without a matrix. With ``best_i`` the similarity that serves point i so far, the gain
of candidate j is ``sum_i max(s_ij - best_i, 0)``. A pick raises ``best_i`` from old to new for
some points only, and each of these lowers the gain of every candidate by
``clip(s_ij - old, 0, new - old)``. So all gains stay exact at the price of the similarities
between the points that changed and all points; a point that did not change costs nothing, which
is where the laziness lies. A point that meets the picks in random order improves at pick t with
chance 1/t: k picks cost about ``1 + ln k`` passes over the n x n similarities, against some ten
for bounds that are evaluated anew one candidate at a time (measured on Gaussian mixtures).
"""

from __future__ import annotations

import math
import zlib

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from diversity_jax import validate
from diversity_jax.selection.coverage.record import Selection, check_points
from diversity_jax.selection.kernels import Kernel, check_kernel, check_lowest

METHODS = ("lazy", "stochastic")
# Points that changed are worked off in blocks of these sizes, each with its tile of candidates: a
# block of similarities stays in the cache, and a few points do not pay for many.
BLOCKS = ((256, 1000), (32, 10000), (8, 10000))
DRIFT = 1e-4  # rounding that gains may gather, in units of the largest, before they are made anew


def facility_location(
    points: Float[Array, "n d"],
    *,
    number: int,
    kernel: Kernel,
    method: str = "lazy",
    key: Array | None = None,
    miss: float = 0.01,
) -> Selection:
    """Choose `number` points so that every point has a similar one among them.

    Greedily maximises ``F(S) = sum over all points of the best similarity to S``; `gains` are its
    increases, `objective` is F. The kernel has to be symmetric and nowhere negative (clip cosines:
    `kernels.clipped_cosine`). ``"lazy"`` makes the exact greedy choice, F at least 1 - 1/e of the
    best. ``"stochastic"`` takes the best of ``(n / number) ln(1 / miss)`` random candidates at
    each pick, F at least ``1 - 1/e - miss`` of the best on average (arXiv 1409.7938); it is faster
    only where picks keep changing what serves many points. `key` is for it alone; without one a
    fixed stream is used, so that equal input gives equal output.

    No n x n array: memory some 256 x 1000 similarities beyond the points and a few vectors of n.
    Time about ``1 + ln number`` passes over all pairs (lazy), ``ln(1 / miss)`` (stochastic); lazy
    at worst `number` passes. Errors: ValueError for points that are not finite, `number` outside
    1 to n, an unknown method, a kernel that is asymmetric or negative. Source: greedy of
    Nemhauser, Wolsey and Fisher 1978; its updates derived in the module docstring.
    """
    points = jnp.asarray(points)
    check_points(points, number)
    validate.choice("method", method, METHODS)
    if not 0 < miss < 1:
        raise validate.fail("miss", miss, "a number between 0 and 1", "pass e.g. 0.01")
    check_kernel(kernel, points, positive="entries")
    if method == "lazy":
        indices, gains, objective, lowest = _lazy(kernel, points, number)
    else:
        key = jax.random.key(zlib.crc32(b"facility location")) if key is None else key
        tried = math.ceil(points.shape[0] / number * math.log(1 / miss))
        tried = min(tried, points.shape[0])
        indices, gains, objective, lowest = _stochastic(kernel, points, key, number, tried)
    _check_met(lowest, objective / points.shape[0])
    return Selection(indices=indices, gains=gains, objective=objective)


@eqx.filter_jit
def _lazy(kernel: Kernel, points: Array, number: int) -> tuple[Array, ...]:
    """Indices, gains, objective and the lowest similarity met."""
    n = points.shape[0]
    nothing = jnp.zeros(n, points.dtype)
    gains, lowest = _column_sums(kernel, points)
    most_fallen = DRIFT / jnp.finfo(points.dtype).eps

    def step(turn: Array, state: tuple[Array, ...]) -> tuple[Array, ...]:
        best, gains, level, picks, won = state
        pick = jnp.argmax(gains).astype(jnp.int32)
        new = jnp.maximum(best, _column(kernel, points, pick))
        gain = jnp.sum(new - best)
        anew = gain * most_fallen < level
        gains = lax.cond(
            anew,
            lambda: -_lower(kernel, points, nothing, new, jnp.full_like(new, jnp.inf)),
            lambda: _lower(kernel, points, gains, best, new),
        )
        picks, won = picks.at[turn].set(pick), won.at[turn].set(gain)
        gains = gains.at[picks].set(-jnp.inf, mode="drop")
        return new, gains, jnp.where(anew, gain, level), picks, won

    picks = jnp.full(number, n, jnp.int32)
    state = nothing, gains, jnp.max(gains), picks, jnp.zeros(number, points.dtype)
    best, _, _, picks, won = lax.fori_loop(0, number, step, state)
    return picks, won, jnp.sum(best), lowest


def _column(kernel: Kernel, points: Array, pick: Array) -> Float[Array, " n"]:
    return kernel(points, lax.dynamic_slice_in_dim(points, pick, 1))[:, 0]


def _column_sums(kernel: Kernel, points: Array) -> tuple[Float[Array, " n"], Float[Array, ""]]:
    """The gains while nothing is chosen, and the lowest of all similarities."""
    n = points.shape[0]
    rows, tile = (min(size, n) for size in BLOCKS[0])

    def block(number: Array, state: tuple[Array, Array]) -> tuple[Array, Array]:
        first = jnp.minimum(number * rows, n - rows)
        served = lax.dynamic_slice_in_dim(points, first, rows)
        weights = (first + jnp.arange(rows) >= number * rows).astype(points.dtype)

        def part(index: Array, state: tuple[Array, Array]) -> tuple[Array, Array]:
            sums, lowest = state
            start = jnp.minimum(index * tile, n - tile)
            similarities = kernel(lax.dynamic_slice_in_dim(points, start, tile), served)
            added = jnp.where(start + jnp.arange(tile) >= index * tile, similarities @ weights, 0)
            held = lax.dynamic_slice_in_dim(sums, start, tile)
            sums = lax.dynamic_update_slice_in_dim(sums, held + added, start, 0)
            return sums, jnp.minimum(lowest, jnp.min(similarities))

        return lax.fori_loop(0, -(-n // tile), part, state)

    start = jnp.zeros(n, points.dtype), jnp.asarray(jnp.inf, points.dtype)
    return lax.fori_loop(0, -(-n // rows), block, start)


def _lower(kernel: Kernel, points: Array, gains: Array, old: Array, new: Array) -> Array:
    """Gains after the points' service rose from `old` to `new`; only those that rose are seen."""
    n = points.shape[0]
    rose = new > old
    place = jnp.cumsum(rose, dtype=jnp.int32)
    count, widest = place[-1], BLOCKS[0][0]
    everyone = jnp.arange(n, dtype=jnp.int32)
    target = jnp.where(rose, place - 1, n + widest)
    order = jnp.zeros(n + widest, jnp.int32).at[target].set(everyone, mode="drop")
    wide = count // widest
    rest = count - wide * widest
    few = rest % BLOCKS[1][0] <= BLOCKS[2][0]
    middle = rest // BLOCKS[1][0] + jnp.where(few, 0, 1)
    done = jnp.int32(0)
    for (rows, tile), blocks in zip(BLOCKS, (wide, middle, jnp.where(few, 1, 0))):

        def block(index: Array, gains: Array, rows=rows, tile=tile, done=done) -> Array:
            first = done + index * rows
            served = lax.dynamic_slice_in_dim(order, first, rows)
            before = old[served]
            after = jnp.where(first + jnp.arange(rows) < count, new[served], before)
            return _lower_by(kernel, points, gains, points[served], before, after, min(tile, n))

        gains = lax.fori_loop(0, blocks, block, gains)
        done = done + blocks * rows
    return gains


def _lower_by(
    kernel: Kernel,
    points: Array,
    gains: Array,
    served: Float[Array, "r d"],
    before: Float[Array, " r"],
    after: Float[Array, " r"],
    tile: int,
) -> Array:
    """Lower all gains by what a few points, served better now, no longer offer."""
    n, rise = points.shape[0], after - before

    def part(index: Array, gains: Array) -> Array:
        start = jnp.minimum(index * tile, n - tile)
        similarities = kernel(lax.dynamic_slice_in_dim(points, start, tile), served)
        lost = jnp.clip(similarities - before[None], 0, rise[None]) @ jnp.ones_like(rise)
        # The last tile starts early; what it shares with the one before has been lowered.
        lost = jnp.where(start + jnp.arange(tile) >= index * tile, lost, 0)
        held = lax.dynamic_slice_in_dim(gains, start, tile)
        return lax.dynamic_update_slice_in_dim(gains, held - lost, start, 0)

    return lax.fori_loop(0, -(-n // tile), part, gains)


@eqx.filter_jit
def _stochastic(
    kernel: Kernel, points: Array, key: Array, number: int, tried: int
) -> tuple[Array, ...]:
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
        new = jnp.maximum(best, _column(kernel, points, pick))
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
    rows = min(n, max(1, math.prod(BLOCKS[0]) // m))

    def block(index: Array, state: tuple[Array, Array]) -> tuple[Array, Array]:
        gains, lowest = state
        start = jnp.minimum(index * rows, n - rows)
        similarities = kernel(candidates, lax.dynamic_slice_in_dim(points, start, rows))
        weights = (start + jnp.arange(rows) >= index * rows).astype(points.dtype)
        held = lax.dynamic_slice_in_dim(best, start, rows)
        added = jnp.maximum(similarities - held[None], 0) @ weights
        return gains + added, jnp.minimum(lowest, jnp.min(similarities))

    start = jnp.zeros(m, points.dtype), jnp.asarray(jnp.inf, points.dtype)
    return lax.fori_loop(0, -(-n // rows), block, start)


def _check_met(lowest: Float[Array, ""], mean: Float[Array, ""]) -> None:
    """Refuse similarities below zero among those that were met, beyond rounding."""
    value, scale = validate.concrete(lowest), validate.concrete(mean)
    if value is not None and scale is not None:
        slack = 1024 * float(jnp.finfo(lowest.dtype).eps) * abs(float(scale))
        check_lowest("kernel", float(value), slack, "entries")
