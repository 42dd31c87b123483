"""Conditional anomalies: labels that are unusual given the rest of a graph.

    soft harmonic        |l - y|, l the soft solution with all labels: (L + g + C) l = C y
    random walk          the chance of another class, by degrees within classes over volumes
    weighted neighbours  the share of other classes among a row's weights

The soft solution is what a walk earns: from i it ends at label j with some chance, and is lost with
another. So for labels of -1 and 1 the soft harmonic score is

    |l_i - y_i| = chance to be lost + 2 (chance to end at a label that is not y_i),

which is within ``[g / (c + g), 2 - g / (c + g)]``, c the largest confidence (derived in
`theory.leave_one_out`). At one confidence a row without edges has the least score, and so has every
row of a component of one class. Of several classes each row's score is that of its class against
the rest.

Weights between a row and itself never count, in no score.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from jaxtyping import Array, Float, ScalarLike

from diversity_jax import traced, validate
from diversity_jax.graph_learning import classes as _classes
from diversity_jax.graph_learning import harmonic, host, inputs, leverages, pairs
from diversity_jax.graph_learning.problem import Known, count, known
from diversity_jax.graph_learning.tasks import Task
from diversity_jax.records import Record

CLOSE = 1e-8  # by how much chances may miss 1 at most


class Unusual(Record):
    """How unusual the label of each row is, and what the graph says without it.

    `scores` `[n]` are those of `soft_harmonic`, one class against the rest. Without the row's own
    label the walk from it ends at labels of each class with chances `support` `[n, k]`; `labels`
    `[n]` are the classes of the largest (the first where several are: `tied`, also where none is
    above zero). `leverage` `[n]` is the weight of the own label in the solution. Scores are within
    `bounds` `[2]` on any graph, and from `lowest` to `highest` `[n]`, which some labels of the
    others attain, on this one. `converged` is False where a walk's chances do not add up to 1.
    """

    classes: np.ndarray
    scores: Float[Array, " n"]
    labels: np.ndarray
    support: Float[Array, "n k"]
    tied: np.ndarray
    leverage: Float[Array, " n"]
    lowest: Float[Array, " n"]
    highest: Float[Array, " n"]
    bounds: Float[Array, " 2"]
    converged: bool


def soft_harmonic(
    affinity: object,
    labels: npt.ArrayLike,
    *,
    confidence: npt.ArrayLike,
    regularisation: ScalarLike,
) -> Float[Array, " n"]:
    """The soft harmonic anomaly score ``|l - y|`` of every row; larger is more unusual.

    Everything may be traced and differentiated but the edges of a sparse affinity.

    Shapes: labels `[n]`, each -1 or 1; confidence a number or `[n]`, 0 and up.
    Errors: ValueError for labels that are neither -1 nor 1, and as `harmonic.soft`.
    Cost: that of `harmonic.soft`, to a residual of 1e-10 (1e-5 where traced in single precision).
    Source: 2604.21462, equations 4 and 7.
    """
    nodes = count(known(affinity))
    validate.shape("labels", labels, (nodes,), "give every row one label")
    signs = inputs.columns(labels, nodes)[:, 0]
    fix = "number two classes so, or use anomaly.of_classes"
    good = traced.holds("labels", signs, lambda y: abs(y) == 1, "each -1 or 1", fix)
    # What can be seen is solved in double precision, whatever is returned.
    seen = validate.seen((affinity, signs, confidence, regularisation))
    precision = jnp.finfo(jnp.result_type(signs, float))
    fine = 1e-10 if seen or precision.bits == 64 else 1e-5
    found = harmonic.solve_soft(
        affinity, signs, confidence, regularisation=regularisation, tolerance=fine
    )
    # What rounding leaves of a residual may be more than that, and the values still be right.
    near = found.error <= float(np.sqrt(precision.eps))
    there = jax.lax.stop_gradient(jnp.asarray(found.converged) | near)
    solution = jnp.where(there, found.values, jnp.nan)
    return traced.only(good, jnp.abs(solution - signs), signs)


def of_classes(
    affinity: object,
    labels: npt.ArrayLike,
    *,
    confidence: npt.ArrayLike,
    regularisation: ScalarLike,
) -> Unusual:
    """Soft harmonic scores of classes with names, and what the graph says without each own label.

    Nothing is solved again for a label that is left out: `leverages` has the identity, and sums
    that keep all digits for rows on faint edges.

    Shapes: labels `[n]` of any type that sorts; confidence a number or `[n]`, 0 and up.
    Errors: ValueError as `classes.encode` and `harmonic.soft`, a kernel of more than 20,000 points;
    for traced values.
    Cost: that of `leverages.left_out`, for the diagonal of an inverse: n^3 operations, or n solves
    of a sparse affinity of more than 10,000 nodes. For scores alone: `soft_harmonic`.
    Source: 2604.21462, equations 4 and 7; without the own label, and the range, derived.
    """
    given = known(affinity)
    columns, order = _encoded(given, labels)
    pull, g = _strengths(given, columns, confidence, regularisation)
    walk = leverages.left_out(given, columns, pull, regularisation=g)
    other = np.where(columns > 0, 0, walk.others).sum(1)
    support, tied = walk.support()
    least = g / (pull.max() + g)
    numbers = (
        jax.device_put(part)
        for part in (
            walk.lost + 2 * other,
            support,
            walk.own,
            walk.lost,
            walk.highest(),
            np.array([least, 2 - least]),
        )
    )
    scores, support, own, lowest, highest, bounds = numbers
    return Unusual(
        classes=order,
        scores=scores,
        labels=order[np.asarray(support).argmax(1)],
        support=support,
        tied=tied,
        leverage=own,
        lowest=lowest,
        highest=highest,
        bounds=bounds,
        converged=walk.residual <= CLOSE,
    )


def random_walk(
    affinity: object,
    labels: npt.ArrayLike,
    *,
    background: float = 0.0,
    priors: npt.ArrayLike | None = None,
    reference: npt.ArrayLike | None = None,
) -> Float[Array, " n"]:
    """The chance that a row is of another class than its own, by walks within classes.

    In the graph of a class c with volume ``vol`` (the sum of its degrees), to which a row is joined
    with weights that sum to s, a walk spends the share ``p_c = s / (vol + 2 s)`` of its time at the
    row. The score is ``sum over other c of p_c prior_c / (background + sum over all c)``: rows far
    from every class are left to a class of the background, and are not unusual. A row without a
    weight scores 0 there, and ``1 - prior`` of its own class without a background.

    At no background the odds are those of `weighted_neighbours` times a factor that is not 1 where
    the classes' mean degrees differ (`theory.walk_odds_factor`).

    Shapes: labels `[n]` of any type that sorts; priors `[k]` in ascending order of the classes, by
    default their shares; reference `[n]` booleans, the rows that make the classes' graphs (all).
    Errors: ValueError for a negative background, priors that are no shares, no row of reference,
    and as `classes.encode`; for traced values.
    Cost: one product of the affinity with k columns.
    Source: 2605.03495, algorithm 3; several classes derived.
    """
    traced.nonnegative("background", background)
    given = known(affinity)
    columns, _ = _encoded(given, labels)
    used = _reference(reference, len(columns))
    sums, share = _toward(given, columns, used)
    if priors is not None:
        validate.shape("priors", priors, (columns.shape[1],), "give one number per class")
        validate.simplex("priors", priors)
        share = np.asarray(priors, np.float64)
    volumes = np.where(used[:, None], columns * sums, 0).sum(0)
    # A row of reference is in the volume of its class already.
    below = volumes + np.where(used[:, None] & (columns > 0), 0, 2 * sums)
    joint = share * sums / np.where(below > 0, below, 1)
    nothing = 1 - columns @ share
    return jax.device_put(
        share_of_others(joint, columns, nothing, background=float(np.asarray(background)))
    )


def weighted_neighbours(
    affinity: object, labels: npt.ArrayLike, *, reference: npt.ArrayLike | None = None
) -> Float[Array, " n"]:
    """The share of a row's weights that go to other classes.

    Who is a neighbour is the affinity's to say. A row without a weight gets the share of the other
    classes among all rows of reference.

    Shapes, errors, cost: those of `random_walk`.
    Source: 2605.03495, section 6.2.3.
    """
    given = known(affinity)
    columns, _ = _encoded(given, labels)
    used = _reference(reference, len(columns))
    sums, share = _toward(given, columns, used)
    return jax.device_put(share_of_others(sums, columns, 1 - columns @ share))


def agreement(truth: npt.ArrayLike, score: npt.ArrayLike) -> float:
    """The share of pairs of rows, of distinct truth, that the score puts in the same order.

    A tie of the score counts one half. Rank truth by log odds (`settings.Labelled.log_odds`): of
    probabilities many are 0 or 1 to rounding, and would tie.

    Shapes: both `[n]`; infinities have their place.
    Errors: ValueError for NaN, fewer than two rows, one truth only, traced values.
    Cost: n log n.
    Source: 2604.21462.
    """
    values = []
    for name, given in (("truth", truth), ("score", score)):
        seen = validate.concrete(given)
        if seen is None:
            raise validate.fail(name, "traced values", "concrete ones", "call this outside jit")
        validate.shape(name, seen, (np.shape(truth)[0] if np.ndim(truth) else None,), "pass [n]")
        if seen.dtype.kind not in "fiub" or np.isnan(seen).any():
            got = "NaN" if seen.dtype.kind == "f" else f"type {seen.dtype}"
            raise validate.fail(name, got, "numbers", "leave such rows out of both")
        values.append(np.unique(seen, return_inverse=True)[1].ravel())  # 2^53 + 1 is no double
    real, shown = values
    number = len(real)
    told = number * (number - 1) // 2 - pairs.tied(real)
    if not told:
        got = f"{number} rows of one truth"
        raise validate.fail("truth", got, "at least two that differ", "add rows")
    # Of one truth, descending scores: no pair of those ascends.
    order = np.lexsort((-shown, real))
    right = pairs.ascending(shown[order])
    even = pairs.tied(shown) - pairs.tied(real, shown)
    return (right + even / 2) / told


def share_of_others(
    parts: np.ndarray, columns: np.ndarray, nothing: npt.ArrayLike, *, background: float = 0.0
) -> np.ndarray:
    """The other columns' part of each row's sum of `parts` `[n, k]`, `nothing` where that is 0."""
    other = np.where(columns > 0, 0, parts).sum(1)
    total = background + parts.sum(1)
    return np.where(total > 0, other / np.where(total > 0, total, 1), nothing)


def _reference(reference: npt.ArrayLike | None, nodes: int) -> np.ndarray:
    if reference is None:
        return np.ones(nodes, bool)
    validate.shape("reference", reference, (nodes,), "give one truth per row")
    seen = validate.concrete(reference)
    if seen is None or seen.dtype.kind != "b" or not seen.any():
        got = "traced values" if seen is None else f"{seen.sum()} rows of type {seen.dtype}"
        fix = "pass a mask of rows to learn from"
        raise validate.fail("reference", got, "booleans, at least one true", fix)
    return seen


def _toward(given: Known, columns: np.ndarray, used: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Each row's weights to the used rows of each class `[n, k]`, and the classes' shares `[k]`."""
    chosen = np.where(used[:, None], columns, 0)
    sums = host.product(given, host.matrix(given))(chosen)
    return sums, chosen.sum(0) / chosen.sum()


def _encoded(given: Known, labels: npt.ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """A column per class `[n, k]` and the classes; nothing may be traced."""
    if not validate.seen((given, labels)):
        fix = "call this outside jit, or use anomaly.soft_harmonic"
        raise validate.fail("labels", "traced values", "concrete ones", fix)
    nodes = count(given)
    validate.shape("labels", labels, (nodes,), "give every row one label")
    columns, order = _classes.encode(labels, np.ones(nodes, bool))
    return np.asarray(columns, np.float64), order


def _strengths(
    given: Known, columns: np.ndarray, confidence: npt.ArrayLike, regularisation: ScalarLike
) -> tuple[np.ndarray, float]:
    """Confidences `[n]` and the regularisation, refused as `harmonic.soft` would."""
    nodes = len(columns)
    if not validate.seen((confidence, regularisation)):
        raise validate.fail("confidence", "traced values", "concrete ones", "call this outside jit")
    pull, _ = inputs.weights("confidence", confidence, nodes)
    inputs.regularisation_of(regularisation)
    if not (pull > 0).any():
        fix = "labels count by their confidence"
        raise validate.fail("confidence", "zero everywhere", "some above zero", fix)
    task: Any = Task(columns, np.zeros(nodes, bool), pull, regularisation, np.ones(nodes))
    inputs.check_reached(given, task)
    return np.asarray(pull, np.float64), float(np.asarray(regularisation))
