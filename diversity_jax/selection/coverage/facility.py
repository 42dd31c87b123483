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

After some picks few pairs are left with ``s_ij > best_i``, and only they can count again. On a
CPU, where values are known, these pairs are then listed once and the rest is done on the lists
(`listing`); elsewhere, and where values are traced, the blocks go on to the end.
"""

from __future__ import annotations

import math
import zlib

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, ArrayLike, Float

from diversity_jax import validate
from diversity_jax.selection.coverage import listing, stochastic
from diversity_jax.selection.coverage.record import (
    Selection,
    check_points,
    first_true,
    in_range,
    largest,
)
from diversity_jax.selection.kernels import Kernel, check_kernel, check_lowest, prepare

METHODS = ("lazy", "stochastic")
# Points that changed are worked off in blocks of these sizes, each with its tile of candidates: a
# block of similarities stays in the cache, and a few points do not pay for many.
BLOCKS = ((256, 2000), (32, 10000), (8, 10000))
FIRST, PAIRS = 32, 400  # picks before pairs may be listed, and how many per point at most
DRIFT = 1e-3  # rounding that gains may gather, in units of the largest, before they are made anew


def facility_location(
    points: Float[ArrayLike, "n d"],
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

    No n x n array: memory some 256 n similarities, and on a CPU lists of at most 400 n pairs.

    Errors: ValueError for points that are not finite, `number` outside 1 to n, an unknown method, a
    kernel that is asymmetric or negative.
    Cost: time about ``1 + ln number`` passes over all pairs (lazy), ``ln(1 / miss)`` (stochastic);
    lazy at worst `number` passes.
    Source: greedy of Nemhauser, Wolsey and Fisher 1978; its updates derived in the module
    docstring.
    """
    points = jnp.asarray(points)
    check_points(points, number)
    validate.choice("method", method, METHODS)
    if not 0 < miss < 1:
        raise validate.fail("miss", miss, "a number between 0 and 1", "pass e.g. 0.01")
    check_kernel(kernel, points, positive="entries")
    kernel, points = prepare(kernel, points)
    if method == "lazy":
        indices, gains, objective, lowest = _lazy(kernel, points, number)
    else:
        key = jax.random.key(zlib.crc32(b"facility location")) if key is None else key
        tried = math.ceil(points.shape[0] / number * math.log(1 / miss))
        tried = min(tried, points.shape[0])
        indices, gains, objective, lowest = stochastic.choose(kernel, points, key, number, tried)
    _check_met(lowest, objective / points.shape[0])
    return in_range(Selection(indices=indices, gains=gains, objective=objective))


def _lazy(kernel: Kernel, points: Array, number: int) -> tuple[Array, ...]:
    """Indices, gains, objective and the lowest similarity met."""
    state = _start(kernel, points, number)
    if validate.concrete(points) is None or jax.default_backend() != "cpu":
        state = _advance(kernel, points, state, jnp.int32(number))
        return state.picks, state.won, jnp.sum(state.best), state.lowest
    turn = FIRST
    while turn < number:
        state = _advance(kernel, points, state, jnp.int32(turn))
        if listing.pairs_left(kernel, points, state.best) <= PAIRS * points.shape[0]:
            picks, won, objective = listing.finish(kernel, points, state, turn)
            return picks, won, objective, state.lowest
        turn *= 2
    state = _advance(kernel, points, state, jnp.int32(number))
    return state.picks, state.won, jnp.sum(state.best), state.lowest


@eqx.filter_jit
def _start(kernel: Kernel, points: Array, number: int) -> listing.Progress:
    gains, lowest = _column_sums(kernel, points)
    return listing.Progress(
        turn=jnp.int32(0),
        best=jnp.zeros(points.shape[0], points.dtype),
        gains=gains,
        level=jnp.max(gains),
        picks=jnp.full(number, points.shape[0], jnp.int32),
        won=jnp.zeros(number, points.dtype),
        lowest=lowest,
    )


@eqx.filter_jit
def _advance(
    kernel: Kernel, points: Array, state: listing.Progress, upto: Array
) -> listing.Progress:
    """The picks before `upto`, each with an update of all gains."""
    most_fallen = DRIFT / jnp.finfo(points.dtype).eps

    def step(state: listing.Progress) -> listing.Progress:
        pick = largest(state.gains)
        new = jnp.maximum(state.best, stochastic.column(kernel, points, pick))
        gain = jnp.sum(new - state.best)
        picks = state.picks.at[state.turn].set(pick)

        def fresh() -> Array:
            nothing, all_of_it = jnp.zeros_like(new), jnp.full_like(new, jnp.inf)
            whole = -_lower(kernel, points, nothing, new, all_of_it)
            return whole.at[picks].set(-jnp.inf, mode="drop")

        anew = gain * most_fallen < state.level
        gains = lax.cond(anew, fresh, lambda: _lower(kernel, points, state.gains, state.best, new))
        return listing.Progress(
            turn=state.turn + 1,
            best=new,
            gains=gains.at[pick].set(-jnp.inf),
            level=jnp.where(anew, gain, state.level),
            picks=picks,
            won=state.won.at[state.turn].set(gain),
            lowest=state.lowest,
        )

    return lax.while_loop(lambda state: state.turn < upto, step, state)


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
    rows, tile = BLOCKS[1]
    count = jnp.sum(new > old, dtype=jnp.int32)

    def few(gains: Array, rows: int) -> Array:
        served = first_true(new > old, min(rows, n))
        before, after = old[served], new[served]
        return _lower_by(kernel, points, gains, points[served], before, after, min(tile, n))

    return lax.switch(
        jnp.sum(count > jnp.array([0, BLOCKS[2][0], rows]), dtype=jnp.int32),
        [
            lambda gains: gains,
            lambda gains: few(gains, BLOCKS[2][0]),
            lambda gains: few(gains, rows),
            lambda gains: _lower_many(kernel, points, gains, old, new),
        ],
        gains,
    )


def _lower_many(kernel: Kernel, points: Array, gains: Array, old: Array, new: Array) -> Array:
    n, widest = points.shape[0], BLOCKS[0][0]
    rose = new > old
    place = jnp.cumsum(rose, dtype=jnp.int32)
    count = place[-1]
    target = jnp.where(rose, place - 1, n + widest)
    everyone = jnp.arange(n, dtype=jnp.int32)
    order = jnp.zeros(n + widest, jnp.int32).at[target].set(everyone, mode="drop")
    wide = count // widest
    middle = -(-(count - wide * widest) // BLOCKS[1][0])
    done = jnp.int32(0)
    for (rows, tile), blocks in zip(BLOCKS[:2], (wide, middle)):

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


def _check_met(lowest: Float[Array, ""], mean: Float[Array, ""]) -> None:
    """Refuse similarities below zero among those that were met, beyond rounding."""
    value, scale = validate.concrete(lowest), validate.concrete(mean)
    if value is not None and scale is not None:
        slack = 1024 * float(jnp.finfo(lowest.dtype).eps) * abs(float(scale))
        check_lowest("kernel", float(value), slack, "entries")
