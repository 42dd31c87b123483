"""How well heads have found centroids, and outputs have found clusters."""

from __future__ import annotations

from itertools import permutations

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float, Int

from diversity_jax import validate


def alignment(
    heads: Float[ArrayLike, "h d"], centroids: Float[ArrayLike, "k d"]
) -> Float[Array, ""]:
    """The best over matchings of the worst ``|<head, centroid>|``; 1 when every centroid is found.

    Sign and order of heads are never identifiable. With more heads than clusters the matching is
    injective from clusters to heads. Unit vectors give a cosine.

    Errors: ValueError for fewer heads than clusters, and for heads of another dimension.
    Cost: h!/(h-k)! small sums.
    """
    heads, centroids = jnp.asarray(heads), jnp.asarray(centroids)
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


def span_overlap(
    heads: Float[ArrayLike, "h d"], centroids: Float[ArrayLike, "k d"]
) -> Float[Array, ""]:
    """The smallest norm over heads of the head's projection on the span of the centroids."""
    basis, _ = jnp.linalg.qr(jnp.asarray(centroids).T)
    return jnp.min(jnp.linalg.norm(jnp.asarray(heads) @ basis, axis=1))


def off_axis(
    heads: Float[ArrayLike, "h d"], centroids: Float[ArrayLike, "k d"]
) -> Float[Array, ""]:
    """The largest sine of the angle between a head and its nearest centroid, accurate near 0.

    Heads and centroids of unit length.
    """
    heads, centroids = jnp.asarray(heads), jnp.asarray(centroids)
    cosines = heads @ centroids.T
    nearest = jnp.argmax(jnp.abs(cosines), axis=1)
    along = jnp.take_along_axis(cosines, nearest[:, None], axis=1)
    return jnp.max(jnp.linalg.norm(heads - along * centroids[nearest], axis=1))


def frame_error(
    heads: Float[ArrayLike, "h d"], centroids: Float[ArrayLike, "k d"]
) -> Float[Array, ""]:
    """How far the overlaps are from an orthonormal frame: ``max |C - tr(C)/k I|`` for C = V'V.

    ``V = heads @ centroids'``. Zero for heads that are a rotated basis of the centroids' span.
    """
    overlaps = jnp.asarray(heads) @ jnp.asarray(centroids).T
    form = overlaps.T @ overlaps
    k = form.shape[0]
    return jnp.max(jnp.abs(form - jnp.trace(form) / k * jnp.eye(k, dtype=form.dtype)))


def manifold_violation(
    heads: Float[ArrayLike, "h d"], centroids: Float[ArrayLike, "k d"]
) -> Float[Array, ""]:
    """How far two heads are off the manifold: the largest of the three products that vanish.

    The manifold is that of `training.manifold_start`. Of more heads or centroids the first two
    count.
    """
    heads, centroids = jnp.asarray(heads), jnp.asarray(centroids)
    cross = heads[:2] @ centroids[:2].T
    return jnp.max(jnp.abs(jnp.stack([cross[0, 1], cross[1, 0], heads[0] @ heads[1]])))


def within_and_between(
    outputs: Float[ArrayLike, "n d"],
    labels: Int[ArrayLike, " n"],
    centroids: Float[ArrayLike, "k d"],
) -> tuple[Float[Array, ""], Float[Array, ""]]:
    """Mean squared distance of outputs to their own centroid, and to their cluster's mean.

    Errors: ValueError for a concrete label that names no cluster.
    """
    outputs, centroids = jnp.asarray(outputs), jnp.asarray(centroids)
    k = centroids.shape[0]
    values = validate.concrete(labels)
    if values is not None and values.size and not (values.min() >= 0 and values.max() < k):
        got = f"labels from {values.min()} to {values.max()}"
        raise validate.fail("labels", got, f"0 to {k - 1}", "number the clusters from 0")
    labels = jnp.asarray(labels)
    members = (labels[:, None] == jnp.arange(k)[None, :]).astype(outputs.dtype)
    counts = jnp.maximum(members.sum(axis=0), 1)
    means = (members.T @ outputs) / counts[:, None]
    to_centroid = jnp.sum((outputs - centroids[labels]) ** 2, axis=1)
    to_mean = jnp.sum((outputs - means[labels]) ** 2, axis=1)
    return to_centroid.mean(), to_mean.mean()
