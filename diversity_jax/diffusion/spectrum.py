"""The spectrum of the feature covariance, exact as dimension, samples and features grow together.

Model. ``U = (1/n) sum_nu E_xi f f'`` with features ``f = act(W x_t / sqrt d)`` of the noised
sample ``x_t = e^-t x + sqrt(D) xi``, ``D = 1 - e^-2t``, W ``[p, d]`` standard normal, the average
over the noise xi done exactly. As d grows U behaves like

    (1/n) sum_nu g_nu g_nu' + b^2 W W'/d + s^2 I,
    g_nu = e^-t a_c W x_nu / sqrt d + v_c omega_nu,   omega standard normal,

with constants of the class c of sample nu (`equivalent_constants`). Given W, g_nu is Gaussian
with covariance ``C_c = kappa_c^2 S + v_c^2 I``, ``S = W W'/d``. So with ``R(z) = (U - z)^-1``,
``q = tr R / p``, ``k = tr(W'RW/d) / d``:

    zeta_c = 1 / (1 + tr(C_c R)/n),            beta = b^2 + sum_c pi_c zeta_c kappa_c^2,
    1/q = s^2 - z + sum_c pi_c zeta_c v_c^2 + beta / (1 + psi_p q beta),
    k = psi_p q / (1 + psi_p q beta),          tr(C_c R)/n = kappa_c^2 k/psi_n + v_c^2 q psi_p/psi_n

the first line for a sample covariance of independent rows, the others for the Wishart matrix S
(``w_j'R w_j/d = m/(1 + beta m)`` with ``m = psi_p q``). Directions that differ in variance enter
group by group, with their own beta_g and k_g. For one class this is Theorem 3.1 of arXiv
2505.17638; with classes it is derived here.

The solution is followed from far above the real axis, where it is unique, down to z.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Complex, Float, Int

from diversity_jax import special, validate
from diversity_jax.diffusion.model import ClassModel

POINTS, ROUNDS, MASS_NODES = 1200, 7, 128
CUT = 1e-6  # a solution at real z whose relative imaginary part is above this lies on a cut
START_STEPS, LEVELS, NEWTON, FINAL = 60, 40, 4, 2
TOLERANCE = 1e-9
FLOOR = 1e-12  # height above the real axis, relative to |z|, at which a real z is decided


class Constants(eqx.Module):
    """How a random feature splits into parts linear in signal and noise, and the rest."""

    slope: Float[Array, "*c"]
    noise_power: Float[Array, "*c"]
    signal_power: Float[Array, "*c"]
    memory_power: Float[Array, "*c"]
    residual_power: Float[Array, "*c"]
    total_power: Float[Array, "*c"]


class Resolvent(eqx.Module):
    """The normalised trace of ``(U - z)^-1``, each class's factor, and whether to believe them."""

    trace: Complex[Array, "*z"]
    class_factors: Complex[Array, "*z k"]
    residual: Float[Array, "*z"]
    converged: Bool[Array, "*z"]


class Bulks(eqx.Module):
    """The support of the spectrum: intervals with their masses, and an atom."""

    edges: Float[Array, "b 2"]
    masses: Float[Array, " b"]
    number: Int[Array, ""]
    atom_position: Float[Array, ""]
    atom_mass: Float[Array, ""]


class Coefficients(eqx.Module):
    """What the fixed point needs of a model."""

    fractions: Float[Array, " k"]
    linear: Float[Array, "k g"]  # signal power per direction group
    memory: Float[Array, " k"]
    noise: Float[Array, ""]  # b^2, averaged over classes
    residual: Float[Array, ""]  # s^2, averaged over classes: where the atom lies
    groups: Float[Array, " g"]
    samples: Float[Array, ""]
    features: Float[Array, ""]


def equivalent_constants(
    *, variance: Any, time: Any, activation: Callable[[Any], Any] = jnp.tanh
) -> Constants:
    """The Gaussian-equivalent constants of features of a class with `variance` per coordinate.

    With u, v standard normal, ``D = 1 - e^-2t``, ``Gamma = e^-2t variance + D``:
    `slope` ``a = E act'(sqrt(Gamma) u)``, `noise_power` ``b^2 = D a^2``, `signal_power`
    ``kappa^2 = e^-2t variance a^2``, `memory_power` ``v^2 = E_u (E_v act(e^-t sd u + sqrt(D) v))^2
    - kappa^2``, `residual_power` ``s^2``, the rest of `total_power` ``E act(sqrt(Gamma) u)^2``.
    Scalars for a scalar variance, else of its shape; to 1e-9 for smooth activations with
    ``Gamma`` up to 40. Errors: ValueError for a variance or a time that is not positive.
    Source: arXiv 2505.17638, eqs 12-14, for one class; with the variance of each class, derived.
    """
    validate.positive("variance", variance)
    validate.positive("time", time)
    variance = jnp.asarray(variance, float)
    nodes, weights = (jnp.asarray(part) for part in special.normal_nodes())
    inner, inner_weights = (jnp.asarray(part) for part in special.normal_nodes(135))
    decay, noise = jnp.exp(-2 * time), -jnp.expm1(-2 * time)

    def one(own: Array) -> Constants:
        spread = jnp.sqrt(decay * own + noise)
        values = activation(spread * nodes)
        slope = (weights * nodes) @ values / spread
        means = activation(
            jnp.sqrt(decay * own) * nodes[:, None] + jnp.sqrt(noise) * inner[None, :]
        )
        total, signal = weights @ values**2, decay * own * slope**2
        memory = weights @ (means @ inner_weights) ** 2 - signal
        residual = total - signal - memory - noise * slope**2
        return Constants(slope, noise * slope**2, signal, memory, residual, total)

    flat = jax.vmap(one)(variance.reshape(-1))
    return jax.tree.map(lambda values: values.reshape(variance.shape), flat)


def class_constants(model: ClassModel) -> Constants:
    """The constants of each class of `model`, `[k]`."""
    return equivalent_constants(
        variance=model.mean_variances, time=model.time, activation=model.activation
    )


def coefficients(model: ClassModel) -> Coefficients:
    """The averages and powers of `model` that its fixed point is made of."""
    if model.centroid_overlaps is not None:
        raise validate.fail(
            "centroid_overlaps", "extensive centroids", "none", "not available for this yet"
        )
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


def per_group(parts: Coefficients, state: Array) -> tuple[Array, Array]:
    """beta `[g]` and k `[g]` of a solution ``(q, zeta_1, ..., zeta_k)``."""
    q, zeta = state[0], state[1:]
    beta = parts.noise + (parts.fractions * zeta) @ parts.linear
    return beta, parts.features * q / (1 + parts.features * q * beta)


def updated(parts: Coefficients, state: Array, z: Array) -> Array:
    """The right-hand sides of the fixed point at ``(q, zeta_1, ..., zeta_k)``."""
    q, zeta = state[0], state[1:]
    beta, k = per_group(parts, state)
    ratio = parts.features / parts.samples
    loads = parts.linear @ (parts.groups * k) / parts.samples + ratio * parts.memory * q
    inverse = parts.residual - z + (parts.fractions * zeta) @ parts.memory
    inverse = inverse + parts.groups @ (beta / (1 + parts.features * q * beta))
    return jnp.concatenate([(1 / inverse)[None], 1 / (1 + loads)])


def _gap(parts: Coefficients, state: Array, z: Array) -> Array:
    return state / updated(parts, state, z) - 1


def _newton(parts: Coefficients, state: Array, z: Array) -> Array:
    """One Newton step on the relative gap, no longer than half of each number."""
    jacobian = jax.jacfwd(_gap, argnums=1, holomorphic=True)(parts, state, z)
    step = special.solve_small(jacobian, _gap(parts, state, z))
    size = jnp.max(jnp.abs(step) / jnp.abs(state))
    return state - step * jnp.minimum(1.0, 0.5 / jnp.maximum(size, 1e-300))


def solve(parts: Coefficients, z: Complex[Array, ""]) -> Complex[Array, " k1"]:
    """The physical solution ``(q, zeta)`` at one z on or above the real axis; differentiable.

    From ``z + i eta`` with large eta, by damped iteration, down to z by Newton steps on
    logarithmically spaced heights. The last Newton step carries the derivatives (implicit function
    theorem); they need a regular point, not an edge.
    """
    fixed, at = jax.lax.stop_gradient((parts, z))
    size = jnp.maximum(jnp.abs(at), fixed.residual)
    target = jnp.maximum(at.imag, FLOOR * size)
    top = 3 * (jnp.abs(at) + fixed.features)
    heights = top * (target / top) ** jnp.linspace(0.0, 1.0, LEVELS)
    far = at.real + 1j * top
    start = jnp.concatenate([(-1 / far)[None], jnp.ones(fixed.fractions.shape[0], far.dtype)])
    state = jax.lax.fori_loop(
        0, START_STEPS, lambda _, now: (now + updated(fixed, now, far)) / 2, start
    )

    def down(now: Array, height: Array) -> tuple[Array, None]:
        here = at.real + 1j * height
        return jax.lax.fori_loop(0, NEWTON, lambda _, s: _newton(fixed, s, here), now), None

    heights = jnp.concatenate([heights, jnp.full(FINAL, at.imag)])
    state = jax.lax.stop_gradient(jax.lax.scan(down, state, heights)[0])
    jacobian = jax.jacfwd(_gap, argnums=1, holomorphic=True)(fixed, state, at)
    return state - special.solve_small(jacobian, _gap(parts, state, z))


def resolvent(model: ClassModel, z: Any) -> Resolvent:
    """The normalised trace q of ``(U - z)^-1`` and the class factors zeta_c, to 1e-7.

    `z` is any array of numbers off the real axis, or real outside the bulks. Differentiable in the
    model's numbers and in z. `residual` is the largest relative gap of the fixed point; where it is
    too large, or the root is not the physical one (Im q of the sign of Im z), `converged` is False.
    Errors: ValueError for a concrete real z inside a bulk, where the limits from above and from
    below differ; when traced, NaN and not converged. About 0.1 ms a point.
    """
    z = jnp.asarray(z)
    made = _resolvent(coefficients(model), jnp.ravel(z).astype(complex))
    made = jax.tree.map(lambda part: part.reshape(*z.shape, *part.shape[1:]), made)
    inside = validate.concrete(jnp.isnan(made.trace) & (jnp.imag(z) == 0) & jnp.isfinite(z))
    if inside is not None and inside.any():
        raise validate.fail(
            "z", f"{int(inside.sum())} real values inside a bulk", "values off the real axis",
            "add a small imaginary part, e.g. 1e-9j, or use density",
        )  # fmt: skip
    return made


@jax.jit
def _resolvent(parts: Coefficients, z: Complex[Array, " n"]) -> Resolvent:
    return jax.vmap(lambda one: _at(parts, one))(z)


def _at(parts: Coefficients, z: Array) -> Resolvent:
    below = z.imag < 0
    upper = jnp.where(below, jnp.conj(z), z)
    state = solve(parts, upper)
    size = jnp.abs(state)
    tiny = 1e-7 * size
    physical = (state[0].imag > -tiny[0]) & (state[1:].imag < tiny[1:]).all()
    residual = jnp.max(jnp.abs(_gap(parts, state, upper)))
    # On the real axis a solution that is not real is one of the two limits of a cut.
    on_cut = (upper.imag == 0) & (jnp.abs(state.imag) > CUT * size).any()
    converged = (residual < TOLERANCE) & physical & ~on_cut & jnp.isfinite(size).all()
    state = jnp.where(upper.imag == 0, state.real + 0j, state)
    state = jnp.where(on_cut, jnp.nan, jnp.where(below, jnp.conj(state), state))
    return Resolvent(state[0], state[1:], residual, converged)


def density(model: ClassModel, grid: Any) -> Float[Array, "*n"]:
    """The spectral density of the bulks at the real numbers `grid`; the atom is left out.

    Of the shape of `grid`, per unit of eigenvalue; it integrates to one less the atom's mass.
    Source: the fixed point of the module docstring, in the limit from above the real axis.
    """
    grid = jnp.asarray(grid, float)
    values = _on_axis(coefficients(model), grid.ravel())[:, 0].imag / jnp.pi
    return jnp.maximum(values, 0.0).reshape(grid.shape)


def class_densities(model: ClassModel, grid: Any) -> Float[Array, "n k"]:
    """The class-resolved measures ``-Im zeta_c / (pi (x - s^2))`` at the real numbers `grid` `[n]`.

    ``-Im zeta_c / pi`` is how the mean squared component of the samples g_nu of class c, over
    sqrt(n), is spread over eigenvalues x; divided by ``x - s^2`` it counts eigenvectors. Derived.
    """
    parts, grid = coefficients(model), jnp.asarray(grid, float)
    factors = _on_axis(parts, grid)[:, 1:]
    return -factors.imag / (jnp.pi * (grid - parts.residual)[:, None])


def upper_bound(parts: Coefficients) -> Array:
    """No eigenvalue of the bulks lies above; by the norms of the three parts of U."""
    largest = (parts.linear.max() + parts.noise) * (jnp.sqrt(parts.features) + 1) ** 2
    spread = parts.memory.max() * (jnp.sqrt(parts.features / parts.samples) + 1) ** 2
    signal = largest * (1 + 1 / jnp.sqrt(parts.samples)) ** 2
    return parts.residual + (jnp.sqrt(signal) + jnp.sqrt(spread)) ** 2


def bulks(model: ClassModel, *, largest: int = 8) -> Bulks:
    """The bulks of the spectrum from below, to 1e-6, at most `largest` of them; NaN beyond.

    `number` counts all that were seen on a logarithmic grid above the atom (gaps narrower than 2%
    of the distance to the atom can be missed; their masses then count as one). `masses` are by
    quadrature; the atom, of mass ``max(0, 1 - (1 + psi_n) / psi_p)`` at s^2, is not among the
    bulks. Edges are differentiable in the model's numbers.
    """
    if largest < 1:
        raise validate.fail("largest", largest, "an integer >= 1", "ask for at least one bulk")
    return _bulks(coefficients(model), largest)


@partial(jax.jit, static_argnums=1)
def _bulks(parts: Coefficients, largest: int) -> Bulks:
    """A grid finds the changes from outside to inside, rounds of finer grids close in on each.

    All rounds, and the masses at the end, ask for as many points, so that the solver is compiled
    once.
    """
    fixed = jax.lax.stop_gradient(parts)
    atom, number = fixed.residual, 2 * largest
    fine = max(POINTS // number, MASS_NODES // 2)
    points = number * fine
    ends = jnp.log(1e-6 * atom), jnp.log(1.05 * upper_bound(fixed) - atom)
    grid = jnp.linspace(*ends, points)
    within = jnp.linspace(0.0, 1.0, fine)

    def refine(turn: Array, held: dict[str, Array]) -> dict[str, Array]:
        low, high = held["brackets"]
        finer = low[:, None] + (high - low)[:, None] * within[None, :]
        nodes, weights = jax.vmap(lambda pair: bulk_nodes(pair, atom))(held["edges"])
        spare = jnp.full(points - nodes.size, 1.1 * jnp.exp(ends[1]))
        last = jnp.concatenate([nodes.ravel(), atom + spare])
        asked = jnp.where(turn == 0, atom + jnp.exp(grid), atom + jnp.exp(finer.ravel()))
        asked = jnp.where(turn > ROUNDS, last, asked)
        states = _on_axis(fixed, asked)
        imaginary = states[:, 0].imag
        inside = imaginary > CUT * jnp.abs(states[:, 0])

        changes = jnp.concatenate([inside[:1], inside[1:] != inside[:-1]])
        places = jnp.flatnonzero(changes, size=number, fill_value=points)
        first = {
            "brackets": (grid[places - 1], grid[jnp.minimum(places, points - 1)]),
            "entering": inside[jnp.minimum(places, points - 1)],
            "count": changes.sum(),
        }
        rows = inside.reshape(number, fine) == held["entering"][:, None]
        place = jnp.clip(jnp.argmax(rows, axis=1), 1, fine - 1)
        pick = jnp.arange(number)
        second = {
            "brackets": (finer[pick, place - 1], finer[pick, place]),
            "entering": held["entering"],
            "count": held["count"],
        }
        kept = jax.tree.map(lambda one, two: jnp.where(turn == 0, one, two), first, second)
        kept = jax.tree.map(
            lambda new, old: jnp.where(turn > ROUNDS, old, new),
            kept, {name: held[name] for name in kept},
        )  # fmt: skip
        inner = jnp.where(kept["entering"], kept["brackets"][1], kept["brackets"][0])
        density = jnp.maximum(imaginary[: nodes.size].reshape(nodes.shape), 0.0) / jnp.pi
        at_edges = states.reshape(number, fine, -1)[
            pick, jnp.where(held["entering"], place, place - 1)
        ]
        return {
            **kept,
            "edges": (atom + jnp.exp(inner)).reshape(largest, 2),
            "states": jnp.where(turn > ROUNDS, held["states"], at_edges),
            "masses": (weights * density).sum(axis=1),
        }

    empty = jnp.zeros(number)
    held = {
        "brackets": (empty, empty + 1), "entering": empty > 0, "count": jnp.asarray(0),
        "edges": jnp.stack([empty[:largest] + 2, empty[:largest] + 3], axis=1) * atom,
        "states": jnp.zeros((number, fixed.fractions.size + 1), complex),
        "masses": empty[:largest],
    }  # fmt: skip
    held = jax.lax.fori_loop(0, ROUNDS + 2, refine, held)
    edges = jax.vmap(lambda at, state: _edge(parts, at, state))(
        held["edges"].ravel(), held["states"].real
    )
    found = (jnp.arange(number) < held["count"]).reshape(largest, 2)
    share = jnp.maximum(0.0, 1 - (1 + parts.samples) / parts.features)
    return Bulks(
        edges=jnp.where(found, edges.reshape(largest, 2), jnp.nan),
        masses=jnp.where(found[:, 0], held["masses"], jnp.nan),
        number=held["count"] // 2,
        atom_position=parts.residual,
        atom_mass=share,
    )


@jax.jit
def _on_axis(parts: Coefficients, points: Float[Array, " n"]) -> Complex[Array, "n k1"]:
    """Solutions at real points, the limits from above where they lie on a cut."""
    return jax.vmap(lambda x: solve(parts, x + 0j))(points)


def _edge(parts: Coefficients, at: Array, state: Array) -> Array:
    """The edge `at` with its `state`, differentiable: there the Jacobian J is singular, l'J = 0.

    So ``l' (dF/dz dz + dF/dparts dparts) = 0`` whatever the state does.
    """
    fixed, at, state = jax.lax.stop_gradient((parts, at, state))
    jacobian = jax.jacfwd(_gap, argnums=1)(fixed, state, at)
    # Two steps of inverse iteration; the Jacobian is never singular to the last digit.
    left = special.solve_small(jacobian.T, jnp.ones_like(state))
    left = special.solve_small(jacobian.T, left / jnp.max(jnp.abs(left)))
    left = left / jnp.max(jnp.abs(left))
    slope = jax.jvp(lambda z: _gap(fixed, state, z), (at,), (jnp.ones_like(at),))[1]
    left, slope = jax.lax.stop_gradient((left, slope))
    off = left @ (_gap(parts, state, at) - _gap(fixed, state, at))
    return at - off / (left @ slope)


def bulk_nodes(edges: Float[Array, " 2"], atom: Array) -> tuple[Array, Array]:
    """Nodes in a bulk, and weights that integrate a density with square-root edges there."""
    angle = (jnp.arange(MASS_NODES) + 0.5) * jnp.pi / MASS_NODES
    first, last = jnp.log(edges - atom)
    distance = jnp.exp((first + last) / 2 - (last - first) / 2 * jnp.cos(angle))
    weights = distance * (last - first) / 2 * jnp.sin(angle) * jnp.pi / MASS_NODES
    return atom + distance, weights
