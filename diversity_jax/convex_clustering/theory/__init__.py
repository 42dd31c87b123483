"""Convex clustering in closed form: graphs as networks, error bounds, windows of exact recovery.

Sees the problem's graph and norms, never solutions nor the generators of graphs.
"""

from diversity_jax.convex_clustering.theory.as_coded import (
    SumAsCoded,
    WeightsAsCoded,
    sum_as_coded,
    weights_as_coded,
)
from diversity_jax.convex_clustering.theory.bounds import (
    ProbableBound,
    RecoveryBound,
    probable_recovery_bound,
    recovery_bound,
)
from diversity_jax.convex_clustering.theory.bridges import bridge_supremum, design_constant
from diversity_jax.convex_clustering.theory.closed_forms import (
    BarbellEdges,
    BlockEdges,
    EdgeValues,
    barbell_edges,
    block_edges,
    complete_edges,
    path_edges,
    ring_edges,
    star_edges,
    tree_edges,
)
from diversity_jax.convex_clustering.theory.complete_graph import (
    CompleteBound,
    complete_graph_bound,
)
from diversity_jax.convex_clustering.theory.electrical import (
    Connectivity,
    connectivity,
    degree_sensitivity,
    edge_sensitivity,
    effective_resistance,
    laplacian,
    laplacian_inverse,
)
from diversity_jax.convex_clustering.theory.fusing import FusingGamma, fusing_gamma
from diversity_jax.convex_clustering.theory.noise import (
    NoiseFlow,
    noise_flow,
    noise_level,
    oracle_term,
    probable_mean_term,
    probable_noise_level,
)
from diversity_jax.convex_clustering.theory.predictors import (
    BetweenEdges,
    Predictors,
    between_edges,
    predictors,
)
from diversity_jax.convex_clustering.theory.rates import (
    DesignBound,
    Growth,
    design_bound,
    design_growth,
)
from diversity_jax.convex_clustering.theory.walks import commute_times, hitting_times
from diversity_jax.convex_clustering.theory.windows import RecoveryWindow, recovery_window

__all__ = [
    "BarbellEdges",
    "BetweenEdges",
    "BlockEdges",
    "CompleteBound",
    "Connectivity",
    "DesignBound",
    "EdgeValues",
    "FusingGamma",
    "Growth",
    "NoiseFlow",
    "Predictors",
    "ProbableBound",
    "RecoveryBound",
    "RecoveryWindow",
    "SumAsCoded",
    "WeightsAsCoded",
    "barbell_edges",
    "between_edges",
    "block_edges",
    "bridge_supremum",
    "commute_times",
    "complete_edges",
    "complete_graph_bound",
    "connectivity",
    "degree_sensitivity",
    "design_bound",
    "design_constant",
    "design_growth",
    "edge_sensitivity",
    "effective_resistance",
    "fusing_gamma",
    "hitting_times",
    "laplacian",
    "laplacian_inverse",
    "noise_flow",
    "noise_level",
    "oracle_term",
    "path_edges",
    "predictors",
    "probable_mean_term",
    "probable_noise_level",
    "probable_recovery_bound",
    "recovery_bound",
    "recovery_window",
    "ring_edges",
    "star_edges",
    "sum_as_coded",
    "tree_edges",
    "weights_as_coded",
]
