"""A stream of Fashion-MNIST, one image in a hundred labelled: the learner, and graphs."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import numpy as np
import xarray
from scipy.spatial import KDTree

from diversity_jax import seeds
from diversity_jax.graph_learning import affinity, harmonic, online
from experiments.shared import labelled_tables
from experiments.shared.labelled_tables import Rows

HOST = True
DIMENSION = 16  # principal components kept
LABELLED = 0.01  # of each class
MULTIPLIERS = (1.5, 1.1)
NEIGHBOURS = 10
REGULARISATION = 1e-3
WIDTH = 0.1  # of the kernel, in root mean square distances
MOST = 10_000  # images whose kernel is solved with: of 20,000 one table takes 3.2 GB
METHODS = (
    *(f"learner, m = {each:g}" for each in MULTIPLIERS),
    "graph of its centroids",
    "graph of as many random images",
)
WHOLE = ("graph of all images", "kernel of all images", "nearest labelled", "support vectors")
AXES = {
    "error": ("method", "number"),
    "distance": ("multiplier", "number"),
    "used": ("multiplier", "number"),
    "error_whole": ("whole",),
    "asked": ("number",),
}


@dataclass(frozen=True)
class Config:
    """`seeds` streams of `images` in random order, by number of centroids."""

    seeds: int = 8
    images: tuple[int, ...] = (2000,)
    numbers: tuple[int, ...] = (60, 120, 240)


PRESETS = {
    "smoke": Config(seeds=2, images=(400,), numbers=(20, 40)),
    "laptop": Config(),
    "paper": Config(seeds=12, images=(10_000, 20_000), numbers=(250, 500, 1000, 2000)),
}


def grid(config: Config) -> list[dict]:
    """Lengths of streams."""
    return [{"images": images, "numbers": config.numbers} for images in config.images]


def job(key: jax.Array, point: dict) -> dict[str, np.ndarray]:
    """Errors on unlabelled images at the end of the stream.

    `distance` is the root mean square one of the learner's columns to those of the solution of all
    images with the same kernel, `error_whole` are errors without a limit to the number of images;
    what needs the kernel of more than `MOST` images is NaN.
    """
    whole = labelled_tables.table("fashion-mnist", DIMENSION)
    rows = labelled_tables.resample(seeds.stream(key, "images"), whole, int(point["images"]))
    random = seeds.numpy_generator(seeds.stream(key, "labelled"))
    known = _labelled(random, rows)
    truth = np.eye(rows.number)[rows.classes]
    width = WIDTH * float(np.sqrt(2 * rows.points.var(axis=0).sum()))
    full = np.full(truth.shape, np.nan)
    if len(rows.points) <= MOST:
        # As numpy has it: jax would keep a table of its own.
        full = _solution(np.asarray(affinity.gaussian(rows.points, bandwidth=width)), truth, known)
    errors, distances, used = [], [], []
    for number in point["numbers"]:
        learners = [_learned(rows, truth, known, number, width, m) for m in MULTIPLIERS]
        found = [np.asarray(online.predict(learner, rows.points)) for learner in learners]
        count = int(learners[-1].quantiser.count)
        others = random.permutation(np.flatnonzero(~known))[: max(count - int(known.sum()), 0)]
        chosen = np.concatenate([np.flatnonzero(known), others])
        values = [
            *found,
            _on_centroids(rows.points, learners[-1]),
            _on_graph(rows.points, rows.points[chosen], truth[chosen], known[chosen]),
        ]
        errors.append([_error(rows, known, each) for each in values])
        distances.append([np.sqrt(np.mean((each - full)[~known] ** 2)) for each in found])
        used.append([float(learner.quantiser.count) for learner in learners])
    near = truth[known][KDTree(rows.points[known]).query(rows.points)[1]]
    everything = _on_graph(rows.points, rows.points, truth, known)
    wholes = [everything, full, near, _machine(rows, known)]
    return {
        "error": np.transpose(errors),
        "distance": np.transpose(distances),
        "used": np.transpose(used),
        "error_whole": np.array([_error(rows, known, each) for each in wholes]),
        "asked": np.array(point["numbers"], float),
    }


def _labelled(random: np.random.Generator, rows: Rows) -> np.ndarray:
    known = np.zeros(len(rows.classes), bool)
    for each in range(rows.number):
        members = np.flatnonzero(rows.classes == each)
        known[random.permutation(members)[: max(1, round(LABELLED * len(members)))]] = True
    return known


def _learned(
    rows: Rows, truth: np.ndarray, known: np.ndarray, number: int, width: float, multiplier: float
) -> online.Learner:
    learner = online.initial(
        number, DIMENSION, bandwidth=width, regularisation=REGULARISATION, classes=rows.number,
        multiplier=multiplier, most_pinned=number - 1,
    )  # fmt: skip
    return online.run(learner, rows.points, np.where(known[:, None], truth, np.nan), every=0)[0]


def _solution(graph: object, truth: np.ndarray, known: np.ndarray) -> np.ndarray:
    return np.asarray(harmonic.hard(graph, truth, known, regularisation=REGULARISATION))


def _on_centroids(points: np.ndarray, learner: online.Learner) -> np.ndarray:
    many = np.asarray(learner.labelled)
    labels = np.asarray(learner.sums) / np.maximum(many, 1)[:, None]
    used = np.arange(len(many)) < int(learner.quantiser.count)
    places = np.asarray(learner.quantiser.centroids)[used]
    return _on_graph(points, places, labels[used], many[used] > 0)


def _on_graph(
    points: np.ndarray, nodes: np.ndarray, labels: np.ndarray, known: np.ndarray
) -> np.ndarray:
    """Columns of points at their nearest nodes, by the graph of the nodes' neighbours."""
    neighbours = min(NEIGHBOURS, len(nodes) - 1)
    graph = affinity.neighbourhood(nodes, neighbours=neighbours).self_tuned(neighbours=neighbours)
    return _solution(graph, labels, known)[KDTree(nodes).query(points)[1]]


def _machine(rows: Rows, known: np.ndarray) -> np.ndarray:
    from sklearn.svm import SVC

    machine = SVC().fit(rows.points[known], rows.classes[known])
    return np.eye(rows.number)[machine.predict(rows.points)]


def _error(rows: Rows, known: np.ndarray, columns: np.ndarray) -> float:
    """Unlabelled images of another class, or that no label reaches."""
    if np.isnan(columns).any():
        return np.nan
    right = (columns.argmax(axis=1) == rows.classes) & (columns.max(axis=1) > 0)
    return float(1 - right[~known].mean())


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """Name methods, multipliers and numbers of centroids."""
    numbers = dataset.asked.values[0, 0]
    return dataset.assign_coords(
        method=list(METHODS), whole=list(WHOLE), multiplier=list(MULTIPLIERS), number=numbers
    )
