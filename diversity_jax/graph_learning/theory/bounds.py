"""Bounds on harmonic solutions, as the papers have them and as they hold.

Labels are in [-1, 1]; g is the regularisation, c_l and c_u the confidences of labelled and of
unlabelled nodes, n_l the number of labelled ones, and norms are Euclidean. K = L + g.

Hard: the walk of `absorption` has to survive each step, with probability ``d_j / (d_j + g)`` at
node j, and every way to a label passes a way without loops. So |l_i| is at most the largest product
of these over ways from i to a label, hence ``(d / (d + g))^hops`` with d the largest degree.

Soft: where l is largest, ``(L l)_i >= 0``, so ``(g + c_i) l_i <= c_i y_i``.

Norms, for c_l = 1 >= c_u > 0: ``(K + C) l = C y`` with smallest eigenvalue at least ``g + c_u`` and
``|C y| <= sqrt(n_l)``. The papers bound |l| by ``sqrt(n_l) / (1 + g)`` from eigenvalues of
``C^-1 K``, which is not symmetric; that is false (`counterexamples`), and true for c_u = 1.

Two Laplacians Lq and Lo, same C, y and g: subtract the systems,

    (Kq + C) (lq - lo) = (Lo - Lq) lo,    |lq - lo| <= |Lq - Lo|_2 sqrt(n_l) / (g + c_u)^2,

which for c_u <= 1 implies the papers' ``sqrt(n_l) |Lq - Lo|_F / (c_u g^2)``. (Their proof exchanges
inverses that do not commute; what it ends with is right.)
"""

from __future__ import annotations

import jax
import numpy as np
import numpy.typing as npt
from jaxtyping import Array, Float, ScalarLike

from diversity_jax import validate
from diversity_jax.graph_learning.theory import _arguments


def hard_bound(
    affinity: object, labelled: npt.ArrayLike, *, regularisation: ScalarLike
) -> Float[Array, ""]:
    """``d / (d + g)``, d the largest degree of unlabelled nodes: none has |l| above it (hard).

    Exact bound, attained where an unlabelled node of that degree has labelled neighbours only, all
    with one label of 1 or -1.

    Errors: ValueError for no label or no unlabelled node, a negative regularisation.
    Source: derived.
    """
    degrees, _, free, g = _walk(affinity, labelled, regularisation)
    if not free.any():
        raise validate.fail("labelled", "all nodes", "some unlabelled", "leave some out")
    most = degrees[free].max()
    return jax.device_put(np.float64(most / (most + g) if most > 0 else 0.0))


def hop_bounds(
    affinity: object, labelled: npt.ArrayLike, *, regularisation: ScalarLike
) -> Float[Array, " n"]:
    """``(d / (d + g))^hops``, d the largest degree of unlabelled nodes, hops to the nearest label.

    Bounds |l| of the hard problem at every node: 1 at labels, 0 where no label is reached.

    Errors: those of `hard_bound`, but all nodes may be labelled.
    Source: derived.
    """
    degrees, weights, free, g = _walk(affinity, labelled, regularisation)
    ratio = degrees.max(initial=0, where=free)
    ratio = ratio / (ratio + g) if ratio > 0 else 0.0
    bounds, reached, hops = np.zeros(len(free)), ~free, 0
    bounds[reached] = 1
    while True:
        new = (weights[:, reached] > 0).any(1) & ~reached
        if not new.any():
            return jax.device_put(bounds)
        hops += 1
        bounds[new] = ratio**hops
        reached = reached | new


def path_bounds(
    affinity: object, labelled: npt.ArrayLike, *, regularisation: ScalarLike
) -> Float[Array, " n"]:
    """The largest ``prod d_j / (d_j + g)`` over ways from a node to a label: bounds |l| there.

    Never above `hop_bounds`, and far below them where degrees differ.

    Errors: those of `hop_bounds`.
    Source: derived.
    """
    degrees, weights, free, g = _walk(affinity, labelled, regularisation)
    own = np.where(degrees > 0, degrees / np.where(degrees + g > 0, degrees + g, 1), 0)
    bounds = np.where(free, 0.0, 1.0)
    there = weights > 0
    # A way has at most as many steps as there are nodes.
    for _ in range(len(free)):
        best = own * np.where(there, bounds, 0).max(1)
        new = np.where(free, np.maximum(bounds, best), 1.0)
        if (new == bounds).all():
            break
        bounds = new
    return jax.device_put(bounds)


def soft_bound(confidence: npt.ArrayLike, *, regularisation: ScalarLike) -> Float[Array, ""]:
    """``c / (c + g)``, c the largest confidence: no |l| of the soft problem is above it.

    Attained by a constant label at one confidence everywhere.

    Errors: ValueError for negative numbers, or both zero.
    Source: derived.
    """
    validate.nonnegative("confidence", confidence)
    most = float(np.max(_arguments.seen("confidence", confidence)))
    g = _arguments.number("regularisation", regularisation)
    if most + g <= 0:
        raise validate.fail("confidence", "zero with no regularisation", "one above 0", "see soft")
    return jax.device_put(np.float64(most / (most + g)))


def paper_norm_bound(labelled: ScalarLike, *, regularisation: ScalarLike) -> Float[Array, ""]:
    """``sqrt(n_l) / (1 + g)``, by which the papers bound |l| (soft): false for c_u < 1.

    Source: 1203.3522, the lemma before the regret bound; 2605.03495, lemma 3.
    """
    g = _arguments.number("regularisation", regularisation)
    return jax.device_put(np.sqrt(_arguments.above_zero("labelled", labelled)) / (1 + g))


def norm_bound(
    labelled: ScalarLike, *, regularisation: ScalarLike, unlabelled_confidence: ScalarLike
) -> Float[Array, ""]:
    """``sqrt(n_l) / (g + c_u)`` bounds |l| of the soft problem with c_l = 1 >= c_u > 0.

    Errors: ValueError for a confidence outside (0, 1].
    Source: derived.
    """
    below = _below(regularisation, unlabelled_confidence)
    return jax.device_put(np.sqrt(_arguments.above_zero("labelled", labelled)) / below)


def paper_online_bound(labelled: ScalarLike, *, regularisation: ScalarLike) -> Float[Array, ""]:
    """``4 n_l / (1 + g)^2``: the papers' bound on (l_online - l_offline)^2 at one node, c_l = 1.

    It rests on the false lemma, but holds: see `online_bound`.
    """
    g = _arguments.number("regularisation", regularisation)
    return jax.device_put(
        np.float64(4 * _arguments.above_zero("labelled", labelled) / (1 + g) ** 2)
    )


def online_bound(*, regularisation: ScalarLike) -> Float[Array, ""]:
    """``4 / (1 + g)^2`` bounds the same: both values are at most ``1 / (1 + g)`` (`soft_bound`).

    Source: derived.
    """
    return jax.device_put(
        np.float64(4 / (1 + _arguments.number("regularisation", regularisation)) ** 2)
    )


def paper_quantised_bound(
    labelled: ScalarLike,
    difference: ScalarLike,
    *,
    regularisation: ScalarLike,
    unlabelled_confidence: ScalarLike,
) -> Float[Array, ""]:
    """``sqrt(n_l) |Lq - Lo|_F / (c_u g^2)`` bounds |lq - lo|; `difference` is the Frobenius norm.

    True for c_u <= 1, and the weaker of the two: see `quantised_bound`.

    Errors: ValueError for a regularisation that is not above zero.
    Source: 2605.03495, section 5.4.3, lemma 4.
    """
    _below(regularisation, unlabelled_confidence)
    g = _arguments.above_zero("regularisation", regularisation)
    c = _arguments.number("unlabelled_confidence", unlabelled_confidence)
    size = np.sqrt(_arguments.above_zero("labelled", labelled))
    return jax.device_put(size * _arguments.number("difference", difference) / (c * g**2))


def quantised_bound(
    labelled: ScalarLike,
    difference: ScalarLike,
    *,
    regularisation: ScalarLike,
    unlabelled_confidence: ScalarLike,
) -> Float[Array, ""]:
    """``sqrt(n_l) |Lq - Lo|_2 / (g + c_u)^2`` bounds |lq - lo|; `difference` is the spectral norm.

    Source: derived.
    """
    below = _below(regularisation, unlabelled_confidence)
    size = np.sqrt(_arguments.above_zero("labelled", labelled))
    return jax.device_put(size * _arguments.number("difference", difference) / below**2)


def _below(regularisation: ScalarLike, unlabelled_confidence: ScalarLike) -> float:
    c = _arguments.above_zero("unlabelled_confidence", unlabelled_confidence)
    if c > 1:
        fix = "measure confidences in units of the labelled ones'"
        raise validate.fail("unlabelled_confidence", c, "a number in (0, 1]", fix)
    return _arguments.number("regularisation", regularisation) + c


def _walk(
    affinity: object, labelled: npt.ArrayLike, regularisation: ScalarLike
) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    weights = _arguments.weights(affinity)
    free = ~_arguments.mask(labelled, len(weights))
    g = _arguments.number("regularisation", regularisation)
    return weights.sum(1), weights, free, g
