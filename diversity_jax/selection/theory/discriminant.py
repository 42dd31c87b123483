"""Linear discriminant analysis on selected points of two equally likely domains (T11, T12).

Coordinates in units of the deviation: domains at ``+delta/2`` and ``-delta/2`` on the axis, the
selection symmetric between them. After it the means differ by Delta on the axis and the variance
within is v there, one in the other ``d - 1`` directions. With n kept points, half of each domain:

* the direction ``W^-1 (m_1 - m_2)`` leaves the axis by an angle whose tangent has, per direction,
  the variance of ``(v / Delta) (difference of means - covariance / v * Delta)``, that is
  ``(v / Delta)^2 (4 / n) + v / n``;
* the midpoint moves along the axis with variance ``v / n``.

With an angle and an offset the error is ``(cdf(-h cos + s) + cdf(-h cos - s)) / 2`` at
``h = delta / 2``; to second order it grows by ``pdf(h) (h / 2) (angle^2 + s^2)``. When Delta is
negative the direction points the wrong way: the base becomes ``cdf(+h)`` and the excess changes
sign. So to first order in 1/n

    error = cdf(-sgn(Delta) delta/2)
            + sgn(Delta) pdf(delta/2) (delta/4) [(d - 1)/n (4 v^2 / Delta^2 + v) + v/n].

The flip. Keeping the fraction most similar (by a linear score) to the other domain moves each mean
by ``lambda = E[u | top fraction]`` towards it: ``Delta = delta - 2 lambda``, negative exactly when
``delta < 2 lambda``.
"""

from __future__ import annotations

import jax.numpy as jnp
from jax.scipy.special import ndtr
from jax.scipy.stats import norm
from jaxtyping import Array, Float, ScalarLike

from diversity_jax import validate
from diversity_jax.records import Record
from diversity_jax.selection.theory import _arguments
from diversity_jax.selection.theory.entropy import entropy_slab
from diversity_jax.selection.theory.truncation import band_moments

RULES = ("random", "near_other", "far_other", "entropy")


class AxisAfter(Record):
    """The axis after selection: signed distance of the means, variance within the domains."""

    difference: Float[Array, ""]
    variance: Float[Array, ""]


class DiscriminantError(Record):
    """Error with unlimited points, what n points add to it on average, and their sum."""

    base: Float[Array, ""]
    excess: Float[Array, ""]
    error: Float[Array, ""]


def flip_separation(fraction: ScalarLike) -> Float[Array, ""]:
    """The separation below which keeping the most similar to the other domain swaps the means.

    ``2 pdf(z) / fraction``, z the quantile of ``1 - fraction`` (T12). For a linear score; exact.

    Errors: ValueError for a fraction outside (0, 1].
    Source: derived.
    """
    _arguments.fraction(fraction)
    (fraction,) = _arguments.floating(fraction)
    return 2 * band_moments(low=1 - fraction, high=jnp.ones_like(fraction)).mean


def axis_after(*, separation: ScalarLike, rule: str, fraction: ScalarLike) -> AxisAfter:
    """Distance of the means and variance within, after a symmetric rule kept a `fraction` of each.

    `rule`: ``random``; ``near_other`` or ``far_other`` (the linear score towards the other domain,
    highest or lowest); ``entropy`` (the slab of `entropy_slab` at prior one half). Exact.

    Errors: ValueError for an unknown rule and as those functions do.
    Source: derived.
    """
    validate.choice("rule", rule, RULES)
    _arguments.positive_number("separation", separation)
    _arguments.fraction(fraction)
    separation, fraction = _arguments.floating(separation, fraction)
    if rule == "random":
        return AxisAfter(difference=separation, variance=jnp.ones_like(separation))
    if rule == "entropy":
        slab = entropy_slab(separation=separation, prior=0.5, fraction=fraction)
        return AxisAfter(difference=slab.means[0] - slab.means[1], variance=slab.variances[0])
    top = band_moments(low=1 - fraction, high=jnp.ones_like(fraction))
    toward = 2 * top.mean if rule == "near_other" else -2 * top.mean
    return AxisAfter(difference=separation - toward, variance=top.variance)


def lda_error(
    *,
    separation: ScalarLike,
    difference: ScalarLike,
    variance: ScalarLike,
    samples: ScalarLike,
    dimension: int,
) -> DiscriminantError:
    """Mean test error of linear discriminant analysis fitted to selected points (T11).

    `separation` is delta of the domains that are tested on, `difference` and `variance` Delta and v
    of the kept points on the axis (`axis_after`), `samples` the kept points in all, half of each
    domain, `dimension` that of the points; all in units of the deviation. First order in 1/samples
    at a fixed dimension; wants ``difference`` large against ``2 sqrt(variance / samples)`` and is
    infinite at zero. Formula in the module docstring.

    Errors: ValueError for numbers that are not positive (`difference` may be negative) and for a
    dimension below one.
    Source: derived.
    """
    _arguments.positive_number("separation", separation)
    _arguments.number("difference", difference)
    _arguments.positive_number("variance", variance)
    _arguments.positive_number("samples", samples)
    _arguments.count("dimension", dimension, 1)
    delta, gap, v, n = _arguments.floating(separation, difference, variance, samples)
    sign = jnp.sign(gap)
    base = ndtr(-sign * delta / 2)
    spread = (dimension - 1) * (4 * v**2 / gap**2 + v) + v
    excess = sign * norm.pdf(delta / 2) * delta / 4 * spread / n
    return DiscriminantError(base=base, excess=excess, error=base + excess)
