"""An experiment's output on disk: one labelled dataset, its provenance and its checksum.

A result is a folder `results/NAME/PRESET/` with a data file and `manifest.json`. The manifest
names the data file and its checksum and is replaced in one step, so it is the point at which a
new result takes the place of the old one: a kill, a full disk or a crash at any moment leaves
either the old or the new result whole.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray

from diversity_jax import catalogue, files, grids, validate
from diversity_jax.files import WriteFailed, digest, write_atomically

__all__ = [
    "MANIFEST", "PRESETS", "ResultCorrupt", "ResultMissing", "WriteFailed", "assemble",
    "check_place", "command", "data_name", "digest", "find", "folder", "from_bytes", "load",
    "provenance", "read", "read_file", "root", "save", "to_bytes", "write_atomically",
]  # fmt: skip

PRESETS = ("smoke", "laptop", "paper")
MANIFEST = "manifest.json"


class ResultMissing(FileNotFoundError):
    """No result where one was looked for; the message gives the command that makes it."""


class ResultCorrupt(ValueError):
    """A result file that is truncated or altered; the message names it and how to mend it."""


def root() -> Path:
    """The results folder: `DIVERSITY_JAX_RESULTS`, else `results` in the checkout or here."""
    chosen = os.environ.get("DIVERSITY_JAX_RESULTS")
    if chosen:
        return Path(chosen)
    checkout = Path(__file__).resolve().parent.parent
    base = checkout if (checkout / "pyproject.toml").exists() else Path.cwd()
    return base / "results"


def folder(name: str, preset: str, changed: Mapping[str, object] | None = None) -> Path:
    """Where the result of experiment `name` lies; `changed` holds what differs from the preset."""
    suffix = f"-{digest(changed)[:8]}" if changed else ""
    return root() / name / f"{preset}{suffix}"


def command(name: str, preset: str, changed: Mapping[str, object] | None = None) -> str:
    """The command line that makes the result in `folder(name, preset, changed)`."""
    words = ["python", "-m", "experiments", name, "--preset", preset]
    for key, value in sorted((changed or {}).items()):
        value = value.tolist() if isinstance(value, np.ndarray | np.generic) else value
        if isinstance(value, bool):
            words.append(f"--{key}" if value else f"--no-{key}")
        else:
            listed = value if isinstance(value, tuple | list) else [value]
            words += [f"--{key}", *(str(item) for item in listed)]
    return shlex.join(words)


def to_bytes(dataset: xarray.Dataset) -> bytes:
    """The dataset as the bytes of one netCDF-4 file.

    Errors: ValueError, in one line, for what such a file cannot hold.
    """
    try:
        return bytes(dataset.to_netcdf(engine="h5netcdf"))
    except (TypeError, ValueError, AttributeError, NotImplementedError) as error:
        got = " ".join(str(error).split())[:200]
        fix = "make attributes and variables text, numbers or arrays of them"
        raise validate.fail("dataset", got, "what a netCDF-4 file can hold", fix) from error


def save(dataset: xarray.Dataset, where: Path, provenance: Mapping[str, object]) -> Path:
    """Put `dataset` with its `provenance` in the folder `where`, in place of what was there."""
    kept = files.plain(provenance, "provenance")
    labelled = dataset.assign_attrs(provenance=files.as_json(kept).decode())
    content = to_bytes(labelled)
    checksum = hashlib.sha256(content).hexdigest()
    data = where / f"data-{checksum[:12]}.nc"
    replaced = data_name(where)
    write_atomically(data, content)
    manifest = {"data": data.name, "sha256": checksum, "provenance": kept}
    write_atomically(where / MANIFEST, files.as_json(manifest, indent=1))
    _tidy(where, {data.name, data_name(where)}, replaced)
    return data


def provenance(where: Path, again: str = "") -> dict[str, Any] | None:
    """The provenance of the result in `where`, or None when there is no result.

    Errors: `ResultCorrupt`, with the command `again` that replaces the result.
    """
    manifest = _manifest(where, again)
    return None if manifest is None else manifest["provenance"]


def data_name(where: Path) -> str | None:
    """The name of the data file of the result in `where`; None without a manifest to believe."""
    try:
        manifest = _manifest(where)
    except ResultCorrupt:
        return None
    return None if manifest is None else manifest["data"]


def check_place(where: Path) -> None:
    """Refuse a folder that cannot take a result, before any time is spent on making it.

    Errors: `WriteFailed`; `ResultCorrupt` where the manifest is a folder, which no save replaces.
    """
    if (where / MANIFEST).is_dir():
        raise _corrupt(where / MANIFEST, "a folder", where / MANIFEST)
    files.check_writable(where)


def read(where: Path, command: str = "", *, again: str = "") -> xarray.Dataset:
    """The dataset in the folder `where`, checked against its checksum.

    Errors: `ResultMissing` (with `command`, which makes it) or `ResultCorrupt` (with `again`, the
    command that makes it in place of the damaged one).
    """
    manifest = _manifest(where, again)
    if manifest is None:
        made = f"; make it with: {command}" if command else ""
        raise ResultMissing(f"{files.shown(where)}: no result here{made}")
    path = where / manifest["data"]
    try:
        content = path.read_bytes()
    except OSError as error:
        if _manifest(where, again) != manifest:  # another process replaced the result in between
            return read(where, command, again=again)
        got = _unreadable(error, "no file where the manifest names one")
        raise _corrupt(path, got, where / MANIFEST, again) from error
    if hashlib.sha256(content).hexdigest() != manifest["sha256"]:
        got = f"{len(content)} bytes whose checksum differs from the manifest's"
        raise _corrupt(path, got, where / MANIFEST, again)
    return from_bytes(content, path)


def read_file(path: Path) -> xarray.Dataset:
    """The dataset in one data file, or of the result in a folder, wherever it lies."""
    if path.is_dir():
        return read(path)
    if not path.is_file():
        raise ResultMissing(f"{files.shown(path)}: no such file")
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ResultMissing(f"{files.shown(path)}: {_unreadable(error, 'no such file')}") from error
    return from_bytes(content, path)


def from_bytes(content: bytes, path: Path) -> xarray.Dataset:
    """The dataset in the bytes of a netCDF-4 file read from `path`, loaded into memory."""
    try:
        # Units are labels here: a number of seconds stays a number.
        with xarray.open_dataset(
            io.BytesIO(content), engine="h5netcdf", decode_times=False
        ) as dataset:
            return dataset.load()
    except Exception as error:
        raise _corrupt(path, "content that is not a whole netCDF-4 file", path) from error


def load(name: str, preset: str = "laptop", **changed: object) -> xarray.Dataset:
    """The saved result of experiment `name` at `preset`.

    `changed` holds the fields that differ from the preset, and the seed or mode if they do; a field
    may have the preset's own value.

    Errors: ValueError for a name that no experiment and no result has, with the nearest ones;
    `ResultMissing`, with the command that makes the result.
    """
    where = find(name, preset, changed)
    if not where.exists():
        offered = Path(__file__).resolve().parent.parent / "experiments"
        saved = {path.name for path in root().glob("*") if path.is_dir()}
        known = sorted({*catalogue.entries(offered, "PRESETS"), *saved})
        if known:
            validate.choice("experiment", name, known)
        validate.choice("preset", preset, PRESETS)
    made = command(name, preset, changed)
    return read(where, made, again=f"{made} --again")


def find(name: str, preset: str, changed: Mapping[str, object]) -> Path:
    """Where the result of experiment `name` with the fields `changed` lies, if there is one.

    A run leaves out of its folder's name what equals the preset, which only it knows. So of all
    results at the preset those count whose settings are as asked, and that changed nothing else;
    of several, as where a preset has been edited since, the last one saved.
    """
    own = folder(name, preset, changed)
    if not changed:
        return own
    fitting = [own] if (own / MANIFEST).exists() else []
    for path in (root() / name).glob(f"{preset}*/{MANIFEST}"):
        with contextlib.suppress(ResultCorrupt):
            manifest = _manifest(path.parent)
            # A name without a suffix says that nothing was changed.
            plain = {"changed": {}} if path.parent.name == preset else {}
            if manifest and _fits({**manifest["provenance"], **plain}, preset, changed):
                fitting.append(path.parent)
    return max(fitting, key=lambda where: (where / MANIFEST).stat().st_mtime, default=own)


def _fits(kept: Mapping[str, Any], preset: str, asked: Mapping[str, object]) -> bool:
    """Whether a result with the provenance `kept` is the one with the fields `asked`."""
    identity, changed = kept.get("identity"), kept.get("changed")
    if not isinstance(identity, dict) or not isinstance(changed, dict):
        return False
    if kept.get("preset") != preset or not set(changed) <= set(asked):
        return False
    config = identity.get("config")
    settings = {**(config if isinstance(config, dict) else {}), **identity}
    return all(
        field in settings and digest(settings[field]) == digest(files.plain(value))
        for field, value in asked.items()
    )


def assemble(
    points: Sequence[Mapping[str, object]],
    arrays: Sequence[Mapping[str, np.ndarray]],
    axes: Mapping[str, tuple[str, ...]],
    seeds: int,
) -> xarray.Dataset:
    """One dataset from a grid of points and their outputs (`grids.assembled`)."""
    return xarray.Dataset(*grids.assembled(points, arrays, axes, seeds))


def _manifest(where: Path, again: str = "") -> dict[str, Any] | None:
    path = where / MANIFEST
    try:
        manifest = json.loads(path.read_text())
        kinds = {"data": str, "sha256": str, "provenance": dict}
        if not all(isinstance(manifest[name], kind) for name, kind in kinds.items()):
            raise TypeError(kinds)
        return manifest
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        again = "" if path.is_dir() else again  # which no file can take the place of
        raise _corrupt(path, _unreadable(error, ""), path, again) from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _corrupt(path, "content that is not a whole manifest", path, again) from error


def _unreadable(error: OSError, absent: str) -> str:
    if isinstance(error, IsADirectoryError):
        return "a folder"
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return absent
    return f"no access ({error.strerror or error})"


def _corrupt(path: Path, got: str, delete: Path, again: str = "") -> ResultCorrupt:
    then = f"or run: {again}" if again else "and make the result again"
    then = f"delete {files.shown(delete)} {then}"
    return ResultCorrupt(f"{files.shown(path)}: got {got}, expected a whole result; {then}")


def _tidy(where: Path, kept: set[str | None], replaced: str | None) -> None:
    """Remove the `replaced` data file and what kills left, but nothing that is being written."""
    for path in [*where.glob("data-*.nc"), *where.glob(".*.tmp")]:
        with contextlib.suppress(OSError):
            old = files.abandoned(path)
            if path.name not in kept and (old or path.name == replaced):
                path.unlink()
