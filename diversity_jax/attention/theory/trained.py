"""Two trained heads on two orthonormal clusters: the invariant manifold, strengths, rates, limits.

On the manifold ``mu_0 _|_ m_1, mu_1 _|_ m_0, mu_0 _|_ mu_1`` the risk is a quadratic polynomial in
the squared overlaps ``x = <mu_0, m_0>^2`` and ``y = <mu_1, m_1>^2``: put
``V = diag(sqrt x, sqrt y)`` and ``G = I`` in `risk`. Below, ``q = x + y`` and ``Q = x^2 + y^2``.
Manifold and regulariser are ours: the abstract of arXiv 2505.13112 names neither.
"""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, Float

from diversity_jax import traced, validate, vectors
from diversity_jax.attention.theory._arguments import gain_holds, length_holds, pair_holds
from diversity_jax.records import Record


class Strengths(Record):
    """Natural strengths for two orthonormal clusters, and what holds at the best of them."""

    largest: Float[Array, ""]
    best: Float[Array, ""]
    unbiased: Float[Array, ""]
    risk: Float[Array, ""]
    largest_regularisation: Float[Array, ""]


def manifold_risk(
    first: ArrayLike,
    second: ArrayLike,
    *,
    dimension: ArrayLike,
    length: ArrayLike,
    variance: ArrayLike,
    strength: ArrayLike,
) -> Float[Array, " *n"]:
    """The risk on the manifold at squared overlaps `first` and `second` in [0, 1].

    Two orthonormal clusters, equal weights, scale 2, dimension >= 4. Exact.

    Errors: ValueError for dimension < 2, length < 1, negative variance, overlaps outside [0, 1].
    Source: derived.
    """
    good = pair_holds(dimension, length, variance, strength) & _overlaps_hold(first, second)
    sources = first, second, dimension, length, variance, strength
    strength, tau = jnp.asarray(strength), jnp.asarray(variance)
    cross, square = _polynomials(first, second, dimension, length, tau)
    risk = 1 + jnp.asarray(dimension) * tau - 4 * strength * cross + 4 * strength**2 * square
    return traced.only(good, risk, *sources)


def manifold_regulariser(
    first: ArrayLike, second: ArrayLike, *, variance: ArrayLike
) -> Float[Array, " *n"]:
    """The regulariser on the manifold: ``tau (x + y) / 2 + tau^2``. Exact.

    Errors: ValueError for a negative variance, overlaps outside [0, 1].
    Source: derived.
    """
    good = traced.nonnegative("variance", variance) & _overlaps_hold(first, second)
    tau = jnp.asarray(variance, jnp.result_type(variance, float))
    return traced.only(good, tau * (first + second) / 2 + tau**2, first, second, variance)


def strengths(*, dimension: ArrayLike, length: ArrayLike, variance: ArrayLike) -> Strengths:
    """The strengths at which centroid heads stop attracting, are best, and are unbiased.

    Two orthonormal clusters with equal weights and scale 2. `largest`: centroid heads attract on
    the manifold up to it (there the radial slope of the risk vanishes). `best`: least risk with
    heads at the centroids. `unbiased`: ``E[T | cluster] = centroid``. At `best`: the `risk`, and
    `largest_regularisation`, above which the regulariser pulls heads off the span (infinite at
    variance 0, where its pull vanishes). `length` may be ``jnp.inf``; all may be traced.

    Errors: ValueError for dimension < 2, length < 1, negative variance.
    Source: derived.
    """
    good = pair_holds(dimension, length, variance)
    tau = jnp.asarray(variance, jnp.result_type(float))
    cross, square = _polynomials(1.0, 1.0, dimension, length, tau)
    cross_slope, square_slope = _slopes_at_centroids(dimension, length, tau)
    once = 1 / jnp.asarray(length, tau.dtype)
    best = cross / (2 * square)
    pull = 8 * (best * cross_slope - best**2 * square_slope)
    positive = tau > 0
    found = Strengths(
        largest=cross_slope / square_slope,
        best=best,
        unbiased=1 / (1 + once + 2 * tau * (1 + 3 * once)),
        risk=1 + jnp.asarray(dimension) * tau - cross**2 / square,
        largest_regularisation=jnp.where(positive, pull / jnp.where(positive, tau, 1.0), jnp.inf),
    )
    return traced.only(good, found, dimension, length, variance)


def radial_rate(
    *, dimension: ArrayLike, length: ArrayLike, variance: ArrayLike, strength: ArrayLike
) -> Float[Array, " *n"]:
    """The curvature h: near the centroids the angle shrinks by ``1 - learning_rate * h`` a step.

    ``h = -2 dR/dx`` at the centroids; positive below `strengths.largest`, zero at it, where
    convergence is only of order ``steps^(-1/2)``.

    Errors: ValueError for dimension < 2, length < 1, negative variance.
    Source: derived.
    """
    good = pair_holds(dimension, length, variance, strength)
    cross_slope, square_slope = _slopes_at_centroids(dimension, length, jnp.asarray(variance))
    gain = jnp.asarray(strength)
    rate = 8 * (gain * cross_slope - gain**2 * square_slope)
    return traced.only(good, rate, dimension, length, variance, strength)


def regularisation_limit(
    *, dimension: ArrayLike, length: ArrayLike, variance: ArrayLike, strength: ArrayLike
) -> Float[Array, " *n"]:
    """The largest regularisation at which centroid heads attract on the manifold; variance > 0.

    ``-2 (dR/dx) / tau`` at the centroids, since the regulariser's slope is ``tau / 2``.

    Errors: ValueError for dimension < 2, length < 1, a variance that is not positive.
    Source: derived.
    """
    good = traced.positive("variance", variance, "without noise the regulariser does not pull")
    rate = radial_rate(dimension=dimension, length=length, variance=variance, strength=strength)
    return traced.only(good, rate / variance, dimension, length, variance, strength)


def resting_overlap(
    *,
    dimension: ArrayLike,
    length: ArrayLike,
    variance: ArrayLike,
    strength: ArrayLike,
    regularisation: ArrayLike = 0.0,
) -> Float[Array, " *n"]:
    """The overlap ``<mu, m>`` at which descent on the manifold rests; 1 where centroids attract.

    Beyond the largest strength, or the largest regularisation at this one, the regularised risk
    is least at ``x = y < 1``, where its slope, linear along the diagonal, vanishes. Least on the
    manifold only: with noise and a strength beyond the largest it is a saddle of the risk on the
    spheres, which rounding leaves after some thousand steps.

    Errors: ValueError for dimension < 2, length < 1, negative variance or regularisation, a
    strength that is not positive.
    Source: derived.
    """
    good = pair_holds(dimension, length, variance) & traced.positive("strength", strength)
    good &= traced.nonnegative("regularisation", regularisation)
    size, tau = jnp.asarray(strength), jnp.asarray(variance)
    pull = jnp.asarray(regularisation) * tau / (8 * size)

    def slope(x: float) -> Array:
        cross_slope, square_slope = _slopes(x, dimension, length, tau)
        return size * square_slope - cross_slope + pull

    at_zero, at_one = slope(0.0), slope(1.0)
    crossing = at_zero / (at_zero - at_one)
    overlap = vectors.root(jnp.where(at_one > 0, jnp.clip(crossing, 0.0, 1.0), 1.0))
    return traced.only(good, overlap, dimension, length, variance, strength, regularisation)


class DiracMinimum(Record):
    """Noiseless clusters: the largest strength with minimisers in the span, and the risk there."""

    largest: Float[Array, ""]
    risk: Float[Array, ""]


def dirac_risk(
    overlaps: Float[ArrayLike, "h k"], *, length: ArrayLike, strength: ArrayLike
) -> Float[Array, " *n"]:
    """The risk without noise, from the overlaps of heads with k orthonormal clusters, scale k.

    ``C = V'V``: ``1 - 2 lam (L+k-1)/(Lk) tr C
    + (lam/L)^2 [(2L+k-2) sum C_cc^2 + (L-1)(L+k-2)/k tr C^2]``. Exact.

    Errors: ValueError for length < 1, overlaps that are no matrix with a column per cluster.
    Source: derived.
    """
    overlaps = vectors.rows("overlaps", overlaps)
    good = length_holds(length) & gain_holds(strength)
    sources = overlaps, length, strength
    strength, k = jnp.asarray(strength), overlaps.shape[1]
    once = 1 / jnp.asarray(length, overlaps.dtype)
    form = overlaps.T @ overlaps
    diagonal = jnp.diagonal(form)
    own = once * (2 + (k - 2) * once) * jnp.sum(diagonal**2)
    pairs = (1 - once) * (1 + (k - 2) * once) / k * jnp.sum(form**2)
    gain = 1 + (k - 1) * once
    risk = 1 - 2 * strength * gain / k * jnp.sum(diagonal) + strength**2 * (own + pairs)
    return traced.only(good, risk, *sources)


def dirac_minimum(*, clusters: int, length: ArrayLike) -> DiracMinimum:
    """Noiseless orthonormal clusters: up to `largest`, the bases of the span have the least risk.

    ``largest = L (L+k-1) / D`` and the least risk there ``(k-1)(L-1) / D`` with
    ``D = L^2 + 3(k-1)L + (k-1)(k-2)``; k = 2 gives ``(L+1)/(L+3)``. From two tokens on no other
    unit heads have it.

    Errors: ValueError for length < 1, and for fewer than one cluster.
    Source: derived.
    """
    validate.integer("clusters", clusters, "pass their number", least=1)
    good = length_holds(length)
    once = 1 / jnp.asarray(length, jnp.result_type(float))
    rest = clusters - 1
    bottom = 1 + 3 * rest * once + rest * (clusters - 2) * once**2
    risk = rest * (1 - once) * once / bottom
    return traced.only(good, DiracMinimum((1 + rest * once) / bottom, risk), length)


def spurious_threshold(*, length: ArrayLike, strength: ArrayLike) -> Float[Array, " *n"]:
    """Noiseless: the regularisation above which heads (bisector, off the span) are a local minimum.

    ``4(a - b) + 2c`` with ``a = lam (L+1)/L, b = lam^2 (L+3)/(2L), c = lam^2 (L-1)/L``. For
    strengths above one the head at the bisector leaves the span, and the point is no minimum.

    Errors: ValueError for length < 1, a strength outside (0, 1].
    Source: derived from the Hessian of the regularised risk at that stationary point; out of the
    span the risk grows by ``(a - b - c/2) = lam (1 - lam) (L+1)/L`` per squared sine.
    """
    good = _trapped(length, strength)
    gain, once = jnp.asarray(strength), 1 / jnp.asarray(length, jnp.result_type(float))
    linear, square = gain * (1 + once), gain**2 * (1 + 3 * once) / 2
    threshold = 4 * (linear - square) + 2 * gain**2 * (1 - once)
    return traced.only(good, threshold, length, strength)


def spurious_risk(*, length: ArrayLike, strength: ArrayLike) -> Float[Array, " *n"]:
    """The (unregularised) risk at that spurious minimum: ``1 - a + b/2 + c/4``.

    Errors: those of `spurious_threshold`.
    Source: derived.
    """
    good = _trapped(length, strength)
    gain, once = jnp.asarray(strength), 1 / jnp.asarray(length, jnp.result_type(float))
    square, pairs = gain**2 * (1 + 3 * once) / 2, gain**2 * (1 - once)
    risk = 1 - gain * (1 + once) + square / 2 + pairs / 4
    return traced.only(good, risk, length, strength)


def _trapped(length: ArrayLike, strength: ArrayLike) -> traced.Truth:
    fix = "above one the bisector is left for directions off the span"
    inside = traced.holds("strength", strength, lambda x: (x > 0) & (x <= 1), "in (0, 1]", fix)
    return length_holds(length) & inside


def _overlaps_hold(first: ArrayLike, second: ArrayLike) -> traced.Truth:
    """Squared cosines, up to the rounding of float32."""

    def inside(x):
        return (x >= -1e-5) & (x <= 1 + 1e-5)

    fix = "pass squared overlaps of unit vectors"
    one, other = (
        traced.holds(name, value, inside, "in [0, 1]", fix)
        for name, value in (("first", first), ("second", second))
    )
    return one & other


def _polynomials(
    x: ArrayLike, y: ArrayLike, d: ArrayLike, length: ArrayLike, tau: ArrayLike
) -> tuple[Array, Array]:
    """Cross / L and Sec / L^2 on the manifold, as polynomials in 1/L."""
    once = 1 / jnp.asarray(length, jnp.result_type(float))
    others, q, squares = 1 - once, x + y, x**2 + y**2
    b, f, g = 0.25 + tau, 1 + (d + 4) * tau, tau * (1 + (d + 2) * tau)
    cross = others * (b * q + 2 * tau**2) + once * (f * q / 2 + 2 * g)
    own = (
        (1 + (d + 8) * tau) * squares / 2
        + 4 * tau * (1 + (d + 6) * tau) * q
        + 8 * tau**2 * (1 + (d + 4) * tau)
    )
    pair = b * squares + (tau + 6 * tau**2) * q + tau * q**2 / 4 + 8 * tau**3
    heavy = f * squares / 4 + (f * tau + g) * q / 2 + 2 * g * tau
    far = b * squares / 2 + (b * tau + tau**2 / 2) * q + 2 * tau**3
    square = once**2 * own + once * others * (2 * pair + heavy) + others * (1 - 2 * once) * far
    return cross, square


def _slopes_at_centroids(d: ArrayLike, length: ArrayLike, tau: Array) -> tuple[Array, Array]:
    return _slopes(1.0, d, length, tau)


def _slopes(x: float, d: ArrayLike, length: ArrayLike, tau: Array) -> tuple[Array, Array]:
    """Derivatives of `_polynomials` in the first squared overlap, at ``x = y``."""
    once = 1 / jnp.asarray(length, jnp.result_type(float))
    others = 1 - once
    b, f, g = 0.25 + tau, 1 + (d + 4) * tau, tau * (1 + (d + 2) * tau)
    cross = others * b + once * f / 2
    own = (1 + (d + 8) * tau) * x + 4 * tau * (1 + (d + 6) * tau)
    pair = 2 * b * x + tau + 6 * tau**2 + tau * x
    heavy = f * x / 2 + (f * tau + g) / 2
    far = b * x + b * tau + tau**2 / 2
    square = once**2 * own + once * others * (2 * pair + heavy) + others * (1 - 2 * once) * far
    return cross, square
