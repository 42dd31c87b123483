"""When each class is generalised and memorised, read off its losses or off the spectrum."""

from __future__ import annotations

from functools import partial
from typing import Any, Literal

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from diversity_jax import validate
from diversity_jax.diffusion.model import ClassModel
from diversity_jax.diffusion.theory import spectrum
from diversity_jax.diffusion.theory.equations.bulks import bulk_nodes
from diversity_jax.diffusion.theory.equations.centred import Coefficients, coefficients
from diversity_jax.diffusion.theory.equations.contours import Contour, along, contour
from diversity_jax.diffusion.theory.equations.extensive import Neurons

TIMES, HALVINGS = 160, 15
Generalisation = Literal["argmin", "share"]
Memorisation = Literal["gap", "relative-gap", "spectral-edge", "spectral-median"]
GENERALISATION = ("argmin", "share")
SPECTRAL = ("spectral-edge", "spectral-median")
MEMORISATION = ("gap", "relative-gap", *SPECTRAL)
LEVELS = {"gap": 0.05, "relative-gap": 0.1}


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
    if memorisation not in LEVELS:
        _require_one_floor(model, memorisation)
    path = contour(model)
    # Compiled in parts, so that another definition does not compile the contour again.
    logs = span(spectrum.coefficients(model), path, TIMES)
    first = _generalised(path, logs, generalisation, share)
    if memorisation in LEVELS:
        second = _memorised(path, logs, memorisation, gap)
    else:
        second = spectral_times(model, memorisation=memorisation)
    return ClassTimes(first, second, generalisation, memorisation)


@partial(jax.jit, static_argnums=2)
def span(system: Coefficients | Neurons, path: Contour, number: int) -> Float[Array, " t"]:
    """`number` log times from long before the fastest mode is learned to long after the slowest."""
    ends = jnp.stack([0.01 / system.upper_bound(), 100.0 / system.residual]) / path.rate
    first, last = jax.lax.stop_gradient(jnp.log(ends))
    return jnp.linspace(first, last, number)


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

    wanted = jnp.full(path.linear.shape[:1], gap)
    if definition == "relative-gap":
        wanted = gap * apart(path, logs[-1])
    return jnp.exp(_crossing(apart, path, logs, seen.test - seen.train, wanted))


def spectral_times(model: ClassModel, *, memorisation: Memorisation) -> Float[Array, " k"]:
    """The times `[k]` of the two spectral definitions of `class_times` alone: no contour.

    Units of `flow_losses`. Errors: ValueError for another definition and for extensive centroids.
    Source: as `class_times`.
    """
    validate.choice("memorisation", memorisation, SPECTRAL)
    _require_one_floor(model, memorisation)
    return _spectral(model, memorisation)


def _require_one_floor(model: ClassModel, memorisation: str) -> None:
    if model.centroid_overlaps is not None:
        expected = "gap or relative-gap with extensive centroids"
        fix = "s^2 is no single number then"
        raise validate.fail("memorisation", repr(memorisation), expected, fix)


@partial(jax.jit, static_argnums=1)
def _spectral(model: ClassModel, definition: str) -> Float[Array, " k"]:
    rate = -jnp.expm1(-2 * model.time) / model.features_per_dimension
    if definition == "spectral-median":
        return 1 / (rate * _medians(model))
    parts = coefficients(model)
    room = jnp.sqrt(parts.features / parts.samples) - jnp.sqrt(parts.fractions)
    return 1 / (rate * (parts.residual + parts.memory * room**2))


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
    nodes, weights = jax.vmap(lambda pair: bulk_nodes(pair, found.atom_position))(edges)
    density = spectrum.class_densities(model, nodes.ravel()).reshape(*nodes.shape, -1)
    masses = jnp.where(counted[:, None, None], weights[:, :, None] * density, 0.0)
    order = jnp.argsort(jnp.where(counted[:, None], nodes, jnp.inf).ravel())
    places = nodes.ravel()[order]
    grown = jnp.cumsum(masses.reshape(-1, masses.shape[2])[order], axis=0)
    halves = (grown - masses.reshape(grown.shape)[order] / 2) / grown[-1]
    return jax.vmap(lambda curve: jnp.exp(jnp.interp(0.5, curve, jnp.log(places))))(halves.T)
