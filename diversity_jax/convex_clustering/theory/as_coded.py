"""What two lines of the public experiment code of 2605.24673 change in what they report.

Weights. The penalty of equation 1 is ``sqrt(Phi_ij)``. The code forms F, hence rho, the oracle term
and r_e, from ``sqrt(Phi)``, and hands Phi itself to the solver as the penalty's weight. With unit
weights both are one. With a kernel the diagnostics belong to the graph of weights ``sqrt(Phi)`` and
the solutions to that of weights Phi. If all affinities were c, rho of the latter would be
``c^-1/2`` times that of the former: with c < 1 the gamma that is read off as the theorem's is too
small for the problem that was solved, and the bound is not assured there.

Sum of distances. The oracle term sums ``sqrt(Phi_ij) |u_i - u_j|`` over the edges, each once. The
committed script sums ``|u_i - u_j|`` over all ordered pairs, edge or not: a number that is the same
for all graphs on the same truth, so that graphs are ordered by ``max |F^+ E|`` alone, which is
connectivity without its price. (The limits of the published axes fit the sum over edges.)
"""

from __future__ import annotations

import math

import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from jaxtyping import Array, Float

from diversity_jax.convex_clustering.problem import Graph
from diversity_jax.convex_clustering.theory import _arguments
from diversity_jax.convex_clustering.theory.noise import noise_flow, noise_level, oracle_term
from diversity_jax.records import Record


class WeightsAsCoded(Record):
    """The same numbers for weights ``sqrt(Phi)`` (`diagnosed`) and Phi (`solved`).

    `shortfall` is rho of the graph that was solved over that of the graph diagnosed: by how much
    the theorem's gamma was too small, where above one.
    """

    rho_diagnosed: Float[Array, ""]
    rho_solved: Float[Array, ""]
    oracle_diagnosed: Float[Array, ""]
    oracle_solved: Float[Array, ""]
    shortfall: Float[Array, ""]


class SumAsCoded(Record):
    """The oracle term with the sum over edges, and with that over all ordered pairs."""

    over_edges: Float[Array, ""]
    over_pairs: Float[Array, ""]


def weights_as_coded(truth: npt.ArrayLike, noise: npt.ArrayLike, graph: Graph) -> WeightsAsCoded:
    """rho and the oracle term of `graph` (weights ``w = sqrt(Phi)``) and of weights ``w^2 = Phi``.

    On the host.

    Errors: ValueError for a graph that is not connected, naming components; arrays of another shape
    than `[graph.nodes, d]`; for a traced graph.
    Cost: n^3, with a handful of n x n arrays, four times.
    """
    edges, weights = _arguments.arrays(graph)
    own = edges[:, 0] != edges[:, 1]
    solved = Graph(edges[own], weights[own] ** 2, nodes=graph.nodes)
    here = noise_level(noise, graph)
    there = noise_level(noise, solved)
    return WeightsAsCoded(
        rho_diagnosed=here,
        rho_solved=there,
        oracle_diagnosed=oracle_term(truth, noise, graph),
        oracle_solved=oracle_term(truth, noise, solved),
        shortfall=there / here,
    )


def sum_as_coded(truth: npt.ArrayLike, noise: npt.ArrayLike, graph: Graph) -> SumAsCoded:
    """The oracle term, and what it is with the truth's distances over all ordered pairs of points.

    On the host.

    Errors: ValueError for a graph that is not connected, naming components; arrays of another shape
    than `[graph.nodes, d]`; for a traced graph.
    Cost: n^3, with a handful of n x n arrays, twice.
    """
    _arguments.arrays(graph)
    centres = _arguments.rows(truth, graph, "truth")
    pairs = sum(float(_arguments.lengths(centres - row, "l2").sum()) for row in centres)
    largest = np.abs(
        np.asarray(noise_flow(_arguments.rows(noise, graph, "noise"), graph).flow)
    ).max()
    return SumAsCoded(
        over_edges=oracle_term(truth, noise, graph),
        over_pairs=jnp.asarray(largest * pairs / (graph.nodes * math.sqrt(centres.shape[1]))),
    )
