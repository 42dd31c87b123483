"""What several functions of this theory ask of graphs, labels and numbers, on the host."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from jaxtyping import PyTree
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from diversity_jax import validate
from diversity_jax.convex_clustering import problem
from diversity_jax.convex_clustering.problem import Graph, Norm
from diversity_jax.convex_clustering.theory.numerics import potentials

SHOWN = 3  # components named in an error


def arrays(graph: Graph) -> tuple[np.ndarray, np.ndarray]:
    """Edges and weights (in 64 bits) of one graph that can be seen."""
    if not validate.seen(graph):
        fix = "call this outside traced code and pass its result in"
        raise validate.fail("graph", "a traced graph", "a concrete one", fix)
    validate.shape("graph.weights", graph.weights, (None,), "pass stacked graphs one by one")
    return np.asarray(graph.edges), np.asarray(graph.weights, np.float64)


def connected(graph: Graph) -> tuple[potentials.Edges, np.ndarray]:
    """The graph's own edges, prepared, and their places among all (loops pad, and are left out).

    Errors: ValueError for a graph in several components, which it names.
    """
    edges, weights = arrays(graph)
    own = np.flatnonzero(edges[:, 0] != edges[:, 1])
    edges, weights = edges[own], weights[own]
    _refuse_several(edges, graph.nodes)
    return potentials.prepared(edges[:, 0], edges[:, 1], weights, graph.nodes), own


def rows(points: npt.ArrayLike, graph: Graph, argument: str = "points") -> np.ndarray:
    """Points that can be seen, in 64 bits, one row per node."""
    if not validate.seen(points):
        fix = "call this outside traced code and pass its result in"
        raise validate.fail(argument, "a traced array", "a concrete one", fix)
    return np.asarray(problem.checked_points(points, graph, argument), np.float64)


def spread(values: np.ndarray, places: np.ndarray, graph: Graph) -> np.ndarray:
    """`values` of the graph's own edges among all of its rows, zero at the loops that pad it."""
    full = np.zeros((graph.edges.shape[0], *values.shape[1:]))
    full[places] = values
    return full


def parts(edges: np.ndarray, nodes: int) -> np.ndarray:
    """The component of each node, numbered by their smallest nodes."""
    ones = np.ones(len(edges))
    table = csr_array((ones, (edges[:, 0], edges[:, 1])), shape=(nodes, nodes))
    _, labels = connected_components(table, directed=False)
    _, first = np.unique(labels, return_index=True)
    return np.argsort(np.argsort(first))[labels]


def _refuse_several(edges: np.ndarray, nodes: int) -> None:
    part = parts(edges, nodes)
    number = int(part.max()) + 1
    if number == 1:
        return
    sizes = np.bincount(part)
    named = [
        f"{sizes[each]} nodes with node {int(np.argmax(part == each))}"
        for each in range(min(number, SHOWN))
    ]
    more = ", ..." if number > SHOWN else ""
    got = f"{number} components ({', '.join(named)}{more})"
    fix = "join them with graphs.complete_components(points, graph) or treat each by itself"
    raise validate.fail("graph", got, "a connected graph", fix)


def clusters(labels: npt.ArrayLike, nodes: int) -> tuple[np.ndarray, np.ndarray]:
    """The sorted labels that occur, and the place among them of each node's label."""
    validate.shape("labels", labels, (nodes,), "give every node of the graph its label")
    seen = validate.concrete(labels)
    if seen is None:
        fix = "call this outside traced code"
        raise validate.fail("labels", "traced labels", "concrete ones", fix)
    if seen.dtype.kind not in "iu":
        got = f"type {seen.dtype}"
        raise validate.fail("labels", got, "integers", "number the clusters")
    values, places = np.unique(seen, return_inverse=True)
    return values, places


def positive_number(argument: str, value: npt.ArrayLike) -> None:
    """Refuse what is not one finite number above zero."""
    validate.shape(argument, value, (), "map over several with jax.vmap")
    validate.finite(argument, value)
    validate.positive(argument, value)


def probability(argument: str, value: npt.ArrayLike) -> None:
    """Refuse what is not one number strictly between zero and one."""
    validate.shape(argument, value, (), "map over several with jax.vmap")
    seen = validate.concrete(value)
    if seen is not None and not 0 < float(seen) < 1:
        raise validate.fail(argument, float(seen), "a number in (0, 1)", "0.1 fails one in ten")


def library(*values: PyTree) -> ModuleType:
    """numpy where all is seen, which compiles nothing for every new graph, and else jax's."""
    return np if validate.seen(values) else jnp


def lengths(rows: Any, norm: Norm, xp: ModuleType = np) -> Any:
    """The norm of each row, in units of its largest entry."""
    most = xp.max(xp.abs(rows), axis=-1, initial=0)
    if norm == "linf":
        return most
    if norm == "l1":
        return xp.sum(xp.abs(rows), axis=-1)
    unit = xp.where(most > 0, most, 1)
    return most * xp.sqrt(xp.sum((rows / unit[..., None]) ** 2, axis=-1))


def penalty(rows: Any, graph: Graph, norm: Norm, xp: ModuleType) -> Any:
    """``sum_e w_e |u_i - u_j|_q``, by the theory's own hand."""
    edges, values = xp.asarray(graph.edges), xp.asarray(rows)
    apart = values[edges[:, 0]] - values[edges[:, 1]]
    return xp.sum(xp.asarray(graph.weights) * lengths(apart, norm, xp))


def returned(values: npt.ArrayLike, graph: Graph) -> jax.Array:
    """`values` as an array of jax's in the precision of the graph's weights.

    Put, since `asarray` compiles a program for every new shape.
    """
    with np.errstate(over="ignore", under="ignore"):
        return jax.device_put(np.asarray(values).astype(np.dtype(graph.weights.dtype)))
