"""A column of labels as classes: their names, and each row's place among them."""

from __future__ import annotations

import numpy as np

from diversity_jax import validate
from diversity_jax.columns import Cell, number, spelled
from diversity_jax.graph_learning.naming import alike, in_order, named_alike, shortened
from diversity_jax.graph_learning.offered import CLASSES

LEAST = 4  # rows: two of two classes
MOST = 1000  # classes, each a column of the solve


def classes(
    argument: str, cells: list[Cell], what: str, *, named: bool = False
) -> tuple[tuple[str, ...], np.ndarray]:
    """The classes' names, numbers in their order, and each row's place among them `[n]`.

    1, 1.0 and "1" are one class, unless a text like "01" among them shows that they are names, not
    numbers: then all are as they are written. `what` is what to call the column in an error;
    `named` takes numbers as names, however many there are.

    Errors: ValueError for one class only, more classes than half the rows, more than 50 different
    numbers or 1000 texts.
    """
    if None in cells:
        got = f"{what} with a missing label in row {cells.index(None) + 1}"
        raise validate.fail(argument, got, "a label in every row", "leave out such rows")
    numeric = all(number(cell) is not None for cell in cells)
    together = alike(cells)
    called = [named_alike(cell) if together else spelled(cell) for cell in cells]
    names = in_order(set(called))
    if len(names) < 2:
        got, fix = f"{what} of one class only, {names[0]!r}", "choose one of two or more classes"
        raise validate.fail(argument, got, "at least two classes", fix)
    many = numeric and not named and len(names) > CLASSES
    if many or 2 * len(names) > len(cells) or len(names) > MOST:
        kind = "numbers" if numeric else "texts"
        got = f"{what} of {len(names)} different {kind} in {len(cells)} rows"
        fix = "cut numbers into classes, or choose another column"
        if many and argument == "label":
            fix += "; --category with its name takes them as names"
        raise validate.fail(argument, got, "classes of some rows each", fix)
    place = {name: at for at, name in enumerate(names)}
    return tuple(names), np.array([place[name] for name in called])


def places(argument: str, cells: list[Cell], names: tuple[str, ...]) -> np.ndarray:
    """Each row's place among classes that are known `[m]`.

    Errors: ValueError for a label that is none of them, or missing.
    """
    numeric = all(number(name) is not None and spelled(number(name)) == name for name in names)
    place = {name: at for at, name in enumerate(names)}
    called = [named_alike(cell) if numeric else spelled(cell) for cell in cells]
    strange = [row for row, name in enumerate(called) if name not in place]
    if strange:
        row = strange[0]
        shown = "a missing label" if cells[row] is None else repr(called[row])
        fix = "fit to rows of all classes, or leave it out"
        raise validate.fail(
            argument, f"{shown} in row {row + 1}", f"one of {shortened(names)}", fix
        )
    return np.array([place[name] for name in called])


def check_enough(argument: str, rows: int) -> None:
    """Refuse fewer rows than two of two classes."""
    if rows < LEAST:
        got = f"{rows} row{'s' if rows > 1 else ''}"
        fix = "labels are judged by those of other rows"
        raise validate.fail(argument, got, f"at least {LEAST} rows", fix)
