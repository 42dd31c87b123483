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
import secrets
import shlex
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import xarray

from diversity_jax import catalogue, validate

PRESETS = ("smoke", "laptop", "paper")
MANIFEST = "manifest.json"
ABANDONED = 3600.0  # seconds after which a file that nothing names is left over from a kill


class ResultMissing(FileNotFoundError):
    """No result where one was looked for; the message gives the command that makes it."""


class ResultCorrupt(ValueError):
    """A result file that is truncated or altered; the message names it and how to mend it."""


class WriteFailed(OSError):
    """A file could not be written (full disk, no permission); what was there before is whole."""


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
    suffix = f"-{digest(_equal_numbers(changed))[:8]}" if changed else ""
    return root() / name / f"{preset}{suffix}"


def command(name: str, preset: str, changed: Mapping[str, object] | None = None) -> str:
    """The command line that makes the result in `folder(name, preset, changed)`."""
    words = ["python", "-m", "experiments", name, "--preset", preset]
    for key, value in sorted((changed or {}).items()):
        if isinstance(value, bool):
            words.append(f"--{key}" if value else f"--no-{key}")
        else:
            listed = value if isinstance(value, tuple | list) else [value]
            words += [f"--{key}", *(str(item) for item in listed)]
    return shlex.join(words)


def digest(value: object) -> str:
    """SHA-256 of `value` as canonical JSON: equal values, equal digests, on any machine."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()


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
        with contextlib.suppress(OSError):
            temporary.unlink()
        if not isinstance(error, OSError):
            raise
        raise WriteFailed(
            f"{path}: cannot be written ({error.strerror or error}); nothing that was there is "
            "lost; free space or choose another folder and run the same command again"
        ) from error


def to_bytes(dataset: xarray.Dataset) -> bytes:
    """The dataset as the bytes of one netCDF-4 file."""
    return bytes(dataset.to_netcdf(engine="h5netcdf"))


def save(dataset: xarray.Dataset, where: Path, provenance: Mapping[str, object]) -> Path:
    """Put `dataset` with its `provenance` in the folder `where`, in place of what was there."""
    labelled = dataset.assign_attrs(provenance=json.dumps(provenance, sort_keys=True))
    content = to_bytes(labelled)
    checksum = hashlib.sha256(content).hexdigest()
    data = where / f"data-{checksum[:12]}.nc"
    replaced = data_name(where)
    write_atomically(data, content)
    manifest = {"data": data.name, "sha256": checksum, "provenance": provenance}
    write_atomically(where / MANIFEST, json.dumps(manifest, indent=1, sort_keys=True).encode())
    _tidy(where, {data.name, data_name(where)}, replaced)
    return data


def provenance(where: Path) -> dict[str, Any] | None:
    """The provenance of the result in `where`, or None when there is no result."""
    manifest = _manifest(where)
    return None if manifest is None else manifest["provenance"]


def data_name(where: Path) -> str | None:
    """The name of the data file of the result in `where`; None without a manifest to believe."""
    try:
        manifest = _manifest(where)
    except ResultCorrupt:
        return None
    return None if manifest is None else manifest["data"]


def read(where: Path, command: str = "") -> xarray.Dataset:
    """The dataset in the folder `where`, checked against its checksum.

    Errors: `ResultMissing` (with `command`, which makes it) or `ResultCorrupt`.
    """
    manifest = _manifest(where)
    if manifest is None:
        made = f"; make it with: {command}" if command else ""
        raise ResultMissing(f"{where}: no result here{made}")
    path = where / manifest["data"]
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        if _manifest(where) != manifest:  # another process replaced the result in between
            return read(where, command)
        raise _corrupt(path, "no file where the manifest names one", where / MANIFEST) from error
    if hashlib.sha256(content).hexdigest() != manifest["sha256"]:
        got = f"{len(content)} bytes whose checksum differs from the manifest's"
        raise _corrupt(path, got, where / MANIFEST)
    return from_bytes(content, path)


def read_file(path: Path) -> xarray.Dataset:
    """The dataset in one data file, wherever it lies."""
    if not path.is_file():
        raise ResultMissing(f"{path}: no such file")
    return from_bytes(path.read_bytes(), path)


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

    `changed` holds the fields that differ from the preset, and the seed or mode if they do.

    Errors: ValueError for a name that no experiment and no result has, with the nearest ones;
    `ResultMissing`, with the command that makes the result.
    """
    where = folder(name, preset, changed)
    if not where.exists():
        offered = Path(__file__).resolve().parent.parent / "experiments"
        saved = {path.name for path in root().glob("*") if path.is_dir()}
        known = sorted({*catalogue.entries(offered, "PRESETS"), *saved})
        if known:
            validate.choice("experiment", name, known)
        validate.choice("preset", preset, PRESETS)
    return read(where, command(name, preset, changed))


def assemble(
    points: Sequence[Mapping[str, object]],
    arrays: Sequence[Mapping[str, np.ndarray]],
    axes: Mapping[str, tuple[str, ...]],
    seeds: int,
) -> xarray.Dataset:
    """One dataset from a grid of points and their outputs.

    Outputs of different size along an axis are padded with NaN. Fields of the points become
    coordinates along `point`; fields that are tuples of equal length have a second axis.

    Shapes: outputs have a leading axis `[seeds]`.
    Errors: ValueError for outputs that differ in name or are named as fields, and for unnamed axes.
    """
    if any(set(outputs) != set(arrays[0]) for outputs in arrays):
        names = sorted(set().union(*arrays) - set(arrays[0]).intersection(*arrays))
        raise validate.fail(
            "outputs", f"{names} at some points only", "the same at all", "add them"
        )
    twice = sorted({"seed", *points[0]} & set(arrays[0]))
    if twice:
        raise validate.fail("outputs", f"{twice}", "no name of a point's field", "rename them")
    variables = {}
    for name in arrays[0]:
        stacked = _stack([point[name] for point in arrays])
        extra = axes.get(name, ())
        if len(extra) != stacked.ndim - 2:
            raise validate.fail(
                f"axes of output {name!r}", extra, f"{stacked.ndim - 2} names", "name them in AXES"
            )
        variables[name] = (("point", "seed", *extra), stacked)
    coordinates: dict[str, Any] = {"seed": np.arange(seeds)}
    for field in points[0]:
        values = np.asarray([point[field] for point in points])
        coordinates[field] = (("point", f"place_in_{field}")[: values.ndim], values)
    return xarray.Dataset(variables, coords=coordinates)


def _stack(pieces: list[np.ndarray]) -> np.ndarray:
    shape = tuple(np.max([piece.shape for piece in pieces], axis=0))
    if all(piece.shape == shape for piece in pieces):
        return np.stack(pieces)
    padded = np.full((len(pieces), *shape), np.nan, np.result_type(float, *pieces))
    for slot, piece in zip(padded, pieces):
        slot[tuple(slice(size) for size in piece.shape)] = piece
    return padded


def _manifest(where: Path) -> dict[str, Any] | None:
    path = where / MANIFEST
    if not path.exists():
        return None
    try:
        manifest = json.loads(path.read_text())
        kinds = {"data": str, "sha256": str, "provenance": dict}
        if not all(isinstance(manifest[name], kind) for name, kind in kinds.items()):
            raise TypeError(kinds)
        return manifest
    except (ValueError, KeyError, TypeError) as error:
        raise _corrupt(path, "content that is not a whole manifest", path) from error


def _corrupt(path: Path, got: str, delete: Path) -> ResultCorrupt:
    return ResultCorrupt(
        f"{path}: got {got}, expected a whole result; delete {delete} and make the result again"
    )


def _tidy(where: Path, kept: set[str | None], replaced: str | None) -> None:
    """Remove the `replaced` data file and what kills left, but nothing that is being written."""
    for path in [*where.glob("data-*.nc"), *where.glob(".*.tmp")]:
        with contextlib.suppress(OSError):
            old = time.time() - path.stat().st_mtime > ABANDONED
            if path.name not in kept and (old or path.name == replaced):
                path.unlink()


def _equal_numbers(value: object) -> object:
    """`value` with integers as floats, so that 1 and 1.0 name the same folder."""
    if isinstance(value, Mapping):
        return {key: _equal_numbers(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_equal_numbers(item) for item in value]
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**53:
        return float(value)
    return value
