"""How well heads have found centroids, and outputs have found clusters."""

from __future__ import annotations

from itertools import permutations

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float, Int

from diversity_jax import traced, validate, vectors


def alignment(
    heads: Float[ArrayLike, "h d"], centroids: Float[ArrayLike, "k d"]
) -> Float[Array, ""]:
    """The best over matchings of the worst ``|<head, centroid>|``; 1 when every centroid is found.

    Sign and order of heads are never identifiable. With more heads than clusters the matching is
    injective from clusters to heads. Unit vectors give a cosine.

    Errors: ValueError for fewer heads than clusters, and for heads of another dimension.
    Cost: h!/(h-k)! small sums.
    """
    heads, centroids = _pair(heads, centroids)
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
    """The smallest norm over heads of the head's projection on the span of the centroids.

    Errors: ValueError for linearly dependent centroids, and for heads of another dimension.
    """
    heads, centroids = _pair(heads, centroids)
    good = vectors.independent("centroids", centroids)
    basis, _ = jnp.linalg.qr(centroids.T)
    return traced.only(good, jnp.min(vectors.lengths(heads @ basis)), heads, centroids)


def off_axis(
    heads: Float[ArrayLike, "h d"], centroids: Float[ArrayLike, "k d"]
) -> Float[Array, ""]:
    """The largest sine of the angle between a head and its nearest centroid, accurate near 0.

    Heads and centroids of unit length.

    Errors: ValueError for heads of another dimension.
    """
    heads, centroids = _pair(heads, centroids)
    cosines = heads @ centroids.T
    nearest = jnp.argmax(jnp.abs(cosines), axis=1)
    along = jnp.take_along_axis(cosines, nearest[:, None], axis=1)
    return jnp.max(vectors.lengths(heads - along * centroids[nearest]))


def frame_error(
    heads: Float[ArrayLike, "h d"], centroids: Float[ArrayLike, "k d"]
) -> Float[Array, ""]:
    """How far the overlaps are from an orthonormal frame: ``max |C - tr(C)/k I|`` for C = V'V.

    ``V = heads @ centroids'``. Zero for heads that are a rotated basis of the centroids' span.

    Errors: ValueError for heads of another dimension.
    """
    heads, centroids = _pair(heads, centroids)
    overlaps = heads @ centroids.T
    form = overlaps.T @ overlaps
    k = form.shape[0]
    return jnp.max(jnp.abs(form - jnp.trace(form) / k * jnp.eye(k, dtype=form.dtype)))


def manifold_violation(
    heads: Float[ArrayLike, "h d"], centroids: Float[ArrayLike, "k d"]
) -> Float[Array, ""]:
    """How far two heads are off the manifold: the largest of the three products that vanish.

    The manifold is that of `training.manifold_start`. Of more heads or centroids the first two
    count.

    Errors: ValueError for fewer than two heads or centroids, and for heads of another dimension.
    """
    heads, centroids = _pair(heads, centroids)
    for name, array in (("heads", heads), ("centroids", centroids)):
        if array.shape[0] < 2:
            raise validate.fail(
                name, array.shape[0], "at least two", "the manifold is one of pairs"
            )
    cross = heads[:2] @ centroids[:2].T
    return jnp.max(jnp.abs(jnp.stack([cross[0, 1], cross[1, 0], heads[0] @ heads[1]])))


def within_and_between(
    outputs: Float[ArrayLike, "n d"],
    labels: Int[ArrayLike, " n"],
    centroids: Float[ArrayLike, "k d"],
) -> tuple[Float[Array, ""], Float[Array, ""]]:
    """Mean squared distance of outputs to their own centroid, and to their cluster's mean.

    Errors: ValueError for a label that names no cluster, and for shapes that disagree.
    """
    centroids = vectors.rows("centroids", centroids)
    outputs = vectors.rows("outputs", outputs, columns=centroids.shape[1])
    k = centroids.shape[0]
    validate.shape("labels", labels, (outputs.shape[0],), "pass one label per output")
    fix = "number the clusters from 0"
    good = traced.holds(
        "labels", labels, lambda x: (x >= 0) & (x < k) & (x == x.round()), f"0 to {k - 1}", fix
    )
    labels = jnp.asarray(labels).astype(int)
    good &= traced.finite("centroids", centroids)
    members = (labels[:, None] == jnp.arange(k)[None, :]).astype(outputs.dtype)
    counts = jnp.maximum(members.sum(axis=0), 1)
    means = (members.T @ outputs) / counts[:, None]
    to_centroid = jnp.sum((outputs - centroids[labels]) ** 2, axis=1)
    to_mean = jnp.sum((outputs - means[labels]) ** 2, axis=1)
    return traced.only(good, (to_centroid.mean(), to_mean.mean()), outputs, centroids)


def _pair(heads: ArrayLike, centroids: ArrayLike) -> tuple[Array, Array]:
    centroids = vectors.rows("centroids", centroids)
    return vectors.rows("heads", heads, columns=centroids.shape[1]), centroids
