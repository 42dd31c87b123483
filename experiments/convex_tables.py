"""Convex clustering of labelled tables: Rand index along the path by graph, against others."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
import xarray
from threadpoolctl import threadpool_limits

from diversity_jax import seeds
from diversity_jax.convex_clustering import solver, tables
from diversity_jax.convex_clustering.problem import Graph
from experiments.shared import labelled_tables as labelled
from experiments.shared.labelled_tables import RIVALS, Rows

HOST = True
COUNTINGS = ("clusters", "groups")
PATH = ("agreement", "clusters", "groups", "grouped", "gamma", "share")
AXES = {
    **{name: ("graph", "level") for name in PATH},
    "best": ("graph",),
    "given": ("graph", "counting"),
    "given_number": ("graph", "counting"),
    "suggested": ("graph",),
    "suggests": ("graph",),
    "given_rivals": ("rival",),
    "best_rivals": ("rival",),
}
TOLERANCE = 1e-4
FIRST = 4.0  # of the gamma below which no rows of the edge in the middle can be one
LEAST = 3.0  # ratio of the largest to the smallest gamma


@dataclass(frozen=True)
class Config:
    """Each seed is one draw of some `rows`; graphs are of `neighbours` without and of `kernels`.

    A kernel is `neighbours:decay`, its weights those of `tables.weighted`. Rows are seen on their
    first `dimension` principal components. `levels` are gammas.
    """

    seeds: int = 10
    data: tuple[str, ...] = ("digits", "wine", "breast cancer")
    rows: int = 100
    dimension: int = 10
    neighbours: tuple[int, ...] = (3, 5, 10, 40)
    kernels: tuple[str, ...] = ("10:0.5", "40:2")
    levels: int = 10


MANY = tuple(f"{count}:{decay}" for count in (3, 5, 10, 20, 40) for decay in (0.5, 1, 2, 4))
PRESETS = {
    "smoke": Config(
        seeds=4, rows=20, neighbours=(2, 3, 4, 8), kernels=("4:0.5", "8:2"), levels=2
    ),
    "laptop": Config(),
    "paper": Config(
        seeds=100, rows=170, neighbours=(3, 5, 7, 10, 20, 40), kernels=MANY, levels=40
    ),
}  # fmt: skip


def grid(config: Config) -> list[dict]:
    """One point per table; DatasetMissing, with the install line, without one."""
    for name in config.data:
        labelled.table(name, config.dimension)
    fields = {key: value for key, value in vars(config).items() if key not in ("seeds", "data")}
    return [{"data": name, **fields} for name in config.data]


def job(key: jax.Array, point: dict[str, Any]) -> dict[str, np.ndarray]:
    """One draw of rows: the path on every graph, and the others' clusterings."""
    whole = labelled.table(point["data"], point["dimension"])
    rows = labelled.resample(seeds.stream(key, "rows"), whole, point["rows"])
    number = int(seeds.numpy_generator(seeds.stream(key, "starts")).integers(2**31))
    # Threads of theirs wait for one another on so few rows.
    with threadpool_limits(1):
        given, best = labelled.rivals(rows, number)
    found = [path(rows, *graph, point["levels"]) for graph in graphs(point)]
    return {
        **{name: np.stack([one[name] for one in found]) for name in found[0]},
        "given_rivals": given,
        "best_rivals": best,
    }


def graphs(point: dict[str, Any]) -> list[tuple[int, float]]:
    """Number of neighbours and decay of each graph."""
    kernels = [kernel.split(":") for kernel in point["kernels"]]
    return [(count, 0.0) for count in point["neighbours"]] + [
        (int(count), float(decay)) for count, decay in kernels
    ]


def path(rows: Rows, neighbours: int, decay: float, levels: int) -> dict[str, np.ndarray]:
    """The Rand index at each gamma, and what comes of choosing one.

    `best` is an oracle's choice. `given` knows the number of classes: the level whose number of
    clusters, or of groups (a fiftieth of the rows or more), is nearest to it, of several that with
    the largest gamma. `suggested` is the choice of `tables.suggestion`, 0 where it has none.
    """
    graph = tables.weighted(rows.points, neighbours, decay)
    gammas = grid_of_gammas(rows.points, graph, levels)
    found = solver.path(rows.points, graph, gammas, tolerance=TOLERANCE)
    labels = np.asarray(found.labels)
    least = max(2, int(np.ceil(tables.SMALLEST * len(labels[0]))))
    sizes = [np.bincount(row) for row in labels]
    agreement = np.array([labelled.rand_index(rows.classes, row) for row in labels])
    counts = {
        "clusters": np.array([(size > 0).sum() for size in sizes]),
        "groups": np.array([(size >= least).sum() for size in sizes]),
    }
    off = [np.abs(counts[name] - rows.number) for name in COUNTINGS]
    places = [int(np.flatnonzero(each == each.min())[-1]) for each in off]
    suggested, _ = tables.suggestion(gammas, labels, least)
    half = ((rows.points - rows.points.mean(axis=0)) ** 2).sum() / 2
    return {
        "agreement": agreement,
        **counts,
        "grouped": np.array([size[size >= least].sum() for size in sizes]) / len(labels[0]),
        "gamma": gammas,
        "share": np.asarray(found.gap) / half,
        "best": agreement.max(),
        "given": agreement[places],
        "given_number": np.array([counts[name][at] for name, at in zip(COUNTINGS, places)]),
        "suggested": np.asarray(0.0 if suggested is None else agreement[suggested]),
        "suggests": np.asarray(float(suggested is not None)),
    }


def grid_of_gammas(points: np.ndarray, graph: Graph, levels: int) -> np.ndarray:
    """Geometric, from where few rows have met to just before all have.

    Rows at x and y cannot share a centroid while gamma is below ``|x - y| / (s_x + s_y)``, s the
    sums of weights (`tables`); the middle of these over edges is where it begins, times `FIRST`.
    """
    edges, weights = np.asarray(graph.edges), np.asarray(graph.weights)
    sums = np.bincount(edges.ravel(), np.repeat(weights, 2), minlength=graph.nodes)
    apart = np.linalg.norm(points[edges[:, 0]] - points[edges[:, 1]], axis=1)
    first = FIRST * np.median(apart / (sums[edges[:, 0]] + sums[edges[:, 1]]))
    last = float(solver.gamma_max(points, graph, tolerance=0.3))
    return np.geomspace(min(first, last / LEAST), last, levels + 1)[:-1]


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """Name graphs, rivals and ways to count."""
    point = {name: dataset[name].values[0] for name in ("neighbours", "kernels")}
    made = graphs(point)
    return dataset.assign_coords(
        rival=list(RIVALS),
        counting=list(COUNTINGS),
        graph=[name(*one) for one in made],
        graph_neighbours=("graph", [count for count, _ in made]),
        graph_decay=("graph", [decay for _, decay in made]),
    )


def name(neighbours: int, decay: float) -> str:
    """What a graph is called."""
    return f"k={neighbours}" + (f", decay {decay:g}" if decay else "")
