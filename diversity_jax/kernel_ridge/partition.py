"""Partitions of feature space: cells of points by their nearest centroid.

A point x belongs to the cell of the centroid c of the least ``k(x, x) - 2 k(x, c) + k(c, c)``; of a
radial kernel that is the Euclidean one. Centroids are chosen among `candidates` by the rules of
`centroids`. A cell of more than `most` times the mean is split: further centroids are drawn evenly
from its points, until no cell is that large. So a partition stays one by nearest centroids, there
are more cells than were asked for, and every point of the table, given again, finds its own cell.
Cells without points are dropped.
"""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from jaxtyping import Array, Float, Int

from diversity_jax import seeds, validate, vectors
from diversity_jax.kernel_ridge import centroids as _centroids
from diversity_jax.kernel_ridge.centroids import METHODS
from diversity_jax.kernel_ridge.kernels import known
from diversity_jax.kernel_ridge.routing import Routing, filled
from diversity_jax.records import Record
from diversity_jax.selection import squares

MOST = 2.0  # times the mean size: what is more is split
_frame = jax.jit(squares.frame)
CANDIDATES, EACH = 5_000, 10  # candidates for centroids, and for each of many cells


class Partition(Record):
    """Cells of points: `centroids` `[q, d]`, the cell of each point `[n]`, points in each `[q]`.

    The first `chosen` centroids are those of the method, the rest come of splitting. `capped` is
    False where a cell is still too large, since its points coincide.
    """

    routing: Routing = eqx.field(repr=False)
    cells: Int[Array, " n"]
    sizes: Int[Array, " q"]
    chosen: int = eqx.field(static=True)
    capped: bool = eqx.field(static=True)

    @property
    def centroids(self) -> Float[Array, "q d"]:
        """The centroids, as points."""
        return jnp.asarray(self.routing.centroids)

    def route(self, points: npt.ArrayLike) -> Int[Array, " m"]:
        """The cell of each of some points, which need not be those of the partition.

        Shapes: points `[m, d]`.
        Errors: ValueError for another dimension, values that are not finite or are traced.
        Cost: m q kernel evaluations, or distances, in blocks of some 4 MB.
        """
        rows = checked("points", points, columns=self.centroids.shape[1])
        return jax.device_put(self.routing.nearest(rows.astype(np.dtype(self.centroids.dtype)))[0])


def partition(
    key: Array,
    kernel: object,
    inputs: npt.ArrayLike,
    *,
    cells: int,
    method: str,
    most: float | None = MOST,
    candidates: int | None = None,
) -> Partition:
    """Cells of `inputs` by nearest centroid in feature space, none much larger than the mean.

    `method` is "pivoted-cholesky", "k-means++", "k-means" or "random". There are more cells than
    asked for where some were split (`most` None splits none), and fewer where features coincide
    that points do not. Centroids are chosen from at most `candidates` points (5,000, or 10 for each
    cell), all of them where there are no more.

    Shapes: inputs `[n, d]`.
    Errors: ValueError for fewer distinct points than cells, an unknown method, `most` below 1.1,
    fewer candidates than cells; inputs that are not finite, or traced.
    Cost: n q distances, and for c candidates c q^2 operations ("pivoted-cholesky"), c q kernel
    evaluations ("k-means++") or 30 c q distances ("k-means").
    Source: 2106.12231, the idea; the rules derived in `centroids`, splitting here.
    """
    function, rows = known(kernel), checked("inputs", inputs)
    validate.choice("method", method, METHODS)
    fix = "a cell has at least one point"
    validate.integer("cells", cells, fix, least=1, most=len(rows))
    if most is not None and not most >= 1.1:
        raise validate.fail("most", most, "None or a number >= 1.1", "pass e.g. 2.0")
    number = max(CANDIDATES, EACH * cells) if candidates is None else candidates
    validate.integer("candidates", number, "choose from more points than cells", least=cells)
    random = seeds.numpy_generator(seeds.stream(key, "candidates"))
    offered = _distinct(random, rows, cells, number)
    chosen = seeds.stream(key, "centroids")
    found = _centroids.choose(chosen, function, offered, number=cells, method=method)
    routing = Routing(function, found, _frame(filled(offered, _centroids.SMALL)))
    most_points = None if most is None else most * len(rows) / cells
    return _split(key, routing, rows, most_points, len(rows) / cells)


def checked(name: str, points: npt.ArrayLike, *, columns: int | None = None) -> np.ndarray:
    """Rows on the host; refuse what is traced, not finite, or of another dimension."""
    if validate.concrete(points) is None:
        fix = "cells have sizes that data decide: call it outside the traced function"
        raise validate.fail(name, "a traced array", "a concrete one", fix)
    return np.asarray(vectors.rows(name, np.asarray(points), columns=columns))


def _distinct(random: np.random.Generator, rows: np.ndarray, cells: int, number: int) -> np.ndarray:
    """Distinct candidates in the order of the table: of some rows, or of all where need be."""
    some = rows
    if number < len(rows):
        some = rows[np.sort(random.choice(len(rows), number, replace=False))]
    places = np.sort(np.unique(some, axis=0, return_index=True)[1])
    if len(places) < cells and number < len(rows):
        some = rows
        places = np.sort(np.unique(rows, axis=0, return_index=True)[1])
        if len(places) > number:
            places = np.sort(random.choice(places, number, replace=False))
    if len(places) < cells:
        got = f"{cells} with {len(places)} distinct points"
        expected = f"an integer from 1 to {len(places)}"
        raise validate.fail("cells", got, expected, "ask for fewer cells")
    return some[places]


def _split(
    key: Array, routing: Routing, rows: np.ndarray, most: float | None, mean: float
) -> Partition:
    """All rows in their cells, with further centroids where a cell is too large."""
    random = seeds.numpy_generator(seeds.stream(key, "splits"))
    chosen, first = len(routing.centroids), routing
    cells, far = routing.nearest(rows)
    while most is not None:
        picks = _further(random, cells, far, most, mean)
        if not len(picks):
            break
        both = np.concatenate([first.centroids, rows[picks]])
        number, first = len(first.centroids), Routing(routing.kernel, both, routing.frame)
        # By all of them anew, so that ties are told apart as they will be for new points.
        cells, far = first.nearest(rows)
        if not (cells >= number).any():
            break
    there = np.bincount(cells, minlength=len(first.centroids)) > 0
    at = jax.device_put(np.asarray(first.centroids)[there])
    kept = Routing(routing.kernel, at, routing.frame)
    places = (np.cumsum(there) - 1)[cells]
    sizes = np.bincount(places)
    return Partition(
        routing=kept,
        cells=jax.device_put(places.astype(np.int32)),
        sizes=jax.device_put(sizes.astype(np.int32)),
        chosen=int(there[:chosen].sum()),
        capped=most is None or bool(sizes.max() <= most),
    )


def _further(
    random: np.random.Generator, cells: np.ndarray, far: np.ndarray, most: float, mean: float
) -> np.ndarray:
    """Rows to be centroids too: of each cell that is too large as many as make it of mean size.

    Those that lie on their centroid would take nothing from it.
    """
    sizes: Any = np.bincount(cells)
    order = np.argsort(cells, kind="stable")
    ends = np.cumsum(sizes)
    picks = []
    for cell in np.flatnonzero(sizes > most):
        members = order[ends[cell] - sizes[cell] : ends[cell]]
        away = members[far[members] > 0]
        wanted = max(1, round(sizes[cell] / mean) - 1)
        picks.append(random.choice(away, min(wanted, len(away)), replace=False))
    return np.concatenate(picks) if picks else np.zeros(0, int)
