"""Cells that are numbers, and whether the commas of texts are their decimal points."""

from __future__ import annotations

import re

Cell = float | int | str | None
# A number to people, but not which: 1,068 may be 1068 or 1.068.
THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+")
COMMAS = re.compile(r"[+-]?(\d+,\d+|\d{1,3}(,\d{3})+(\.\d*)?|\d{1,3}(\.\d{3})+,\d+)")


def number(cell: Cell) -> float | None:
    """None for text, and for what Python alone reads as a number, like 1_000."""
    if not isinstance(cell, str):
        return None if cell is None else float(cell)
    try:
        return None if "_" in cell else float(cell)
    except ValueError:
        return None


def with_points(columns: tuple[list[Cell], ...]) -> list[list[Cell] | None]:
    """Columns with points for commas, None for those whose commas are no decimal ones for sure."""
    changed = [_decimal(column) for column in columns]
    texts = [[cell for cell in column if isinstance(cell, str)] for column in columns]
    doubtful = [
        all(THOUSANDS.fullmatch(cell) for cell in column if "," in cell) for column in texts
    ]
    shown = any(new is not None and not doubt for new, doubt in zip(changed, doubtful))
    points = any("." in cell and number(cell) is not None for column in texts for cell in column)
    sure = shown and not points
    return [new if sure or not doubt else None for new, doubt in zip(changed, doubtful)]


def _decimal(column: list[Cell]) -> list[Cell] | None:
    """Cells with points for commas, or None where that does not make all of them numbers."""
    if not any(isinstance(cell, str) and "," in cell for cell in column):
        return None
    changed = [cell.replace(",", ".") if isinstance(cell, str) else cell for cell in column]
    sound = all(cell is None or number(cell) is not None for cell in changed)
    return list(changed) if sound else None
