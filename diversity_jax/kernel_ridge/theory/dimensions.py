"""Effective dimensions of a kernel matrix, whole and of its cells, and how far they are apart.

K is the kernel matrix of n points, ``m = n ridge``, D holds the blocks of K within cells and zeros
elsewhere, ``A = D + m``, ``B = K + m``, ``E = K - D``. With ``h(s) = s / (s + m)``

    d_eff = tr K B^-1 = sum h(eigenvalues of K),     sum_q d_q = tr D A^-1 = sum h(those of D).

**Never less in parts.** ``d_eff = n - m tr B^-1`` and ``sum d_q = n - m tr A^-1``. Put
``B^-1 = A^-1 - A^-1 E A^-1 + A^-1 E B^-1 E A^-1``; the middle term has no trace, since ``A^-2`` is
block-diagonal and E has no blocks on its diagonal. So

    sum d_q - d_eff = m tr A^-1 E B^-1 E A^-1 = m |B^-1/2 E A^-1|_F^2 >= 0,

which is zero if and only if E is: any correlation across cells makes the sum larger, strictly.
`partition_excess` computes the right-hand side, which has no cancellation.

Eigenvalues are those of LAPACK on the host, in double precision.
"""

from __future__ import annotations

import jax
import numpy as np
import numpy.typing as npt
from jaxtyping import Array, Float, ScalarLike

from diversity_jax import seen, validate
from diversity_jax.kernel_ridge.theory import _arguments, _blocks
from diversity_jax.kernel_ridge.theory._arguments import Spectrum


def effective_dimension(kernel_matrix: npt.ArrayLike, *, ridge: ScalarLike) -> Float[Array, ""]:
    """``d_eff = tr K (K + n ridge)^-1``: how many directions of feature space a fit makes use of.

    Exact, between 0 and the rank. Kernel and ridge have a common unit, which changes nothing.
    Eigenvalues that rounding has made negative count as 0.

    Shapes: kernel_matrix `[n, n]`.
    Errors: ValueError for a matrix that is not finite, symmetric and positive semi-definite up to
    rounding, a ridge that is not above zero or so small that rounding decides, traced values.
    Cost: n^3, on the host.
    Source: definition.
    """
    parts = _arguments.spectrum("kernel_matrix", kernel_matrix)
    shift = _arguments.shift(ridge, len(parts.matrix), parts.unit)
    return jax.device_put(np.float64(_resolved(parts, shift)))


def spectral_effective_dimension(
    eigenvalues: npt.ArrayLike, *, ridge: ScalarLike
) -> Float[Array, ""]:
    """``sum s / (s + ridge)`` over eigenvalues of a kernel's integral operator: that of population.

    Of a kernel matrix pass its eigenvalues over n.

    Shapes: eigenvalues `[p]`.
    Errors: ValueError for negative, infinite or no eigenvalues, a ridge not above zero.
    Source: definition.
    """
    validate.shape("eigenvalues", eigenvalues, (None,), "pass them as one row")
    validate.finite("eigenvalues", eigenvalues)
    validate.nonnegative("eigenvalues", eigenvalues, "set those that are so by rounding to 0")
    values = seen.array("eigenvalues", eigenvalues).astype(np.float64)
    return jax.device_put(np.float64(_blocks.shares(values, seen.above_zero("ridge", ridge)).sum()))


def local_effective_dimensions(
    kernel_matrix: npt.ArrayLike, cells: npt.ArrayLike, *, ridge: ScalarLike
) -> Float[Array, " q"]:
    """``d_q = tr K_qq (K_qq + n ridge)^-1`` of every cell, n being the number of all points.

    Exact.

    Shapes: kernel_matrix `[n, n]`, cells `[n]` whole numbers from 0 to Q - 1.
    Errors: those of `effective_dimension`, for every block; labels of another kind, empty cells.
    Cost: the sum of the cubes of the cells' sizes.
    Source: 2106.12231, reconstructed: its full text was not at hand.
    """
    given = seen.array("kernel_matrix", kernel_matrix)
    _arguments.square("kernel_matrix", given)
    found = []
    for places in _arguments.cells(cells, len(given)):
        parts = _arguments.spectrum("kernel_matrix", given[np.ix_(places, places)])
        shift = _arguments.shift(ridge, len(given), parts.unit)
        found.append(_resolved(parts, shift))
    return jax.device_put(np.array(found))


def partition_excess(
    kernel_matrix: npt.ArrayLike, cells: npt.ArrayLike, *, ridge: ScalarLike
) -> Float[Array, ""]:
    """``sum_q d_q - d_eff = n ridge |(K + n ridge)^-1/2 E (D + n ridge)^-1|_F^2``, from 0 up.

    Exact; the square has no cancellation, so that a small excess is right in relative terms. It is
    0 only where points of different cells have kernel 0 (to rounding).

    Shapes: as `local_effective_dimensions`.
    Errors: those of `orthogonality`.
    Cost: n^3.
    Source: derived above.
    """
    whole = _arguments.spectrum("kernel_matrix", kernel_matrix)
    shift = _arguments.shift(ridge, len(whole.matrix), whole.unit)
    members = _arguments.cells(cells, len(whole.matrix))
    _blocks.resolve(whole, shift)
    return jax.device_put(np.float64(_blocks.excess(whole, members, shift)))


def _resolved(parts: Spectrum, shift: float) -> float:
    """The dimension, where no more than `_arguments.ALLOWED` of it may be rounding."""
    most = _blocks.shares(parts.values + parts.rounding, shift).sum()
    least = _blocks.shares(np.maximum(parts.values - parts.rounding, 0), shift).sum()
    total = _blocks.shares(parts.values, shift).sum()
    error = (most - least) / total if total else 0.0
    # Of each eigenvalue at most twice the rounding over n ridge, beside a dimension of about 1.
    _arguments.resolved(error, 2 * parts.rounding * parts.unit)
    return float(total)
