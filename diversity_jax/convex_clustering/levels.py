"""A convex clustering problem whose nodes are groups of points, and ADMM on it (host, numpy).

If all points of a group share one centroid, the objective is up to a constant

    1/2 sum_a n_a |u_a - mean_a|^2 + gamma sum_ab W_ab |u_a - u_b|_q

with the sizes n_a, the means of the groups, and W_ab the sum of the weights between two groups: a
problem of the same kind with fewer nodes and edges. A flow z_ab of it is shared out to the edges
between a and b by their weights, which keeps each within its own ball.

ADMM: with ``v_e = u_i - u_j`` split off, penalties rho_e = rho c_e (c_e edges in one) and

    u  = (N + B^T R B)^-1 (N mean + B^T (R v - z)),      R = diag(rho_e),
    q  = z + R (1.7 B u - 0.7 v),   z = nearest point of the ball to q,   v = R^-1 (q - z).

Every z is feasible, so that its gap at ``mean - N^-1 B^T z`` certifies it as it stands. With
multiplicities c_e this is ADMM on the whole graph at rows that agree within groups.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import scipy.linalg as linalg
import scipy.sparse as sparse
from scipy.sparse.linalg import splu

from diversity_jax.convex_clustering.problem import Norm
from diversity_jax.convex_clustering.projections import lengths, project

SPARSE, DENSE = 150, 400  # nodes from which factors may be sparse, up to which inverses are kept
RELAXED = 1.7
PENALTIES = (1e-2, 1e2)
EVERY, BALANCED = 10, 20  # steps between two gaps, and before rho is looked at

Solve = Callable[[np.ndarray], np.ndarray]
# Without the checks around them, which take longer than they do for small matrices.
POTRF: Any
POTRI: Any
POTRF, POTRI = linalg.get_lapack_funcs(("potrf", "potri"), dtype=np.float64)


class Level(NamedTuple):
    """Groups of points as nodes; between them one edge for all that join two groups."""

    labels: np.ndarray  # [n] the group of each point
    sizes: np.ndarray  # [k]
    means: np.ndarray  # [k, d]
    edges: np.ndarray  # [e, 2]
    weights: np.ndarray  # [e]
    copies: np.ndarray  # [e] edges of the whole graph in one
    crossing: np.ndarray  # [m] whether an edge of the whole graph joins two groups
    onto: np.ndarray  # [crossing] the edge here of each that does
    share: np.ndarray  # [crossing] its part of the flow, with the sign of its direction


def apart(rows: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """``B U`` `[m, d]`, the difference along each edge."""
    columns = rows.T
    return (columns.take(edges[:, 0], axis=1) - columns.take(edges[:, 1], axis=1)).T


def returned(flows: np.ndarray, edges: np.ndarray, nodes: int) -> np.ndarray:
    """``B^T Z`` `[n, d]`."""
    first, second = edges[:, 0], edges[:, 1]
    found = np.empty((flows.shape[1], nodes))
    for column, out in zip(flows.T, found):
        np.subtract(np.bincount(first, column, nodes), np.bincount(second, column, nodes), out=out)
    return found.T


def level(points: np.ndarray, edges: np.ndarray, weights: np.ndarray, labels: np.ndarray) -> Level:
    """The problem of the groups that `labels` name, 0 to k - 1."""
    count = int(labels.max()) + 1
    sizes = np.bincount(labels, minlength=count).astype(float)
    first, second = labels[edges[:, 0]], labels[edges[:, 1]]
    crossing = first != second
    low, high = np.minimum(first, second)[crossing], np.maximum(first, second)[crossing]
    codes, onto = np.unique(low * count + high, return_inverse=True)
    merged = np.stack([codes // count, codes % count]).T
    total = np.bincount(onto, weights[crossing], minlength=len(codes))
    signs = np.where(first < second, 1.0, -1.0)[crossing]
    return Level(
        labels=labels,
        sizes=sizes,
        means=averages(points, labels),
        edges=merged,
        weights=total,
        copies=np.bincount(onto, minlength=len(codes)).astype(float),
        crossing=crossing,
        onto=onto,
        share=(signs * weights[crossing] / total[onto])[:, None],
    )


def gathered(at: Level, flows: np.ndarray) -> np.ndarray:
    """Flows of the whole graph `[m, d]` summed along the edges between groups `[e, d]`."""
    signs, found = np.sign(at.share[:, 0]), np.empty((flows.shape[1], len(at.weights)))
    for column, out in zip(flows.T, found):
        out[:] = np.bincount(at.onto, column[at.crossing] * signs, minlength=len(at.weights))
    return found.T


def shared(at: Level, flows: np.ndarray, whole: np.ndarray) -> np.ndarray:
    """`whole` with the flows between groups shared out to its edges, in place."""
    for column, out in zip(flows.T, whole.T):
        out[at.crossing] = at.share[:, 0] * column[at.onto]
    return whole


def averages(rows: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The mean of each group's rows `[k, d]`."""
    return (np.stack([np.bincount(labels, column) for column in rows.T]) / np.bincount(labels)).T


def centroids(at: Level, flows: np.ndarray) -> np.ndarray:
    """``mean - N^-1 B^T z``."""
    return at.means - returned(flows, at.edges, len(at.sizes)) / at.sizes[:, None]


def gap(at: Level, flows: np.ndarray, radii: np.ndarray, norm: Norm) -> float:
    """Objective minus bound at `centroids`, summed by edges."""
    between = apart(centroids(at, flows), at.edges)
    return float(np.sum(radii * lengths(between, norm)) - np.sum(flows * between))


def admm(
    at: Level,
    start: np.ndarray,
    *,
    gamma: float,
    norm: Norm,
    penalty: float,
    limit: float,
    iterations: int,
) -> tuple[np.ndarray, float, int, float]:
    """Flows, their gap, the steps taken and the penalty rho at the end."""
    radii = gamma * at.weights
    flows = project(start, radii, norm)
    left, step = gap(at, flows, radii, norm), 0
    if left <= limit or not len(radii):
        return flows, left, step, penalty
    solve, rho = factor(at, penalty), (penalty * at.copies)[:, None]
    pull = at.means * at.sizes[:, None]
    split, look = apart(centroids(at, flows), at.edges), BALANCED
    while step < iterations and left > limit:
        step += 1
        rows = solve(pull + returned(rho * split - flows, at.edges, len(at.sizes)))
        between = apart(rows, at.edges)
        wanted = flows + rho * (RELAXED * between + (1 - RELAXED) * split)
        new = project(wanted, radii, norm)
        moved = (wanted - new) / rho
        if step == look:
            look = step + max(BALANCED, step // 2)
            turned = _balanced(at, penalty, rho, between, split, moved, new)
            if turned != penalty:
                penalty, rho = turned, (turned * at.copies)[:, None]
                solve = factor(at, penalty)
        flows, split = new, moved
        if step % EVERY == 0 or step == EVERY // 2:
            left = gap(at, flows, radii, norm)
    return flows, left, step, penalty


def _balanced(
    at: Level,
    penalty: float,
    rho: np.ndarray,
    between: np.ndarray,
    split: np.ndarray,
    moved: np.ndarray,
    flows: np.ndarray,
) -> float:
    """Another penalty where the two residuals, each by its own size, are far from even."""
    size = np.linalg.norm
    least = 1e-100  # so that no ratio of two overflows
    primal = size(between - moved) / max(size(between), size(moved), least)
    nodes = len(at.sizes)
    dual = size(returned(rho * (moved - split), at.edges, nodes))
    dual /= max(size(returned(flows, at.edges, nodes)), least)
    ratio = primal / max(dual, least)
    if 0.25 <= ratio <= 4:
        return penalty
    return float(np.clip(penalty * np.clip(np.sqrt(ratio), 0.3, 3), *PENALTIES))


def factor(at: Level, penalty: float) -> Solve:
    """Solve ``(N + B^T R B) u = b``: whole inverse, dense or sparse factors by size and density."""
    rates = penalty * at.copies
    first, second, every = at.edges[:, 0], at.edges[:, 1], np.arange(len(at.sizes))
    diagonal = at.sizes + np.bincount(first, rates, len(every))
    diagonal += np.bincount(second, rates, len(every))
    places = (np.r_[first, second, every], np.r_[second, first, every])
    shape = (len(every), len(every))
    return solver(sparse.csc_matrix((np.r_[-rates, -rates, diagonal], places), shape=shape))


def solver(matrix: sparse.csc_matrix) -> Solve:
    """Solves with one positive definite matrix, many times."""
    nodes = len(matrix.indptr) - 1
    if nodes > SPARSE and matrix.nnz * 16 < nodes * nodes:
        options = {"SymmetricMode": True}
        return splu(matrix, "MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options=options).solve
    if nodes > DENSE:
        factors = linalg.cho_factor(matrix.toarray(), lower=True, check_finite=False)
        return lambda right: linalg.cho_solve(factors, right, check_finite=False)
    root, _ = POTRF(matrix.toarray(order="F"), lower=1, overwrite_a=1)
    half = np.tril(POTRI(root, lower=1)[0])
    whole = half + np.tril(half, -1).T
    return lambda right: whole @ right
