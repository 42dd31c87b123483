"""Tables of numbers from a user's files: csv, npy or parquet; what is no number is named."""

from __future__ import annotations

import csv
import math
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from diversity_jax import columns

if TYPE_CHECKING:
    import numpy as np

KINDS = (".csv", ".npy", ".parquet")


@dataclass(frozen=True)
class Table:
    """Numbers `[n, d]`, the name of each column, and the columns that were left out."""

    values: np.ndarray
    columns: tuple[str, ...]
    dropped: tuple[str, ...] = ()


def table(argument: str, name: str, *, drop: tuple[str, ...] = ()) -> Table:
    """The numbers in a .csv (with or without a line of names), .npy or .parquet file.

    Errors: ValueError in one line for a file that is none of these, a row of another length, text
    or a missing value (its column and row are named, rows counted from 1 below the names), a
    column to drop that is not there, no row or no column left.
    """
    from diversity_jax import validate

    kind = Path(name).suffix.lower()
    if kind not in KINDS:
        got, fix = f"{name}, of another kind", "convert it"
        raise validate.fail(argument, got, "a file that ends in " + ", ".join(KINDS), fix)
    if kind == ".npy":
        found = _of_array(argument, array(argument, name))
    elif kind == ".csv":
        found = _of_csv(argument, name, drop)
    else:
        found = _of_parquet(argument, name, drop)
    return _without(argument, name, found, drop)


def array(argument: str, name: str) -> np.ndarray:
    """The array in a .npy file; ValueError in one line for anything else."""
    import numpy as np

    from diversity_jax import validate

    fix = "save it with numpy.save"
    try:
        with columns.there(argument, name, "a .npy file").open("rb") as file:
            if file.read(2) != b"PK":
                _check_promise(file)
            file.seek(0)
            content = np.load(file, allow_pickle=False)
            names = None if isinstance(content, np.ndarray) else ", ".join(content.files)
    except PermissionError as error:
        raise validate.fail(argument, f"{name}, without access", "a file to read", fix) from error
    except (ValueError, OSError, EOFError, OverflowError, zipfile.BadZipFile) as error:
        if ": got " in str(error):
            raise
        got = f"{name}, which holds no whole array of numbers"
        raise validate.fail(argument, got, "a .npy file", fix) from error
    if names is not None:
        got, fix = f"{name}, an archive of arrays ({names})", "save the one array with numpy.save"
        raise validate.fail(argument, got, "a .npy file", fix)
    return content


def _check_promise(file: BinaryIO) -> None:
    """Refuse a .npy file whose header promises more than it holds: numpy would make room for it."""
    from numpy.lib import format as layout

    file.seek(0)
    old = layout.read_magic(file) == (1, 0)
    read_header = layout.read_array_header_1_0 if old else layout.read_array_header_2_0
    shape, _, dtype = read_header(file)
    begins, ends = file.tell(), file.seek(0, 2)
    if min(shape, default=0) < 0 or math.prod(shape) * dtype.itemsize > ends - begins:
        raise ValueError(f"{shape} in {ends - begins} bytes")


def _of_array(argument: str, values: np.ndarray) -> Table:
    import numpy as np

    from diversity_jax import validate

    if values.dtype.kind not in "fiub":
        got = f"values of type {values.dtype}"
        raise validate.fail(argument, got, "numbers", "leave out or encode what is no number")
    validate.shape(argument, values, (None, None), "give one row per thing")
    names = tuple(str(place) for place in range(values.shape[1]))
    numbers = values.astype(np.float64)
    bad = np.argwhere(~np.isfinite(numbers))
    if len(bad):
        _refuse(argument, repr(float(numbers[tuple(bad[0])])), names[bad[0][1]], bad[0][0] + 1)
    return Table(numbers, names)


def _of_csv(argument: str, name: str, drop: tuple[str, ...]) -> Table:
    import numpy as np

    from diversity_jax import validate

    path = columns.there(argument, name, "a .csv file")
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            lines = [line for line in csv.reader(file) if line]
    except (UnicodeDecodeError, csv.Error, PermissionError) as error:
        fix = "save it as UTF-8 text with commas"
        raise validate.fail(argument, f"{name}, unreadable", "a .csv file", fix) from error
    if not lines:
        raise validate.fail(argument, f"{name}, which is empty", "rows of numbers", "fill it")
    named = not any(columns.number(cell) is not None for cell in lines[0])
    names = lines[0] if named else [str(place) for place in range(len(lines[0]))]
    body = lines[1:] if named else lines
    used = [place for place, column in enumerate(names) if column not in drop]
    values = np.empty((len(body), len(names)))
    for row, line in enumerate(body, 1):
        if len(line) != len(names):
            got, fix = f"{len(line)} cells in row {row}", "see that no cell has a comma in it"
            raise validate.fail(argument, got, f"{len(names)} as in the first line", fix)
        for place in used:
            number = columns.number(line[place])
            if number is None or not math.isfinite(number):
                _refuse(argument, repr(line[place]), names[place], row)
            values[row - 1, place] = number
    return Table(values, tuple(names))


def _of_parquet(argument: str, name: str, drop: tuple[str, ...]) -> Table:
    import numpy as np

    content = columns.parquet(argument, columns.there(argument, name, "a .parquet file"))
    names = tuple(content.column_names)
    values = np.zeros((content.num_rows, len(names)))
    for place, column in enumerate(names):
        if column in drop:
            continue
        for row, cell in enumerate(content.column(place).to_pylist(), 1):
            number = float(cell) if isinstance(cell, int | float) else None
            if number is None or not math.isfinite(number):
                _refuse(argument, repr(cell), column, row)
            values[row - 1, place] = number
    return Table(values, names)


def _refuse(argument: str, cell: str, column: str, row: int) -> None:
    from diversity_jax import validate

    text = cell.strip("'\" ")
    missing = text in (*columns.MISSING, "None")
    what = "a missing value" if missing else cell if text.lower() in ("inf", "-inf") else (
        f"the text {cell}"
    )  # fmt: skip
    fix = f"fill it, leave out its row, or pass --drop {column}"
    raise validate.fail(argument, f"{what} in column {column}, row {row}", "a finite number", fix)


def _without(argument: str, name: str, found: Table, drop: tuple[str, ...]) -> Table:
    from diversity_jax import validate

    for column in drop:
        validate.choice("drop", column, found.columns)
    kept = [place for place, column in enumerate(found.columns) if column not in drop]
    values = found.values[:, kept]
    if 0 in values.shape:
        got = f"{name}, of which {values.shape[0]} rows and {values.shape[1]} columns are left"
        raise validate.fail(argument, got, "rows and columns of numbers", "keep some")
    return Table(values, tuple(found.columns[place] for place in kept), drop)
