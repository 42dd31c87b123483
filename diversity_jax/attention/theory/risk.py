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

A has the rank of the heads, so no d x d matrix is formed: with the overlaps ``V = heads @ means'``
and the Gram matrix ``G = heads @ heads'``, all of it follows from the k x k forms
``C = V'V = means A means'`` and ``D = V'GV = means A^2 means'`` and from tr A and tr A^2.
"""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, Float, ScalarLike

from diversity_jax import traced
from diversity_jax.attention.theory._arguments import check_heads, gain_holds, length_holds
from diversity_jax.mixtures import GaussianMixture, common_variance
from diversity_jax.records import Record

SMALL = 4096  # multiplications in a product of matrices


def population_risk(
    heads: Float[ArrayLike, "h d"],
    mixture: GaussianMixture,
    *,
    length: ScalarLike,
    strength: ScalarLike,
    scale: ScalarLike | None = None,
) -> Float[Array, ""]:
    """The mean squared error ``E|X_1 - T(X)_1|^2`` of the linear layer, exact at every length.

    Any number and norm of heads (identity heads give the in-context layer), any weights, norms
    and angles of the centroids, one variance common to the clusters. `length` (tokens per
    sequence, may be ``jnp.inf``), `strength` and the variance may be traced; `scale` defaults to
    the number of clusters. In squared units of the tokens.

    Errors: ValueError for heads of another dimension, unequal variances, length < 1.
    Cost: O((h + k)^2 d + h^2 k + h k^2 + k^3).
    Source: reconstructed from the abstract of arXiv 2505.13112; derived above.
    """
    heads = check_heads(heads, mixture)
    good = length_holds(length) & gain_holds(strength, scale)
    tau = common_variance(mixture)
    traces = _traces(heads, mixture, tau)
    once = 1 / jnp.asarray(length, tau.dtype)
    gain = jnp.asarray(mixture.components if scale is None else scale) * jnp.asarray(strength)
    energy = mixture.weights @ jnp.sum(mixture.means**2, axis=1) + mixture.dimension * tau
    cross = (1 - once) * traces.far_cross + once * traces.own_cross
    risk = energy - 2 * gain * cross + gain**2 * traces.square(once)
    return traced.only(good, risk, heads, mixture, length, strength, scale)


def best_strength(
    mixture: GaussianMixture,
    *,
    length: ScalarLike,
    heads: Float[ArrayLike, "h d"] | None = None,
    scale: ScalarLike | None = None,
) -> Float[Array, ""]:
    """The strength of least `population_risk` for heads held fixed, at the centroids by default.

    The risk is ``E|x|^2 - 2 g E<T, x> + g^2 E|T|^2`` with the moments of the layer at unit gain and
    ``g = scale * strength``: least at ``E<T, x> / (scale E|T|^2)``, where it is lower than without
    a layer by ``E<T, x>^2 / E|T|^2``. Any number of clusters, all else as in `population_risk`; two
    orthonormal ones give `strengths`. NaN where the layer's output is zero at any strength.

    Errors: those of `population_risk`, and ValueError for scale zero.
    Source: derived.
    """
    rows = check_heads(mixture.means if heads is None else heads, mixture)
    size = mixture.components if scale is None else scale
    fix = "at scale zero every strength gives the same"
    good = length_holds(length) & traced.holds(
        "scale", size, lambda x: (abs(x) < jnp.inf) & (x != 0), "finite and not 0", fix
    )
    tau = common_variance(mixture)
    traces = _traces(rows, mixture, tau)
    once = 1 / jnp.asarray(length, tau.dtype)
    cross = (1 - once) * traces.far_cross + once * traces.own_cross
    strength = cross / (size * traces.square(once))
    return traced.only(good, strength, mixture, length, heads, scale)


def distance_to_infinite(
    heads: Float[ArrayLike, "h d"],
    mixture: GaussianMixture,
    *,
    length: ScalarLike,
    strength: ScalarLike,
    scale: ScalarLike | None = None,
) -> Float[Array, ""]:
    """``E|T_1 - T_inf|^2`` with ``T_inf = scale strength S A X_1``: what a finite sequence misses.

    Of order 1/length: with ``E<T_1, T_inf> = gain^2 [(1 - 1/L) tr(A S^2 A S)
    + E (x'Ax)(x'ASx) / L]``. Validity, units and errors as in `population_risk`.

    Source: derived above.
    """
    heads = check_heads(heads, mixture)
    good = length_holds(length) & gain_holds(strength, scale)
    tau = common_variance(mixture)
    traces = _traces(heads, mixture, tau)
    once = 1 / jnp.asarray(length, tau.dtype)
    gain = jnp.asarray(mixture.components if scale is None else scale) * jnp.asarray(strength)
    shared = (1 - once) * traces.far + once * traces.pair
    distance = gain**2 * (traces.square(once) - 2 * shared + traces.far)
    return traced.only(good, distance, heads, mixture, length, strength, scale)


class _Traces(Record):
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
    overlaps, gram = _product(heads, means.T), _product(heads, heads.T)
    trace, trace_square = jnp.sum(heads**2), jnp.sum(gram**2)
    form = _product(overlaps.T, overlaps)
    form_square = _product(overlaps.T, _product(gram, overlaps))
    form_twice = _product(form, weights[:, None] * form)

    angles, identity = _product(means, means.T), jnp.eye(mixture.components, dtype=means.dtype)
    norms = jnp.sum(means**2, axis=1)
    squares, twice, both = (
        jnp.sum(matrix * identity, axis=1) for matrix in (form, form_square, form_twice)
    )
    # S, S^2 and F are ``means' X means + x I`` with these X (as a diagonal for S and F) and x.
    spread = weights[:, None] * angles * weights[None, :] + 2 * tau * weights[:, None] * identity
    longed = weights * (norms + (d + 4) * tau)
    rest = tau * (weights @ norms + (d + 2) * tau)

    second_trace = jnp.sum(weights * squares) + tau * trace
    second_form = jnp.sum(weights * twice) + tau * trace_square
    seen = weights[:, None] * angles + tau * identity
    along = squares + tau * trace
    mapped = jnp.sum(form * seen.T, axis=1) + tau * second_trace
    joint = (both + tau * twice + jnp.sum(form_square * seen.T, axis=1)) / 2
    pair = along * mapped + 4 * tau * joint + 2 * tau**2 * second_form

    length_mean = norms + d * tau
    variance = 2 * tau**2 * trace_square + 4 * tau * twice
    covariance = 2 * tau**2 * trace + 4 * tau * squares
    third = 8 * tau**3 * trace_square + 24 * tau**2 * twice
    own = length_mean * (along**2 + variance) + 2 * along * covariance + third
    same = jnp.sum(longed * both) + tau * jnp.sum(longed * twice) + rest * second_form
    far = jnp.sum(spread * form_twice) + tau * jnp.sum(spread * form_square)
    return _Traces(
        far_cross=jnp.sum(spread * form) + tau**2 * trace,
        own_cross=jnp.sum(longed * squares) + rest * trace,
        own=jnp.sum(weights * own),
        pair=jnp.sum(weights * pair),
        same=same,
        far=far + tau**2 * second_form,
    )


def _product(left: Float[Array, "n m"], right: Float[Array, "m l"]) -> Float[Array, "n l"]:
    """`left @ right`; small ones as a sum, which XLA fuses and runs five times as fast on CPU."""
    if left.shape[0] * left.shape[1] * right.shape[1] > SMALL:
        return left @ right
    return jnp.sum(left[:, :, None] * right[None, :, :], axis=1)


def regulariser(heads: Float[ArrayLike, "h d"], mixture: GaussianMixture) -> Float[Array, ""]:
    """``sum over unordered pairs of heads of E[<mu_h, X>^2 <mu_h', X>^2]``, X one token.

    Zero for one head. Any norms, weights and angles; one variance common to the clusters. In
    fourth powers of the tokens' unit for unit heads.

    Errors: ValueError for heads of another dimension, unequal variances.
    Source: ours, suggested by the abstract of arXiv 2505.13112, which names none; derived
    from the joint moment of two quadratic forms of rank one.
    """
    heads = check_heads(heads, mixture)
    tau = common_variance(mixture)
    overlaps, gram = _product(heads, mixture.means.T), _product(heads, heads.T)
    squares = overlaps**2 + tau * jnp.sum(heads**2, axis=1)[:, None]
    weights = mixture.weights[None, :]
    pairs = _product(squares * weights, squares.T)
    pairs += 4 * tau * gram * _product(overlaps * weights, overlaps.T) + 2 * tau**2 * gram**2
    return jnp.sum(pairs * (1 - jnp.eye(heads.shape[0], dtype=heads.dtype))) / 2
