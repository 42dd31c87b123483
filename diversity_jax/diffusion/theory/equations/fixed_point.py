"""The way to the physical root of a fixed point of the feature spectrum.

A `System` says what its unknowns are and by how much they miss its equations. Many points z are
followed side by side, from far above the real axis, where the root is unique, down to z, by Newton
steps on logarithmically spaced heights. A few levels do off the axis; where a point then fails its
test, all are followed again in small steps.
"""

from __future__ import annotations

import abc
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Complex, Float

from diversity_jax import special

CUT = 1e-6  # a root at real z whose relative imaginary part is above this lies on a cut
TOLERANCE = 1e-9
FLOOR = 1e-12  # height above the real axis, relative to |z|, at which a real z is decided
FEW, MANY, FINAL = (12, 2), (40, 4), 3  # levels and, at most, Newton steps at each
NEAR = 1e-2  # a relative Newton step below this ends a level: the next error is its square
SURE = 1e-9  # relative imaginary parts that tell the physical root from its conjugate


class System(eqx.Module):
    """Equations for a few unknowns at each point z; arrays end in the axis of the points."""

    features: eqx.AbstractVar[Float[Array, ""]]

    @abc.abstractmethod
    def start(self, z: Complex[Array, " n"]) -> Complex[Array, "m n"]:
        """The unknowns to first order for large z."""

    @abc.abstractmethod
    def gaps(self, unknowns: Array, z: Array) -> Complex[Array, "m n"]:
        """By how much the equations are missed, relative to their sides."""

    @abc.abstractmethod
    def jacobian(self, unknowns: Array, z: Array) -> Complex[Array, "m m n"]:
        """Derivatives of `gaps` in the unknowns."""

    @abc.abstractmethod
    def trace(self, unknowns: Array) -> Complex[Array, " n"]:
        """The normalised trace q of the resolvent."""

    @abc.abstractmethod
    def factors(self, unknowns: Array) -> Complex[Array, "k n"]:
        """The class factors zeta_c."""

    def sizes(self, unknowns: Array) -> Float[Array, "m n"]:
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


def bound(linear: Array, memory: Array, samples: Array, features: Array) -> Array:
    """The largest eigenvalue that parts of norms `linear` (in W W'/d) and `memory` can make."""
    largest = linear * (jnp.sqrt(features) + 1) ** 2
    spread = memory * (jnp.sqrt(features / samples) + 1) ** 2
    signal = largest * (1 + 1 / jnp.sqrt(samples)) ** 2
    return (jnp.sqrt(signal) + jnp.sqrt(spread)) ** 2


def inverse(x: Array) -> Array:
    """``1 / x`` for numbers of moderate size: several times faster than the careful division."""
    if not jnp.iscomplexobj(x):
        return 1 / x
    return jnp.conj(x) / (x.real**2 + x.imag**2)


def solve_each(matrix: Array, right: Array) -> Array:
    """`matrix^-1 right` for `[m, m, n]` and `[m, n]`, point by point."""
    if matrix.shape[0] != 2:
        return jax.vmap(special.solve_small, (-1, -1), -1)(matrix, right)
    (a, b), (c, d) = matrix
    scale = inverse(a * d - b * c)
    return jnp.stack([d * right[0] - b * right[1], a * right[1] - c * right[0]]) * scale[None]


def _newton(system: System, unknowns: Array, z: Array) -> tuple[Array, Array]:
    """One Newton step, no longer than half of each number, and its relative length at each z."""
    step = solve_each(system.jacobian(unknowns, z), system.gaps(unknowns, z))
    square = (step.real**2 + step.imag**2) / system.sizes(unknowns)
    size = jnp.sqrt(jnp.max(square, axis=0))
    return unknowns - step * jnp.minimum(1.0, 0.5 / jnp.maximum(size, 1e-300))[None], size


def descend(system: System, z: Array, levels: Any, newton: Any) -> Array:
    """From far above the real axis to z, on logarithmically spaced heights.

    At most `newton` steps at each height but z itself, which has `FINAL` more.
    """
    target = jnp.maximum(z.imag, FLOOR * jnp.maximum(jnp.abs(z), system.floor))
    top = 3 * (jnp.abs(z) + system.features)
    fall = jnp.log(target / top)

    def down(held: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        level, turn, now = held
        last = level == levels
        height = top * jnp.exp(fall * jnp.minimum(level / (levels - 1), 1.0))
        now, size = _newton(system, now, z.real + 1j * jnp.where(last, z.imag, height))
        # A point that is not a number never gets near; it must not hold the others up.
        near = ~(size >= NEAR).any()
        done = (turn + 1 == jnp.where(last, FINAL, newton)) | (near & ~last)
        return level + done, jnp.where(done, 0, turn + 1), now

    start = jnp.asarray(0), jnp.asarray(0), system.start(z.real + 1j * top)
    return jax.lax.while_loop(lambda held: held[0] <= levels, down, start)[2]


def sure(system: System, unknowns: Array, z: Array) -> Bool[Array, " n"]:
    """Whether the unknowns are a root, and beyond doubt the physical one."""
    q, factors = system.trace(unknowns), system.factors(unknowns)
    upper = (q.imag > SURE * jnp.abs(q)) & (factors.imag < -SURE * jnp.abs(factors)).all(axis=0)
    small = (jnp.abs(system.gaps(unknowns, z)) < TOLERANCE).all(axis=0)
    return upper & small


def solve(
    system: System, z: Complex[Array, " n"], *, patient: bool = False
) -> Complex[Array, "m n"]:
    """The physical root at points on or above the real axis; differentiable.

    `patient` takes small steps at once, which points on the axis need. The last Newton step
    carries the derivatives (implicit function theorem); they need a regular point, not an edge.
    """
    fixed, at = jax.lax.stop_gradient((system, z))

    def attempt(held: tuple[Array, Array]) -> tuple[Array, Array]:
        few = (held[0] == 0) & (not patient)
        levels, newton = (jnp.where(few, one, other) for one, other in zip(FEW, MANY))
        unknowns = descend(fixed, at, levels, newton)
        return jnp.where(few & ~sure(fixed, unknowns, at).all(), 1, 2), unknowns

    start = jnp.asarray(0), jnp.zeros_like(fixed.start(at + 1j))
    _, unknowns = jax.lax.while_loop(lambda held: held[0] < 2, attempt, start)
    unknowns = jax.lax.stop_gradient(unknowns)
    return unknowns - solve_each(fixed.jacobian(unknowns, at), system.gaps(unknowns, z))


@jax.jit
def on_axis(system: System, points: Float[Array, " n"]) -> Complex[Array, "m n"]:
    """Roots at real points, the limits from above where they lie on a cut."""
    return solve(system, points + 0j, patient=True)
