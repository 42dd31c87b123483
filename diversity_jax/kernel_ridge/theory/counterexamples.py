"""What partitions do not do for nothing, on finite cases in exact rational arithmetic.

**Parts use more and fit otherwise**: two points with kernel 1/2 between them, a cell each. With
n ridge = 1, ``d_eff = (3/2)/(5/2) + (1/2)/(3/2) = 14/15`` and ``d_1 + d_2 = 1``.

**The ridge of a cell has the global n**: three points, kernel rows (1, 1/2, 0), (1/2, 1, 0) and
(0, 0, 1), in cells of two and one, which are orthogonal. At n ridge the local fit is the global
one; at n_q ridge it is not.

**Greedy centroids promote no orthogonality**: six unit vectors in the plane, kernel their inner
products. The centroid at the largest angle to the first (ties: the lowest index) makes cells with
``sum d_q = 7/3`` at n ridge = 1, whichever point is first, and other centroids cells with less. So
"the largest angles make the most orthogonal cells" is no theorem: angles between centroids are not
those between cells. That ParK's centroids are found that way is reconstructed (2106.12231 was not
at hand in full), and six vectors say nothing on what is best on average.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations

from diversity_jax import validate

Matrix = Sequence[Sequence[Fraction | int]]


@dataclass(frozen=True)
class ExactPartition:
    """Effective dimensions and fits at the training points, global and local, as fractions."""

    effective_dimension: Fraction
    local_effective_dimensions: tuple[Fraction, ...]
    fit: tuple[Fraction, ...]
    local_fit: tuple[Fraction, ...]

    @property
    def excess(self) -> Fraction:
        """By how much the local dimensions add up to more."""
        return sum(self.local_effective_dimensions, Fraction(0)) - self.effective_dimension

    @property
    def difference(self) -> Fraction:
        """The largest difference of both fits at a training point."""
        return max(abs(one - other) for one, other in zip(self.fit, self.local_fit))


@dataclass(frozen=True)
class GreedyCounterexample:
    """Vectors, and what cells of greedy centroids and of the best ones add up to.

    `greedy` holds, for every first centroid, ``sum d_q``; `best` is the least of all pairs, that of
    the centroids `places`.
    """

    vectors: tuple[tuple[Fraction, Fraction], ...]
    greedy: tuple[Fraction, ...]
    best: Fraction
    places: tuple[int, int]

    @property
    def margin(self) -> Fraction:
        """By how much even the best of greedy starts is above the best pair."""
        return min(self.greedy) - self.best


def partition_counterexample() -> ExactPartition:
    """Two points, a cell each: the dimensions add up to 1 where the whole has 14/15.

    Source: derived.
    """
    half = Fraction(1, 2)
    return partition_exactly([[1, half], [half, 1]], [0, 1], [1, 0], ridge=half)


def ridge_counterexample() -> tuple[ExactPartition, ExactPartition]:
    """Orthogonal cells at n ridge, where the local fit is the global one, and at n_q ridge.

    Source: derived.
    """
    half = Fraction(1, 2)
    kernel = [[1, half, 0], [half, 1, 0], [0, 0, 1]]
    task = {"cells": [0, 0, 1], "targets": [1, 2, 3], "ridge": Fraction(1, 3)}
    return (
        partition_exactly(kernel, **task),
        partition_exactly(kernel, **task, own_size=True),
    )


def greedy_counterexample() -> GreedyCounterexample:
    """Six vectors of length 1 whose greedy cells have the larger ``sum d_q``, from every start.

    Source: derived, by search.
    """
    fifths = ((4, 3), (4, -3), (0, 5), (3, -4), (-4, -3), (-3, 4))
    vectors = tuple((Fraction(x, 5), Fraction(y, 5)) for x, y in fifths)
    kernel = [[a[0] * b[0] + a[1] * b[1] for b in vectors] for a in vectors]
    many = range(len(vectors))
    totals = {pair: _total(kernel, pair) for pair in combinations(many, 2)}
    # Of unit vectors the squared sine is 1 - k^2; `max` takes the first of the largest.
    seconds = [max(many, key=lambda j, i=i: 1 - kernel[i][j] ** 2) for i in many]
    greedy = tuple(totals[min(i, j), max(i, j)] for i, j in enumerate(seconds))
    places = min(totals, key=totals.__getitem__)
    return GreedyCounterexample(vectors, greedy, totals[places], places)


def partition_exactly(
    kernel: Matrix,
    cells: Sequence[int],
    targets: Sequence[Fraction | int],
    *,
    ridge: Fraction,
    own_size: bool = False,
) -> ExactPartition:
    """Effective dimensions and both fits, as fractions.

    With `own_size` a cell's shift is n_q ridge, its own number of points, as it must not be.

    Errors: ValueError for numbers that are no fractions or integers, a ridge that is not above
    zero, sizes that differ.
    Cost: n^4 operations on fractions.
    """
    points = len(kernel)
    numbers = [ridge, *targets, *(value for row in kernel for value in row)]
    if not all(isinstance(value, Fraction | int) for value in numbers) or ridge <= 0:
        got = f"a ridge of {ridge!r}"
        raise validate.fail("kernel", got, "fractions, a ridge above 0", "pass Fraction(1, 2)")
    if {len(cells), len(targets), *map(len, kernel)} != {points} or not points:
        got = f"{points} rows, {len(cells)} cells, {len(targets)} targets"
        raise validate.fail("kernel", got, "n by n, and n of each", "give one per point")
    whole, fit = _fitted(kernel, range(points), targets, points * Fraction(ridge))
    local, parts = [Fraction(0)] * points, []
    for cell in sorted(set(cells)):
        places = [i for i, own in enumerate(cells) if own == cell]
        size = len(places) if own_size else points
        dimension, values = _fitted(kernel, places, targets, size * Fraction(ridge))
        parts.append(dimension)
        for i, value in zip(places, values):
            local[i] = value
    return ExactPartition(whole, tuple(parts), fit, tuple(local))


def _total(kernel: Matrix, centroids: tuple[int, int]) -> Fraction:
    """``sum d_q`` of the Voronoi cells of two centroids, at n ridge = 1; ties to the former."""

    def distance(i: int, c: int) -> Fraction:
        return Fraction(kernel[i][i] - 2 * kernel[i][c] + kernel[c][c])

    near, far = centroids
    cells = [int(distance(i, far) < distance(i, near)) for i in range(len(kernel))]
    task = {"cells": cells, "targets": [0] * len(kernel), "ridge": Fraction(1, len(kernel))}
    return sum(partition_exactly(kernel, **task).local_effective_dimensions, Fraction(0))


def _fitted(
    kernel: Matrix, places: Sequence[int], targets: Sequence[Fraction | int], shift: Fraction
) -> tuple[Fraction, tuple[Fraction, ...]]:
    """``tr K (K + m)^-1`` and ``K (K + m)^-1 y`` of some points, by elimination."""
    size = len(places)
    rows = [
        [Fraction(kernel[i][j]) + shift * (i == j) for j in places]
        + [Fraction(a == b) for b in range(size)]
        for a, i in enumerate(places)
    ]
    for pivot in range(size):
        swap = next((row for row in range(pivot, size) if rows[row][pivot]), None)
        if swap is None:
            fix = "pass inner products"
            raise validate.fail("kernel", "a singular one", "one that is semi-definite", fix)
        rows[pivot], rows[swap] = rows[swap], rows[pivot]
        rows[pivot] = [value / rows[pivot][pivot] for value in rows[pivot]]
        for other in range(size):
            factor = rows[other][pivot]
            if other != pivot and factor:
                rows[other] = [x - factor * z for x, z in zip(rows[other], rows[pivot])]
    inverse = [row[size:] for row in rows]
    dimension = size - shift * sum((inverse[a][a] for a in range(size)), Fraction(0))
    values = [Fraction(targets[i]) for i in places]
    coefficients = [sum((x * y for x, y in zip(row, values)), Fraction(0)) for row in inverse]
    # K (K + m)^-1 y = y - m (K + m)^-1 y.
    return dimension, tuple(y - shift * a for y, a in zip(values, coefficients))
