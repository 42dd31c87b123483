"""Odds of walks within classes over those of weighted neighbours, as rows are added."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import numpy as np
import xarray

from diversity_jax import seeds
from diversity_jax.graph_learning import affinity, anomaly, settings, theory

HOST = True
BANDWIDTH = 0.6
AXES = {"log_factor": ("size",), "rows": ("size",)}


@dataclass(frozen=True)
class Config:
    """`seeds` draws of each pair of mixtures at each number of rows a class."""

    seeds: int = 48
    sizes: tuple[int, ...] = (25, 50, 100, 200, 400)


PRESETS = {
    "smoke": Config(seeds=6, sizes=(15, 30, 60, 120)),
    "laptop": Config(),
    "paper": Config(seeds=400, sizes=(25, 50, 100, 200, 400, 800, 1600)),
}


def grid(config: Config) -> list[dict]:
    """The three pairs, whose classes are not equally dense."""
    return [{"data": name, "sizes": config.sizes} for name in settings.NAMES]


def job(key: jax.Array, point: dict) -> dict[str, np.ndarray]:
    """The mean over rows of label 1 of the log of both scores' odds, walks over neighbours."""
    classes, found = settings.pair(point["data"]), []
    for each in point["sizes"]:
        drawn = settings.draw(seeds.stream(key, each), classes, each=each, switched=0.0)
        weights, labels = affinity.gaussian(drawn.points, bandwidth=BANDWIDTH), drawn.labels
        walk = np.asarray(anomaly.random_walk(weights, labels))
        beside = np.asarray(anomaly.weighted_neighbours(weights, labels))
        # Rows that neighbours of one class alone surround have no odds.
        kept = (np.asarray(labels) > 0) & (beside > 0) & (beside < 1)
        odds = [np.log(score[kept] / (1 - score[kept])) for score in (walk, beside)]
        found.append((odds[0] - odds[1]).mean())
    return {"log_factor": np.array(found), "rows": np.array(point["sizes"], float)}


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """The limit in closed form, by mixture."""
    limits = []
    for name in dataset.data.values:
        pair = settings.pair(str(name))
        factor = theory.population_odds_factor(pair.positive, pair.negative, bandwidth=BANDWIDTH)
        limits.append(float(np.log(np.asarray(factor))))
    return dataset.assign(theory_limit=("point", limits)).assign_coords(
        size=2 * np.asarray(dataset.rows.values[0, 0])
    )
