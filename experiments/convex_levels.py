"""Noise levels of graphs drawn many times, against the level they stay below with probability."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import numpy as np
import xarray

from diversity_jax import seeds
from diversity_jax.convex_clustering import graphs, theory
from diversity_jax.convex_clustering.problem import Graph

HOST = True
AXES = {"reached": ("draw",), "mean_reached": ("draw",)}
NODES, DIMENSION, FAILURE = 40, 2, 0.1
DESIGNS = ("complete", "ring", "path", "barbell", "blocks")
# Graphs that are made of the noise itself: the level is not theirs.
DEPENDENT = ("sorted", "neighbours")


@dataclass(frozen=True)
class Config:
    """Each seed has `draws` draws of the noise, on one graph where that is fixed."""

    seeds: int = 40
    draws: int = 25


PRESETS = {"smoke": Config(seeds=4, draws=4), "laptop": Config(), "paper": Config(seeds=400)}


def grid(config: Config) -> list[dict]:
    """Every design."""
    return [{"design": name, "draws": config.draws} for name in (*DESIGNS, *DEPENDENT)]


def job(key: jax.Array, point: dict) -> dict[str, np.ndarray]:
    """Each draw's noise level and mean term over what they stay below with probability .9 each."""
    random = seeds.numpy_generator(seeds.stream(key, "noise"))
    reached, means = [], []
    for draw in range(point["draws"]):
        noise = random.standard_normal((NODES, DIMENSION))
        graph = made(point["design"], seeds.stream(key, "graph", draw), noise)
        level = theory.probable_noise_level(
            float(theory.edge_sensitivity(graph).max()), edges=graph.weights.shape[0],
            dimension=DIMENSION, deviation=1.0, failure=FAILURE,
        )  # fmt: skip
        most = theory.probable_mean_term(dimension=DIMENSION, deviation=1.0, failure=FAILURE)
        reached.append(_largest(noise, graph) / float(level))
        means.append(NODES * (noise.mean(axis=0) ** 2).sum() / float(most))
    return {"reached": np.array(reached), "mean_reached": np.array(means)}


def _largest(noise: np.ndarray, graph: Graph) -> float:
    """``max_e |(F^+ E)_e|`` by a pseudo-inverse of F itself."""
    edges, weights = np.asarray(graph.edges), np.asarray(graph.weights)
    rows = np.zeros((len(edges), NODES))
    rows[np.arange(len(edges)), edges[:, 0]] = weights
    rows[np.arange(len(edges)), edges[:, 1]] = -weights
    return float(np.linalg.norm(np.linalg.pinv(rows.T) @ noise, axis=1).max())


def made(design: str, key: jax.Array, noise: np.ndarray) -> Graph:
    """A graph of 40 nodes; connected, blocks drawn again until they are."""
    if design == "blocks":
        for attempt in range(1000):
            graph = graphs.stochastic_block(
                seeds.stream(key, attempt), np.arange(NODES) % 4, within=0.5, between=0.05
            )
            if graph.nodes == NODES and int(graphs.components(graph).max()) == 0:
                return graph
        raise ValueError("no connected graph in 1000")
    if design == "barbell":
        return graphs.barbell(NODES, bridges=3)
    if design == "sorted":
        return graphs.path(NODES, order=np.argsort(noise[:, 0]))
    if design == "neighbours":
        return graphs.nearest(noise, neighbours=3, connected=True)
    return {"complete": graphs.complete, "ring": graphs.ring, "path": graphs.path}[design](NODES)


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """The probability that is claimed."""
    return dataset.assign_attrs(failure=FAILURE)
