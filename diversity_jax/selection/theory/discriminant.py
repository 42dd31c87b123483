"""Linear discriminant analysis on selected points of two equally likely domains (T11, T12).

Coordinates in units of the deviation: domains at ``+delta/2`` and ``-delta/2`` on the axis, the
selection symmetric between them. After it the means differ by Delta on the axis and the variance
within is v there, one in the other ``d - 1`` directions. With n kept points, half of each domain:

* the direction ``W^-1 (m_1 - m_2)`` leaves the axis by an angle whose tangent has, per direction,
  the variance of ``(v / Delta) (difference of means - covariance / v * Delta)``, that is
  ``(v / Delta)^2 (4 / n) + v / n``;
* the midpoint moves along the axis with variance ``c / n``, where ``c = v`` if every class is cut
  at a threshold fixed beforehand.

A class cut at its own quantile keeps N f = n / 2 points above the N f-th largest, so that the cut
moves with them. The mean of the kept is ``(1 / f) mean of (u - z)_+`` plus z; to first order an
error of the cut z does not change it, as ``d/dz [z + E(u - z)_+ / f] = 0``. With f the kept
fraction and m the kept mean, ``E(u - z)_+ = f (m - z)`` and ``E(u - z)_+^2 = f (v + (m - z)^2)``,
hence the variance ``[v + (1 - f) (m - z)^2] / (N f)``. So ``c = v + (1 - f) (m - z)^2``: points
that decide where the cut is count, though they are not kept. The slab of highest entropy is cut at
the quantile of both classes together, which moves both kept means by as much in opposite directions
and leaves their midpoint: there ``c = v``.

With an angle and an offset the error is ``(cdf(-h cos + s) + cdf(-h cos - s)) / 2`` at
``h = delta / 2``; to second order it grows by ``pdf(h) (h / 2) (angle^2 + s^2)``. When Delta is
negative the direction points the wrong way: the base becomes ``cdf(+h)`` and the excess changes
sign. So to first order in 1/n

    error = cdf(-sgn(Delta) delta/2)
            + sgn(Delta) pdf(delta/2) (delta/4) [(d - 1)/n (4 v^2 / Delta^2 + v) + c/n].

The flip. Keeping the fraction most similar (by a linear score) to the other domain moves each mean
by ``lambda = E[u | top fraction]`` towards it: ``Delta = delta - 2 lambda``, negative exactly when
``delta < 2 lambda``.
"""

from __future__ import annotations

import jax.numpy as jnp
from jax.scipy.special import ndtr, ndtri
from jax.scipy.stats import norm
from jaxtyping import Array, Float, ScalarLike

from diversity_jax import validate
from diversity_jax.records import Record
from diversity_jax.selection.theory import _arguments
from diversity_jax.selection.theory.entropy import entropy_slab
from diversity_jax.selection.theory.truncation import band_moments

RULES = ("random", "near_other", "far_other", "entropy")


class AxisAfter(Record):
    """The axis after selection: signed distance of the means, variance within the domains.

    `midpoint` is the variance of the point half-way between the kept means, times the number of
    kept points: `variance`, and more where each domain is cut at its own quantile.
    """

    difference: Float[Array, ""]
    variance: Float[Array, ""]
    midpoint: Float[Array, ""]


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
    highest or lowest, each domain cut at its own quantile); ``entropy`` (the slab of `entropy_slab`
    at prior one half, cut at the quantile of both). Exact, but for `midpoint`, which is asymptotic
    in the kept points: for pools cut at a threshold fixed beforehand it is `variance`.

    Errors: ValueError for an unknown rule and as those functions do.
    Source: derived.
    """
    validate.choice("rule", rule, RULES)
    _arguments.positive_number("separation", separation)
    _arguments.fraction(fraction)
    separation, fraction = _arguments.floating(separation, fraction)
    if rule == "random":
        one = jnp.ones_like(separation)
        return AxisAfter(difference=separation, variance=one, midpoint=one)
    if rule == "entropy":
        slab = entropy_slab(separation=separation, prior=0.5, fraction=fraction)
        gap, variance = slab.means[0] - slab.means[1], slab.variances[0]
        return AxisAfter(difference=gap, variance=variance, midpoint=variance)
    top = band_moments(low=1 - fraction, high=jnp.ones_like(fraction))
    toward = 2 * top.mean if rule == "near_other" else -2 * top.mean
    return AxisAfter(
        difference=separation - toward,
        variance=top.variance,
        midpoint=top.variance + _moving_cut(top.mean, fraction),
    )


def _moving_cut(mean: Array, fraction: Array) -> Array:
    """``(1 - f) (m - z)^2``, zero where everything is kept and there is no cut."""
    everything = fraction >= 1
    cut = ndtri(1 - jnp.where(everything, 0.5, fraction))
    return jnp.where(everything, 0.0, (1 - fraction) * (mean - cut) ** 2)


def lda_error(
    *,
    separation: ScalarLike,
    difference: ScalarLike,
    variance: ScalarLike,
    samples: ScalarLike,
    dimension: int,
    midpoint: ScalarLike | None = None,
) -> DiscriminantError:
    """Mean test error of linear discriminant analysis fitted to selected points (T11).

    `separation` is delta of the domains that are tested on, `difference` and `variance` Delta and v
    of the kept points on the axis (`axis_after`), `samples` the kept points in all, half of each
    domain, `dimension` that of the points; all in units of the deviation. `midpoint` is c of the
    module docstring, `AxisAfter.midpoint`; left out it is `variance`, which is too little for pools
    cut at their own quantile. First order in 1/samples at a fixed dimension; wants ``difference``
    large against ``2 sqrt(variance / samples)`` and is infinite at zero. Formula in the module
    docstring.

    Errors: ValueError for numbers that are not positive (`difference` may be negative) and for a
    dimension below one.
    Source: derived.
    """
    _arguments.positive_number("separation", separation)
    _arguments.number("difference", difference)
    _arguments.positive_number("variance", variance)
    _arguments.positive_number("samples", samples)
    _arguments.count("dimension", dimension, 1)
    moved = variance if midpoint is None else midpoint
    _arguments.positive_number("midpoint", moved)
    delta, gap, v, n, c = _arguments.floating(separation, difference, variance, samples, moved)
    sign = jnp.sign(gap)
    base = ndtr(-sign * delta / 2)
    spread = (dimension - 1) * (4 * v**2 / gap**2 + v) + c
    excess = sign * norm.pdf(delta / 2) * delta / 4 * spread / n
    return DiscriminantError(base=base, excess=excess, error=base + excess)
