"""What a rule chooses from: points, labels, how many to keep; checked, with what is derived."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from diversity_jax import seeds, validate
from diversity_jax.selection import coverage, daar
from diversity_jax.selection.coverage.record import check_number
from diversity_jax.selection.geometry import share_of
from diversity_jax.selection.scores import check_labelled

SAMPLE = 1000  # points whose distances give the kernel's length scale
FOLDS, STRENGTH = 5, 10.0  # of the classifier: parts of the data, inverse regularisation


class Problem:
    """Points `[n, d]` as the rules see them, labels or none, and the number to keep.

    Rows are scaled to length one unless `raw`; half precision becomes single. Without `labels`,
    `domains` asks for pseudo labels by k-means. Errors: ValueError for what is no matrix of finite
    floating-point rows of positive length, a fraction outside (0, 1], a number above n, and labels
    that do not fit.
    """

    def __init__(
        self,
        embeddings: Any,
        labels: Any = None,
        *,
        domains: int | None = None,
        fraction: float | None = None,
        number: int | None = None,
        seed: int = 0,
        raw: bool = False,
        length_scale: float | None = None,
    ):
        given = _checked(embeddings)
        self.number = _number(fraction, number, given.shape[0])
        self.key = seeds.root(seed)
        if length_scale is not None:
            validate.positive("length_scale", length_scale, "pass a distance, or leave it out")
        self.given_scale = length_scale
        self.points: Any = given if raw else _unit(given)
        self.pseudo = labels is None and domains is not None
        if labels is not None:
            labels = _integers(labels)
            domains = int(labels.max()) + 1 if domains is None and labels.size else domains
        elif domains is not None:
            labels = self._pseudo_labels(domains)
        self.domains = domains
        self.labels = labels
        if labels is not None:
            check_labelled(self.points, labels, domains=domains)  # pyright: ignore[reportArgumentType]

    @property
    def size(self) -> int:
        """How many points there are."""
        return self.points.shape[0]

    def stream(self, name: str) -> jax.Array:
        """The key of the random stream `name`."""
        return seeds.stream(self.key, name)

    def random(self, name: str) -> np.random.Generator:
        """The stream `name` for numpy."""
        words = np.asarray(jax.random.key_data(self.stream(name)))
        return np.random.default_rng(words.tolist())

    @cached_property
    def length_scale(self) -> float:
        """Of the Gaussian kernel: as given, or the median distance between some of the points."""
        if self.given_scale is not None:
            return float(self.given_scale)
        some = self.random("length scale").permutation(self.size)[:SAMPLE]
        from scipy.spatial.distance import pdist

        apart = pdist(self.points[some].astype(np.float64))
        positive = apart[apart > 0]
        if not positive.size:
            fix = "pass --length-scale, or another rule"
            raise validate.fail("embeddings", "rows that all coincide", "different rows", fix)
        return float(np.median(positive))

    @cached_property
    def posterior(self) -> Any:
        """Probabilities of the domains `[n, k]`, of each point by a classifier fitted without it.

        Multinomial logistic regression on unit rows, in five folds. A classifier that has seen the
        point's own label would be too sure of it, the more so the longer it is trained.
        """
        from sklearn.linear_model import LogisticRegression

        labels, domains = self.labels, self.domains
        assert labels is not None and domains is not None  # rules that come here are labelled
        sizes = np.bincount(labels, minlength=domains)
        if domains < 2 or sizes.min() < 2:
            got = f"{domains} domains, the smallest of {sizes.min()} points"
            fix = "merge or leave out small domains"
            raise validate.fail("labels", got, "two domains or more, of two points or more", fix)
        shuffled = self.random("folds").permutation(self.size)
        order = shuffled[np.argsort(labels[shuffled], kind="stable")]
        fold = np.empty(self.size, int)
        fold[order] = np.arange(self.size) % min(FOLDS, int(sizes.min()))
        rows, found = _unit(self.points), np.empty((self.size, domains))
        for part in range(fold.max() + 1):
            model = LogisticRegression(C=STRENGTH, max_iter=2000)
            model.fit(rows[fold != part], labels[fold != part])
            found[fold == part] = model.predict_proba(rows[fold == part])
        return found / found.sum(axis=1, keepdims=True)

    def _pseudo_labels(self, domains: int) -> np.ndarray:
        check_number(domains, self.size)
        start = coverage.kmeans_plus_plus(
            self.stream("pseudo labels"), jnp.asarray(self.points), number=domains
        )
        centroids = jnp.asarray(self.points)[start.indices]
        return np.asarray(daar.pseudo_labels(self.points, centroids).labels)


def _checked(embeddings: Any) -> np.ndarray:
    """A matrix of finite floating-point rows that have a direction."""
    given = np.asarray(embeddings)
    fix = "save a matrix [n, d], one embedding per row"
    validate.shape("embeddings", given, (None, None), fix)
    if not np.issubdtype(given.dtype, np.floating) or given.dtype.itemsize > 8:
        fix = "convert them, e.g. embeddings.astype(numpy.float32)"
        raise validate.fail(
            "embeddings", f"dtype {given.dtype}", "float16, float32 or float64", fix
        )
    if not given.size:
        raise validate.fail("embeddings", f"shape {given.shape}", "one row or more", fix)
    given = np.ascontiguousarray(given, np.float32 if given.dtype.itemsize < 4 else None)
    # Big-endian files are legal, jax takes the machine's own order only.
    given = given.astype(given.dtype.newbyteorder("="), copy=False)
    bad = np.flatnonzero(~np.isfinite(given).all(axis=1))
    if bad.size:
        got = f"NaN or infinite values in {bad.size} of {len(given)} rows, first in row {bad[0]}"
        raise validate.fail("embeddings", got, "finite values", "leave those rows out")
    zero = np.flatnonzero(~given.any(axis=1))
    if zero.size:
        got = f"{zero.size} rows of length zero, first row {zero[0]}"
        fix = "a cosine needs a direction: leave such rows out"
        raise validate.fail("embeddings", got, "rows of positive length", fix)
    return given


def _number(fraction: float | None, number: int | None, available: int) -> int:
    if fraction is None and number is None:
        raise validate.fail(
            "number", "neither number nor fraction", "one", "pass e.g. fraction 0.2"
        )
    if number is None:
        return share_of(available, fraction=fraction)  # pyright: ignore[reportArgumentType]
    check_number(number, available)
    return int(number)


def _integers(labels: Any) -> np.ndarray:
    """Labels as 32-bit integers; what is no vector of whole numbers is refused by name later."""
    given = np.asarray(labels)
    validate.shape("labels", given, (None,), "save one label per embedding")
    if not np.issubdtype(given.dtype, np.integer):
        fix = "number the domains from 0"
        raise validate.fail("labels", f"dtype {given.dtype}", "integers", fix)
    return given.astype(np.int64)


def _unit(points: np.ndarray) -> np.ndarray:
    """Rows of length one; divided by their largest entry first, so that no square overflows."""
    scaled = points / np.abs(points).max(axis=1, keepdims=True)
    scaled /= np.linalg.norm(scaled, axis=1, keepdims=True)
    return scaled
