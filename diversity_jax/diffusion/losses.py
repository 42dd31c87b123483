"""Losses of each class along training, and when each class is generalised and memorised.

The score model ``s_A(x) = A act(W x / sqrt d) / sqrt p``, trained from A = 0 by gradient flow on
``(1/d) E |sqrt(D) s_A(x_t) + xi|^2``, has ``A / sqrt p = -D^(-1/2) V' f(U)`` with
``f(x) = (1 - exp(-2 D x tau / psi_p)) / x`` and ``V = E f xi'``, which behaves like
``vbar W / sqrt d``, ``vbar = sqrt(D) sum_c pi_c a_c``. So the loss of class c, on its samples or on
new ones (U_c their feature covariance), is

    L_c = 1 - 2 a_c sqrt(D) vbar tr(W' f(U) W) / d^2 + vbar^2 tr(W' f(U) U_c f(U) W) / d^2.

f is entire, so ``f(U) = - oint f(z) R(z) dz / (2 pi i)`` around the spectrum, and with
``k = tr(W'RW)/d^2`` and ``N_c(z1, z2) = tr(W' R(z1) U_c R(z2) W)/d^2`` the traces are integrals of
f against k and N_c. ``-N_c`` is the first-order response of k to a perturbation of U by U_c
between two copies at z1 and z2: the derivative of the fixed point of `spectrum`, a small linear
system. All of it derived here; one class is the case of arXiv 2505.17638.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Literal

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Complex, Float

from diversity_jax import special, validate
from diversity_jax.diffusion import spectrum
from diversity_jax.diffusion.model import ClassLosses, ClassModel
from diversity_jax.diffusion.spectrum import Coefficients

NODES = 48
TIMES, HALVINGS = 300, 40
Generalisation = Literal["argmin", "share"]
Memorisation = Literal["gap", "relative-gap", "spectral-edge", "spectral-median"]
GENERALISATION = ("argmin", "share")
MEMORISATION = ("gap", "relative-gap", "spectral-edge", "spectral-median")
LEVELS = {"gap": 0.05, "relative-gap": 0.1}
ROOM, HEIGHT = 0.7, 1.0  # how far the contour keeps from the spectrum, in log z


class Contour(eqx.Module):
    """Points around the spectrum, upper half, and what the losses need of the resolvent there."""

    points: Complex[Array, " m"]
    steps: Complex[Array, " m"]  # dz / (2 pi i)
    overlap: Complex[Array, " m"]  # k
    response: Complex[Array, "x m m"]  # N_x(z_i, z_j), train classes first, then test classes
    mirrored: Complex[Array, "x m m"]  # N_x(z_i, conj z_j)
    gains: Float[Array, " k"]  # a_c sqrt(D)
    mean_gain: Float[Array, ""]  # vbar
    rate: Float[Array, ""]  # 2 D / psi_p


def flow_losses(model: ClassModel, training_times: Any) -> ClassLosses:
    """The asymptotic losses at `training_times` `[time]`, ``steps * learning_rate / d^2``.

    Exact as d grows with n/d and p/d fixed; no simulation. To 1e-6 over the whole of training.
    Differentiable. Errors: ValueError for times that are negative or not one axis.
    Source: derived (module docstring).
    """
    validate.shape("training_times", training_times, (None,), "pass a list of times")
    validate.nonnegative("training_times", training_times)
    return along(contour(model), jnp.asarray(training_times, float))


@jax.jit
def contour(model: ClassModel) -> Contour:
    """An ellipse in log z around the spectrum, solved once for all training times."""
    parts = spectrum.coefficients(model)
    fixed = jax.lax.stop_gradient(parts)
    low, high = jnp.log(fixed.residual), jnp.log(spectrum.upper_bound(fixed))
    angle = (jnp.arange(NODES) + 0.5) * jnp.pi / NODES
    across = (high - low) / 2 + ROOM
    points = jnp.exp((low + high) / 2 + across * jnp.cos(angle) + 1j * HEIGHT * jnp.sin(angle))
    turn = -across * jnp.sin(angle) + 1j * HEIGHT * jnp.cos(angle)
    states = jax.vmap(lambda z: spectrum.solve(parts, z))(points)
    beta, overlap = jax.vmap(lambda state: spectrum.per_group(parts, state))(states)
    constants = spectrum.class_constants(model)
    pair = partial(_response, parts, _sources(model, constants))
    over_all = jax.vmap(jax.vmap(pair, (None, 0)), (0, None))
    here = (states, beta, overlap)
    there = jax.tree.map(jnp.conj, here)
    gains = jnp.sqrt(constants.noise_power)
    return Contour(
        points=points,
        steps=points * turn / (2j * NODES),
        overlap=overlap @ parts.groups,
        response=jnp.moveaxis(over_all(here, here), 2, 0),
        mirrored=jnp.moveaxis(over_all(here, there), 2, 0),
        gains=gains,
        mean_gain=model.fractions @ gains,
        rate=-2 * jnp.expm1(-2 * model.time) / model.features_per_dimension,
    )


def _sources(model: ClassModel, constants: spectrum.Constants) -> tuple[Array, Array, Array]:
    """How U_x perturbs the factors `[x, k]`, beta `[x, g]` and the constant `[x]`; x = 2k.

    Samples of class c: more weight on their own rows. New samples: their population covariance.
    """
    k, g = model.classes, model.groups.shape[0]
    decay, noise = jnp.exp(-2 * model.time), -jnp.expm1(-2 * model.time)
    square = constants.slope**2
    own = jnp.eye(k) / model.fractions[:, None]
    trained = jnp.broadcast_to(constants.noise_power[:, None], (k, g))
    fresh = square[:, None] * (decay * model.group_variances + noise)
    rest = constants.total_power - square * (decay * model.mean_variances + noise)
    return (
        jnp.concatenate([own, jnp.zeros((k, k))]),
        jnp.concatenate([trained, fresh]),
        jnp.concatenate([constants.residual_power, rest]),
    )


def _response(parts: Coefficients, sources: tuple, one: tuple, two: tuple) -> Complex[Array, " x"]:
    """``N_x(z1, z2)`` for every source x: the linearised fixed point between two copies.

    From ``d(1/q)``, ``d(1/zeta)``, ``d(1/k)`` and ``d(1/gamma)``, ``gamma = beta / (1 + psi q
    beta)``, of triangular 2 x 2 matrices: ``d(1/x) = -dx / (x1 x2)`` off the diagonal.
    """
    (first, beta1, k1), (second, beta2, k2) = one, two
    factors, in_beta, constant = sources
    psi, pi, f = parts.features, parts.fractions, parts.groups
    qq, zz, kk = first[0] * second[0], first[1:] * second[1:], k1 * k2
    share = kk / (psi**2 * qq)  # gamma1 gamma2 / (beta1 beta2)
    weights = pi[:, None] * parts.linear
    pulled = parts.linear * (f * kk)[None, :] / parts.samples
    to_trace = 1 - qq * psi * (f @ (share * beta1 * beta2))
    to_factors = qq * (pi * parts.memory + weights @ (f * share))
    loads = pulled.sum(axis=1) / (psi * qq) + psi / parts.samples * parts.memory
    top = jnp.concatenate([to_trace[None], to_factors])
    rest = jnp.eye(pi.size) - zz[:, None] * (pulled @ weights.T)
    matrix = jnp.concatenate([top[None], jnp.concatenate([(zz * loads)[:, None], rest], axis=1)])
    given_trace = -qq * (in_beta @ (f * share) + constant)
    given_factors = zz[:, None] * (factors.T + pulled @ in_beta.T)
    change = special.solve_small(matrix, jnp.concatenate([given_trace[None], given_factors]))
    d_beta = weights.T @ change[1:] + in_beta.T
    return -(f * kk) @ (change[:1] / (psi * qq) - d_beta)


@jax.jit
def along(path: Contour, times: Float[Array, " t"]) -> ClassLosses:
    """The losses at `times` from the contour of a model."""

    # expm1: the exponent may be small, and f = rate * time is what is left of it then.
    grown = -jnp.expm1(-path.rate * times[:, None] * path.points[None, :])
    weights = grown / path.points[None, :] * path.steps[None, :]
    linear = 2 * (weights @ path.overlap).real
    same = jnp.einsum("ti,xij,tj->tx", weights, path.response, weights)
    other = jnp.einsum("ti,xij,tj->tx", weights, path.mirrored, jnp.conj(weights))
    square = path.mean_gain**2 * 2 * (same + other).real
    gains = jnp.tile(path.gains, 2)
    found = 1 + 2 * path.mean_gain * linear[:, None] * gains[None, :] + square
    k = path.gains.shape[0]
    return ClassLosses(train=found[:, :k], test=found[:, k:])


class ClassTimes(eqx.Module):
    """When each class is generalised and memorised, and by which definition; inf where never."""

    generalisation: Float[Array, " k"]
    memorisation: Float[Array, " k"]
    generalisation_definition: str = eqx.field(static=True)
    memorisation_definition: str = eqx.field(static=True)


def class_times(
    model: ClassModel,
    *,
    generalisation: Generalisation = "argmin",
    memorisation: Memorisation = "gap",
    level: float | None = None,
) -> ClassTimes:
    """The training times at which each class is generalised and memorised, `[k]` each.

    `generalisation`: `argmin`, where the test loss is least; `share`, where it has first fallen by
    `level` (default .9) of its largest fall. `memorisation`: `gap`, where test less train loss
    first reaches `level` (.05); `relative-gap`, the same in units of the gap after endless training
    (.1); `spectral-edge`, ``psi_p / (D x)`` at the left edge of the bulk that class c alone would
    have, ``x = s^2 + v_c^2 (sqrt(psi_p/psi_n) - sqrt(pi_c))^2`` (asymptotic in psi_p/psi_n);
    `spectral-median`, at the median of the class-resolved measure below the top bulk. `level` goes
    to the definition that takes one; both do where that is `share` and a gap: give it to neither.
    A crossing that never occurs is inf. Differentiable, but for the medians. Units of
    `flow_losses`. Errors: ValueError for an unknown definition and for a level that is ambiguous,
    not positive, or a share of one or more. Source: our definitions; those of arXiv 2605.06367 are
    not known.
    """
    validate.choice("generalisation", generalisation, GENERALISATION)
    validate.choice("memorisation", memorisation, MEMORISATION)
    levelled = (generalisation == "share") + (memorisation in LEVELS)
    if level is not None and levelled != 1:
        got = f"{level} with {generalisation} and {memorisation}"
        expected = "a level for exactly one definition that takes one"
        raise validate.fail("level", got, expected, "leave it out")
    most = 1.0 if generalisation == "share" else jnp.inf
    if level is not None and not 0 < level < most:
        raise validate.fail("level", level, f"a number above 0 and below {most}", "pass e.g. 0.1")
    share = level if level is not None and generalisation == "share" else 0.9
    gap = LEVELS.get(memorisation, 0.0) if level is None else level
    first, second = _class_times(model, generalisation, memorisation, share, gap)
    return ClassTimes(first, second, generalisation, memorisation)


def _class_times(model: ClassModel, generalisation: str, memorisation: str, share, gap):
    """Compiled in parts, so that another definition does not compile the contour again."""
    path = contour(model)
    logs = _span(model, path)
    first = _generalised(path, logs, generalisation, share)
    if memorisation in LEVELS:
        return first, _memorised(path, logs, memorisation, gap)
    return first, _spectral(model, path, memorisation)


@jax.jit
def _span(model: ClassModel, path: Contour) -> Float[Array, " t"]:
    """Log times from long before the fastest mode is learned to long after the slowest."""
    parts = spectrum.coefficients(model)
    ends = jnp.stack([0.01 / spectrum.upper_bound(parts), 100.0 / parts.residual]) / path.rate
    first, last = jax.lax.stop_gradient(jnp.log(ends))
    return jnp.linspace(first, last, TIMES)


@partial(jax.jit, static_argnums=2)
def _generalised(path: Contour, logs: Array, definition: str, share: Any) -> Float[Array, " k"]:
    seen = along(jax.lax.stop_gradient(path), jnp.exp(logs)).test

    def test(path: Contour, log: Array) -> Array:
        return along(path, jnp.exp(log)[None]).test[0]

    least = _least(test, path, logs, seen)
    if definition == "argmin":
        return jnp.exp(least)
    bottom = jax.vmap(lambda c, log: test(path, log)[c])(jnp.arange(least.size), least)
    bottom = jnp.where(jnp.isfinite(least), bottom, test(path, logs[-1]))
    wanted = 1 - share * (1 - bottom)
    return jnp.exp(_crossing(lambda p, x: -test(p, x), path, logs, -seen, -wanted))


@partial(jax.jit, static_argnums=2)
def _memorised(path: Contour, logs: Array, definition: str, gap: Any) -> Float[Array, " k"]:
    seen = along(jax.lax.stop_gradient(path), jnp.exp(logs))

    def apart(path: Contour, log: Array) -> Array:
        losses = along(path, jnp.exp(log)[None])
        return (losses.test - losses.train)[0]

    wanted = jnp.full(path.gains.shape, gap)
    if definition == "relative-gap":
        wanted = gap * apart(path, logs[-1])
    return jnp.exp(_crossing(apart, path, logs, seen.test - seen.train, wanted))


@partial(jax.jit, static_argnums=2)
def _spectral(model: ClassModel, path: Contour, definition: str) -> Float[Array, " k"]:
    if definition == "spectral-median":
        return 2 / (path.rate * _medians(model))
    parts = spectrum.coefficients(model)
    room = jnp.sqrt(parts.features / parts.samples) - jnp.sqrt(parts.fractions)
    return 2 / (path.rate * (parts.residual + parts.memory * room**2))


def _least(test: Any, path: Contour, logs: Array, values: Array) -> Float[Array, " k"]:
    """The log time of the least loss per class: on the grid, then five Newton steps on the slope.

    inf where the loss still falls at the end of the grid.
    """
    place = jnp.argmin(values, axis=0)
    start = logs[jnp.clip(place, 1, logs.size - 2)]
    width = logs[1] - logs[0]

    def one(c: Array, log: Array) -> Array:
        def slope(path: Contour, x: Array) -> Array:
            return jax.grad(lambda y: test(path, y)[c])(x)

        def newton(path: Contour, x: Array) -> Array:
            bend = jax.lax.stop_gradient(jax.grad(lambda y: slope(path, y))(x))
            return x - jnp.clip(slope(path, x) / jnp.maximum(bend, 1e-12), -width, width)

        fixed = jax.lax.stop_gradient(path)
        for _ in range(4):
            log = jax.lax.stop_gradient(newton(fixed, log))
        return newton(path, log)

    found = jax.vmap(one)(jnp.arange(place.size), start)
    return jnp.where(place == logs.size - 1, jnp.inf, found)


def _crossing(
    value: Any, path: Contour, logs: Array, seen: Array, wanted: Float[Array, " k"]
) -> Float[Array, " k"]:
    """The first log time at which a class's value reaches `wanted`; inf where it never does."""
    above = seen >= jax.lax.stop_gradient(wanted)[None]
    place = jnp.argmax(above, axis=0)
    low, high = logs[jnp.maximum(place - 1, 0)], logs[place]
    fixed = jax.lax.stop_gradient(path)

    def one(c: Array, low: Array, high: Array, wanted: Array) -> Array:
        def halve(_: Any, ends: tuple[Array, Array]) -> tuple[Array, Array]:
            middle = (ends[0] + ends[1]) / 2
            reached = value(fixed, middle)[c] >= wanted
            return jnp.where(reached, ends[0], middle), jnp.where(reached, middle, ends[1])

        at = jax.lax.stop_gradient(jax.lax.fori_loop(0, HALVINGS, halve, (low, high))[1])
        slope = jax.lax.stop_gradient(jax.grad(lambda x: value(fixed, x)[c])(at))
        return at - (value(path, at)[c] - wanted) / slope

    numbers = jnp.arange(place.size)
    found = jax.vmap(one)(numbers, low, high, wanted)
    return jnp.where(above.any(axis=0), found, jnp.inf)


def _medians(model: ClassModel) -> Float[Array, " k"]:
    """The median of each class-resolved measure below the top bulk (all of it if that is alone)."""
    found = spectrum.bulks(model)
    below = jnp.arange(found.edges.shape[0]) < jnp.maximum(found.number - 1, 1)
    counted = below & jnp.isfinite(found.edges[:, 0])
    edges = jnp.where(counted[:, None], found.edges, found.edges[:1])
    nodes, weights = jax.vmap(lambda pair: spectrum.bulk_nodes(pair, found.atom_position))(edges)
    density = spectrum.class_densities(model, nodes.ravel()).reshape(*nodes.shape, -1)
    masses = jnp.where(counted[:, None, None], weights[:, :, None] * density, 0.0)
    order = jnp.argsort(jnp.where(counted[:, None], nodes, jnp.inf).ravel())
    places = nodes.ravel()[order]
    grown = jnp.cumsum(masses.reshape(-1, masses.shape[2])[order], axis=0)
    halves = (grown - masses.reshape(grown.shape)[order] / 2) / grown[-1]
    return jax.vmap(lambda curve: jnp.exp(jnp.interp(0.5, curve, jnp.log(places))))(halves.T)
