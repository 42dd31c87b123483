"""Doubling: at most k centroids for a stream of any length, with a bound on how far points lie.

A point joins its nearest centroid if that is nearer than a radius R (or the same point), and is a
centroid of its own otherwise. Where that makes k + 1 of them, R is multiplied by m > 1 until at
least two centroids lie nearer than R; then each, in the order in which they came, joins the first
one kept before that is nearer than R. The first R is the smallest distance between the first k + 1
distinct points. After every step

    there are at most k centroids, no two nearer than R;
    every point is within ``R m / (m - 1)`` of its centroid;
    no k centres at all have all points within less than ``R / (2 m)``.

So the largest distance is at most ``2 m^2 / (m - 1)`` times that of the best k centres: 8 times at
m = 2, 9 times at the papers' m = 1.5 (`theory.streaming`).

Points may be pinned, as labelled ones are: they stay centroids of their own and merge with none
(others may join them), and what is said above holds of the slots that are not pinned, k_u of them,
and of the points that are not. At most `most_pinned` are; further ones are points like all others.

Distances are differences of coordinates, which have all digits however far from the origin a
stream lies. R grows by m at least with every merge, so that there are few: of the order of the
logarithm of the ratio of the largest distance to the smallest.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from jax import lax
from jaxtyping import Array, Bool, Float, Int, ScalarLike

from diversity_jax import traced, validate
from diversity_jax.graph_learning import stream_inputs
from diversity_jax.records import Record

MULTIPLIER = 1.5  # the papers'
FEW_TURNS = 64  # so many are taken one by one, without the rounding of a logarithm
ABOVE_ONE = (lambda x: (x > 1) & (x < np.inf)), "a number above 1"


class State(Record):
    """The centroids of a stream so far, in the order in which they came; unused rows are NaN.

    `multiplicities` are the points of each centroid, `count` the centroids in use, `radius` is R
    (0 before the first merge), `refused` how many traced points were left out, since they had
    entries that are no numbers, or too large ones, or came after as many as integers count.
    """

    centroids: Float[Array, "number dimension"]
    multiplicities: Int[Array, " number"]
    pinned: Bool[Array, " number"]
    count: Int[Array, ""]
    radius: Float[Array, ""]
    refused: Int[Array, ""]
    multiplier: Float[Array, ""]
    most_pinned: Int[Array, ""]


class Move(NamedTuple):
    """What one point changed: for those who hold more of each centroid than this module does.

    `place` is the point's slot (-1 where it was refused), `distances` are those to the old
    centroids (infinite where unused). Where `merged`, slot a holds what was in slot `source[a]`
    (the number of slots stands for the point itself), and what was in slot i went to `slots[i]`.
    """

    place: Int[Array, ""]
    distances: Float[Array, " number"]
    joined: Bool[Array, ""]
    merged: Bool[Array, ""]
    source: Int[Array, " number"]
    slots: Int[Array, " more"]


def initial(
    number: int,
    dimension: int,
    *,
    multiplier: ScalarLike = MULTIPLIER,
    most_pinned: int | None = None,
) -> State:
    """A quantiser that has seen nothing, of at most `number` centroids.

    `most_pinned`, half of the number unless given, is how many points may be pinned.

    Errors: ValueError for sizes below 1, a multiplier that is not above 1, or `most_pinned`
    outside 0 to number - 1. With a traced multiplier that is not, every point is refused.
    """
    validate.integer("number", number, "keep at least one centroid", least=1)
    validate.integer("dimension", dimension, "points have at least one coordinate", least=1)
    most = number // 2 if most_pinned is None else most_pinned
    validate.integer("most_pinned", most, "one slot is for all others", least=0, most=number - 1)
    validate.shape("multiplier", multiplier, (), "pass one number")
    good = traced.holds("multiplier", multiplier, *ABOVE_ONE, "take 2, or the papers' 1.5")
    # Types are those that steps return, or the second would compile anew.
    state = State(
        centroids=jnp.full((number, dimension), jnp.nan, float),
        multiplicities=jnp.zeros(number, int),
        pinned=jnp.zeros(number, bool),
        count=jnp.zeros((), int),
        radius=jnp.zeros(()),
        refused=jnp.zeros((), int),
        multiplier=traced.rounded("multiplier", multiplier, *ABOVE_ONE),
        most_pinned=jnp.full((), most, int),
    )
    return traced.only(good, state, multiplier)


def update(state: State, point: npt.ArrayLike, *, pin: bool | npt.ArrayLike = False) -> State:
    """The state after one more point, kept as a centroid of its own where `pin` says so.

    A traced point that has an entry that is not finite, or too large for its square to be, changes
    nothing but the count of those refused.

    Shapes: point `[dimension]`, pin a truth.
    Errors: ValueError for a point of another dimension, or such entries; the state is unharmed.
    Cost: k d, and k^2 d where centroids merge; memory k d, and k^2 while they do.
    """
    given = stream_inputs.checked(state.centroids, point)
    validate.shape("pin", pin, (), "pass one truth")
    return _update(state, given, stream_inputs.in_type(pin, bool))


def extend(state: State, points: npt.ArrayLike) -> State:
    """The state after all rows, one by one.

    Shapes: points `[n, dimension]`.
    Errors: those of `update`, which name the row; the state is unharmed.
    """
    return _extend(state, stream_inputs.checked_rows(state.centroids, points))


def place(state: State, points: npt.ArrayLike) -> Int[Array, "*n"]:
    """The nearest centroid of a point, or of each of several: the first where several are.

    -1 before the first point.

    Shapes: points `[dimension]` or `[n, dimension]`; the result is a number or `[n]`.
    Errors: those of `update`.
    Cost: k d each.
    """
    if np.ndim(points) == 1:
        return _place(state, stream_inputs.checked(state.centroids, points)[None])[0]
    return _place(state, stream_inputs.checked_rows(state.centroids, points))


def radius_bound(state: State) -> Float[Array, ""]:
    """``R m / (m - 1)``: no point is farther from its centroid; 0 before the first merge."""
    m = state.multiplier
    return state.radius * (m / (m - 1))


def least_radius(state: State) -> Float[Array, ""]:
    """``R / (2 m)``: no k_u centres have all points that are not pinned within less."""
    return state.radius / (2 * state.multiplier)


def distances(rows: Float[Array, "n d"], point: Float[Array, " d"]) -> Float[Array, " n"]:
    """Of each row to the point, by differences; infinite for rows of NaN."""
    squares = _squares(rows - point[None])
    tiny, huge = jnp.finfo(rows.dtype).tiny, jnp.finfo(rows.dtype).max
    lost = (squares < tiny / jnp.finfo(rows.dtype).eps ** 2) | (squares > huge / 4)
    # Squares of small differences vanish and of large ones overflow: then in units of the largest.
    found = lax.cond(jnp.any(lost), _scaled, lambda *_: jnp.sqrt(squares), rows, point)
    return jnp.where(jnp.isnan(found), jnp.inf, found)


def _squares(apart: Array) -> Array:
    # A product with ones, since XLA sums the last axis one by one: at 200 x 64 in half the time.
    return jnp.matmul(
        apart**2, jnp.ones(apart.shape[-1], apart.dtype), precision=lax.Precision.HIGHEST
    )


def _scaled(rows: Array, point: Array) -> Array:
    apart = jnp.abs(rows - point[None])
    unit = jnp.max(apart, axis=1)
    return unit * jnp.sqrt(_squares(apart / jnp.where(unit > 0, unit, 1)[:, None]))


def enter(state: State, point: Array, pin: Array) -> tuple[State, Move]:
    """One step for traced values: the state and what changed."""
    number, dimension = state.centroids.shape
    near = distances(state.centroids, point)
    best = jnp.argmin(near)
    good = jnp.all(jnp.abs(point) <= stream_inputs.reach(point.dtype, dimension))
    most = jnp.iinfo(state.multiplicities.dtype).max  # one more, and counts would be negative
    good = good & (state.multiplier > 1) & (jnp.sum(state.multiplicities) < most)
    pin = pin & (jnp.sum(state.pinned) < state.most_pinned)
    joined = good & ((near[best] == 0) | ((near[best] < state.radius) & ~pin))
    own = good & ~joined
    pending = own & (state.count == number)
    appended = own & ~pending
    at = jnp.minimum(jnp.where(joined, best, state.count), number - 1)
    row = jnp.where(appended, point, state.centroids[at])
    more = (joined | appended).astype(state.multiplicities.dtype)
    state = State(
        centroids=state.centroids.at[at].set(row),
        multiplicities=state.multiplicities.at[at].add(more),
        pinned=state.pinned.at[at].set(state.pinned[at] | (pin & (joined | appended))),
        count=state.count + appended,
        radius=state.radius,
        refused=state.refused + (~good & (state.refused < most)),
        multiplier=state.multiplier,
        most_pinned=state.most_pinned,
    )
    move = Move(
        place=jnp.where(good, at, -1),
        distances=near,
        joined=joined,
        merged=pending,
        source=jnp.arange(number),
        slots=jnp.arange(number + 1),
    )
    # A loop of at most one turn: unlike a branch it changes the state where it lies.
    _, state, move = lax.while_loop(
        lambda carry: carry[0],
        lambda carry: (jnp.asarray(False), *_merge(carry[1], carry[2], point, pin)),
        (pending, state, move),
    )
    return state, move


def _merge(state: State, move: Move, point: Array, pin: Array) -> tuple[State, Move]:
    """Fewer than k + 1 centroids again: the point's slot is the last of k + 1."""
    number = len(state.multiplicities)
    rows = jnp.concatenate([state.centroids, point[None]])
    pinned = jnp.concatenate([state.pinned, pin[None]])
    many = jnp.concatenate([state.multiplicities, jnp.ones(1, state.multiplicities.dtype)])
    pairs = lax.map(partial(distances, rows), rows)
    pairs = jnp.where(jnp.eye(number + 1, dtype=bool), jnp.inf, pairs)
    free = ~pinned
    first = jnp.min(pairs, where=free[:, None] & free[None], initial=jnp.inf)
    least = jnp.min(pairs, where=free[:, None] | free[None], initial=jnp.inf)
    m = state.multiplier
    radius = m * jnp.where(state.radius > 0, state.radius, first)
    # The scan merges some as soon as there is a pair to merge, so that one is enough. Of streams
    # side by side those with nothing to merge come here too, with no pair, or one of a point twice.
    radius = lax.while_loop(
        lambda r: (r > 0) & (r <= least) & (least < jnp.inf),
        lambda r: m * r,
        _nearly(radius, least, m),
    )
    kept, joins = _scanned(pairs, pinned, radius)
    place = jnp.cumsum(kept) - 1
    slots = place[joins]
    source = jnp.argsort(~kept, stable=True)[:number]
    count = jnp.sum(kept)
    used = jnp.arange(number) < count
    merged = State(
        centroids=jnp.where(used[:, None], rows[source], jnp.nan),
        multiplicities=jnp.zeros_like(many).at[slots].add(many)[:number],
        pinned=used & pinned[source],
        count=count.astype(state.count.dtype),
        radius=radius,
        refused=state.refused,
        multiplier=m,
        most_pinned=state.most_pinned,
    )
    move = move._replace(
        place=slots[-1].astype(move.place.dtype),
        source=source.astype(move.source.dtype),
        slots=slots.astype(move.slots.dtype),
    )
    return merged, move


def _nearly(radius: Array, least: Array, m: Array) -> Array:
    """The radius after all but the last turns, where a multiplier near 1 would take many."""
    turns = jnp.floor(jnp.log(least / radius) / jnp.log1p(m - 1)) - 1
    many = (radius > 0) & (least < jnp.inf) & (turns > FEW_TURNS)
    grown = jnp.exp(jnp.log1p(m - 1) * jnp.where(many, turns, 0))
    return jnp.where(many, jnp.minimum(radius * grown, least), radius)


def _scanned(pairs: Array, pinned: Array, radius: Array) -> tuple[Array, Array]:
    """Which are kept, and whom each joins, by one look at them in their order."""

    def one(i: Array, carry: tuple[Array, Array]) -> tuple[Array, Array]:
        kept, joins = carry
        near = kept & (pairs[i] < radius)
        away = ~pinned[i] & jnp.any(near)
        return kept.at[i].set(~away), joins.at[i].set(jnp.where(away, jnp.argmax(near), i))

    # Pinned ones are kept from the start, so that those before them may join them too.
    return lax.fori_loop(0, len(pinned), one, (pinned, jnp.arange(len(pinned))))


@jax.jit
def _update(state: State, point: Array, pin: Array) -> State:
    return enter(state, point, pin)[0]


@jax.jit
def _extend(state: State, points: Array) -> State:
    no = jnp.asarray(False)
    return lax.scan(lambda at, point: (enter(at, point, no)[0], None), state, points)[0]


@jax.jit
def _place(state: State, points: Array) -> Array:
    def nearest(point: Array) -> Array:
        near = distances(state.centroids, point)
        return jnp.where(jnp.isfinite(jnp.min(near)), jnp.argmin(near), -1)

    return lax.map(nearest, points)
