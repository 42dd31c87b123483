"""What a system of equations for the feature spectrum says of itself, whatever it is made of."""

from __future__ import annotations

import abc

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Bool, Complex, Float, Inexact

from diversity_jax.records import Record


class System(Record):
    """Equations for a few unknowns at each point z; arrays end in the axis of the points."""

    features: eqx.AbstractVar[Float[Array, ""]]

    @abc.abstractmethod
    def start(self, z: Complex[Array, " n"]) -> Complex[Array, "m n"]:
        """The unknowns to first order for large z."""

    @abc.abstractmethod
    def gaps(
        self, unknowns: Inexact[Array, "m n"], z: Inexact[Array, " n"]
    ) -> Inexact[Array, "m n"]:
        """By how much the equations are missed, relative to their sides."""

    @abc.abstractmethod
    def jacobian(
        self, unknowns: Inexact[Array, "m n"], z: Inexact[Array, " n"]
    ) -> Inexact[Array, "m m n"]:
        """Derivatives of `gaps` in the unknowns."""

    @abc.abstractmethod
    def trace(self, unknowns: Inexact[Array, "m n"]) -> Inexact[Array, " n"]:
        """The normalised trace q of the resolvent."""

    @abc.abstractmethod
    def factors(self, unknowns: Inexact[Array, "m n"]) -> Inexact[Array, "k n"]:
        """The class factors zeta_c."""

    def sizes(self, unknowns: Inexact[Array, "m n"]) -> Float[Array, "m n"]:
        """What steps are measured by: the squares of the unknowns' own sizes."""
        return unknowns.real**2 + unknowns.imag**2

    @property
    @abc.abstractmethod
    def floor(self) -> Float[Array, ""]:
        """Where the atom, or what it is spread over, ends; bulks are looked for above."""

    @property
    @abc.abstractmethod
    def lowest(self) -> Float[Array, ""]:
        """No eigenvalue lies below."""

    @abc.abstractmethod
    def upper_bound(self) -> Float[Array, ""]:
        """No eigenvalue of the bulks lies above; by the norms of the parts of U."""


class ClassSystem(System):
    """The equations of a `ClassModel`, which also say how its spectrum and its losses are read."""

    fractions: eqx.AbstractVar[Float[Array, " k"]]
    noise: eqx.AbstractVar[Float[Array, ""]]  # D

    contour_nodes: eqx.AbstractClassVar[int]

    @property
    def rate(self) -> Float[Array, ""]:
        """What eigenvalues and training times are multiplied by in exponents, ``2 D / psi_p``."""
        return 2 * self.noise / self.features

    @property
    @abc.abstractmethod
    def residual_power(self) -> Float[Array, ""]:
        """The mean s^2, where the atom lies."""

    @abc.abstractmethod
    def atom_mass(self, masses: Float[Array, " b"]) -> Float[Array, ""]:
        """The mass at and about the atom, beside that of the bulks, which are padded with NaN."""

    @abc.abstractmethod
    def resolved(self, grid: Float[Array, "*n"]) -> Bool[Array, "*n"]:
        """Where the density follows from the equations."""

    @abc.abstractmethod
    def responses(
        self, points: Complex[Array, " n"], unknowns: Complex[Array, "m n"]
    ) -> tuple[Complex[Array, "k n"], Complex[Array, "x n n2"]]:
        """``tr(V' R V_c) / d`` at roots, and N_x at their pairs, then at pairs with conjugates.

        x counts classes on their own samples, then on new ones (see `responses`).
        """


def bound(
    linear: Float[Array, ""],
    memory: Float[Array, ""],
    samples: Float[Array, ""],
    features: Float[Array, ""],
) -> Float[Array, ""]:
    """The largest eigenvalue that parts of norms `linear` (in W W'/d) and `memory` can make."""
    largest = linear * (jnp.sqrt(features) + 1) ** 2
    spread = memory * (jnp.sqrt(features / samples) + 1) ** 2
    signal = largest * (1 + 1 / jnp.sqrt(samples)) ** 2
    return (jnp.sqrt(signal) + jnp.sqrt(spread)) ** 2
