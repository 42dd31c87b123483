"""The support of the feature spectrum: intervals with their edges and masses."""

from __future__ import annotations

from functools import partial

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from diversity_jax.diffusion.theory.equations.algebra import null_vector
from diversity_jax.diffusion.theory.equations.centred import Coefficients
from diversity_jax.diffusion.theory.equations.fixed_point import CUT, on_axis, solve
from diversity_jax.diffusion.theory.equations.system import ClassSystem, System
from diversity_jax.records import Record

# Five rounds of 75 points: edges to some 1e-11, which is what `fixed_point.FLOOR` can tell apart.
POINTS, ROUNDS, MASS_NODES = 1200, 5, 128
WHOLE = 1e-5  # mass that may be missing: quadrature is good to 1e-6


class Bulks(Record):
    """The support of the spectrum: intervals with their masses, and an atom."""

    edges: Float[Array, "b 2"]
    masses: Float[Array, " b"]
    number: Int[Array, ""]
    atom_position: Float[Array, ""]
    atom_mass: Float[Array, ""]
    missing_mass: Float[Array, ""]  # one less that of bulks and atom
    converged: Bool[Array, ""]  # whether it is below `WHOLE`


def bulks_of(system: ClassSystem, largest: int) -> Bulks:
    """The bulks and the atom of `system`; see `spectrum.bulks`."""
    edges, masses, number = find(system, largest)
    atom = system.atom_mass(masses)
    missing = 1 - atom - jnp.nansum(masses)
    whole = jnp.abs(missing) < WHOLE
    return Bulks(edges, masses, number, system.residual_power, atom, missing, whole)


def class_densities(system: Coefficients, grid: Float[Array, " n"]) -> Float[Array, "n k"]:
    """See `spectrum.class_densities`."""
    factors = system.factors(on_axis(system, grid)).T
    return -factors.imag / (jnp.pi * (grid - system.residual_power)[:, None])


class _Search(Record):
    """What is known of the edges, in logs of the distance to the floor, two for each bulk."""

    low: Float[Array, " e"]
    high: Float[Array, " e"]
    entering: Bool[Array, " e"]  # whether the spectrum begins between low and high
    unknowns: Float[Array, "m e"]  # at the end that lies inside
    count: Int[Array, ""]
    masses: Float[Array, " b"]

    def edges(self) -> Float[Array, "b 2"]:
        """Distances to the floor, from inside."""
        return jnp.exp(jnp.where(self.entering, self.high, self.low)).reshape(-1, 2)


@partial(jax.jit, static_argnums=1)
def find(system: System, largest: int) -> tuple[Array, Array, Array]:
    """Edges `[largest, 2]` and masses `[largest]`, padded with NaN, and how many bulks there are.

    A grid finds the changes from outside to inside, rounds of finer grids close in on each. All
    turns, and the masses at the end, ask for as many points, so that the solver is compiled once;
    blocks of them that belong to no bulk that was seen are not solved.
    """
    fixed = jax.lax.stop_gradient(system)
    number = 2 * largest
    fine = max(POINTS // number, MASS_NODES // 2)
    end = jnp.log(1.05 * fixed.upper_bound() - fixed.floor)
    grid = jnp.linspace(jnp.log(1e-6 * fixed.floor), end, number * fine)
    shape = jax.eval_shape(fixed.start, jnp.zeros(number, complex)).shape
    empty = jnp.zeros(number)
    held = _Search(
        empty, empty + 1, empty > 0, jnp.zeros(shape), jnp.asarray(0), jnp.zeros(largest)
    )

    def turn(step: Array, held: _Search) -> _Search:
        stage = jnp.where(step == 0, 0, jnp.where(step <= ROUNDS, 1, 2))
        ask = (lambda held: grid, partial(_between, fine), partial(_nodes, fixed.floor, grid))
        asked = jnp.exp(jax.lax.switch(stage, ask, held))
        # Of a fine grid an edge's own block, of the nodes all blocks up to the last bulk's end.
        used = (number, held.count, -(-MASS_NODES * ((held.count + 1) // 2) // fine))
        unknowns = _in_blocks(fixed, fixed.floor + asked, jax.lax.select_n(stage, *used), number)
        traces = fixed.trace(unknowns)
        inside = traces.imag > CUT * jnp.abs(traces)
        read = (partial(_first, grid), partial(_closer, fine), partial(_masses, fixed.floor))
        return jax.lax.switch(stage, read, held, inside, unknowns.real, traces.imag / jnp.pi)

    held = jax.lax.fori_loop(0, ROUNDS + 2, turn, held)
    places = fixed.floor + held.edges().ravel()
    edges = jax.vmap(partial(_edge, system), (0, 1))(places, held.unknowns).reshape(largest, 2)
    counted = (jnp.arange(number) < held.count).reshape(largest, 2)
    masses = jnp.where(counted[:, 0], held.masses, jnp.nan)
    return jnp.where(counted, edges, jnp.nan), masses, held.count // 2


def _in_blocks(system: System, points: Array, used: Array, number: int) -> Array:
    """`on_axis` block by block, in the first `used` of `number` alone; a first guess elsewhere."""

    def block(one: tuple[Array, Array]) -> Array:
        place, points = one
        at = points + 0j
        return jax.lax.cond(
            place < used, lambda at: solve(system, at, True), lambda at: system.start(at), at
        )

    blocks = points.reshape(number, -1)
    made = jax.lax.map(block, (jnp.arange(number), blocks))
    return jnp.moveaxis(made, 0, 1).reshape(made.shape[1], -1)


def _between(fine: int, held: _Search) -> Array:
    within = jnp.linspace(0.0, 1.0, fine)
    return (held.low[:, None] + (held.high - held.low)[:, None] * within[None]).ravel()


def _nodes(floor: Array, grid: Array, held: _Search) -> Array:
    """The nodes of `bulk_nodes`, then points beyond the spectrum."""
    nodes, _ = jax.vmap(partial(bulk_nodes, atom=floor))(floor + held.edges())
    nodes = jnp.log(nodes.ravel() - floor)
    return jnp.concatenate([nodes, jnp.full(grid.size - nodes.size, grid[-1] + 0.1)])


def _first(grid: Array, held: _Search, inside: Array, unknowns: Array, density: Array) -> _Search:
    """Brackets of the changes seen on the coarse grid."""
    points = grid.size
    changes = jnp.concatenate([inside[:1], inside[1:] != inside[:-1]])
    places = jnp.flatnonzero(changes, size=held.low.size, fill_value=points)
    after = jnp.minimum(places, points - 1)
    return _Search(
        grid[jnp.maximum(places - 1, 0)],
        grid[after],
        inside[after],
        held.unknowns,
        changes.sum(),
        held.masses,
    )


def _closer(fine: int, held: _Search, inside: Array, unknowns: Array, density: Array) -> _Search:
    """Brackets narrowed to one step of the finer grids."""
    rows = inside.reshape(-1, fine) == held.entering[:, None]
    place = jnp.clip(jnp.argmax(rows, axis=1), 1, fine - 1)
    finer, pick = _between(fine, held).reshape(-1, fine), jnp.arange(place.size)
    within = jnp.where(held.entering, place, place - 1)
    at_edges = unknowns.reshape(unknowns.shape[0], -1, fine)[:, pick, within]
    low, high = finer[pick, place - 1], finer[pick, place]
    return _Search(low, high, held.entering, at_edges, held.count, held.masses)


def _masses(floor: Array, held: _Search, inside: Array, unknowns: Array, density: Array) -> _Search:
    """Each bulk's mass by quadrature."""
    _, weights = jax.vmap(partial(bulk_nodes, atom=floor))(floor + held.edges())
    heights = jnp.maximum(density[: weights.size].reshape(weights.shape), 0.0)
    return eqx.tree_at(lambda held: held.masses, held, (weights * heights).sum(axis=1))


def _edge(system: System, at: Array, unknowns: Array) -> Array:
    """The edge `at` with its unknowns, differentiable: there the Jacobian J is singular, l'J = 0.

    So ``l' (dF/dz dz + dF/dsystem dsystem) = 0`` whatever the unknowns do.
    """
    fixed, at, unknowns = jax.lax.stop_gradient((system, at, unknowns[:, None]))
    jacobian = fixed.jacobian(unknowns, at[None])[..., 0]

    def gap(system: System, z: Array) -> Array:
        return system.gaps(unknowns, z[None])[:, 0]

    # The Jacobian is never singular to the last digit.
    left = null_vector(jacobian.T, jnp.ones_like(jacobian[0]))
    slope = jax.jvp(partial(gap, fixed), (at,), (jnp.ones_like(at),))[1]
    left, slope = jax.lax.stop_gradient((left, slope))
    return at - left @ (gap(system, at) - gap(fixed, at)) / (left @ slope)


def bulk_nodes(edges: Float[Array, " 2"], atom: Array) -> tuple[Array, Array]:
    """Nodes in a bulk, and weights that integrate a density with square-root edges there."""
    angle = (jnp.arange(MASS_NODES) + 0.5) * jnp.pi / MASS_NODES
    first, last = jnp.log(edges - atom)
    distance = jnp.exp((first + last) / 2 - (last - first) / 2 * jnp.cos(angle))
    weights = distance * (last - first) / 2 * jnp.sin(angle) * jnp.pi / MASS_NODES
    return atom + distance, weights
