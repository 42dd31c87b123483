"""Affinities of points: Gaussian kernels and nearest neighbours, exact and in bounded memory.

Neighbours are never approximate: ties go to the smaller index, and rows given twice are neighbours
at distance 0. A pair is an edge where either is among the nearest of the other (the union).
`Neighbourhood` keeps the squared distances, so that weights can be computed anew, and
differentiated, for every bandwidth without another search.

Points may have any scale whose numbers are finite: where squares of distances could vanish or
overflow, they are taken in a unit, a power of two, which changes no digit of anything else.
"""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from jax import lax
from jaxtyping import Array, Float, Int, ScalarLike
from scipy.spatial.distance import cdist

from diversity_jax import neighbours as _neighbours
from diversity_jax import traced, validate, vectors
from diversity_jax.graph_learning.problem import Affinity
from diversity_jax.records import Record


class Neighbourhood(Record):
    """Pairs of near points ``i < j`` and their squared distances: a graph before its weights.

    `squares` are in squares of `unit`, which is 1 unless these could vanish or overflow.
    """

    edges: Int[Array, "m 2"]
    squares: Float[Array, " m"]
    nodes: int = eqx.field(static=True)
    unit: float = eqx.field(static=True, default=1.0)

    def gaussian(self, bandwidth: ScalarLike) -> Affinity:
        """Weights ``exp(-square / (2 bandwidth^2))``; `bandwidth` may be traced.

        Errors: ValueError for a bandwidth that is not one number above zero.
        """
        good = _bandwidth(bandwidth)
        squares, given = validate.concrete(self.squares), validate.concrete(bandwidth)
        if squares is not None and given is not None:
            # By numpy, since jax compiles a program for every new number of edges.
            with np.errstate(over="ignore", under="ignore"):
                far = np.sqrt(squares.astype(np.float64)) / in_units(np.float64(given), self.unit)
                return self._with(np.exp(-(far**2) / 2).astype(squares.dtype))
        width = jnp.asarray(bandwidth, self.squares.dtype)
        # The root is scaled first: the square of a large distance need not be finite.
        far = jnp.sqrt(self.squares) / in_units(width, self.unit)
        return self._with(traced.only(good, jnp.exp(-(far**2) / 2), width))

    def even(self) -> Affinity:
        """Weights of one."""
        return self._with(np.ones(self.squares.shape, np.dtype(self.squares.dtype)))

    def reaches(self, *, neighbours: int) -> np.ndarray:
        """The root mean square of each point's shortest edges, `neighbours` of them `[n]`.

        Of a graph of as many nearest neighbours these lead to them. Fewer count where a point has
        no more; 0 where it has none.
        """
        validate.integer("neighbours", neighbours, "take some edges of each point", least=1)
        ends = np.concatenate(np.asarray(self.edges, np.int64).T)
        squares = np.tile(np.asarray(self.squares, float), 2)  # in squares of the unit
        order = np.lexsort((squares, ends))
        sizes = np.bincount(ends, minlength=self.nodes)
        place = np.arange(len(ends)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        kept = order[place < neighbours]
        total = np.bincount(ends[kept], squares[kept], minlength=self.nodes)
        return np.sqrt(total / np.maximum(np.minimum(sizes, neighbours), 1)) * self.unit

    def self_tuned(self, *, neighbours: int) -> Affinity:
        """Weights ``exp(-d_ij^2 / (2 s_i s_j))``, s the `reaches`: each point has its own scale.

        Nothing depends on units, nor on how densely one class lies and another; a point far from
        all others still has small weights, since its neighbours' scales are small. Where a scale
        is 0 (so many others lie on the point), others than those weigh nothing.

        Source: Zelnik-Manor and Perona 2004, with a mean of neighbours for the seventh.
        """
        scales = self.reaches(neighbours=neighbours)
        lengths = np.sqrt(np.asarray(self.squares, float)) * self.unit
        return self._with(tuned(lengths, *scales[np.asarray(self.edges).T]))

    def _with(self, weights: npt.ArrayLike) -> Affinity:
        return Affinity(self.edges, weights, nodes=self.nodes)


def tuned(lengths: np.ndarray, one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """``exp(-length^2 / (2 one other))``, 1 where the length is 0."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore", under="ignore"):
        exponent = (lengths / one) * (lengths / other) / 2
    return np.exp(-np.where(lengths > 0, exponent, 0))


def in_units(width: Any, unit: float) -> Any:
    """A width above 0 in a unit, above 0 still: no distance but 0 is as short as that."""
    if unit == 1:
        return width
    width = width / unit
    least = np.finfo(width.dtype).tiny
    library: Any = np if isinstance(width, np.generic) else jnp
    return library.maximum(width, least)


def neighbourhood(points: npt.ArrayLike, *, neighbours: int) -> Neighbourhood:
    """Each point's nearest others, in either direction, with their squared distances.

    Shapes: points `[n, d]`, n >= 2.
    Errors: ValueError for a number of neighbours outside 1 to n - 1, points that are not finite.
    Cost: up to 8 dimensions some n log n; above them n^2 d in blocks of some 8 MB, or of 128 rows.
    """
    data = _points(points)
    fix = "a point has no more others than that"
    validate.integer("neighbours", neighbours, fix, least=1, most=len(data) - 1)
    table = _neighbours.Table(data)
    found = _neighbours.nearest(table, neighbours).ravel()
    start = np.repeat(np.arange(len(data)), neighbours)
    # Sorted here: numpy's `unique` of integers hashes, which takes three times as long.
    key = np.sort(np.minimum(start, found) * len(data) + np.maximum(start, found))
    first, second = np.divmod(key[np.concatenate([[True], np.diff(key) > 0])], len(data))
    unit = _neighbours.unit_near(table.unit, data.dtype)
    squares = table.exactly(first, second) * (table.unit / unit) ** 2
    edges = jax.device_put(np.stack([first, second], 1).astype(np.int32))
    return Neighbourhood(edges, jax.device_put(squares.astype(data.dtype)), len(data), unit)


def nearest(
    points: npt.ArrayLike, *, neighbours: int, bandwidth: ScalarLike | None = None
) -> Affinity:
    """Edges to the nearest neighbours, at weights of one or ``exp(-d^2 / (2 bandwidth^2))``.

    Errors: those of `neighbourhood` and `Neighbourhood.gaussian`.
    Cost: that of `neighbourhood`.
    """
    near = neighbourhood(points, neighbours=neighbours)
    return near.even() if bandwidth is None else near.gaussian(bandwidth)


def gaussian(points: npt.ArrayLike, *, bandwidth: ScalarLike) -> Float[Array, "n n"]:
    """``exp(-|x_i - x_j|^2 / (2 bandwidth^2))`` between all points, as a matrix.

    By differences, which keep their digits however far the points lie. Both arguments may be
    traced. Without the matrix: `problem.GaussianAffinity`.

    Shapes: points `[n, d]`.
    Errors: ValueError for points that are not finite, a bandwidth that is not one number above 0.
    Cost: n^2 d, and n x n numbers.
    """
    rows, good = vectors.rows("points", jnp.asarray(points)), _bandwidth(bandwidth)
    seen, width = validate.concrete(rows), validate.concrete(bandwidth)
    if seen is not None and width is not None:
        table = _neighbours.Table(seen)
        far = cdist(table.rows, table.rows)
        with np.errstate(over="ignore", under="ignore"):
            far *= table.per(float(width))
            np.square(far, out=far)
            far /= -2
            np.exp(far, out=far)
        return jax.device_put(far.astype(seen.dtype, copy=False))

    def row(one: Array) -> Array:
        return jnp.exp(-jnp.sum(((rows - one[None]) / bandwidth) ** 2, axis=1) / 2)

    return traced.only(good, lax.map(row, rows), rows, bandwidth)


def deviation_bandwidth(points: npt.ArrayLike, *, multiple: float = 1.0) -> Float[Array, ""]:
    """``multiple * sqrt(d) * s``, s the mean of the features' standard deviations.

    With `multiple` 1 this is the kernel ``exp(-|x - x'|^2 / (2 d s^2))`` of the online papers; the
    conditional anomaly papers' ``exp(-|x - x'|^2 / (d s'^2))``, s' a tenth of s, has `multiple`
    ``0.1 / sqrt(2)``, which leaves few edges of any weight.

    Errors: ValueError for points that are not finite or all alike.
    Source: 2605.03495, sections 6.1 and 6.2.
    """
    validate.positive("multiple", multiple)
    rows = vectors.rows("points", jnp.asarray(points))
    each = vectors.deviations(rows)
    spread = jnp.any(each > 0)
    if validate.concrete(spread) is not None and not spread:
        raise validate.fail("points", "points all alike", "some spread", "choose a bandwidth")
    wide = multiple * np.sqrt(rows.shape[1]) * jnp.mean(each)
    return traced.only(True if validate.seen(spread) else spread, wide, rows)


def _bandwidth(bandwidth: ScalarLike) -> traced.Truth:
    validate.shape("bandwidth", bandwidth, (), "pass one number")
    return traced.positive("bandwidth", bandwidth)


def _points(points: npt.ArrayLike) -> np.ndarray:
    if isinstance(points, jax.core.Tracer):  # pyright: ignore[reportAttributeAccessIssue]
        fix = "search for neighbours outside the traced function and pass them in"
        raise validate.fail("points", "a traced array", "a concrete one", fix)
    data = np.asarray(vectors.rows("points", np.asarray(points)))
    if len(data) < 2:
        raise validate.fail("points", "one row", "at least two", "one point has no neighbour")
    return data
