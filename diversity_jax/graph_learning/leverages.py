"""What a soft harmonic solution says of a node without the node's own label, for all nodes at once.

With ``A = L + g + C`` and ``B = A^-1`` the solution is ``l = B C y`` and ``h_i = c_i B_ii`` is the
leverage: how much of l_i is the node's own label. Setting c_i to 0 changes A by ``-c_i e_i e_i'``,
so that the solution without label i has at i

    l_i without i = (l_i - h_i y_i) / (1 - h_i):

nothing has to be solved again. Both sides of that division are small differences where a node hangs
on faint edges. But B has no negative entry (A is an M-matrix) and ``B (g + c) = 1``, so they are

    l_i - h_i y_i = sum over j != i of B_ij c_j y_j,
    1 - h_i       = g B_ii + sum over j != i of B_ij (g + c_j),

sums of what is not negative, of a class at least: no digit is lost. ``B_ij c_j`` is the chance that
the walk of the soft problem from i ends at label j.

All entries of B are needed once. Of a dense affinity, and of any other up to `DENSE` nodes, B is
made whole by Cholesky's factor; a larger sparse one is solved by conjugate gradients, some columns
at a time, to a residual of `TOLERANCE`. Nothing is ever estimated from samples.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import scipy.linalg
import scipy.sparse as sparse

from diversity_jax import neighbours, validate
from diversity_jax.graph_learning import affinity as _affinity
from diversity_jax.graph_learning import harmonic, host
from diversity_jax.graph_learning.problem import GaussianAffinity, Known, count

DENSE = 10_000  # nodes up to which a sparse affinity is inverted whole, in 0.8 GB
LARGEST = 20_000  # nodes of a kernel, which is only inverted whole: in 3.2 GB
WIDE = 32  # columns at a time of a larger sparse affinity, which then stay in the cache
TOLERANCE = 1e-12


class LeftOut(NamedTuple):
    """Chances of the walk from each node, on the host.

    `own` `[n]` to end at its own label (the leverage), `rest` `[n]` the others (1 - own), `others`
    `[n, k]` to earn, at labels of others, each column, `lost` `[n]` to end at none. `residual` is
    the largest of a solve and of what `own` and `rest` lack to 1, infinite where there is no
    solution.
    """

    own: np.ndarray
    rest: np.ndarray
    others: np.ndarray
    lost: np.ndarray
    residual: float

    def support(self) -> tuple[np.ndarray, np.ndarray]:
        """Chances to end at each column without the own label `[n, k]`, and where the largest is
        not one column's alone `[n]`."""
        found = self.others / np.where(self.rest > 0, self.rest, 1)[:, None]
        two = np.sort(found, axis=1)[:, -2:]
        return found, ~(two[:, 1] > two[:, 0])

    def highest(self) -> np.ndarray:
        """The largest soft score that each row could have, were the others labelled otherwise."""
        return self.lost + 2 * self.others.sum(1)


def left_out(
    given: Known, columns: np.ndarray, confidence: np.ndarray, *, regularisation: float
) -> LeftOut:
    """The chances that leverages and solutions without the own label are made of.

    Shapes: columns `[n, k]`, confidence `[n]`, all concrete.
    Errors: ValueError for a kernel of more than `LARGEST` points.
    Cost: whole, n^3 operations and n x n numbers beside the affinity: 10,000 nodes take 34 s on one
    core and 0.8 GB. By columns n solves: 10,000 nodes with 10 neighbours each take 160 s and some
    10 MB, four times that for twice the nodes.
    """
    nodes = count(given)
    if isinstance(given, GaussianAffinity):
        _check_size(nodes)
        given = np.asarray(_affinity.gaussian(given.points, bandwidth=given.bandwidth))
    weights: Any = host.matrix(given)
    pull, g = confidence.astype(np.float64), float(regularisation)
    known = np.concatenate([pull[:, None] * columns, pull[:, None], np.ones((nodes, 1))], axis=1)
    degrees = np.asarray(weights.sum(1)).ravel()
    diagonal = degrees + g + pull
    if sparse.issparse(weights) and nodes > DENSE:
        found = _by_columns(weights, diagonal, known)
    else:
        table = weights.toarray() if sparse.issparse(weights) else weights
        found = _whole(table, diagonal, known)
    corner, sums, residual = found
    lost = g * (corner + sums[:, -1])
    own, rest = pull * corner, g * corner + sums[:, -2] + g * sums[:, -1]
    return LeftOut(own, rest, sums[:, :-2], lost, max(residual, _apart(own + rest)))


def left_out_of(
    given: Known,
    columns: np.ndarray,
    rows: np.ndarray,
    *,
    confidence: float,
    regularisation: float,
    tolerance: float,
) -> LeftOut:
    """`left_out` of some rows alone, at one confidence: a solve of its own for each.

    `residual` is the largest of a solve that did not converge, else 0. Refused as `harmonic.soft`.
    """
    c, g = confidence, regularisation
    single = np.zeros((len(columns), len(rows)))
    places = rows, np.arange(len(rows))
    single[places] = 1
    solved = harmonic.solve_soft(given, single, c, regularisation=g, tolerance=tolerance)
    # A column is where walks that end at a row come from, and so where one from it ends.
    ends = np.maximum(np.asarray(solved.values), 0)
    own = ends[places].copy()
    ends[places] = 0
    total = ends.sum(0)
    rest = g / c * own + (1 + g / c) * total
    bad = ~np.asarray(solved.converged)
    residual = float(np.where(bad, np.asarray(solved.residual), 0).max(initial=0))
    return LeftOut(own, rest, ends.T @ columns, g / c * (own + total), residual)


def _apart(total: np.ndarray) -> float:
    """By how much chances do not add up to 1, whatever was lost on the way."""
    apart = np.abs(total - 1).max()
    return float(apart) if np.isfinite(apart) else float("inf")


def _check_size(nodes: int) -> None:
    if nodes > LARGEST:
        fix = "take affinity.nearest, or anomaly.soft_harmonic, which needs no leverage"
        got = f"a kernel of {nodes} points"
        raise validate.fail("affinity", got, f"at most {LARGEST} for leverages", fix)


Found = tuple[np.ndarray, np.ndarray, float]


def _whole(table: np.ndarray, diagonal: np.ndarray, known: np.ndarray) -> Found:
    """The inverse's diagonal, and its other entries times `known`; `table` is used up."""
    scale = _scale(diagonal)
    table *= -scale[:, None]
    table *= scale
    np.fill_diagonal(table, 1)
    # The transpose is Fortran's, so that nothing is copied; the matrix is symmetric.
    factorise, invert = scipy.linalg.get_lapack_funcs(("potrf", "potri"), (table,))
    factor, failed = factorise(table.T, lower=1, overwrite_a=1, clean=1)
    inverse, again = invert(factor, lower=1, overwrite_c=1)
    if failed or again:
        nothing = np.full(len(scale), np.nan)
        return nothing, np.full(known.shape, np.nan), float("inf")
    corner = inverse.diagonal() * scale**2
    np.fill_diagonal(inverse, 0)
    np.maximum(inverse, 0, out=inverse)
    scaled = scale[:, None] * known
    # The part below the diagonal, and its mirror.
    return corner, scale[:, None] * (inverse @ scaled + inverse.T @ scaled), 0.0


def _by_columns(weights: sparse.csr_array, diagonal: np.ndarray, known: np.ndarray) -> Found:
    """The same by conjugate gradients, `WIDE` columns at a time.

    Of a node on faint edges a residual says nothing. But ``A_ii B_ij = sum over m of w_im B_mj``
    for j != i, so that its sums are those of its neighbours by weight, less what these have of it.
    """
    nodes = len(diagonal)
    scale = _scale(diagonal)
    rows = np.repeat(np.arange(nodes), np.diff(weights.indptr))
    inner = weights.copy()
    inner.data = inner.data * scale[rows] * scale[inner.indices]

    def apply(x: np.ndarray) -> np.ndarray:
        # A wide product reads the matrix once.
        return x - np.ascontiguousarray((inner @ np.ascontiguousarray(x.T)).T)

    def solve(right: np.ndarray) -> tuple[np.ndarray, float]:
        found, _ = host.gradients(apply, right, TOLERANCE, 10 * nodes + 100, None)
        size = np.linalg.norm(right, axis=1)
        left = np.linalg.norm(right - apply(found), axis=1) / np.where(size > 0, size, 1)
        return found, float(np.nan_to_num(left.max(), nan=np.inf))

    found, residual = solve(np.ascontiguousarray((scale[:, None] * known).T))
    around = weights @ (scale[:, None] * found.T)
    back = np.zeros(nodes)
    for part in neighbours.in_blocks(nodes, WIDE):
        places = np.arange(part.start, part.stop)
        right = np.zeros((len(places), nodes))
        right[np.arange(len(places)), places] = 1
        found, left = solve(right)
        residual = max(residual, left)
        back[part] = scale[part] * weights[part].multiply(found * scale).sum(1)
    below = np.where(diagonal > 0, diagonal, 1)
    sums = np.maximum(around - back[:, None] * known, 0) / below[:, None]
    return (1 + back) / below, sums, residual


def _scale(diagonal: np.ndarray) -> np.ndarray:
    """The roots of the diagonal's inverse; a node of which nothing is said keeps a row of zeros."""
    return 1 / np.sqrt(np.where(diagonal > 0, diagonal, 1))
