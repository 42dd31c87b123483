"""Losses of each class along training: finite-size gradient flow against the asymptotic curves."""

from __future__ import annotations

from dataclasses import dataclass

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import xarray

from diversity_jax.diffusion.model import ClassModel
from experiments.shared import flows

AXES = flows.AXES
RATIOS = (2, 4)
PERCENT = 25  # of the second class; even dimensions then give whole numbers of samples
# Isotropic classes, classes that differ in where their variance lies, and isotropic ones so far
# apart in variance that one is memorised while the other is still being learned.
SETTINGS = {"isotropic": (0.4, 1.6), "subspaces": ((1.2, 0.2), (0.2, 0.8)), "apart": (1.8, 0.2)}


@dataclass(frozen=True)
class Config:
    """Dimensions of the sweep (four at least for a verdict), and seeds at each."""

    seeds: int = 64  # with 40 the fall of B18-when is resolved under one root and not the next
    dimensions: tuple[int, ...] = (16, 26, 42, 68)


PRESETS = {
    "smoke": Config(seeds=4, dimensions=(8, 10, 12, 16)),
    "laptop": Config(),
    "paper": Config(seeds=48, dimensions=(32, 64, 128, 256)),
}


def grid(config: Config) -> list[dict]:
    """Every setting at every dimension."""
    return [
        flows.point(variances, PERCENT, RATIOS, dimension)
        for dimension in config.dimensions
        for variances in SETTINGS.values()
    ]


def job(key: jax.Array, point: dict) -> dict[str, jax.Array]:
    """The losses of one draw at `flows.TRAINING_TIMES`, and the times that they give."""
    return flows.simulate(key, point)


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """Add the predictions, and those of two rivals.

    `mixed`: one set of constants for all classes. `alone`: each class trained on its own samples
    and on no others.
    """
    points = [flows.of(dataset, place) for place in range(dataset.sizes["point"])]
    models = [flows.model(point) for point in points]
    mixed = flows.each_once(flows.predicted_losses, [flows.averaged(model) for model in models])
    settings = [*SETTINGS] * (len(models) // len(SETTINGS))
    alone = _alone(models[settings.index("apart")])
    unknown = [np.full(one.shape, np.nan) for one in alone]
    times, test = zip(*(alone if name == "apart" else unknown for name in settings))
    curve = ("point", "training_time", "class")
    return (
        flows.beside_theory(dataset, models)
        .assign(
            mixed_train=(curve, np.stack([train for train, _ in mixed])),
            mixed_test=(curve, np.stack([test for _, test in mixed])),
            alone_times=(("point", "definition", "class"), np.stack(times)),
            alone_test=(curve, np.stack(test)),
        )
        .assign_coords(setting=("point", settings))
    )


def _alone(model: ClassModel) -> tuple[np.ndarray, np.ndarray]:
    """Predicted times `[definition, class]` and test losses of each class without the other.

    Written as two like halves of one class, so that nothing is compiled anew.
    """
    times, test = [], []
    for share, variances in zip(model.fractions, model.variances):
        one = flows.with_variances(model, jnp.broadcast_to(variances, model.variances.shape))
        parts = jnp.full(model.classes, 1 / model.classes), share * model.samples_per_dimension
        one = eqx.tree_at(lambda one: (one.fractions, one.samples_per_dimension), one, parts)
        times.append(flows.predicted_times(one)[:, 0])
        test.append(flows.predicted_losses(one)[1][:, 0])
    return np.stack(times, axis=1), np.stack(test, axis=1)
