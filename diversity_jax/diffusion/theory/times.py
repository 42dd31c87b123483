"""When each class is generalised and memorised, read off its losses or off the spectrum."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, ScalarLike

from diversity_jax import validate
from diversity_jax.diffusion.model import ClassLosses, ClassModel
from diversity_jax.diffusion.theory.equations import bulks, from_model
from diversity_jax.diffusion.theory.equations.centred import Coefficients
from diversity_jax.diffusion.theory.equations.contours import Contour, along, around, span
from diversity_jax.records import Record

GRID_POINTS, NEWTON_STEPS, HALVINGS, MOST_BULKS = 160, 5, 15, 8
GENERALISATION = ("argmin", "share")
SPECTRAL = ("spectral-edge", "spectral-median")
MEMORISATION = ("gap", "relative-gap", *SPECTRAL)
LEVELS = {"gap": 0.05, "relative-gap": 0.1}


class ClassTimes(Record):
    """When each class is generalised and memorised, and by which definition; inf where never."""

    generalisation: Float[Array, " k"]
    memorisation: Float[Array, " k"]
    generalisation_definition: str = eqx.field(static=True)
    memorisation_definition: str = eqx.field(static=True)


def class_times(
    model: ClassModel,
    *,
    generalisation: str = "argmin",
    memorisation: str = "gap",
    level: float | int | None = None,
) -> ClassTimes:
    """The training times at which each class is generalised and memorised.

    `generalisation`: `argmin`, where the test loss is least; `share`, where it has first fallen by
    `level` (default .9) of its largest fall. `memorisation`: `gap`, where test less train loss
    first reaches `level` (.05); `relative-gap`, the same in units of the gap after endless training
    (.1); `spectral-edge`, ``psi_p / (D x)`` at the left edge of the bulk that class c alone would
    have, ``x = s^2 + v_c^2 (sqrt(psi_p/psi_n) - sqrt(pi_c))^2`` (asymptotic in psi_p/psi_n);
    `spectral-median`, at the median of the class-resolved measure below the top bulk. `level` goes
    to the definition that takes one; both do where that is `share` and a gap: give it to neither.
    A crossing that never occurs is inf. Differentiable, but for the medians. Units of
    `flow_losses`.

    Shapes: `[k]` each.
    Errors: ValueError for an unknown definition and for a level that is ambiguous, not positive, or
    a share of one or more.
    Source: our definitions; those of arXiv 2605.06367 are not known.
    """
    validate.choice("generalisation", generalisation, GENERALISATION)
    validate.choice("memorisation", memorisation, MEMORISATION)
    share, gap = _levels(generalisation, memorisation, level)
    spectral = _spectral_system(model, memorisation) if memorisation in SPECTRAL else None
    system = from_model.system(model) if spectral is None else spectral
    path = around(system)
    # Compiled in parts, and one program for all definitions read off losses.
    times = _read(path, span(system, path, GRID_POINTS), share, gap, memorisation == "relative-gap")
    memorised = times.memorised if spectral is None else _spectral(spectral, memorisation)
    generalised = times.least if generalisation == "argmin" else times.shared
    return ClassTimes(generalised, memorised, generalisation, memorisation)


def _levels(
    generalisation: str, memorisation: str, level: float | int | None
) -> tuple[float | int, float | int]:
    """The share of the fall and the gap at which a class counts, from a `level` for one of them."""
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
    return share, gap


class _Times(Record):
    """Times by every definition that reads them off losses."""

    least: Float[Array, " k"]
    shared: Float[Array, " k"]
    memorised: Float[Array, " k"]


@jax.jit
def _read(
    path: Contour,
    logs: Float[Array, " t"],
    share: ScalarLike,
    gap: ScalarLike,
    relative: ScalarLike,
) -> _Times:
    """All definitions at once: they share what is compiled, which costs more than running it."""
    curves = along(jax.lax.stop_gradient(path), jnp.exp(logs))
    least = _least(path, logs, curves.test)
    k = least.size
    end = logs[-1]
    ends = along(path, jnp.exp(jnp.append(jnp.where(jnp.isfinite(least), least, end), end)))
    bottom, apart = jnp.diagonal(ends.test), (ends.test - ends.train)[-1]
    wanted = jnp.concatenate(
        [share * (1 - bottom) - 1, gap * jnp.where(jnp.asarray(relative), apart, 1.0)]
    )
    logs_reached = _crossing(path, logs, _measures(curves), wanted)
    return _Times(jnp.exp(least), jnp.exp(logs_reached[:k]), jnp.exp(logs_reached[k:]))


def _measures(losses: ClassLosses) -> Float[Array, "t k2"]:
    """What grows as a class is generalised, less its test loss, and memorised, its gap."""
    return jnp.concatenate([-losses.test, losses.test - losses.train], axis=1)


def spectral_times(model: ClassModel, *, memorisation: str) -> Float[Array, " k"]:
    """The times of the two spectral definitions of `class_times` alone: no contour.

    Units of `flow_losses`.

    Shapes: `[k]`.
    Errors: ValueError for another definition and for extensive centroids.
    Source: as `class_times`.
    """
    validate.choice("memorisation", memorisation, SPECTRAL)
    return _spectral(_spectral_system(model, memorisation), memorisation)


def _spectral_system(model: ClassModel, memorisation: str) -> Coefficients:
    expected = "gap or relative-gap with extensive centroids"
    fix = "s^2 is no single number then"
    refusal = validate.fail("memorisation", repr(memorisation), expected, fix)
    return from_model.centred_system(model, refusal)


@partial(jax.jit, static_argnums=1)
def _spectral(system: Coefficients, definition: str) -> Float[Array, " k"]:
    places = _medians(system) if definition == "spectral-median" else system.lone_edges()
    return 2 / (system.rate * places)


def _least(
    path: Contour, logs: Float[Array, " t"], values: Float[Array, "t k"]
) -> Float[Array, " k"]:
    """The log time of the least test loss per class: on the grid, then Newton steps on the slope.

    inf where the loss still falls at the end of the grid.
    """
    place = jnp.argmin(values, axis=0)
    start = logs[jnp.clip(place, 1, logs.size - 2)]
    width = logs[1] - logs[0]

    def slope(path: Contour, at: Array) -> Array:
        return _slope(lambda logs: jnp.diagonal(along(path, jnp.exp(logs)).test), at)[1]

    def newton(path: Contour, at: Array) -> Array:
        fixed = jax.lax.stop_gradient(path)
        bend = jax.lax.stop_gradient(_slope(partial(slope, fixed), at)[1])
        return at - jnp.clip(slope(path, at) / jnp.maximum(bend, 1e-12), -width, width)

    fixed = jax.lax.stop_gradient(path)
    before = jax.lax.fori_loop(0, NEWTON_STEPS - 1, lambda _, at: newton(fixed, at), start)
    least = newton(path, jax.lax.stop_gradient(before))
    return jnp.where(place == logs.size - 1, jnp.inf, least)


def _slope(
    function: Callable[[Array], Array], at: Float[Array, " m"]
) -> tuple[Float[Array, " m"], Float[Array, " m"]]:
    """Values and derivatives of a function that maps each number by itself."""
    return jax.jvp(function, (at,), (jnp.ones_like(at),))


def _crossing(
    path: Contour, logs: Float[Array, " t"], seen: Float[Array, "t m"], wanted: Float[Array, " m"]
) -> Float[Array, " m"]:
    """The first log time at which each of `_measures` reaches `wanted`; inf where it never does."""
    reached = seen >= jax.lax.stop_gradient(wanted)[None]
    place = jnp.argmax(reached, axis=0)
    low, high = logs[jnp.maximum(place - 1, 0)], logs[place]
    fixed = jax.lax.stop_gradient(path)

    def value(path: Contour, at: Array) -> Array:
        return jnp.diagonal(_measures(along(path, jnp.exp(at))))

    def halve(_: Array, ends: tuple[Array, Array]) -> tuple[Array, Array]:
        middle = (ends[0] + ends[1]) / 2
        beyond = value(fixed, middle) >= jax.lax.stop_gradient(wanted)
        return jnp.where(beyond, ends[0], middle), jnp.where(beyond, middle, ends[1])

    at = jax.lax.stop_gradient(jax.lax.fori_loop(0, HALVINGS, halve, (low, high))[1])
    slope = jax.lax.stop_gradient(_slope(partial(value, fixed), at)[1])
    crossing = at - (value(path, at) - wanted) / slope
    return jnp.where(reached.any(axis=0), crossing, jnp.inf)


def _medians(system: Coefficients) -> Float[Array, " k"]:
    """The median of each class-resolved measure below the top bulk (all of it if that is alone)."""
    support = bulks.bulks_of(system, MOST_BULKS)
    below = jnp.arange(support.edges.shape[0]) < jnp.maximum(support.number - 1, 1)
    counted = below & jnp.isfinite(support.edges[:, 0])
    edges = jnp.where(counted[:, None], support.edges, support.edges[:1])
    nodes, weights = jax.vmap(lambda pair: bulks.bulk_nodes(pair, support.atom_position))(edges)
    density = bulks.class_densities(system, nodes.ravel()).reshape(*nodes.shape, -1)
    masses = jnp.where(counted[:, None, None], weights[:, :, None] * density, 0.0)
    order = jnp.argsort(jnp.where(counted[:, None], nodes, jnp.inf).ravel())
    places = nodes.ravel()[order]
    grown = jnp.cumsum(masses.reshape(-1, masses.shape[2])[order], axis=0)
    halves = (grown - masses.reshape(grown.shape)[order] / 2) / grown[-1]
    return jax.vmap(lambda curve: jnp.exp(jnp.interp(0.5, curve, jnp.log(places))))(halves.T)
