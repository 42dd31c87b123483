"""Factorisations by LAPACK itself, in place, for what is not traced: half the memory of jax's own.

Kernel values are made by compiled blocks of one shape, which are several times as fast as numpy's
exponential; BLAS and LAPACK do the rest.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from scipy.linalg import blas, lapack

from diversity_jax import validate
from diversity_jax.kernel_ridge import products
from diversity_jax.kernel_ridge.kernels import Kernel

TILE = 512


@jax.jit
def _tile(kernel: Kernel, x: jax.Array, first: Any, second: Any) -> jax.Array:
    size = min(TILE, x.shape[0])
    return kernel(*(lax.dynamic_slice_in_dim(x, at, size) for at in (first, second)))


@jax.jit
def _block(kernel: Kernel, x: jax.Array, z: jax.Array, first: Any) -> jax.Array:
    size = products.block_rows(x.shape[0], z.shape[0], x.dtype.itemsize)
    return kernel(lax.dynamic_slice_in_dim(x, first, size), z)


def matrix(kernel: Kernel, points: Any) -> np.ndarray:
    """All kernel values of some points in Fortran's order, those below the diagonal its own."""
    x = jnp.asarray(points)
    number = x.shape[0]
    size = min(TILE, number)
    table = np.empty((number, number), x.dtype, order="F")
    # The last tile starts early, and some values are written twice.
    starts = [min(start, number - size) for start in range(0, number, size)]
    for place, second in enumerate(starts):
        for first in starts[place:]:
            # Turned, so that both sides are written and read along their memory.
            part = np.asarray(_tile(kernel, x, second, first)).T
            table[first : first + size, second : second + size] = part
    return table


def blocks(kernel: Kernel, points: Any, centres: Any) -> Iterator[tuple[slice, np.ndarray]]:
    """Rows of the kernel matrix block by block: their places, and values to read only."""
    x, z = jnp.asarray(points), jnp.asarray(centres)
    number = x.shape[0]
    size = products.block_rows(number, z.shape[0], x.dtype.itemsize)
    for start in range(0, number, size):
        first = min(start, number - size)
        yield slice(start, first + size), np.asarray(_block(kernel, x, z, first))[start - first :]


def factor(table: np.ndarray, name: str) -> np.ndarray:
    """The lower Cholesky factor, in place; what is above the diagonal is left as it was.

    Errors: ValueError where a pivot is not positive.
    """
    routine = _typed(lapack, "potrf", table.dtype)
    found, info = routine(table, lower=1, overwrite_a=1, clean=0)
    if info != 0:
        raise indefinite(name, table.dtype, f"at row {info - 1} of {len(table)}")
    return found


def indefinite(name: str, dtype: Any, where: str) -> ValueError:
    """The error for a matrix without a Cholesky factor."""
    single = np.dtype(dtype) == np.float32
    got = f"a kernel matrix that is not positive definite in {np.dtype(dtype).name} ({where})"
    better = "switch 64-bit on, " if single else ""
    fix = f"{better}raise the ridge, drop duplicates, or check that the kernel is positive"
    return validate.fail(name, got, "one with a Cholesky factor", fix)


def solve(lower: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Solutions of ``L L' x = right``."""
    found, _ = _typed(lapack, "potrs", lower.dtype)(lower, np.asfortranarray(right), lower=1)
    return found


def inverse_diagonal(lower: np.ndarray) -> np.ndarray:
    """The diagonal of the inverse of ``L L'``; the factor is written over."""
    found, _ = _typed(lapack, "trtri", lower.dtype)(lower, lower=1, overwrite_c=1)
    return np.array([found[place:, place] @ found[place:, place] for place in range(len(found))])


def triangular(upper: np.ndarray, right: np.ndarray, *, transposed: bool = False) -> np.ndarray:
    """Solutions of ``T x = right``, or ``T' x = right``; T upper."""
    routine = _typed(blas, "trsm", upper.dtype)
    return routine(1.0, upper, np.asfortranarray(right), trans_a=int(transposed))


class Whitened(NamedTuple):
    """Centres that tell the points apart, and the equations in an orthonormal basis of theirs.

    With ``T' T = K(chosen, chosen)`` and ``B = K(points, chosen) T^-1``: `gram` is ``B' W B``
    (upper half), `right` is ``B' W y``.
    """

    chosen: np.ndarray
    factor: np.ndarray
    gram: np.ndarray
    right: np.ndarray


def independent(kernel: Kernel, centres: Any, jitter: float | None) -> tuple[np.ndarray, Any]:
    """Places of centres that are independent beyond rounding, and their upper factor.

    By pivoted Cholesky: a centre given twice, or one within rounding of the others' span, is left
    out, which changes no function that the rest can make beyond rounding.
    """
    table = matrix(kernel, centres)
    scale = float(np.max(np.diagonal(table)))
    slack = 10 * len(table) * np.finfo(table.dtype).eps if jitter is None else jitter
    routine = _typed(lapack, "pstrf", table.dtype)
    found, pivots, rank, _ = routine(table, tol=slack * scale, lower=1, overwrite_a=1)
    if not scale > 0 or not np.isfinite(scale) or rank < 1:
        raise indefinite("centres", table.dtype, "no positive pivot")
    chosen = np.asarray(pivots)[:rank] - 1
    return chosen, np.asfortranarray(np.tril(found[:rank, :rank]).T)


def whitened(
    kernel: Kernel, points: Any, targets: Any, centres: Any, weights: Any, jitter: float | None
) -> Whitened:
    """The normal equations of some centres, in one pass over blocks of points."""
    z, y = np.asarray(centres), np.asarray(targets)
    chosen, upper = independent(kernel, z, jitter)
    rank, dtype = len(chosen), upper.dtype
    gram, right = np.zeros((rank, rank), dtype, order="F"), np.zeros((rank, y.shape[1]), dtype)
    trsm, syrk = _typed(blas, "trsm", dtype), _typed(blas, "syrk", dtype)
    root = None if weights is None else np.sqrt(np.asarray(weights, dtype))
    for places, table in blocks(kernel, points, z[chosen]):
        # In Fortran's eyes the block's rows are columns.
        basis = trsm(1.0, upper, table.T, trans_a=1)
        part = y[places]
        if root is not None:
            basis, part = basis * root[places], root[places, None] * part
        gram = syrk(1.0, basis, beta=1.0, c=gram, overwrite_c=1)
        right += basis @ part
    return Whitened(chosen, upper, gram, right)


def _typed(library: Any, name: str, dtype: Any) -> Any:
    return getattr(library, ("s" if np.dtype(dtype) == np.float32 else "d") + name)
