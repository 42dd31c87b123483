"""Closed forms for attention-based clustering; sees mixtures and parameters, never simulations."""

from diversity_jax.attention.theory.context import in_context, in_context_strengths
from diversity_jax.attention.theory.risk import population_risk, regulariser
from diversity_jax.attention.theory.trained import strengths

__all__ = ["in_context", "in_context_strengths", "population_risk", "regulariser", "strengths"]
