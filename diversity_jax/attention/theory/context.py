"""The parameter-free in-context layer, its baselines, and random centroids.

The layer is ``T_1 = (scale strength / L) sum_k <X_1, X_k> X_k``, the linear layer with A = I. With
k orthonormal centroids, weights 1/k and scale k, all moments given the cluster are the same for
every cluster; they follow from the derivation in `risk` with A = I, where
``E|x|^2 x'Sx = E x'Fx = tr(FS)``. Every formula is conditional on the centroids and invariant
under rotation, so it holds for centroids that are drawn anew for each sequence.
"""

from __future__ import annotations

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax.scipy.stats import norm
from jaxtyping import Array, Float, ScalarLike

from diversity_jax import traced, validate
from diversity_jax.attention.theory._arguments import gain_holds, length_holds
from diversity_jax.attention.theory.risk import population_risk
from diversity_jax.mixtures import GaussianMixture, common_variance
from diversity_jax.records import Record


class InContext(Record):
    """What the in-context layer does with one token, in squared units of the tokens."""

    risk: Float[Array, ""]
    quantisation_error: Float[Array, ""]
    variance: Float[Array, ""]
    mean_gain: Float[Array, ""]


class InContextStrengths(Record):
    """Strengths at which the layer is unbiased, or best by one of two errors."""

    unbiased: Float[Array, ""]
    risk_optimal: Float[Array, ""]
    centroid_optimal: Float[Array, ""]


class _Moments(Record):
    """Per power of ``k strength``: factor of the centroid in E[T|c], E<T, x>, E|T|^2."""

    mean: Float[Array, ""]
    cross: Float[Array, ""]
    square: Float[Array, ""]
    energy: Float[Array, ""]
    clusters: int = eqx.field(static=True)


def in_context(mixture: GaussianMixture, *, length: ScalarLike, strength: ScalarLike) -> InContext:
    """Risk, errors and mean of the in-context layer at any length, ``jnp.inf`` included.

    ``risk = E|X_1 - T_1|^2``, ``quantisation_error = E|T_1 - centroid|^2``,
    ``variance = E|T_1 - E[T_1 | cluster]|^2``, ``mean_gain`` the factor of the centroid in
    ``E[T_1 | cluster]``. Valid for equal weights, orthonormal centroids, one isotropic variance
    (zero allowed), scale = number of clusters. Exact.

    Errors: ValueError for any other mixture, and for length < 1.
    Source: reconstructed from the abstract of arXiv 2505.13112; derived above.
    """
    good = _symmetric(mixture) & length_holds(length) & gain_holds(strength)
    moments = _moments(mixture, length)
    gain = moments.clusters * jnp.asarray(strength)
    mean, square = gain * moments.mean, gain**2 * moments.square
    found = InContext(
        risk=moments.energy - 2 * gain * moments.cross + square,
        quantisation_error=square - 2 * mean + 1,
        variance=square - mean**2,
        mean_gain=mean,
    )
    return traced.only(good, found, mixture, length, strength)


def in_context_strengths(mixture: GaussianMixture, *, length: ScalarLike) -> InContextStrengths:
    """The strengths that make the layer unbiased, its risk least, its quantisation error least.

    Same validity, errors and source as `in_context`.
    """
    good = _symmetric(mixture) & length_holds(length)
    moments = _moments(mixture, length)
    found = InContextStrengths(
        unbiased=1 / (moments.clusters * moments.mean),
        risk_optimal=moments.cross / (moments.clusters * moments.square),
        centroid_optimal=moments.mean / (moments.clusters * moments.square),
    )
    return traced.only(good, found, mixture, length)


def quantising_length(mixture: GaussianMixture) -> Float[Array, ""]:
    """The length above which the layer's output tells its centroid better than the token does.

    Given the cluster, the token is the centroid and noise of variance ``d tau``, the output ``m``
    times the centroid and noise of variance ``S - m^2`` (``m, S`` as in `in_context`, per power of
    the gain). Relative to the centroid's part the output's noise is smaller when
    ``S < (1 + d tau) m^2``. Then, and only then, the quantisation error is below the raw token's
    ``d tau`` at the unbiased strength, and below ``d tau / (1 + d tau)`` with output and token each
    scaled as well as a number can. Times ``length^2`` the difference is a quadratic in the length,
    positive far out, where it grows like ``(d - k) tau (1/k) (1/k + 2 tau)``, and negative at one
    token: it has one root above one, returned here. About ``(k - 1) / ((d - k) tau)`` for little
    noise; infinite without noise, where the token has no error, and for ``d = k``.

    Errors: those of `in_context`.
    Source: derived; the abstract of arXiv 2505.13112 names in-context quantisation, no condition.
    """
    good = _symmetric(mixture)
    tau = common_variance(mixture)
    k, d = mixture.components, mixture.dimension
    inside, single, energy, sixth, mixed, third = _parts(tau, k, d)
    leading = (d - k) * tau / k * (1 / k + 2 * tau)
    rest = single - inside
    middle = 2 * energy * inside * rest - 3 * mixed + 3 * third
    last = energy * rest**2 - sixth + 3 * mixed - 2 * third
    # Without room off the span, or noise, no length is enough.
    never = leading == 0
    below = jnp.where(never, 1.0, leading)
    root = jnp.sqrt(middle**2 - 4 * below * last)
    # Of the two forms of the larger root the one in which nothing cancels.
    length = jnp.where(middle < 0, (root - middle) / (2 * below), -2 * last / (middle + root))
    return traced.only(good, jnp.where(never, jnp.inf, length), mixture)


def _moments(mixture: GaussianMixture, length: ScalarLike) -> _Moments:
    tau = common_variance(mixture)
    k, d = mixture.components, mixture.dimension
    once = 1 / jnp.asarray(length, tau.dtype)
    others = 1 - once
    inside, single, energy, sixth, mixed, third_power = _parts(tau, k, d)
    fourth = energy**2 + 2 * d * tau**2 + 4 * tau
    second_power = k * inside**2 + (d - k) * tau**2
    return _Moments(
        mean=others * inside + once * single,
        cross=others * second_power + once * fourth,
        square=once**2 * sixth + 3 * once * others * mixed + others * (1 - 2 * once) * third_power,
        energy=energy,
        clusters=k,
    )


def _parts(tau: Array, k: int, d: int) -> tuple[Array, ...]:
    """Of the mean: far and own token; E|x|^2; of the energy: own token thrice, once, never."""
    inside, energy = 1 / k + tau, 1 + d * tau
    spread = 2 * d * tau**2 + 4 * tau
    sixth = energy**3 + 3 * energy * spread + 8 * d * tau**3 + 24 * tau**2
    mixed = (1 + (d + 4) * tau) * inside + tau * (1 + (d + 2) * tau) * energy
    return inside, 1 + (d + 2) * tau, energy, sixth, mixed, k * inside**3 + (d - k) * tau**3


def _symmetric(mixture: GaussianMixture) -> traced.Truth:
    """Equal weights and orthonormal centroids; refuse a concrete mixture without."""
    means, weights = validate.concrete(mixture.means), validate.concrete(mixture.weights)
    seen = means is not None and weights is not None
    array = np if seen else jnp
    if means is None or weights is None:
        means, weights = mixture.means, mixture.weights
    k = mixture.components
    slack = 1e-5 if means.dtype.itemsize == 4 else 1e-9
    skew = abs(means @ means.T - array.eye(k)).max()
    uneven = abs(weights - 1 / k).max()
    good = (skew <= slack) & (uneven <= slack)
    if not seen:
        return good
    if not good:
        raise validate.fail(
            "mixture",
            f"weights off 1/{k} by {uneven:.3g}, centroids off orthonormal by {skew:.3g}",
            "equal weights and orthonormal centroids",
            "for any other mixture use population_risk with identity heads",
        )
    return True


def random_centroid_risk(
    *, dimension: int, variance: ScalarLike, length: ScalarLike, strength: ScalarLike
) -> Float[Array, ""]:
    """Mean in-context risk over two centroids drawn uniformly on the sphere for each sequence.

    With A = I and scale 2 every trace in the risk is affine in the squared overlap g^2 of the two
    unit centroids, whose mean is 1/dimension; so the mean risk is the risk at that g^2. Exact.
    Units and validity of length as in `in_context`; dimension >= 2.

    Errors: ValueError for length < 1, fewer than two dimensions, a negative variance.
    Source: ours, derived; the abstract of arXiv 2505.13112 names no such centroids.
    """
    fix = "two centroids span two directions"
    validate.integer("dimension", dimension, fix, least=2)
    good = traced.nonnegative("variance", variance) & length_holds(length) & gain_holds(strength)
    overlap = jnp.sqrt(1.0 / dimension)
    means = jnp.zeros((2, dimension)).at[0, 0].set(1.0)
    means = means.at[1, 0].set(overlap).at[1, 1].set(jnp.sqrt(1 - overlap**2))
    mixture = GaussianMixture.isotropic(jnp.full(2, 0.5), means, jnp.full(2, variance))
    risk = population_risk(jnp.eye(dimension), mixture, length=length, strength=strength)
    return traced.only(good, risk, variance, length, strength)


class Baselines(Record):
    """Reconstruction errors ``E|X - quantiser(X)|^2`` of three hard quantisers."""

    own_centroid: Float[Array, ""]
    nearest_centroid: Float[Array, ""]
    optimal_quantiser: Float[Array, ""]


def baselines(
    *, dimension: ScalarLike, variance: ScalarLike, distance: ScalarLike = 2**0.5
) -> Baselines:
    """Reconstruction errors for two equally likely clusters `distance` apart.

    The label's own centroid gives ``d tau``. The nearest centroid gains where noise crosses the
    middle: along the axis the error is ``E min((x-a)^2, (x+a)^2)``. The optimal two-point
    quantiser that splits at the middle puts its points at the conditional means, at distance
    ``E|x|`` along the axis: the best of those that split there, not shown to be the best of all
    two-point quantisers. Without noise all three are zero.

    Errors: ValueError for a dimension below one, a negative variance or distance.
    Source: ours, derived; the abstract of arXiv 2505.13112 names no other quantiser.
    """
    good = traced.whole("dimension", dimension, 1, "the noise needs a direction")
    good &= traced.nonnegative("variance", variance) & traced.nonnegative("distance", distance)
    tau = jnp.asarray(variance, jnp.result_type(variance, float))
    # Without noise the root and the ratio have no derivative, while the errors do.
    noisy = tau > 0
    deviation = jnp.sqrt(jnp.where(noisy, tau, 1.0))
    half = jnp.asarray(distance) / (2 * deviation)
    own = jnp.asarray(dimension * tau)
    gain = 2 * deviation * distance * norm.pdf(half) - distance**2 * norm.cdf(-half)
    absolute = 2 * deviation * norm.pdf(half) + distance / 2 * (1 - 2 * norm.cdf(-half))
    found = Baselines(
        own_centroid=own,
        nearest_centroid=own - jnp.where(noisy, gain, 0.0),
        optimal_quantiser=own + jnp.where(noisy, distance**2 / 4 - absolute**2, 0.0),
    )
    return traced.only(good, found, dimension, variance, distance)
