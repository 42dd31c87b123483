"""Rows of vectors: what they have to be, and lengths whose derivatives are finite at zero."""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float

from diversity_jax import traced, validate


def rows(argument: str, array: ArrayLike, *, columns: int | None = None) -> Float[Array, "n d"]:
    """`array` as floating rows; refuse other shapes, empty ones, NaN and infinities.

    Where a traced one has some, all of it is NaN: a largest or nearest row could pass them by.
    """
    validate.shape(argument, array, (None, columns), "give one vector per row")
    if 0 in np.shape(array):
        got = f"shape {np.shape(array)}"
        raise validate.fail(argument, got, "at least one row and one column", "add a vector")
    good = traced.finite(argument, array)
    array = jnp.asarray(array)
    array = array if jnp.issubdtype(array.dtype, jnp.inexact) else array.astype(float)
    return traced.only(good, array, array)


def deviations(array: Float[Array, "n d"] | np.ndarray) -> Any:
    """The standard deviation of each column `[d]`, of any scale; 0 where all of it is alike.

    Each is taken in a power of two near its reach, so that its squares neither vanish nor overflow;
    that changes no digit.
    """
    library: Any = np if isinstance(array, np.ndarray) else jnp
    # Halved first: the reach of the largest numbers does not overflow.
    reach = library.max(array, axis=0) / 2 - library.min(array, axis=0) / 2
    most = np.finfo(array.dtype).maxexp - 2
    exponent = library.clip(library.frexp(reach)[1], -most, most)
    unit = library.ldexp(library.ones_like(reach), exponent)
    return library.where(reach > 0, library.std(array / unit[None], axis=0) * unit, 0)


def independent(argument: str, array: Float[Array, "n d"]) -> traced.Truth:
    """Whether the rows span as many directions as they are, beyond rounding."""
    number, dimension = array.shape
    seen = validate.concrete(array)
    library = jnp if seen is None else np
    values = array if seen is None else seen
    if number <= dimension:
        left = abs(library.diagonal(library.linalg.qr(values.T)[1]))
        size = library.sqrt((values**2).sum(1))
        good = (left > 16 * number * jnp.finfo(array.dtype).eps * size).all()
        if seen is None or good:
            return jnp.asarray(good) if seen is None else True
    got = f"{number} rows that are linearly dependent"
    raise validate.fail(argument, got, "independent rows", "drop those that follow from the rest")


def root(squares: Float[ArrayLike, "*shape"]) -> Float[Array, "*shape"]:
    """The square root, with derivative zero at zero, where it has none."""
    squares = jnp.asarray(squares)
    zero = squares == 0
    return jnp.where(zero, 0.0, jnp.sqrt(jnp.where(zero, 1.0, squares)))


def lengths(array: Float[Array, "n d"]) -> Float[Array, " n"]:
    """The norm of each row, with derivative zero at a row of zeros."""
    return root(jnp.sum(array**2, axis=1))
