"""Soft harmonic anomaly scores, and solutions without the own label, from where walks end.

In the soft problem a walk from i ends at the label of node j with chance P_ij, or is lost with
chance q_i (`absorption`), and the solution is ``l = P y``. For labels of -1 and 1, P_i adding up to
``1 - q_i``,

    |l_i - y_i| = 1 - y_i l_i = q_i + 2 (chance to end at a label that is not y_i).

Close the way from i to its own label: each walk that ended there is at i again, and starts anew. So
it ends at another label j with chance ``P_ij / (1 - P_ii)``, which is the solution without label i,

    l_i = P_ii y_i + (1 - P_ii) l_i without i,   |l_i - y_i| = (1 - P_ii) |l_i without i - y_i|.

Bounds: with all other labels y_i the score is q_i, with all opposite it is
``q_i + 2 (1 - P_ii - q_i) = 2 - 2 P_ii - q_i``. And q_i is at least ``g / (c + g)``, c the largest
confidence: the walk is lost at rate g everywhere and ends at rate c at most. So scores are within
``[g / (c + g), 2 - g / (c + g)]``. At one confidence q_i is ``g / (c + g)`` at every node: all of a
component of one class have the least score, and so has a node without edges, whatever its label.
"""

from __future__ import annotations

import jax
import numpy as np
import numpy.typing as npt
from jaxtyping import Array, Float, ScalarLike

from diversity_jax import validate
from diversity_jax.graph_learning.theory import _arguments
from diversity_jax.graph_learning.theory.absorption import soft_absorption
from diversity_jax.records import Record


class WithoutOwn(Record):
    """The `leverage` `[n]` of every node's label, and the solution `[n]` at it without that label.

    0 where nothing else says anything.
    """

    leverage: Float[Array, " n"]
    solution: Float[Array, " n"]


def without_own_label(
    affinity: object,
    labels: npt.ArrayLike,
    confidence: npt.ArrayLike,
    *,
    regularisation: ScalarLike,
) -> WithoutOwn:
    """The soft solution at each node from the labels of the others, by walks.

    Exact. On the host.

    Shapes: labels `[n]` of any numbers, confidence a number or `[n]`.
    Errors: those of `soft_absorption`.
    Cost: n^3.
    Source: derived.
    """
    chances, lost = _walk(affinity, confidence, regularisation)
    signs = _arguments.seen("labels", labels).astype(np.float64)
    validate.shape("labels", signs, (len(lost),), "give every node one label")
    own = chances.diagonal().copy()
    others = chances - np.diag(own)
    # Added up, as 1 - own loses digits.
    rest = others.sum(1) + lost
    solution = others @ signs / np.where(rest > 0, rest, 1)
    return WithoutOwn(jax.device_put(own), jax.device_put(solution))


def anomaly_scores(
    affinity: object,
    labels: npt.ArrayLike,
    confidence: npt.ArrayLike,
    *,
    regularisation: ScalarLike,
) -> Float[Array, " n"]:
    """The soft harmonic score of labels of -1 and 1: ``q_i + 2 sum of P_ij over y_j != y_i``.

    Exact. On the host.

    Errors: ValueError for other labels, and those of `soft_absorption`.
    Cost: n^3.
    Source: derived.
    """
    chances, lost = _walk(affinity, confidence, regularisation)
    signs = _arguments.seen("labels", labels)
    validate.shape("labels", signs, (len(lost),), "give every node one label")
    if not np.isin(signs, [-1, 1]).all():
        raise validate.fail("labels", "others", "each -1 or 1", "number two classes so")
    differ = signs[:, None] != signs
    return jax.device_put(lost + 2 * np.where(differ, chances, 0).sum(1))


def score_bounds(confidence: npt.ArrayLike, *, regularisation: ScalarLike) -> Float[Array, " 2"]:
    """``g / (c + g)`` and ``2 - g / (c + g)``, c the largest confidence: no score lies outside.

    Exact bounds on any graph. The lower one is attained by a node of that confidence without edges;
    the upper one is approached by a node that strong edges join to ever more nodes of that
    confidence with the other label.

    Errors: ValueError for negative numbers, or both zero.
    Source: derived; for one confidence 2604.21462.
    """
    validate.nonnegative("confidence", confidence)
    most = float(np.max(_arguments.seen("confidence", confidence)))
    g = _arguments.number("regularisation", regularisation)
    if most + g <= 0:
        raise validate.fail("confidence", "zero with no regularisation", "one above 0", "raise it")
    least = g / (most + g)
    return jax.device_put(np.array([least, 2 - least]))


def score_ranges(
    affinity: object, confidence: npt.ArrayLike, *, regularisation: ScalarLike
) -> Float[Array, "n 2"]:
    """The least and largest score of each node over all labels of the others on this graph.

    Exact, and attained. On the host.

    Errors: those of `soft_absorption`.
    Cost: n^3.
    Source: derived.
    """
    chances, lost = _walk(affinity, confidence, regularisation)
    others = (chances - np.diag(chances.diagonal())).sum(1)
    return jax.device_put(np.stack([lost, lost + 2 * others], axis=1))


def _walk(
    affinity: object, confidence: npt.ArrayLike, regularisation: ScalarLike
) -> tuple[np.ndarray, np.ndarray]:
    walk = soft_absorption(affinity, confidence, regularisation=regularisation)
    return np.asarray(walk.chances), np.asarray(walk.lost)
