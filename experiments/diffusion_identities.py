"""Exact relations of the spectrum's and the losses' theory, at random settings."""

from __future__ import annotations

from dataclasses import dataclass

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import xarray

from diversity_jax import seeds
from diversity_jax.diffusion.model import ClassModel
from diversity_jax.diffusion.theory import losses, spectrum
from experiments.shared import flows

HOST = True  # so that the solvers are compiled once for all experiments
AXES = {"train": ("training_time", "class"), "total": ("training_time",),
        "powers": ("class", "part"), "slopes": ("variance",), "memories": ("variance",),
        "residuals": ("variance",), "dip_slopes": ("variance",), "dip_memories": ("variance",),
        "dip_residuals": ("variance",)}  # fmt: skip
TIMES = np.geomspace(0.1, 1e5, 12)
VARIANCES = np.linspace(0.1, 4.0, 9)
Z = (0.05 + 0.01j, -1.0, 3.0 + 0.5j)


@dataclass(frozen=True)
class Config:
    """Each seed is one random setting."""

    seeds: int = 16


PRESETS = {"smoke": Config(seeds=3), "laptop": Config(), "paper": Config(seeds=200)}


def grid(config: Config) -> list[dict]:
    """One point: settings are drawn by the seeds."""
    return [{"classes": 2}]


def job(key: jax.Array, point: dict) -> dict[str, jax.Array]:
    """Both sides of each relation at one random setting."""
    model = _random(key)
    constants = spectrum.class_constants(model)
    parts = [constants.signal_power, constants.noise_power, constants.memory_power]
    along = {}
    for name, activation in (("", jnp.tanh), ("dip_", _dip)):
        found = _along(VARIANCES, model.time, activation)
        along[f"{name}slopes"] = found.slope
        along[f"{name}memories"] = found.memory_power
        along[f"{name}residuals"] = found.residual_power
    bulks = spectrum.bulks(model)
    last = int(bulks.number) - 1
    return {
        "powers": jnp.stack([*parts, constants.residual_power, constants.total_power], axis=1),
        "slope": constants.slope[0],
        "total_power": constants.total_power[0],
        "top_mass": bulks.masses[last] * model.features_per_dimension,
        "bulk_mass": _mass(model, bulks.edges[0, 0], bulks.edges[last, 1]),
        "ratio": model.samples_per_dimension,
        "features": model.features_per_dimension,
        **_losses(model),
        **_alike(model),
        **along,
    }


def _random(key: jax.Array) -> ClassModel:
    """Shares, variances, a time and ratios with nothing special about them."""
    draws = jax.random.uniform(seeds.stream(key, "setting"), (7,), float)
    share, low, high, time, samples, features, _ = np.asarray(draws)
    samples = 2 + 6 * samples
    one = 0.2 + 0.6 * share
    variances = np.array([0.3 + 0.5 * low, 1.2 + high])
    return ClassModel(
        [one, 1 - one],
        np.stack([variances, variances], axis=1),
        0.05 + 0.2 * time,
        samples,
        (1 + samples) * (1.5 + 2 * features),
        group_fractions=[0.5, 0.5],
    )


def _mass(model: ClassModel, first: jax.Array, last: jax.Array) -> jax.Array:
    """The share of eigenvalues in all bulks, by a contour between the atom and the lowest edge.

    An ellipse in the log of the distance to the atom: bulks that nearly touch cost no accuracy.
    """
    atom = spectrum.coefficients(model).residual_power
    angle = (np.arange(96) + 0.5) * np.pi / 96
    low, high = np.log(first - atom), np.log(last - atom)
    across = (high - low) / 2 + 0.7
    away = np.exp((low + high) / 2 + across * np.cos(angle) + 1j * np.sin(angle))
    turn = away * (-across * np.sin(angle) + 1j * np.cos(angle)) / (2j * 96)
    return -2 * (turn * spectrum.resolvent(model, atom + away).trace).sum().real


def _dip(values: jax.Array) -> jax.Array:
    """Linear but for a dip around zero, which large values outgrow: no tanh in any respect."""
    return values * -jnp.expm1(-2 * values**2)


def _along(variances, time, activation=jnp.tanh) -> spectrum.Constants:
    return spectrum.equivalent_constants(variance=variances, time=time, activation=activation)


def _losses(model: ClassModel) -> dict[str, jax.Array]:
    """Train losses per class, and their average by its own integral without pairs of copies."""
    path = losses.contour(model)
    points, steps = np.asarray(path.points), np.asarray(path.steps)
    overlap = np.asarray(model.fractions @ path.linear)  # tr(V' R V) / d
    grown = -np.expm1(-2 * float(path.rate) * TIMES[:, None] * points) / points
    total = 1 + 2 * (grown * steps * overlap).sum(axis=1).real
    found = losses.along(path, jnp.asarray(TIMES))
    return {"train": found.train, "total": jnp.asarray(total), "share": model.fractions[0]}


def _alike(model: ClassModel) -> dict[str, jax.Array]:
    """One class, and the same cut in two: the trace cannot tell. `unlike` are unlike parts."""
    variances = jnp.broadcast_to(model.variances[:1], model.variances.shape)
    cut = flows.with_variances(model, variances)
    even = eqx.tree_at(lambda one: one.fractions, cut, jnp.asarray([0.5, 0.5]))
    whole = ClassModel(
        [1.0],
        model.variances[:1],
        model.time,
        model.samples_per_dimension,
        model.features_per_dimension,
        group_fractions=model.group_fractions,
    )
    z = np.array(Z)
    traces = [spectrum.resolvent(one, z).trace for one in (whole, cut, even, model)]
    names = ("one", "cut", "even", "unlike")
    return {f"trace_{name}": jnp.abs(trace[0]) for name, trace in zip(names, traces)}


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """Name the axes."""
    return dataset.assign_coords(
        training_time=TIMES,
        variance=VARIANCES,
        part=["signal", "noise", "memory", "residual", "total"],
    )
