"""The clustering path of one's own rows: graph, gammas, clusters at each, and one to look at first.

Rows are joined to their nearest neighbours, components by their shortest edges, and an edge of
length d has the penalty's weight ``max(exp(-decay d^2 / m), 0.01)`` with m the median of the
squared lengths: nothing depends on the data's units, and far clusters stay joined by weak edges.

Where gammas begin: ``|(B^T z)_i|`` is at most ``gamma s_i`` in the dual norm, with s_i the sum of
the weights at i, so two rows that differ cannot share a centroid while gamma is below ``|x_i - x_j|
/ (s_i + s_j)``, and the smallest such bound over edges is below the first fusion of the whole
graph: rows that share a centroid are joined by edges that do. They end where all rows are one
(`gamma_max`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
import numpy.typing as npt

from diversity_jax import neighbours as _neighbours
from diversity_jax import validate
from diversity_jax.convex_clustering import graphs, solver
from diversity_jax.convex_clustering.offered import (
    DECAY,
    FAINTEST,
    GAMMAS,
    NEIGHBOURS,
    TOLERANCE,
)
from diversity_jax.convex_clustering.problem import NORMS, Graph, Norm, dual, lengths

SMALLEST = 0.02  # share of the rows that a group has to hold to be called one
BEYOND = 1.01  # of the last fusion, where it can be proved
MOST = 0.5  # share of the rows that such groups have to hold together
STRETCH = 2.0  # ratio of gammas over which their number has to stay: of one Gaussian it is less
HEADS = ("gamma", "objective", "gap", "clusters", "groups", "rows in groups", "proved")


@dataclass(frozen=True)
class Clustering:
    """The path of a table of rows, one entry per gamma, and the gamma to look at first.

    `labels` `[gammas, n]` name certified clusters from 0, the largest first; `groups` counts those
    that hold at least a fiftieth of the rows (two at least), `grouped` their share of the rows;
    `proved` is the share of rows whose cluster is proved to be one of the exact solution.
    `suggested` is a place in `gammas`, or None, and `reason` says why.
    """

    points: np.ndarray
    graph: Graph
    gammas: np.ndarray
    centroids: np.ndarray
    labels: np.ndarray
    objective: np.ndarray
    gap: np.ndarray
    converged: np.ndarray
    clusters: np.ndarray
    groups: np.ndarray
    grouped: np.ndarray
    proved: np.ndarray
    suggested: int | None
    reason: str

    def __str__(self) -> str:
        return as_text(self)


def cluster(
    points: npt.ArrayLike,
    *,
    neighbours: int = NEIGHBOURS,
    norm: Norm = "l2",
    decay: float = DECAY,
    gammas: int | npt.ArrayLike = GAMMAS,
    tolerance: float = TOLERANCE,
    progress: Callable[[int, int], None] | None = None,
) -> Clustering:
    """Convex clustering of the rows of `points`, from single rows to one cluster; `print` shows it.

    `gammas` are given, or their number: geometric between the ends in the module docstring.
    Fewer rows than `neighbours` + 1 are all joined.

    Shapes: `points` `[n, d]`, n >= 2.
    Errors: ValueError as of `graphs.nearest` and `solver.path`, for fewer than two rows, all rows
    equal (where no gamma makes a difference), a negative decay.
    Cost: n^2 d for the neighbours, and some 30 to 150 ms a gamma at 1000 rows in the plane.
    """
    data = np.asarray(points)
    validate.shape("points", data, (None, None), "give one row per thing to cluster")
    if len(data) < 2:
        got, fix = f"{len(data)} rows", "one row is one cluster"
        raise validate.fail("points", got, "at least two rows", fix)
    validate.finite("points", data)
    validate.choice("norm", norm, NORMS)
    validate.integer("neighbours", neighbours, "join each row to some", least=1)
    data = data.astype(np.float64)
    if (data == data[0]).all():
        got, fix = f"{len(data)} rows that are all equal", "they are one cluster at any gamma"
        raise validate.fail("points", got, "rows that differ", fix)
    graph = weighted(data, min(neighbours, len(data) - 1), decay)
    values = _gammas(data, graph, norm, gammas)
    found = solver.path(data, graph, values, norm=norm, tolerance=tolerance, progress=progress)
    labels = np.stack([_by_size(row) for row in np.asarray(found.labels)])
    sizes = [np.bincount(row) for row in labels]
    least = max(2, int(np.ceil(SMALLEST * len(data))))
    large = [size[size >= least] for size in sizes]
    grouped = np.array([size.sum() for size in large]) / len(data)
    groups = np.array([size.size for size in large])
    suggested, reason = suggestion(values, labels, least)
    return Clustering(
        points=data,
        graph=graph,
        gammas=values,
        centroids=np.asarray(found.centroids),
        labels=labels,
        objective=np.asarray(found.objective),
        gap=np.asarray(found.gap),
        converged=np.asarray(found.converged),
        clusters=np.array([size.size for size in sizes]),
        groups=groups,
        grouped=grouped,
        proved=np.asarray(found.certified).mean(axis=1),
        suggested=suggested,
        reason=reason,
    )


def weighted(points: np.ndarray, neighbours: int, decay: float) -> Graph:
    """The graph of nearest neighbours with weights that have no unit (module docstring)."""
    validate.nonnegative("decay", decay, "0 gives weights of one")
    validate.finite("decay", decay)
    graph = graphs.nearest(points, neighbours=neighbours, connected=True)
    edges = np.asarray(graph.edges)
    squares = _neighbours.Table(points).exactly(edges[:, 0], edges[:, 1])
    positive = squares[squares > 0]
    unit = np.median(squares) or np.median(positive)
    return Graph(edges, np.maximum(np.exp(-decay * squares / unit), FAINTEST), nodes=len(points))


def suggestion(gammas: np.ndarray, labels: np.ndarray, least: int) -> tuple[int | None, str]:
    """The place of the gamma in the middle of the longest stretch with the same large groups.

    Counted are groups of `least` rows or more, two at least, that hold half of all rows; their
    number has to stay the same, and the length of a stretch is the ratio of its ends, 2 at least.
    None where there is no such stretch. A rule of thumb: no theorem is behind it.
    """
    sizes = [np.bincount(row) for row in labels]
    large = [size[size >= least] for size in sizes]
    counts = np.array([
        size.size if size.size > 1 and size.sum() >= MOST * labels.shape[1] else 0 for size in large
    ])  # fmt: skip
    best, length = None, np.log(STRETCH)
    starts = np.flatnonzero(np.diff(counts, prepend=-1))
    for start, end in zip(starts, [*starts[1:], len(counts)]):
        if counts[start] and np.log(gammas[end - 1] / gammas[start]) >= length:
            best, length = (start, end), np.log(gammas[end - 1] / gammas[start])
    if best is None:
        return None, (
            f"no number of groups of {least} rows or more that hold half of the rows stays while "
            f"gamma grows by a factor of {STRETCH:g}: rows join one by one. Try more neighbours, a "
            "larger decay or other columns"
        )
    start, end = best
    middle = int(start) + int(
        np.abs(np.log(gammas[start:end] ** 2 / (gammas[start] * gammas[end - 1]))).argmin()
    )
    return middle, (
        f"{counts[start]} groups of {least} rows or more stay over the longest stretch, gamma "
        f"{gammas[start]:.3g} to {gammas[end - 1]:.3g}, a factor of {np.exp(length):.3g}; this is "
        "its middle"
    )


def _gammas(points: np.ndarray, graph: Graph, norm: Norm, asked: int | npt.ArrayLike) -> np.ndarray:
    """What was asked for, or so many geometric ones from before the first fusion to the last."""
    if not validate.whole(asked):
        values = np.sort(np.asarray(asked, dtype=float))
        validate.positive("gammas", values, "at zero every row is its own cluster")
        return values
    validate.integer("gammas", asked, "take some between the ends", least=3)
    edges, weights = np.asarray(graph.edges), np.asarray(graph.weights)
    sums = np.bincount(edges.ravel(), np.repeat(weights, 2), minlength=graph.nodes)
    apart = np.asarray(lengths(jnp.asarray(points[edges[:, 0]] - points[edges[:, 1]]), dual(norm)))
    firsts = (apart / (sums[edges[:, 0]] + sums[edges[:, 1]]))[apart > 0]
    last = float(solver.gamma_max(points, graph, norm=norm, tolerance=1e-2))
    return np.geomspace(min(float(firsts.min()), last / 2), BEYOND * last, asked)


def _by_size(labels: np.ndarray) -> np.ndarray:
    """Labels from 0, the largest cluster first; of equal ones that of the earlier row."""
    _, first, ranks, sizes = np.unique(
        labels, return_index=True, return_inverse=True, return_counts=True
    )
    order = np.lexsort((first, -sizes))
    place = np.empty(len(order), dtype=int)
    place[order] = np.arange(len(order))
    return place[ranks]


def rows(table: Clustering) -> list[list[str]]:
    """One line per gamma under `HEADS`, as text."""
    return [
        [
            f"{gamma:.4g}",
            f"{table.objective[place]:.6g}",
            f"{max(table.gap[place], 0):.1e}" + ("" if table.converged[place] else "!"),
            str(table.clusters[place]),
            str(table.groups[place]),
            f"{table.grouped[place]:.2f}",
            f"{table.proved[place]:.2f}",
        ]
        for place, gamma in enumerate(table.gammas)
    ]


def title(table: Clustering) -> str:
    """Of what this is the clustering."""
    count, columns = table.points.shape
    edges = len(np.asarray(table.graph.edges))
    return f"Convex clustering of {count} rows, {columns} columns, {edges} edges"


def notes(table: Clustering) -> list[str]:
    """What is suggested and why, and how to read the columns."""
    told = "none suggested" if table.suggested is None else (
        f"suggested: gamma {table.gammas[table.suggested]:.4g}"
    )  # fmt: skip
    lines = [
        f"{told}; {table.reason}.",
        "gap: objective less a bound that no solution is below; centroids are within "
        "sqrt(2 gap) of the exact ones. groups: clusters of a fiftieth of the rows or more (two at "
        "least). proved: share of rows whose cluster is proved to be one of the exact solution.",
    ]
    if not table.converged.all():
        lines.append("!: the gap asked for was not reached.")
    return lines


def as_text(table: Clustering) -> str:
    """The path in plain text; * marks the gamma suggested."""
    lines = [list(HEADS), *rows(table)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(HEADS))]
    marks = ["", *("*" if place == table.suggested else "" for place in range(len(lines) - 1))]
    shown = [
        f"{mark:2}" + "  ".join(cell.rjust(width) for cell, width in zip(line, widths))
        for mark, line in zip(marks, lines)
    ]
    return "\n".join([title(table), "", *shown, "", *notes(table)])
