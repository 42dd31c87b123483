"""A grid of points and their outputs as labelled arrays: the axes, the padding, the coordinates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from diversity_jax import validate

POINT, SEED = "point", "seed"
Labelled = dict[str, tuple[tuple[str, ...], np.ndarray]]


def check_names(fields: Sequence[str], axes: Mapping[str, Sequence[str]]) -> None:
    """Refuse fields of a point and names of axes that would stand for two things in one dataset.

    Errors: ValueError that names what is taken twice or is no name that a file can hold.
    """
    named = sorted({axis for extra in axes.values() for axis in extra})
    for kind, names in (("grid fields", fields), ("AXES", [*axes, *named])):
        for name in names:
            if not _nameable(name):
                fix = "use letters, digits and _"
                raise validate.fail(kind, repr(name), "names without / or odd characters", fix)
    _refuse("grid fields", {POINT, SEED, *named} & {*fields}, "the runner's own axes have, or AXES")
    _refuse("AXES", {POINT, SEED} & {*named}, "the runner's own axes have")
    _refuse("AXES", {*named} & {*axes}, "an output has")
    for name, extra in axes.items():
        twice = {axis for axis in extra if list(extra).count(axis) > 1}
        _refuse(f"axes of output {name!r}", twice, "another axis of it has")


def assembled(
    points: Sequence[Mapping[str, object]],
    arrays: Sequence[Mapping[str, np.ndarray]],
    axes: Mapping[str, tuple[str, ...]],
    seeds: int,
) -> tuple[Labelled, dict[str, Any]]:
    """Variables and coordinates of one dataset, from a grid of points and their outputs.

    Outputs of different size along an axis are padded with NaN. Fields of the points become
    coordinates along `point`; fields that are tuples of equal length have a second axis.

    Shapes: outputs have a leading axis `[seeds]`.
    Errors: ValueError for outputs that differ in name or are named as fields, and for unnamed axes.
    """
    check_names(list(points[0]), axes)
    if any(set(outputs) != set(arrays[0]) for outputs in arrays):
        names = sorted(set().union(*arrays) - set(arrays[0]).intersection(*arrays))
        raise validate.fail(
            "outputs", f"{names} at some points only", "the same at all", "add them"
        )
    named = {axis for extra in axes.values() for axis in extra}
    _refuse("outputs", {POINT, SEED, *points[0], *named} & set(arrays[0]), "a point's field has")
    variables: Labelled = {}
    for name in arrays[0]:
        stacked = _stack([point[name] for point in arrays])
        extra = axes.get(name, ())
        if len(extra) != stacked.ndim - 2:
            raise validate.fail(
                f"axes of output {name!r}", extra, f"{stacked.ndim - 2} names", "name them in AXES"
            )
        variables[name] = ((POINT, SEED, *extra), stacked)
    coordinates: dict[str, Any] = {SEED: np.arange(seeds)}
    for field in points[0]:
        values = np.asarray([point[field] for point in points])
        coordinates[field] = ((POINT, f"place_in_{field}")[: values.ndim], values)
    return variables, coordinates


def _refuse(what: str, names: set[str], taken: str) -> None:
    if names:
        raise validate.fail(what, f"{sorted(names)}", f"no name that {taken}", "rename them")


def _nameable(name: object) -> bool:
    """Whether a file can hold `name` and give it back."""
    odd = isinstance(name, str) and any(letter == "/" or ord(letter) < 32 for letter in name)
    return isinstance(name, str) and bool(name.strip()) and not odd and storable(name)


def storable(value: object) -> bool:
    """Whether a dataset on disk can hold a scalar of a grid and give the same one back."""
    if isinstance(value, str):
        return "\0" not in value and not any(0xD800 <= ord(letter) < 0xE000 for letter in value)
    return isinstance(value, bool | float) or (isinstance(value, int) and -(2**63) <= value < 2**63)


def _stack(pieces: list[np.ndarray]) -> np.ndarray:
    shape = tuple(np.max([piece.shape for piece in pieces], axis=0))
    if all(piece.shape == shape for piece in pieces):
        return np.stack(pieces)
    padded = np.full((len(pieces), *shape), np.nan, np.result_type(float, *pieces))
    for slot, piece in zip(padded, pieces):
        slot[tuple(slice(size) for size in piece.shape)] = piece
    return padded
