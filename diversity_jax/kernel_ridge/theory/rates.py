"""Rates of kernel ridge regression, and what they are at finite n on a kernel that is known.

**Exponents.** Eigenvalues ``j^(-1/gamma)`` of the kernel's integral operator and a target
``sum b_j e_j`` with ``b_j = s_j^r g_j``, g square-summable, 1/2 <= r <= 1:
``ridge = n^(-1/(2r+gamma))``, excess risk ``n^(-2r/(2r+gamma))``, d_eff ``n^(gamma/(2r+gamma))``.

**The periodic Sobolev kernel.** ``k(x, z) = 1 + 2 pi^2 (u^2 - u + 1/6)``, u the fractional part of
``x - z``, x uniform: since ``u^2 - u + 1/6 = sum cos(2 pi j u) / (pi j)^2``, its eigenfunctions
are 1 and ``2^1/2 cos, 2^1/2 sin (2 pi j x)`` with eigenvalues 1 and j^-2 twice; gamma = 1/2, and

    d_eff = 1 / (1 + ridge) + x coth x - 1,     x = pi ridge^-1/2.

**Risk, leading order.** Were the covariance of the sample that of the population,

    bias = sum (ridge / (s + ridge))^2 b^2,     variance = (noise / n) sum (s / (s + ridge))^2,

with `noise` a variance: `population_risk`, asymptotic in n at ``d_eff / n`` to 0.

**Risk, deterministic equivalent.** For features that are independent and Gaussian, the inverse
``(S_n + ridge)^-1`` of the sample's covariance acts as ``(kappa / ridge) (S + kappa)^-1`` where

    ridge = kappa (1 - df1 / n),     df1 = sum s / (s + kappa),     df2 = sum (s / (s + kappa))^2.

To remove one sample changes the inverse by rank one, whose trace gives the equation. The error on a
new point, noise included, ``R = E (f - f_hat)^2 + noise``, then solves ``R = bias(kappa) + noise +
R df2 / n``: each residual of the fit is noise for all others. So

    excess = (bias(kappa) + noise df2 / n) / (1 - df2 / n).

It is `equivalent_risk`. Trigonometric features are neither independent nor Gaussian, so here it is
asymptotic in n too; the tests let both approximations meet random draws, where its gap is the
smaller by far. Its variance at a small ridge is what the leading order misses.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import jax
import numpy as np
import numpy.typing as npt
from jaxtyping import Array, Float, ScalarLike

from diversity_jax import seen, validate
from diversity_jax.kernel_ridge.theory import _blocks, _spectra
from diversity_jax.records import Record

SOBOLEV_TRACE = 1 + math.pi**2 / 3


class Exponents(Record):
    """Powers of n: of the ridge, of the excess risk and of the effective dimension."""

    ridge: Float[Array, ""]
    risk: Float[Array, ""]
    dimension: Float[Array, ""]


class Risk(Record):
    """Excess risk ``E (f - f_hat)^2`` in its two parts, and the ridge that acts, kappa.

    `degrees` and `squared_degrees` are ``df1`` and ``df2`` at kappa.
    """

    bias: Float[Array, ""]
    variance: Float[Array, ""]
    effective_ridge: Float[Array, ""]
    degrees: Float[Array, ""]
    squared_degrees: Float[Array, ""]

    @property
    def excess(self) -> Float[Array, ""]:
        """Bias and variance together."""
        return self.bias + self.variance


def rate_exponents(*, decay: ScalarLike, source: ScalarLike) -> Exponents:
    """Powers of n at the best ridge, for eigenvalues ``j^(-1/decay)`` and a source condition r.

    Asymptotic in n; upper bounds' exponents, of ridge and risk negative.

    Errors: ValueError for a decay outside (0, 1], a source outside [1/2, 1]: beyond 1 ridge
    regression does not gain (it saturates).
    Source: Caponnetto and De Vito 2007, as the note quotes it; re-derived from the leading order.
    """
    gamma, r = seen.above_zero("decay", decay), seen.above_zero("source", source)
    if gamma > 1:
        fix = "eigenvalues that can be summed fall faster than 1 / j"
        raise validate.fail("decay", gamma, "a number in (0, 1]", fix)
    if not 0.5 <= r <= 1:
        raise validate.fail("source", r, "a number from 1/2 to 1", "pass 1 for smoother targets")
    total = 2 * r + gamma
    powers = -1 / total, -2 * r / total, gamma / total
    return Exponents(*(jax.device_put(np.float64(power)) for power in powers))


def sobolev_eigenvalues(number: int) -> Float[Array, " p"]:
    """The largest `number` eigenvalues of the periodic Sobolev kernel: 1, 1, 1, 1/4, 1/4, ...

    Exact; in the order 1, cos, sin, cos, sin, ...

    Errors: ValueError for a number that is no integer from 1 up.
    Source: derived above.
    """
    validate.integer("number", number, "ask for one at least", least=1)
    return jax.device_put(_eigenvalues(number))


def sobolev_effective_dimension(*, ridge: ScalarLike) -> Float[Array, ""]:
    """``1 / (1 + ridge) + x coth x - 1``, x = pi ridge^-1/2: that of the population, of all orders.

    Exact, for any ridge; ``pi ridge^-1/2`` for small ones.

    Errors: ValueError for a ridge that is not above zero.
    Source: derived above.
    """
    first, _ = _spectra.degrees(seen.above_zero("ridge", ridge))
    return jax.device_put(np.float64(first))


def population_risk(
    coefficients: npt.ArrayLike,
    *,
    samples: ScalarLike,
    ridge: ScalarLike,
    noise: ScalarLike,
    eigenvalues: npt.ArrayLike | None = None,
) -> Risk:
    """Bias and variance with the covariance of the population in place of the sample's.

    Asymptotic in samples, where few of them are spent on fitting (d_eff / n small).

    Shapes: coefficients `[p]` of the target in the order of `sobolev_eigenvalues`, or of
    `eigenvalues` `[p]` where those are given (then of a kernel with these alone).
    Errors: ValueError for values that are not finite, a ridge or samples not above zero, a negative
    noise (a variance) or eigenvalue.
    Source: derived above.
    """
    values, target, both, _ = _problem(coefficients, eigenvalues)
    n, shift, level = _numbers(samples, ridge, noise)
    first, second = both(shift)
    bias = _bias(values, target, shift)
    return _risk(bias, level * second / n, shift, first, second)


def equivalent_risk(
    coefficients: npt.ArrayLike,
    *,
    samples: ScalarLike,
    ridge: ScalarLike,
    noise: ScalarLike,
    eigenvalues: npt.ArrayLike | None = None,
) -> Risk:
    """Bias and variance by the deterministic equivalent: those of Gaussian features, large n.

    Asymptotic in samples, at any share of them that is spent on fitting.

    Shapes: as `population_risk`.
    Errors: those of `population_risk`; a ridge so small that a fit through all points has no
    finite risk by this formula.
    Source: derived above in outline; Simon et al. and Canatar et al. have this form.
    """
    values, target, both, trace = _problem(coefficients, eigenvalues)
    n, shift, level = _numbers(samples, ridge, noise)
    kappa = _spectra.fixed_point(lambda at: both(at)[0], trace, n, shift)
    first, second = both(kappa)
    left = 1 - second / n
    if not left > 1e-6:
        got, fix = f"{shift:.3g}, which leaves no degree of freedom", "raise it"
        raise validate.fail("ridge", got, "one that leaves some of the samples", fix)
    bias = _bias(values, target, kappa) / left
    return _risk(bias, level * second / n / left, kappa, first, second)


Degrees = Callable[[float], tuple[float, float]]


def _problem(
    coefficients: npt.ArrayLike, eigenvalues: npt.ArrayLike | None
) -> tuple[np.ndarray, np.ndarray, Degrees, float]:
    """Eigenvalues along the target, the target, degrees of all of the spectrum, its trace."""
    validate.shape("coefficients", coefficients, (None,), "pass them as one row")
    validate.finite("coefficients", coefficients)
    target = seen.array("coefficients", coefficients).astype(np.float64)
    if eigenvalues is None:
        return _eigenvalues(len(target)), target, _spectra.degrees, SOBOLEV_TRACE
    validate.shape("eigenvalues", eigenvalues, target.shape, "pass one per coefficient")
    validate.finite("eigenvalues", eigenvalues)
    validate.nonnegative("eigenvalues", eigenvalues)
    values = seen.array("eigenvalues", eigenvalues).astype(np.float64)

    def degrees(ridge: float) -> tuple[float, float]:
        parts = _blocks.shares(values, ridge)
        return float(parts.sum()), float((parts**2).sum())

    return values, target, degrees, float(values.sum())


def _eigenvalues(number: int) -> np.ndarray:
    """In double precision whatever jax's is."""
    return np.maximum((np.arange(number) + 1) // 2, 1).astype(np.float64) ** -2


def _numbers(
    samples: ScalarLike, ridge: ScalarLike, noise: ScalarLike
) -> tuple[float, float, float]:
    n = seen.above_zero("samples", samples)
    return n, seen.above_zero("ridge", ridge), seen.number("noise", noise)


def _bias(values: np.ndarray, target: np.ndarray, shift: float) -> float:
    return float((((1 - _blocks.shares(values, shift)) * target) ** 2).sum())


def _risk(*numbers: float) -> Risk:
    return Risk(*(jax.device_put(np.float64(number)) for number in numbers))
