"""Which points share a centroid: read off one solution, and proved where that can be done.

`fused` reads it off: an edge counts as fused where a step of the solver leaves nothing of its
difference, ``|z_e + t_e (u_i - u_j)|_q* <= gamma w_e`` with the step t_e = 1 / (d_i + d_j). At an
optimal pair that is exact: a difference that is not zero has its flow on the sphere and is pushed
out of it. At an approximate one it is what the solver would do next.

`proved` shows it, for a feasible Z with the gap g at rows V. Let U* be the solution. Strong
convexity gives ``|V - U*|_F^2 <= 2 g``, hence for any two rows

    |(v_i - v_j) - (u*_i - u*_j)|_2 <= 2 sqrt(g) =: s.                                  (1)

Split: ``|v_i - v_j|_2 > s`` implies ``u*_i != u*_j``.

Fused. Let C be a set of nodes, E_C the edges within it, Z* optimal flows and b*_i what Z* sends
from i out of C. Claim: if flows y on E_C with ``|y_e|_q* <= gamma w_e`` bring
``x_i - b*_i - mean_C(x - b*)`` to every i in C, then U* is constant on C. For the flow of Z* within
C brings ``x_i - b*_i - u*_i`` and is tight, so its product with the differences of U* is
``J = gamma sum_{E_C} w_e |u*_i - u*_j|_q``. With e_i = u*_i - mean_C u*, which sums to zero,

    J = sum_C <x_i - b*_i - u*_i, e_i> = sum_C <x_i - b*_i, e_i> - sum_C |e_i|^2
      = sum_{E_C} <y_e, u*_i - u*_j> - sum_C |e_i|^2 <= J - sum_C |e_i|^2,

so that every e_i is 0. Such y exist near the flows z at hand: with U = X - B^T Z these bring
``x_i - b_i - u_i``, so what is missing is ``u_i - mean_C u + (b_i - b*_i)`` minus its mean. On a
spanning tree of C no edge has to carry more of it than

    A_C = sum_C |u_i - mean_C u|_2 + sum over edges e out of C of h_e,   |z_e - z*_e|_2 <= h_e,

so C is fused if its edges with ``gamma w_e - |z_e|_q* >= k A_C`` connect it, where k = 1, but
sqrt(d) for q = inf, whose dual norm may be that much longer than the Euclidean. The bounds h_e
follow from (1) and from what z*_e is where u*_i - u*_j is known to differ from zero: for q = 2 its
direction, ``|a/|a| - c/|c|| <= 2 |a - c| / |a|``; for q = 1 the signs of entries above s; for
q = inf the sign of one entry that is above all others by 2 s. Elsewhere it is gamma w_e + |z_e|.

A set is a proved cluster if it is fused and all edges that leave it are split. Compare Jiang and
Vavasis (2006.11355), who test a system of the same kind at the solution's own flows; the form here
is derived above.
"""

from __future__ import annotations

import numpy as np

from diversity_jax.convex_clustering import levels
from diversity_jax.convex_clustering.levels import returned
from diversity_jax.convex_clustering.problem import Norm
from diversity_jax.convex_clustering.projections import DUALS, Numbers, lengths, library
from diversity_jax.neighbours import joined

SHORTEST = 1e-100  # a difference whose direction has all its digits: its square is no underflow
ROUNDING = 8  # units in the last place that a length may be off


def fused(flows: Numbers, apart: Numbers, radii: Numbers, steps: Numbers, norm: Norm) -> Numbers:
    """Whether a step of the solver leaves nothing of each edge's difference."""
    xp = library(flows)
    pushed = lengths(flows + steps[:, None] * apart, DUALS[norm])
    return pushed <= radii * (1 + ROUNDING * xp.finfo(flows.dtype).eps)


def proved(
    points: np.ndarray,
    edges: np.ndarray,
    radii: np.ndarray,
    flows: np.ndarray,
    rows: np.ndarray,
    gap: float,
    labels: np.ndarray,
    norm: Norm,
) -> np.ndarray:
    """For each node, whether its group in `labels` is proved to be one whole cluster."""
    nodes, groups = len(points), int(labels.max()) + 1
    eps = np.finfo(float).eps
    # The gap's own rounding: its terms are differences of numbers that sum up to the objective.
    gap = max(gap, 0.0) + ROUNDING * eps * float(np.sum(points**2)) / 2
    near = 2 * np.sqrt(gap)
    first, second = edges[:, 0], edges[:, 1]
    apart = levels.apart(rows, edges)
    across = labels[first] != labels[second]
    split = lengths(apart, "l2") > near
    unsure = np.where(across, _unsure(flows, apart, radii, near, norm), 0.0)
    given = points - returned(flows, edges, nodes)
    off = lengths(given - levels.averages(given, labels).T.take(labels, axis=1).T, "l2")
    wrong = np.bincount(labels, off, groups)
    wrong += np.bincount(labels[first], unsure, groups) + np.bincount(
        labels[second], unsure, groups
    )
    longer = np.sqrt(points.shape[1]) if norm == "linf" else 1.0
    room = radii * (1 - ROUNDING * eps) - lengths(flows, DUALS[norm])
    carries = ~across & (room >= longer * wrong[labels[first]])
    _, parts = joined(nodes, edges, carries)
    whole = np.bincount(labels[np.unique(parts, return_index=True)[1]], minlength=groups) == 1
    left = across & ~split
    open_ = np.zeros(groups, dtype=bool)
    open_[labels[first[left]]] = open_[labels[second[left]]] = True
    return (whole & ~open_)[labels]


def _unsure(
    flows: np.ndarray, apart: np.ndarray, radii: np.ndarray, near: float, norm: Norm
) -> np.ndarray:
    """``h_e``: how far an optimal flow can be from the one at hand."""
    most = radii + lengths(flows, "l2")
    size = lengths(apart, "l2")
    if norm == "l2":
        near = max(near, SHORTEST)
        unit = apart / np.maximum(size, near)[:, None]
        turned = 2 * near / np.maximum(size, near)
        bound = lengths(flows - radii[:, None] * unit, "l2") + radii * turned
        return np.where(size > near, np.minimum(bound, most), most)
    ideal = radii[:, None] * np.sign(apart)
    if norm == "l1":
        entries = np.abs(flows - ideal)
        unknown = np.abs(apart) <= near
        return lengths(np.where(unknown, radii[:, None] + np.abs(flows), entries), "l2")
    sizes = np.abs(apart)
    top = np.argmax(sizes, axis=1)[:, None]
    one = np.zeros_like(flows)
    np.put_along_axis(one, top, np.take_along_axis(ideal, top, axis=1), axis=1)
    others = sizes.copy()
    np.put_along_axis(others, top, -np.inf, axis=1)
    margin = sizes.max(axis=1) - np.maximum(others.max(axis=1), 0.0)
    return np.where(margin > 2 * near, lengths(flows - one, "l2"), most)
