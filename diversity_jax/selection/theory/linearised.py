"""Cosine scores to first order in high dimension: shift of the mean (T7), correlation (T8).

With ``x = mu + deviation g``, ``n2 = |mu|^2 + variance d`` and ``r = e.mu``, expand around
``|x|^2 = n2``, whose fluctuation is ``2 deviation mu.g + variance (|g|^2 - d)``:

    sqrt(n2) cos(x, e) = r + deviation w.g - r variance (|g|^2 - d) / (2 n2) + ...,
    w = e - (r / n2) mu.

w.g and ``|g|^2 - d`` are uncorrelated, with variances ``|w|^2`` and 2 d, so the score's variance is
``variance tau^2`` with ``tau^2 = |w|^2 + r^2 variance d / (2 n2^2)``. For a Gaussian score,
``E[g | band] = Cov(g, score) / deviation of score * E[u | band]``, that is ``w / tau`` times the
mean of a standard normal number in the band. Two scores have covariance
``w_1.w_2 + r_1 r_2 variance d / (2 n2^2)`` in the same units. Asymptotic in the dimension.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, Float, ScalarLike

from diversity_jax import validate
from diversity_jax.records import Record
from diversity_jax.selection.theory import _arguments
from diversity_jax.selection.theory.domains import other_directions
from diversity_jax.selection.theory.truncation import band_moments


class LinearScore(Record):
    """The score as ``constant + deviation (slope . g + radial (|g|^2 - d) / sqrt(2 d))``."""

    slope: Float[Array, " d"]
    radial: Float[Array, ""]
    spread: Float[Array, ""]


def linear_score(
    mean: Float[ArrayLike, " d"], direction: Float[ArrayLike, " d"], *, variance: ScalarLike
) -> LinearScore:
    """The cosine with a direction, linear in the noise: `slope` is w, `spread` is tau (T7).

    Scores are times ``sqrt(n2)`` and over the deviation. Asymptotic in the dimension.

    Source: the module docstring.
    """
    mean, direction, variance = _arguments.floating(mean, direction, variance)
    validate.shape("mean", mean, (None,), "pass one domain's mean, or map over domains")
    validate.shape("direction", direction, mean.shape, "pass a vector like the mean")
    _arguments.positive_number("variance", variance)
    dimension = mean.shape[0]
    unit = direction / jnp.linalg.norm(direction)
    size = mean @ mean + variance * dimension
    along = unit @ mean
    slope = unit - along / size * mean
    radial = -along * jnp.sqrt(variance * dimension / 2) / size
    return LinearScore(slope=slope, radial=radial, spread=jnp.sqrt(slope @ slope + radial**2))


def cosine_shift(
    mean: Float[ArrayLike, " d"],
    direction: Float[ArrayLike, " d"],
    *,
    variance: ScalarLike,
    low: ScalarLike,
    high: ScalarLike,
) -> Float[Array, " d"]:
    """How far a cosine band moves a domain's mean, to leading order in the dimension (T7).

    ``deviation w / tau E[u | band]``, `[d]`. `low`, `high`: quantile levels of the cosine. Where
    the mean grows as ``sqrt(dimension)``, its error falls as one over that root. At a fixed mean it
    falls as 1/dimension, but so does all that tells the formula from a linear score: the part
    across the direction keeps a relative error.

    Errors: as `cosine_band`, which is exact.
    """
    score = linear_score(mean, direction, variance=variance)
    slope, variance = _arguments.floating(score.slope, variance)
    return jnp.sqrt(variance) * slope / score.spread * band_moments(low=low, high=high).mean


def score_correlations(
    centroids: Float[ArrayLike, "k d"], *, variance: ScalarLike
) -> Float[Array, " k"]:
    """Correlation of inter- and intra-similarity inside each domain.

    Domains ``N(centroids[k], variance I)``: ``(w_s.w_C + r_s r_C variance d / (2 n2^2)) /
    (tau_s tau_C)`` with s the direction of the other centroids and C the own one (T8). Asymptotic
    in the dimension.

    Errors: ValueError for fewer than two centroids or a variance that is not positive.
    Source: derived in the module docstring.
    """
    centroids, variance = _arguments.floating(centroids, variance)
    _arguments.positive_number("variance", variance)
    return _correlations(centroids, other_directions(centroids).units, variance)


@jax.jit
def _correlations(centroids: Array, others: Array, variance: Array) -> Array:
    def correlation(own, other):
        first = linear_score(own, other, variance=variance)
        second = linear_score(own, own, variance=variance)
        shared = first.slope @ second.slope + first.radial * second.radial
        return shared / (first.spread * second.spread)

    return jax.vmap(correlation)(centroids, others)


def shared_offset_centroids(
    *, domains: int, dimension: int, separation: ArrayLike, offset: ScalarLike
) -> Float[Array, "k d"]:
    """Centroids ``offset m_0 + separation v_k`` with ``m_0, v_1, ..., v_k`` orthonormal.

    `separation` is one number or one per domain; a growing `offset` makes embeddings anisotropic.

    Errors: ValueError unless ``dimension > domains``.
    """
    _arguments.count("domains", domains, 1)
    _arguments.count("dimension", dimension, domains + 1)
    separation, offset = _arguments.floating(separation, offset)
    _arguments.number("offset", offset)
    if separation.ndim:
        validate.shape("separation", separation, (domains,), "pass one number, or one per domain")
    own = jnp.eye(domains, dimension, 1, dtype=offset.dtype)
    scale = jnp.broadcast_to(separation, (domains,))
    return (scale[:, None] * own).at[:, 0].set(offset)
