"""Two classes, two groups of directions: how diffusion experiments write, simulate and time them.

All variances of a point are floats, hence traced: settings of equal shares and sizes compile once.
Isotropic classes are written with equal variances in both groups, for the same reason.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import xarray
from jaxtyping import Array

from diversity_jax.diffusion import measures, training
from diversity_jax.diffusion.model import ClassModel
from diversity_jax.diffusion.theory import losses

VARIANCES = ("first_one", "first_two", "second_one", "second_two")
# The last time stands for endless training: slowest modes decay at rate 2 D s^2 / psi_p or faster.
TRAINING_TIMES = np.append(np.geomspace(0.1, 1e5, 181), 1e9)
AXES = {
    "train": ("training_time", "class"),
    "test": ("training_time", "class"),
    "end_gap": ("class",),
    "times": ("definition", "class"),
}  # of what `simulate` returns
DEFINITIONS = measures.DEFINITIONS


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
    return eqx.tree_at(lambda model: model.variances, model, variances)


def simulate(key: Array, point: dict) -> dict[str, Array]:
    """Losses `[time, class]` of one draw at all but the last of `TRAINING_TIMES`, and their times.

    `times` `[definition, class]`; `end_gap` is test less train loss after endless training.
    """
    return simulate_model(key, model(point), point["dimension"])


def simulate_model(key: Array, of: ClassModel, dimension: int) -> dict[str, Array]:
    """As `simulate`, of any model."""
    losses = training.simulated_losses(key, of, TRAINING_TIMES, dimension=dimension)
    return {
        "train": losses.train[:-1],
        "test": losses.test[:-1],
        "end_gap": losses.test[-1] - losses.train[-1],
        "times": measures.measured_times(losses, TRAINING_TIMES),
    }


def predicted_times(model: ClassModel) -> np.ndarray:
    """The asymptotic times of `DEFINITIONS`, `[definition, class]`."""
    first = losses.class_times(model, generalisation="argmin", memorisation="gap")
    second = losses.class_times(model, generalisation="share", memorisation="relative-gap")
    return np.stack(
        [first.generalisation, second.generalisation, first.memorisation, second.memorisation]
    )


def beside_theory(dataset: xarray.Dataset, models: list[ClassModel]) -> xarray.Dataset:
    """`dataset` of `simulate` with predicted curves and times, one model per grid point."""
    curves = each_once(predicted_losses, models)
    times = each_once(predicted_times, models)
    along = ("point", "training_time", "class")
    return named(dataset).assign(
        theory_train=(along, np.stack([train for train, _ in curves])),
        theory_test=(along, np.stack([test for _, test in curves])),
        theory_times=(("point", "definition", "class"), np.stack(times)),
    )


def each_once(function: Callable[[ClassModel], Any], models: list[ClassModel]) -> list[Any]:
    """`function` of every model; those of equal numbers, as at several dimensions, share one."""
    keys = [tuple(np.asarray(leaf).tobytes() for leaf in jax.tree.leaves(one)) for one in models]
    known = {key: function(model) for key, model in dict(zip(keys, models)).items()}
    return [known[key] for key in keys]


def named(dataset: xarray.Dataset) -> xarray.Dataset:
    """`dataset` of `simulate` with its training times and definitions as coordinates."""
    return dataset.assign_coords(training_time=TRAINING_TIMES[:-1], definition=list(DEFINITIONS))


def predicted_losses(model: ClassModel) -> tuple[np.ndarray, np.ndarray]:
    """Asymptotic train and test losses `[time, class]` at all but the last of `TRAINING_TIMES`."""
    curves = losses.flow_losses(model, TRAINING_TIMES[:-1])
    return np.asarray(curves.train), np.asarray(curves.test)
