"""A table's columns as features: standardised numbers and one-hot categories, and what was done.

A column of numbers becomes ``(x - mean) / deviation``, so that two rows differ in it by sqrt(2), as
a root mean square; one of categories becomes a column of 0 and 1 per level, in which two rows of
different levels are sqrt(2) apart too. What says nothing, or nothing that can be compared, is left
out by name: columns that are empty or the same everywhere, that number or name the rows, and texts
of very many kinds.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from diversity_jax import validate
from diversity_jax.columns import MISSING_ARE, Cell, Columns, number, spelled
from diversity_jax.decimals import COMMAS
from diversity_jax.graph_learning.naming import alike, in_order, named_alike, shortened
from diversity_jax.graph_learning.offered import LEVELS

NUMBER, CATEGORY, LEFT_OUT = "number", "category", "left out"
SAME = 8 * np.finfo(float).eps  # relative spread below which rounding alone makes numbers differ
NAMES = ("id", "index", "key", "uuid", "guid", "no", "nr", "number")  # of what names the rows
COUNTED = 3  # rows from which consecutive numbers are taken for the rows' own
MOST = 2**30  # bytes of features


@dataclass(frozen=True)
class Part:
    """What became of one column.

    Numbers become ``((x - middle) / 2^exponent - mean) / deviation``, with the middle halfway
    between the extremes, so that nothing overflows and digits are kept far from the origin. Levels
    that are all `numeric` are told apart as numbers: 1 and 1.0 are one. `reason` says why a column
    was left out.
    """

    name: str
    kind: str
    middle: float = 0.0
    exponent: int = 0
    mean: float = 0.0
    deviation: float = 1.0
    levels: tuple[str, ...] = ()
    numeric: bool = False
    reason: str = ""

    @property
    def features(self) -> tuple[str, ...]:
        """The names of the features that it becomes."""
        if self.kind == CATEGORY:
            return tuple(f"{self.name}={level}" for level in self.levels)
        return (self.name,) if self.kind == NUMBER else ()

    def values(self, cells: list[Cell], numbers: Sequence[int]) -> np.ndarray:
        """Its features of those cells `[n, k]`, and last, of a category, whether it is unknown."""
        if self.kind == NUMBER:
            return self._scaled(_numbers(self.name, cells, numbers))[:, None]
        place = {level: at for at, level in enumerate(self.levels)}
        found = np.zeros((len(cells), len(self.levels) + 1))
        found[np.arange(len(cells)), [place.get(self._level(cell), -1) for cell in cells]] = 1
        return found

    def _scaled(self, values: np.ndarray) -> np.ndarray:
        units = np.ldexp(values, -self.exponent) - np.ldexp(self.middle, -self.exponent)
        return (units - self.mean) / self.deviation

    def _level(self, cell: Cell) -> str:
        return named_alike(cell) if self.numeric else spelled(cell)


@dataclass(frozen=True)
class Encoding:
    """How each column of a table becomes features; `str` says it in words."""

    parts: tuple[Part, ...]

    @property
    def features(self) -> tuple[str, ...]:
        """The features' names, in order."""
        return tuple(name for part in self.parts for name in part.features)

    @property
    def used(self) -> tuple[Part, ...]:
        """The parts that were not left out."""
        return tuple(part for part in self.parts if part.kind != LEFT_OUT)

    def encode(self, table: Columns, *, strangers: bool = False) -> np.ndarray:
        """The features of a table's rows `[n, p]`, as those of the table it was fitted to.

        With `strangers` a level that was not there then is as far from each that was as two of
        those are: one more feature per column of categories, at the end, marks it.

        Errors: ValueError for a column that is not there, a missing cell, a text among numbers, a
        number that is not finite, and without `strangers` a level that was not there.
        """
        inner, outer = [], []
        for part in self.used:
            validate.choice("column", part.name, table.names)
            cells = table[part.name]
            _refuse_missing({part.name: cells}, table.numbers)
            values = part.values(cells, table.numbers)
            if part.kind == CATEGORY:
                values, unknown = values[:, :-1], values[:, -1]
                if unknown.any() and not strangers:
                    raise _strange(part, cells, table.numbers, unknown)
                outer.append(unknown[:, None])
            inner.append(values)
        return np.concatenate([*inner, *(outer if strangers else [])], axis=1)

    def padded(self, rows: np.ndarray) -> np.ndarray:
        """Rows of `encode` beside which rows with strangers may stand."""
        more = sum(part.kind == CATEGORY for part in self.used)
        return np.concatenate([rows, np.zeros((len(rows), more))], axis=1)

    def __str__(self) -> str:
        return "\n".join(self.lines())

    def lines(self) -> list[str]:
        """What was done, kind by kind."""
        numbers = [part.name for part in self.parts if part.kind == NUMBER]
        categories = [part for part in self.parts if part.kind == CATEGORY]
        left = [part for part in self.parts if part.kind == LEFT_OUT]
        told = []
        if numbers:
            told.append(f"Standardised to mean 0 and deviation 1: {shortened(numbers)}.")
        if categories:
            each = [f"{part.name} ({len(part.levels)} levels)" for part in categories]
            told.append(f"One-hot encoded: {shortened(each)}.")
        return told + [f"Left out: {part.name}: {part.reason}." for part in left]


def fit(
    table: Columns,
    *,
    keep: tuple[str, ...] = (),
    categories: tuple[str, ...] = (),
    levels: int = LEVELS,
) -> Encoding:
    """How to encode the columns of a table, from its rows; missing cells say nothing here.

    `keep` are columns that are used though they look as if they name rows or hold free text;
    `categories` columns of numbers that are names.

    Errors: ValueError for a column named that is not there, a column mostly of numbers with a text
    in it, a number that is not finite, no column left.
    """
    validate.integer("levels", levels, "a category has two or more", least=2)
    for argument, names in (("keep", keep), ("categories", categories)):
        for name in names:
            validate.choice(argument, name, table.names)
    found = []
    for name, cells in zip(table.names, table.cells):
        pairs = [pair for pair in zip(cells, table.numbers) if pair[0] is not None]
        held, numbers = [cell for cell, _ in pairs], [row for _, row in pairs]
        kept = name in (*keep, *categories)
        if not held:
            found.append(_out(name, "it is empty"))
        elif name not in categories and _is_numeric(name, held, numbers):
            found.append(_of_numbers(name, held, numbers, kept))
        else:
            found.append(_of_texts(name, held, levels, kept))
    made = Encoding(tuple(found))
    if not made.used:
        reasons = "; ".join(f"{part.name}: {part.reason}" for part in made.parts[:3])
        got = f"no column to compare rows by ({reasons or 'none besides the label'})"
        raise validate.fail("table", got, "at least one", "name one by --keep, or add one")
    if 8 * len(made.features) * len(table.numbers) > MOST:
        got = f"{len(made.features)} features of {len(table.numbers)} rows"
        raise validate.fail("keep", got, "at most 1 GiB of features", "keep fewer levels or rows")
    return made


def missing(table: Columns, encoding: Encoding) -> list[int]:
    """Places from 0 of the rows that lack a cell of a column that is used."""
    used = [table[part.name] for part in encoding.used]
    return [row for row, cells in enumerate(zip(*used)) if None in cells]


def check_whole(table: Columns, encoding: Encoding) -> None:
    """Refuse missing cells of columns that are used: the first is named, and how many there are."""
    _refuse_missing({part.name: table[part.name] for part in encoding.used}, table.numbers)


def _is_numeric(name: str, held: list[Cell], numbers: list[int]) -> bool:
    """Whether a column is one of numbers; refuse a few texts among many numbers."""
    texts = [place for place, cell in enumerate(held) if number(cell) is None]
    if not texts:
        return True
    got = f"the text {held[texts[0]]!r} in column {name}, row {numbers[texts[0]]}"
    fix = f"correct it, take all as names (--category {name}) or leave it out (--drop {name})"
    if all(COMMAS.fullmatch(str(held[place])) for place in texts):
        expected = "a number: a comma may be its decimal point, or part thousands"
        raise validate.fail("table", got, expected, fix)
    if 2 * len(texts) >= len(held):
        return False
    expected = f"a number, as {len(held) - len(texts)} of its {len(held)} cells are"
    raise validate.fail("table", got, expected, fix)


def _of_numbers(name: str, held: list[Cell], numbers: list[int], kept: bool) -> Part:
    values = _numbers(name, held, numbers)
    low, high = values.min(), values.max()
    middle = low / 2 + high / 2
    reach = max(high / 2 - middle / 2, middle / 2 - low / 2)
    if reach <= SAME * abs(middle) / 2 or low == high:
        return _out(name, f"it is {spelled(float(low))} in every row")
    if not kept and (reason := _naming(name, values)):
        return _out(name, reason)
    exponent = int(np.frexp(reach)[1]) + 1
    units = np.ldexp(values, -exponent) - np.ldexp(middle, -exponent)
    mean = float(units.mean())
    deviation = float(np.sqrt(((units - mean) ** 2).mean()))
    return Part(name, NUMBER, float(middle), exponent, mean, deviation)


def _naming(name: str, values: np.ndarray) -> str:
    """Why numbers seem to name the rows, or nothing."""
    if len(values) < COUNTED or (values != np.round(values)).any():
        return ""
    if len(np.unique(values)) < len(values):
        return ""
    if values.max() - values.min() == len(values) - 1:
        return f"it numbers the rows (--keep {name} to use it)"
    word = name.lower().replace("-", "_").replace(" ", "_").rpartition("_")[2]
    named = word in NAMES or name.endswith(("Id", "ID"))
    return f"by its name and numbers it names the rows (--keep {name} to use it)" if named else ""


def _of_texts(name: str, held: list[Cell], most: int, kept: bool) -> Part:
    numeric = alike(held)
    found = {named_alike(cell) if numeric else spelled(cell) for cell in held}
    levels = tuple(in_order(found))
    if len(levels) == 1:
        return _out(name, f"it is {levels[0]} in every row")
    if not kept and (len(levels) > most or 2 * len(levels) > len(held)):
        what = f"{len(levels)} different texts in {len(held)} rows"
        return _out(name, f"{what}, names or free text (--keep {name} to encode it)")
    return Part(name, CATEGORY, levels=levels, numeric=numeric)


def _out(name: str, reason: str) -> Part:
    return Part(name, LEFT_OUT, reason=reason)


def _numbers(name: str, cells: list[Cell], rows: Sequence[int]) -> np.ndarray:
    found = [number(cell) for cell in cells]
    for value, cell, row in zip(found, cells, rows):
        if value is None or not math.isfinite(value):
            what = f"the text {cell!r}" if value is None else spelled(cell)
            got = f"{what} in column {name}, row {row}"
            fix = f"correct it, or leave out its row or the column (--drop {name})"
            raise validate.fail("table", got, "a finite number", fix)
    return np.array(found, float)


def _refuse_missing(columns: dict[str, list[Cell]], numbers: Sequence[int]) -> None:
    holes = {
        name: [row for row, cell in zip(numbers, cells) if cell is None]
        for name, cells in columns.items()
    }
    holes = {name: rows for name, rows in holes.items() if rows}
    if not holes:
        return
    name, rows = next(iter(holes.items()))
    total, lacking = (
        sum(map(len, holes.values())),
        len({r for rows in holes.values() for r in rows}),
    )
    got = f"a missing value in column {name}, row {rows[0]}"
    if total > 1:
        got += f" ({total} in {lacking} rows, columns {shortened(list(holes))})"
    fix = f"fill it ({MISSING_ARE}), or leave out such rows (--drop-missing)"
    fix += f" or the column (--drop {name})"
    raise validate.fail("table", got, "a value in every cell", fix)


def _strange(part: Part, cells: list[Cell], numbers: Sequence[int], unknown: np.ndarray):
    place = int(np.flatnonzero(unknown)[0])
    got = f"{spelled(cells[place])!r} in column {part.name}, row {numbers[place]}"
    expected = f"one of {shortened(part.levels)}"
    return validate.fail("table", got, expected, "encode with strangers=True, or leave it out")
