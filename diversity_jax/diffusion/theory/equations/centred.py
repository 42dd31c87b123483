"""The fixed point behind the feature spectrum of classes without extensive centroids.

With ``m = psi_p q`` and loads ``V_c = sum_g f_g kappa_cg^2 k_g / psi_n + v_c^2 q psi_p / psi_n``,
``zeta_c = 1 / (1 + V_c)``, ``beta_g = b^2 + sum_c pi_c zeta_c kappa_cg^2`` (see `spectrum`), the
unknowns are q and one k_g per group of directions, however many classes there are:

    q (s^2 - z + sum_c pi_c zeta_c v_c^2) + sum_g f_g (1 - k_g / m) / psi_p = 1,
    k_g / m + k_g beta_g = 1.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, Complex, Float

from diversity_jax.diffusion.model import ClassModel
from diversity_jax.diffusion.theory.equations.constants import class_constants
from diversity_jax.diffusion.theory.equations.fixed_point import System, bound, inverse


class Coefficients(System):
    """What the fixed point needs of a model; its unknowns are q and k_g."""

    fractions: Float[Array, " k"]
    linear: Float[Array, "k g"]  # signal power per direction group
    memory: Float[Array, " k"]
    noise: Float[Array, ""]  # b^2, averaged over classes
    residual: Float[Array, ""]  # s^2, averaged over classes: where the atom lies
    groups: Float[Array, " g"]
    samples: Float[Array, ""]
    features: Float[Array, ""]

    def start(self, z: Complex[Array, " n"]) -> Complex[Array, "m n"]:
        """The unknowns to first order for large z."""
        q = -inverse(z)
        beta = self.noise_and_signal(jnp.ones((self.fractions.shape[0], z.shape[0])))
        k = self.features * q[None] * inverse(1 + self.features * q[None] * beta)
        return jnp.concatenate([q[None], k])

    def trace(self, unknowns: Complex[Array, "m n"]) -> Complex[Array, " n"]:
        """The normalised trace q."""
        return unknowns[0]

    def factors(self, unknowns: Complex[Array, "m n"]) -> Complex[Array, "k n"]:
        """The class factors zeta_c."""
        pulled = self.linear * self.groups[None] / self.samples
        loads = (pulled[:, :, None] * unknowns[None, 1:]).sum(axis=1)
        loads = loads + (self.memory * self.features / self.samples)[:, None] * unknowns[:1]
        return inverse(1 + loads)

    def noise_and_signal(self, factors: Array) -> Complex[Array, "g n"]:
        """beta_g of given zeta_c."""
        weights = self.fractions[:, None] * self.linear
        return self.noise + (weights[:, :, None] * factors[:, None]).sum(axis=0)

    def gaps(self, unknowns: Array, z: Array) -> Complex[Array, "m n"]:
        """By how much the equations are missed, relative to their sides."""
        factors = self.factors(unknowns)
        beta = self.noise_and_signal(factors)
        q, k = unknowns[0], unknowns[1:]
        rest = k * inverse(self.features * q)[None]
        spread = (self.groups[:, None] * (1 - rest)).sum(axis=0) / self.features
        first = q * (self.residual - z + self._remembered(factors)) + spread - 1
        return jnp.concatenate([first[None], rest + k * beta - 1])

    def jacobian(self, unknowns: Array, z: Array) -> Complex[Array, "m m n"]:
        """Derivatives of `gaps` in the unknowns."""
        factors = self.factors(unknowns)
        beta = self.noise_and_signal(factors)
        per_q = inverse(self.features * unknowns[0])
        falls = unknowns[1:] * per_q[None] * (self.features * per_q)[None]  # k_g / (psi_p q^2)
        corner = self.residual - z + self._remembered(factors)
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
        return self.residual

    @property
    def lowest(self) -> Float[Array, ""]:
        """No eigenvalue lies below the atom."""
        return self.residual

    def upper_bound(self) -> Float[Array, ""]:
        """No eigenvalue of the bulks lies above; by the norms of the parts of U."""
        largest = self.linear.max() + self.noise
        return self.residual + bound(largest, self.memory.max(), self.samples, self.features)


@jax.jit
def coefficients(model: ClassModel) -> Coefficients:
    """What the fixed point of `model` is made of; its centroids are left out."""
    constants = class_constants(model)
    return Coefficients(
        fractions=model.fractions,
        linear=jnp.exp(-2 * model.time) * constants.slope[:, None] ** 2 * model.group_variances,
        memory=constants.memory_power,
        noise=model.fractions @ constants.noise_power,
        residual=model.fractions @ constants.residual_power,
        groups=model.groups,
        samples=model.samples_per_dimension,
        features=model.features_per_dimension,
    )
