"""Kernels: functions of two point arrays `[n, d]` and `[m, d]` that give similarities `[n, m]`.

Any such function serves; these are the common ones. A kernel that is a plain function is part of
what is compiled, so define it once, at module level; `Gaussian` carries its scale as data, and
another scale compiles nothing anew.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float, ScalarLike

from diversity_jax import validate
from diversity_jax.records import Record

Kernel = Callable[[Array, Array], Array]
Rows = TypeVar("Rows", np.ndarray, Array)
SAMPLE = 64  # points whose similarities are looked at before a rule runs


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
    """``exp(-|x - y|^2 / (2 length_scale^2))``; positive definite, of full rank."""

    length_scale: Float[Array, ""]

    def __init__(self, length_scale: ScalarLike):
        validate.positive("length_scale", length_scale)
        self.length_scale = jnp.asarray(length_scale, float)

    def __call__(
        self, a: Float[ArrayLike, "n d"], b: Float[ArrayLike, "m d"]
    ) -> Float[Array, "n m"]:
        """Similarities in (0, 1], in the precision of the points."""
        a, b = jnp.asarray(a), jnp.asarray(b)
        scale = self.length_scale.astype(a.dtype)
        squares = jnp.sum(a**2, axis=1)[:, None] + jnp.sum(b**2, axis=1)[None] - 2 * (a @ b.T)
        return jnp.exp(-jnp.maximum(squares, 0) / (2 * scale**2))


def unit_rows(points: Rows) -> Rows:
    """Rows of length one, in numpy for numpy's arrays; a row of length zero gives NaN.

    Shapes: `[n, d]` -> `[n, d]`.
    """
    library = np if isinstance(points, np.ndarray) else jnp
    return points / library.sqrt(library.sum(points**2, axis=1, keepdims=True))  # pyright: ignore[reportReturnType]


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
        scaled = points / (2**0.5 * kernel.length_scale.astype(points.dtype))
        squares = jnp.sum(scaled**2, axis=1, keepdims=True)
        return _gaussian, jnp.concatenate([scaled, squares, jnp.ones_like(squares)], axis=1)
    return kernel, points


def _clipped(a: Array, b: Array) -> Array:
    return jnp.maximum(a @ b.T, 0)


def _gaussian(a: Array, b: Array) -> Array:
    """From rows ``(x, |x|^2, 1)``: the squared distance is one product of them."""
    if a.shape[0] > b.shape[0]:
        squares = a @ _mirrored(b).T
    else:
        squares = _mirrored(a) @ b.T
    return jnp.exp(-jnp.maximum(squares, 0))


def _mirrored(rows: Array) -> Array:
    return jnp.concatenate([-2 * rows[:, :-2], rows[:, -1:], rows[:, -2:-1]], axis=1)


def check_kernel(kernel: Kernel, points: Float[Array, "n d"], *, positive: str) -> None:
    """Refuse a kernel that is of the wrong shape, not finite, not symmetric or not positive.

    Looked at on up to `SAMPLE` of the points, spread over all of them, where they are concrete;
    `positive` as for `check_matrix`.
    """
    places = np.unique(np.linspace(0, points.shape[0] - 1, SAMPLE).astype(int))
    sample = points[places]
    matrix = kernel(sample, sample)
    size = len(places)
    fix = "take point arrays [n, d], [m, d] and return [n, m]"
    validate.shape("kernel", matrix, (size, size), fix)
    check_matrix("kernel", matrix, positive=positive)


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
