"""What each solver does and holds, by counting: to be set beside measured times and memory.

n points, M centres, t steps of conjugate gradients, Q cells of n_q points with M_q centres each.
Operations count additions and multiplications; kernel evaluations are counted apart, since what
one takes depends on the kernel and the dimension. Memory is in numbers held at once: kernel
matrices are made in blocks of rows where they need not be kept. Leading terms, and those of second
order that count at small sizes; a measured time has rates of its own for each kind of work, so that
exponents over the same sizes are what can be compared (`growth`).

With cells of equal size and ``M_q = M / Q``, ParK takes ``4 n M t / Q + M^3 / Q^2``: its two terms
fall by Q and Q^2. One cell is Falkon.
"""

from __future__ import annotations

import jax
import numpy as np
import numpy.typing as npt
from jaxtyping import Array, Float

from diversity_jax import seen, validate
from diversity_jax.records import Record


class Cost(Record):
    """Operations and kernel evaluations of a fit, numbers held in it, evaluations per answer."""

    operations: Float[Array, ""]
    evaluations: Float[Array, ""]
    memory: Float[Array, ""]
    evaluations_per_point: Float[Array, ""]


def exact_cost(points: int) -> Cost:
    """One Cholesky factor of all points: ``n^3 / 3 + 2 n^2`` operations, ``n^2`` numbers.

    Errors: ValueError for what is no integer from 1 up.
    Source: counted.
    """
    n = _count("points", points)
    return _cost(n**3 / 3 + 2 * n**2, n**2, n**2, n)


def nystrom_cost(points: int, centres: int, *, block: int = 1024) -> Cost:
    """Normal equations of M centres: ``2 n M^2 + M^3 / 3`` operations, ``2 M^2`` and a block.

    Errors: ValueError for what is no integer from 1 up, more centres than points.
    Source: counted.
    """
    n, m = _count("points", points), _centres(centres, points)
    rows = min(_count("block", block), n)
    operations = 2 * n * m**2 + 2 * n * m + m**3 / 3 + 2 * m**2
    return _cost(operations, n * m + m**2, 2 * m**2 + rows * m, m)


def falkon_cost(points: int, centres: int, *, iterations: int, block: int = 1024) -> Cost:
    """Preconditioned steps: ``4 n M t + M^3`` operations, ``2 M^2`` and a block.

    Two factors and a triangular product are ``M^3 / 3`` each; a step has two products with the
    kernel, made anew, and four triangular solves.

    Errors: those of `nystrom_cost`; iterations below 1.
    Source: 2106.12231, as far as known; counted.
    """
    n, m = _count("points", points), _centres(centres, points)
    t, rows = _count("iterations", iterations), min(_count("block", block), n)
    operations = m**3 + t * (4 * n * m + 4 * m**2) + 2 * n * m
    return _cost(operations, (t + 1) * n * m + m**2, 2 * m**2 + rows * m, m)


def park_cost(
    sizes: npt.ArrayLike,
    centres: npt.ArrayLike,
    *,
    iterations: int | None,
    candidates: int = 0,
    block: int = 1024,
) -> Cost:
    """Cells one by one: the sum of their costs, routing ``n Q``, the largest cell's memory.

    A cell costs `falkon_cost`, or without `iterations` what a direct solve does: `nystrom_cost`,
    and `exact_cost` where all of its points are centres. `candidates` are the points among which
    greedy centroids are sought, ``2 n_c Q^2`` operations.
    Memory has all coefficients, ``sum M_q``. An answer takes Q evaluations and M_q, on the mean
    over points of the sizes given.

    Shapes: sizes `[Q]`, centres `[Q]` or one number.
    Errors: ValueError for counts below 1, more centres than points of a cell.
    Source: 2106.12231, reconstructed; counted.
    """
    many = seen.array("sizes", sizes)
    validate.shape("sizes", many, (None,), "give the number of points of each cell")
    if not many.size:
        raise validate.fail("sizes", "no cell", "one at least", "pass the points of each cell")
    each = seen.array("centres", centres)
    if each.ndim:
        validate.shape("centres", each, many.shape, "give one number, or one per cell")
    each = np.broadcast_to(each, many.shape)
    parts = [_cell(n, m, iterations, block) for n, m in zip(many.tolist(), each.tolist())]
    validate.integer("candidates", candidates, "pass how many there are", least=0)
    cells, points = len(parts), float(many.sum())
    return _cost(
        sum(float(part.operations) for part in parts) + 2.0 * candidates * cells**2,
        sum(float(part.evaluations) for part in parts) + (points + candidates) * cells,
        max(float(part.memory) for part in parts) + float(each.sum()),
        cells + float((many * each).sum()) / points,
    )


def _cell(points: int, centres: int, iterations: int | None, block: int) -> Cost:
    if iterations is not None:
        return falkon_cost(points, centres, iterations=iterations, block=block)
    if centres == points:
        return exact_cost(points)
    return nystrom_cost(points, centres, block=block)


def growth(sizes: npt.ArrayLike, values: npt.ArrayLike) -> Float[Array, ""]:
    """The slope of log value against log size over these very sizes, by least squares.

    The theory's own slope there, which an asymptotic exponent is not.

    Shapes: sizes `[s]`, values `[s]`, s from 2 up.
    Errors: ValueError for numbers that are not finite and above zero, sizes that are all alike.
    Source: definition.
    """
    validate.shape("sizes", sizes, (None,), "give one number per run")
    validate.shape("values", values, np.shape(sizes), "give one value per size")
    for name, given in (("sizes", sizes), ("values", values)):
        validate.positive(name, given)
        validate.finite(name, given)
    x, y = (np.log(seen.array(name, v)) for name, v in (("sizes", sizes), ("values", values)))
    if not x.size or not np.ptp(x) > 0:
        raise validate.fail("sizes", f"{x.size} sizes alike", "two that differ", "add another")
    x = x - x.mean()
    return jax.device_put(np.float64((x @ (y - y.mean())) / (x @ x)))


def _count(name: str, value: object) -> float:
    validate.integer(name, value, "pass a whole number", least=1)
    return float(value)  # pyright: ignore[reportArgumentType]


def _centres(centres: object, points: int) -> float:
    validate.integer("centres", centres, "take at most one per point", least=1, most=points)
    return float(centres)  # pyright: ignore[reportArgumentType]


def _cost(*numbers: float) -> Cost:
    return Cost(*(jax.device_put(np.float64(value)) for value in numbers))
