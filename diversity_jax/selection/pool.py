"""What a rule chooses from: points, labels, how many to keep; checked, with what is derived."""

from __future__ import annotations

from functools import cached_property

import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from jaxtyping import Array, Float, Int, Key

from diversity_jax import seeds, validate
from diversity_jax.selection import coverage, daar, posterior, scores
from diversity_jax.selection.coverage.record import check_number
from diversity_jax.selection.geometry import share_of
from diversity_jax.selection.kernels import unit_rows

SAMPLE = 1000  # points whose distances give the kernel's length scale


class Problem:
    """Points `[n, d]` as the rules see them, labels or none, and the number to keep.

    Rows are scaled to length one unless `raw`; half precision becomes single. Without `labels`,
    `domains` asks for pseudo labels by k-means. `posterior` are the domains' probabilities where
    they are known.

    Errors: ValueError for what is no matrix of finite floating-point rows of positive length, a
    fraction outside (0, 1], a number above n, and labels or a posterior that do not fit.
    """

    def __init__(
        self,
        embeddings: npt.ArrayLike,
        labels: npt.ArrayLike | None = None,
        *,
        domains: int | None = None,
        fraction: float | None = None,
        number: int | None = None,
        seed: int = 0,
        raw: bool = False,
        length_scale: float | None = None,
        posterior: npt.ArrayLike | None = None,
    ):
        given = _checked(embeddings)
        self.number = _number(fraction, number, given.shape[0])
        self.key = seeds.root(seed)
        if length_scale is not None:
            validate.positive("length_scale", length_scale, "pass a distance, or leave it out")
        self.given_scale = length_scale
        self.points: Float[np.ndarray, "n d"] = given if raw else _unit(given)
        self.pseudo = labels is None and domains is not None
        self.labels: Int[np.ndarray, " n"] | None = None
        if labels is not None:
            self.labels = _integers(labels)
            if domains is None and self.labels.size:
                domains = int(self.labels.max()) + 1
        elif domains is not None:
            self.labels = self._pseudo_labels(domains)
        self.domains = domains
        if self.labels is not None:
            scores.check_labelled(self.points, self.labels, domains=domains)  # pyright: ignore[reportArgumentType]
        self.given_posterior = None if posterior is None else np.asarray(posterior)
        if self.given_posterior is not None:
            fix = "pass one row per point, a column per domain"
            validate.shape("posterior", self.given_posterior, (self.size, domains), fix)

    @property
    def size(self) -> int:
        """How many points there are."""
        return self.points.shape[0]

    def stream(self, name: str) -> Key[Array, ""]:
        """The key of the random stream `name`."""
        return seeds.stream(self.key, name)

    def random(self, name: str) -> np.random.Generator:
        """The stream `name` for numpy."""
        return seeds.numpy_generator(self.stream(name))

    @cached_property
    def frame(self) -> tuple[Float[np.ndarray, " d"], float]:
        """A middle and a unit, a power of two: ``points / unit - middle`` has squares in range."""
        size = 2.0 ** np.floor(np.log2(float(np.abs(self.points).max())))
        rows = self.points / self.points.dtype.type(size)
        middle = rows.mean(axis=0, dtype=np.float64)
        # Of few digits, so that rows keep all of theirs.
        step = 2.0 ** np.floor(np.log2(np.abs(rows - middle).max() + np.finfo(float).eps)) / 8
        return np.round(middle / step) * step, size

    @cached_property
    def length_scale(self) -> float:
        """Of the Gaussian kernel: as given, or the median distance between some of the points."""
        if self.given_scale is not None:
            return float(self.given_scale)
        from scipy.spatial.distance import pdist

        sample = self.random("length scale").permutation(self.size)[:SAMPLE]
        unit = self.frame[1]
        apart = unit * pdist(self.points[sample].astype(np.float64) / unit)
        positive = apart[apart > 0]
        if not positive.size:
            fix = "pass length_scale, or another rule"
            raise validate.fail("embeddings", "rows that all coincide", "different rows", fix)
        return float(np.median(positive))

    @cached_property
    def posterior(self) -> Float[np.ndarray, "n k"]:
        """Probabilities of the domains: as given, or of each point by a classifier without it.

        The classifier is a logistic regression on rows of length one (`posterior.logistic`).
        """
        if self.given_posterior is not None:
            return self.given_posterior
        labels, domains = self._labelled()
        rows = _unit(self.points)
        return posterior.logistic(self.random("folds"), rows, labels, domains=domains)

    @cached_property
    def inter_diversity(self) -> Float[np.ndarray, " n"]:
        """How similar each point is to the other domains' centroids (`scores.inter_diversity`)."""
        labels, domains = self._labelled()
        return np.asarray(scores.inter_diversity(self.points, labels, domains=domains))

    @cached_property
    def intra_diversity(self) -> Float[np.ndarray, " n"]:
        """How similar each point is to its own domain's centroid (`scores.intra_diversity`)."""
        labels, domains = self._labelled()
        return np.asarray(scores.intra_diversity(self.points, labels, domains=domains))

    def _labelled(self) -> tuple[Int[np.ndarray, " n"], int]:
        if self.labels is None or self.domains is None:
            raise validate.fail("labels", "none", "one label per row", "pass labels or domains")
        return self.labels, self.domains

    def _pseudo_labels(self, domains: int) -> Int[np.ndarray, " n"]:
        check_number(domains, self.size)
        start = coverage.kmeans_plus_plus(
            self.stream("pseudo labels"), jnp.asarray(self.points), number=domains
        )
        centroids = jnp.asarray(self.points)[start.indices]
        return np.asarray(daar.pseudo_labels(self.points, centroids).labels)


def _checked(embeddings: npt.ArrayLike) -> Float[np.ndarray, "n d"]:
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


def _integers(labels: npt.ArrayLike) -> Int[np.ndarray, " n"]:
    """Labels as 32-bit integers; what is no vector of whole numbers is refused by name later."""
    given = np.asarray(labels)
    validate.shape("labels", given, (None,), "save one label per embedding")
    if not np.issubdtype(given.dtype, np.integer):
        fix = "number the domains from 0"
        raise validate.fail("labels", f"dtype {given.dtype}", "integers", fix)
    return given.astype(np.int64)


def _unit(points: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n d"]:
    """Rows of length one; divided by their largest entry first, so that no square overflows."""
    return unit_rows(points / np.abs(points).max(axis=1, keepdims=True))
