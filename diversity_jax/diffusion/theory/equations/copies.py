"""Copies of the system of extensive centroids side by side, and what stands between them."""

from __future__ import annotations

from jaxtyping import Array, Float, Inexact

from diversity_jax.records import Record


class Place(Record):
    """What the equations are made of at one root."""

    factors: Inexact[Array, "*n k"]  # zeta
    kernel: Inexact[Array, "*n k k"]  # (1 + Theta A)^-1
    overlaps: Inexact[Array, "*n k k"]  # T
    coupling: Inexact[Array, "*n k k"]  # A (1 + Theta A)^-1
    resolvents: Inexact[Array, "*n h"]  # Q(h)

    def coupled(self, other: Place, shares: Array) -> Inexact[Array, "k k"]:
        """How a change of `shares` between the copies changes ``A (1 + Theta A)^-1``."""
        return (self.kernel.T * shares[None]) @ other.kernel

    def turned(self, other: Place, shares: Array) -> Inexact[Array, "k k"]:
        """How a change of `shares` between the copies lowers T."""
        return (self.overlaps * shares[None]) @ other.overlaps


class Source(Record):
    """How U_x perturbs ``alpha``, the weights of the classes' samples and the constant part."""

    shares: Float[Array, "*x k"]
    factors: Float[Array, "*x k"]
    moments: Inexact[Array, "*x m"]
