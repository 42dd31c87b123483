"""Balls of the dual norm: how long a row is, and the nearest point of the ball to it.

The dual of the penalty ``gamma w_e |u_i - u_j|_q`` lives in balls of the dual norm q*: a box for
q = 1, a sphere for q = 2, the l1 ball for q = inf. Both functions take arrays of numpy or of jax
and the axis along which a row lies.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from diversity_jax.convex_clustering.problem import DUALS as DUALS
from diversity_jax.convex_clustering.problem import Norm

Numbers = np.ndarray | jax.Array


def library(array: Numbers) -> Any:
    """numpy for its own arrays, where no program has to be compiled; jax.numpy for the others."""
    return np if isinstance(array, np.ndarray) else jnp


def lengths(rows: Numbers, norm: Norm, axis: int = -1) -> Any:
    """The norm of each row, without care for over- and underflow: for numbers near one."""
    xp = library(rows)
    if norm == "l1":
        return xp.sum(xp.abs(rows), axis=axis)
    if norm == "linf":
        return xp.max(xp.abs(rows), axis=axis)
    if xp is np and axis in (-1, rows.ndim - 1) and rows.ndim == 2:
        # By columns, which the host's arrays hold together, and without an array of all squares.
        total = np.square(rows[:, 0]) if rows.shape[1] else np.zeros(len(rows))
        for column in rows.T[1:]:
            total += np.square(column)
        return np.sqrt(total)
    return xp.sqrt(xp.sum(rows * rows, axis=axis))


def project(rows: Numbers, radii: Numbers, norm: Norm, axis: int = -1) -> Any:
    """The nearest point to each row in the ball of radius `radii` of the dual of `norm`.

    Rows lie along the first or the last axis.

    q = 1 clips, q = 2 shortens. q = inf takes the same from all entries and stops at zero: with the
    sizes in falling order ``a_1 >= a_2 >= ...`` it takes the largest of
    ``(a_1 + ... + a_k - radius) / k``, or nothing where all are negative.
    """
    xp = library(rows)
    along: Any = (Ellipsis, None) if axis in (-1, rows.ndim - 1) else (None,)
    wide = radii[along]
    if norm == "l1":
        return xp.clip(rows, -wide, wide)
    if norm == "l2":
        # Divided by the larger of the two, so that nothing overflows and zero stays zero.
        length = xp.maximum(lengths(rows, "l2", axis), radii)
        length = xp.maximum(length, xp.finfo(rows.dtype).tiny)
        return rows * (radii / length)[along]
    sizes = xp.abs(rows)
    falling = -xp.sort(-sizes, axis=axis)
    shape = [1] * rows.ndim
    shape[axis] = rows.shape[axis]
    count = xp.reshape(xp.arange(1, rows.shape[axis] + 1), shape)
    taken = xp.max((xp.cumsum(falling, axis=axis) - wide) / count, axis=axis, keepdims=True)
    return xp.sign(rows) * xp.maximum(sizes - xp.maximum(taken, 0), 0)
