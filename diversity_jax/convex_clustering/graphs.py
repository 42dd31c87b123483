"""Affinity graphs of points, of labels and of designs; their components, joined if there are many.

What a `Graph` holds are the penalty's weights w, and what they are often given as are affinities
``Phi = w^2`` (2605.24673, eq. 1: the penalty is ``sqrt(Phi_ij) |u_i - u_j|``), which are also the
conductances of all resistances. A Gaussian kernel ``exp(-decay d^2)`` is an affinity in that paper
and a weight in the papers and programs that minimise ``sum_ij w_ij |u_i - u_j|`` (CCMM; Chi and
Lange). So functions that take a kernel ask for which it is:

    kernel="affinity"    Phi = exp(-decay d^2),  w = exp(-decay d^2 / 2)
    kernel="weight"      w = exp(-decay d^2),    Phi = exp(-2 decay d^2)

`decay` 0 gives weights of one either way. Designs (`complete`, `ring`, `path`, `star`, `barbell`)
refuse, with a ValueError, too few nodes, an order that is none and a weight not above zero.

All is made on the host, with numpy; edges are pairs ``i < j`` in ascending order unless said
otherwise.
"""

from __future__ import annotations

from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from jaxtyping import Array, Int, Key

from diversity_jax import neighbours as _neighbours
from diversity_jax import validate, vectors
from diversity_jax.convex_clustering.problem import Graph
from diversity_jax.neighbours import joined

Kernel = Literal["affinity", "weight"]
KERNELS = ("affinity", "weight")


def from_affinities(
    edges: npt.ArrayLike, affinities: npt.ArrayLike, *, nodes: int | None = None
) -> Graph:
    """The graph whose affinities Phi are given: its weights are their square roots.

    Errors: ValueError as those of `Graph`, and for affinities that are not above zero.
    """
    validate.positive("affinities", affinities, "leave out edges without affinity")
    return Graph(edges, np.sqrt(np.asarray(affinities)), nodes=nodes)


def complete(nodes: int, *, weight: float = 1.0) -> Graph:
    """Every pair of nodes, at one weight w."""
    first, second = np.triu_indices(_count(nodes, 2), 1)
    return _even(first, second, nodes, weight)


def ring(nodes: int, *, order: npt.ArrayLike | None = None, weight: float = 1.0) -> Graph:
    """A ring at one weight w, through the nodes in `order` (0, 1, ... unless given).

    Edge k joins the nodes at places k and k + 1 of the order, the last the ends.
    """
    through = _order(order, _count(nodes, 3))
    return _even(through, np.roll(through, -1), nodes, weight)


def path(nodes: int, *, order: npt.ArrayLike | None = None, weight: float = 1.0) -> Graph:
    """A path at one weight w, through the nodes in `order` (0, 1, ... unless given).

    Edge k joins the nodes at places k and k + 1 of the order.
    """
    through = _order(order, _count(nodes, 2))
    return _even(through[:-1], through[1:], nodes, weight)


def star(nodes: int, *, weight: float = 1.0) -> Graph:
    """Node 0 joined to every other, at one weight w."""
    others = np.arange(1, _count(nodes, 2))
    return _even(np.zeros_like(others), others, nodes, weight)


def barbell(nodes: int, *, bridges: int, weight: float = 1.0) -> Graph:
    """Two cliques, of the first and of the second half, and `bridges` edges between them.

    The bridges are (i, i + n/2) for i below their number; all at one weight w.

    Errors: ValueError for an odd number of nodes, more bridges than half of them or none.
    Source: the barbells of 2605.24673.
    """
    if _count(nodes, 4) % 2:
        raise validate.fail("nodes", nodes, "an even number", "both cliques have half of them")
    half = nodes // 2
    validate.integer("bridges", bridges, "one node carries one bridge", least=1, most=half)
    one, other = np.triu_indices(half, 1)
    ends = np.arange(bridges)
    first = np.concatenate([one, one + half, ends])
    second = np.concatenate([other, other + half, ends + half])
    return _even(first, second, nodes, weight)


def stochastic_block(
    key: Key[Array, ""], labels: npt.ArrayLike, *, within: float, between: float
) -> Graph:
    """Edges drawn by themselves, at weight 1: probability `within` a label, `between` two labels.

    Each unordered pair is drawn once. With one key the graph of larger probabilities holds that of
    smaller ones. It may have several components (`components`), or no edge.

    Shapes: labels `[n]`, integers.
    Errors: ValueError for labels that are no integers in one axis, probabilities outside [0, 1].
    Cost: n(n-1)/2 random numbers at once.
    """
    validate.shape("labels", labels, (None,), "pass one label per node")
    groups = np.asarray(labels)
    if groups.dtype.kind not in "iu":
        got = f"type {groups.dtype}"
        raise validate.fail("labels", got, "integers", "number the clusters")
    for name, value in (("within", within), ("between", between)):
        if not 0 <= value <= 1:
            raise validate.fail(name, value, "a probability", "pass a number from 0 to 1")
    first, second = np.triu_indices(_count(len(groups), 2), 1)
    drawn = np.asarray(jax.random.uniform(key, first.shape, dtype=jnp.float32), np.float64)
    there = drawn < np.where(groups[first] == groups[second], within, between)
    return _even(first[there], second[there], len(groups), 1.0)


def nearest(
    points: npt.ArrayLike,
    *,
    neighbours: int,
    decay: float = 0.0,
    kernel: Kernel = "affinity",
    scaled: bool = False,
    connected: bool = False,
) -> Graph:
    """Edges from each point to its nearest ones, in either direction (the union).

    Exact: equal distances go to the smaller index, so rows given twice are neighbours like others.
    Weights 1, or those of a kernel with `decay` (see the module docstring); `scaled` divides
    squared distances by their mean over all pairs. `connected` adds the shortest edges between
    components, with the same kernel.

    Shapes: points `[n, d]`, n >= 2.
    Errors: ValueError for a number of neighbours outside 1 to n - 1, a negative decay, an unknown
    kernel, points that are not finite, a kernel that underflows.
    Cost: n^2 d, in blocks of some 8 MB: no n x n array. n=20,000 and d=10 take some ten seconds.
    """
    data = _points(points)
    fix = "a point has no more others than that"
    validate.integer("neighbours", neighbours, fix, least=1, most=len(data) - 1)
    _check_kernel(decay, kernel)
    table = _neighbours.Table(data)
    found = _neighbours.nearest(table, neighbours)
    start = np.repeat(np.arange(len(data)), neighbours)
    pairs = np.stack([np.minimum(start, found.ravel()), np.maximum(start, found.ravel())], axis=1)
    pairs = np.unique(pairs, axis=0)
    if connected:
        pairs = np.concatenate([pairs, _neighbours.joining(table, pairs)])
    return _kernelled(table, pairs, decay, kernel, scaled)


def kernel_complete(
    points: npt.ArrayLike, *, decay: float, kernel: Kernel = "affinity", scaled: bool = False
) -> Graph:
    """Every pair of points, with weights of a kernel (see the module docstring).

    `scaled` divides squared distances by their mean over all pairs.

    Shapes: points `[n, d]`, n >= 2.
    Errors: ValueError for a negative decay, an unknown kernel, points that are not finite, a kernel
    that underflows.
    Cost: n(n-1)/2 edges.
    """
    data = _points(points)
    _check_kernel(decay, kernel)
    pairs = np.stack(np.triu_indices(len(data), 1), axis=1)
    return _kernelled(_neighbours.Table(data), pairs, decay, kernel, scaled)


def geometric(
    points: npt.ArrayLike,
    *,
    radius: float,
    decay: float = 0.0,
    kernel: Kernel = "affinity",
    scaled: bool = False,
) -> Graph:
    """Every pair of points at most `radius` apart: of random points, a random geometric graph.

    Weights as those of `nearest`. It may have several components, or no edge.

    Shapes: points `[n, d]`, n >= 2.
    Errors: ValueError for a radius that is not above zero, and as `kernel_complete`.
    Cost: n^2 d, in blocks of some 8 MB.
    """
    data = _points(points)
    validate.shape("radius", radius, (), "pass one number")
    validate.positive("radius", radius)
    _check_kernel(decay, kernel)
    table = _neighbours.Table(data)
    pairs = np.stack(_neighbours.within(table, float(radius)), axis=1)
    return _kernelled(table, pairs, decay, kernel, scaled)


def components(graph: Graph) -> Int[Array, " n"]:
    """The component of each node, numbered from 0 in the order of their smallest nodes."""
    return jax.device_put(joined(graph.nodes, np.asarray(graph.edges))[1])


def complete_components(
    points: npt.ArrayLike, graph: Graph, *, weight: float | None = None
) -> Graph:
    """`graph` with the shortest edges added that join its components: a minimum spanning tree.

    As many as there are components less one, after the graph's own edges; equal distances go to the
    smaller indices. They get `weight` w, or the smallest weight of the graph (1 if it has no edge),
    so that what was added for the sake of connection pulls no harder than what was chosen. A
    connected graph comes back as it is.

    Shapes: points `[n, d]`, one row per node.
    Errors: ValueError for points that are not finite or of another number, a weight not above zero.
    Cost: per round, nodes outside the largest component times n d, in blocks of some 8 MB; at most
    log2 of the components in rounds.
    """
    data = _points(points, least=1)
    if len(data) != graph.nodes:
        got, fix = f"{len(data)} rows", "give every node of the graph its row"
        raise validate.fail("points", got, f"one row per node, {graph.nodes} of them", fix)
    if weight is not None:
        validate.shape("weight", weight, (), "pass one number")
        validate.positive("weight", weight)
        validate.finite("weight", weight)
    edges, weights = np.asarray(graph.edges), np.asarray(graph.weights)
    added = _neighbours.joining(_neighbours.Table(data), edges)
    if not len(added):
        return graph
    value = weight if weight is not None else (weights.min() if len(weights) else 1.0)
    values = np.concatenate([weights, np.full(len(added), value, weights.dtype)])
    return Graph(np.concatenate([edges, added.astype(edges.dtype)]), values, nodes=graph.nodes)


def _kernelled(
    table: _neighbours.Table, pairs: np.ndarray, decay: float, kernel: Kernel, scaled: bool
) -> Graph:
    nodes = len(table.rows)
    if decay == 0:
        return _even(pairs[:, 0], pairs[:, 1], nodes, 1.0)
    squares = table.exactly(pairs[:, 0], pairs[:, 1])
    if scaled:
        # Over all pairs: twice the variance with n - 1, summed over columns.
        mean = 2 * (((table.rows - table.rows.mean(0)) ** 2).sum()) / (nodes - 1)
        squares = squares / (mean if mean > 0 else 1)
    else:
        squares = squares * table.unit * table.unit
    weights = np.exp(-decay * squares / (2 if kernel == "affinity" else 1))
    few = int((weights <= 0).sum())
    if few:
        got = f"a kernel that is 0 for {few} of {len(weights)} edges"
        fix = "take a smaller decay, or scaled=True"
        raise validate.fail("decay", got, "weights above zero", fix)
    return Graph(pairs, weights, nodes=nodes)


def _check_kernel(decay: float, kernel: str) -> None:
    validate.shape("decay", decay, (), "pass one number")
    validate.nonnegative("decay", decay)
    validate.finite("decay", decay)
    validate.choice("kernel", kernel, KERNELS)


def _points(points: npt.ArrayLike, least: int = 2) -> np.ndarray:
    if isinstance(points, jax.core.Tracer):  # pyright: ignore[reportAttributeAccessIssue]
        fix = "build the graph outside the traced function and pass it in"
        raise validate.fail("points", "a traced array", "a concrete one", fix)
    data = np.asarray(vectors.rows("points", np.asarray(points)))
    if len(data) < least:
        got = f"{len(data)} rows"
        raise validate.fail("points", got, f"at least {least}", "a graph needs two nodes")
    return data


def _count(nodes: int, least: int) -> int:
    validate.integer("nodes", nodes, "pass the number of nodes", least=least)
    return int(nodes)


def _order(order: npt.ArrayLike | None, nodes: int) -> np.ndarray:
    if order is None:
        return np.arange(nodes)
    through = np.asarray(order)
    if through.shape != (nodes,) or (np.sort(through) != np.arange(nodes)).any():
        got = f"shape {through.shape} with {len(np.unique(through))} different entries"
        raise validate.fail("order", got, f"each of 0 to {nodes - 1} once", "pass a permutation")
    return through


def _even(first: np.ndarray, second: np.ndarray, nodes: int, weight: float) -> Graph:
    validate.shape("weight", weight, (), "for weights of their own build a problem.Graph")
    return Graph(np.stack([first, second], axis=1), np.full(len(first), float(weight)), nodes=nodes)
