"""How well heads have found centroids, and outputs have found clusters."""

from __future__ import annotations

from itertools import permutations

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from diversity_jax import validate


def alignment(heads: Float[Array, "h d"], centroids: Float[Array, "k d"]) -> Float[Array, ""]:
    """The best over matchings of the worst ``|<head, centroid>|``; 1 when every centroid is found.

    Sign and order of heads are never identifiable. With more heads than clusters the matching is
    injective from clusters to heads. Unit vectors give a cosine. Cost h!/(h-k)! small sums.
    Errors: ValueError for fewer heads than clusters, and for heads of another dimension.
    """
    validate.shape("centroids", centroids, (None, None), "give centroids [k, d]")
    validate.shape("heads", heads, (None, centroids.shape[1]), "give heads [h, d] of the same d")
    if heads.shape[0] < centroids.shape[0]:
        expected = f"at least {centroids.shape[0]}, one per centroid"
        raise validate.fail("heads", heads.shape[0], expected, "add heads or drop centroids")
    cosines = jnp.abs(heads @ centroids.T)
    k = centroids.shape[0]
    matchings = np.asarray(list(permutations(range(heads.shape[0]), k)))
    matched = cosines[matchings, np.arange(k)[None, :]]
    return jnp.max(jnp.min(matched, axis=1))


def span_overlap(heads: Float[Array, "h d"], centroids: Float[Array, "k d"]) -> Float[Array, ""]:
    """The smallest norm over heads of the head's projection on the span of the centroids."""
    basis, _ = jnp.linalg.qr(centroids.T)
    return jnp.min(jnp.linalg.norm(heads @ basis, axis=1))


def in_plane_angle(heads: Float[Array, "2 d"], centroids: Float[Array, "2 d"]) -> Float[Array, ""]:
    """Angle of the first head from the nearest centroid axis, in [0, pi/4], orthonormal centroids.

    For a head in the plane of the centroids, folded by their signs and their exchange.
    """
    validate.shape("centroids", centroids, (2, None), "give two orthonormal centroids [2, d]")
    validate.shape("heads", heads, (None, centroids.shape[1]), "give heads [h, d] of the same d")
    x, y = jnp.abs(centroids @ heads[0])
    angle = jnp.arctan2(y, x)
    return jnp.minimum(angle, jnp.pi / 2 - angle)


def within_and_between(
    outputs: Float[Array, "n d"], labels: Int[Array, " n"], centroids: Float[Array, "k d"]
) -> tuple[Float[Array, ""], Float[Array, ""]]:
    """Mean squared distance of outputs to their own centroid, and to their cluster's mean.

    Errors: ValueError for a concrete label that names no cluster.
    """
    k = centroids.shape[0]
    seen = validate.concrete(labels)
    if seen is not None and seen.size and not (seen.min() >= 0 and seen.max() < k):
        got = f"labels from {seen.min()} to {seen.max()}"
        raise validate.fail("labels", got, f"0 to {k - 1}", "number the clusters from 0")
    members = (labels[:, None] == jnp.arange(k)[None, :]).astype(outputs.dtype)
    counts = jnp.maximum(members.sum(axis=0), 1)
    means = (members.T @ outputs) / counts[:, None]
    to_centroid = jnp.sum((outputs - centroids[labels]) ** 2, axis=1)
    to_mean = jnp.sum((outputs - means[labels]) ** 2, axis=1)
    return to_centroid.mean(), to_mean.mean()
