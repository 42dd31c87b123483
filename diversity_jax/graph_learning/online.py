"""Labels for a stream, online: the harmonic solution on the centroids of what was seen so far.

Each point is a step ``(state, point, label or none) -> (state, prediction)``. `quantise` keeps at
most k centroids with the numbers of their points; on them the hard harmonic solution of the whole
stream with every point moved to its centroid is the compact one, a system of at most k unknowns
(`harmonic`, with multiplicities), with the weights ``exp(-|x - x'|^2 / (2 bandwidth^2))``. The
prediction is the value of the point's centroid: between -1 and 1, 0 where nothing is known.

Labelled points are pinned (`quantise`), so that no centroid mixes classes unless they hold the same
point, or there are more labelled points than may be pinned. A centroid with several labels is held
at their mean. A labelled point's own prediction is made with its label: ask `predict` before.

Memory is constant, k^2 numbers. The solution costs a Cholesky factorisation of k x k: `insert`
leaves it out, and `run` asks for it at every so many points only.

Where labels are few or far and multiplicities large, a walk takes so many steps to a label that the
factor has few digits, in single precision none. So the bound on the error of the solution is looked
at, and where it is above the root of the precision's rounding the system is solved once more
without any subtraction (`compiled.eliminated`), which loses no digit and takes k^3 operations too,
but several times as long.

A centroid has the mean of its first 2^53 labels, 2^24 in single precision: a sum of more would lose
those that are added.
"""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from jax import lax
from jaxtyping import Array, Float, Int, ScalarLike

from diversity_jax import traced, validate
from diversity_jax.graph_learning import compiled, quantise, stream_inputs
from diversity_jax.graph_learning.quantise import Move
from diversity_jax.graph_learning.tasks import Task
from diversity_jax.records import Record

ABOVE_ZERO = (lambda x: (x > 0) & (x < np.inf)), "a finite number above 0"
BLOCK = 1024  # points that one program takes, whatever the length of a stream


class Learner(Record):
    """What the learner holds of a stream.

    `quantiser` the centroids, `weights` between them (0 where unused, and on the diagonal), `sums`
    and `labelled` the sum and number of the labels at each. `numbers` says that a label is one
    number; otherwise it is a row with one per class.
    """

    quantiser: quantise.State
    weights: Float[Array, "number number"]
    sums: Float[Array, "number classes"]
    labelled: Int[Array, " number"]
    bandwidth: Float[Array, ""]
    regularisation: Float[Array, ""]
    numbers: bool = eqx.field(static=True)


def initial(
    number: int,
    dimension: int,
    *,
    bandwidth: ScalarLike,
    regularisation: ScalarLike,
    classes: int | None = None,
    multiplier: ScalarLike = quantise.MULTIPLIER,
    most_pinned: int | None = None,
) -> Learner:
    """A learner that has seen nothing. Labels are numbers, or rows of as many as `classes`.

    Errors: ValueError for a bandwidth or regularisation that is not above zero (a stream begins
    with points that no label reaches), classes below 1, and as `quantise.initial`.
    """
    fix = "a stream begins with points that no label reaches: take a small one, e.g. 1e-6"
    for name, value in (("bandwidth", bandwidth), ("regularisation", regularisation)):
        validate.shape(name, value, (), "pass one number")
    good = traced.positive("bandwidth", bandwidth)
    good = good & traced.positive("regularisation", regularisation, fix)
    if classes is not None:
        validate.integer("classes", classes, "leave it out for labels of -1 and 1", least=1)
    state = quantise.initial(number, dimension, multiplier=multiplier, most_pinned=most_pinned)
    learner = Learner(
        quantiser=state,
        weights=jnp.zeros((number, number)),
        sums=jnp.zeros((number, 1 if classes is None else classes)),
        labelled=jnp.zeros(number, int),
        bandwidth=traced.rounded("bandwidth", bandwidth, *ABOVE_ZERO),
        regularisation=traced.rounded("regularisation", regularisation, *ABOVE_ZERO),
        numbers=classes is None,
    )
    return traced.only(good, learner, bandwidth, regularisation)


def step(
    state: Learner, point: npt.ArrayLike, label: npt.ArrayLike | None = None
) -> tuple[Learner, Float[Array, "*classes"]]:
    """The state after one more point, and the point's value by the harmonic solution.

    `label` None, or NaN, is none. A traced point or label that is bad leaves the state as it was,
    but for the count of those refused; its prediction is NaN.

    Shapes: point `[dimension]`, label a number or `[classes]`, as is the prediction.
    Errors: ValueError for a point of another dimension, entries that are not finite or too large,
    labels outside -1 to 1 or given in part; the state is unharmed.
    Cost: k d and the factorisation of k x k.
    Source: 1203.3522, figure 1; 2605.03495, section 3.5, algorithm 2.
    """
    state, found = _step(state, *_checked(state, point, label))
    return state, found[0] if state.numbers else found


def insert(state: Learner, point: npt.ArrayLike, label: npt.ArrayLike | None = None) -> Learner:
    """`step` without a prediction.

    Errors: those of `step`.
    Cost: k d, and k^2 d where centroids merge.
    """
    return _insert(state, *_checked(state, point, label))


def values(state: Learner) -> Float[Array, "number ..."]:
    """The harmonic solution of all centroids; 0 for unused rows."""
    found = _values(state)
    return found[:, 0] if state.numbers else found


def predict(state: Learner, points: npt.ArrayLike) -> Float[Array, "*n"]:
    """Values at the nearest centroids of points that the state is not to learn from.

    NaN before the first point of a stream.

    Shapes: points `[dimension]` or `[n, dimension]`; the result is as one label, or `[n]` of them.
    Errors: those of `quantise.place`.
    Cost: one factorisation and k d each.
    """
    at = quantise.place(state.quantiser, points)
    found = values(state)[at]
    there = at >= 0
    return jnp.where(there if state.numbers else there[..., None], found, jnp.nan)


def run(
    state: Learner,
    points: npt.ArrayLike,
    labels: npt.ArrayLike | None = None,
    *,
    every: ScalarLike = 1,
) -> tuple[Learner, Float[Array, "n ..."]]:
    """All points of a part of a stream, one by one, and their predictions.

    Predicted is each point whose number, counted from the beginning of the stream, is a multiple
    of `every` (0 for none); the others' predictions are NaN. So a stream may be cut anywhere. One
    program is compiled, whatever the length.

    Shapes: points `[n, dimension]`; labels `[n]` or `[n, classes]`, NaN for none.
    Errors: those of `step`, which name the row, before anything is learned.
    Cost: that of `step` and `insert`.
    """
    given = stream_inputs.checked_rows(state.quantiser.centroids, points)
    columns = stream_inputs.labels(labels, len(given), **_kind(state))
    validate.shape("every", every, (), "pass one number")
    good = traced.whole("every", every, 0, "predict each point by 1, none by 0")
    each = traced.only(good, jnp.asarray(every, float), every)
    if not validate.seen((given, columns, each, state)):
        state, found = _part(state, given, columns, each, len(given))
        return state, found[:, 0] if state.numbers else found
    parts = []
    for start in range(0, len(given), BLOCK):
        rows, some = given[start : start + BLOCK], columns[start : start + BLOCK]
        less = BLOCK - len(rows)
        rows, some = (np.pad(part, ((0, less), (0, 0))) for part in (rows, some))
        state, found = _part(state, rows, some, each, BLOCK - less)
        parts.append(np.asarray(found)[: BLOCK - less])
    found = jax.device_put(np.concatenate(parts) if parts else np.zeros_like(columns))
    return state, found[:, 0] if state.numbers else found


def _checked(state: Learner, point: npt.ArrayLike, label: npt.ArrayLike | None) -> tuple[Any, Any]:
    given = stream_inputs.checked(state.quantiser.centroids, point)
    return given, stream_inputs.label(label, **_kind(state))


def _kind(state: Learner) -> dict[str, Any]:
    sums = state.sums
    return {"classes": sums.shape[1], "numbers": state.numbers, "dtype": sums.dtype}


def _advance(state: Learner, point: Array, label: Array) -> tuple[Learner, Move]:
    none = jnp.all(jnp.isnan(label))
    fine = (none | jnp.all(jnp.abs(label) <= 1)) & (state.bandwidth > 0)
    # A bad label makes the point a bad one, which is counted and left out.
    quantiser, move = quantise.enter(state.quantiser, jnp.where(fine, point, jnp.nan), ~none)
    row = jnp.exp(-((move.distances / state.bandwidth) ** 2) / 2)
    at = jnp.maximum(move.place, 0)
    appended = (move.place >= 0) & ~move.joined & ~move.merged
    # A loop of at most one turn: written at every step, the table would be copied at every step.
    _, table = lax.while_loop(
        lambda carry: carry[0],
        lambda carry: (jnp.asarray(False), _with_row(carry[1], row, at)),
        (appended, state.weights),
    )
    _, table, sums, labelled = lax.while_loop(
        lambda carry: carry[0],
        lambda carry: (
            jnp.asarray(False),
            *_moved(*carry[1:], row, move, quantiser.count),
        ),
        (move.merged, table, state.sums, state.labelled),
    )
    # Beyond that many a sum loses what is added, and the mean would fall.
    many = labelled[at] < 2 / jnp.finfo(sums.dtype).eps
    add = (move.place >= 0) & ~none & many
    state = Learner(
        quantiser=quantiser,
        weights=table,
        sums=sums.at[at].add(jnp.where(add, label, 0)),
        labelled=labelled.at[at].add(add.astype(labelled.dtype)),
        bandwidth=state.bandwidth,
        regularisation=state.regularisation,
        numbers=state.numbers,
    )
    return state, move


def _with_row(table: Array, row: Array, at: Array) -> Array:
    zero = jnp.zeros_like(at)
    table = lax.dynamic_update_slice(table, row[None], (at, zero))
    return lax.dynamic_update_slice(table, row[:, None], (zero, at))


def _moved(
    table: Array, sums: Array, labelled: Array, row: Array, move: Move, count: Array
) -> tuple[Array, Array, Array]:
    """Weights and labels of the centroids that are left, the point's own weights among them."""
    number = len(labelled)
    more = jnp.pad(table, (0, 1)).at[number, :number].set(row).at[:number, number].set(row)
    used = jnp.arange(number) < count
    inside = used[:, None] & used[None]
    table = jnp.where(inside, more[move.source][:, move.source], 0)
    to = move.slots[:number]
    return (
        table,
        jnp.zeros_like(sums).at[to].add(sums),
        jnp.zeros_like(labelled).at[to].add(labelled),
    )


@jax.jit
def _values(state: Learner) -> Array:
    held = state.labelled > 0
    mean = state.sums / jnp.maximum(state.labelled, 1)[:, None]
    many = state.quantiser.multiplicities.astype(mean.dtype)
    task = Task(mean, held, jnp.zeros_like(many), state.regularisation, many)
    found, _, _, error = compiled.solve(state.weights, task, 1e-6, 1, False)
    sure = jnp.all(error <= jnp.finfo(found.dtype).eps ** 0.5)  # false for NaN
    return lax.cond(sure, lambda *_: found, compiled.eliminated, state.weights, task)


def _at(state: Learner, move: Move) -> Array:
    found = _values(state)[jnp.maximum(move.place, 0)]
    return jnp.where(move.place >= 0, found, jnp.nan)


@jax.jit
def _step(state: Learner, point: Array, label: Array) -> tuple[Learner, Array]:
    state, move = _advance(state, point, label)
    return state, _at(state, move)


@jax.jit
def _insert(state: Learner, point: Array, label: Array) -> Learner:
    return _advance(state, point, label)[0]


@jax.jit
def _part(
    state: Learner, points: Array, labels: Array, every: Array, number: ScalarLike
) -> tuple[Learner, Array]:
    """The first `number` rows: rows beyond them are there so that one program will do."""

    def one(i: Array, carry: tuple[Learner, Array]) -> tuple[Learner, Array]:
        state, found = carry
        state, move = _advance(state, points[i], labels[i])
        seen = jnp.sum(state.quantiser.multiplicities) + state.quantiser.refused
        asked = (every > 0) & (seen % jnp.maximum(every, 1).astype(seen.dtype) == 0)
        nothing = jnp.full(labels.shape[1], jnp.nan, found.dtype)
        value = lax.cond(asked, _at, lambda *_: nothing, state, move)
        return state, found.at[i].set(value)

    start = jnp.full(labels.shape, jnp.nan, state.sums.dtype)
    return lax.fori_loop(0, number, one, (state, start))
