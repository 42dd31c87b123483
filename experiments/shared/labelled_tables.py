"""Tables whose rows have known classes, and other people's clusterings of them, scored."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import jax
import numpy as np

from diversity_jax import datasets, seeds, validate

IMAGES = datasets.NAMES
STANDARDISED = ("wine", "breast cancer")
RIVALS = ("k-means", "Gaussian mixture", "Ward", "single linkage")
COUNTS = (1.0, 1.5, 2.0)  # of the classes: clusters that k-means and the mixture are given
STARTS = 10


class Rows(NamedTuple):
    """Rows of a table, and the class of each, from 0."""

    points: np.ndarray
    classes: np.ndarray

    @property
    def number(self) -> int:
        """How many classes there are."""
        return int(self.classes.max()) + 1


@lru_cache(maxsize=8)
def table(name: str, dimension: int) -> Rows:
    """The whole table on its first principal components; columns that are no pixels standardised.

    Errors: DatasetMissing, with the install line, for images that are not on this machine.
    """
    validate.choice("data", name, (*IMAGES, *STANDARDISED))
    if name in IMAGES:
        images = datasets.load(name)
        columns, classes = images.pixels, images.labels
    else:
        # scikit-learn takes a second to import, which only these should cost.
        from sklearn.datasets import load_breast_cancer, load_wine

        load = load_wine if name == "wine" else load_breast_cancer
        columns, classes = load(return_X_y=True)
        columns = (columns - columns.mean(axis=0)) / columns.std(axis=0)
    tokens, _ = datasets.prepare(columns, dimension=dimension)
    return Rows(tokens.astype(np.float64), np.asarray(classes))


def resample(key: jax.Array, whole: Rows, rows: int) -> Rows:
    """About so many rows without replacement, classes in the proportions of the table."""
    random = seeds.numpy_generator(key)
    members = [np.flatnonzero(whole.classes == each) for each in range(whole.number)]
    shares = [max(2, round(rows * len(each) / len(whole.classes))) for each in members]
    chosen = [random.permutation(each)[:share] for each, share in zip(members, shares)]
    # In random order: neighbours at equal distances go to the smaller index.
    places = random.permutation(np.concatenate(chosen))
    return Rows(whole.points[places], whole.classes[places])


def rand_index(classes: np.ndarray, found: np.ndarray) -> float:
    """The adjusted Rand index of two labellings, 1 where both are the same."""
    counts = np.zeros((classes.max() + 1, found.max() + 1))
    np.add.at(counts, (classes, found), 1)
    both, one, other = (
        (sizes * (sizes - 1) / 2).sum() for sizes in (counts, counts.sum(0), counts.sum(1))
    )
    chance = one * other / (classes.size * (classes.size - 1) / 2)
    most = (one + other) / 2
    return float((both - chance) / (most - chance)) if most != chance else 1.0


def rivals(rows: Rows, number: int) -> tuple[np.ndarray, np.ndarray]:
    """Rand indices of `RIVALS` given the number of classes, and the best over their own numbers.

    The best is an oracle's: labels choose the number, for k-means and the mixture among `COUNTS`
    times the classes, for trees among 2 to 4 times the classes. `number` seeds the starts.
    """
    given, best = [], []
    for scores in (_centres(rows, number), _mixtures(rows, number)):
        given.append(scores[0])
        best.append(max(scores))
    for linkage in ("ward", "single"):
        scores = _tree(rows, linkage)
        given.append(scores[rows.number - 2])
        best.append(max(scores))
    return np.array(given), np.array(best)


def _numbers(rows: Rows) -> list[int]:
    return [round(times * rows.number) for times in COUNTS]


def _centres(rows: Rows, number: int) -> list[float]:
    from sklearn.cluster import KMeans

    found = [
        KMeans(count, n_init=STARTS, random_state=number).fit_predict(rows.points)  # pyright: ignore[reportArgumentType]
        for count in _numbers(rows)
    ]
    return [rand_index(rows.classes, labels) for labels in found]


def _mixtures(rows: Rows, number: int) -> list[float]:
    """scikit-learn's own choice of covariances (full), kept from collapsing on ten rows a class."""
    from sklearn.mixture import GaussianMixture

    least = 1e-3 * rows.points.var(axis=0).mean()
    found = [
        GaussianMixture(count, reg_covar=least, random_state=number).fit_predict(rows.points)
        for count in _numbers(rows)
    ]
    return [rand_index(rows.classes, labels) for labels in found]


def _tree(rows: Rows, linkage: str) -> list[float]:
    """By number of clusters, from two: all cuts of one tree (that of AgglomerativeClustering)."""
    from scipy.cluster import hierarchy

    tree = hierarchy.linkage(rows.points, linkage)
    numbers = np.arange(2, min(4 * rows.number, len(rows.points) - 1) + 1)
    cuts = hierarchy.cut_tree(tree, n_clusters=numbers)
    return [rand_index(rows.classes, cut) for cut in cuts.T]
