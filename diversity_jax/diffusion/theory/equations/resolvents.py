"""The resolvent of any system of equations, with a verdict on each point."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy.typing as npt
from jaxtyping import Array, Bool, Complex, Float, ScalarLike

from diversity_jax import validate
from diversity_jax.diffusion.theory.equations.fixed_point import CUT, TOLERANCE, solve
from diversity_jax.diffusion.theory.equations.system import System
from diversity_jax.records import Record


class Resolvent(Record):
    """The normalised trace of ``(U - z)^-1``, each class's factor, and whether to believe them."""

    trace: Complex[Array, "*z"]
    class_factors: Complex[Array, "*z k"]
    residual: Float[Array, "*z"]
    converged: Bool[Array, "*z"]


def at_points(system: System, z: npt.ArrayLike | ScalarLike) -> Resolvent:
    """Trace and class factors of `system` at z; see `spectrum.resolvent`."""
    z = jnp.asarray(z)
    flat = _resolvent(system, jnp.ravel(z).astype(complex))
    resolvent = jax.tree.map(lambda part: part.reshape(*z.shape, *part.shape[1:]), flat)
    inside = validate.concrete(jnp.isnan(resolvent.trace) & (jnp.imag(z) == 0) & jnp.isfinite(z))
    if inside is not None and inside.any():
        raise validate.fail(
            "z", f"{int(inside.sum())} real values inside a bulk", "values off the real axis",
            "add a small imaginary part, e.g. 1e-9j, or use density",
        )  # fmt: skip
    return resolvent


@jax.jit
def _resolvent(system: System, z: Complex[Array, " n"]) -> Resolvent:
    below = z.imag < 0
    upper = jnp.where(below, jnp.conj(z), z)
    unknowns = solve(system, upper)
    state = jnp.concatenate([system.trace(unknowns)[None], system.factors(unknowns)])
    size = jnp.abs(state)
    tiny = 1e-7 * size
    physical = (state[0].imag > -tiny[0]) & (state[1:].imag < tiny[1:]).all(axis=0)
    residual = jnp.abs(system.gaps(unknowns, upper)).max(axis=0)
    # On the real axis a solution that is not real is one of the two limits of a cut.
    on_cut = (upper.imag == 0) & (jnp.abs(state.imag) > CUT * size).any(axis=0)
    converged = (residual < TOLERANCE) & physical & ~on_cut & jnp.isfinite(size).all(axis=0)
    state = jnp.where(upper.imag == 0, state.real + 0j, state)
    state = jnp.where(on_cut, jnp.nan, jnp.where(below, jnp.conj(state), state))
    return Resolvent(state[0], state[1:].T, residual, converged)
