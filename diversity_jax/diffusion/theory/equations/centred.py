"""The fixed point behind the feature spectrum of classes without extensive centroids.

With ``m = psi_p q`` and loads ``V_c = sum_g f_g kappa_cg^2 k_g / psi_n + v_c^2 q psi_p / psi_n``,
``zeta_c = 1 / (1 + V_c)``, ``beta_g = b^2 + sum_c pi_c zeta_c kappa_cg^2`` (see `spectrum`), the
unknowns are q and one k_g per group of directions, however many classes there are:

    q (s^2 - z + sum_c pi_c zeta_c v_c^2) + sum_g f_g (1 - k_g / m) / psi_p = 1,
    k_g / m + k_g beta_g = 1.
"""

from __future__ import annotations

from functools import partial
from typing import ClassVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Complex, Float, Inexact

from diversity_jax import special
from diversity_jax.diffusion.model import ClassModel
from diversity_jax.diffusion.theory.equations import responses
from diversity_jax.diffusion.theory.equations.algebra import inverse
from diversity_jax.diffusion.theory.equations.constants import class_constants
from diversity_jax.diffusion.theory.equations.system import ClassSystem, bound
from diversity_jax.records import Record


class Place(Record):
    """What the responses are made of at one root."""

    trace: Complex[Array, "*n"]
    factors: Complex[Array, "*n k"]
    weights: Complex[Array, "*n g"]  # beta
    overlaps: Complex[Array, "*n g"]  # k_g


class Source(Record):
    """How U_x perturbs the weights of the classes' samples, beta and the constant part."""

    factors: Float[Array, "*x k"]
    weights: Float[Array, "*x g"]
    constant: Float[Array, "*x"]


class Coefficients(ClassSystem):
    """What the fixed point needs of a model; its unknowns are q and k_g."""

    fractions: Float[Array, " k"]
    slopes: Float[Array, " k"]
    linear: Float[Array, "k g"]  # signal power per direction group
    memory: Float[Array, " k"]
    residuals: Float[Array, " k"]  # s^2 of each class
    noise: Float[Array, ""]  # D
    groups: Float[Array, " g"]
    samples: Float[Array, ""]
    features: Float[Array, ""]

    contour_nodes: ClassVar[int] = 48

    @property
    def noise_power(self) -> Float[Array, ""]:
        """b^2, averaged over classes."""
        return self.fractions @ (self.noise * self.slopes**2)

    @property
    def residual_power(self) -> Float[Array, ""]:
        """s^2, averaged over classes: where the atom lies."""
        return self.fractions @ self.residuals

    def start(self, z: Complex[Array, " n"]) -> Complex[Array, "m n"]:
        """The unknowns to first order for large z."""
        q = -inverse(z)
        beta = self.noise_and_signal(jnp.ones((self.fractions.shape[0], z.shape[0])))
        k = self.features * q[None] * inverse(1 + self.features * q[None] * beta)
        return jnp.concatenate([q[None], k])

    def trace(self, unknowns: Inexact[Array, "m n"]) -> Inexact[Array, " n"]:
        """The normalised trace q."""
        return unknowns[0]

    def factors(self, unknowns: Inexact[Array, "m n"]) -> Inexact[Array, "k n"]:
        """The class factors zeta_c."""
        pulled = self.linear * self.groups[None] / self.samples
        loads = (pulled[:, :, None] * unknowns[None, 1:]).sum(axis=1)
        loads = loads + (self.memory * self.features / self.samples)[:, None] * unknowns[:1]
        return inverse(1 + loads)

    def noise_and_signal(self, factors: Inexact[Array, "k n"]) -> Inexact[Array, "g n"]:
        """beta_g of given zeta_c."""
        weights = self.fractions[:, None] * self.linear
        return self.noise_power + (weights[:, :, None] * factors[:, None]).sum(axis=0)

    def gaps(
        self, unknowns: Inexact[Array, "m n"], z: Inexact[Array, " n"]
    ) -> Inexact[Array, "m n"]:
        """By how much the equations are missed, relative to their sides."""
        factors = self.factors(unknowns)
        beta = self.noise_and_signal(factors)
        q, k = unknowns[0], unknowns[1:]
        rest = k * inverse(self.features * q)[None]
        spread = (self.groups[:, None] * (1 - rest)).sum(axis=0) / self.features
        first = q * (self.residual_power - z + self._remembered(factors)) + spread - 1
        return jnp.concatenate([first[None], rest + k * beta - 1])

    def jacobian(
        self, unknowns: Inexact[Array, "m n"], z: Inexact[Array, " n"]
    ) -> Inexact[Array, "m m n"]:
        """Derivatives of `gaps` in the unknowns."""
        factors = self.factors(unknowns)
        beta = self.noise_and_signal(factors)
        per_q = inverse(self.features * unknowns[0])
        falls = unknowns[1:] * per_q[None] * (self.features * per_q)[None]  # k_g / (psi_p q^2)
        corner = self.residual_power - z + self._remembered(factors)
        corner = corner + (self.groups[:, None] * falls).sum(axis=0) / self.features
        top = jnp.concatenate([corner[None], -(self.groups / self.features)[:, None] * per_q[None]])
        inner = jnp.eye(beta.shape[0])[:, :, None] * (per_q[None] + beta)[:, None]
        lower = jnp.concatenate([-falls[:, None], inner], axis=1)
        return jnp.concatenate([top[None], lower]) + self._through_factors(unknowns, factors)

    def _remembered(self, factors: Array) -> Array:
        return ((self.fractions * self.memory)[:, None] * factors).sum(axis=0)

    def _through_factors(self, unknowns: Array, factors: Array) -> Array:
        """The part of `jacobian` that comes from the change of the zeta_c."""
        moved = self.linear * self.groups[None] / self.samples
        loads = self.memory * self.features / self.samples
        moved = jnp.concatenate([loads[:, None], moved], axis=1)
        powers = jnp.concatenate([self.memory[:, None], self.linear], axis=1)
        both = self.fractions[:, None, None] * powers[:, :, None] * moved[:, None, :]
        summed = (both[..., None] * (factors**2)[:, None, None]).sum(axis=0)
        return -summed * unknowns[:, None]

    @property
    def floor(self) -> Float[Array, ""]:
        """Where the atom lies, s^2."""
        return self.residual_power

    @property
    def lowest(self) -> Float[Array, ""]:
        """No eigenvalue lies below the atom."""
        return self.residual_power

    def upper_bound(self) -> Float[Array, ""]:
        """No eigenvalue of the bulks lies above; by the norms of the parts of U."""
        largest = self.linear.max() + self.noise_power
        return self.residual_power + bound(largest, self.memory.max(), self.samples, self.features)

    def atom_mass(self, masses: Float[Array, " b"]) -> Float[Array, ""]:
        """``max(0, 1 - (1 + psi_n) / psi_p)``: by the ranks of the parts of U."""
        return jnp.maximum(0.0, 1 - (1 + self.samples) / self.features)

    def resolved(self, grid: Float[Array, "*n"]) -> Bool[Array, "*n"]:
        """Everywhere."""
        return jnp.ones(grid.shape, bool)

    def lone_edges(self) -> Float[Array, " k"]:
        """The left edge of the bulk that each class alone would have, asymptotic in psi_p/psi_n."""
        room = jnp.sqrt(self.features / self.samples) - jnp.sqrt(self.fractions)
        return self.residual_power + self.memory * room**2

    def responses(
        self, points: Complex[Array, " n"], unknowns: Complex[Array, "m n"]
    ) -> tuple[Complex[Array, "k n"], Complex[Array, "x n n2"]]:
        """See `ClassSystem`; here ``V_c`` is a number, the class's gain, times ``W / sqrt d``."""
        factors = self.factors(unknowns)
        beta = self.noise_and_signal(factors)
        gains = jnp.sqrt(self.noise) * self.slopes
        mean_gain = self.fractions @ gains
        places = Place(unknowns[0], factors.T, beta.T, unknowns[1:].T)
        pair = partial(self._response, self._sources())
        linear = mean_gain * gains[:, None] * (self.groups @ unknowns[1:])[None]
        return linear, mean_gain**2 * responses.at_pairs(pair, places)

    def _sources(self) -> Source:
        """Samples of class c: more weight on their own rows. New ones: their population's U."""
        k, g = self.linear.shape
        own = jnp.eye(k) / self.fractions[:, None]
        noise = (self.noise * self.slopes**2)[:, None]
        trained = jnp.broadcast_to(noise, (k, g))
        return Source(
            factors=jnp.concatenate([own, jnp.zeros((k, k))]),
            weights=jnp.concatenate([trained, self.linear + noise]),
            constant=jnp.concatenate([self.residuals, self.residuals + self.memory]),
        )

    def _response(self, source: Source, one: Place, two: Place) -> Complex[Array, " x"]:
        """``tr(W' R(z1) U_x R(z2) W) / d^2`` for every x.

        From ``d(1/q)``, ``d(1/zeta)``, ``d(1/k)`` and ``d(1/gamma)``, ``gamma = beta / (1 + psi q
        beta)``, with unknowns q and zeta_c.
        """
        psi, pi, f = self.features, self.fractions, self.groups
        qq, zz, kk = one.trace * two.trace, one.factors * two.factors, one.overlaps * two.overlaps
        share = kk / (psi**2 * qq)  # gamma1 gamma2 / (beta1 beta2)
        weights = pi[:, None] * self.linear
        pulled = self.linear * (f * kk)[None, :] / self.samples
        to_trace = 1 - qq * psi * (f @ (share * one.weights * two.weights))
        to_factors = qq * (pi * self.memory + weights @ (f * share))
        loads = pulled.sum(axis=1) / (psi * qq) + psi / self.samples * self.memory
        top = jnp.concatenate([to_trace[None], to_factors])
        rest = jnp.eye(pi.size) - zz[:, None] * (pulled @ weights.T)
        matrix = jnp.concatenate(
            [top[None], jnp.concatenate([(zz * loads)[:, None], rest], axis=1)]
        )
        given_trace = -qq * (source.weights @ (f * share) + source.constant)
        given_factors = zz[:, None] * (source.factors.T + pulled @ source.weights.T)
        change = special.solve_small(matrix, jnp.concatenate([given_trace[None], given_factors]))
        d_beta = weights.T @ change[1:] + source.weights.T
        return -(f * kk) @ (change[:1] / (psi * qq) - d_beta)


@jax.jit
def coefficients(model: ClassModel) -> Coefficients:
    """What the fixed point of `model` is made of; its centroids are left out."""
    constants = class_constants(model)
    return Coefficients(
        fractions=model.fractions,
        slopes=constants.slope,
        linear=jnp.exp(-2 * model.time) * constants.slope[:, None] ** 2 * model.variances,
        memory=constants.memory_power,
        residuals=constants.residual_power,
        noise=-jnp.expm1(-2 * model.time),
        groups=model.group_fractions,
        samples=model.samples_per_dimension,
        features=model.features_per_dimension,
    )
