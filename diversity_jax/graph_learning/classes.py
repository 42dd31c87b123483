"""Labels of several classes: columns for the solvers, names for people, and what is predicted.

One column per class, 1 where a node is labelled so and 0 otherwise (one against the rest). At zero
regularisation the columns of a hard solution are probabilities and add up to 1; with it they add up
to the probability that the walk meets a label at all. For two classes their difference is the
solution for labels of -1 and 1.
"""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from jaxtyping import Array, Float, ScalarLike

from diversity_jax import validate
from diversity_jax.graph_learning import harmonic, inputs
from diversity_jax.graph_learning.problem import count, known
from diversity_jax.records import Record


class Predicted(Record):
    """What a graph says of its nodes.

    `classes` are the names in ascending order, `scores` `[n, k]` their columns, `labels` `[n]` the
    name of the largest (the first in that order where several are; `tied` says where that, or no
    column above zero, was so), `margin` by how much the largest exceeds the second.
    """

    classes: np.ndarray
    labels: np.ndarray
    scores: Float[Array, "n k"]
    margin: Float[Array, " n"]
    tied: np.ndarray
    converged: bool


def encode(
    labels: npt.ArrayLike, labelled: npt.ArrayLike, *, classes: npt.ArrayLike | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """One column per class `[n, k]`, zeros where nothing is labelled, and the classes `[k]`.

    `labels` are of any type that sorts; they are ignored where `labelled` is False. `classes` are
    those that occur, in ascending order, unless given.

    Errors: ValueError for no label, one class only, a label that is no class (it is named), NaN,
    None or an empty name among the labels, labels of types that do not sort.
    """
    validate.shape("labels", labels, (None,), "give every node one label")
    chosen = np.asarray(inputs.mask(labelled, np.shape(labels)[0]))
    names = inputs.names_of(labels, chosen)
    given = names[chosen]
    empty = (given == "") | (given == None) if given.dtype.kind in "USO" else given != given  # noqa: E711
    if np.any(empty):
        row = int(np.flatnonzero(chosen)[np.argmax(empty)])
        got, fix = f"an empty label or NaN at node {row}", "leave it out of what is labelled"
        raise validate.fail("labels", got, "a class where labelled", fix)
    found = np.unique(given)
    order = found if classes is None else np.asarray(classes)
    if order.ndim != 1 or len(set(order.tolist())) != len(order):
        raise validate.fail("classes", f"{order.tolist()}", "each class once", "drop repetitions")
    strange = [name for name in found.tolist() if name not in set(order.tolist())]
    if strange:
        row = int(np.flatnonzero(chosen)[np.argmax(given == strange[0])])
        got, fix = f"{strange[0]!r} at node {row}", "name all classes, or none"
        raise validate.fail("labels", got, f"one of {order.tolist()}", fix)
    if len(order) < 2:
        got, fix = f"one class only, {order.tolist()}", "label a node of another class"
        raise validate.fail("labels", got, "at least two classes", fix)
    columns = (names[:, None] == order) & chosen[:, None]
    return columns.astype(jnp.zeros(0).dtype), order


def mass_normalised(
    scores: npt.ArrayLike, labelled: npt.ArrayLike, *, shares: npt.ArrayLike | None = None
) -> Float[Array, "n k"]:
    """Columns scaled so that over unlabelled nodes their sums are as `shares`.

    With few labels a class may win everywhere by a small lead; known shares of the classes correct
    that. `shares` are those of the labelled nodes, plus one each, unless given. Values of labelled
    nodes are left as they are; a class without mass gets none.

    Errors: ValueError for shares that are not positive, or of another number than the columns.
    Source: Zhu, Ghahramani and Lafferty 2003, section 4.
    """
    columns = inputs.columns(scores, np.shape(scores)[0])
    xp = inputs.library(columns, labelled, 0 if shares is None else shares)
    chosen = xp.asarray(inputs.mask(labelled, columns.shape[0]))[:, None]
    if shares is None:
        weight = xp.where(chosen, columns, 0).sum(0) + 1
    else:
        validate.shape("shares", shares, (columns.shape[1],), "give one share per class")
        validate.positive("shares", shares)
        weight = xp.asarray(shares, columns.dtype)
    mass = xp.where(chosen, 0, columns).sum(0)
    factor = weight / weight.sum() / xp.where(mass > 0, mass, 1)
    return jnp.asarray(xp.where(chosen, columns, columns * factor[None]))


def classify(
    affinity: object,
    labels: npt.ArrayLike,
    labelled: npt.ArrayLike,
    *,
    regularisation: ScalarLike = 0.0,
    multiplicities: npt.ArrayLike | None = None,
    normalised: bool = False,
    classes: npt.ArrayLike | None = None,
) -> Predicted:
    """The class of every node by the hard harmonic solution.

    `normalised` scales columns by class masses (`mass_normalised`) before the largest is taken.
    Labelled nodes keep their labels.

    Shapes: labels `[n]` of any type that sorts, labelled `[n]` booleans.
    Errors: ValueError as `encode` and `harmonic.hard`; for traced values.
    """
    nodes = count(known(affinity))
    validate.shape("labels", labels, (nodes,), "give every node of the affinity a label")
    columns, order = encode(labels, labelled, classes=classes)
    found = harmonic.solve_hard(
        affinity, columns, labelled, regularisation=regularisation, multiplicities=multiplicities
    )
    scores = mass_normalised(found.values, labelled) if normalised else found.values
    values = np.asarray(scores)
    two = np.sort(values, axis=1)[:, -2:]
    margin = two[:, 1] - two[:, 0]
    return Predicted(
        classes=order,
        labels=order[values.argmax(1)],
        scores=scores,
        margin=jnp.asarray(margin),
        tied=(margin <= 0) | (two[:, 1] <= 0),
        converged=bool(np.asarray(found.converged).all()),
    )
