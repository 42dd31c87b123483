"""A shallow tree that joins the nodes of a graph from its strongest edges to its weakest.

Edges are taken by falling weight; each that joins two components makes the representative of the
smaller a child of that of the larger, at the edge's weight. So the tree has a depth of at most
``log2 n``, weights fall towards the root, and on the tree's path between the ends of an edge e no
weight is below w_e: the ratios ``w_e / w_t`` that `potentials` works with are at most one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import minimum_spanning_tree


@dataclass(frozen=True)
class Levels:
    """`parent` of each node (the root's is itself), the `weight` it was joined at, its `depth`."""

    parent: np.ndarray
    weight: np.ndarray
    depth: np.ndarray

    @property
    def root(self) -> int:
        """The one node without a parent."""
        return int(np.argmin(self.depth))

    def outward(self) -> list[np.ndarray]:
        """The nodes below the root, level by level."""
        return [np.flatnonzero(self.depth == level) for level in range(1, self.depth.max() + 1)]


def joined(first: np.ndarray, second: np.ndarray, weights: np.ndarray, nodes: int) -> Levels:
    """The tree of a connected graph without loops."""
    if nodes == 1:
        return Levels(np.zeros(1, int), np.ones(1), np.zeros(1, int))
    ranks = np.empty(len(weights))
    by_weight = np.argsort(-weights, kind="stable")
    ranks[by_weight] = np.arange(1, len(weights) + 1)
    spanning = minimum_spanning_tree(csr_array((ranks, (first, second)), shape=(nodes, nodes)))
    taken = by_weight[np.sort(spanning.data).astype(int) - 1]
    parent, weight, size = np.arange(nodes), np.ones(nodes), np.ones(nodes, int)
    joins = []
    for edge in taken:
        one, other = _top(parent, int(first[edge])), _top(parent, int(second[edge]))
        below, above = (one, other) if size[one] <= size[other] else (other, one)
        parent[below], weight[below] = above, weights[edge]
        size[above] += size[below]
        joins.append((below, above))
    depth = np.zeros(nodes, int)
    # What a node was joined to was itself joined later.
    for below, above in reversed(joins):
        depth[below] = depth[above] + 1
    return Levels(parent, weight, depth)


def _top(parent: np.ndarray, node: int) -> int:
    while parent[node] != node:
        node = int(parent[node])
    return node


def paths(
    tree: Levels, first: np.ndarray, second: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Edge, node and sign of each step of the tree's paths from `first` to `second`.

    With y_t the value at node t minus that at its parent, ``value_i - value_j`` of edge (i, j) is
    the sum of ``sign y_node`` over the edge's steps.
    """
    steps = []
    here, there, edges = first.copy(), second.copy(), np.arange(len(first))
    while len(edges):
        up = tree.depth[here] >= tree.depth[there]
        for chosen, ends, sign in ((up, here, 1.0), (~up, there, -1.0)):
            steps.append((edges[chosen], ends[chosen], np.full(int(chosen.sum()), sign)))
            ends[chosen] = tree.parent[ends[chosen]]
        apart = here != there
        here, there, edges = here[apart], there[apart], edges[apart]
    if not steps:
        return np.zeros(0, int), np.zeros(0, int), np.zeros(0)
    edge, node, sign = (np.concatenate(parts) for parts in zip(*steps))
    return edge, node, sign
