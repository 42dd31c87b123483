"""A dense core in a sparse square and far groups: which rows methods take for anomalies."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import numpy as np
import xarray

from diversity_jax import seeds
from diversity_jax.graph_learning import affinity, anomaly, baselines, settings

HOST = True
REGULARISATIONS = (0.01, 0.1, 1.0, 10.0)
BACKGROUNDS = (0.0, 1e-3, 1e-2)
METHODS = (
    *(f"soft harmonic, g = {g:g}" for g in REGULARISATIONS), "neighbours",
    *(f"walk, background {one:g}" for one in BACKGROUNDS), "support vectors", "one class",
    "neighbours, all labels", "support vectors, all labels",
    "soft harmonic, wide graph", "neighbours, wide graph",
)  # fmt: skip
BANDWIDTH = 0.6
WIDE = 1.2  # smooths the core away: its rows are fewer than those of the square around it
JUDGED = 2  # as many rows to judge as to learn from
ROWS = JUDGED * (settings.CORE[0] + settings.CORE[1] + 2 * settings.CORE[2])
AXES = {
    **{name: ("method",) for name in ("precision", "isolated_rank", "fringe_share")},
    "place": ("row", "coordinate"),
    "kind": ("row",),
}


@dataclass(frozen=True)
class Config:
    """`seeds` draws of 156 rows to learn from and twice as many to judge."""

    seeds: int = 60


PRESETS = {"smoke": Config(seeds=4), "laptop": Config(), "paper": Config(seeds=1000)}


def grid(config: Config) -> list[dict]:
    """One setting."""
    return [{"bandwidth": BANDWIDTH}]


def job(key: jax.Array, point: dict) -> dict[str, np.ndarray]:
    """Precision among as many rows as are anomalous, and where isolated and fringe rows rank.

    `isolated_rank` is the mean rank of rows in far groups, 1 the most unusual, over the number of
    rows; `fringe_share` the part of the top list that are rows of the core's class within .15 of
    its border, or of the square's within .5 of its own. Soft harmonic scores have the labels of the
    rows that are judged; of the others only those with "all labels" do.
    """
    first = settings.core(seeds.stream(key, "learn"))
    second = settings.core(seeds.stream(key, "judge"), times=JUDGED)
    both = settings.joined(first, second)
    points, labels = np.asarray(both.points), np.asarray(both.labels)
    known = np.arange(len(labels)) < len(first.labels)
    found = _on_graphs(points, labels, known, float(point["bandwidth"]))
    found |= _machines(points, labels, known)
    scores = [found[method] for method in METHODS]
    new = points[~known], labels[~known]
    anomalous, isolated = np.asarray(second.anomalous), np.asarray(second.isolated)
    edge = np.where(new[1] > 0, 1.5 - np.abs(new[0]).max(1) < 0.15, 5 - np.abs(new[0]).max(1) < 0.5)
    orders = [np.argsort(-score, kind="stable") for score in scores]
    ranks = [np.argsort(order)[isolated].mean() / len(order) for order in orders]
    top = [order[: anomalous.sum()] for order in orders]
    return {
        "precision": np.array([anomalous[rows].mean() for rows in top]),
        "isolated_rank": np.array(ranks),
        "fringe_share": np.array([(edge & ~isolated & ~anomalous)[rows].mean() for rows in top]),
        "place": new[0],
        "kind": np.where(isolated, 3.0, np.where(anomalous, 2.0, new[1] > 0)),
    }


def _on_graphs(
    points: np.ndarray, labels: np.ndarray, known: np.ndarray, bandwidth: float
) -> dict[str, np.ndarray]:
    """Scores of the rows that are not known, of methods on a graph."""
    near, wide = (affinity.gaussian(points, bandwidth=each) for each in (bandwidth, WIDE))
    every = np.ones(len(labels), bool)

    def soft(weights: object, g: float) -> jax.Array:
        return anomaly.soft_harmonic(weights, labels, confidence=1.0, regularisation=g)

    def neighbours(weights: object, used: np.ndarray) -> jax.Array:
        return anomaly.weighted_neighbours(weights, labels, reference=used)

    found = {f"soft harmonic, g = {g:g}": soft(near, g) for g in REGULARISATIONS}
    found |= {
        f"walk, background {one:g}": anomaly.random_walk(
            near, labels, background=one, reference=known
        )
        for one in BACKGROUNDS
    }
    found |= {
        "neighbours": neighbours(near, known),
        "neighbours, all labels": neighbours(near, every),
        "soft harmonic, wide graph": soft(wide, 1.0),
        "neighbours, wide graph": neighbours(wide, known),
    }
    return {name: np.asarray(score)[~known] for name, score in found.items()}


def _machines(points: np.ndarray, labels: np.ndarray, known: np.ndarray) -> dict[str, np.ndarray]:
    """Scores of the same rows, of methods without a graph."""
    deviation = float(points.std(axis=0).mean())
    old, new = (points[known], labels[known]), (points[~known], labels[~known])
    return {
        "support vectors": baselines.machine(*old, *new, bandwidth=deviation),
        "support vectors, all labels": baselines.machine(points, labels, *new, bandwidth=deviation),
        "one class": baselines.one_class(*old, *new, bandwidth=deviation),
    }


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """Name the methods."""
    return dataset.assign_coords(method=list(METHODS))
