"""An experiment's output on disk: one labelled dataset, its provenance and its checksum.

A result is a folder `results/NAME/PRESET/` with a data file and `manifest.json`. The manifest
names the data file and its checksum and is replaced in one step, so it is the point at which a
new result takes the place of the old one: a kill, a full disk or a crash at any moment leaves
either the old or the new result whole.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from pathlib import Path
from typing import Any

import numpy as np
import xarray

from diversity_jax import validate

MANIFEST = "manifest.json"


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


def folder(name: str, preset: str, changed: dict[str, Any] | None = None) -> Path:
    """Where the result of experiment `name` lies; `changed` holds what differs from the preset."""
    suffix = f"-{digest(changed)[:8]}" if changed else ""
    return root() / name / f"{preset}{suffix}"


def digest(value: Any) -> str:
    """SHA-256 of `value` as canonical JSON: equal values, equal digests, on any machine."""
    return hashlib.sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()


def write_atomically(path: Path, content: bytes) -> None:
    """Write `content` to `path` so that a reader sees the old file or the new one, never a part.

    A failure leaves `path` as it was and raises `WriteFailed` with the cause in one line.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True) if temporary.parent.is_dir() else None
        raise WriteFailed(
            f"{path}: cannot be written ({error.strerror or error}); nothing that was there is "
            "lost; free space or choose another folder and run the same command again"
        ) from error


def to_bytes(dataset: xarray.Dataset) -> bytes:
    """The dataset as the bytes of one netCDF-4 file."""
    return bytes(dataset.to_netcdf(engine="h5netcdf"))


def save(dataset: xarray.Dataset, where: Path, provenance: dict[str, Any]) -> Path:
    """Put `dataset` with its `provenance` in the folder `where`, in place of what was there."""
    labelled = dataset.assign_attrs(provenance=json.dumps(provenance, sort_keys=True))
    content = to_bytes(labelled)
    checksum = hashlib.sha256(content).hexdigest()
    data = where / f"data-{checksum[:12]}.nc"
    write_atomically(data, content)
    manifest = {"data": data.name, "sha256": checksum, "provenance": provenance}
    write_atomically(where / MANIFEST, json.dumps(manifest, indent=1, sort_keys=True).encode())
    for other in where.glob("data-*.nc"):
        if other != data:
            other.unlink(missing_ok=True)
    return data


def provenance(where: Path) -> dict[str, Any] | None:
    """The provenance of the result in `where`, or None when there is no result."""
    manifest = _manifest(where)
    return None if manifest is None else manifest["provenance"]


def read(where: Path, command: str = "") -> xarray.Dataset:
    """The dataset in the folder `where`, checked against its checksum.

    Raises `ResultMissing` (with `command`, which makes it) or `ResultCorrupt`.
    """
    manifest = _manifest(where)
    if manifest is None:
        made = f"; make it with: {command}" if command else ""
        raise ResultMissing(f"{where}: no result here{made}")
    path = where / manifest["data"]
    if not path.exists():
        raise ResultCorrupt(f"{path}: named by the manifest but not there; delete {where} and rerun")
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != manifest["sha256"]:
        raise _corrupt(path, f"{len(content)} bytes whose checksum differs from the manifest's")
    return from_bytes(content, path)


def read_file(path: Path) -> xarray.Dataset:
    """The dataset in one data file, wherever it lies."""
    if not path.exists():
        raise ResultMissing(f"{path}: no such file")
    return from_bytes(path.read_bytes(), path)


def from_bytes(content: bytes, path: Path) -> xarray.Dataset:
    """The dataset in the bytes of a netCDF-4 file read from `path`, loaded into memory."""
    import io

    try:
        with xarray.open_dataset(io.BytesIO(content), engine="h5netcdf") as dataset:
            return dataset.load()
    except Exception as error:
        raise _corrupt(path, "content that is not a whole netCDF-4 file") from error


def load(name: str, preset: str = "laptop", **changed: Any) -> xarray.Dataset:
    """The saved result of experiment `name` at `preset`; `changed` as it was given to the run."""
    options = "".join(f" --{key} {value}" for key, value in changed.items())
    command = f"python -m experiments {name} --preset {preset}{options}"
    return read(folder(name, preset, changed), command)


def assemble(
    points: list[dict[str, Any]],
    arrays: list[dict[str, np.ndarray]],
    axes: dict[str, tuple[str, ...]],
    seeds: int,
) -> xarray.Dataset:
    """One dataset from a grid of points and their outputs, each with leading axis `[seeds]`.

    Outputs of different size along an axis are padded with NaN. Fields of the points become
    coordinates along `point`.
    """
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
        coordinates[field] = ("point", np.asarray([point[field] for point in points]))
    return xarray.Dataset(variables, coords=coordinates)


def _stack(pieces: list[np.ndarray]) -> np.ndarray:
    shape = tuple(np.max([piece.shape for piece in pieces], axis=0))
    if all(piece.shape == shape for piece in pieces):
        return np.stack(pieces)
    padded = np.full((len(pieces), *shape), np.nan)
    for slot, piece in zip(padded, pieces):
        slot[tuple(slice(size) for size in piece.shape)] = piece
    return padded


def _manifest(where: Path) -> dict[str, Any] | None:
    path = where / MANIFEST
    if not path.exists():
        return None
    try:
        manifest = json.loads(path.read_text())
        if not {"data", "sha256", "provenance"} <= set(manifest):
            raise KeyError("data, sha256, provenance")
        return manifest
    except (ValueError, KeyError, TypeError) as error:
        raise _corrupt(path, "content that is not a whole manifest") from error


def _corrupt(path: Path, got: str) -> ResultCorrupt:
    return ResultCorrupt(
        f"{path}: got {got}, expected a whole result; delete the folder {path.parent} and rerun"
    )
