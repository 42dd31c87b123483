"""What may predict how large the error is: connectivity, edges between clusters, their product.

Connectivity alone does not: it is bought with edges between clusters, which the penalty J of the
truth pays for. What is asked of a predictor is how the best error over gamma orders by it.
"""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from jaxtyping import Array, Float

from diversity_jax.convex_clustering import problem
from diversity_jax.convex_clustering.problem import Graph
from diversity_jax.convex_clustering.theory import _arguments
from diversity_jax.convex_clustering.theory.bounds import recovery_bound
from diversity_jax.convex_clustering.theory.electrical import Connectivity, connectivity
from diversity_jax.convex_clustering.theory.noise import oracle_term
from diversity_jax.records import Record


class BetweenEdges(Record):
    """Edges that join two clusters: their `share` of all edges, and of all weight."""

    share: Float[Array, ""]
    share_of_weight: Float[Array, ""]


class Predictors(Record):
    """Candidates for what orders errors; of them `between` and `connectivity` need no truth.

    `between` needs the clusters, the rest truth and noise: `oracle` the oracle term, `bound` that
    per entry at ``gamma = rho``, `rho` and `truth_penalty` its factors.
    """

    oracle: Float[Array, ""]
    bound: Float[Array, ""]
    rho: Float[Array, ""]
    truth_penalty: Float[Array, ""]
    between: BetweenEdges
    connectivity: Connectivity


def between_edges(labels: npt.ArrayLike, graph: Graph) -> BetweenEdges:
    """The share of edges, and of the weight w, that joins nodes of different labels. On the host.

    Errors: ValueError for labels that are no integers, one per node; for traced input.
    """
    edges, weights = _arguments.arrays(graph)
    _, places = _arguments.clusters(labels, graph.nodes)
    own = edges[:, 0] != edges[:, 1]
    apart = places[edges[:, 0]] != places[edges[:, 1]]
    kind = graph.weights.dtype
    return BetweenEdges(
        share=jnp.asarray(apart.sum() / max(own.sum(), 1), kind),
        share_of_weight=jnp.asarray(weights[apart].sum() / max(weights.sum(), 1e-300), kind),
    )


def predictors(
    truth: npt.ArrayLike, noise: npt.ArrayLike, labels: npt.ArrayLike, graph: Graph
) -> Predictors:
    """All candidates at once, for l2. On the host.

    Errors: ValueError for a graph that is not connected, naming components; arrays of another shape
    than `[graph.nodes, d]`; for traced input.
    Cost: n^3, with a handful of n x n arrays, three times.
    """
    at_zero = recovery_bound(truth, noise, graph, gamma=0.0)
    rho, total = at_zero.rho, at_zero.truth_penalty
    bound = at_zero.mean_term + 2 * rho * total
    return Predictors(
        oracle=oracle_term(truth, noise, graph),
        bound=bound / np.size(problem.checked_points(truth, graph, "truth")),
        rho=rho,
        truth_penalty=total,
        between=between_edges(labels, graph),
        connectivity=connectivity(graph),
    )
