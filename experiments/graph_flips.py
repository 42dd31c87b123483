"""Switched labels on real tables: how many of them rank among the most unusual rows."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import numpy as np
import xarray

from diversity_jax import seeds
from diversity_jax.graph_learning import baselines, judged, offered
from experiments.shared import labelled_tables

HOST = True
SWITCHED = 0.03
METHODS = ("soft harmonic", "label left out", "neighbours", "support vectors", "one class")
AXES = {"precision": ("method",)}
DIMENSIONS = {"breast cancer": 30, "wine": 13, "digits": 40}  # principal components kept


@dataclass(frozen=True)
class Config:
    """`seeds` draws of at most some `most` rows of each table, and of labels that are switched."""

    seeds: int = 24
    most: int = 600


PRESETS = {
    "smoke": Config(seeds=4, most=200),
    "laptop": Config(),
    "paper": Config(seeds=100, most=1797),
}


def grid(config: Config) -> list[dict]:
    """Three tables of scikit-learn: two, three and ten classes."""
    return [{"table": name, "most": config.most} for name in DIMENSIONS]


def job(key: jax.Array, point: dict) -> dict[str, np.ndarray]:
    """The share of switched rows among as many rows of the largest scores, by method."""
    whole = labelled_tables.table(point["table"], DIMENSIONS[point["table"]])
    rows = labelled_tables.resample(seeds.stream(key, "rows"), whole, point["most"])
    random = seeds.numpy_generator(seeds.stream(key, "switched"))
    number, classes = len(rows.classes), rows.classes.copy()
    chosen = random.choice(number, round(SWITCHED * number), replace=False)
    # Any of the other classes, with even chances.
    classes[chosen] = (classes[chosen] + random.integers(1, rows.number, len(chosen))) % rows.number
    weights = judged.graph(rows.points, offered.NEIGHBOURS).affinity
    found = judged.judge(
        weights, classes, confidence=offered.CONFIDENCE, regularisation=offered.REGULARISATION
    )
    # scikit-learn's own width, `gamma="scale"`.
    bandwidth = float(np.sqrt(rows.points.var() * rows.points.shape[1] / 2))
    scores = {
        "soft harmonic": found.soft,
        "label left out": found.left_out,
        "neighbours": found.neighbours,
        "support vectors": baselines.machine(rows.points, classes, bandwidth=bandwidth),
        "one class": baselines.one_class(rows.points, classes, bandwidth=bandwidth),
    }
    wrong = np.isin(np.arange(number), chosen)
    top = [np.argsort(-scores[name], kind="stable")[: len(chosen)] for name in METHODS]
    return {"precision": np.array([wrong[rows].mean() for rows in top])}


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """Name the methods."""
    return dataset.assign_coords(method=list(METHODS))
