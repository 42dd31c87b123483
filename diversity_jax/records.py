"""What functions return: records of arrays that print their values."""

from __future__ import annotations

import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

SMALL = 24  # numbers of an array that is printed in full
DIGITS = 6


class Record(eqx.Module):
    """An `equinox.Module` that prints its fields with their values; large arrays by their shape."""

    def __repr__(self) -> str:
        fields = [field.name for field in dataclasses.fields(self) if field.repr]
        lines = [f"{name}={shown(getattr(self, name))}" for name in fields]
        name = type(self).__name__
        if len(name) + sum(map(len, lines)) + 2 * len(lines) <= 88 and "\n" not in "".join(lines):
            return f"{name}({', '.join(lines)})"
        inside = "".join(f"\n{line},".replace("\n", "\n  ") for line in lines)
        return f"{name}({inside}\n)"


def shown(value: object) -> str:
    """A field's value as text: numbers of small arrays, dtype and shape of large or traced ones."""
    if isinstance(value, jax.core.Tracer):  # pyright: ignore[reportAttributeAccessIssue]
        return repr(value)
    if not isinstance(value, jax.Array | np.ndarray | np.generic):
        return repr(value)
    dtype = np.dtype(value.dtype) if not _is_key(value) else value.dtype
    if np.size(value) > SMALL or _is_key(value) or not _is_here(value):
        return f"{dtype.name}[{','.join(map(str, np.shape(value)))}]"
    return np.array2string(np.asarray(value), precision=DIGITS, separator=", ")


def _is_key(value: jax.Array | np.ndarray | np.generic) -> bool:
    return isinstance(value, jax.Array) and jnp.issubdtype(value.dtype, jax.dtypes.prng_key)


def _is_here(value: jax.Array | np.ndarray | np.generic) -> bool:
    """Whether its numbers can be had: it is not donated, nor on another host."""
    return not isinstance(value, jax.Array) or (
        not value.is_deleted() and value.is_fully_addressable
    )
