"""Lengthscale and ridge from a grid: the whole table of errors, and the choice.

    exact     leave-one-out: with ``K = Q S Q'`` and ``p = n ridge`` the residual at i is
              ``[Q (S + p)^-1 Q' y]_i / [Q (S + p)^-1 Q']_ii``
    gcv       few centres, generalised cross-validation: ``n |y - H y|^2 / (n - tr H)^2``
    held_out  few centres, the error on other points

One eigendecomposition serves all ridges of a lengthscale. Errors are means of squares. Among equal
ones the larger ridge and then the larger lengthscale is chosen: the smoother function.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from jaxtyping import Array, Float

from diversity_jax import validate, vectors
from diversity_jax.kernel_ridge import fitted, host, products
from diversity_jax.records import Record

LARGEST = 8192  # inputs of leave-one-out, whose eigenvectors take some ten times a factorisation
PAIRS = 1000  # rows whose distances give the median


class Table(Record):
    """Errors of a grid `scores` `[lengthscales, ridges]`, and the place of the least.

    `tied` is how many others have the least error too. `at_edge` says of lengthscale and ridge
    whether the choice is at an end of the grid, beyond which the error may still fall. Where
    nothing could be computed the error is infinite.
    """

    lengthscales: Float[Array, " l"]
    ridges: Float[Array, " r"]
    scores: Float[Array, "l r"]
    lengthscale: float
    ridge: float
    score: float
    tied: int
    at_edge: tuple[bool, bool]


def exact(
    kernel: Callable[[float], Any],
    inputs: npt.ArrayLike,
    targets: npt.ArrayLike,
    *,
    lengthscales: npt.ArrayLike,
    ridges: npt.ArrayLike,
) -> Table:
    """Mean squared leave-one-out residuals of `exact.fit`, without a fit for each point.

    Shapes: kernel makes one from a lengthscale (`kernels.gaussian`); inputs `[n, d]`, targets `[n]`
    or `[n, c]`.
    Errors: ValueError as `exact.fit`, for grids that are empty or not above zero, more than 8,192
    inputs, traced values.
    Cost: an eigendecomposition of n x n for each lengthscale, n^2 for each pair.
    """
    lengths, strengths, problems = _problems(kernel, inputs, targets, lengthscales, ridges)
    scores = np.full((len(lengths), len(strengths)), np.inf)
    for row, problem in enumerate(problems):
        x, y = problem.inputs, np.asarray(problem.targets, np.float64)
        if len(x) > LARGEST:
            fix = "tune on fewer, or use tuning.gcv"
            raise validate.fail("inputs", f"{len(x)} rows", f"at most {LARGEST}", fix)
        values, turned = np.linalg.eigh(
            host.matrix(problem.kernel, x).astype(np.float64, order="C")
        )
        along, squared = turned.T @ y, turned**2
        for column, ridge in enumerate(strengths):
            # What rounding left below zero is zero.
            opposite = 1 / (np.maximum(values, 0) + len(x) * ridge)
            own = squared @ opposite
            left = (turned @ (opposite[:, None] * along)) / own[:, None]
            scores[row, column] = np.mean(left**2)
    return _chosen(lengths, strengths, scores)


def gcv(
    kernel: Callable[[float], Any],
    inputs: npt.ArrayLike,
    targets: npt.ArrayLike,
    *,
    centres: npt.ArrayLike,
    lengthscales: npt.ArrayLike,
    ridges: npt.ArrayLike,
) -> Table:
    """Generalised cross-validation of `nystrom.fit`: no point is held out.

    Shapes: as `exact`, centres `[m, d]`.
    Errors: ValueError as `exact` and `nystrom.fit`.
    Cost: that of a fit and an eigendecomposition of m x m for each lengthscale.
    Source: Golub, Heath and Wahba 1979.
    """
    lengths, strengths, problems = _problems(kernel, inputs, targets, lengthscales, ridges)
    scores = np.full((len(lengths), len(strengths)), np.inf)
    for row, problem in enumerate(problems):
        y = np.asarray(problem.targets, np.float64)
        values, along, _, _ = _spectrum(problem, centres)
        for column, ridge in enumerate(strengths):
            opposite = 1 / (values + len(y) * ridge)
            # |y - H y|^2 in the basis, and what of y is outside of it.
            inside = (along**2).sum(1) * opposite * (2 - values * opposite)
            left = max((y**2).sum() - inside.sum(), 0.0) / y.shape[1]
            free = 1 - (values * opposite).sum() / len(y)
            scores[row, column] = left / len(y) / free**2 if free > 0 else np.inf
    return _chosen(lengths, strengths, scores)


def held_out(
    kernel: Callable[[float], Any],
    inputs: npt.ArrayLike,
    targets: npt.ArrayLike,
    other_inputs: npt.ArrayLike,
    other_targets: npt.ArrayLike,
    *,
    centres: npt.ArrayLike,
    lengthscales: npt.ArrayLike,
    ridges: npt.ArrayLike,
) -> Table:
    """Mean squared errors of `nystrom.fit` at other points.

    Shapes, errors, cost: those of `gcv`.
    """
    lengths, strengths, problems = _problems(kernel, inputs, targets, lengthscales, ridges)
    scores = np.full((len(lengths), len(strengths)), np.inf)
    for row, problem in enumerate(problems):
        others = fitted.asked(problem.kernel, other_inputs, other_targets, 1.0)
        if others.targets.shape[1] != problem.targets.shape[1]:
            got = f"{others.targets.shape[1]} columns"
            wanted = f"{problem.targets.shape[1]}, as targets"
            raise validate.fail("other_targets", got, wanted, "give both the same targets")
        values, along, turned, chosen = _spectrum(problem, centres)
        scaled = [along / (values + len(problem.inputs) * ridge)[:, None] for ridge in strengths]
        factor, vectors_of = turned
        own = host.triangular(
            factor, (vectors_of @ np.concatenate(scaled, axis=1)).astype(factor.dtype)
        )
        found = np.asarray(products.apply(problem.kernel, others.inputs, chosen, own))
        found = found.reshape(len(found), len(strengths), -1)
        scores[row] = np.mean((found - np.asarray(others.targets)[:, None]) ** 2, axis=(0, 2))
    return _chosen(lengths, strengths, scores)


def median_distance(points: npt.ArrayLike) -> float:
    """The median distance between rows that differ, of at most 1,000 spread evenly over the table.

    A lengthscale to start from; it follows scales and shifts of the points.

    Errors: ValueError for points that are all alike, not finite, or traced.
    """
    from scipy.spatial.distance import pdist

    seen = validate.concrete(points)
    if seen is None:
        raise validate.fail("points", "traced values", "concrete ones", "call this outside jit")
    rows = np.asarray(vectors.rows("points", seen), np.float64)
    rows = rows[np.unique(np.linspace(0, len(rows) - 1, PAIRS).astype(int))]
    # Halved first: neither the middle nor a difference of the largest numbers overflows.
    rows = rows / 4 - (rows.min(0) / 8 + rows.max(0) / 8)
    unit = float(np.abs(rows).max())
    lengths = pdist(rows / unit) if unit > 0 else np.zeros(1)
    lengths = lengths[lengths > 0]
    if not len(lengths):
        fix = "pass a lengthscale, or inputs that differ"
        raise validate.fail("points", f"{len(seen)} rows all alike", "some that differ", fix)
    return 4 * unit * float(np.median(lengths))


def _problems(
    kernel: Callable[[float], Any],
    inputs: npt.ArrayLike,
    targets: npt.ArrayLike,
    lengthscales: npt.ArrayLike,
    ridges: npt.ArrayLike,
) -> tuple[np.ndarray, np.ndarray, Iterator[fitted.Asked]]:
    grids = []
    for name, values in (("lengthscales", lengthscales), ("ridges", ridges)):
        if not validate.seen((values, inputs, targets)):
            raise validate.fail(name, "traced values", "concrete ones", "call this outside jit")
        grid = np.asarray(values, np.float64)
        validate.shape(name, grid, (None,), "pass a list of values to try")
        if not len(grid):
            raise validate.fail(name, "none", "at least one value", "pass values to try")
        validate.positive(name, grid)
        validate.finite(name, grid)
        grids.append(grid)
    if not callable(kernel):
        fix = "pass kernels.gaussian itself, or a function of a lengthscale"
        raise validate.fail("kernel", repr(kernel), "what makes a kernel of a lengthscale", fix)
    lengths, strengths = grids
    made = (fitted.asked(kernel(float(one)), inputs, targets, 1.0) for one in lengths)
    return lengths, strengths, made


def _spectrum(problem: fitted.Asked, centres: npt.ArrayLike) -> tuple[Any, Any, Any, Any]:
    """Eigenvalues of the normal equations in the orthonormal basis, ``V' B' y``, what brings
    coefficients of eigenvectors back to centres, and the centres used."""
    z = np.asarray(vectors.rows("centres", jnp.asarray(centres), columns=problem.inputs.shape[1]))
    if len(z) > len(problem.inputs):
        got, wanted = f"{len(z)} rows", f"at most {len(problem.inputs)} (inputs)"
        raise validate.fail("centres", got, wanted, "take some of the inputs")
    parts = (problem.inputs, problem.targets, z.astype(problem.inputs.dtype))
    found = host.whitened(problem.kernel, *parts, None, None)
    values, turned = np.linalg.eigh(found.gram.astype(np.float64), UPLO="U")
    along = turned.T @ found.right
    return np.maximum(values, 0), along, (found.factor, turned), parts[2][found.chosen]


def _chosen(lengths: np.ndarray, ridges: np.ndarray, scores: np.ndarray) -> Table:
    scores = np.where(np.isfinite(scores), scores, np.inf)
    least = scores.min()
    if not np.isfinite(least):
        fix = "try larger ridges, or check targets and kernel"
        raise validate.fail("ridges", "no finite error anywhere", "some", fix)
    rows, columns = np.nonzero(scores == least)
    best = np.lexsort((lengths[rows], ridges[columns]))[-1]
    length, ridge = float(lengths[rows[best]]), float(ridges[columns[best]])
    edge = [
        len(grid) > 1 and bool(value in (grid.min(), grid.max()))
        for grid, value in ((lengths, length), (ridges, ridge))
    ]
    grid, strengths, table = (jnp.asarray(one) for one in (lengths, ridges, scores))
    edges, tied = (edge[0], edge[1]), len(rows) - 1
    return Table(grid, strengths, table, length, ridge, float(least), tied, edges)
