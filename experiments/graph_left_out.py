"""Anomaly scores against labels left out and solved again, their bounds, and walks' odds."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import numpy as np
import xarray

from diversity_jax import seeds
from diversity_jax.graph_learning import affinity, anomaly, harmonic, theory

HOST = True
NODES = 24
LONE, PURE = 1, 3  # a node without edges, a component of one class
MANY = 200
PER_NODE = (
    "score", "score_again", "score_raw", "solution", "solution_theory", "solution_kept",
    "lowest", "highest", "odds", "odds_theory", "odds_even",
)  # fmt: skip
AXES = {
    **{name: ("node",) for name in PER_NODE},
    **{name: ("still",) for name in ("quiet", "quiet_mixed")},
}


@dataclass(frozen=True)
class Config:
    """`seeds` draws of points and labels at each setting."""

    seeds: int = 12


PRESETS = {"smoke": Config(seeds=4), "laptop": Config(), "paper": Config(seeds=1000)}


def grid(config: Config) -> list[dict]:
    """Weak and strong regularisation, confidences on both sides of 1."""
    return [
        {"regularisation": g, "confidence": c} for g, c in ((0.05, 1.0), (0.5, 0.2), (2.0, 4.0))
    ]


def job(key: jax.Array, point: dict) -> dict[str, np.ndarray]:
    """Both sides of each identity by node, and what spoils it."""
    random = seeds.numpy_generator(seeds.stream(key, "points"))
    g, c = float(point["regularisation"]), float(point["confidence"])
    weights, labels = _graph(random)
    found = anomaly.of_classes(weights, labels, confidence=c, regularisation=g)
    kept = np.asarray(harmonic.soft(weights, labels, c, regularisation=g))
    again = np.array([_without(weights, labels, c, g, node) for node in range(NODES)])
    own = c * np.linalg.inv(_system(weights, g, c)).diagonal()
    ranges = np.asarray(theory.score_ranges(weights, c, regularisation=g))
    quiet = np.flatnonzero(np.arange(NODES) < LONE + PURE)
    mixed = labels.copy()
    mixed[LONE] *= -1
    spoiled = anomaly.soft_harmonic(weights, mixed, confidence=c, regularisation=g)
    return {
        "score": np.asarray(found.scores),
        "score_again": (1 - own) * np.abs(again - labels),
        "score_raw": np.abs(again - labels),
        "solution": again,
        "solution_theory": np.asarray(
            theory.without_own_label(weights, labels, c, regularisation=g).solution
        ),
        "solution_kept": kept,
        "lowest": ranges[:, 0],
        "highest": ranges[:, 1],
        "quiet": np.asarray(found.scores)[quiet] / (g / (c + g)),
        "quiet_mixed": np.asarray(spoiled)[quiet] / (g / (c + g)),
        "least": np.asarray(found.bounds)[0],
        "most": np.asarray(found.bounds)[1],
        **_outvoted(g, c),
        **_odds(random),
    }


def _graph(random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """One node alone, a component of one class, and the rest, one of it tied to the other class."""
    weights = np.zeros((NODES, NODES))
    apart = LONE + PURE
    weights[LONE:apart, LONE:apart] = random.uniform(0.5, 2)
    points = random.standard_normal((NODES - apart, 2))
    weights[apart:, apart:] = affinity.gaussian(points, bandwidth=0.7)
    labels = random.choice([-1.0, 1.0], NODES)
    labels[LONE:apart] = labels[LONE]
    other = np.flatnonzero((labels == -labels[-1]) & (np.arange(NODES) >= apart))
    weights[-1, other] = weights[other, -1] = 1e3
    np.fill_diagonal(weights, 0)
    return weights, labels


def _system(weights: np.ndarray, g: float, c: float) -> np.ndarray:
    return np.diag(weights.sum(1) + g + c) - weights


def _without(weights: np.ndarray, labels: np.ndarray, c: float, g: float, node: int) -> float:
    """The solution at a node whose own label has no confidence."""
    confidence = np.where(np.arange(NODES) == node, 0, c)
    return float(harmonic.soft(weights, labels, confidence, regularisation=g)[node])


def _outvoted(g: float, c: float) -> dict[str, np.ndarray]:
    """One label among many of the other class, all tied to each other: the largest score."""
    labels = np.where(np.arange(MANY) > 0, 1.0, -1.0)
    weights = 1e3 * (1 - np.eye(MANY))
    scores = anomaly.soft_harmonic(weights, labels, confidence=c, regularisation=g)
    highest = theory.score_ranges(weights, c, regularisation=g)
    return {"outvoted": np.asarray(scores)[0], "outvoted_highest": np.asarray(highest)[0, 1]}


def _odds(random: np.random.Generator) -> dict[str, np.ndarray]:
    """Walks' odds over neighbours', classes of unlike density, with their factor and without."""
    labels = np.where(np.arange(NODES) < NODES // 2, -1.0, 1.0)
    points = random.standard_normal((NODES, 2)) * np.where(labels > 0, 0.5, 1.5)[:, None]
    weights = affinity.gaussian(points, bandwidth=1.0)
    walk = np.asarray(anomaly.random_walk(weights, labels))
    beside = np.asarray(anomaly.weighted_neighbours(weights, labels))
    exact = np.asarray(theory.walk_odds_factor(weights, labels).exact)
    odds = beside / (1 - beside)
    return {"odds": walk / (1 - walk), "odds_theory": odds * exact, "odds_even": odds}


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """Both sides of every identity are there already."""
    return dataset
