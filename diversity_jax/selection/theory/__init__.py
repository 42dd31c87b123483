"""Closed forms for diversity selection; sees domains and parameters, never simulations."""

from diversity_jax.selection.theory.confusable import EntropyShares, entropy_shares
from diversity_jax.selection.theory.cosine import CosineBand, cosine_band
from diversity_jax.selection.theory.discriminant import (
    AxisAfter,
    DiscriminantError,
    axis_after,
    flip_separation,
    lda_error,
)
from diversity_jax.selection.theory.domains import (
    Directions,
    KeptDomain,
    kept_by_cosine,
    kept_domains,
    other_directions,
)
from diversity_jax.selection.theory.entropy import EntropySlab, entropy_slab
from diversity_jax.selection.theory.importance import (
    SampleSizes,
    hard_weight,
    hard_weight_bound,
    hard_weight_error,
    importance_weight,
    label_sample_size,
    sample_sizes,
)
from diversity_jax.selection.theory.labels import (
    centroid_error,
    labelled_centroids,
    noise_shrinkage,
    symmetric_confusion,
)
from diversity_jax.selection.theory.linearised import (
    LinearScore,
    cosine_shift,
    linear_score,
    score_correlations,
    shared_offset_centroids,
)
from diversity_jax.selection.theory.mixture_sizes import mixture_sample_sizes
from diversity_jax.selection.theory.ridge import (
    DesignRisk,
    SharedRegression,
    design_risk,
    heterogeneous_limit,
    homogeneous_excess,
    pooled_second_moment,
)
from diversity_jax.selection.theory.truncation import (
    Band,
    band_moments,
    normal_mass,
    shell_variance,
    shell_variance_approximation,
    truncated_normal,
)
from diversity_jax.selection.theory.weighted_moments import (
    WeightedEstimate,
    WeightedMoments,
    weighted_estimate,
    weighted_moments,
)

__all__ = [
    "AxisAfter",
    "Band",
    "CosineBand",
    "DesignRisk",
    "Directions",
    "DiscriminantError",
    "EntropyShares",
    "EntropySlab",
    "KeptDomain",
    "LinearScore",
    "SampleSizes",
    "SharedRegression",
    "WeightedEstimate",
    "WeightedMoments",
    "axis_after",
    "band_moments",
    "centroid_error",
    "cosine_band",
    "cosine_shift",
    "design_risk",
    "entropy_shares",
    "entropy_slab",
    "flip_separation",
    "hard_weight",
    "hard_weight_bound",
    "hard_weight_error",
    "heterogeneous_limit",
    "homogeneous_excess",
    "importance_weight",
    "kept_by_cosine",
    "kept_domains",
    "label_sample_size",
    "labelled_centroids",
    "lda_error",
    "linear_score",
    "mixture_sample_sizes",
    "noise_shrinkage",
    "normal_mass",
    "other_directions",
    "pooled_second_moment",
    "sample_sizes",
    "score_correlations",
    "shared_offset_centroids",
    "shell_variance",
    "shell_variance_approximation",
    "symmetric_confusion",
    "truncated_normal",
    "weighted_estimate",
    "weighted_moments",
]
