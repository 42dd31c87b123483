"""One kernel ridge regression for each of several sets of rows, and their predictions.

With n_q rows and centres c among them, each set solves

    (K' K + penalty C) a = K' y,    K = K(rows, c), C = K(c, c),

in the basis ``B = K T^-1``, ``T' T = C`` up to rounding, as ``B' B + penalty``; where the centres
are all rows, ``(C + penalty) a = y``. Rows of one set lie together, its centres are the first of
them, and blocks of rows are taken as many as the set has: one program serves sets of any size.
Centres are padded to one number, or, where they are all rows, to a few: to solve costs the cube of
it. Sets are solved one after the other, or `together` in a batch, in memory for so many matrices.
"""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.scipy.linalg import solve_triangular
from jaxtyping import Array, Float, ScalarLike

from diversity_jax.kernel_ridge import nystrom
from diversity_jax.kernel_ridge.kernels import Kernel

BLOCK = 512  # rows at once
STEP, RUNGS = 2 ** (1 / 3), 4  # padded sizes grow by this factor; so many of them at most
LEAST = 128  # centres: fewer cost less than to compile for them
BATCH = 2**28  # bytes of a batch's matrices on an accelerator
JITTER = 16  # roundings times the number of centres, added to the centres' kernel


class Grouped(NamedTuple):
    """Rows and targets of all sets, those of one together, and the rows of each."""

    rows: np.ndarray
    targets: np.ndarray
    starts: np.ndarray
    sizes: np.ndarray


class Solved(NamedTuple):
    """Centres `[q, m, d]` and coefficients `[q, m, c]`, 0 beyond each set's `many`; residuals."""

    centres: np.ndarray
    coefficients: np.ndarray
    many: np.ndarray
    residuals: np.ndarray


def grouped(
    random: np.random.Generator, rows: np.ndarray, targets: np.ndarray, sets: np.ndarray
) -> Grouped:
    """Rows by their sets, in a random order in each."""
    order = random.permutation(len(rows))
    order = order[np.argsort(sets[order], kind="stable")]
    sizes = np.bincount(sets)
    starts = np.cumsum(sizes) - sizes
    return Grouped(rows[order], targets[order], starts, sizes)


def solve(
    kernel: Kernel,
    data: Grouped,
    penalties: np.ndarray,
    *,
    centres: int | None,
    together: int | None = None,
    iterations: int | None = None,
) -> Solved:
    """Every set's coefficients, with at most so many `centres` (None: all its rows).

    Where these are not all rows and `iterations` are given, by so many of `nystrom.falkon`.
    """
    sizes = data.sizes
    many = sizes if centres is None else np.minimum(sizes, centres)
    whole = many == sizes
    groups = [(exact, *each) for exact in (True, False)
              for each in _rungs(np.flatnonzero(whole == exact), many)]  # fmt: skip
    widest = max(padded for _, padded, _ in groups)
    found = _nothing(data, many, widest)
    rows = _padded(data, max(widest, BLOCK))
    for exact, padded, sets in groups:
        if iterations is not None and not exact:
            _by_steps(found, sets, kernel, data, penalties, iterations)
            continue
        size = _batch(padded, data.rows.dtype.itemsize) if together is None else together
        for first in range(0, len(sets), size):
            part = sets[first : first + size]
            # The last batch is filled up, so that it is of the same shape.
            filled = np.concatenate([part, np.repeat(part[-1:], size - len(part))])
            given = (data.starts[filled], sizes[filled], many[filled], penalties[filled])
            results = _solved(kernel, *rows, *given, padded=padded, exact=exact)
            at, coefficients, residuals = (np.asarray(each)[: len(part)] for each in results)
            found.centres[part, :padded] = at
            found.coefficients[part, :padded] = coefficients
            found.residuals[part] = residuals
    return found


def _nothing(data: Grouped, many: np.ndarray, width: int) -> Solved:
    dtype, number = data.rows.dtype, len(many)
    columns, dimension = data.targets.shape[1], data.rows.shape[1]
    return Solved(
        np.zeros((number, width, dimension), dtype),
        np.zeros((number, width, columns), dtype),
        many,
        np.zeros((number, columns)),
    )


def _by_steps(
    found: Solved,
    chosen: np.ndarray,
    kernel: Kernel,
    data: Grouped,
    penalties: np.ndarray,
    iterations: int,
) -> None:
    """The `chosen` sets by conjugate gradients, their rows padded to a few numbers."""
    for padded, sets in _rungs(chosen, data.sizes):
        rows, targets = (np.pad(one, ((0, padded), (0, 0))) for one in data[:2])
        for each in sets:
            start, size, many = data.starts[each], data.sizes[each], found.many[each]
            x = rows[start : start + padded]
            there = np.arange(padded) < size
            fit = nystrom.falkon(
                kernel, np.where(there[:, None], x, x[:1]), targets[start : start + padded],
                ridge=penalties[each], total=1.0, centres=x[:many], iterations=iterations,
                weights=there.astype(x.dtype),
            )  # fmt: skip
            found.centres[each, :many] = fit.centres
            found.coefficients[each, :many] = fit.coefficients
            found.residuals[each] = fit.residual


def _rungs(chosen: np.ndarray, many: np.ndarray) -> list[tuple[int, np.ndarray]]:
    """Padded numbers of centres with the sets that have them: few, of one list for all tables."""
    if not len(chosen):
        return []
    number = np.maximum(many[chosen], LEAST)
    steps = np.ceil(np.log(number) / np.log(STEP) - 1e-9)
    steps = np.maximum(steps, steps.max() - RUNGS + 1)
    return [(int(np.ceil(STEP**step)), chosen[steps == step]) for step in np.unique(steps)]


def _batch(padded: int, itemsize: int) -> int:
    if jax.default_backend() == "cpu":
        return 1
    return max(1, min(256, BATCH // (8 * padded * max(padded, BLOCK) * itemsize)))


def _padded(data: Grouped, more: int) -> tuple[Array, Array]:
    """Rows and targets with some more of them, so that no block starts early."""
    rows, targets = (
        jax.device_put(np.pad(part, ((0, more), (0, 0)))) for part in (data.rows, data.targets)
    )
    return rows, targets


@partial(jax.jit, static_argnames=("padded", "exact"))
def _solved(
    kernel: Kernel,
    rows: Array,
    targets: Array,
    starts: Any,
    sizes: Any,
    many: Any,
    penalties: Any,
    padded: int,
    exact: bool,
) -> tuple[Array, ...]:
    def one(start: Array, size: Array, used: Array, penalty: Array) -> tuple[Array, ...]:
        task = _Task(kernel, rows, targets, start, size, used, penalty.astype(rows.dtype))
        return (_exactly if exact else _projected)(task, padded)

    arguments = (starts, sizes, many, penalties)
    if len(starts) == 1:
        # A batch of one would go through batched products, which are slower.
        return jax.tree.map(lambda leaf: leaf[None], one(*(each[0] for each in arguments)))
    return jax.vmap(one)(*arguments)


class _Task(NamedTuple):
    kernel: Kernel
    rows: Array
    targets: Array
    start: Array
    size: Array
    used: Array
    penalty: Array

    def block(self, first: ScalarLike, number: int) -> tuple[Array, Array, Array]:
        """Rows from `first` on with their targets, 0 for those of the next set; who is there."""
        at = self.start + first
        x, y = (lax.dynamic_slice_in_dim(each, at, number) for each in (self.rows, self.targets))
        there = jnp.asarray(first) + jnp.arange(number) < self.size
        return x, jnp.where(there[:, None], y, 0), there

    def centres(self, padded: int) -> tuple[Array, Array, Array]:
        """The first rows, the rest of them filled with the first; who is there; their kernel."""
        x, _, _ = self.block(0, padded)
        there = jnp.arange(padded) < self.used
        x = jnp.where(there[:, None], x, x[:1])
        table = jnp.where(there[:, None] & there[None], self.kernel(x, x), 0)
        return x, there, table + jnp.diag((~there).astype(table.dtype))


def _exactly(task: _Task, padded: int) -> tuple[Array, Array, Array]:
    x, there, table = task.centres(padded)
    right = jnp.where(there[:, None], task.block(0, padded)[1], 0)
    system = table + task.penalty * jnp.eye(padded, dtype=table.dtype)
    factor = jnp.linalg.cholesky(system)
    found = jax.scipy.linalg.cho_solve((factor, True), right)
    return x, found, _relative(system @ found - right, right)


def _projected(task: _Task, padded: int) -> tuple[Array, Array, Array]:
    x, there, table = task.centres(padded)
    scale = jnp.sum(jnp.where(there, jnp.diagonal(table), 0)) / task.used
    jitter = JITTER * jnp.finfo(table.dtype).eps * padded * scale
    identity = jnp.eye(padded, dtype=table.dtype)
    factor = jnp.linalg.cholesky(table + jitter * identity)
    # One inverse and then products, which are twice as fast as to solve for every row.
    basis = solve_triangular(factor, identity, lower=True).T

    def add(turn: Array, sums: tuple[Array, Array]) -> tuple[Array, Array]:
        part, y, fresh = task.block(turn * BLOCK, BLOCK)
        values = jnp.where(fresh[:, None] & there[None], task.kernel(part, x), 0)
        seen = values @ basis
        return sums[0] + seen.T @ seen, sums[1] + seen.T @ y

    start = jnp.zeros_like(table), jnp.zeros((padded, task.targets.shape[1]), table.dtype)
    gram, right = lax.fori_loop(0, -(-task.size // BLOCK), add, start)
    system = gram + task.penalty * identity
    found = jax.scipy.linalg.cho_solve((jnp.linalg.cholesky(system), True), right)
    coefficients = jnp.where(there[:, None], basis @ found, 0)
    return x, coefficients, _relative(system @ found - right, right)


def _relative(left: Float[Array, "m c"], right: Float[Array, "m c"]) -> Float[Array, " c"]:
    size = jnp.linalg.norm(right, axis=0)
    return jnp.linalg.norm(left, axis=0) / jnp.where(size > 0, size, 1)


def values(
    kernel: Kernel, centres: Any, coefficients: Any, points: np.ndarray, sets: np.ndarray
) -> np.ndarray:
    """The function of each point's own set, at the point `[m, c]`: m centres a point.

    Points are taken by their sets, in blocks of one shape.
    """
    # On the host: a slice of an array elsewhere compiles for each number of sets.
    centres, coefficients = np.asarray(centres), np.asarray(coefficients)
    found = np.empty((len(points), coefficients.shape[2]), coefficients.dtype)
    order = np.argsort(sets, kind="stable")
    sizes = np.bincount(sets, minlength=len(centres))
    ends = np.cumsum(sizes)
    mean = len(points) / max(1, int((sizes > 0).sum()))
    rows = int(2 ** np.clip(np.ceil(np.log2(mean)), 3, np.log2(BLOCK)))
    for each in np.flatnonzero(sizes):
        for first in range(ends[each] - sizes[each], ends[each], rows):
            places = order[first : min(first + rows, ends[each])]
            filled = np.concatenate([places, np.repeat(places[-1:], rows - len(places))])
            block = _values(kernel, centres[each], coefficients[each], points[filled])
            found[places] = np.asarray(block)[: len(places)]
    return found


@jax.jit
def _values(kernel: Kernel, centres: Any, coefficients: Any, x: Any) -> Array:
    return kernel(x, centres) @ coefficients
