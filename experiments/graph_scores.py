"""Conditional anomaly scores against the true one on three pairs of mixtures, labels switched."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import numpy as np
import xarray

from diversity_jax import seeds
from diversity_jax.graph_learning import affinity, anomaly, baselines, settings

HOST = True
METHODS = (
    "soft harmonic, wide", "soft harmonic, narrow", "neighbours, wide", "neighbours, narrow",
    "neighbours, wide, all labels", "neighbours, narrow, all labels",
    "walk", "walk, background", "support vectors", "one class", "discriminant",
)  # fmt: skip
WIDE, NARROW = 0.3, 0.1  # bandwidths, in mean deviations of the features
BACKGROUND = 1e-3
AXES = {"agreement": ("method",)}


@dataclass(frozen=True)
class Config:
    """`each` rows of each class to learn from, as many to judge (500 in the paper)."""

    seeds: int = 28
    each: int = 300


PRESETS = {
    "smoke": Config(seeds=4, each=60),
    "laptop": Config(),
    "paper": Config(seeds=100, each=500),
}


def grid(config: Config) -> list[dict]:
    """The paper's three kinds of data."""
    return [{"data": name, "each": config.each} for name in settings.NAMES]


def job(key: jax.Array, point: dict) -> dict[str, np.ndarray]:
    """The agreement of each method with the log odds of the densities that were drawn from.

    Soft harmonic scores have the labels of the rows that are judged; of the others only those with
    "all labels" do.
    """
    classes, each = settings.pair(point["data"]), point["each"]
    first = settings.draw(seeds.stream(key, "learn"), classes, each=each)
    second = settings.draw(seeds.stream(key, "judge"), classes, each=each)
    both = settings.joined(first, second)
    points, labels = np.asarray(both.points), np.asarray(both.labels)
    known = np.arange(len(labels)) < 2 * each
    every = np.ones(len(labels), bool)
    deviation = float(points.std(axis=0).mean())
    wide, narrow = (affinity.gaussian(points, bandwidth=f * deviation) for f in (WIDE, NARROW))
    old, new = (points[known], labels[known]), (points[~known], labels[~known])
    scores = {
        "soft harmonic, wide": _soft(wide, labels, 1.0)[~known],
        "soft harmonic, narrow": _soft(narrow, labels, 0.1)[~known],
        "neighbours, wide": _neighbours(wide, labels, known)[~known],
        "neighbours, narrow": _neighbours(narrow, labels, known)[~known],
        "neighbours, wide, all labels": _neighbours(wide, labels, every)[~known],
        "neighbours, narrow, all labels": _neighbours(narrow, labels, every)[~known],
        "walk": _walk(wide, labels, known, 0.0),
        "walk, background": _walk(wide, labels, known, BACKGROUND),
        "support vectors": baselines.machine(*old, *new, bandwidth=deviation),
        "one class": baselines.one_class(*old, *new, bandwidth=deviation),
        "discriminant": baselines.discriminant(*old, *new),
    }
    truth = second.log_odds
    return {"agreement": np.array([anomaly.agreement(truth, scores[name]) for name in METHODS])}


def _soft(weights: object, labels: np.ndarray, regularisation: float) -> np.ndarray:
    found = anomaly.soft_harmonic(weights, labels, confidence=1.0, regularisation=regularisation)
    return np.asarray(found)


def _neighbours(weights: object, labels: np.ndarray, used: np.ndarray) -> np.ndarray:
    return np.asarray(anomaly.weighted_neighbours(weights, labels, reference=used))


def _walk(weights: object, labels: np.ndarray, known: np.ndarray, background: float) -> np.ndarray:
    found = anomaly.random_walk(weights, labels, background=background, reference=known)
    return np.asarray(found)[~known]


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """Name the methods."""
    return dataset.assign_coords(method=list(METHODS))
