"""Cells as names: of classes, of a category's levels; and lists of names in a line."""

from __future__ import annotations

from collections.abc import Sequence

from diversity_jax.columns import Cell, number, spelled

TOLD = 6  # levels or names that a line shows


def alike(cells: Sequence[Cell]) -> bool:
    """Whether all are numbers as numbers are written, of which 1, 1.0 and "1" are one.

    "01", "1.50" or "1e3" are names: a code or a version need not be what it is as a number.
    """
    return all(number(cell) is not None and _round_trips(cell) for cell in cells)


def named_alike(cell: Cell) -> str:
    """A cell as text, a text that a number is written as like that number."""
    text = isinstance(cell, str) and number(cell) is not None and _round_trips(cell)
    return spelled(number(cell) if text else cell)


def _round_trips(cell: Cell) -> bool:
    return not isinstance(cell, str) or cell in (spelled(number(cell)), repr(number(cell)))


def in_order(names: set[str]) -> list[str]:
    """Names that are all numbers by their size, others by the alphabet."""
    numeric = all(number(name) is not None for name in names)
    return sorted(names, key=lambda text: (float(text) if numeric else 0.0, text))


def shortened(names: Sequence[str]) -> str:
    """Names with commas; of many the first, and how many more."""
    more = f" and {len(names) - TOLD} more" if len(names) > TOLD + 1 else ""
    return ", ".join(names if not more else names[:TOLD]) + more
