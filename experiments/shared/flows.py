"""Two classes, two groups of directions: how diffusion experiments write, simulate and time them.

All variances of a point are floats, hence traced: settings of equal shares and sizes compile once.
Isotropic classes are written with equal variances in both groups, for the same reason.
"""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import xarray
from jaxtyping import Array, Float

from diversity_jax.diffusion import training
from diversity_jax.diffusion.model import ClassLosses, ClassModel
from diversity_jax.diffusion.theory import losses

VARIANCES = ("first_one", "first_two", "second_one", "second_two")
# The last time stands for endless training: slowest modes decay at rate 2 D s^2 / psi_p or faster.
TIMES = np.append(np.geomspace(0.1, 1e5, 181), 1e9)
AXES = {
    "train": ("training_time", "class"),
    "test": ("training_time", "class"),
    "end_gap": ("class",),
    "times": ("definition", "class"),
}  # of what `simulate` returns
DEFINITIONS = ("argmin", "share", "gap", "relative-gap")
SHARE, GAP, RELATIVE_GAP = 0.9, 0.05, 0.1


def point(
    variances: Any, percent: int, ratios: tuple[int, int], dimension: int, time: float = 0.1
) -> dict:
    """A grid point: variances `[class]` or `[class, group]`, share of the second class."""
    table = np.asarray(variances, float)
    table = np.broadcast_to(table[:, None] if table.ndim == 1 else table, (2, 2))
    return {
        **dict(zip(VARIANCES, table.ravel().tolist())),
        "percent": percent,
        "samples_per_dimension": ratios[0],
        "features_per_dimension": ratios[1],
        "dimension": dimension,
        "time": time,
    }


def model(point: dict) -> ClassModel:
    """The classes of a grid point, the second of share `percent`; groups are halves."""
    values = jnp.stack([jnp.asarray(point[name], float) for name in VARIANCES])
    share = point["percent"] / 100
    return ClassModel(
        [1 - share, share],
        values.reshape(2, 2),
        point["time"],
        point["samples_per_dimension"],
        point["features_per_dimension"],
        group_fractions=[0.5, 0.5],
    )


def of(dataset: xarray.Dataset, place: int) -> dict:
    """The grid point in row `place` of a result, as Python numbers."""
    fields = (*VARIANCES, "percent", "samples_per_dimension", "features_per_dimension", "time")
    return {name: dataset[name].values[place].item() for name in fields}


def kinds(dataset: xarray.Dataset) -> list[str]:
    """Per grid point: `isotropic`, or `subspaces` where variance depends on the direction."""
    alike = dataset.first_one.values == dataset.first_two.values
    return np.where(alike, "isotropic", "subspaces").tolist()


def averaged(model: ClassModel) -> ClassModel:
    """A control: classes replaced by their average, as if they were one."""
    average = model.fractions @ model.group_variances
    return with_variances(model, jnp.broadcast_to(average, model.variances.shape))


def with_variances(model: ClassModel, variances: Array) -> ClassModel:
    """The same model with other variances, of the same shape."""
    return eqx.tree_at(lambda one: one.variances, model, variances)


def simulate(key: Array, point: dict) -> dict[str, Array]:
    """Losses `[time, class]` of one draw at all but the last of `TIMES`, and times `[kind, class]`.

    `end_gap` is the gap of test and train loss after endless training.
    """
    return simulate_model(key, model(point), point["dimension"])


def simulate_model(key: Array, of: ClassModel, dimension: int) -> dict[str, Array]:
    """As `simulate`, of any model."""
    found = training.simulated_losses(key, of, TIMES, dimension=dimension)
    return {
        "train": found.train[:-1],
        "test": found.test[:-1],
        "end_gap": found.test[-1] - found.train[-1],
        "times": measured_times(found),
    }


def measured_times(found: ClassLosses) -> Float[Array, "kind k"]:
    """The times of `DEFINITIONS`, read off losses at `TIMES`; inf where never."""
    logs = jnp.log(TIMES[:-1])
    test, train = found.test[:-1], found.train[:-1]
    least = jnp.min(test, axis=0)
    gap = test - train
    end = (found.test - found.train)[-1]
    rows = [
        _lowest(logs, test),
        _first(logs, (1 - test) / (1 - least)[None, :], SHARE),
        _first(logs, gap, GAP),
        _first(logs, gap / end[None, :], RELATIVE_GAP),
    ]
    return jnp.exp(jnp.stack(rows))


def _lowest(logs: Array, values: Float[Array, "t k"]) -> Float[Array, " k"]:
    """The log time of the least value, by the parabola through its neighbours."""
    place = jnp.argmin(values, axis=0)
    inner = jnp.clip(place, 1, logs.shape[0] - 2)
    before, at, after = (
        jnp.take_along_axis(values, (inner + step)[None], axis=0)[0] for step in (-1, 0, 1)
    )
    bend = before - 2 * at + after
    shift = jnp.where(bend > 0, (before - after) / (2 * jnp.where(bend > 0, bend, 1.0)), 0.0)
    found = logs[inner] + jnp.clip(shift, -1.0, 1.0) * (logs[1] - logs[0])
    return jnp.where(place == logs.shape[0] - 1, jnp.inf, found)


def _first(logs: Array, values: Float[Array, "t k"], wanted: float) -> Float[Array, " k"]:
    """The first log time at which a value reaches `wanted`."""
    above = values >= wanted
    place = jnp.clip(jnp.argmax(above, axis=0), 1, None)
    low, high = (jnp.take_along_axis(values, (place + step)[None], axis=0)[0] for step in (-1, 0))
    part = jnp.clip((wanted - low) / jnp.where(high == low, 1.0, high - low), 0.0, 1.0)
    found = logs[place - 1] + part * (logs[place] - logs[place - 1])
    return jnp.where(above.any(axis=0), found, jnp.inf)


def predicted_times(model: ClassModel) -> np.ndarray:
    """The asymptotic times of `DEFINITIONS`, `[kind, class]`."""
    first = losses.class_times(model, generalisation="argmin", memorisation="gap")
    second = losses.class_times(model, generalisation="share", memorisation="relative-gap")
    return np.stack(
        [first.generalisation, second.generalisation, first.memorisation, second.memorisation]
    )


def beside_theory(dataset: xarray.Dataset, models: list[ClassModel]) -> xarray.Dataset:
    """`dataset` of `simulate` with predicted curves and times, one model per grid point."""
    curves = [predicted_losses(model) for model in models]
    along = ("point", "training_time", "class")
    return named(dataset).assign(
        theory_train=(along, np.stack([train for train, _ in curves])),
        theory_test=(along, np.stack([test for _, test in curves])),
        theory_times=(
            ("point", "definition", "class"),
            np.stack([predicted_times(model) for model in models]),
        ),
    )


def named(dataset: xarray.Dataset) -> xarray.Dataset:
    """`dataset` of `simulate` with its training times and definitions as coordinates."""
    return dataset.assign_coords(training_time=TIMES[:-1], definition=list(DEFINITIONS))


def predicted_losses(model: ClassModel) -> tuple[np.ndarray, np.ndarray]:
    """Asymptotic train and test losses `[time, class]` at all but the last of `TIMES`."""
    found = losses.flow_losses(model, TIMES[:-1])
    return np.asarray(found.train), np.asarray(found.test)
