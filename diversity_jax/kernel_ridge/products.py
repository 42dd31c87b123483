"""A kernel matrix times vectors, in blocks of rows: neither n x m numbers nor more than one pass.

Each block of rows of the matrix is made, used and forgotten; it stays in the cache. `both` has
``K' W K v`` from one look at each block. All may be traced and differentiated, and batched.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy.typing as npt
from jax import lax
from jaxtyping import Array, Float

from diversity_jax import rows, validate
from diversity_jax.kernel_ridge.kernels import Kernel, known

LEAST = 64  # rows at once: fewer would read all centres too often
MOST = 8192


def apply(
    kernel: object, points: npt.ArrayLike, centres: npt.ArrayLike, vectors: npt.ArrayLike
) -> Float[Array, "n ..."]:
    """``K(points, centres) v``.

    Shapes: points `[n, d]`, centres `[m, d]`, vectors `[m]` or `[m, c]`; result `[n]`, `[n, c]`.
    Errors: ValueError for shapes that do not fit.
    Cost: n m kernel values, memory for one block of some 4 MB.
    """
    given, x, z = _tables(kernel, points, centres)
    values, flat = _columns("vectors", vectors, z.shape[0])
    found = _apply(given, x, z, values)
    return found[:, 0] if flat else found


def adjoint(
    kernel: object, points: npt.ArrayLike, centres: npt.ArrayLike, vectors: npt.ArrayLike
) -> Float[Array, "m ..."]:
    """``K(points, centres)' v``.

    Shapes: points `[n, d]`, centres `[m, d]`, vectors `[n]` or `[n, c]`; result `[m]`, `[m, c]`.
    Errors and cost: those of `apply`.
    """
    given, x, z = _tables(kernel, points, centres)
    values, flat = _columns("vectors", vectors, x.shape[0])
    found = _adjoint(given, x, z, values)
    return found[:, 0] if flat else found


def both(
    kernel: object,
    points: npt.ArrayLike,
    centres: npt.ArrayLike,
    vectors: npt.ArrayLike,
    *,
    weights: npt.ArrayLike | None = None,
) -> Float[Array, "m ..."]:
    """``K' W K v``, K = K(points, centres), W the weights of the points (1 unless given).

    Shapes: points `[n, d]`, centres `[m, d]`, vectors `[m]` or `[m, c]`, weights `[n]`.
    Errors and cost: those of `apply`; each kernel value is computed once.
    """
    given, x, z = _tables(kernel, points, centres)
    values, flat = _columns("vectors", vectors, z.shape[0])
    kinds = jnp.result_type(x, values)
    weight = jnp.ones(x.shape[0], kinds) if weights is None else jnp.asarray(weights, kinds)
    validate.shape("weights", weight, (x.shape[0],), "give each point one weight")
    found = _both(given, x, z, values, weight)
    return found[:, 0] if flat else found


def block_rows(points: int, centres: int, itemsize: int) -> int:
    """Rows of a block of some 4 MB of kernel values and as much to make them."""
    return min(max(points, 1), MOST, max(LEAST, rows.BYTES // (2 * itemsize * max(centres, 1))))


@jax.jit
def _apply(kernel: Kernel, x: Array, z: Array, values: Array) -> Array:
    size = block_rows(x.shape[0], z.shape[0], x.dtype.itemsize)
    return rows.map_rows(_rows_times, size, (kernel, z, values), x)


def _rows_times(parameters: tuple[Kernel, Array, Array], x: Array) -> Array:
    kernel, z, values = parameters
    return times(kernel(x, z), values)


@jax.jit
def _adjoint(kernel: Kernel, x: Array, z: Array, values: Array) -> Array:
    def block(part: Array, fresh: Array, right: Array) -> Array:
        return times(kernel(part, z).T, jnp.where(fresh[:, None], right, 0))

    return summed(block, x, values, (z.shape[0], values.shape[1]))


@jax.jit
def _both(kernel: Kernel, x: Array, z: Array, values: Array, weights: Array) -> Array:
    def block(part: Array, fresh: Array, weight: Array) -> Array:
        table = kernel(part, z)
        middle = times(table, values) * jnp.where(fresh, weight, 0)[:, None]
        return times(table.T, middle)

    return summed(block, x, weights, (z.shape[0], values.shape[1]))


def summed(block: Any, x: Array, along: Array, shape: tuple[int, int]) -> Array:
    """The sum of `block(rows of x, which are new, rows of along)` over blocks of rows."""
    number = x.shape[0]
    size = block_rows(number, shape[0], x.dtype.itemsize)

    def step(total: Array, start: Array) -> tuple[Array, None]:
        # The last block starts early, and what it has in common with the one before counts once.
        first = jnp.minimum(start, number - size)
        fresh = first + jnp.arange(size) >= start
        part, right = (lax.dynamic_slice_in_dim(one, first, size) for one in (x, along))
        return total + block(part, fresh, right), None

    dtype = jnp.result_type(x, along)
    starts = jnp.arange(0, number, size)
    return lax.scan(jax.checkpoint(step), jnp.zeros(shape, dtype), starts)[0]


def times(table: Array, values: Array) -> Array:
    """A matrix product in the full precision of its numbers, on any device."""
    return jnp.matmul(table, values, precision=lax.Precision.HIGHEST)


def _tables(
    kernel: object, points: npt.ArrayLike, centres: npt.ArrayLike
) -> tuple[Kernel, Array, Array]:
    x, z = jnp.asarray(points), jnp.asarray(centres)
    validate.shape("points", x, (None, None), "give one point per row")
    validate.shape("centres", z, (None, x.shape[1]), "give centres the columns of the points")
    kind = jnp.result_type(x, z, float)
    return known(kernel), x.astype(kind), z.astype(kind)


def _columns(name: str, values: npt.ArrayLike, number: int) -> tuple[Array, bool]:
    """Floating columns of `values`, and whether they were given as one without an axis."""
    given = jnp.asarray(values)
    given = given.astype(jnp.result_type(given, float))
    if given.ndim not in (1, 2) or given.shape[0] != number:
        got, wanted = f"shape {given.shape}", f"shape ({number}) or ({number}, columns)"
        raise validate.fail(name, got, wanted, "give one value, or one row of them, each")
    return (given[:, None], True) if given.ndim == 1 else (given, False)
