"""Work on many rows a few at a time, so that temporaries fit the cache.

XLA gets every large array as fresh pages and pays for each page it touches: one row block of
about 4 MB, used again and again, is both smaller and faster than temporaries for all the rows.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
from jax import lax
from jax.custom_derivatives import SymbolicZero
from jaxtyping import Array, Num, PyTree

BYTES = 4 * 2**20


def rows_per_chunk(number: int, bytes_per_row: int, *, most: int) -> int:
    """Rows to take at once: near 4 MB of temporaries, a divisor of `number` where one is near."""
    rows = max(1, min(most, BYTES // bytes_per_row))
    if number <= rows:
        return max(number, 1)
    return next((size for size in range(rows, rows // 2, -1) if number % size == 0), rows)


@partial(jax.custom_jvp, nondiff_argnums=(0, 1))
def map_rows(
    function: Callable[..., PyTree],
    rows: int,
    parameters: PyTree,
    points: Num[Array, "n d"],
) -> PyTree:
    """`function(parameters, points)` for a function that treats each row alone, `rows` at a time.

    Memory beyond the output is that of one chunk, whatever the number of rows: the chunks are
    read from and written in place, and the last one starts early where `rows` does not divide
    the number, so some rows are computed twice. `function` has to be defined at module level
    (it is part of what is compiled). Derivatives of any order, forward and reverse, keep one
    chunk's intermediate values at a time; those in the points may copy the points and the result
    once each.
    """
    number = points.shape[0]
    if number <= rows:
        return function(parameters, points)

    def step(index: Array, outputs: PyTree) -> PyTree:
        start = jnp.minimum(index * rows, number - rows)
        chunk = lax.dynamic_slice_in_dim(points, start, rows)
        return _write(outputs, function(parameters, chunk), start)

    outputs = _empty(jax.eval_shape(function, parameters, points[:rows]), number)
    return lax.fori_loop(0, -(-number // rows), step, outputs)


@partial(map_rows.defjvp, symbolic_zeros=True)
def _map_rows_jvp(function, rows, primals, tangents):
    # The in-place loop has no usable transpose: that of its slices would touch every row at
    # every chunk. A scan over a reshaped array has one, and reshaping costs nothing.
    parameters, points = primals
    parameter_tangents, point_tangents = tangents
    parameter_tangents = jax.tree.map(
        _instantiate,
        parameter_tangents,
        is_leaf=lambda leaf: isinstance(leaf, SymbolicZero),
    )
    if isinstance(point_tangents, SymbolicZero):
        run = partial(_scan_indices, function, rows, points)
        return jax.jvp(run, (parameters,), (parameter_tangents,))
    run = partial(_scan_rows, function, rows)
    return jax.jvp(run, primals, (parameter_tangents, point_tangents))


def _instantiate(tangent: Array | SymbolicZero) -> Array:
    if isinstance(tangent, SymbolicZero):
        return jnp.zeros(tangent.shape, tangent.dtype)  # pyright: ignore[reportArgumentType]
    return tangent


def _scan_indices(function, rows, points, parameters):
    """`function` over chunks of points that are not differentiated, hence never copied."""

    def chunk(parameters, index):
        return function(parameters, lax.dynamic_slice_in_dim(points, index * rows, rows))

    indices = jnp.arange(points.shape[0] // rows)
    return _scan(jax.checkpoint(chunk), function, rows, parameters, points, indices)


def _scan_rows(function, rows, parameters, points):
    """`function` over chunks of points that are differentiated too."""
    whole = points.shape[0] // rows
    blocks = points[: whole * rows].reshape(whole, rows, *points.shape[1:])
    return _scan(jax.checkpoint(function), function, rows, parameters, points, blocks)


def _scan(chunk, function, rows, parameters, points, blocks):
    whole = points.shape[0] // rows
    _, outputs = lax.scan(lambda _, block: (None, chunk(parameters, block)), None, blocks)
    outputs = jax.tree.map(lambda out: out.reshape(whole * rows, *out.shape[2:]), outputs)
    if whole * rows == points.shape[0]:
        return outputs
    rest = jax.checkpoint(function)(parameters, points[whole * rows :])
    return jax.tree.map(lambda *parts: jnp.concatenate(parts), outputs, rest)


def fill_rows(
    function: Callable[..., PyTree], rows: int, number: int, parameters: PyTree
) -> PyTree:
    """Arrays of `number` rows, made by `function(parameters, chunk_index, first_row)` in chunks.

    The function returns `min(rows, number)` rows; the last chunk starts early where `rows` does
    not divide `number`, and overwrites what the one before had put there.
    """
    if number <= rows:
        return function(parameters, jnp.int32(0), jnp.int32(0))
    checked = jax.checkpoint(function)

    def step(index: Array, outputs: PyTree) -> PyTree:
        start = jnp.minimum(index * rows, number - rows)
        return _write(outputs, checked(parameters, index, start), start)

    shapes = jax.eval_shape(function, parameters, jnp.int32(0), jnp.int32(0))
    return lax.fori_loop(0, -(-number // rows), step, _empty(shapes, number))


def _empty(shapes: PyTree, number: int) -> PyTree:
    return jax.tree.map(lambda out: jnp.zeros((number, *out.shape[1:]), out.dtype), shapes)


def _write(outputs: PyTree, chunk: PyTree, start: Array) -> PyTree:
    return jax.tree.map(
        lambda out, part: lax.dynamic_update_slice_in_dim(out, part, start, 0), outputs, chunk
    )
