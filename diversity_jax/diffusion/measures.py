"""What is read off simulated runs: when classes are learned and memorised, and through which modes.

The counterparts of `losses.class_times` and of the densities of `spectrum`, without theory.
"""

from __future__ import annotations

import jax.numpy as jnp
import numpy.typing as npt
from jaxtyping import Array, Float, ScalarLike

from diversity_jax import validate
from diversity_jax.diffusion import random_features
from diversity_jax.diffusion.model import ClassLosses, ClassModel
from diversity_jax.records import Record

DEFINITIONS = ("argmin", "share", "gap", "relative-gap")


def measured_times(
    losses: ClassLosses,
    training_times: npt.ArrayLike,
    *,
    share: ScalarLike = 0.9,
    gap: ScalarLike = 0.05,
    relative_gap: ScalarLike = 0.1,
) -> Float[Array, "definition k"]:
    """The times of `DEFINITIONS`, read off `losses` at `training_times`; inf where never.

    As `losses.class_times` defines them. The last time stands for endless training and is used for
    the last gap alone; the others are evenly spaced in their logarithm. `argmin` is the lowest
    point of a parabola through three losses, the others interpolate in log time.

    Shapes: losses `[time, class]`, `training_times` `[time]`.
    Errors: ValueError for fewer than four times, or not as many as losses.
    Source: our definitions.
    """
    times = jnp.asarray(training_times, float)
    validate.shape("training_times", times, (losses.test.shape[0],), "pass those of the losses")
    if times.shape[0] < 4:
        expected = "four or more, the last for endless training"
        raise validate.fail("training_times", f"{times.shape[0]} times", expected, "add some")
    logs = jnp.log(times[:-1])
    test, train = losses.test[:-1], losses.train[:-1]
    least = jnp.min(test, axis=0)
    apart, end = test - train, (losses.test - losses.train)[-1]
    rows = [
        _lowest(logs, test),
        _first(logs, (1 - test) / (1 - least)[None, :], share),
        _first(logs, apart, gap),
        _first(logs, apart / end[None, :], relative_gap),
    ]
    return jnp.exp(jnp.stack(rows))


def _lowest(logs: Float[Array, " t"], values: Float[Array, "t k"]) -> Float[Array, " k"]:
    """The log time of the least value, by the parabola through its neighbours."""
    place = jnp.argmin(values, axis=0)
    inner = jnp.clip(place, 1, logs.shape[0] - 2)
    before, at, after = (
        jnp.take_along_axis(values, (inner + step)[None], axis=0)[0] for step in (-1, 0, 1)
    )
    bend = before - 2 * at + after
    shift = jnp.where(bend > 0, (before - after) / (2 * jnp.where(bend > 0, bend, 1.0)), 0.0)
    lowest = logs[inner] + jnp.clip(shift, -1.0, 1.0) * (logs[1] - logs[0])
    return jnp.where(place == logs.shape[0] - 1, jnp.inf, lowest)


def _first(
    logs: Float[Array, " t"], values: Float[Array, "t k"], wanted: ScalarLike
) -> Float[Array, " k"]:
    """The first log time at which a value reaches `wanted`."""
    above = values >= wanted
    place = jnp.clip(jnp.argmax(above, axis=0), 1, None)
    low, high = (jnp.take_along_axis(values, (place + step)[None], axis=0)[0] for step in (-1, 0))
    part = jnp.clip((wanted - low) / jnp.where(high == low, 1.0, high - low), 0.0, 1.0)
    crossing = logs[place - 1] + part * (logs[place] - logs[place - 1])
    return jnp.where(above.any(axis=0), crossing, jnp.inf)


class Shares(Record):
    """Shares of one draw's modes below the points of a grid, and all its eigenvalues."""

    below: Float[Array, " x"]
    learned: Float[Array, " x"]
    eigenvalues: Float[Array, " p"]


def learned_shares(
    model: ClassModel, drawn: random_features.Features, grid: npt.ArrayLike
) -> Shares:
    """The share of eigenvalues of U below each point of `grid`, and of what is learned there.

    `learned` is by how much the training loss falls, in the end, through modes with eigenvalues
    below; its last value is the whole fall. Of `model` the activation alone is used.

    Shapes: `grid` `[x]`, ascending.
    Cost: one eigendecomposition with its vectors.
    Source: derived (`training.simulated_losses` at endless training).
    """
    matrix, slopes = random_features.covariance(model, drawn)
    values, vectors = jnp.linalg.eigh(matrix)
    signal = vectors.T @ random_features.cross(drawn, slopes)
    falls = jnp.sum(signal**2, axis=1) / values / drawn.weights.shape[1]
    below = jnp.searchsorted(values, jnp.asarray(grid, float))
    grown = jnp.concatenate([jnp.zeros(1), jnp.cumsum(falls)])
    return Shares(below / values.size, grown[below], values)
