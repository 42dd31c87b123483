"""Clusters of any covariance: exact risk, quantisation error and regulariser of the linear layer.

With ``x = X_1`` of cluster c, ``once = 1/L``, ``M = E xx'``, ``F = E |x|^2 xx'`` and the layer
``T_1 = (gain/L) sum_k (x'A X_k) X_k``, splitting the sums over tokens by coinciding indices gives

    E<T_1, x>  = gain [(1-once) tr(A M^2) + once tr(A F)]
    E[T_1 | c] = gain [(1-once) M A m + once E[(x'Ax) x | c]]
    E|T_1|^2   = gain^2 [once^2 E|x|^2 (x'Ax)^2 + 2 once (1-once) E (x'Ax)(x'MAx)
                         + once (1-once) tr(A F A M) + (1-once)(1-2 once) tr(A M^2 A M)].

For x ~ N(m, S) the joint cumulants of ``x'Ax, x'Bx, x'Cx`` are ``m'Am + tr AS``,
``2 tr(ASBS) + 4 m'ASBm`` and ``8 tr(ASBSCS) + 4 sum over orders of m'ASBSCm``; F is read off the
second one with B = I. Only M enters at infinite length: there the risk depends on no moment but
the second, whatever the distribution of the tokens.

Nothing in the split of the sums is Gaussian. A mixture of point masses (variances zero), one per
image, hence gives the exact risk on independent draws from those images, moments of all orders
included; `targets` then names the centroid of each image's class.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, Float, ScalarLike

from diversity_jax import traced, validate
from diversity_jax.attention.theory._arguments import check_heads, gain_holds, length_holds
from diversity_jax.mixtures import GaussianMixture
from diversity_jax.records import Record


class AnisotropicLayer(Record):
    """What the layer does with one token, in squared units of the tokens."""

    risk: Float[Array, ""]
    quantisation_error: Float[Array, ""]
    variance: Float[Array, ""]


class AnisotropicStrengths(Record):
    """Strengths at which the risk, or the quantisation error, is least for given heads."""

    risk_optimal: Float[Array, ""]
    centroid_optimal: Float[Array, ""]


class _Moments(Record):
    """Moments of T_1 per power of the gain, and of the token itself."""

    cross: Float[Array, ""]  # E<T_1, x>
    towards: Float[Array, ""]  # E<T_1, target>
    square: Float[Array, ""]  # E|T_1|^2
    mean_square: Float[Array, ""]  # E|E[T_1|c]|^2
    energy: Float[Array, ""]  # E|x|^2
    target_energy: Float[Array, ""]  # E|target|^2


def anisotropic_risk(
    heads: Float[ArrayLike, "h d"],
    mixture: GaussianMixture,
    *,
    length: ScalarLike,
    strength: ScalarLike,
    scale: ScalarLike | None = None,
) -> Float[Array, ""]:
    """The mean squared error ``E|X_1 - T_1|^2`` of the linear layer for clusters of any covariance.

    Heads of any number and norm (identity heads give the in-context layer), mixtures of any kind,
    variances of zero included. `length` (may be ``jnp.inf``) and `strength` may be traced; `scale`
    defaults to the number of clusters. In squared units of the tokens. Exact.

    Errors: ValueError for heads of another dimension, length < 1.
    Cost: O(k d^3).
    Source: derived above.
    """
    return anisotropic_layer(heads, mixture, length=length, strength=strength, scale=scale).risk


def anisotropic_layer(
    heads: Float[ArrayLike, "h d"],
    mixture: GaussianMixture,
    *,
    length: ScalarLike,
    strength: ScalarLike,
    scale: ScalarLike | None = None,
    targets: Float[ArrayLike, "k d"] | None = None,
) -> AnisotropicLayer:
    """Risk, quantisation error and variance of the layer's output for clusters of any covariance.

    ``quantisation_error = E|T_1 - target|^2`` with the target of the token's cluster, its mean
    unless `targets` are given; ``variance = E|T_1 - E[T_1 | cluster]|^2``. All else as in
    `anisotropic_risk`.

    Errors: ValueError for heads of another dimension, length < 1, targets not one per cluster.
    Cost: O(k d^3).
    Source: derived above.
    """
    good = length_holds(length) & gain_holds(strength, scale) & _targets_hold(targets)
    moments = _moments(heads, mixture, length, targets)
    gain = jnp.asarray(mixture.components if scale is None else scale) * jnp.asarray(strength)
    square = gain**2 * moments.square
    layer = AnisotropicLayer(
        risk=moments.energy - 2 * gain * moments.cross + square,
        quantisation_error=moments.target_energy - 2 * gain * moments.towards + square,
        variance=square - gain**2 * moments.mean_square,
    )
    return traced.only(good, layer, heads, mixture, length, strength, scale, targets)


def anisotropic_strengths(
    heads: Float[ArrayLike, "h d"],
    mixture: GaussianMixture,
    *,
    length: ScalarLike,
    scale: ScalarLike | None = None,
    targets: Float[ArrayLike, "k d"] | None = None,
) -> AnisotropicStrengths:
    """The strengths of least risk and of least quantisation error for heads held fixed.

    Both errors are quadratic in the strength. NaN where every output is zero at any strength, as
    for heads of zero. Arguments, errors and cost as in `anisotropic_layer`.

    Source: derived above.
    """
    good = length_holds(length) & _targets_hold(targets)
    if scale is None:
        scale = mixture.components
    else:
        fix = "at scale zero every strength gives the same"
        good &= traced.holds("scale", scale, lambda x: (abs(x) < jnp.inf) & (x != 0), "not 0", fix)
    moments = _moments(heads, mixture, length, targets)
    found = AnisotropicStrengths(
        risk_optimal=moments.cross / (scale * moments.square),
        centroid_optimal=moments.towards / (scale * moments.square),
    )
    return traced.only(good, found, heads, mixture, length, scale, targets)


def anisotropic_regulariser(
    heads: Float[ArrayLike, "h d"], mixture: GaussianMixture
) -> Float[Array, ""]:
    """``sum over unordered pairs of heads of E[<mu_h, X>^2 <mu_h', X>^2]``, X one token.

    As `regulariser`, for clusters of any covariance.

    Errors: ValueError for heads of another dimension.
    Source: derived above.
    """
    heads = check_heads(heads, mixture)
    overlaps = heads @ mixture.means.T
    spread = jnp.einsum("hi,kij,gj->khg", heads, mixture.component_covariances(), heads)
    products = overlaps.T[:, :, None] * overlaps.T[:, None, :]
    squares = jnp.diagonal(products + spread, axis1=1, axis2=2)
    pairs = squares[:, :, None] * squares[:, None, :] + 4 * products * spread + 2 * spread**2
    pairs = jnp.tensordot(mixture.weights, pairs, 1)
    return (jnp.sum(pairs) - jnp.trace(pairs)) / 2


def _moments(
    heads: Float[ArrayLike, "h d"],
    mixture: GaussianMixture,
    length: ScalarLike,
    targets: Float[ArrayLike, "k d"] | None,
) -> _Moments:
    heads = check_heads(heads, mixture)
    weights, means = mixture.weights, mixture.means
    targets = means if targets is None else jnp.asarray(targets, means.dtype)
    validate.shape("targets", targets, means.shape, "pass one target per cluster, as rows")
    covariances = mixture.component_covariances()
    form = heads.T @ heads
    seconds = means[:, :, None] * means[:, None, :] + covariances
    second = jnp.tensordot(weights, seconds, 1)
    heavy = jnp.tensordot(weights, jax.vmap(_heavy)(means, covariances), 1)
    mapped = (second @ form + form @ second) / 2
    own, pair, drift = jax.vmap(lambda mean, covariance: _own(mean, covariance, form, mapped))(
        means, covariances
    )
    once = 1 / jnp.asarray(length, means.dtype)
    others = 1 - once
    output = others * (means @ (form @ second)) + once * drift
    return _Moments(
        cross=others * _trace(form @ second, second) + once * _trace(form, heavy),
        towards=weights @ jnp.sum(targets * output, axis=1),
        square=once**2 * (weights @ own)
        + 2 * once * others * (weights @ pair)
        + once * others * _trace(form @ heavy, form @ second)
        + others * (1 - 2 * once) * _trace(form @ second @ second, form @ second),
        mean_square=weights @ jnp.sum(output**2, axis=1),
        energy=jnp.trace(second),
        target_energy=weights @ jnp.sum(targets**2, axis=1),
    )


def _targets_hold(targets: ArrayLike | None) -> traced.Truth:
    return targets is None or traced.finite("targets", targets)


def _heavy(mean: Array, covariance: Array) -> Array:
    """``E |x|^2 xx'``."""
    outer = jnp.outer(mean, mean)
    turned = covariance @ outer
    energy = mean @ mean + jnp.trace(covariance)
    return energy * (outer + covariance) + 2 * (covariance @ covariance + turned + turned.T)


def _own(mean: Array, covariance: Array, form: Array, mapped: Array) -> tuple[Array, Array, Array]:
    """``E |x|^2 (x'Ax)^2``, ``E (x'Ax)(x'Bx)`` and ``E (x'Ax) x``, B the symmetric part of MA."""
    seen, turned = form @ mean, covariance @ form
    pushed = covariance @ seen
    energy = mean @ mean + jnp.trace(covariance)
    value = mean @ seen + jnp.trace(turned)
    variance = 2 * _trace(turned, turned) + 4 * seen @ pushed
    shared = 2 * _trace(turned, covariance) + 4 * mean @ pushed
    third = 8 * _trace(turned @ turned, covariance)
    third += 16 * mean @ (turned @ pushed) + 8 * pushed @ pushed
    own = energy * (value**2 + variance) + 2 * value * shared + third
    other = mean @ mapped @ mean + _trace(covariance, mapped)
    pair = value * other + 2 * _trace(turned, covariance @ mapped) + 4 * pushed @ (mapped @ mean)
    return own, pair, value * mean + 2 * pushed


def _trace(left: Array, right: Array) -> Array:
    """``tr(left right)``."""
    return jnp.sum(left * right.T)
