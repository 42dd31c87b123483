"""Ridge regression on selected points: one teacher (T14) and one per domain (T15).

One teacher. ``y = theta.x + noise``, the noise independent of x. Given the design X, the least
squares error is ``(X'X)^-1 X' noise``, so the excess risk on new points with second moment S is
``noise_variance tr(S (X'X)^-1)``. As n grows ``X'X / n`` tends to ``M = sum_k omega_k M_k``, the
second moment of the kept points: ``noise_variance / n tr(S M^-1)`` to first order. For centred
Gaussian rows ``E (X'X)^-1 = M^-1 / (n - d - 1)`` (inverse Wishart), hence the factor
``n / (n - d - 1)``: exact there, for other rows only asymptotic.

One teacher per domain. The population loss ``sum_k omega_k E_k (theta.x - theta_k.x)^2`` is least
at ``theta* = M^-1 sum_k omega_k M_k theta_k``, and domain k's risk there is
``(theta* - theta_k)' S_k (theta* - theta_k)``. Given X everything is exact: the ridge estimate
``(X'X + ridge I)^-1 X' y`` is linear in y.
"""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, Float, Int, ScalarLike

from diversity_jax import validate
from diversity_jax.records import Record
from diversity_jax.selection.theory import _arguments


class SharedRegression(Record):
    """Where a shared regression tends to, and its risk in each domain, without noise in y."""

    parameters: Float[Array, " d"]
    risks: Float[Array, " k"]


class DesignRisk(Record):
    """Exact risks given the inputs: `bias` of the mean estimate, `variance` from the noise."""

    parameters: Float[Array, " d"]
    bias: Float[Array, " k"]
    variance: Float[Array, " k"]
    risks: Float[Array, " k"]


def pooled_second_moment(
    second_moments: Float[ArrayLike, "k d d"], shares: Float[ArrayLike, " k"]
) -> Float[Array, "d d"]:
    """``sum_k shares[k] second_moments[k]``.

    Errors: ValueError for shapes that disagree, shares that are no probabilities, matrices that are
    no second moments.
    """
    second_moments, shares = _arguments.floating(second_moments, shares)
    _check_moments("second_moments", second_moments, shares)
    validate.simplex("shares", shares)
    return jnp.tensordot(shares, second_moments, 1)


def homogeneous_excess(
    second_moments: Float[ArrayLike, "k d d"],
    shares: Float[ArrayLike, " k"],
    test_second_moment: Float[ArrayLike, "d d"],
    *,
    noise_variance: ScalarLike,
    samples: ScalarLike,
    gaussian_factor: bool = True,
) -> Float[Array, ""]:
    """Mean excess risk of least squares on kept points when one teacher made all of y (T14).

    ``noise_variance / samples tr(S M^-1)``, times ``samples / (samples - d - 1)`` unless
    `gaussian_factor` is false. Asymptotic in samples; with the factor exact for centred Gaussian
    rows. Needs ``samples > d + 1`` for the factor. `second_moments` of the kept points per domain
    (`kept_domains`), `shares` of the domains among them.

    Errors: ValueError for shapes that disagree, shares that are no probabilities, too few samples.
    Source: derived.
    """
    pooled = pooled_second_moment(second_moments, shares)
    test, noise, n, pooled = _arguments.floating(
        test_second_moment, noise_variance, samples, pooled
    )
    validate.shape("test_second_moment", test, pooled.shape, "pass one matrix [d, d]")
    _arguments.positive_number("samples", samples)
    _arguments.number("noise_variance", noise_variance)
    validate.nonnegative("noise_variance", noise_variance)
    left = n - pooled.shape[0] - 1 if gaussian_factor else n
    seen = validate.concrete(left)
    if seen is not None and not seen > 0:
        got = f"{float(n):g} in {pooled.shape[0]} dimensions"
        fix = "keep more points, or pass gaussian_factor=False"
        raise validate.fail("samples", got, "more than d + 1", fix)
    return noise / left * jnp.trace(jnp.linalg.solve(pooled, test))


def heterogeneous_limit(
    second_moments: Float[ArrayLike, "k d d"],
    shares: Float[ArrayLike, " k"],
    teachers: Float[ArrayLike, "k d"],
    test_second_moments: Float[ArrayLike, "k d d"],
    *,
    ridge_per_sample: ScalarLike = 0.0,
) -> SharedRegression:
    """Where one regression for all domains tends to, and its risk in each (T15).

    ``theta* = (M + ridge_per_sample I)^-1 sum_k shares[k] M_k teachers[k]``; risks ``[k]`` are
    ``(theta* - teachers[k])' S_k (theta* - teachers[k])``. The limit of many samples: noise and the
    finite sample add terms of order 1/samples.

    Errors: ValueError for shapes that disagree and shares that are no probabilities.
    Source: derived.
    """
    pooled = pooled_second_moment(second_moments, shares)
    moments, shares, teachers, tests, ridge, pooled = _arguments.floating(
        second_moments, shares, teachers, test_second_moments, ridge_per_sample, pooled
    )
    _check_moments("test_second_moments", tests, shares)
    validate.shape("teachers", teachers, moments.shape[:2], "pass one row per domain")
    _arguments.number("ridge_per_sample", ridge_per_sample)
    validate.nonnegative("ridge_per_sample", ridge_per_sample)
    pull = jnp.einsum("k,kij,kj->i", shares, moments, teachers)
    identity = jnp.eye(pooled.shape[0], dtype=pooled.dtype)
    limit = jnp.linalg.solve(pooled + ridge * identity, pull)
    return SharedRegression(parameters=limit, risks=_risks(limit, teachers, tests))


def design_risk(
    inputs: Float[ArrayLike, "n d"],
    domains: Int[ArrayLike, " n"],
    teachers: Float[ArrayLike, "k d"],
    test_second_moments: Float[ArrayLike, "k d d"],
    *,
    noise_variance: ScalarLike,
    ridge: ScalarLike,
) -> DesignRisk:
    """Risk in each domain of ridge regression on the points at hand, averaged over the noise in y.

    ``y_i = teachers[domains[i]] . inputs[i] + noise``; the estimate is ``(X'X + ridge I)^-1 X'y``.
    Exact given the inputs (T15); one row of `teachers` repeated gives T14. ``ridge = 0`` wants
    inputs of full rank, else NaN or infinity comes back.

    Errors: ValueError for shapes that disagree and negative `ridge` or `noise_variance`.
    Source: derived.
    """
    inputs, teachers, tests, noise, ridge = _arguments.floating(
        inputs, teachers, test_second_moments, noise_variance, ridge
    )
    validate.shape("inputs", inputs, (None, None), "pass one row per point")
    validate.shape("domains", domains, inputs.shape[:1], "pass one domain per point")
    validate.shape("teachers", teachers, (None, inputs.shape[1]), "pass one row per domain")
    _check_moments("test_second_moments", tests, teachers)
    for name, value in (("noise_variance", noise), ("ridge", ridge)):
        _arguments.number(name, value)
        validate.nonnegative(name, value)
    gram = inputs.T @ inputs
    clean = jnp.sum(inputs * teachers[jnp.asarray(domains)], axis=1)
    identity = jnp.eye(gram.shape[0], dtype=gram.dtype)
    right = jnp.concatenate([identity, (inputs.T @ clean)[:, None]], axis=1)
    solved = jnp.linalg.solve(gram + ridge * identity, right)
    inverse, mean = solved[:, :-1], solved[:, -1]
    spread = inverse @ gram @ inverse.T
    bias = _risks(mean, teachers, tests)
    variance = noise * jnp.einsum("kij,ji->k", tests, spread)
    return DesignRisk(parameters=mean, bias=bias, variance=variance, risks=bias + variance)


def _risks(parameters: Array, teachers: Array, tests: Array) -> Array:
    gaps = parameters[None] - teachers
    return jnp.einsum("ki,kij,kj->k", gaps, tests, gaps)


def _check_moments(argument: str, moments: Array, per_domain: Array) -> None:
    validate.shape(argument, moments, (per_domain.shape[0], None, None), "one matrix per domain")
    if moments.shape[1] != moments.shape[2]:
        raise validate.fail(argument, f"shape {moments.shape}", "square matrices", "pass [k, d, d]")
    validate.semidefinite(argument, moments)
