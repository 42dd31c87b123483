"""States of streams in files: saved in the middle of a stream, they go on with the same bits.

A file is numpy's .npz: one array per field, and the kind of state. It is written whole or not at
all.
"""

from __future__ import annotations

import dataclasses
import io
import zipfile
from os import PathLike
from pathlib import Path
from typing import Any

import jax
import numpy as np

from diversity_jax import files, validate
from diversity_jax.graph_learning import online, quantise

KINDS = {"quantiser": quantise.State, "learner": online.Learner}
KIND = "kind"


def save(path: str | PathLike[str], state: quantise.State | online.Learner) -> None:
    """Write a quantiser or learner to `path`, in place of what was there.

    Errors: ValueError for another kind of object or a traced one; `files.WriteFailed`.
    """
    kind = next((name for name, known in KINDS.items() if type(state) is known), None)
    if kind is None:
        fix = "save a quantise.State or an online.Learner"
        raise validate.fail("state", type(state).__name__, "the state of a stream", fix)
    if not validate.seen(state):
        raise validate.fail("state", "traced values", "concrete ones", "save it outside jit")
    buffer = io.BytesIO()
    named: dict[str, Any] = {KIND: np.array(kind), **_arrays(state)}
    np.savez(buffer, **named)
    files.write_atomically(Path(path), buffer.getvalue())


def restore(path: str | PathLike[str]) -> Any:
    """The quantiser or learner that `save` wrote.

    Errors: ValueError for a file that is none of these, or of another precision than this process
    has; FileNotFoundError where there is none.
    """
    place = Path(path)
    try:
        with np.load(io.BytesIO(place.read_bytes()), allow_pickle=False) as file:
            held = {name: file[name] for name in file.files}
        kind = KINDS[str(held.pop(KIND))]
        short = [array.dtype for array in held.values() if _lost(array.dtype)]
        state = None if short else _built(kind, held, "")
    except (zipfile.BadZipFile, ValueError, KeyError, EOFError, TypeError, AttributeError) as error:
        fix = "pass a file that graph_learning.saved.save wrote"
        raise validate.fail("path", f"{place.name}, which is none", "a saved state", fix) from error
    if short:
        fix = "switch 64-bit on (JAX_ENABLE_X64=1), or bits would be lost"
        raise validate.fail("path", f"a state of {short[0]}", "this process's precision", fix)
    return state


def _lost(dtype: np.dtype) -> bool:
    return jax.dtypes.canonicalize_dtype(dtype) != dtype


def _arrays(state: Any, before: str = "") -> dict[str, np.ndarray]:
    found = {}
    for field in dataclasses.fields(state):
        value = getattr(state, field.name)
        if dataclasses.is_dataclass(value):
            found |= _arrays(value, f"{before}{field.name}.")
        else:
            found[before + field.name] = np.asarray(value)
    return found


def _built(kind: type, held: dict[str, np.ndarray], before: str) -> Any:
    values = {}
    for field in dataclasses.fields(kind):
        name = before + field.name
        if field.name == "quantiser":
            values[field.name] = _built(quantise.State, held, f"{name}.")
        elif field.metadata.get("static"):
            values[field.name] = bool(held[name])
        else:
            values[field.name] = jax.device_put(held[name])
    return kind(**values)
