"""Pairs of digits from a few labels: machines, harmonic solutions and max-margin graph cuts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import jax
import numpy as np
import xarray

from diversity_jax import datasets, seeds
from diversity_jax.graph_learning import affinity, harmonic, max_margin
from diversity_jax.graph_learning.problem import Affinity

HOST = True
PAIRS = ((0, 1), (3, 8), (4, 9), (1, 7), (5, 6), (2, 3))
EACH = 174  # images of each digit: of 8 there are no more
LABELLED = (2, 9, 17)  # of them, 1, 5 and 10%
METHODS = (
    "support vectors", "harmonic", "cut, linear", "cut, Gaussian", "cut, no influence",
)  # fmt: skip
NEIGHBOURS = 5
REGULARISATION, NONE = 0.01, 1e9
PENALTY = 0.05  # for each labelled image: the thesis takes .01 to .1
AXES = {"error": ("pair", "method")}


@dataclass(frozen=True)
class Config:
    """`seeds` draws of the labelled images."""

    seeds: int = 12


PRESETS = {"smoke": Config(seeds=2), "laptop": Config(), "paper": Config(seeds=500)}


def grid(config: Config) -> list[dict]:
    """Numbers of labelled images of each class."""
    return [{"each": each} for each in LABELLED]


def job(key: jax.Array, point: dict) -> dict[str, np.ndarray]:
    """Errors on unlabelled images, by pair of digits and method."""
    random = seeds.numpy_generator(seeds.stream(key, "labelled"))
    return {"error": np.array([_errors(random, pair, int(point["each"])) for pair in PAIRS])}


@lru_cache
def _pair(pair: tuple[int, int]) -> tuple[np.ndarray, np.ndarray, Affinity, float]:
    """Images, labels, the neighbour graph, and a bandwidth: the root of the pixels' variance."""
    images = datasets.select(datasets.load("digits", dtype=np.float64), pair, per_class=EACH)
    points = np.asarray(images.pixels)
    width = float(np.sqrt(points.var(axis=0).sum()))
    graph = affinity.nearest(points, neighbours=NEIGHBOURS)
    return points, np.where(images.labels > 0, 1, -1), graph, width


def _errors(random: np.random.Generator, pair: tuple[int, int], each: int) -> list[float]:
    points, truth, graph, width = _pair(pair)
    labelled = np.zeros(len(truth), bool)
    for sign in (-1, 1):
        labelled[random.choice(np.flatnonzero(truth == sign), each, replace=False)] = True
    given = {"penalty": PENALTY * 2 * each}

    def cut(regularisation: float, **kernel) -> np.ndarray:
        found = max_margin.graph_cut(
            points, graph, truth, labelled, regularisation=regularisation, **given, **kernel
        )
        return found.predict(points)

    values = np.asarray(harmonic.hard(graph, truth, labelled, regularisation=REGULARISATION))
    found = [
        max_margin.supervised(points, truth, labelled, **given).predict(points),
        np.sign(values),  # 0 where no label reaches: an error
        cut(REGULARISATION),
        cut(REGULARISATION, kernel="gaussian", bandwidth=width),
        cut(NONE),
    ]
    return [float((each != truth)[~labelled].mean()) for each in found]


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """Name methods and pairs."""
    pairs = [f"{one} and {other}" for one, other in PAIRS]
    return dataset.assign_coords(method=list(METHODS), pair=pairs)
