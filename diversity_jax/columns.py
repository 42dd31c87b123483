"""A user's table as named columns of cells: from a file, a frame, a mapping or an array.

A cell is a number, a text, or None where it is missing: what a library calls so, and of texts those
of `MISSING` alone, as they are spelled there; which were is noted. Frames are known by what they
offer (`columns` and a cell's column by its name), so that none of their libraries is imported.
"""

from __future__ import annotations

import csv
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from diversity_jax import decimals
from diversity_jax.decimals import Cell, number

__all__ = ["Cell", "Columns", "given", "number", "one", "parquet", "read", "spelled", "there"]

KINDS = (".csv", ".tsv", ".parquet")
MISSING = ("", "NA", "NaN", "nan", "null", "NULL")
MISSING_ARE = "empty cells, NA, NaN and null are missing"
SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
NOTHING = ("NAType", "NaTType")  # how pandas calls what is missing


@dataclass(frozen=True)
class Columns:
    """Columns of one length, their names, and what was noticed in reading them.

    `numbers` are the rows' own, counted from 1 below the names.
    """

    names: tuple[str, ...]
    cells: tuple[list[Cell], ...]
    numbers: tuple[int, ...]
    noticed: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> list[Cell]:
        return self.cells[self.names.index(name)]

    def without(self, *names: str) -> Columns:
        """All columns but those."""
        kept = [place for place, name in enumerate(self.names) if name not in names]
        chosen = tuple(self.names[place] for place in kept)
        cells = tuple(self.cells[place] for place in kept)
        return Columns(chosen, cells, self.numbers, self.noticed)

    def rows(self, kept: list[int]) -> Columns:
        """Those rows, by their places from 0."""
        cells = tuple([column[row] for row in kept] for column in self.cells)
        return Columns(self.names, cells, tuple(self.numbers[row] for row in kept), self.noticed)


def given(argument: str, table: object, *, named: str | None = None) -> Columns:
    """The columns of a file's name, a frame, a mapping of columns, or an array `[n, d]`.

    An array's columns are called "0", "1", ...; `named` is a column that has to be there, by which
    a first line of a .csv file is known to hold names (else it does where no number is in it).

    Errors: ValueError for anything else, columns of several lengths, a name given twice, no row.
    """
    from diversity_jax import validate

    if isinstance(table, Columns):
        return table
    if isinstance(table, str | Path):
        return read(argument, str(table), named=named)
    pairs = _pairs(argument, table)
    names = [str(name).strip() for name, _ in pairs]
    _check_names(argument, names)
    seen: Counter[str] = Counter()
    cells = tuple(_cells(argument, name, values, seen) for name, (_, values) in zip(names, pairs))
    lengths = {len(column) for column in cells}
    if len(lengths) > 1:
        got = f"columns of {min(lengths)} and {max(lengths)} cells"
        raise validate.fail(argument, got, "one length", "fill the shorter ones")
    if not lengths or 0 in lengths:
        raise validate.fail(argument, "no cell", "rows and columns", "fill it")
    return Columns(tuple(names), cells, tuple(range(1, lengths.pop() + 1)), _noticed(seen))


def one(argument: str, values: object) -> list[Cell]:
    """A single column of any library as cells.

    Errors: ValueError for what has more than one axis, or none.
    """
    return _cells(argument, argument, values, Counter())


def read(argument: str, name: str, *, named: str | None = None) -> Columns:
    """The columns of a .csv, .tsv or .parquet file.

    Text files are UTF-8; the separator is the one of comma, semicolon, tab and bar that gives the
    first line the most cells. Where it is no comma, a comma may be the decimal point: it is taken
    for one in columns whose cells are all numbers then. Where all could be thousands (1,068), that
    is done only if another column shows that commas are decimal and none has a decimal point; else
    they are texts.

    Errors: ValueError in one line for a file that is none of these, a line of another length (rows
    are counted from 1 below the names), a name given twice, no row.
    """
    from diversity_jax import validate

    kind = Path(name).suffix.lower()
    if kind not in KINDS:
        got, fix = f"{name}, of another kind", "convert it"
        raise validate.fail(argument, got, "a file that ends in " + ", ".join(KINDS), fix)
    path = there(argument, name, f"a {kind} file")
    if kind == ".parquet":
        return given(argument, parquet(argument, path))
    lines, separator = _lines(argument, path)
    first = [cell.strip() for cell in lines[0]]
    headed = named in first or not any(number(cell) is not None for cell in first)
    names = first if headed else [str(place) for place in range(len(first))]
    names = [each or f"column {place}" for place, each in enumerate(names, 1)]
    _check_names(argument, names)
    body = lines[1:] if headed else lines
    if not body:
        raise validate.fail(argument, f"{name}, which has names only", "rows", "fill it")
    for row, line in enumerate(body, 1):
        if len(line) != len(names):
            got = f"{len(line)} cells in row {row}"
            fix = f"see that no cell has a separator in it: {SEPARATORS[separator]} were found"
            raise validate.fail(argument, got, f"{len(names)} as in the first line", fix)
    seen: Counter[str] = Counter()
    cells = tuple([_cell(cell, seen) for cell in column] for column in zip(*body))
    noticed = [] if separator == "," else [f"separated by {SEPARATORS[separator]}"]
    if separator != ",":
        changed = decimals.with_points(cells)
        commas = [name for name, column in zip(names, changed) if column is not None]
        cells = tuple(new or old for new, old in zip(changed, cells))
        noticed += [f"decimal commas in {', '.join(commas)}"] if commas else []
    told = (*noticed, *_noticed(seen))
    return Columns(tuple(names), cells, tuple(range(1, len(body) + 1)), told)


def there(argument: str, name: str, expected: str) -> Path:
    """The path of a file that exists; ValueError for a folder or nothing."""
    from diversity_jax import validate

    path = Path(name)
    if not path.is_file():
        got = f"{name}, a folder" if path.is_dir() else f"{name}, where there is no file"
        raise validate.fail(argument, got, expected, "name one that exists")
    return path


def parquet(argument: str, path: Path) -> Any:
    """The table in a .parquet file, as pyarrow has it; ValueError without pyarrow."""
    from diversity_jax import validate

    try:
        from pyarrow import parquet as reader  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        fix = "install pyarrow, or save it as .csv"
        raise validate.fail(argument, f"{path}, without pyarrow", "pyarrow", fix) from error
    try:
        return reader.read_table(path)
    except (OSError, ValueError) as error:
        fix = "write it anew"
        raise validate.fail(argument, f"{path}, unreadable", "a .parquet file", fix) from error


def spelled(cell: Cell) -> str:
    """A cell as text; whole numbers without a point, so that 1 and 1.0 are one name."""
    if isinstance(cell, float) and math.isfinite(cell) and cell == int(cell) and abs(cell) < 2**53:
        return str(int(cell))
    return repr(cell) if isinstance(cell, float) else str(cell)


def _lines(argument: str, path: Path) -> tuple[list[list[str]], str]:
    """The lines of a text file that are not empty, cut at the separator that was found."""
    from diversity_jax import validate

    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            first = next((line for line in file if line.strip()), "")
            if not first:
                raise validate.fail(argument, f"{path}, which is empty", "rows", "fill it")
            widths = {each: len(next(csv.reader([first], delimiter=each))) for each in SEPARATORS}
            separator = max(widths, key=widths.__getitem__)
            file.seek(0)
            lines = list(csv.reader(file, delimiter=separator))
    except (UnicodeDecodeError, csv.Error, PermissionError) as error:
        fix = "save it as UTF-8 text with commas"
        raise validate.fail(argument, f"{path}, unreadable", "a text file", fix) from error
    return [line for line in lines if any(cell.strip() for cell in line)], separator


def _noticed(seen: Counter[str]) -> tuple[str, ...]:
    """In which spellings cells were missing, besides empty ones."""
    told = [f"{text} ({count} cell{'s' if count > 1 else ''})" for text, count in seen.items()]
    return (f"missing: {', '.join(told)}",) if told else ()


def _pairs(argument: str, table: Any) -> list[tuple[Any, Any]]:
    """Names and columns of whatever is a table."""
    import numpy as np

    from diversity_jax import validate

    if isinstance(table, Mapping):
        return list(table.items())
    if hasattr(table, "column_names") and hasattr(table, "column"):
        names = list(table.column_names)
        return [(name, table.column(place)) for place, name in enumerate(names)]
    if hasattr(table, "columns") and hasattr(table, "__getitem__"):
        names = list(table.columns)
        _check_names(argument, [str(name) for name in names])
        return [(name, table[name]) for name in names]
    try:
        array = np.asarray(table)
    except ValueError:
        array = np.asarray(None)
    if array.dtype.names:
        return [(name, array[name]) for name in array.dtype.names]
    if array.ndim != 2:
        got = f"{type(table).__name__} of shape {array.shape}"
        expected = "a file's name, a frame, columns by name, or an array [n, d]"
        raise validate.fail(argument, got, expected, "give one row per thing")
    return [(str(place), array[:, place]) for place in range(array.shape[1])]


def _check_names(argument: str, names: list[str]) -> None:
    from diversity_jax import validate

    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        got = f"{len(twice)} names given more than once, {twice[0]!r} first"
        raise validate.fail(argument, got, "columns with names of their own", "rename them")


def _cells(argument: str, name: str, values: Any, seen: Counter[str]) -> list[Cell]:
    """A column of any library as cells."""
    import numpy as np

    from diversity_jax import validate

    if hasattr(values, "to_pylist"):
        return [_cell(value, seen) for value in values.to_pylist()]
    plain: Any = values.to_numpy() if hasattr(values, "to_numpy") else values
    if isinstance(plain, list | tuple):
        return [_cell(value, seen) for value in plain]
    array = np.asarray(plain)
    if array.ndim != 1:
        got = f"shape {array.shape} in column {name}"
        raise validate.fail(argument, got, "one cell per row", "give each part its own column")
    if array.dtype.kind in "mM":
        return [None if text == "NaT" else text for text in array.astype(str).tolist()]
    return [_cell(value, seen) for value in array.tolist()]


def _cell(value: Any, seen: Counter[str]) -> Cell:
    """What a value is; `seen` counts the texts that are taken for missing."""
    if isinstance(value, str):
        text = value.strip()
        if text and text in MISSING:
            seen[text] += 1
        return None if text in MISSING else text
    if value is None or type(value).__name__ in NOTHING:
        return None
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, int | float):
        return None if value != value else value
    if isinstance(value, bytes):
        return _cell(value.decode("utf-8", "replace"), seen)
    return _cell(float(value) if type(value).__name__ == "Decimal" else str(value), seen)
