"""Infinite sequences: non-orthogonal centroids (the dual basis) and softmax heads."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, Float, ScalarLike

from diversity_jax import traced, validate, vectors
from diversity_jax.mixtures import GaussianMixture, common_variance
from diversity_jax.records import Record


class ObliqueOptimum(Record):
    """Best pair of unit heads in the span of two unit centroids that overlap."""

    head_overlap: Float[Array, ""]
    alignment: Float[Array, ""]


def oblique_optimum(
    *, overlap: ScalarLike, variance: ScalarLike, strength: ScalarLike
) -> ObliqueOptimum:
    """The risk-optimal heads in the span of two centroids with inner product `overlap`, L infinite.

    The second moment of a token has eigenvalues ``e+- = (1 +- overlap)/2 + tau`` along the
    bisectors, and ``A`` of two unit heads symmetric about them has eigenvalues ``1 +- xi`` there,
    xi the heads' inner product. Then ``R = sum e - 2 s lam sum e^2 a + (s lam)^2 sum e^3 a^2`` with
    scale s = 2 is quadratic in xi, least at
    ``xi = [(e+^2 - e-^2)/(s lam) - (e+^3 - e-^3)] / (e+^3 + e-^3)``, cut to [-1, 1]. The
    alignment is the cosine between head and centroid. Valid within the span, equal weights; the
    heads themselves (and not only A) are determined by it.

    Errors: ValueError for ``|g| >= 1``, a negative variance, a strength that is not positive.
    Source: ours, derived; the abstract of arXiv 2505.13112 names no oblique centroids.
    """
    good = _oblique(overlap, variance) & traced.positive("strength", strength)
    plus, minus = (1 + overlap) / 2 + variance, (1 - overlap) / 2 + variance
    pull = (plus**2 - minus**2) / (2 * strength) - (plus**3 - minus**3)
    xi = jnp.clip(pull / (plus**3 + minus**3), -1.0, 1.0)
    alignment = (
        vectors.root((1 + overlap) * (1 + xi)) / 2 + vectors.root((1 - overlap) * (1 - xi)) / 2
    )
    found = ObliqueOptimum(head_overlap=xi, alignment=alignment)
    return traced.only(good, found, overlap, variance, strength)


class ObliqueStrengths(Record):
    """Strengths for overlapping centroids: least risk, and heads exactly at the centroids."""

    best: Float[Array, ""]
    centroids: Float[Array, ""]


def oblique_strengths(*, overlap: ScalarLike, variance: ScalarLike) -> ObliqueStrengths:
    """The strength of least risk, and the one at which the centroids are the best heads.

    ``best = (1+2 tau) / ((1+2 tau)^2 - g^2)``, with heads' overlap ``-g/(1+2 tau)`` and risk
    ``(d-2) tau``; without noise those heads are the normalised dual basis.
    ``centroids = (e+^2 - e-^2) / (2 [(1+g) e+^3 - (1-g) e-^3])``, here divided by g above and
    below; it is ``1/(2(1+g^2))`` without noise, and at ``g = 0`` the limit. L infinite, equal
    weights.

    Errors: ValueError for ``|g| >= 1`` or a negative variance.
    Source: ours, derived; the abstract of arXiv 2505.13112 names no oblique centroids.
    """
    good = _oblique(overlap, variance)
    half = 0.5 + jnp.asarray(variance, jnp.result_type(variance, float))
    bottom = 2 * half**3 + 3 * half**2 + overlap**2 * (0.25 + 1.5 * half)
    found = ObliqueStrengths(best=2 * half / (4 * half**2 - overlap**2), centroids=half / bottom)
    return traced.only(good, found, overlap, variance)


def _oblique(overlap: ScalarLike, variance: ScalarLike) -> traced.Truth:
    fix = "give two different centroids"
    apart = traced.holds("overlap", overlap, lambda x: abs(x) < 1, "between -1 and 1", fix)
    return traced.nonnegative("variance", variance) & apart


def dual_basis(centroids: Float[ArrayLike, "k d"]) -> Float[Array, "k d"]:
    """The normalised dual basis: row c is orthogonal to every centroid but number c.

    Errors: ValueError for centroids that are linearly dependent up to rounding.
    """
    centroids = vectors.rows("centroids", centroids)
    good = vectors.independent("centroids", centroids)
    dual = jnp.linalg.solve(centroids @ centroids.T, centroids)
    dual = dual / jnp.linalg.norm(dual, axis=1, keepdims=True)
    return traced.only(good, dual, centroids)


def softmax_head(
    query: Float[ArrayLike, " d"],
    head: Float[ArrayLike, " d"],
    mixture: GaussianMixture,
    *,
    strength: ScalarLike,
) -> Float[Array, " d"]:
    """The output of one softmax head for `query` on an infinite prompt from `mixture`.

    Scores ``strength <query, head> <head, X_k>`` tilt the mixture by ``exp<q, X>`` with
    ``q = strength <query, head> head``: cluster weights become softmax of
    ``log pi_c + <q, m_c>`` and means ``m_c + tau q`` (the common factor exp(tau|q|^2/2) cancels).
    One variance common to the clusters.

    Errors: ValueError for unequal variances, query and head of another dimension.
    Source: derived.
    """
    for name, vector in (("query", query), ("head", head)):
        validate.shape(name, vector, (mixture.dimension,), "give one vector of the mixture's d")
        validate.finite(name, vector)
    query, head = jnp.asarray(query), jnp.asarray(head)
    good = traced.finite("strength", strength)
    tau = common_variance(mixture)
    tilt = strength * (query @ head) * head
    scores = mixture.means @ tilt
    # Weights as factors: the logarithm of a weight of zero has no derivative.
    scores -= jax.lax.stop_gradient(jnp.where(mixture.weights > 0, scores, -jnp.inf).max())
    # Only a score of weight zero can lie above zero: it must not overflow.
    most = jnp.log(jnp.finfo(scores.dtype).max) / 2
    tilted = mixture.weights * jnp.exp(jnp.minimum(scores, most))
    output = tilted / tilted.sum() @ mixture.means + tau * tilt
    return traced.only(good, output, query, head, mixture, strength)
