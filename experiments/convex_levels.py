"""Noise levels of graphs drawn many times, against the level they stay below with probability."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import numpy as np
import xarray

from diversity_jax import seeds
from diversity_jax.convex_clustering import graphs, theory
from diversity_jax.convex_clustering.problem import Graph
from experiments.shared import convex_study as study

HOST = True
AXES = {name: ("draw",) for name in ("reached", "signs_reached", "mean_reached", "entries")}
NODES, DIMENSION, FAILURE = 40, 2, 0.1
DESIGNS = ("complete", "ring", "path", "barbell", "blocks")
# Graphs that are made of the noise itself: the level is not theirs.
DEPENDENT = ("sorted", "neighbours")


@dataclass(frozen=True)
class Config:
    """Each seed has `draws` draws of the noise, on one graph where that is not made of it."""

    seeds: int = 40
    draws: int = 25


PRESETS = {"smoke": Config(seeds=4, draws=4), "laptop": Config(), "paper": Config(seeds=400)}


def grid(config: Config) -> list[dict]:
    """Every design."""
    return [{"design": name, "draws": config.draws} for name in (*DESIGNS, *DEPENDENT)]


def job(key: jax.Array, point: dict) -> dict[str, np.ndarray]:
    """Each draw over what it stays below with probability .9.

    `reached` is the level of Gaussian noise for l2, `signs_reached` the largest entry of the flow
    of random signs, `mean_reached` the Gaussian noise's mean term.
    """
    random = seeds.numpy_generator(seeds.stream(key, "noise"))
    size = (point["draws"], NODES, DIMENSION)
    noise, signs = random.standard_normal(size), random.choice([-1.0, 1.0], size)
    if point["design"] in DEPENDENT:
        made = [_prepared(dependent(point["design"], one)) for one in noise]
    else:
        made = [_prepared(fixed(point["design"], seeds.stream(key, "graph")))] * len(noise)
    mean = theory.probable_mean_term(dimension=DIMENSION, deviation=1.0, failure=FAILURE)
    return {
        "reached": np.array(
            [
                np.linalg.norm(inverse @ one, axis=1).max() / level
                for one, (inverse, level, _, _) in zip(noise, made)
            ]
        ),
        "signs_reached": np.array(
            [
                np.abs(inverse @ one).max() / level
                for one, (inverse, _, level, _) in zip(signs, made)
            ]
        ),
        "mean_reached": NODES * (noise.mean(axis=1) ** 2).sum(axis=1) / float(mean),
        "entries": np.array([factor for _, _, _, factor in made]),
    }


def _prepared(graph: Graph) -> tuple[np.ndarray, float, float, float]:
    """F^+ by a pseudo-inverse of F, the levels for l2 (Gaussian) and l1 (any law), its factor."""
    given = {
        "edges": graph.weights.shape[0],
        "dimension": DIMENSION,
        "deviation": 1.0,
        "failure": FAILURE,
    }
    most = float(theory.edge_sensitivity(graph).max())
    level = theory.probable_noise_level(most, **given)
    entries = theory.probable_noise_level(most, norm="l1", law="subgaussian", **given)
    return study.pseudo_inverse(graph)[0], float(level), float(entries), float(entries) / most


def fixed(design: str, key: jax.Array) -> Graph:
    """A graph of 40 nodes that knows no noise; blocks are drawn again until they are connected."""
    if design == "barbell":
        return graphs.barbell(NODES, bridges=3)
    if design != "blocks":
        made = {"complete": graphs.complete, "ring": graphs.ring, "path": graphs.path}
        return made[design](NODES)
    return study.connected_blocks(key, labels=np.arange(NODES) % 4, within=0.5, between=0.05)


def dependent(design: str, noise: np.ndarray) -> Graph:
    """A graph made of the noise: the path through its sorted rows, or their nearest neighbours."""
    if design == "sorted":
        return graphs.path(NODES, order=np.argsort(noise[:, 0]))
    return graphs.nearest(noise, neighbours=3, connected=True)


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """The probability that is claimed, and what takes the mean term's level to its average.

    The mean term is `mean_factor` times as large over its average as over its level.
    """
    mean = theory.probable_mean_term(dimension=DIMENSION, deviation=1.0, failure=FAILURE)
    return dataset.assign(
        failure=FAILURE,
        mean_factor=float(mean) / DIMENSION,
    )
