"""Harmonic solutions from the fundamental matrix of an absorbed walk: no linear system in l.

A walk at an unlabelled node i goes to node j with probability ``w_ij v_j / (d_i + g)``, where
``d_i = sum_{j != i} w_ij v_j``, and otherwise dies: into a sink, with probability
``g / (d_i + g)``. Labelled nodes end it. With Q the probabilities between unlabelled nodes and R
those into labelled ones, ``N = (1 - Q)^-1`` counts visits, ``N R`` are the chances to end at each
labelled node and ``N 1`` the mean numbers of steps. The hard solution is ``N R y_l``: what the walk
earns.

The soft solution is a walk too. Give each node a label node of its own, at weight c_i, that holds
y_i: the minimum over l of ``sum c_i (l_i - y_i)^2 + l'(L + g) l`` is that of a hard problem on the
larger graph. So from i the walk ends at its own label with probability ``c_i / (d_i + g + c_i)``.
Within a group of identical points all members are one node here, and the walk among them, which
does not change what is earned, is not counted.

What N gives is found by watching the walk on fewer and fewer nodes: without node m, it goes from i
to j at the rate ``r_ij + r_im r_mj / r_m``, r_m the sum of all rates out of m but those back to it,
and to each end likewise. Nothing is ever subtracted (Grassmann, Taksar and Heyman 1985), so that
each chance has all digits, however rarely a walk leaves strong edges; ``1 - Q`` loses as many
digits as the walk has steps.
"""

from __future__ import annotations

import jax
import numpy as np
import numpy.typing as npt
from jaxtyping import Array, Float, Int, ScalarLike

from diversity_jax import validate
from diversity_jax.graph_learning.theory import _arguments
from diversity_jax.records import Record


class Absorption(Record):
    """Where a walk from each node ends.

    `places` `[l]` are the nodes whose labels end it, `chances` `[n, l]` the probabilities to end at
    each, `lost` `[n]` that of the sink, `steps` `[n]` the mean number of steps until then.
    """

    places: Int[Array, " l"]
    chances: Float[Array, "n l"]
    lost: Float[Array, " n"]
    steps: Float[Array, " n"]


def hard_absorption(
    affinity: object,
    labelled: npt.ArrayLike,
    *,
    regularisation: ScalarLike,
    multiplicities: npt.ArrayLike | None = None,
) -> Absorption:
    """The walk of the hard problem: ``chances @ labels[places]`` is its solution.

    Exact. On the host.

    Shapes: labelled `[n]` booleans, multiplicities `[n]` above zero.
    Errors: ValueError for no label, a negative regularisation, or a component without a label at
    regularisation 0, where the walk never ends.
    Cost: n^3.
    Source: 2605.03495, section 3.2, and 1203.3522, equation 3; with multiplicities derived.
    """
    weights = _arguments.weights(affinity)
    chosen = _arguments.mask(labelled, len(weights))
    g = _arguments.number("regularisation", regularisation)
    many = _arguments.members(multiplicities, len(weights))
    rates = weights * many
    rates[chosen] = 0
    places = np.flatnonzero(chosen)
    ends = np.zeros((len(weights), len(places)))
    ends[places, np.arange(len(places))] = 1
    return _ended(rates, ends, chosen, g)


def soft_absorption(
    affinity: object,
    confidence: npt.ArrayLike,
    *,
    regularisation: ScalarLike,
    multiplicities: npt.ArrayLike | None = None,
) -> Absorption:
    """The walk of the soft problem, which each label may end at its own node.

    `chances` are ``[n, n]``: times the labels (of groups, their means) they give the solution.
    Exact. On the host.

    Shapes: confidence a number or `[n]`, 0 and up; multiplicities `[n]` above zero.
    Errors: ValueError for no confidence above zero, and as `hard_absorption`.
    Cost: n^3.
    Source: derived.
    """
    weights = _arguments.weights(affinity)
    nodes = len(weights)
    pull = _arguments.seen("confidence", confidence)
    if pull.shape not in ((), (nodes,)):
        fix = "pass one number, or one per node"
        raise validate.fail("confidence", f"shape {pull.shape}", f"shape ({nodes},)", fix)
    validate.nonnegative("confidence", pull)
    validate.finite("confidence", pull)
    pull = np.broadcast_to(pull, (nodes,)).astype(np.float64)
    g = _arguments.number("regularisation", regularisation)
    rates = weights * _arguments.members(multiplicities, nodes)
    return _ended(rates, np.diag(pull), np.zeros(nodes, bool), g)


def _ended(rates: np.ndarray, ends: np.ndarray, done: np.ndarray, g: float) -> Absorption:
    """The walk at `rates` between nodes and into `ends`, over from the start where `done`."""
    walking = np.flatnonzero(~done)
    between = rates[np.ix_(walking, walking)]
    # To step onto a labelled node is to end there.
    into = (ends + rates @ np.where(done[:, None], ends, 0))[walking]
    _refuse_endless(between, into.sum(1) + g, walking)
    # A step from i takes the time 1, and so at unit rates r_i of it.
    out = between.sum(1) + into.sum(1) + g
    found = _eliminated(between, np.column_stack([into, np.full(len(walking), g)]), out)
    chances, lost, steps = ends.copy(), np.zeros(len(done)), np.zeros(len(done))
    chances[walking], lost[walking], steps[walking] = found[:, :-2], found[:, -2], found[:, -1]
    places = np.flatnonzero(done) if done.any() else np.arange(len(done))
    return Absorption(*(jax.device_put(part) for part in (places, chances, lost, steps)))


def _eliminated(between: np.ndarray, ends: np.ndarray, earned: np.ndarray) -> np.ndarray:
    """Chances of each of the `ends` and what is `earned` on the way to one `[n, ends + 1]`."""
    rates, right = between.copy(), np.column_stack([ends, earned])
    away = np.zeros(len(rates))
    for last in reversed(range(len(rates))):
        on, before = rates[last, :last], rates[:last, last]
        away[last] = on.sum() + right[last, :-1].sum()
        rates[:last, :last] += before[:, None] * (on / away[last])
        right[:last] += before[:, None] * (right[last] / away[last])
    found = np.zeros_like(right)
    for node, row in enumerate(rates):
        found[node] = (right[node] + row[:node] @ found[:node]) / away[node]
    return found


def _refuse_endless(between: np.ndarray, leaving: np.ndarray, walking: np.ndarray) -> None:
    """A node from which no way out is reached walks for ever."""
    out = leaving > 0
    while True:
        more = out | (between[:, out] > 0).any(1)
        if (more == out).all():
            break
        out = more
    if not out.all():
        nodes = walking[~out]
        got = f"0, and no label is reached from {len(nodes)} nodes, the first {nodes[0]}"
        fix = "take a regularisation above zero, or label one of them"
        raise validate.fail("regularisation", got, "a label in each component", fix)
