"""The mixtures of the experiments, named: orthonormal and oblique unit centroids."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy.typing as npt
from jaxtyping import Array, ArrayLike, Float, ScalarLike

from diversity_jax import traced, validate, vectors
from diversity_jax.mixtures import GaussianMixture


def orthonormal(
    *, clusters: int, dimension: int, variance: ScalarLike, weights: npt.ArrayLike | None = None
) -> GaussianMixture:
    """Clusters at the first coordinate axes, equally likely unless `weights` are given.

    Errors: ValueError for more clusters than dimensions, and those of `along`.
    """
    _check_room(clusters, dimension)
    return along(jnp.eye(clusters, dimension), variance=variance, weights=weights)


def oblique(*, overlap: ScalarLike, dimension: int, variance: ScalarLike) -> GaussianMixture:
    """Two equally likely clusters at unit centroids with inner product `overlap`.

    Errors: ValueError for fewer than two dimensions, an overlap outside [-1, 1].
    """
    _check_room(2, dimension)
    fix = "it is the cosine between the centroids"
    good = traced.holds("overlap", overlap, lambda x: abs(x) <= 1, "from -1 to 1", fix)
    means = jnp.zeros((2, dimension)).at[0, 0].set(1.0)
    rest = vectors.root(1 - jnp.square(overlap))
    means = means.at[1, 0].set(overlap).at[1, 1].set(rest)
    return traced.only(good, along(means, variance=variance), overlap)


def along(
    centroids: Float[ArrayLike, "k d"],
    *,
    variance: ScalarLike,
    weights: npt.ArrayLike | None = None,
) -> GaussianMixture:
    """Clusters at `centroids`, all with `variance`, equally likely unless `weights` are given.

    Errors: ValueError for centroids that are no rows, and those of `GaussianMixture.isotropic`.
    """
    centroids = vectors.rows("centroids", centroids)
    validate.shape("variance", variance, (), "one for all clusters; else build a GaussianMixture")
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
    validate.integer("clusters", clusters, "pass their number", least=1)
    validate.integer("dimension", dimension, "pass a number of coordinates", least=1)
    if clusters > dimension:
        raise validate.fail(
            "dimension", dimension, f"at least {clusters}, one per cluster", "ask for more room"
        )
