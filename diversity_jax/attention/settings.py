"""The mixtures of the experiments, named: orthonormal and oblique unit centroids."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy.typing as npt
from jaxtyping import Array, Float, ScalarLike

from diversity_jax import validate
from diversity_jax.mixtures import GaussianMixture


def orthonormal(
    *, clusters: int, dimension: int, variance: ScalarLike, weights: npt.ArrayLike | None = None
) -> GaussianMixture:
    """Clusters at the first coordinate axes, equally likely unless `weights` are given.

    Errors: ValueError for more clusters than dimensions.
    """
    _check_room(clusters, dimension)
    return along(jnp.eye(clusters, dimension), variance=variance, weights=weights)


def oblique(*, overlap: ScalarLike, dimension: int, variance: ScalarLike) -> GaussianMixture:
    """Two equally likely clusters at unit centroids with inner product `overlap`.

    Errors: ValueError for fewer than two dimensions.
    """
    _check_room(2, dimension)
    means = jnp.zeros((2, dimension)).at[0, 0].set(1.0)
    means = means.at[1, 0].set(overlap).at[1, 1].set(jnp.sqrt(1 - jnp.square(overlap)))
    return along(means, variance=variance)


def along(
    centroids: Float[Array, "k d"], *, variance: ScalarLike, weights: npt.ArrayLike | None = None
) -> GaussianMixture:
    """Clusters at `centroids`, all with `variance`, equally likely unless `weights` are given."""
    k = centroids.shape[0]
    weights = jnp.full(k, 1 / k, centroids.dtype) if weights is None else weights
    return GaussianMixture.isotropic(
        weights, centroids, jnp.full(k, variance, dtype=centroids.dtype)
    )


def random_orthonormal(key: Array, *, clusters: int, dimension: int) -> Float[Array, "k d"]:
    """Orthonormal centroids in a uniformly random direction.

    Errors: ValueError for more clusters than dimensions.
    """
    _check_room(clusters, dimension)
    gaussian = jax.random.normal(key, (dimension, clusters), jnp.result_type(float))
    basis, triangle = jnp.linalg.qr(gaussian)
    return (basis * jnp.sign(jnp.diagonal(triangle))[None, :]).T


def _check_room(clusters: int, dimension: int) -> None:
    if clusters < 1:
        raise validate.fail("clusters", clusters, "at least 1", "pass their number")
    if clusters > dimension:
        raise validate.fail(
            "dimension", dimension, f"at least {clusters}, one per cluster", "ask for more room"
        )
