"""The way to the physical root of a fixed point of the feature spectrum.

A `System` says what its unknowns are and by how much they miss its equations. Many points z are
followed side by side, from far above the real axis, where the root is unique, down to z, by Newton
steps on logarithmically spaced heights. A few levels do off the axis; where a point then fails its
test, all are followed again in small steps.
"""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Complex, Float, ScalarLike

from diversity_jax.diffusion.theory.equations.algebra import solve_each
from diversity_jax.diffusion.theory.equations.system import System

CUT = 1e-6  # a root at real z whose relative imaginary part is above this lies on a cut
TOLERANCE = 1e-9
FLOOR = 1e-12  # height above the real axis, relative to |z|, at which a real z is decided
FEW, MANY, FINAL = (12, 2), (40, 4), 4  # levels and, at most, Newton steps at each
NEAR = 1e-2  # a relative Newton step below this ends a level: the next error is its square
SURE = 1e-9  # relative imaginary parts that tell the physical root from its conjugate


def descend(
    system: System, z: Complex[Array, " n"], levels: ScalarLike, newton: ScalarLike
) -> tuple[Complex[Array, "m n"], Complex[Array, "m n"]]:
    """From far above the real axis to z, on logarithmically spaced heights.

    At most `newton` steps at each height but z itself, which has `FINAL` more. With the roots come
    the gaps before the last step, which need not be evaluated again.
    """
    target = jnp.maximum(z.imag, FLOOR * jnp.maximum(jnp.abs(z), system.floor))
    top = 3 * (jnp.abs(z) + system.features)
    fall = jnp.log(target / top)

    def down(
        held: tuple[Array, Array, Array, Array],
    ) -> tuple[Array, Array, Array, Array]:
        level, turn, now, _ = held
        last = level == levels
        height = top * jnp.exp(fall * jnp.minimum(level / (levels - 1), 1.0))
        at = z.real + 1j * jnp.where(last, z.imag, height)
        gaps = system.gaps(now, at)
        now, size = _newton(system, now, at, gaps)
        # A point that is not a number never gets near; it must not hold the others up.
        near = ~(size >= NEAR).any()
        done = (turn + 1 == jnp.where(last, FINAL, newton)) | (near & ~last)
        return level + done, jnp.where(done, 0, turn + 1), now, gaps

    first = system.start(z.real + 1j * top)
    start = jnp.asarray(0), jnp.asarray(0), first, jnp.zeros_like(first)
    return jax.lax.while_loop(lambda held: held[0] <= levels, down, start)[2:]


def _newton(
    system: System,
    unknowns: Complex[Array, "m n"],
    z: Complex[Array, " n"],
    gaps: Complex[Array, "m n"],
) -> tuple[Complex[Array, "m n"], Float[Array, " n"]]:
    """One Newton step, no longer than half of each number, and its relative length at each z."""
    step = solve_each(system.jacobian(unknowns, z), gaps)
    square = (step.real**2 + step.imag**2) / system.sizes(unknowns)
    size = jnp.sqrt(jnp.max(square, axis=0))
    return unknowns - step * jnp.minimum(1.0, 0.5 / jnp.maximum(size, 1e-300))[None], size


def sure(
    system: System, unknowns: Complex[Array, "m n"], gaps: Complex[Array, "m n"]
) -> Bool[Array, " n"]:
    """Whether unknowns with these gaps are a root, and beyond doubt the physical one."""
    q, factors = system.trace(unknowns), system.factors(unknowns)
    upper = (q.imag > SURE * jnp.abs(q)) & (factors.imag < -SURE * jnp.abs(factors)).all(axis=0)
    return upper & (jnp.abs(gaps) < TOLERANCE).all(axis=0)


@partial(jax.custom_jvp, nondiff_argnums=(2,))
def solve(system: System, z: Complex[Array, " n"], patient: bool = False) -> Complex[Array, "m n"]:
    """The physical root at points on or above the real axis; differentiable.

    `patient` takes small steps at once, which points on the axis need. Derivatives are those of an
    implicit function; they need a regular point, not an edge.
    """

    def attempt(held: tuple[Array, Array]) -> tuple[Array, Array]:
        few = (held[0] == 0) & (not patient)
        levels, newton = (jnp.where(few, one, other) for one, other in zip(FEW, MANY))
        unknowns, gaps = descend(system, z, levels, newton)
        return jnp.where(few & ~sure(system, unknowns, gaps).all(), 1, 2), unknowns

    start = jnp.asarray(0), jnp.zeros_like(system.start(z + 1j))
    return jax.lax.while_loop(lambda held: held[0] < 2, attempt, start)[1]


@solve.defjvp
def _solve_jvp(
    patient: bool, primals: tuple[System, Array], tangents: tuple[System, Array]
) -> tuple[Array, Array]:
    unknowns = solve(*primals, patient)
    _, moved = jax.jvp(lambda system, z: system.gaps(unknowns, z), primals, tangents)
    system, z = primals
    invert = partial(solve_each, system.jacobian(unknowns, z))
    # By its derivative, which is linear in the tangents for whoever transposes it.
    _, step = jax.jvp(invert, (jnp.zeros_like(moved),), (moved,))
    return unknowns, -step


@jax.jit
def on_axis(system: System, points: Float[Array, " n"]) -> Complex[Array, "m n"]:
    """Roots at real points, the limits from above where they lie on a cut."""
    return solve(system, points + 0j, True)
