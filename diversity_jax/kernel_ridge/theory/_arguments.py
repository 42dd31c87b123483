"""What several functions of this theory ask of kernel matrices, cells and numbers, on the host.

A kernel matrix carries rounding: that of its entries, and that of its eigenvalues when they are
computed. Together they are taken for a matrix of norm up to `Spectrum.rounding`. A ridge that is
far below it would divide that noise by itself; where it decides the answer there is an error.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from jaxtyping import ScalarLike

from diversity_jax import seen, validate

EPSILON = float(np.finfo(np.float64).eps)
ALLOWED = 1e-3  # relative error by rounding up to which a number is given


class Spectrum(NamedTuple):
    """A symmetric matrix, its eigenvalues (ascending, from 0 up) and vectors, and its `rounding`.

    All are in units of a power of two near the largest entry.
    """

    matrix: np.ndarray
    values: np.ndarray
    vectors: np.ndarray
    rounding: float
    unit: float


def spectrum(argument: str, matrix: npt.ArrayLike) -> Spectrum:
    """The spectrum of a positive semi-definite matrix, in double precision.

    Errors: ValueError for what is not square, finite, symmetric and positive semi-definite, the
    last two up to rounding in the precision in which it is given.
    """
    given = seen.array(argument, matrix)
    square(argument, given)
    held, epsilon, unit = _scaled(argument, given)
    skew = np.abs(held - held.T).max()
    if skew > 16 * epsilon:
        got, fix = f"an asymmetry of {skew * unit:.3g}", "average it with its transpose"
        raise validate.fail(argument, got, "a symmetric matrix", fix)
    held = (held + held.T) / 2
    values, vectors = np.linalg.eigh(held)
    # Independent errors in the entries make a matrix of norm 2 sqrt(n) times theirs.
    rounding = 2 * epsilon * math.sqrt(len(held)) * np.abs(held).max() + EPSILON * values.max()
    if values[0] < -8 * rounding:
        got = f"a smallest eigenvalue of {values[0] * unit:.3g} in {given.dtype.name}"
        fix = "compute it in 64 bits, or add that much to its diagonal"
        raise validate.fail(argument, got, "a positive semi-definite matrix", fix)
    return Spectrum(held, np.maximum(values, 0), vectors, float(rounding), unit)


def square(argument: str, given: np.ndarray) -> None:
    """Refuse what is not n by n, n from 1 up."""
    if given.ndim != 2 or given.shape[0] != given.shape[1] or not given.size:
        fix = "pass the kernel between all training points"
        raise validate.fail(argument, f"shape {given.shape}", "shape (n, n), n from 1 up", fix)


def block(argument: str, matrix: npt.ArrayLike, shape: tuple[int, ...], unit: float) -> np.ndarray:
    """Kernel values between two sets of points, finite, in units of `unit`."""
    validate.shape(argument, matrix, shape, "pass the kernel between both sets of points")
    validate.finite(argument, matrix)
    return seen.array(argument, matrix).astype(np.float64) / unit


def cells(labels: npt.ArrayLike, points: int) -> list[np.ndarray]:
    """The places of each cell's points, from whole numbers 0 to Q - 1 that all occur.

    Errors: ValueError for other labels or an empty cell.
    """
    fix = "give each training point the number of its cell"
    validate.shape("cells", labels, (points,), fix)
    numbers = seen.array("cells", labels)
    if numbers.dtype.kind not in "iu" or numbers.min() < 0:
        got = f"{numbers.dtype.name} from {numbers.min()}"
        raise validate.fail("cells", got, "integers from 0 up", fix)
    many = int(numbers.max()) + 1
    present = np.unique(numbers)
    if len(present) < many:
        empty = np.setdiff1d(np.arange(many), present)[0]
        got = f"no point in cell {empty} of {many}"
        raise validate.fail("cells", got, "a point in every cell", "number the cells anew")
    return [np.flatnonzero(numbers == cell) for cell in range(many)]


def shift(ridge: ScalarLike, points: int, unit: float) -> float:
    """``n ridge`` in units of `unit`."""
    value = seen.above_zero("ridge", ridge) / unit * points
    if not 0 < value < math.inf:
        got = f"{float(np.asarray(ridge)):.3g} beside a kernel of size {unit:.3g}"
        raise validate.fail("ridge", got, "comparable sizes", "scale one of them")
    return value


def resolved(error: float, least: float) -> None:
    """Refuse a ridge at which rounding alone may change the answer by more than `ALLOWED`.

    `least` is the error at a ridge of 1 that is enough to name one that will do.
    """
    if not error <= ALLOWED:
        least = 1.1 * least / ALLOWED
        got = f"one at which rounding alone changes the answer by up to {error:.1g} of itself"
        fix = "raise it, or compute the matrix in a higher precision"
        raise validate.fail("ridge", got, f"e.g. {least:.2g} or more for this matrix", fix)


def _scaled(argument: str, given: np.ndarray) -> tuple[np.ndarray, float, float]:
    """The matrix over a power of two, the precision it came in, and that power."""
    if given.dtype.kind not in "fiu":
        raise validate.fail(argument, f"type {given.dtype}", "real numbers", "convert them")
    validate.finite(argument, given)
    held = given.astype(np.float64)
    epsilon = float(np.finfo(given.dtype if given.dtype.kind == "f" else np.float64).eps)
    size = float(np.abs(held).max())
    unit = 2.0 ** (math.frexp(size)[1] - 1) if size > 0 else 1.0
    return held / unit, max(epsilon, EPSILON), unit
