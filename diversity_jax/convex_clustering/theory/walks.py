"""Random walks on a graph: hitting and commute times, and sensitivities read off them.

The walk goes from i to j with probability ``Phi_ij / d_i``, ``d_i = sum_j Phi_ij``, Phi = w^2. With
``volume = sum_i d_i`` the mean time to come from i to j is

    H(i, j) = sum_l d_l (L^+_il - L^+_ij - L^+_jl + L^+_jj),

so ``C_ij = H(i, j) + H(j, i) = volume * R_ij``. The differences over an edge (i, j)

    H(k, j) - H(k, i) = volume * (L^+_ki - L^+_kj) + (a number without k)

are, but for that number, volume times the potential of a unit current from i to j; its norm gives

    r_ij^2 = Phi_ij / volume^2 sum_k (H(k,j) - H(k,i) - mean_k)^2
           = Phi_ij / (4 volume^2) sum_k (C_kj - C_ki - mean_k)^2.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Array, Float

from diversity_jax.convex_clustering.problem import Graph
from diversity_jax.convex_clustering.theory import _arguments
from diversity_jax.convex_clustering.theory.numerics import potentials


def hitting_times(graph: Graph) -> Float[Array, "n n"]:
    """``H(i, j)``: mean number of steps of the walk from i until it is at j; zero on the diagonal.

    Good to roundings of the largest entry. On the host.

    Errors: ValueError for a graph that is not connected, naming components; for a traced graph.
    Cost: n^3, with a handful of n x n arrays.
    Source: derived.
    """
    opposite, degrees = _walk(graph)
    own = opposite @ degrees
    volume = degrees.sum()
    times = own[:, None] - own[None] + volume * (np.diag(opposite)[None] - opposite)
    np.fill_diagonal(times, 0)
    return _arguments.returned(times, graph)


def commute_times(graph: Graph) -> Float[Array, "n n"]:
    """``C_ij = H(i, j) + H(j, i)``, volume times the resistance between each two nodes.

    For the ends of edges alone, with all digits: ``volume * effective_resistance(graph)``. On the
    host.

    Errors: ValueError for a graph that is not connected, naming components; for a traced graph.
    Cost: n^3, with a handful of n x n arrays.
    Source: derived.
    """
    opposite, degrees = _walk(graph)
    own = np.diag(opposite)
    times = degrees.sum() * (own[:, None] + own[None] - 2 * opposite)
    return _arguments.returned(times, graph)


def _walk(graph: Graph) -> tuple[np.ndarray, np.ndarray]:
    prepared, _ = _arguments.connected(graph)
    degrees = np.zeros(graph.nodes)
    np.add.at(degrees, prepared.first, prepared.weights**2)
    np.add.at(degrees, prepared.second, prepared.weights**2)
    return potentials.inverse(prepared), degrees
