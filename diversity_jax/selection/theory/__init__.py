"""Closed forms for diversity selection; sees domains and parameters, never simulations."""

from diversity_jax.selection.theory.cosine import cosine_band
from diversity_jax.selection.theory.discriminant import axis_after, flip_separation
from diversity_jax.selection.theory.domains import kept_by_cosine, kept_domains, other_directions
from diversity_jax.selection.theory.entropy import entropy_slab
from diversity_jax.selection.theory.linearised import (
    cosine_shift,
    linear_score,
    score_correlations,
    shared_offset_centroids,
)
from diversity_jax.selection.theory.truncation import (
    band_moments,
    shell_variance,
    shell_variance_approximation,
    truncated_normal,
)

__all__ = [
    "axis_after",
    "band_moments",
    "cosine_band",
    "cosine_shift",
    "entropy_slab",
    "flip_separation",
    "kept_by_cosine",
    "kept_domains",
    "linear_score",
    "other_directions",
    "score_correlations",
    "shared_offset_centroids",
    "shell_variance",
    "shell_variance_approximation",
    "truncated_normal",
]
