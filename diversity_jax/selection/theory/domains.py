"""Domains after a pool is cut from each by cosine: directions (T5), second moments (T6, T14).

One cosine. With ``s_k = sum over j != k of C_j / |C_j|``, linearity of the inner product gives
``sum over j != k of cos(x, C_j) = |s_k| cos(x, s_k)``: similarity to all other centroids ranks a
domain's points exactly as one cosine does, and `cosine_band` holds for it.

Second moments. With e the direction, f the unit vector along the rest of the domain's mean, and
``a = e.x``, ``b = f.x`` in units of the deviation, the law of what is left is rotation invariant:

    E x x' / variance = E[a^2] e e' + E[b^2] f f' + E[a b] (e f' + f e') + rest (I - e e' - f f').
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, Float, ScalarLike

from diversity_jax import validate
from diversity_jax.records import Record
from diversity_jax.selection.theory import _arguments
from diversity_jax.selection.theory.cosine import CosineBand, cosine_band

RULES = ("random", "near_other", "far_other", "near_own", "far_own")


class Directions(Record):
    """The direction that stands for all other centroids: unit vectors, and lengths before."""

    lengths: Float[Array, " k"]
    units: Float[Array, "k d"]


class KeptDomain(Record):
    """Mean and second moments ``E x x'`` of kept points; `[d]` and `[d, d]`, or one per domain."""

    means: Float[Array, "*k d"]
    second_moments: Float[Array, "*k d d"]


def other_directions(centroids: Float[ArrayLike, "k d"]) -> Directions:
    """``s_k = sum over j != k of C_j / |C_j|``: length and unit vector for each domain (T5).

    Inter-similarity of x in domain k is ``lengths[k] cos(x, units[k])``, exactly. A length of zero
    (two opposite centroids besides the own one) leaves NaN.

    Errors: ValueError for fewer than two centroids.
    Source: derived.
    """
    centroids = jnp.asarray(centroids)
    _check_means("centroids", centroids, least=2)
    units = centroids / jnp.linalg.norm(centroids, axis=1, keepdims=True)
    others = jnp.sum(units, axis=0, keepdims=True) - units
    lengths = jnp.linalg.norm(others, axis=1)
    return Directions(lengths=lengths, units=others / lengths[:, None])


def kept_by_cosine(
    mean: Float[ArrayLike, " d"],
    direction: Float[ArrayLike, " d"],
    *,
    variance: ScalarLike,
    low: ScalarLike,
    high: ScalarLike,
) -> KeptDomain:
    """Mean and second moments of a domain ``N(mean, variance I)`` cut to a band of a cosine.

    `direction` may have any length but zero; `low` and `high` are quantile levels of the cosine
    with it. Exact (see `cosine_band` for accuracy and errors).

    Source: derived above.
    """
    mean, direction, variance, low, high = _arguments.floating(mean, direction, variance, low, high)
    _arguments.band(low, high)
    validate.shape("mean", mean, (None,), "pass one domain's mean, or map over domains")
    validate.shape("direction", direction, mean.shape, "pass a vector like the mean")
    _arguments.positive_number("variance", variance)
    return _kept(mean, direction, variance, low, high)


@jax.jit
def _kept(mean: Array, direction: Array, variance: Array, low: Array, high: Array) -> KeptDomain:
    deviation = jnp.sqrt(variance)
    e = direction / jnp.linalg.norm(direction)
    along = e @ mean
    rest = mean - along * e
    across, f = _length_and_unit(rest)
    band = cosine_band(
        dimension=mean.shape[0],
        along=along / deviation,
        across=across / deviation,
        low=low,
        high=high,
    )
    shift = deviation * (band.mean * e + band.across_mean * f)
    second = _second_moment(band, along / deviation, across / deviation, e, f)
    return KeptDomain(means=mean + shift, second_moments=variance * second)


def kept_domains(
    means: Float[ArrayLike, "k d"], *, variance: ScalarLike, rule: str, fraction: ScalarLike
) -> KeptDomain:
    """Means `[k, d]` and second moments `[k, d, d]` of domains that all keep the same fraction.

    `rule` is ``near_other`` or ``far_other`` (the most or least similar to the other domains'
    centroids, T5), ``near_own`` or ``far_own`` (to the own one), or ``random``. Every domain is
    ``N(means[k], variance I)`` and keeps `fraction` of itself; centroids are the true means. Exact.

    Errors: ValueError for an unknown rule, shapes that disagree, a fraction outside (0, 1].
    Source: derived above.
    """
    validate.choice("rule", rule, RULES)
    means, variance, fraction = _arguments.floating(means, variance, fraction)
    _check_means("means", means, least=2 if rule.endswith("other") else 1)
    _arguments.positive_number("variance", variance)
    _arguments.fraction(fraction)
    if rule == "random":
        identity = jnp.eye(means.shape[1], dtype=means.dtype)
        moments = variance * identity[None] + means[:, :, None] * means[:, None, :]
        return KeptDomain(means=means, second_moments=moments)
    directions = other_directions(means).units if rule.endswith("other") else means
    near = rule.startswith("near")
    low, high = (1 - fraction, jnp.ones_like(fraction)) if near else (0 * fraction, fraction)
    return jax.vmap(_kept, (0, 0, None, None, None))(means, directions, variance, low, high)


def _second_moment(band: CosineBand, along: Array, across: Array, e: Array, f: Array) -> Array:
    a, b = along + band.mean, across + band.across_mean
    first, other = band.variance + a**2, band.across_variance + b**2
    mixed = band.covariance + a * b
    # In two dimensions f is all there is beside e, also where the mean does not point it out.
    rest = band.rest_variance if e.shape[0] > 2 else other
    both = jnp.outer(e, f)
    return (
        rest * jnp.eye(e.shape[0], dtype=e.dtype)
        + (first - rest) * jnp.outer(e, e)
        + (other - rest) * jnp.outer(f, f)
        + mixed * (both + both.T)
    )


def _length_and_unit(vector: Array) -> tuple[Array, Array]:
    """Length and direction of a vector that may be zero, whose direction is then zero too."""
    square = vector @ vector
    present = square > 0
    length = jnp.where(present, jnp.sqrt(jnp.where(present, square, 1.0)), 0.0)
    return length, jnp.where(present, vector / jnp.where(present, length, 1.0), 0.0)


def _check_means(argument: str, means: Array, *, least: int) -> None:
    validate.shape(argument, means, (None, None), "pass one row per domain")
    if means.shape[0] < least:
        raise validate.fail(argument, f"{means.shape[0]} rows", f"at least {least}", "add a domain")
    validate.finite(argument, means)
