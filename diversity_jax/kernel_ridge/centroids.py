"""Centroids of a partition: four rules, each on distinct candidates.

    pivoted-cholesky  the next is at the largest angle from the span of those chosen
    k-means++         the next by chance, in proportion to its squared distance in feature space
    k-means           Lloyd's steps on points, from centroids drawn as in k-means++
    random            points drawn evenly

The sine of the angle between a feature and the span of those chosen is the root of
``(k(x, x) - k_C(x)' K_CC^-1 k_C(x)) / k(x, x)``: what pivoted Cholesky leaves of the normalised
kernel matrix. To take the largest is greedy for "maximise the least principal angle between cells",
one point for each cell (a reconstruction: the paper's text was not to be had).
"""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, Int

from diversity_jax import seeds
from diversity_jax.kernel_ridge.kernels import Kernel
from diversity_jax.kernel_ridge.routing import Routing, feature_squares, filled
from diversity_jax.selection import squares
from diversity_jax.selection.coverage import distances

METHODS = ("pivoted-cholesky", "k-means++", "k-means", "random")
SMALL = 64  # candidates: fewer are filled up
STEPS = 30  # Lloyd's, at most


def choose(
    key: Array, kernel: Kernel, points: np.ndarray, *, number: int, method: str
) -> np.ndarray:
    """At most `number` centroids among, or of, distinct `points`, by one of `METHODS`.

    Fewer where all features that are left lie, within rounding, on those chosen.
    """
    if method == "k-means":
        return means(key, jnp.asarray(points), number=number)
    if method == "random":
        picks = np.sort(seeds.numpy_generator(key).choice(len(points), number, replace=False))
    elif method == "k-means++":
        picks = np.asarray(spread(key, kernel, filled(points, SMALL), number, len(points)))
    else:
        picks = np.asarray(pivots(kernel, filled(points, SMALL), number, len(points))[0])
    return points[picks[picks >= 0]]


@partial(jax.jit, static_argnames="number")
def pivots(
    kernel: Kernel, points: Any, number: int, present: Any = None
) -> tuple[Int[Array, " q"], Float[Array, " q"]]:
    """Places of greedy centroids and the squared sines of their angles; -1 and 0 beyond the rank.

    Of `points` `[n, d]` the first `present` are there, or all. Ties go to the lowest place; the
    first is the lowest one of a feature that is not zero.

    Cost: n number^2 operations, n number numbers.
    """
    points = jnp.asarray(points)
    own = kernel.diagonal(points)
    least = 8 * number * jnp.finfo(own.dtype).eps
    there = (own > 0) & (jnp.arange(len(points)) < (len(points) if present is None else present))

    def pick(turn: Array, state: tuple[Array, ...]) -> tuple[Array, ...]:
        left, columns, places, sines = state
        share = jnp.where(there, left / jnp.where(there, own, 1), 0)
        at = jnp.argmax(share)
        good = share[at] > least
        column = kernel(points, lax.dynamic_slice_in_dim(points, at, 1))[:, 0]
        column = column - columns[:, at] @ columns
        column = jnp.where(good, column / jnp.sqrt(jnp.where(good, left[at], 1)), 0)
        left = jnp.maximum(left - column**2, 0)
        left = left.at[at].set(jnp.where(good, 0, left[at]))
        places = places.at[turn].set(jnp.where(good, at, -1).astype(places.dtype))
        sines = sines.at[turn].set(jnp.where(good, share[at], 0))
        return left, columns.at[turn].set(column), places, sines

    start = (
        own,
        jnp.zeros((number, len(points)), own.dtype),
        jnp.full(number, -1, jnp.int32),
        jnp.zeros(number, own.dtype),
    )
    _, _, places, sines = lax.fori_loop(0, number, pick, start)
    return places, sines


@partial(jax.jit, static_argnames="number")
def spread(
    key: Array, kernel: Kernel, points: Any, number: int, present: Any = None
) -> Int[Array, " q"]:
    """Places drawn in proportion to the squared distance of features to those drawn before.

    Of `points` `[n, d]` the first `present` are there, or all. -1 from where every feature lies,
    within rounding, on one that was drawn.

    Cost: n number kernel evaluations.
    """
    points = jnp.asarray(points)
    many = len(points) if present is None else present
    there = jnp.arange(len(points)) < many
    first = jax.random.randint(seeds.stream(key, "first"), (), 0, many)
    chances = jax.random.uniform(seeds.stream(key, "next"), (number,), dtype=points.dtype)

    def lower(weights: Array, at: Array) -> Array:
        far, rounding = feature_squares(kernel, points, lax.dynamic_slice_in_dim(points, at, 1))
        return jnp.minimum(weights, jnp.where(far > rounding, far, 0)[:, 0] * there)

    def draw(turn: Array, state: tuple[Array, Array]) -> tuple[Array, Array]:
        weights, places = state
        upto = jnp.cumsum(weights)
        at = jnp.searchsorted(upto, chances[turn] * upto[-1], side="right")
        # Rounding may lead past the last weight that is not zero.
        at = jnp.minimum(at, jnp.searchsorted(upto, upto[-1], side="left"))
        good = upto[-1] > 0
        weights = jnp.where(good, lower(weights, at), weights)
        return weights, places.at[turn].set(jnp.where(good, at, -1).astype(places.dtype))

    weights = lower(jnp.full(len(points), jnp.inf, points.dtype), first)
    places = jnp.full(number, -1, jnp.int32).at[0].set(first.astype(jnp.int32))
    return lax.fori_loop(1, number, draw, (weights, places))[1]


def means(key: Array, points: Float[Array, "n d"], *, number: int) -> np.ndarray:
    """Centroids of k-means (Euclidean): at most `STEPS` of Lloyd's steps on all of the points.

    A centroid that loses all its points stays where it was.

    Cost: n number d operations a step.
    """
    frame, inside = _framed(points)
    found = distances.kmeans_plus_plus(key, inside, number=number).indices
    rows = np.asarray(inside)
    at = rows[np.asarray(found)]
    # Rows are in a frame already.
    zero = np.zeros(rows.shape[1], rows.dtype)
    still = squares.Frame(jax.device_put(zero), jax.device_put(np.ones((), rows.dtype)))
    before: Any = None
    for _ in range(STEPS):
        cells, _ = Routing(None, at, still).nearest(rows)
        if before is not None and (cells == before).all():
            break
        before = cells
        at = _averages(rows, cells, at)
    return np.asarray(_outside(frame, at))


def _averages(rows: np.ndarray, cells: np.ndarray, at: np.ndarray) -> np.ndarray:
    """The mean of each cell's rows; where there are none, what `at` says."""
    order = np.argsort(cells, kind="stable")
    there, starts, sizes = np.unique(cells[order], return_index=True, return_counts=True)
    moved = at.copy()
    moved[there] = np.add.reduceat(rows[order], starts, axis=0) / sizes[:, None].astype(rows.dtype)
    return moved


@jax.jit
def _framed(points: Float[Array, "n d"]) -> tuple[squares.Frame, Float[Array, "n d"]]:
    frame = squares.frame(points)
    return frame, frame.inside(points)


@jax.jit
def _outside(frame: squares.Frame, rows: Any) -> Float[Array, "q d"]:
    return frame.outside(rows)
