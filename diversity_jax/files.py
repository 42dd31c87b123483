"""Files as this library writes them: whole or not at all, as JSON that any reader takes."""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import os
import secrets
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from diversity_jax import validate

ABANDONED = 3600.0  # seconds after which a file that nothing names is left over from a kill
PROBE = ".writable"


class WriteFailed(OSError):
    """A file could not be written (full disk, no permission); what was there before is whole."""


def write_atomically(path: Path, content: bytes) -> None:
    """Write `content` to `path` so that a reader sees the old file or the new one, never a part.

    Errors: `WriteFailed`, with the cause in one line; `path` is as it was.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException as error:
        with contextlib.suppress(OSError, ValueError):
            temporary.unlink()
        # A name that no file can have (a byte of zero, half a character) is a ValueError.
        if not isinstance(error, OSError | ValueError):
            raise
        cause = getattr(error, "strerror", None) or error
        raise WriteFailed(
            f"{shown(path)}: cannot be written ({cause}); nothing that was there is "
            "lost; free space or choose another folder and run the same command again"
        ) from error


def check_writable(folder: Path, *, keep: bool = True) -> None:
    """Refuse a folder that cannot be written before any time is spent on filling it.

    Makes it, unless it is not to `keep` what was not there; removes what writes that a kill cut
    short left behind.

    Errors: `WriteFailed`, with the cause in one line.
    """
    made = [] if keep else _absent(folder)
    probe = folder / PROBE
    try:
        write_atomically(probe, b"")
    except WriteFailed as error:
        raise WriteFailed(str(error).replace(f"/{PROBE}: cannot", ": cannot", 1)) from error
    for path in [probe, *filter(abandoned, folder.glob(".*.tmp"))]:
        with contextlib.suppress(OSError):
            path.unlink()
    with contextlib.suppress(OSError):
        for path in made:
            path.rmdir()


def _absent(folder: Path) -> list[Path]:
    """`folder` and those above it that are not there, the innermost first."""
    absent = []
    for path in [folder, *folder.parents]:
        if os.path.lexists(path):
            break
        absent.append(path)
    return absent


def abandoned(path: Path, seconds: float = ABANDONED) -> bool:
    """Whether `path`, and all in it if it is a folder, has not changed for so many `seconds`."""
    try:
        inside = list(path.iterdir()) if path.is_dir() else []
        latest = max(each.stat().st_mtime for each in [path, *inside])
    except OSError:
        return False
    return time.time() - latest > seconds


def shown(path: Path) -> str:
    """A path as text that can be printed and encoded, whatever bytes its name has."""
    return str(path).encode("utf-8", "backslashreplace").decode()


def as_json(value: object, *, indent: int | None = None) -> bytes:
    """`value` as JSON that every reader takes; NaN and infinities are the words for them.

    Errors: ValueError that names what JSON has no form for.
    """
    text = json.dumps(plain(value), indent=indent, sort_keys=True, allow_nan=False)
    return text.encode()


def plain(value: object, where: str = "value") -> Any:
    """`value` as JSON gives it back: tuples and arrays as lists, numpy's numbers as Python's.

    NaN and the infinities are the texts "NaN", "Infinity" and "-Infinity", which `float` reads.

    Errors: ValueError that names the part, below `where`, that JSON has no form for.
    """
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, Mapping):
        return {_named(key, where): plain(item, f"{where}.{key}") for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [plain(item, f"{where}[{place}]") for place, item in enumerate(value)]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    if isinstance(value, str):
        return str(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    raise _unwritten(where, value)


def digest(value: object) -> str:
    """SHA-256 of `value` as canonical JSON: equal values, equal digests, on any machine.

    Tuples and arrays count as lists, numpy's numbers as Python's, and a whole float as the integer
    that it equals; True and False are no numbers.

    Errors: ValueError that names what is no text, number, list or mapping of such.
    """
    return hashlib.sha256(json.dumps(_canonical(value), sort_keys=True).encode()).hexdigest()


def _canonical(value: object) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, Mapping):
        return {_named(key, "value"): _canonical(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_canonical(item) for item in value]
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return _as_float(value)
    if isinstance(value, float):
        return value + 0.0  # which is how -0.0 loses its sign
    raise _unwritten("value", value)


def _as_float(value: int) -> int | float:
    """`value` as the float that equals it, where there is one."""
    try:
        return float(value) if int(float(value)) == value else value
    except OverflowError:
        return value


def _named(key: object, where: str) -> str:
    if not isinstance(key, str):
        raise validate.fail(f"key of {where}", repr(key), "text", "name it by text")
    return str(key)


def _unwritten(where: str, value: object) -> ValueError:
    expected = "text, numbers, True, False, None, or lists and mappings of them"
    return validate.fail(where, f"a {type(value).__name__}", expected, "convert it")
