"""Harmonic solutions and anomaly scores as walks; bounds on them, the papers' and corrected ones.

Sees affinities and their degrees, never solvers.
"""

from diversity_jax.graph_learning.theory.absorption import (
    Absorption,
    hard_absorption,
    soft_absorption,
)
from diversity_jax.graph_learning.theory.bounds import (
    hard_bound,
    hop_bounds,
    norm_bound,
    online_bound,
    paper_norm_bound,
    paper_online_bound,
    paper_quantised_bound,
    path_bounds,
    quantised_bound,
    soft_bound,
)
from diversity_jax.graph_learning.theory.class_walks import (
    OddsFactor,
    mean_similarity,
    population_odds_factor,
    stationary_law,
    walk_odds_factor,
)
from diversity_jax.graph_learning.theory.counterexamples import (
    DoublingCounterexample,
    NormCounterexample,
    doubling_counterexample,
    doubling_exactly,
    norm_counterexample,
    norm_lemma_fails,
)
from diversity_jax.graph_learning.theory.leave_one_out import (
    WithoutOwn,
    anomaly_scores,
    score_bounds,
    score_ranges,
    without_own_label,
)
from diversity_jax.graph_learning.theory.printed import lone_group
from diversity_jax.graph_learning.theory.regret import (
    PAPER_SPLIT,
    SPLIT,
    MarginBound,
    RegretBound,
    least_margin_bound,
    least_regret_bound,
    margin_bound,
    paper_least_regret_bound,
    paper_regret_bound,
    regret_bound,
    risk_bound,
    stability,
)
from diversity_jax.graph_learning.theory.streaming import (
    approximation_factor,
    distortion_bound,
    distortion_exponent,
    laplacian_exponent,
    merges_bound,
    optimum_bound,
)

__all__ = [
    "PAPER_SPLIT",
    "SPLIT",
    "Absorption",
    "DoublingCounterexample",
    "MarginBound",
    "NormCounterexample",
    "OddsFactor",
    "RegretBound",
    "WithoutOwn",
    "anomaly_scores",
    "approximation_factor",
    "distortion_bound",
    "distortion_exponent",
    "doubling_counterexample",
    "doubling_exactly",
    "hard_absorption",
    "hard_bound",
    "hop_bounds",
    "laplacian_exponent",
    "least_margin_bound",
    "least_regret_bound",
    "lone_group",
    "margin_bound",
    "mean_similarity",
    "merges_bound",
    "norm_bound",
    "norm_counterexample",
    "norm_lemma_fails",
    "online_bound",
    "optimum_bound",
    "paper_least_regret_bound",
    "paper_norm_bound",
    "paper_online_bound",
    "paper_quantised_bound",
    "paper_regret_bound",
    "path_bounds",
    "population_odds_factor",
    "quantised_bound",
    "regret_bound",
    "risk_bound",
    "score_bounds",
    "score_ranges",
    "soft_absorption",
    "soft_bound",
    "stability",
    "stationary_law",
    "walk_odds_factor",
    "without_own_label",
]
