"""Which centroid is the nearest one in feature space, in blocks of points.

The squared distance between features is ``k(x, x) - 2 k(x, c) + k(c, c)``. A radial
kernel (`kernels.Radial`) has the same nearest centroid as the Euclidean distance, which is used
instead: at some thirty lengthscales k is 0 for all centroids and tells
nothing. Distances come from products; where the two least are within their rounding, the block is
done again by differences. Of any other kernel, centroids that tie in feature space within rounding
are told apart by the Euclidean distance, and where that ties too the first counts.

Blocks have one shape, the last one is filled up: so a point's cell does not depend on which other
points come along, and one program serves any number of points.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Bool, Float, Int

from diversity_jax.kernel_ridge.kernels import Kernel, Radial
from diversity_jax.records import Record
from diversity_jax.selection import squares

LEAST, MOST = 64, 4096  # rows of a block
NUMBERS = 2**19  # of a block: 4 MB


class Routing(Record):
    """Centroids `[q, d]`, the frame in which distances are taken, and the kernel.

    Without a kernel distances are Euclidean.
    """

    kernel: Kernel | None
    centroids: Float[Array | np.ndarray, "q d"]
    frame: squares.Frame

    def nearest(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The nearest centroid of each point `[m]` and a squared distance to it `[m]`.

        The distance is Euclidean, in the frame's unit, for a radial kernel, else that of features;
        it is 0 for a point that lies on its centroid.
        """
        cells, far = np.empty(len(points), np.int32), np.empty(len(points))
        held, number = self._held(), len(self.centroids)
        for part, block in blocks(points, rows(len(held.centroids))):
            found = _nearest(held, number, block)
            many = part.stop - part.start
            cells[part], far[part] = (np.asarray(each)[:many] for each in found)
        return cells, far

    def few(self, points: np.ndarray, number: int) -> tuple[np.ndarray, np.ndarray]:
        """The `number` nearest centroids of each point, nearest first, and squared distances."""
        cells = np.empty((len(points), number), np.int32)
        far = np.empty((len(points), number))
        held = self._held()
        for part, block in blocks(points, rows(len(held.centroids))):
            found = _few(held, len(self.centroids), block, number)
            many = part.stop - part.start
            cells[part], far[part] = (np.asarray(each)[:many] for each in found)
        return cells, far

    def _held(self) -> Routing:
        """The same with more rows, which never are the nearest.

        Splits make partitions of any number of cells, each of which would compile anew.
        """
        return Routing(self.kernel, filled(np.asarray(self.centroids)), self.frame)


def filled(table: np.ndarray, least: int = 8) -> np.ndarray:
    """The table with its first row again, up to a number of rows that many tables share."""
    number = len(table)
    step = max(least, 2 ** int(np.log2(number)) // 4)
    return np.concatenate([table, np.repeat(table[:1], -number % step, axis=0)])


def feature_squares(
    kernel: Kernel, points: Float[Array, "n d"], others: Float[Array, "m d"]
) -> tuple[Float[Array, "n m"], Float[Array, "n m"]]:
    """Squared distances of features, and a bound on their rounding."""
    both = kernel.diagonal(points)[:, None] + kernel.diagonal(others)[None]
    found = jnp.maximum(both - 2 * kernel(points, others), 0)
    return found, 8 * jnp.finfo(found.dtype).eps * both


def rows(centroids: int) -> int:
    """Rows of a block: a power of two with distances of some 4 MB."""
    return min(MOST, max(LEAST, 2 ** int(np.log2(max(NUMBERS // centroids, 1)))))


def blocks(points: np.ndarray, size: int) -> Iterator[tuple[slice, np.ndarray]]:
    """Slices that cover the points, with their rows; the last block repeats its last row."""
    for start in range(0, len(points), size):
        part = slice(start, min(start + size, len(points)))
        block = points[part]
        if len(block) < size:
            block = np.concatenate([block, np.repeat(block[-1:], size - len(block), axis=0)])
        yield part, block


@jax.jit
def _nearest(
    routing: Routing, number: Any, points: Any
) -> tuple[Int[Array, " n"], Float[Array, " n"]]:
    inside = routing.frame.inside(points)
    at = jnp.asarray(routing.centroids)
    centres, there = routing.frame.inside(at), jnp.arange(len(at)) < number
    kernel = routing.kernel
    if kernel is None or isinstance(kernel, Radial):
        found = jnp.argmin(_euclidean(inside, centres, there), axis=1)
        return found, squares.lengths(inside - centres[found])
    features, slack = feature_squares(kernel, points, at)
    found = jnp.argmin(_told_apart(features, slack, inside, centres, there), axis=1)
    far = features[jnp.arange(len(points)), found]
    rounding = slack[jnp.arange(len(points)), found]
    return found, jnp.where(far > rounding, far, 0)


@partial(jax.jit, static_argnames="number")
def _few(routing: Routing, present: Any, points: Any, number: int) -> tuple[Array, Array]:
    inside = routing.frame.inside(points)
    at = jnp.asarray(routing.centroids)
    centres, there = routing.frame.inside(at), jnp.arange(len(at)) < present
    kernel = routing.kernel
    if kernel is None or isinstance(kernel, Radial):
        far = squares.by_differences(centres, inside)
        found = lax.top_k(-jnp.where(there[None], far, jnp.inf), number)[1]
    else:
        far, slack = feature_squares(kernel, points, at)
        found = lax.top_k(-_told_apart(far, slack, inside, centres, there), number)[1]
    return found, jnp.take_along_axis(far, found, axis=1)


def _euclidean(
    inside: Float[Array, "n d"], centres: Float[Array, "q d"], there: Bool[Array, " q"]
) -> Float[Array, "n q"]:
    own = squares.lengths(centres)
    far = jnp.where(there[None], squares.by_products(centres, own, inside), jnp.inf)
    reach = jnp.maximum(jnp.max(own), jnp.max(squares.lengths(inside)))
    slack = 8 * (inside.shape[1] + 4) * jnp.finfo(far.dtype).eps * reach
    close = _several(far <= jnp.min(far, axis=1, keepdims=True) + 2 * slack)
    return lax.cond(
        close,
        lambda: jnp.where(there[None], squares.by_differences(centres, inside), jnp.inf),
        lambda: far,
    )


def _told_apart(
    features: Array, slack: Array, inside: Array, centres: Array, there: Array
) -> Array:
    """Distances of features; those that tie with the least are replaced by something less, in the
    order of the Euclidean distance."""
    features = jnp.where(there[None], features, jnp.inf)
    tied = features <= jnp.min(features, axis=1, keepdims=True) + slack

    def ordered() -> Array:
        far = squares.by_differences(centres, inside)
        most = jnp.max(jnp.where(tied, far, 0), axis=1, keepdims=True)
        return jnp.where(tied, far / jnp.where(most > 0, most, 1) - 2, features)

    return lax.cond(_several(tied), ordered, lambda: features)


def _several(tied: Bool[Array, "n q"]) -> Bool[Array, ""]:
    return jnp.any(jnp.sum(tied, axis=1) > 1)
