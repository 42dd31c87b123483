"""Four Gaussian domains of unit variance: two that are confused, two that are isolated."""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array, Float

from diversity_jax.mixtures import GaussianMixture

OFFSET, APART = 3.0, (1.5, 1.5, 4.0, 4.0)  # shared by all, and each along an axis of its own
DOMAINS = len(APART)


def means(dimension: int, offset: float | Array = OFFSET) -> Float[Array, "k d"]:
    """``offset m0 + apart_k v_k``, all directions orthonormal."""
    axes = jnp.eye(dimension, dtype=jnp.float64)
    return offset * axes[:1] + jnp.asarray(APART)[:, None] * axes[1 : DOMAINS + 1]


def mixture(dimension: int) -> GaussianMixture:
    """The domains, equally likely."""
    weights = jnp.full(DOMAINS, 1 / DOMAINS)
    return GaussianMixture.isotropic(weights, means(dimension), jnp.ones(DOMAINS))
