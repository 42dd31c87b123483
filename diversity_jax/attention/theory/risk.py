"""The exact population risk of the linear layer, and the regulariser, for any heads and mixture.

Derivation. With ``x = X_1`` and ``c = scale * strength / L``, ``T_1 = c sum_k (x'A X_k) X_k``.
Splitting the sums over tokens by which indices coincide with 1 and with each other gives

    E<T_1, x> = c [(L-1) tr(S A S) + tr(A F)]
    E|T_1|^2  = c^2 [E|x|^2 (x'Ax)^2 + 2(L-1) E (x'Ax)(x'ASx) + (L-1) tr(A F A S)
                     + (L-1)(L-2) tr(A S^2 A S)]

with ``S = E xx'`` and ``F = E |x|^2 xx'``. Given the cluster, x is ``N(m, tau I)`` and the
remaining means are joint moments of quadratic forms, i.e. sums over cumulants
``kappa(x'Ax, x'Bx) = 2 tau^2 tr AB + 4 tau m'ABm`` and
``kappa(|x|^2, x'Ax, x'Ax) = 8 tau^3 tr A^2 + 24 tau^2 m'A^2m``.

A has the rank of the heads, so every trace is taken in head space, from the overlaps
``V = heads @ means'`` and the Gram matrix ``G = heads @ heads'``: O(h^2 k + h k^2) after O(h k d).
"""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from diversity_jax import validate
from diversity_jax.mixtures import GaussianMixture


def common_variance(mixture: GaussianMixture) -> Float[Array, ""]:
    """The one isotropic variance of the mixture's clusters; ValueError if there is none."""
    if mixture.kind != "isotropic":
        raise validate.fail(
            "mixture",
            f"{mixture.kind} covariances",
            "one isotropic variance for all clusters",
            "build it with GaussianMixture.isotropic",
        )
    variances = validate.concrete(mixture.variances)
    if variances is not None and not (variances == variances[0]).all():
        raise validate.fail(
            "mixture",
            f"variances {variances.tolist()}",
            "one variance common to all clusters",
            "give every cluster the same variance",
        )
    return mixture.variances[0]


def check_length(length: Any) -> None:
    """Refuse a sequence length below one (infinity is allowed)."""
    value = validate.concrete(length)
    if value is not None and not (value >= 1).all():
        raise validate.fail("length", value, "a number of tokens >= 1 or infinity", "pass e.g. 30")


def population_risk(
    heads: Float[Array, "h d"],
    mixture: GaussianMixture,
    *,
    length: Any,
    strength: Any,
    scale: Any = None,
) -> Float[Array, ""]:
    """The mean squared error ``E|X_1 - T(X)_1|^2`` of the linear layer, exact at every length.

    Any number and norm of heads (identity heads give the in-context layer), any weights, norms
    and angles of the centroids, one variance common to the clusters. `length` (tokens per
    sequence, may be ``jnp.inf``), `strength` and the variance may be traced; `scale` defaults to
    the number of clusters. In squared units of the tokens. Cost O(h k d + h^2 k + h k^2).

    Errors: ValueError for heads of another dimension, unequal variances, length < 1.
    Source: reconstructed from the abstract of arXiv 2505.13112; derived above.
    """
    validate.shape(
        "heads", heads, (None, mixture.dimension), "give heads [h, d] of the mixture's d"
    )
    check_length(length)
    tau = common_variance(mixture)
    traces = _traces(heads, mixture, tau)
    once = 1 / jnp.asarray(length, tau.dtype)
    gain = (mixture.components if scale is None else scale) * strength
    energy = mixture.weights @ jnp.sum(mixture.means**2, axis=1) + mixture.dimension * tau
    cross = (1 - once) * traces.far_cross + once * traces.own_cross
    return energy - 2 * gain * cross + gain**2 * traces.square(once)


def distance_to_infinite(
    heads: Float[Array, "h d"],
    mixture: GaussianMixture,
    *,
    length: Any,
    strength: Any,
    scale: Any = None,
) -> Float[Array, ""]:
    """``E|T_1 - T_inf|^2`` with ``T_inf = scale strength S A X_1``: what a finite sequence misses.

    Of order 1/length: with ``E<T_1, T_inf> = gain^2 [(1 - 1/L) tr(A S^2 A S)
    + E (x'Ax)(x'ASx) / L]``. Validity, units, errors and source as in `population_risk`.
    """
    validate.shape(
        "heads", heads, (None, mixture.dimension), "give heads [h, d] of the mixture's d"
    )
    check_length(length)
    tau = common_variance(mixture)
    traces = _traces(heads, mixture, tau)
    once = 1 / jnp.asarray(length, tau.dtype)
    gain = (mixture.components if scale is None else scale) * strength
    shared = (1 - once) * traces.far + once * traces.pair
    return gain**2 * (traces.square(once) - 2 * shared + traces.far)


class _Traces(eqx.Module):
    """Parts of ``E<T, x>`` and ``E|T|^2`` by which tokens coincide."""

    far_cross: Float[Array, ""]
    own_cross: Float[Array, ""]
    own: Float[Array, ""]
    pair: Float[Array, ""]
    same: Float[Array, ""]
    far: Float[Array, ""]

    def square(self, once: Array) -> Array:
        """``E|T|^2`` per squared gain at ``once = 1 / length``."""
        others = 1 - once
        near = once**2 * self.own + once * others * (2 * self.pair + self.same)
        return near + others * (1 - 2 * once) * self.far


def _traces(heads: Float[Array, "h d"], mixture: GaussianMixture, tau: Array) -> _Traces:
    weights, means, d = mixture.weights, mixture.means, mixture.dimension
    overlaps, gram, angles = heads @ means.T, heads @ heads.T, means @ means.T
    norms = jnp.diagonal(angles)
    weighted = overlaps * weights[None, :]
    second = weighted @ overlaps.T + tau * gram
    fourth = weighted @ angles @ weighted.T + 2 * tau * (weighted @ overlaps.T) + tau**2 * gram
    longed = weighted * (norms + (d + 4) * tau)[None, :]
    heavy = longed @ overlaps.T + tau * (weights @ norms + (d + 2) * tau) * gram

    mapped = weighted @ angles + tau * overlaps
    squares = jnp.sum(overlaps**2, axis=0)
    form = squares + tau * jnp.trace(gram)
    seen = jnp.sum(overlaps * mapped, axis=0) + tau * jnp.trace(second)
    both = jnp.sum(overlaps * (second @ overlaps + gram @ mapped), axis=0) / 2
    pair = form * seen + 4 * tau * both + 2 * tau**2 * jnp.sum(gram * second)

    twice = jnp.sum(overlaps * (gram @ overlaps), axis=0)
    gram_square = jnp.sum(gram**2)
    length_mean = norms + d * tau
    variance = 2 * tau**2 * gram_square + 4 * tau * twice
    covariance = 2 * tau**2 * jnp.trace(gram) + 4 * tau * squares
    third = 8 * tau**3 * gram_square + 24 * tau**2 * twice
    own = length_mean * (form**2 + variance) + 2 * form * covariance + third
    return _Traces(
        far_cross=jnp.trace(fourth),
        own_cross=jnp.trace(heavy),
        own=weights @ own,
        pair=weights @ pair,
        same=jnp.sum(heavy * second),
        far=jnp.sum(fourth * second),
    )


def regulariser(heads: Float[Array, "h d"], mixture: GaussianMixture) -> Float[Array, ""]:
    """``sum over unordered pairs of heads of E[<mu_h, X>^2 <mu_h', X>^2]``, X one token.

    Zero for one head. Any norms, weights and angles; one variance common to the clusters. In
    fourth powers of the tokens' unit for unit heads. Errors as in `population_risk`.
    Source: the abstract does not give the regulariser; this form is our reading of it, derived
    from the joint moment of two quadratic forms of rank one.
    """
    validate.shape(
        "heads", heads, (None, mixture.dimension), "give heads [h, d] of the mixture's d"
    )
    tau = common_variance(mixture)
    overlaps, gram = heads @ mixture.means.T, heads @ heads.T
    squares = overlaps**2 + tau * jnp.diagonal(gram)[:, None]
    weights = mixture.weights[None, :]
    pairs = (squares * weights) @ squares.T
    pairs += 4 * tau * gram * ((overlaps * weights) @ overlaps.T) + 2 * tau**2 * gram**2
    return (jnp.sum(pairs) - jnp.trace(pairs)) / 2
