"""Affinities between nodes: symmetric weights w_ij >= 0, of which the diagonal plays no part.

An affinity is one of

    a dense array        [n, n]; also nested lists
    `Affinity`           edges, each once, and their weights; also any matrix of scipy.sparse
    `GaussianAffinity`   points and a bandwidth, whose n x n matrix is never built

With the degrees ``d_i = sum_{j != i} w_ij`` the Laplacian is ``L = diag(d) - W``: w_ii cancels.
"""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
import scipy.sparse as sparse
from jaxtyping import Array, Float, Int, ScalarLike

from diversity_jax import validate, vectors
from diversity_jax.neighbours import node_pairs
from diversity_jax.records import Record

SLACK = 8  # roundings of the largest weight by which a matrix may differ from its transpose


class Affinity(Record):
    """Undirected edges `[m, 2]` between nodes 0, 1, ..., and the weight of each `[m]`, from 0 up.

    Each edge is held once, as ``i < j`` in ascending order. It may be given in either direction or
    in both, with one weight; loops are left out. A weight of 0 is no edge. `nodes` is the largest
    node plus one unless given.

    Errors: ValueError for edges that are no pairs of integers from 0, an edge given twice in one
    direction, two directions with two weights, weights that are negative or not finite.
    """

    edges: Int[Array, "*batch m 2"]
    weights: Float[Array, "*batch m"]
    nodes: int = eqx.field(static=True)

    def __init__(self, edges: npt.ArrayLike, weights: npt.ArrayLike, *, nodes: int | None = None):
        pairs = node_pairs(edges).astype(np.int64)
        validate.shape("weights", weights, (len(pairs),), "pass one weight per edge")
        validate.nonnegative("weights", weights, "an affinity has no negative weights")
        validate.finite("weights", weights)
        least = int(pairs.max()) + 1 if len(pairs) else 1
        if nodes is not None:
            validate.integer("nodes", nodes, "name at least all nodes with an edge", least=least)
        kept = _once(pairs, weights)
        # Put, since `asarray` compiles a program for every new number of edges.
        ascending = np.sort(pairs[kept], axis=1)
        self.edges = jax.device_put(ascending.astype(np.int32))
        seen = validate.concrete(weights)
        if seen is None:
            self.weights = jnp.asarray(weights)[kept]
        else:
            self.weights = jax.device_put(floats(seen)[kept])
        self.nodes = least if nodes is None else int(nodes)


class GaussianAffinity(Record):
    """``w_ij = exp(-|x_i - x_j|^2 / (2 bandwidth^2))`` between all points, one block at a time.

    Products with vectors take n^2 d operations each and memory for a block of rows.

    Shapes: points `[n, d]`, bandwidth a number above zero; either may be traced.
    Errors: ValueError for points that are not finite, a bandwidth that is no number above zero.
    """

    points: Float[Array, "n d"]
    bandwidth: Float[Array, ""]

    def __init__(self, points: npt.ArrayLike, bandwidth: ScalarLike):
        validate.shape("bandwidth", bandwidth, (), "pass one number")
        validate.positive("bandwidth", bandwidth)
        validate.finite("bandwidth", bandwidth)
        self.points = vectors.rows("points", jnp.asarray(points))
        self.bandwidth = jnp.asarray(bandwidth, self.points.dtype)


Known = np.ndarray | Array | Affinity | GaussianAffinity


def known(affinity: object) -> Known:
    """`affinity` as one of the three kinds (module docstring), checked where it can be seen.

    Errors: ValueError for a matrix that is not square, not symmetric beyond rounding, or has
    negative or infinite weights or NaN.
    """
    if isinstance(affinity, Affinity | GaussianAffinity):
        return affinity
    if sparse.issparse(affinity):
        return _from_sparse(affinity)
    matrix: Any = affinity
    shape = np.shape(matrix)
    if len(shape) != 2 or shape[0] != shape[1] or shape[0] == 0:
        fix = "pass all nodes' weights to all, or problem.Affinity(edges, weights)"
        raise validate.fail("affinity", f"shape {shape}", "a square matrix", fix)
    seen = validate.concrete(matrix)
    if seen is None:
        return jnp.asarray(matrix)
    values = floats(seen)
    validate.finite("affinity", values)
    _check_values(values)
    return values


def count(affinity: Known) -> int:
    """The number of nodes."""
    if isinstance(affinity, Affinity):
        return affinity.nodes
    if isinstance(affinity, GaussianAffinity):
        return affinity.points.shape[0]
    return affinity.shape[0]


def floats(values: np.ndarray) -> np.ndarray:
    """`values` in their own floating precision; integers in jax's."""
    return values if values.dtype.kind == "f" else values.astype(jnp.zeros(0).dtype)


def dense(affinity: object) -> Float[Array, "n n"]:
    """All weights, with zeros on the diagonal. For `GaussianAffinity` see `affinity.gaussian`.

    Cost: n x n numbers.
    """
    given = known(affinity)
    if isinstance(given, GaussianAffinity):
        fix = "build it by affinity.gaussian(points, bandwidth=...)"
        raise validate.fail("affinity", "points and a bandwidth", "edges or a matrix", fix)
    if isinstance(given, Affinity):
        first, second = given.edges[:, 0], given.edges[:, 1]
        ends, weights = validate.concrete(given.edges), validate.concrete(given.weights)
        if ends is not None and weights is not None:
            # By numpy, since jax compiles a program for every new number of edges.
            table = np.zeros((given.nodes, given.nodes), weights.dtype)
            table[ends[:, 0], ends[:, 1]] = table[ends[:, 1], ends[:, 0]] = weights
            return jax.device_put(table)
        empty = jnp.zeros((given.nodes, given.nodes), given.weights.dtype)
        return empty.at[first, second].add(given.weights).at[second, first].add(given.weights)
    if isinstance(given, np.ndarray):
        return jax.device_put(np.where(np.eye(len(given), dtype=bool), 0, given))
    return jnp.where(jnp.eye(len(given), dtype=bool), 0, given)


def _check_values(values: np.ndarray) -> None:
    validate.nonnegative("affinity", values, "similarities are zero or more")
    apart = np.abs(values - values.T)
    if apart.max() <= SLACK * np.finfo(values.dtype).eps * values.max():
        return
    i, j = np.unravel_index(np.argmax(apart), apart.shape)
    got = f"{values[i, j]:.6g} at ({i}, {j}) and {values[j, i]:.6g} at ({j}, {i})"
    fix = "take the union np.maximum(W, W.T), or the mean of both"
    raise validate.fail("affinity", got, "a symmetric matrix", fix)


def _from_sparse(matrix: Any) -> Affinity:
    shape = matrix.shape
    if len(shape) != 2 or shape[0] != shape[1] or shape[0] == 0:
        raise validate.fail("affinity", f"shape {shape}", "a square matrix", "pass all nodes")
    table = sparse.csr_array(matrix)
    table.sum_duplicates()
    values = floats(table.data)
    validate.finite("affinity", values)
    validate.nonnegative("affinity", values, "similarities are zero or more")
    apart = abs(table - table.T)
    most = SLACK * np.finfo(values.dtype).eps * values.max(initial=0)
    if apart.nnz and apart.max() > most:
        at = apart.tocoo()
        place = int(np.argmax(at.data))
        i, j = int(at.row[place]), int(at.col[place])
        got = f"{table[i, j]:.6g} at ({i}, {j}) and {table[j, i]:.6g} at ({j}, {i})"
        fix = "take the union W.maximum(W.T), or the mean of both"
        raise validate.fail("affinity", got, "a symmetric matrix", fix)
    upper = sparse.triu(table, 1).tocoo()
    return Affinity(np.stack([upper.row, upper.col], 1), floats(upper.data), nodes=shape[0])


def _once(pairs: np.ndarray, weights: npt.ArrayLike) -> np.ndarray:
    """The rows that hold each edge once, in ascending order, loops left out."""
    if not len(pairs):
        return np.zeros(0, np.int64)
    total = int(pairs.max()) + 1
    key = pairs.min(1) * total + pairs.max(1)
    if (np.diff(key) > 0).all() and (pairs[:, 0] != pairs[:, 1]).all():
        return np.arange(len(pairs))
    rows = np.flatnonzero(pairs[:, 0] != pairs[:, 1])
    rows = rows[np.argsort(key[rows], kind="stable")]
    again = np.flatnonzero(np.diff(key[rows]) == 0)
    one, other = rows[again], rows[again + 1]
    same = pairs[one, 0] == pairs[other, 0]
    if same.any() or (np.diff(again) == 1).any():
        place = int(np.argmax(same)) if same.any() else int(np.argmax(np.diff(again) == 1))
        got = f"edge {pairs[one[place]].tolist()} in rows {one[place]} and {other[place]}"
        fix = "add the weights of what is given twice"
        raise validate.fail("edges", got, "each edge once, or once in each direction", fix)
    seen = validate.concrete(weights)
    if seen is not None and (seen[one] != seen[other]).any():
        place = int(np.argmax(seen[one] != seen[other]))
        i, j = pairs[one[place]]
        got = f"{seen[one[place]]:.6g} at ({i}, {j}) and {seen[other[place]]:.6g} at ({j}, {i})"
        raise validate.fail("weights", got, "one weight for both directions", "symmetrise them")
    return np.delete(rows, again + 1)
