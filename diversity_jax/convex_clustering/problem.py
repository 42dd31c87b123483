"""Convex clustering: the graph, the objective, its dual and the gap between them.

For points x_i `[n, d]` and a graph whose edge e = (i, j) has the weight w_e > 0, the centroids
minimise

    1/2 sum_i |u_i - x_i|_2^2 + gamma sum_e w_e |u_i - u_j|_q,   q in {1, 2, inf}.

With B `[m, n]` the rows of which are e_i - e_j, a dual point Z `[m, d]` is feasible where
``|z_e|_q* <= gamma w_e`` in the dual norm, and gives the centroids ``U = X - B^T Z`` and the lower
bound ``<Z, B X> - |B^T Z|^2 / 2``. At that U, objective minus bound is

    gap = sum_e [gamma w_e |u_i - u_j|_q - <z_e, u_i - u_j>],

every term of which is at least 0: it is summed in this form, since the difference of two large
numbers would lose its digits. The objective is 1-strongly convex, so ``|U - U*|_F <= sqrt(2 gap)``.
"""

from __future__ import annotations

from typing import Literal

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from jaxtyping import Array, Float, Int, ScalarLike

from diversity_jax import validate, vectors
from diversity_jax.neighbours import node_pairs
from diversity_jax.records import Record

Norm = Literal["l1", "l2", "linf"]
NORMS = ("l1", "l2", "linf")
DUALS: dict[Norm, Norm] = {"l1": "linf", "l2": "l2", "linf": "l1"}


class Graph(Record):
    """Undirected edges `[m, 2]` between nodes 0, 1, ..., and the penalty's weight of each `[m]`.

    The weights are those of the penalty, w; the paper's affinities are their squares, Phi = w^2,
    which are also the conductances behind resistances and sensitivities. `edges` keep their order,
    and whatever is returned per edge has it too. `nodes` is the largest node plus one unless given.

    Errors: ValueError for a shape that is none, a self-loop, an edge twice (in either direction),
    negative nodes, weights that are not positive and finite. Whether the graph is connected is
    asked where it matters (`graphs.complete_components`).
    """

    edges: Int[Array, "*batch m 2"]
    weights: Float[Array, "*batch m"]
    nodes: int = eqx.field(static=True)

    def __init__(self, edges: npt.ArrayLike, weights: npt.ArrayLike, *, nodes: int | None = None):
        pairs = _pairs(edges)
        validate.shape("weights", weights, (len(pairs),), "pass one weight per edge")
        validate.positive("weights", weights, "leave out edges without weight")
        validate.finite("weights", weights)
        least = int(pairs.max()) + 1 if len(pairs) else 1
        if nodes is not None:
            fix = "name at least all nodes that have an edge"
            validate.integer("nodes", nodes, fix, least=least)
        # Put, since `asarray` compiles a program for every new number of edges.
        self.edges = jax.device_put(pairs)
        known = isinstance(weights, jax.Array)
        values = jnp.asarray(weights) if known else jax.device_put(np.asarray(weights))
        floats = jnp.issubdtype(values.dtype, jnp.floating)
        self.weights = values if floats else values.astype(float)
        self.nodes = least if nodes is None else int(nodes)

    @property
    def first(self) -> Int[Array, "*batch m"]:
        """One end of each edge."""
        return self.edges[..., 0]

    @property
    def second(self) -> Int[Array, "*batch m"]:
        """The other end of each edge."""
        return self.edges[..., 1]


def padded(graph: Graph, edges: int) -> Graph:
    """`graph` with loops of weight 0 at node 0 appended, up to `edges` of them in all.

    A loop has no difference and a dual ball of radius 0: it changes nothing, and graphs of one
    number of edges share one program and can be stacked.

    Shapes: edges `[edges, 2]`, weights `[edges]`.
    Errors: ValueError for fewer edges than there are.
    """
    missing = edges - graph.weights.shape[-1]
    if missing < 0:
        got = f"{edges} edges for a graph of {graph.weights.shape[-1]}"
        raise validate.fail("edges", got, "at least as many", "pad to the largest graph")
    # On the host where values are seen: jax would compile anew for every number of edges.
    xp, put = (np, jax.device_put) if validate.seen(graph) else (jnp, jnp.asarray)
    pairs = xp.concatenate([graph.edges, xp.zeros((missing, 2), graph.edges.dtype)])
    weights = xp.concatenate([graph.weights, xp.zeros(missing, graph.weights.dtype)])
    return _with(graph, put(pairs), put(weights))


def stacked(graphs: list[Graph]) -> Graph:
    """Graphs on the same nodes as one, with a leading axis, padded to the largest.

    Shapes: edges `[graphs, m, 2]`, weights `[graphs, m]`, m the largest number of edges.
    Errors: ValueError for none, or for graphs of different numbers of nodes.
    """
    if not graphs or len({graph.nodes for graph in graphs}) != 1:
        got = f"graphs of {sorted({graph.nodes for graph in graphs})} nodes"
        raise validate.fail("graphs", got, "at least one, all of the same nodes", "split them")
    most = max(graph.weights.shape[-1] for graph in graphs)
    even = [padded(graph, most) for graph in graphs]
    return _with(
        even[0],
        jnp.stack([graph.edges for graph in even]),
        jnp.stack([graph.weights for graph in even]),
    )


def differences(rows: Float[Array, "n d"], graph: Graph) -> Float[Array, "m d"]:
    """B rows: row i minus row j of each edge (i, j)."""
    return rows[graph.first] - rows[graph.second]


def divergence(flows: Float[Array, "m d"], graph: Graph, nodes: int) -> Float[Array, "n d"]:
    """B^T flows: what flows along the edges, summed where they start minus where they end."""
    zero = jnp.zeros((nodes, flows.shape[-1]), flows.dtype)
    return zero.at[graph.first].add(flows).at[graph.second].add(-flows)


def lengths(rows: Float[Array, "*m d"], norm: Norm) -> Float[Array, "*m"]:
    """The norm of each row, taken in units of its largest entry: no square over- or underflows."""
    most = jnp.max(jnp.abs(rows), axis=-1)
    if norm == "linf":
        return most
    if norm == "l1":
        return jnp.sum(jnp.abs(rows), axis=-1)
    unit = jnp.where(most > 0, most, 1)
    return most * jnp.sqrt(jnp.sum((rows / unit[..., None]) ** 2, axis=-1))


def dual(norm: Norm) -> Norm:
    """The name of the dual norm."""
    return DUALS[norm]


def penalty(centroids: Float[Array, "n d"], graph: Graph, *, norm: Norm = "l2") -> Float[Array, ""]:
    """``sum_e w_e |u_i - u_j|_q``, each edge once."""
    return jnp.sum(graph.weights * lengths(differences(centroids, graph), norm))


def objective(
    points: npt.ArrayLike,
    centroids: npt.ArrayLike,
    graph: Graph,
    *,
    gamma: ScalarLike,
    norm: Norm = "l2",
) -> Float[Array, ""]:
    """``1/2 |X - U|_F^2 + gamma sum_e w_e |u_i - u_j|_q``.

    Errors: ValueError for points or centroids that are not finite or of another shape than
    `[graph.nodes, d]`, a negative or infinite gamma, an unknown norm. Traced values spread as NaN.
    Source: 2605.24673, equation 1, with ``w = sqrt(Phi)``.
    """
    data, at = checked_points(points, graph), checked_points(centroids, graph, "centroids")
    if data.shape != at.shape:
        got, fix = f"shape {at.shape} for points {data.shape}", "pass one centroid per point"
        raise validate.fail("centroids", got, "the points' shape", fix)
    checked_gamma(gamma)
    validate.choice("norm", norm, NORMS)
    return jnp.sum((data - at) ** 2) / 2 + gamma * penalty(at, graph, norm=norm)


def checked_points(
    points: npt.ArrayLike, graph: Graph, argument: str = "points"
) -> Float[Array, "n d"]:
    """`points` as floats; refused unless finite, one row per node of the graph."""
    if np.shape(points)[:1] != (graph.nodes,):
        got = f"shape {np.shape(points)}"
        fix = "give every node of the graph its row"
        raise validate.fail(argument, got, f"one row per node, {graph.nodes} of them", fix)
    return vectors.rows(argument, jnp.asarray(points))


def checked_gamma(gamma: ScalarLike) -> None:
    """Refuse a gamma that is seen to be negative, infinite, NaN or no scalar."""
    validate.shape("gamma", gamma, (), "pass one number; for several use solver.path")
    validate.nonnegative("gamma", gamma, "pass zero or more")
    validate.finite("gamma", gamma, "for all points in one cluster pass solver.gamma_max")


def _with(graph: Graph, edges: Array, weights: Array) -> Graph:
    """The graph with other arrays, not checked: loops of weight 0 are for the inside alone."""
    return eqx.tree_at(lambda it: (it.edges, it.weights), graph, (edges, weights))


def _pairs(edges: npt.ArrayLike) -> np.ndarray:
    """Edges as integers `[m, 2]`, each pair once; the error names the first that is wrong."""
    pairs = node_pairs(edges)
    loops = np.flatnonzero(pairs[:, 0] == pairs[:, 1])
    if len(loops):
        got = f"{len(loops)} self-loops, the first at node {pairs[loops[0], 0]} (row {loops[0]})"
        raise validate.fail("edges", got, "two different nodes", "drop them: they penalise nothing")
    ends = np.sort(pairs, axis=1).astype(np.int64)
    order = np.lexsort((ends[:, 1], ends[:, 0]))
    same = np.flatnonzero((np.diff(ends[order], axis=0) == 0).all(axis=1))
    if len(same):
        one, other = np.sort(order[same[0] : same[0] + 2])
        got = (
            f"{len(same)} edges given twice, first {pairs[one].tolist()} in rows {one} and {other}"
        )
        raise validate.fail("edges", got, "each pair once, in one direction", "add their weights")
    return pairs.astype(np.int32)
