"""Kernels: functions of two point arrays `[n, d]` and `[m, d]` that give similarities `[n, m]`.

Any such function serves; these are the common ones. A kernel that is a plain function is part of
what is compiled, so define it once, at module level; `Gaussian` carries its scale as data, and
another scale compiles nothing anew.

A Gaussian kernel does not change with a common shift or rotation of the points; it has a scale of
its own. A cosine has no scale, but is an angle seen from the origin: a shift changes it by nature,
and so it does `linear`, which grows with the square of the scale.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, ArrayLike, Float, ScalarLike

from diversity_jax import validate
from diversity_jax.records import Record
from diversity_jax.selection import squares

Kernel = Callable[[Array, Array], Array]
Rows = TypeVar("Rows", np.ndarray, Array)
SAMPLE = 64  # points whose similarities are looked at before a rule runs
KEPT = 1 / 8  # of the square root of rounding: what exponents of Gaussian kernels may lose


def linear(a: Float[ArrayLike, "n d"], b: Float[ArrayLike, "m d"]) -> Float[Array, "n m"]:
    """Inner products; positive semi-definite, of rank d at most."""
    return jnp.asarray(a) @ jnp.asarray(b).T


def cosine(a: Float[ArrayLike, "n d"], b: Float[ArrayLike, "m d"]) -> Float[Array, "n m"]:
    """Cosines; positive semi-definite, of rank d at most. A point of length zero gives NaN."""
    return unit_rows(jnp.asarray(a)) @ unit_rows(jnp.asarray(b)).T


def clipped_cosine(a: Float[ArrayLike, "n d"], b: Float[ArrayLike, "m d"]) -> Float[Array, "n m"]:
    """Cosines with negative ones set to zero: for facility location; not semi-definite."""
    return jnp.maximum(cosine(a, b), 0)


class Gaussian(Record):
    """``exp(-|x - y|^2 / (2 length_scale^2))``; positive definite, of full rank.

    Exponents come from one matrix product of rows less their middle where this leaves them more
    than half of their digits, otherwise from differences: points far from the origin, or in
    clusters that are far from each other, lose nothing but time.
    """

    length_scale: Float[Array, ""]

    def __init__(self, length_scale: ScalarLike):
        validate.positive("length_scale", length_scale)
        self.length_scale = jnp.asarray(length_scale, float)

    def __call__(
        self, a: Float[ArrayLike, "n d"], b: Float[ArrayLike, "m d"]
    ) -> Float[Array, "n m"]:
        """Similarities in [0, 1], in the precision of the points."""
        return _similarities(self.length_scale, jnp.asarray(a), jnp.asarray(b))


@jax.jit
def _similarities(length_scale: Array, a: Array, b: Array) -> Array:
    middle = squares.frame(a).middle
    kernel = _Framed(length_scale, a)
    return kernel(kernel.rows(middle, a), kernel.rows(middle, b))


class _Framed(Record):
    """A Gaussian kernel of rows ``(x, |x|^2, 1)``: ``exp(-factor |x - y|^2)``, factor at most 1.

    The rows' unit is a power of two, for the length scale itself would cost them digits.
    """

    unit: Float[Array, ""]
    factor: Float[Array, ""]
    safe: bool | None = eqx.field(static=True)  # whether products are, None if not known yet

    def __init__(self, length_scale: Array, points: Array, safe: bool | None = None):
        root = 2**0.5 * length_scale.astype(points.dtype)
        self.unit = squares.power_of_two(root)
        self.factor, self.safe = (self.unit / root) ** 2, safe

    def rows(self, middle: Float[Array, " d"], points: Float[Array, "n d"]) -> Array:
        inside = (points - middle[None]) / self.unit
        lengths = squares.lengths(inside)[:, None]
        return jnp.concatenate([inside, lengths, jnp.ones_like(lengths)], axis=1)

    def __call__(self, a: Array, b: Array) -> Array:
        if self.safe is None:
            return lax.cond(_safe(a, b), _by_products, _by_differences, a, b, self.factor)
        return (_by_products if self.safe else _by_differences)(a, b, self.factor)


def unit_rows(points: Rows) -> Rows:
    """Rows of length one, in numpy for numpy's arrays; a row of length zero gives NaN.

    Of any scale: no square leaves the range of numbers.

    Shapes: `[n, d]` -> `[n, d]`.
    """
    if isinstance(points, np.ndarray):
        largest = np.abs(points).max(axis=1, keepdims=True, initial=0)
        # A power of two costs no digit.
        points = points / np.ldexp(np.ones_like(largest), np.frexp(largest)[1] - 1)
        return points / np.sqrt(np.sum(points**2, axis=1, keepdims=True))  # pyright: ignore[reportReturnType]
    points = points / squares.power_of_two(jnp.max(jnp.abs(points), axis=1, keepdims=True))
    return points / jnp.sqrt(jnp.sum(points**2, axis=1, keepdims=True))


def prepare(kernel: Kernel, points: Float[Array, "n d"]) -> tuple[Kernel, Float[Array, "n e"]]:
    """A kernel and rows that give the same similarities, with the work per point done already.

    Lengths and squares of all points would otherwise be made anew for every block of similarities,
    at the price of the block itself. A kernel from elsewhere comes back as it is.
    """
    if kernel is cosine:
        return linear, unit_rows(points)
    if kernel is clipped_cosine:
        return _clipped, unit_rows(points)
    if isinstance(kernel, Gaussian):
        rows = _Framed(kernel.length_scale, points).rows(squares.frame(points).middle, points)
        safe = validate.concrete(_safe(rows, rows))
        return _Framed(kernel.length_scale, points, None if safe is None else bool(safe)), rows
    return kernel, points


def diagonal(kernel: Kernel, points: Float[Array, "n d"]) -> Float[Array, " n"]:
    """The similarity of each point to itself.

    Exactly 1 for a Gaussian kernel: which of equals is first is not for rounding to say.
    """
    if isinstance(kernel, Gaussian):
        return jnp.ones(points.shape[0], points.dtype)
    return lax.map(lambda point: kernel(point[None], point[None])[0, 0], points, batch_size=256)


def _clipped(a: Array, b: Array) -> Array:
    return jnp.maximum(a @ b.T, 0)


def _safe(a: Array, b: Array) -> Array:
    """Whether products of these rows keep what exponents need."""
    lost = jnp.finfo(a.dtype).eps ** 0.5 * (jnp.max(a[:, -2]) + jnp.max(b[:, -2]))
    return lost <= KEPT


def _by_products(a: Array, b: Array, factor: Array) -> Array:
    if a.shape[0] > b.shape[0]:
        exponents = a @ _mirrored(b, factor).T
    else:
        exponents = _mirrored(a, factor) @ b.T
    return jnp.exp(-jnp.maximum(exponents, 0))


def _by_differences(a: Array, b: Array, factor: Array) -> Array:
    return jnp.exp(-factor * squares.by_differences(b[:, :-2], a[:, :-2]))


def _mirrored(rows: Array, factor: Array) -> Array:
    return factor * jnp.concatenate([-2 * rows[:, :-2], rows[:, -1:], rows[:, -2:-1]], axis=1)


def check_kernel(kernel: Kernel, points: Float[Array, "n d"], *, positive: str) -> None:
    """Refuse a kernel that is of the wrong shape, not finite, not symmetric or not positive.

    Looked at on up to `SAMPLE` of the points, spread over all of them, where they are concrete;
    a cosine asks each of them for a direction. `positive` as for `check_matrix`.
    """
    if kernel is cosine or kernel is clipped_cosine:
        check_directions("points", points)
    places = np.unique(np.linspace(0, points.shape[0] - 1, SAMPLE).astype(int))
    sample = points[places]
    matrix = kernel(sample, sample)
    size = len(places)
    fix = "take point arrays [n, d], [m, d] and return [n, m]"
    validate.shape("kernel", matrix, (size, size), fix)
    check_matrix("kernel", matrix, positive=positive)
    _check_vanished(matrix, sample)


def _check_vanished(matrix: Array, sample: Array) -> None:
    """Refuse similarities that are zero throughout where points are not."""
    values, seen = validate.concrete(matrix), validate.concrete(sample)
    if values is not None and seen is not None and not values.any() and seen.any():
        fix = "multiply the points, or pass float64: squares may be too small for their precision"
        raise validate.fail("kernel", "similarities of zero throughout", "others", fix)


def check_directions(argument: str, vectors: ArrayLike) -> None:
    """Refuse concrete vectors of length zero, which have no cosine with any other."""
    values = validate.concrete(vectors)
    if values is None:
        return
    zero = np.flatnonzero(~(np.abs(values) > 0).any(axis=1))
    if zero.size:
        fix = "a cosine needs a direction: leave such rows out"
        got = f"length zero in row {zero[0]}"
        raise validate.fail(argument, got, "vectors of positive length", fix)


def check_matrix(argument: str, matrix: Float[Array, "n n"], *, positive: str) -> None:
    """Refuse a concrete matrix that is not finite, symmetric, or positive in the sense asked.

    `positive` names what may not be below zero: ``"eigenvalues"``, ``"entries"`` or ``"nothing"``.
    """
    values = validate.concrete(matrix)
    if values is None:
        return
    validate.finite(argument, values)
    # Two orders of the same sums differ by rounding that grows with their length.
    slack = 64 * np.sqrt(values.shape[0]) * np.finfo(values.dtype).eps * np.abs(values).max()
    skew = np.abs(values - values.T).max()
    if skew > slack:
        fix = "average it with its transpose"
        raise validate.fail(argument, f"an asymmetry of {skew:.3g}", "a symmetric matrix", fix)
    check_lowest(argument, _lowest(values, positive), slack, positive)


def check_lowest(argument: str, lowest: float, slack: float, positive: str) -> None:
    """Refuse a lowest entry or eigenvalue that is below zero by more than `slack`."""
    if lowest >= -slack:
        return
    got = f"a negative one among the {positive}, {lowest:.3g}"
    fix = "pass a positive kernel, e.g. kernels.Gaussian(1.0)"
    if positive == "entries":
        fix = "clip it, e.g. kernels.clipped_cosine"
    raise validate.fail(argument, got, f"{positive} >= 0", fix)


def _lowest(values: np.ndarray, positive: str) -> float:
    if positive == "nothing":
        return 0.0
    return float(np.linalg.eigvalsh(values)[0] if positive == "eigenvalues" else values.min())
