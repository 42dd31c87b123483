"""Bandwidth and regularisation by the derivatives of a loss on held-out labels.

Labels are split: a fold's are held out, the hard solution l is computed from the rest, and the
fold's loss is the mean of ``(l - y)^2`` over what is held out. With ``M l_u = W_ul y_l``,
``M = L_uu + g`` and the adjoint ``M a = dloss/dl_u`` (a is 0 at labelled nodes) the implicit
function theorem gives, for each edge and for g,

    dloss/dw_ij = -(a_i - a_j) (l_i - l_j),      dloss/dg = -sum_i a_i l_i,

so that one more solve with the same matrix has all derivatives. `loss` gives the same to
`jax.grad`, through the implicit derivatives of `harmonic.hard`; `loss_and_slopes` is the adjoint,
on the host.
"""

from __future__ import annotations

from collections.abc import Sequence

import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
import optax
from jaxtyping import Array, Float, ScalarLike

from diversity_jax import validate
from diversity_jax.graph_learning import harmonic, host, inputs
from diversity_jax.graph_learning.affinity import Neighbourhood
from diversity_jax.graph_learning.problem import Affinity
from diversity_jax.graph_learning.tasks import Task
from diversity_jax.records import Record


class Tuned(Record):
    """Bandwidth and regularisation of the smallest loss met, and the whole course `[steps]`.

    `flat` says that the last step changed neither logarithm by a thousandth.
    """

    bandwidth: Float[Array, ""]
    regularisation: Float[Array, ""]
    loss: Float[Array, ""]
    losses: Float[Array, " steps"]
    bandwidths: Float[Array, " steps"]
    regularisations: Float[Array, " steps"]
    flat: bool


def loss(
    near: Neighbourhood,
    labels: npt.ArrayLike,
    labelled: npt.ArrayLike,
    held_out: npt.ArrayLike,
    *,
    bandwidth: ScalarLike,
    regularisation: ScalarLike,
) -> Float[Array, ""]:
    """Mean of ``(l - y)^2`` over held-out nodes, l the hard solution from the others' labels.

    Differentiable by `bandwidth` and `regularisation`, which may be traced; nothing else may. Of
    several columns the mean too.

    Shapes: labels `[n]` or `[n, k]`, labelled and held_out `[n]` booleans.
    Errors: ValueError for held-out nodes that have no label or leave none, and as `harmonic.hard`.
    """
    truth, kept, out = _split(near, labels, labelled, held_out)
    found = harmonic.hard(
        near.gaussian(bandwidth), truth, kept, regularisation=regularisation, tolerance=_fine(truth)
    )
    apart = jnp.where(out[:, None], found - truth, 0)
    return jnp.sum(apart**2) / (out.sum() * truth.shape[1])


def loss_and_slopes(
    near: Neighbourhood,
    labels: npt.ArrayLike,
    labelled: npt.ArrayLike,
    held_out: npt.ArrayLike,
    *,
    bandwidth: float,
    regularisation: float,
) -> tuple[float, np.ndarray]:
    """`loss` and its derivatives by the logarithms of bandwidth and regularisation, by the adjoint.

    Errors: those of `loss`, and ValueError for traced values.
    Cost: two solves on the host.
    """
    truth, kept, out = _split(near, labels, labelled, held_out)
    graph = near.gaussian(bandwidth)
    found = np.asarray(
        harmonic.hard(graph, truth, kept, regularisation=regularisation, tolerance=1e-10)
    )
    number = out.sum() * truth.shape[1]
    apart = np.where(out[:, None], found - truth, 0)
    push = np.zeros_like(found)
    push[out] = 2 * apart[out] / number
    adjoint = _adjoint(graph, kept, push, regularisation)
    first, second = np.asarray(graph.edges).T
    crossed = (adjoint[first] - adjoint[second]) * (found[first] - found[second])
    slopes = -crossed.sum(1) * np.asarray(graph.weights)
    by_bandwidth = float((slopes * np.asarray(near.squares)).sum()) / (bandwidth / near.unit) ** 2
    by_regularisation = -float((adjoint * np.where(kept[:, None], 0, found)).sum())
    value = float((apart**2).sum() / number)
    return value, np.array([by_bandwidth, by_regularisation * regularisation])


def tune(
    near: Neighbourhood,
    labels: npt.ArrayLike,
    labelled: npt.ArrayLike,
    folds: Sequence[npt.ArrayLike],
    *,
    bandwidth: float,
    regularisation: float,
    steps: int = 40,
    learning_rate: float = 0.2,
) -> Tuned:
    """Adam on the logarithms of both, from the values given; the loss is the mean over `folds`.

    A step that meets a solve which does not converge counts as an infinite loss and ends the run.

    Shapes: labels `[n]` or `[n, k]`; folds are masks `[n]` of labelled nodes to hold out.
    Errors: ValueError for no fold, starting values that are not above zero, and as `loss`.
    Cost: two solves a fold and step, on the host.
    """
    if not len(folds):
        raise validate.fail("folds", "none", "at least one mask", "see tuning.folds")
    validate.integer("steps", steps, "take some 40", least=1)
    for name, value in (("bandwidth", bandwidth), ("regularisation", regularisation)):
        validate.shape(name, value, (), "pass one number to start from")
        validate.positive(name, value, "start above zero: steps are taken on the logarithm")
    at = np.log(np.array([bandwidth, regularisation], float))
    optimiser = optax.adam(learning_rate)
    state, course, moved = optimiser.init(jnp.asarray(at)), [], np.inf
    for _ in range(steps):
        width, strength = np.exp(at)
        parts = [
            loss_and_slopes(near, labels, labelled, fold, bandwidth=width, regularisation=strength)
            for fold in folds
        ]
        value = float(np.mean([part[0] for part in parts]))
        slope = np.mean([part[1] for part in parts], axis=0)
        course.append((value if np.isfinite(value) else np.inf, width, strength))
        if not np.isfinite(slope).all():
            break
        change, state = optimiser.update(jnp.asarray(slope), state)
        moved = float(np.abs(np.asarray(change)).max())
        at = at + np.asarray(change)
    values = np.array(course)
    best = values[np.argmin(values[:, 0])]
    kinds = [jnp.asarray(number) for number in (best[1], best[2], best[0])]
    return Tuned(*kinds, *(jnp.asarray(column) for column in values.T), flat=moved < 1e-3)


def folds(labels: npt.ArrayLike, labelled: npt.ArrayLike, *, number: int = 5) -> list[np.ndarray]:
    """Masks that share out the labelled nodes, class by class, in the order of their places.

    Errors: ValueError for a class with fewer labelled nodes than two (none would be left to learn
    from), or a number of folds below 2.
    """
    chosen = np.asarray(inputs.mask(labelled, np.shape(labels)[0]))
    names = inputs.names_of(labels, chosen)
    validate.integer("number", number, "hold out a part at a time", least=2)
    parts = [np.zeros(len(names), bool) for _ in range(number)]
    for name in np.unique(names[chosen], axis=0):
        alike = (names == name) if names.ndim == 1 else (names == name).all(1)
        places = np.flatnonzero(chosen & alike)
        if len(places) < 2:
            got = f"one labelled node of class {name.tolist()}"
            raise validate.fail("labelled", got, "at least two of each class", "label another")
        for turn, place in enumerate(places):
            parts[turn % number][place] = True
    return [part for part in parts if part.any()]


def _fine(labels: np.ndarray) -> float:
    """A tolerance at which derivatives are good to more digits than a step needs."""
    return 1e-10 if labels.dtype == np.float64 else 1e-5


def _split(
    near: Neighbourhood, labels: npt.ArrayLike, labelled: npt.ArrayLike, held_out: npt.ArrayLike
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    chosen = np.asarray(inputs.mask(labelled, near.nodes))
    out = np.asarray(inputs.mask(held_out, near.nodes))
    if (out & ~chosen).any():
        node = int(np.argmax(out & ~chosen))
        got = f"node {node}, which has no label"
        raise validate.fail("held_out", got, "labelled nodes", "hold out what has a label")
    kept = chosen & ~out
    if not kept.any():
        got = "all labelled nodes"
        raise validate.fail("held_out", got, "some of them", "leave labels to learn from")
    values = inputs.columns(labels, near.nodes)
    return np.asarray(inputs.used_labels(values, chosen)[0]), kept, out


def _adjoint(
    graph: Affinity, kept: np.ndarray, push: np.ndarray, regularisation: float
) -> np.ndarray:
    """The solution a of ``(L_uu + g) a = push``, zero at the kept labels."""
    nothing = np.zeros(graph.nodes)
    task = Task(np.zeros_like(push), kept, nothing, regularisation, np.ones(graph.nodes))
    system = host.System(graph, task)
    right = system.scale[:, None] * push[system.free]
    found, _ = system.solve(right, 1e-10, 10 * graph.nodes + 100)
    return system.whole(found)
