"""Potentials and flows of a graph, to digits that do not depend on how far its weights reach.

A Laplacian with weights from 1e-8 to 1e8 has a condition number of 1e32, and its pseudo-inverse
holds no digit of what the strong edges do. So take as unknowns the differences y_t along the tree
of `levels`, of weight w_t. With N_et in {-1, 0, 1} the steps of edge e, ``b_e = N_e y``, the energy
is ``sum_e w_e^2 (N_e y)^2`` and a unit current between the ends of t gives
``S y = e_t / w_t^2`` with

    S_tu = sum_e (w_e / w_t)^2 N_et N_eu,     every ratio at most 1.

Entries of S are at most the number of edges; those of its inverse are
``w_u^2 (response at t to a unit current between the ends of u)``, at most the resistance of u in
units of ``1 / w_u^2``, which is below n since the ends of u are joined by edges of that weight or
more. The condition number is thus bounded by the sizes alone, and so are the errors of every
potential, relative to the resistance between the two ends of the current. And

    r_e^2 = w_e^2 |L^+ (e_i - e_j)|^2 = w_e^2 R_e^2 sum_k (h_k - mean h)^2,

with h the potential that is 1 at i and 0 at j: the sum lies between 1/2 and n/4, so it cannot
cancel. (Hence ``w_e R_e / sqrt 2 <= r_e <= w_e R_e sqrt n / 2``.)

For flows of given sources the unknowns are ``w_t y_t``, in which the matrix
``sum_e (w_e / w_t) (w_e / w_u) N_et N_eu`` is symmetric, with a trace of at most
edges times twice the depth, and an inverse whose trace is below n^2.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.linalg import cho_factor, cho_solve
from scipy.sparse import csr_array

from diversity_jax.convex_clustering.theory.numerics.levels import Levels, joined, paths

BLOCK = 4 * 2**20  # bytes of potentials at once


@dataclass(frozen=True)
class Edges:
    """A connected graph's edges without loops, its tree and the steps of the edges on it."""

    first: np.ndarray
    second: np.ndarray
    weights: np.ndarray
    nodes: int
    tree: Levels
    steps: tuple[np.ndarray, np.ndarray, np.ndarray]

    def ratios(self, power: int) -> csr_array:
        """``(w_e / w_t)^power N_et`` `[edges, nodes]`; the root's column is empty."""
        edge, node, sign = self.steps
        values = sign * (self.weights[edge] / self.tree.weight[node]) ** power
        return csr_array((values, (edge, node)), shape=(len(self.weights), self.nodes))


def prepared(first: np.ndarray, second: np.ndarray, weights: np.ndarray, nodes: int) -> Edges:
    """What the functions below need of a connected graph without loops."""
    tree = joined(first, second, weights, nodes)
    return Edges(first, second, weights, nodes, tree, paths(tree, first, second))


def responses(graph: Edges) -> np.ndarray:
    """``[t, k]``: w_t^2 times the potential at k, of mean 0, by a unit current over step t."""
    matrix = (graph.ratios(2).T @ graph.ratios(0)).toarray()
    matrix[graph.tree.root, graph.tree.root] = 1
    rises = np.linalg.solve(matrix, np.eye(graph.nodes))
    rises[graph.tree.root] = 0
    for level in graph.tree.outward():
        rises[level] += rises[graph.tree.parent[level]]
    rises -= rises.mean(0)
    return np.ascontiguousarray(rises.T)


def per_edge(graph: Edges) -> tuple[np.ndarray, np.ndarray]:
    """``w_e r_e`` and ``w_e^2 R_e`` of each edge: numbers without a unit."""
    reply, ratios = responses(graph), graph.ratios(2)
    norms, drops = np.empty(len(graph.weights)), np.empty(len(graph.weights))
    for rows in _blocks(len(graph.weights), graph.nodes):
        potentials = ratios[rows] @ reply
        most = np.abs(potentials).max(1)  # an edge beside far stronger ones has tiny ones
        unit = np.where(most > 0, most, 1)[:, None]
        norms[rows] = most * np.sqrt(((potentials / unit) ** 2).sum(1))
        places = np.arange(len(potentials))
        drops[rows] = potentials[places, graph.first[rows]] - potentials[places, graph.second[rows]]
    return norms, drops


def inverse(graph: Edges) -> np.ndarray:
    """The pseudo-inverse of the Laplacian, good relative to its largest entry."""
    below = responses(graph) / graph.tree.weight[:, None] ** 2
    below[graph.tree.root] = 0
    for level in graph.tree.outward():
        below[level] += below[graph.tree.parent[level]]
    below -= below.mean(0)
    return (below + below.T) / 2


def flows(graph: Edges, sources: np.ndarray) -> np.ndarray:
    """``F^+ sources`` `[edges, d]`, row e being ``w_e (L^+ sources)_i - w_e (L^+ sources)_j``."""
    ratios = graph.ratios(1)
    matrix = (ratios.T @ ratios).toarray()
    matrix[graph.tree.root, graph.tree.root] = 1
    inside = sources - sources.mean(0)
    for level in reversed(graph.tree.outward()):
        np.add.at(inside, graph.tree.parent[level], inside[level])
    inside[graph.tree.root] = 0
    scaled = inside / graph.tree.weight[:, None]
    return ratios @ cho_solve(cho_factor(matrix), scaled)


def _blocks(number: int, row: int) -> Iterator[slice]:
    size = max(1, BLOCK // (8 * row))
    for start in range(0, number, size):
        yield slice(start, min(start + size, number))
