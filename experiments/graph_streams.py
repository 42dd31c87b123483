"""Two moons as a stream: the online quantised learner against the solution of all points."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import numpy as np
import xarray

from diversity_jax import seeds
from diversity_jax.graph_learning import affinity, harmonic, online
from experiments.shared.moons import moons

HOST = True
LABELLED = 3  # of each moon, as they come
BANDWIDTH, REGULARISATION = 0.15, 1e-3
AXES = {name: ("number",) for name in ("accuracy", "distance", "used", "asked")}


@dataclass(frozen=True)
class Config:
    """`seeds` streams of `points` points, by number of centroids."""

    seeds: int = 16
    points: int = 1000
    numbers: tuple[int, ...] = (15, 40, 120)


PRESETS = {
    "smoke": Config(seeds=4, points=120, numbers=(8, 16)),
    "laptop": Config(),
    "paper": Config(seeds=100, points=20_000, numbers=(15, 30, 60, 120, 240)),
}


def grid(config: Config) -> list[dict]:
    """The papers' multiplier and a smaller one."""
    shared = {"points": config.points, "numbers": config.numbers}
    return [{"multiplier": multiplier, **shared} for multiplier in (1.5, 1.1)]


def job(key: jax.Array, point: dict) -> dict[str, np.ndarray]:
    """Accuracy on unlabelled points and root mean square distance to the solution of all points."""
    random = seeds.numpy_generator(seeds.stream(key, "moons"))
    points, classes = moons(random, point["points"])
    known = np.zeros(len(points), bool)
    for sign in (-1, 1):
        known[np.flatnonzero(classes == sign)[:LABELLED]] = True
    weights = affinity.gaussian(points, bandwidth=BANDWIDTH)
    full = np.asarray(harmonic.hard(weights, classes, known, regularisation=REGULARISATION))
    columns = {name: [] for name in AXES}
    for number in point["numbers"]:
        learner = online.initial(
            number, 2, bandwidth=BANDWIDTH, regularisation=REGULARISATION,
            multiplier=point["multiplier"],
        )  # fmt: skip
        learner, _ = online.run(learner, points, np.where(known, classes, np.nan), every=0)
        found = np.asarray(online.predict(learner, points))
        columns["accuracy"].append((np.sign(found) == classes)[~known].mean())
        columns["distance"].append(np.sqrt(np.mean((found - full)[~known] ** 2)))
        columns["used"].append(float(learner.quantiser.count))
        columns["asked"].append(float(number))
    whole = (np.sign(full) == classes)[~known].mean()
    return {name: np.array(values) for name, values in columns.items()} | {"whole": whole}


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """Name the numbers of centroids."""
    return dataset.assign_coords(number=dataset.asked.values[0, 0])
