"""Conditions that several closed forms share."""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, Float

from diversity_jax import traced, validate
from diversity_jax.mixtures import GaussianMixture


def length_holds(length: ArrayLike) -> traced.Truth:
    """A whole number of tokens, at least one, or infinity."""
    expected = "a number of tokens >= 1 or infinity"
    return traced.holds(
        "length", length, lambda x: (x >= 1) & (x == x.round()), expected, "pass e.g. 30"
    )


def gain_holds(strength: ArrayLike, scale: ArrayLike | None = None) -> traced.Truth:
    """Finite strength and scale, of any sign."""
    good = traced.finite("strength", strength)
    return good if scale is None else good & traced.finite("scale", scale)


def pair_holds(
    dimension: ArrayLike, length: ArrayLike, variance: ArrayLike, strength: ArrayLike = 0.0
) -> traced.Truth:
    """What a trained layer on two orthonormal clusters takes."""
    size = traced.whole("dimension", dimension, 2, "two clusters span two directions")
    noise = traced.nonnegative("variance", variance)
    return length_holds(length) & size & noise & traced.finite("strength", strength)


def check_heads(heads: Float[ArrayLike, "h d"], mixture: GaussianMixture) -> Float[Array, "h d"]:
    """The heads as an array of jax; refuse those of another dimension than the mixture's."""
    validate.shape(
        "heads", heads, (None, mixture.dimension), "give heads [h, d] of the mixture's d"
    )
    validate.finite("heads", heads)
    return jnp.asarray(heads)
