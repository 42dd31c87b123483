"""Which nodes hang together: components of a graph, and the error for a graph that has several."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import scipy.sparse as sparse
from jax import lax
from jaxtyping import Array, Bool, Int
from scipy.sparse import csgraph

from diversity_jax import validate
from diversity_jax.convex_clustering.problem import Graph
from diversity_jax.neighbours import joined, named


def near(nodes: int, edges: np.ndarray) -> np.ndarray:
    """A number for each node so that those of an edge are near: Cuthill and McKee's order."""
    pairs = np.concatenate([edges, edges[:, ::-1]]).T
    matrix = sparse.csr_matrix((np.ones(2 * len(edges), np.int8), pairs), shape=(nodes, nodes))
    place = np.empty(nodes, dtype=np.int64)
    place[csgraph.reverse_cuthill_mckee(matrix, symmetric_mode=True)] = np.arange(nodes)
    return place


def renamed(labels: np.ndarray) -> np.ndarray:
    """The same groups, named 0, 1, ... in the order of their first members."""
    _, first, names = np.unique(labels, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[names]


def check_connected(graph: Graph) -> None:
    """Refuse a graph that is seen to fall into components, naming the largest of them."""
    if validate.concrete(graph.edges) is None:
        return
    count, labels = joined(graph.nodes, np.asarray(graph.edges))
    if count == 1:
        return
    order = np.argsort(-np.bincount(labels), kind="stable")
    got = f"a graph in {count} components: {named(labels, order)}"
    fix = "complete it by graphs.complete_components(points, graph), or solve each by itself"
    raise validate.fail("graph", got, "one that is connected", fix)


def spread(nodes: int, edges: Int[Array, "m 2"], kept: Bool[Array, " m"]) -> Int[Array, " n"]:
    """Each node's component as its smallest member, in traced code: `joined` without the host.

    Every round takes the smallest label across each kept edge and then follows labels to their
    own labels, so that long chains shrink by a factor in each round.
    """
    first, second = edges[:, 0], edges[:, 1]
    # Edges that are left out become loops, which move nothing.
    second = jnp.where(kept, second, first)

    def turn(state: tuple[Array, Array]) -> tuple[Array, Array]:
        old, _ = state
        least = jnp.minimum(old[first], old[second])
        # Onto the labels' own nodes too: a whole tree learns of a smaller label at once.
        new = old.at[first].min(least).at[second].min(least)
        new = new.at[old[first]].min(least).at[old[second]].min(least)
        new = new[new]
        return new, jnp.any(new != old)

    start = jnp.arange(nodes, dtype=jnp.int32)
    return lax.while_loop(lambda state: state[1], turn, (start, jnp.asarray(True)))[0]
