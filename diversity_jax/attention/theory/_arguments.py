"""Refusals that several closed forms share."""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, Float, ScalarLike

from diversity_jax import validate
from diversity_jax.mixtures import GaussianMixture


def check_length(length: ScalarLike) -> None:
    """Refuse a sequence length below one (infinity is allowed)."""
    value = validate.concrete(length)
    if value is not None and not (value >= 1).all():
        raise validate.fail("length", value, "a number of tokens >= 1 or infinity", "pass e.g. 30")


def check_heads(heads: Float[ArrayLike, "h d"], mixture: GaussianMixture) -> Float[Array, "h d"]:
    """The heads as an array of jax; refuse those of another dimension than the mixture's."""
    validate.shape(
        "heads", heads, (None, mixture.dimension), "give heads [h, d] of the mixture's d"
    )
    return jnp.asarray(heads)
