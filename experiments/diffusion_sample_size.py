"""How training and memorisation change with the number of samples per dimension."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import numpy as np
import xarray

from diversity_jax.diffusion.model import ClassModel
from diversity_jax.diffusion.theory import losses
from experiments.shared import flows

AXES = flows.AXES
VARIANCES, PERCENT, FEATURES = (0.4, 1.6), 50, 32
SAMPLES = (2, 4, 8, 16)
RATES = 4.0 ** np.arange(
    2, 8
)  # features over samples per dimension, for the limit of many features
LATE = 1e3  # training time of the heat map
CELLS = 12


@dataclass(frozen=True)
class Config:
    """One dimension; samples per dimension are `SAMPLES`."""

    seeds: int = 12
    dimension: int = 14


PRESETS = {
    "smoke": Config(seeds=2, dimension=4),
    "laptop": Config(),
    "paper": Config(seeds=16, dimension=100),
}


def grid(config: Config) -> list[dict]:
    """One point per number of samples."""
    return [
        flows.point(VARIANCES, PERCENT, (samples, FEATURES), config.dimension)
        for samples in SAMPLES
    ]


def job(key: jax.Array, point: dict) -> dict[str, jax.Array]:
    """The losses of one draw at `flows.TRAINING_TIMES`, and the times that they give."""
    return flows.simulate(key, point)


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """Add predictions, the exponent of spectral times, and a map of the late test loss."""
    models = [flows.model(flows.of(dataset, place)) for place in range(dataset.sizes["point"])]
    per_axis = np.geomspace(2.0, 64.0, CELLS)
    late = [[_late(n, p) for p in per_axis] for n in per_axis]
    slopes = [_slope(4.0, 4.0 * ratio) for ratio in RATES]
    return (
        flows.beside_theory(dataset, models)
        .assign(
            late_test=(("samples", "features"), np.array(late)),
            edge_slope=(("rate", "class"), np.array(slopes)),
        )
        .assign_coords(
            samples=per_axis,
            features=per_axis,
            rate=RATES,
        )
    )


def _model(samples: float, features: float) -> ClassModel:
    point = flows.point(VARIANCES, PERCENT, (1, 1), 2)
    return flows.model(
        {**point, "samples_per_dimension": samples, "features_per_dimension": features}
    )


def _late(samples: float, features: float) -> float:
    """The mean test loss at `LATE`, predicted."""
    found = losses.flow_losses(_model(samples, features), np.array([LATE]))
    return float(found.test.mean())


def _slope(samples: float, features: float) -> np.ndarray:
    """The local exponent of each class's spectral-edge time in the number of samples."""
    step = 1.01
    ends = [
        losses.class_times(_model(n, features), memorisation="spectral-edge").memorisation
        for n in (samples / step, samples * step)
    ]
    return np.asarray(np.log(ends[1] / ends[0]) / (2 * np.log(step)))
