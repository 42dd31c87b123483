"""Pairs of digits from a few labels: machines, harmonic solutions and max-margin graph cuts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

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
AGAIN = PAIRS.index((3, 8))  # of these a cut without influence of the graph too
METHODS = ("support vectors", "harmonic", "cut, linear", "cut, Gaussian")
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
    """Errors on unlabelled images, by pair of digits and method.

    `error_far` is that of a cut of so strong a regularisation that the graph has no influence.
    """
    random = seeds.numpy_generator(seeds.stream(key, "labelled"))
    drawn = [_labelled(random, pair, int(point["each"])) for pair in PAIRS]
    found = [_errors(pair, labelled) for pair, labelled in zip(PAIRS, drawn)]
    far = _error(PAIRS[AGAIN], drawn[AGAIN], _cut(PAIRS[AGAIN], drawn[AGAIN], NONE))
    return {"error": np.array(found), "error_far": np.asarray(far)}


@lru_cache
def _pair(pair: tuple[int, int]) -> tuple[np.ndarray, np.ndarray, Affinity, float]:
    """Images, labels, the neighbour graph, and a bandwidth: the root of the pixels' variance."""
    images = datasets.select(datasets.load("digits", dtype=np.float64), pair, per_class=EACH)
    points = np.asarray(images.pixels)
    width = float(np.sqrt(points.var(axis=0).sum()))
    graph = affinity.nearest(points, neighbours=NEIGHBOURS)
    return points, np.where(images.labels > 0, 1, -1), graph, width


def _labelled(random: np.random.Generator, pair: tuple[int, int], each: int) -> np.ndarray:
    truth = _pair(pair)[1]
    rows = [random.choice(np.flatnonzero(truth == sign), each, replace=False) for sign in (-1, 1)]
    return np.isin(np.arange(len(truth)), rows)


def _errors(pair: tuple[int, int], labelled: np.ndarray) -> list[float]:
    points, truth, graph, width = _pair(pair)
    values = np.asarray(harmonic.hard(graph, truth, labelled, regularisation=REGULARISATION))
    penalty = PENALTY * labelled.sum()
    found = [
        max_margin.supervised(points, truth, labelled, penalty=penalty).predict(points),
        np.sign(values),  # 0 where no label reaches: an error
        _cut(pair, labelled, REGULARISATION),
        _cut(pair, labelled, REGULARISATION, kernel="gaussian", bandwidth=width),
    ]
    return [_error(pair, labelled, each) for each in found]


def _cut(
    pair: tuple[int, int], labelled: np.ndarray, regularisation: float, **kernel: Any
) -> np.ndarray:
    points, truth, graph, _ = _pair(pair)
    found = max_margin.graph_cut(
        points, graph, truth, labelled,
        regularisation=regularisation, penalty=PENALTY * labelled.sum(), **kernel,
    )  # fmt: skip
    return found.predict(points)


def _error(pair: tuple[int, int], labelled: np.ndarray, predicted: np.ndarray) -> float:
    return float((predicted != _pair(pair)[1])[~labelled].mean())


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """Name methods and pairs."""
    pairs = [f"{one} and {other}" for one, other in PAIRS]
    return dataset.assign_coords(method=list(METHODS), pair=pairs)
