"""Points and labels of streams, refused where they are seen to be bad; traced ones pass.

In numpy where they can be seen, since `jnp.asarray` takes longer than the step that follows.
"""

from __future__ import annotations

from typing import Any

import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from jaxtyping import Array

from diversity_jax import validate


def reach(dtype: Any, dimension: int) -> float:
    """Entries up to this have distances, and multiples of them, that are finite."""
    return float(np.finfo(np.dtype(dtype)).max) / (64 * dimension)


def checked(centroids: Array, point: npt.ArrayLike) -> Any:
    """`point` in the stream's precision, refused where it can be seen to be bad."""
    dimension = centroids.shape[-1]
    validate.shape("point", point, (dimension,), f"the stream has {dimension} coordinates")
    _in_reach("point", point, centroids)
    return in_type(point, centroids.dtype)


def checked_rows(centroids: Array, points: npt.ArrayLike) -> Any:
    """`points` in the stream's precision, refused where some can be seen to be bad."""
    dimension = centroids.shape[-1]
    validate.shape("points", points, (None, dimension), f"the stream has {dimension} coordinates")
    _in_reach("points", points, centroids)
    return in_type(points, centroids.dtype)


def in_type(values: npt.ArrayLike, dtype: Any) -> Any:
    """`values` in a type, of numpy where they can be seen."""
    seen = validate.concrete(values)
    return jnp.asarray(values, dtype) if seen is None else seen.astype(dtype)


def _in_reach(name: str, points: npt.ArrayLike, centroids: Array) -> None:
    seen = validate.concrete(points)
    if seen is None:
        return
    if seen.dtype.kind not in "fiub":
        raise validate.fail(name, f"type {seen.dtype}", "numbers", "convert them")
    most = reach(centroids.dtype, centroids.shape[-1])
    bad = ~(np.abs(seen.astype(float)) <= most)
    if bad.any():
        at = np.unravel_index(np.argmax(bad), bad.shape)
        where = f" in row {at[0]}" if seen.ndim == 2 else ""
        got = f"{seen[at]}{where}"
        raise validate.fail(name, got, f"entries up to {most:.3g}", "leave it out of the stream")


def label(given: npt.ArrayLike | None, *, classes: int, numbers: bool, dtype: Any) -> Any:
    """One label as a row `[classes]`, of NaN for none; a number where `numbers` says so."""
    if given is None:
        return np.full(classes, np.nan, dtype)
    fix = "one number" if numbers else "one number per class"
    validate.shape("label", given, () if numbers else (classes,), f"give it as {fix}")
    return _in_range("label", given, (1, classes), dtype)[0]


def labels(
    given: npt.ArrayLike | None, number: int, *, classes: int, numbers: bool, dtype: Any
) -> Any:
    """As many labels as rows `[number, classes]`."""
    if given is None:
        return np.full((number, classes), np.nan, dtype)
    shape = (number,) if numbers else (number, classes)
    validate.shape("labels", given, shape, "give every point one, NaN for none")
    return _in_range("labels", given, (number, classes), dtype)


def _in_range(name: str, given: npt.ArrayLike, shape: tuple[int, int], dtype: Any) -> Any:
    seen = validate.concrete(given)
    if seen is None:
        return jnp.asarray(given, dtype).reshape(shape)
    if seen.dtype.kind not in "fiub":
        fix = "number them -1 and 1, or use classes.encode"
        raise validate.fail(name, f"type {seen.dtype}", "numbers", fix)
    rows = seen.astype(dtype).reshape(shape)
    none = np.isnan(rows)
    bad = (np.abs(rows) > 1) | (none & ~none.all(1, keepdims=True))
    if bad.any():
        row = int(np.argmax(bad.any(1)))
        where = f" in row {row}" if len(rows) > 1 else ""
        fix = "classes are -1 and 1, or columns of 0 and 1; NaN in all of them is no label"
        raise validate.fail(name, f"{rows[row].tolist()}{where}", "numbers from -1 to 1", fix)
    return rows
