"""Rules that choose a subset to cover the rest, each a function that returns a `Selection`."""

from diversity_jax.selection.coverage.distances import k_center, kmeans_plus_plus
from diversity_jax.selection.coverage.facility import facility_location
from diversity_jax.selection.coverage.information import information_gain, label_graph
from diversity_jax.selection.coverage.pivoting import d_optimal, dpp_map, dpp_map_from_matrix
from diversity_jax.selection.coverage.record import Selection
from diversity_jax.selection.coverage.sampling import k_dpp, k_dpp_from_matrix
from diversity_jax.selection.coverage.stratified import coverage_stratified

__all__ = [
    "Selection",
    "coverage_stratified",
    "d_optimal",
    "dpp_map",
    "dpp_map_from_matrix",
    "facility_location",
    "information_gain",
    "k_center",
    "k_dpp",
    "k_dpp_from_matrix",
    "kmeans_plus_plus",
    "label_graph",
]
