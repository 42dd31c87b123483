"""What decides a run's numbers: the keys of a grid point's seeds, and its job for a chunk of them.

This file counts in every fingerprint; the rest of the runner does not.
"""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from diversity_jax import grids, seeds, validate

_compiled: dict[Any, Callable[..., Any]] = {}


def points(module: ModuleType, config: Any) -> list[dict[str, Any]]:
    """The grid of `config`: at least one point, scalars and tuples of them, the same fields."""
    made = [{name: plain(value) for name, value in point.items()} for point in module.grid(config)]
    if not made:
        raise validate.fail("grid", "no points", "at least one", "see the fields of Config")
    grids.check_names(list(made[0]), getattr(module, "AXES", {}))
    for point in made:
        if set(point) != set(made[0]):
            raise validate.fail("grid", f"fields {sorted(point)}", f"{sorted(made[0])}", "add them")
        for name, value in point.items():
            _check_field(name, value, made[0][name])
    return made


def label(point: dict[str, Any]) -> str:
    """The name of a grid point's random stream: its values, so that adding points moves none.

    Floats count to 12 digits: one that was computed may end differently on another machine. Zero
    has no sign.
    """
    return repr(sorted((name, _rounded(value)) for name, value in point.items()))


def chunk(
    module: ModuleType,
    point: dict[str, Any],
    block: list[int],
    *,
    name: str,
    seed: int,
    mode: str,
    width: int,
) -> dict[str, np.ndarray]:
    """The job of `point` for the seeds in `block`, as numpy arrays `[seeds, ...]`.

    Floats of the point are traced, so that a sweep over them compiles once, and so are the fields
    that the module's TRACED turns into numbers; all else is static.
    """
    keys = seeds.seed_keys(seeds.stream(seeds.root(seed), name, label(point)), block)
    if getattr(module, "HOST", False):
        outputs = seeds.on_host(module.job, workers=len(jax.devices()))(keys, point)
    else:
        static, traced = parted(module, point)
        outputs = _job(module.job, static, tuple(sorted(traced)), mode, width)(keys, traced)
    arrays = {field: np.asarray(array) for field, array in outputs.items()}
    for field, array in arrays.items():
        if array.dtype.kind not in "biufcU":
            kinds = "numbers, booleans or text"
            raise validate.fail(f"output {field!r}", str(array.dtype), kinds, "convert it in job")
    return arrays


def parted(module: ModuleType, point: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The fields of `point` that are part of what is compiled, and those that are traced."""
    numbers = getattr(module, "TRACED", {})
    traced = {
        field: jnp.asarray(numbers[field](value) if field in numbers else value)
        for field, value in point.items()
        if field in numbers or isinstance(value, float)
    }
    return {field: v for field, v in point.items() if field not in traced}, traced


def plain(value: Any) -> Any:
    """numpy's scalars as the Python scalars they stand for, in tuples too; else as it is."""
    if isinstance(value, tuple):
        return tuple(plain(part) for part in value)
    return value.item() if isinstance(value, np.generic) else value


def _check_field(name: str, value: Any, first: Any) -> None:
    parts, others = (one if isinstance(one, tuple) else (one,) for one in (value, first))
    if not all(isinstance(part, bool | int | float | str) for part in parts):
        kind = type(value).__name__
        raise validate.fail(f"grid field {name!r}", kind, "a scalar or a tuple", "convert it")
    if len(parts) != len(others) or isinstance(value, tuple) != isinstance(first, tuple):
        raise validate.fail(
            f"grid field {name!r}", repr(value), f"as many as in {first!r}", "make them as long"
        )
    if len({_kind(part) for part in (*parts, *others)}) > 1:
        expected = f"text, numbers or booleans, as {first!r} is"
        raise validate.fail(f"grid field {name!r}", repr(value), expected, "keep to one kind")
    if not all(grids.storable(part) for part in parts):
        expected = "text without odd characters, or numbers of at most 64 bits"
        raise validate.fail(f"grid field {name!r}", repr(value), expected, "convert it")


def _kind(value: Any) -> str:
    """What array a coordinate makes of `value`: of two kinds in one array the first is lost."""
    return "boolean" if isinstance(value, bool) else "text" if isinstance(value, str) else "number"


def _rounded(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(_rounded(part) for part in value)
    return float(f"{value:.12g}") + 0.0 if isinstance(value, float) else value


def _job(
    job: Callable[..., Any],
    static: dict[str, Any],
    traced: tuple[str, ...],
    mode: str,
    width: int,
) -> Callable[..., Any]:
    # Spelled out: 1, 1.0 and True are equal, also in tuples, but do not compute the same.
    kinds = tuple((field, repr(value)) for field, value in sorted(static.items()))
    cache = (job, kinds, traced, mode, width, jax.config.jax_enable_x64)  # pyright: ignore[reportAttributeAccessIssue]
    if cache not in _compiled:
        _compiled[cache] = seeds.over_seeds(
            lambda key, values: job(key, {**static, **values}),
            mode=mode,  # pyright: ignore[reportArgumentType]
            width=width,
        )
    return _compiled[cache]
