"""A graph as a network of conductances Phi = w^2: sensitivities, resistances, connectivity.

With B the incidence rows ``e_i - e_j``, ``F = B^T diag(w)`` and the Laplacian ``L = F F^T``, the
flow of least energy that carries sources E is ``F^+ E = F^T L^+ E``, and

    r_e = |row e of F^+|_2 = w_e |L^+ (e_i - e_j)|,     R_e = (e_i - e_j)^T L^+ (e_i - e_j).

From ``F F^T = L`` follow ``sum_e r_e^2 = tr L^+`` and (Foster) ``sum_e Phi_e R_e = n - 1``. With
lambda_2 the second smallest eigenvalue of L, ``r_e^2 <= Phi_e R_e / lambda_2 <= 1 / lambda_2``;
and since the potentials of a unit current lie between those of its two ends,

    w_e R_e / sqrt 2 <= r_e <= w_e R_e sqrt n / 2.

Weights may reach as far as floating point does: see `numerics.potentials`.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Array, Float

from diversity_jax.convex_clustering.problem import Graph
from diversity_jax.convex_clustering.theory import _arguments
from diversity_jax.convex_clustering.theory.numerics import potentials
from diversity_jax.records import Record


class Connectivity(Record):
    """Numbers that describe how well a graph holds together, for conductances w^2.

    `second_eigenvalue` is lambda_2 of the Laplacian; `largest_resistance` that between any two
    nodes, `largest_edge_resistance` that between the ends of an edge; `largest_sensitivity` is
    max r_e, `trace` is tr L^+ (the sum of all resistances between pairs, over n), `volume` the sum
    of all degrees.
    """

    second_eigenvalue: Float[Array, ""]
    largest_resistance: Float[Array, ""]
    largest_edge_resistance: Float[Array, ""]
    largest_sensitivity: Float[Array, ""]
    trace: Float[Array, ""]
    volume: Float[Array, ""]


def edge_sensitivity(graph: Graph) -> Float[Array, " m"]:
    """``r_e = |F^+_e|_2``, one per edge in the order of `graph.edges`, for conductances w^2.

    The standard deviation of what independent noise of deviation 1 sends along the edge in the flow
    ``F^+ E``. Exact, with an error of some hundred roundings whatever the weights. On the host.

    Errors: ValueError for a graph that is not connected, naming components; for a traced graph.
    Cost: n^3 and some 2 log2(n) times edges times n, with a handful of n x n arrays; n=1,000 and
    5,000 edges take less than a second.
    Source: 2605.24673 through its authors' code (the pseudo-inverse of the incidence matrix).
    """
    values, own, weights = _of_edges(graph)
    return _arguments.returned(_arguments.spread(values[0] / weights, own, graph), graph)


def degree_sensitivity(graph: Graph) -> Float[Array, " m"]:
    """``w_e sqrt(1 / d_i^2 + 1 / d_j^2)``, d the degrees: what r_e is on a graph of high degrees.

    Asymptotic in the degrees, where a walk forgets its start in a step: then ``L^+`` is the inverse
    of the degrees but for constants, and what is left out is of the relative order ``1 / d``. So
    the largest r_e is at nodes of low degree. Far too small at bridges, where clusters hang
    together by few edges. Of a graph connected or not; on the host.

    Errors: ValueError for a traced graph.
    Source: derived.
    """
    edges, weights = _arguments.arrays(graph)
    degrees = np.zeros(graph.nodes)
    for end in (0, 1):
        np.add.at(degrees, edges[:, end], weights**2)
    own = edges[:, 0] != edges[:, 1]
    near = np.zeros(len(edges))
    near[own] = np.hypot(1 / degrees[edges[own, 0]], 1 / degrees[edges[own, 1]])
    return _arguments.returned(weights * near, graph)


def effective_resistance(graph: Graph) -> Float[Array, " m"]:
    """``R_e`` between the ends of each edge, in the order of `graph.edges`, for conductances w^2.

    ``volume * R_e`` is the commute time, and ``Phi_e R_e`` the share of uniform spanning trees that
    hold e. Exact; accuracy, errors and cost as those of `edge_sensitivity`.

    Errors: ValueError for a graph that is not connected, naming components; for a traced graph.
    """
    values, own, weights = _of_edges(graph)
    with np.errstate(over="ignore"):
        found = values[1] / weights / weights
    return _arguments.returned(_arguments.spread(found, own, graph), graph)


def laplacian(graph: Graph) -> Float[Array, "n n"]:
    """``L = sum_e w_e^2 (e_i - e_j)(e_i - e_j)^T``; of a connected graph or not."""
    edges, weights = _arguments.arrays(graph)
    matrix = np.zeros((graph.nodes, graph.nodes))
    for one, other, sign in ((0, 1, -1), (1, 0, -1), (0, 0, 1), (1, 1, 1)):
        np.add.at(matrix, (edges[:, one], edges[:, other]), sign * weights**2)
    return _arguments.returned(matrix, graph)


def laplacian_inverse(graph: Graph) -> Float[Array, "n n"]:
    """The pseudo-inverse ``L^+``, with errors of roundings of its largest entry. On the host.

    Errors: ValueError for a graph that is not connected, naming components; for a traced graph.
    Cost: n^3, with a handful of n x n arrays.
    """
    return _arguments.returned(potentials.inverse(_arguments.connected(graph)[0]), graph)


def connectivity(graph: Graph) -> Connectivity:
    """Second eigenvalue, largest resistances and sensitivity of a graph, for conductances w^2.

    On the host.

    Errors: ValueError for a graph that is not connected, naming components; for a traced graph.
    Cost: n^3, with a handful of n x n arrays.
    """
    prepared, _ = _arguments.connected(graph)
    norms, drops = potentials.per_edge(prepared)
    opposite = potentials.inverse(prepared)
    own = np.diag(opposite)
    weights = prepared.weights
    largest = np.linalg.eigvalsh(opposite)[-1] if graph.nodes > 1 else 0
    values = {
        "second_eigenvalue": 1 / largest if graph.nodes > 1 else np.inf,
        "largest_resistance": (own[:, None] + own[None] - 2 * opposite).max(),
        "largest_edge_resistance": (drops / weights / weights).max(initial=0),
        "largest_sensitivity": (norms / weights).max(initial=0),
        "trace": own.sum(),
        "volume": 2 * (weights**2).sum(),
    }
    return Connectivity(
        **{name: _arguments.returned(value, graph) for name, value in values.items()}
    )


def _of_edges(graph: Graph) -> tuple[tuple[np.ndarray, np.ndarray], np.ndarray, np.ndarray]:
    prepared, own = _arguments.connected(graph)
    return potentials.per_edge(prepared), own, prepared.weights
