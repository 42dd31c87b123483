"""The fixed point behind the feature spectrum of classes with any covariance matrices.

As in `spectrum`, with ``B = b^2 I + e^-2t sum_c pi_c zeta_c a_c^2 Sigma_c`` in place of the numbers
beta_g, which need not have common directions: a column of W leaves a perturbation of rank d, and

    1/q = s^2 - z + sum_c pi_c zeta_c v_c^2 + tr[B (1 + psi_p q B)^-1] / d,
    V_c = (e^-2t a_c^2 tr[Sigma_c psi_p q (1 + psi_p q B)^-1] / d + psi_p v_c^2 q) / psi_n,

``zeta_c = 1 / (1 + V_c)``; the constants are those of the variance ``tr Sigma_c / d``.
Derived here.
"""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy.typing as npt
from jaxtyping import Array, Complex, Float, Inexact, ScalarLike

from diversity_jax import validate
from diversity_jax.diffusion.model import ClassModel
from diversity_jax.diffusion.theory.equations.algebra import inverse
from diversity_jax.diffusion.theory.equations.constants import class_constants
from diversity_jax.diffusion.theory.equations.resolvents import Resolvent, at_points
from diversity_jax.diffusion.theory.equations.system import System, bound


class Matrices(System):
    """What the fixed point needs; its unknowns are q and the zeta_c."""

    fractions: Float[Array, " k"]
    linear: Float[Array, "k d d"]  # e^-2t a_c^2 Sigma_c
    memory: Float[Array, " k"]
    noise_power: Float[Array, ""]  # b^2, averaged over classes
    residual_power: Float[Array, ""]  # s^2, the same
    samples: Float[Array, ""]
    features: Float[Array, ""]

    def start(self, z: Complex[Array, " n"]) -> Complex[Array, "m n"]:
        """The unknowns to first order for large z."""
        ones = jnp.ones((self.fractions.shape[0], z.shape[0]), z.dtype)
        return jnp.concatenate([-inverse(z)[None], ones])

    def trace(self, unknowns: Inexact[Array, "m n"]) -> Inexact[Array, " n"]:
        """The normalised trace q."""
        return unknowns[0]

    def factors(self, unknowns: Inexact[Array, "m n"]) -> Inexact[Array, "k n"]:
        """The class factors zeta_c."""
        return unknowns[1:]

    def gaps(
        self, unknowns: Inexact[Array, "m n"], z: Inexact[Array, " n"]
    ) -> Inexact[Array, "m n"]:
        """By how much the equations are missed, relative to their sides."""
        return jax.lax.map(lambda at: self._parts(*at)[0], (unknowns.T, z)).T

    def jacobian(
        self, unknowns: Inexact[Array, "m n"], z: Inexact[Array, " n"]
    ) -> Inexact[Array, "m m n"]:
        """Derivatives of `gaps` in the unknowns."""
        matrices = jax.lax.map(lambda at: self._parts(*at)[1], (unknowns.T, z))
        return jnp.moveaxis(matrices, 0, -1)

    def _parts(
        self, unknowns: Inexact[Array, " m"], z: Inexact[Array, ""]
    ) -> tuple[Inexact[Array, " m"], Inexact[Array, "m m"]]:
        """The relative gaps of ``1/q`` and ``1/zeta_c``, and their derivatives, at one point."""
        q, factors = unknowns[0], unknowns[1:]
        d = self.linear.shape[1]
        scale = self.features * q
        total = jnp.tensordot(self.fractions * factors, self.linear, 1)
        total = total + self.noise_power * jnp.eye(d)
        # G = (1 + psi_p q B)^-1;  B G = (1 - G) / (psi_p q)
        green = jnp.linalg.inv(jnp.eye(d) + scale * total)
        turned = jnp.einsum("cij,jk->cik", self.linear.astype(green.dtype), green)
        first = jnp.trace(turned, axis1=1, axis2=2) / d
        second = jnp.einsum("aij,bji->ab", turned, turned) / d  # tr[L_a G L_b G] / d
        square = jnp.einsum("aij,ji->a", turned, green) / d  # tr[L_a G^2] / d
        traces = jnp.trace(green) / d, jnp.sum(green * green.T) / d
        ratio, weights = self.features / self.samples, self.fractions
        right = (
            self.residual_power - z + (weights * factors) @ self.memory + (1 - traces[0]) / scale
        )
        loads = scale * first / self.samples + ratio * self.memory * q
        # d green = -psi_p G (q dB + B dq) G;  psi_p q G B G = G - G^2
        in_q = -(1 - traces[0]) / (scale * q) + (traces[0] - traces[1]) / (scale * q)
        top = jnp.concatenate([(right + q * in_q)[None], q * weights * (self.memory + square)])
        loads_q = self.features * square / self.samples + ratio * self.memory
        loads_zeta = -(scale**2) / self.samples * second * weights[None]
        lower = jnp.diag(1 + loads) + factors[:, None] * loads_zeta
        lower = jnp.concatenate([(factors * loads_q)[:, None], lower], axis=1)
        gaps = jnp.concatenate([(q * right - 1)[None], factors * (1 + loads) - 1])
        return gaps, jnp.concatenate([top[None], lower])

    @property
    def floor(self) -> Float[Array, ""]:
        """Where the atom lies, s^2."""
        return self.residual_power

    @property
    def lowest(self) -> Float[Array, ""]:
        """No eigenvalue lies below the atom."""
        return self.residual_power

    def upper_bound(self) -> Float[Array, ""]:
        """No eigenvalue of the bulks lies above; with Frobenius norms for spectral ones."""
        norms = jnp.sqrt(jnp.sum(self.linear**2, axis=(1, 2)))
        largest = norms.max() + self.noise_power
        return self.residual_power + bound(largest, self.memory.max(), self.samples, self.features)


def resolvent_of_covariances(
    fractions: npt.ArrayLike,
    covariances: npt.ArrayLike,
    time: ScalarLike,
    samples_per_dimension: ScalarLike,
    features_per_dimension: ScalarLike,
    z: npt.ArrayLike | ScalarLike,
    *,
    activation: Callable[[Array], Array] = jnp.tanh,
) -> Resolvent:
    """`spectrum.resolvent` for classes of covariances that need not commute.

    Asymptotic in d, at given spectra and directions; normalised traces stand for the limit's.
    Differentiable.

    Shapes: covariances `[k, d, d]`, `z` any.
    Errors: ValueError for covariances that are not square, symmetric and positive semi-definite;
    else as `ClassModel` and `spectrum.resolvent`.
    Cost: some 80 inversions of a complex `[d, d]` matrix a point off the axis, several times that
    on it.
    Source: derived here.
    """
    covariances = jnp.asarray(covariances, float)
    validate.shape("covariances", covariances, (None, None, None), "pass one [d, d] per class")
    k, d = covariances.shape[:2]
    validate.shape("covariances", covariances, (k, d, d), "pass square matrices")
    validate.semidefinite("covariances", covariances)
    variances = jnp.trace(covariances, axis1=1, axis2=2) / d
    model = ClassModel(
        fractions, variances, time, samples_per_dimension, features_per_dimension,
        activation=activation,
    )  # fmt: skip
    constants = class_constants(model)
    linear = jnp.exp(-2 * model.time) * constants.slope**2
    system = Matrices(
        fractions=model.fractions,
        linear=linear[:, None, None] * covariances,
        memory=constants.memory_power,
        noise_power=model.fractions @ constants.noise_power,
        residual_power=model.fractions @ constants.residual_power,
        samples=model.samples_per_dimension,
        features=model.features_per_dimension,
    )
    return at_points(system, z)
