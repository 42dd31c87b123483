"""The fixed point behind the feature spectrum of classes with centroids as long as ``sqrt(d)``.

The pre-activation of neuron i in class c is shifted by ``e^-t h_c``, ``h_c = w_i . mu_c / sqrt d``,
frozen and normal with covariance M, the overlaps ``mu_c . mu_c' / d``. All constants become
functions of h (`constants.shifted_constants`), so the sample vectors have covariance ``C_c =
e^-2t var_c A_c S A_c + diag v_c^2(h)``, ``A_c = diag a_c(h)``, ``S = W W'/d``, and a mean. The mean
has a length of order sqrt(p) and makes at most k eigenvalues of order p (`giant_outliers`); a
finite number of directions leaves everything else as it is. With ``zeta_c = 1 / (1 + V_c)``,
``V_c = tr(C_c R) / n``, ``alpha_c = pi_c (e^-2t var_c zeta_c + D)``, the columns of W leave one by
one, each a perturbation ``sum_c alpha_c (A_c w)(A_c w)' / d`` of rank k. Hence, with
``Theta = psi_p E_h[a a' Q]`` and ``A = diag alpha``,

    1/Q(h) = s^2(h) - z + sum_c pi_c zeta_c v_c^2(h) + a(h)' A (1 + Theta A)^-1 a(h),
    T = (1 + Theta A)^-1 Theta,      T_cc' = lim tr(W' A_c R A_c' W) / d^2,
    V_c = (e^-2t var_c T_cc + psi_p E_h[v_c^2 Q]) / psi_n,       q = E_h Q.

Unknowns: Theta (symmetric) and zeta. Without centroids Theta = psi_p q a a', and the centred fixed
point comes back. Derived here; arXiv 2605.06367 is known to us by its abstract.

Averages over h are by the trapezoidal rule (see `special`) on half of its nodes, since an odd
activation makes all constants even in h (of orthogonal centroids even in each h_c, so that a
quarter or an eighth of the nodes do). The nodes stand for as many kinds of neuron: inside the
range of s^2(h) the spectrum is resolved only at heights above the spacing of s^2 between nodes.
"""

from __future__ import annotations

from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Complex, Float, Inexact

from diversity_jax import special
from diversity_jax.diffusion.model import ClassModel
from diversity_jax.diffusion.theory.equations import responses
from diversity_jax.diffusion.theory.equations.algebra import (
    inverse,
    packed,
    real_product,
    unpacked,
)
from diversity_jax.diffusion.theory.equations.constants import shifted_constants
from diversity_jax.diffusion.theory.equations.copies import Place, Source
from diversity_jax.diffusion.theory.equations.shifts import shifts_of
from diversity_jax.diffusion.theory.equations.system import ClassSystem, bound


class Neurons(ClassSystem):
    """Kinds of neuron with their shares, and the constants of each class for each kind."""

    fractions: Float[Array, " k"]
    signal: Float[Array, " k"]  # e^-2t variance
    noise: Float[Array, ""]  # D
    samples: Float[Array, ""]
    features: Float[Array, ""]
    weights: Float[Array, " h"]
    slopes: Float[Array, "h k"]
    means: Float[Array, "h k"]
    memory: Float[Array, "h k"]
    residuals: Float[Array, "h k"]
    totals: Float[Array, "h k"]
    together: Bool[Array, "k k"]  # classes whose mean features are correlated between neurons

    contour_nodes: ClassVar[int] = 64  # the spectrum reaches down to nearly 0

    @property
    def residual_power(self) -> Float[Array, ""]:
        """The mean of s^2(h) over neurons."""
        return self.weights @ self.residuals @ self.fractions

    @property
    def floor(self) -> Float[Array, ""]:
        """The largest s^2(h): bulks are looked for above the band that replaces the atom."""
        return (self.residuals @ self.fractions).max()

    @property
    def lowest(self) -> Float[Array, ""]:
        """The smallest s^2(h)."""
        return (self.residuals @ self.fractions).min()

    def upper_bound(self) -> Float[Array, ""]:
        """No eigenvalue of the bulks lies above; by the norms of the parts of U."""
        steepest = (self.slopes**2).max()
        largest = steepest * (self.signal.max() + self.noise)
        return self.floor + bound(largest, self.memory.max(), self.samples, self.features)

    def atom_mass(self, masses: Float[Array, " b"]) -> Float[Array, ""]:
        """All mass of the band, whatever its origin."""
        return 1 - jnp.nansum(masses)

    def resolved(self, grid: Float[Array, "*n"]) -> Bool[Array, "*n"]:
        """Above the band."""
        return grid > self.floor

    def powers(self) -> Float[Array, "h m"]:
        """Ones, products of slopes (upper triangle), v_c^2: 1/Q is linear in them."""
        a, b = np.triu_indices(self.fractions.shape[0])
        ones = jnp.ones((self.weights.shape[0], 1))
        products = self.slopes[:, a] * self.slopes[:, b]
        return jnp.concatenate([ones, products, self.memory], axis=1)

    def start(self, z: Complex[Array, " n"]) -> Complex[Array, "m n"]:
        """The unknowns to first order for large z."""
        k = self.fractions.shape[0]
        first = (self.weights @ self.powers()[:, :-k]) * self._scales()
        return jnp.concatenate(
            [-first[:, None] * inverse(z)[None], jnp.ones((k, z.shape[0]), z.dtype)]
        )

    def trace(self, unknowns: Inexact[Array, "m n"]) -> Inexact[Array, " n"]:
        """The normalised trace q."""
        return unknowns[0]

    def factors(self, unknowns: Inexact[Array, "m n"]) -> Inexact[Array, "k n"]:
        """The class factors zeta_c."""
        return unknowns[-self.fractions.shape[0] :]

    def sizes(self, unknowns: Inexact[Array, "m n"]) -> Float[Array, "m n"]:
        """Of q and zeta_c their own, of Theta its mean diagonal."""
        own = unknowns.real**2 + unknowns.imag**2
        k = self.fractions.shape[0]
        a, b = np.triu_indices(k)
        diagonal = own[1:-k][a == b].mean(axis=0)
        return own.at[1:-k].set(jnp.broadcast_to(diagonal[None], own[1:-k].shape))

    def gaps(
        self, unknowns: Inexact[Array, "m n"], z: Inexact[Array, " n"]
    ) -> Inexact[Array, "m n"]:
        """By how much the equations are missed, relative to their sides."""
        sizes = jnp.sqrt(self.sizes(unknowns))
        return jax.vmap(self._missed, (1, 0), 1)(unknowns, z) / sizes

    def jacobian(
        self, unknowns: Inexact[Array, "m n"], z: Inexact[Array, " n"]
    ) -> Inexact[Array, "m m n"]:
        """Derivatives of `gaps` in the unknowns."""

        def at(unknowns: Array, z: Array) -> Array:
            place = self.place(unknowns, z)
            return self.matrix(place, place)

        sizes = jnp.sqrt(self.sizes(unknowns))
        return jax.vmap(at, (1, 0), 2)(unknowns, z) / sizes[:, None]

    def _scales(self) -> Float[Array, " m"]:
        k = self.fractions.shape[0]
        return jnp.where(jnp.arange(1 + k * (k + 1) // 2) == 0, 1.0, self.features)

    def _missed(self, unknowns: Array, z: Array) -> Array:
        k = self.fractions.shape[0]
        place = self.place(unknowns, z)
        moments = real_product(self.powers().T * self.weights[None], place.resolvents)
        loads = self.signal * jnp.diagonal(place.overlaps) + self.features * moments[-k:]
        updated = [self._scales() * moments[:-k], inverse(1 + loads / self.samples)]
        return unknowns - jnp.concatenate(updated)

    def place(self, unknowns: Inexact[Array, " m"], z: Inexact[Array, ""]) -> Place:
        """All that the equations are made of, at one point."""
        k = self.fractions.shape[0]
        theta, factors = unpacked(unknowns[1:-k], k), unknowns[-k:]
        shares = self.fractions * (factors * self.signal + self.noise)
        kernel = special.solve_small(
            jnp.eye(k) + theta * shares[None], jnp.eye(k, dtype=theta.dtype)
        )
        coupling = shares[:, None] * kernel
        pulls = jnp.concatenate([jnp.zeros(1), packed(coupling), self.fractions * factors])
        rest = self.residuals @ self.fractions - z + real_product(self.powers(), pulls)
        return Place(factors, kernel, kernel @ theta, coupling, inverse(rest))

    def gram(self, one: Place, two: Place) -> Inexact[Array, "m m"]:
        """``E_h[powers powers' Q1 Q2]``."""
        powers = self.powers()
        a, b = np.triu_indices(powers.shape[1])
        both = powers[:, a] * powers[:, b] * self.weights[:, None]
        return unpacked(real_product(both.T, one.resolvents * two.resolvents), powers.shape[1])

    def matrix(self, one: Place, two: Place) -> Inexact[Array, "m m"]:
        """The linearised equations between a copy at `one` and a copy at `two` (see `responses`).

        With both alike the derivatives of the equations in the unknowns.
        """
        gram = self.gram(one, two)
        unit = jnp.eye(gram.shape[0], dtype=gram.dtype)
        return jax.vmap(lambda change: self._image(one, two, gram, change), 1, 1)(unit)

    def _image(self, one: Place, two: Place, gram: Array, change: Array) -> Array:
        k = self.fractions.shape[0]
        theta, factors = unpacked(change[1:-k], k), change[-k:]
        shares = self.fractions * self.signal * factors
        coupling = one.coupled(two, shares) - one.coupling @ theta @ two.coupling
        pulls = jnp.concatenate([jnp.zeros(1), packed(coupling), self.fractions * factors])
        moments = -gram @ pulls
        overlaps = one.kernel @ theta @ two.kernel.T - one.turned(two, shares)
        return change - self.answer(one, two, moments, overlaps)

    def answer(self, one: Place, two: Place, moments: Array, overlaps: Array) -> Array:
        """Changes of q, Theta and zeta from those of ``E_h[powers Q]`` and T."""
        k = self.fractions.shape[0]
        loads = self.signal * jnp.diagonal(overlaps) + self.features * moments[-k:]
        factors = -one.factors * two.factors * loads / self.samples
        return jnp.concatenate([self._scales() * moments[:-k], factors])

    def responses(
        self, points: Complex[Array, " n"], unknowns: Complex[Array, "m n"]
    ) -> tuple[Complex[Array, "k n"], Complex[Array, "x n n2"]]:
        """See `ClassSystem`; here ``V_c = sqrt(D) A_c W / sqrt d``.

        ``tr(V' R V_c) / d = D sum_c' pi_c' T_c'c`` and ``N_x = -D pi' dT_x pi``. A change of the
        ``alpha`` and of Theta changes ``Gamma = A (1 + Theta A)^-1`` and T by ``(1 + A Theta)^-1 dA
        (1 + Theta A)^-1 - Gamma dTheta Gamma`` and ``(1 + Theta A)^-1 dTheta (1 + A Theta)^-1 - T
        dA T``, left factors at z1 and right ones at z2.
        """
        places = jax.vmap(self.place, (1, 0))(unknowns, points)
        linear = self.noise * jnp.einsum("a,nab->bn", self.fractions, places.overlaps)
        # n points make n (n + 1) pairs: blocks of n come out even, and nothing is compiled twice.
        return linear, responses.at_pairs(self._response, places, batch_size=points.size)

    def _sources(self, one: Place, two: Place) -> Source:
        """Samples of class c: more weight on their own rows. New ones: their population's U."""
        k = self.fractions.shape[0]
        power = self.signal + self.noise
        fresh = self.totals - self.means**2 - power[None] * self.slopes**2
        diagonal = jnp.concatenate([self.residuals, fresh], axis=1)
        powers = self.powers() * self.weights[:, None]
        product = one.resolvents * two.resolvents
        own = jnp.eye(k) / self.fractions[None]
        return Source(
            shares=jnp.concatenate([self.noise * jnp.eye(k), jnp.diag(power)]),
            factors=jnp.concatenate([own, jnp.zeros((k, k))]),
            moments=real_product(powers.T, product[:, None] * diagonal).T,
        )

    def _response(self, one: Place, two: Place) -> Complex[Array, " x"]:
        """``N_x(z1, z2)`` for every x, samples of each class first, then new ones."""
        k, pi = self.fractions.shape[0], self.fractions
        gram, sources = self.gram(one, two), self._sources(one, two)

        def given(source: Source) -> Array:
            coupling = packed(one.coupled(two, source.shares))
            pulls = jnp.concatenate([jnp.zeros(1), coupling, jnp.zeros(k)])
            moments = -gram @ pulls - source.moments
            answer = self.answer(one, two, moments, -one.turned(two, source.shares))
            return answer.at[-k:].add(one.factors * two.factors * source.factors)

        right = jax.vmap(given, 0, 1)(sources)
        change = special.solve_small(self.matrix(one, two), right)

        def response(change: Array, shares: Array) -> Array:
            theta = unpacked(change[1:-k], k)
            moved = shares + pi * self.signal * change[-k:]
            overlaps = one.kernel @ theta @ two.kernel.T - one.turned(two, moved)
            return -self.noise * (pi @ overlaps @ pi)

        return jax.vmap(response, (1, 0))(change, sources.shares)


def neurons(model: ClassModel) -> Neurons:
    """The kinds of neuron of `model`, whose centroids are extensive.

    Up to three independent centroids; differentiable in the overlaps within their rank.

    Errors: ValueError for overlaps of higher rank (of more than three classes where they are
    traced).
    """
    shifts, weights, together = shifts_of(model)
    decay, noise = jnp.exp(-2 * model.time), -jnp.expm1(-2 * model.time)
    shifted = shifted_constants(
        shift=jnp.exp(-model.time) * shifts,
        variance=jnp.broadcast_to(model.mean_variances[None], shifts.shape),
        time=model.time,
        activation=model.activation,
    )
    return Neurons(
        fractions=model.fractions,
        signal=decay * model.mean_variances,
        noise=noise,
        samples=model.samples_per_dimension,
        features=model.features_per_dimension,
        weights=weights,
        slopes=shifted.constants.slope,
        means=shifted.mean,
        memory=shifted.constants.memory_power,
        residuals=shifted.constants.residual_power,
        totals=shifted.constants.total_power,
        together=together,
    )
