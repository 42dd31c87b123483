"""Labels of one's own table that are unusual given the rest: a ranking of its rows.

    found = tables.detect("FILE.csv", label="COLUMN")
    print(found)                    # the top rows; in a notebook `found` shows them as a table
    tables.records(found)           # all rows, the most unusual first

Columns become features (`encoding`), rows a graph (`judged`), and a row's label is as unusual as
the labels of the rows around it, and around those, say.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from diversity_jax import columns as _columns
from diversity_jax import validate
from diversity_jax.columns import MISSING_ARE, Cell, Columns, spelled
from diversity_jax.graph_learning import encoding as _encoding
from diversity_jax.graph_learning import judged, labelling
from diversity_jax.graph_learning.encoding import Encoding
from diversity_jax.graph_learning.offered import (
    CONFIDENCE,
    LEVELS,
    NEIGHBOURS,
    REGULARISATION,
    SCORES,
    SHOWN,
    TOP,
)

FIX = f"fill it ({MISSING_ARE}), or leave out such rows (--drop-missing, drop_missing=True)"


@dataclass(frozen=True)
class Found:
    """The rows of a table in the order of how unusual their labels are.

    `numbers` `[n]` are the rows' own, counted from 1, `names` what the column of names calls them;
    `labels` `[n]` their classes' names and `classes` all of those. `order` `[n]` holds places from
    0, the most unusual first; `scores` `[n]` is what it goes by. `judged` has all scores. `nearest`
    are, for each of the first `top` of `order`, places and distances of the nearest rows of another
    label. `left_out` are the numbers of rows that lacked a cell.
    """

    label: str
    numbers: np.ndarray
    names: tuple[str, ...] | None
    labels: np.ndarray
    classes: tuple[str, ...]
    order: np.ndarray
    scores: np.ndarray
    judged: judged.Judged
    nearest: tuple[tuple[tuple[int, float], ...], ...]
    left_out: tuple[int, ...]
    encoding: Encoding
    noticed: tuple[str, ...]
    options: dict[str, Any]

    def __str__(self) -> str:
        from diversity_jax.graph_learning import pages

        return pages.as_text(self)

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        from diversity_jax.graph_learning import pages

        return pages.as_part(self)


def detect(
    table: object,
    *,
    label: str,
    identifier: str | None = None,
    drop: tuple[str, ...] = (),
    keep: tuple[str, ...] = (),
    categories: tuple[str, ...] = (),
    levels: int = LEVELS,
    drop_missing: bool = False,
    neighbours: int = NEIGHBOURS,
    confidence: float = CONFIDENCE,
    regularisation: float = REGULARISATION,
    score: str = "soft",
    top: int = TOP,
) -> Found:
    """How unusual the label of each row of a table is, given the rest; `print` shows the top rows.

    `table` is the name of a .csv, .tsv or .parquet file, a frame, a mapping of columns, or an array
    `[n, d]` with columns "0", "1", ... `identifier` is a column that names the rows. `drop`,
    `keep`, `categories` and `levels` are for what becomes of columns (`encoding.fit`); rows with
    missing cells are refused, or left out by `drop_missing`. `score` is what the order goes by.

    Errors: ValueError in one line for whatever is no such table or no column of it, missing cells,
    a label of one class or of very many numbers, fewer than four rows.
    Cost: that of the nearest rows (n log n up to 8 features, n^2 d above), n^3 operations up to
    6,000 rows, and a solve for each of 128 rows and each class above them. With ``score``
    "left-out" every row is looked at: n solves of a large table.
    """
    validate.choice("score", score, tuple(SCORES))
    validate.integer("top", top, "show some rows", least=1)
    whole = _columns.given("table", table, named=label)
    validate.choice("label", label, whole.names)
    if identifier is not None:
        validate.choice("identifier", identifier, whole.names)
        if identifier == label:
            raise validate.fail("identifier", repr(identifier), "another column", "leave it out")
    for name in drop:
        validate.choice("drop", name, whole.names)
        if name == label:
            raise validate.fail("drop", f"the label, {name!r}", "other columns", "leave it out")
    rows, how, left_out = _encoded(
        whole, label, (*drop, *([identifier] if identifier else [])),
        keep, categories, levels, drop_missing,
    )  # fmt: skip
    named = label in categories
    names, places = labelling.classes("label", rows[label], f"column {label}", named=named)
    points = how.encode(rows)
    made = judged.graph(points, neighbours)
    found = judged.judge(
        made.affinity, places, confidence=confidence, regularisation=regularisation,
        everywhere=score == "left-out", top=top,
    )  # fmt: skip
    scores = found.by(score)
    order = np.argsort(-scores, kind="stable")
    called = None if identifier is None else tuple(map(_called, rows[identifier]))
    return Found(
        label=label,
        numbers=np.array(rows.numbers),
        names=called,
        labels=np.array(names, object)[places],
        classes=names,
        order=order,
        scores=scores,
        judged=found,
        nearest=tuple(_disagreeing(points, places, int(row)) for row in order[:top]),
        left_out=left_out,
        encoding=how,
        noticed=rows.noticed,
        options={
            "neighbours": min(neighbours, len(points) - 1),
            "confidence": float(confidence),
            "regularisation": float(regularisation),
            "score": score,
        },
    )


def records(found: Found, number: int | None = None) -> list[dict[str, Any]]:
    """A dictionary per row, the most unusual first: its label, scores and what the graph gives.

    ``None`` stands where a row of a large table was not looked at without its own label.
    """
    verdict, lines = found.judged, []
    for rank, row in enumerate(found.order[:number].tolist(), 1):
        line: dict[str, Any] = {"rank": rank, "row": int(found.numbers[row])}
        if found.names is not None:
            line["name"] = found.names[row]
        given, seen = verdict.given[row], verdict.seen[row]
        lines.append({
            **line,
            "label": found.labels[row],
            "graph_label": found.classes[given] if given >= 0 else ("none" if seen else None),
            "score": float(found.scores[row]),
            "soft": float(verdict.soft[row]),
            "lowest": float(verdict.lowest[row]) if seen else None,
            "highest": float(verdict.highest[row]) if seen else None,
            "left_out": float(verdict.left_out[row]) if seen else None,
            "neighbours": float(verdict.neighbours[row]),
        })  # fmt: skip
    return lines


def _encoded(
    whole: Columns,
    label: str,
    aside: tuple[str, ...],
    keep: tuple[str, ...],
    categories: tuple[str, ...],
    levels: int,
    drop_missing: bool,
) -> tuple[Columns, Encoding, tuple[int, ...]]:
    """Rows that have all cells, how their columns are encoded, and the numbers of the others."""
    chosen = tuple(name for name in categories if name != label)
    labelling.check_enough("table", len(whole.numbers))
    rows, how = whole, _fitted(whole, label, aside, keep, chosen, levels)
    lacking = set(_encoding.missing(whole, how))
    lacking |= {row for row, cell in enumerate(whole[label]) if cell is None}
    if drop_missing and lacking:
        rows = whole.rows([row for row in range(len(whole.numbers)) if row not in lacking])
        if not rows.numbers:
            got = f"{len(lacking)} rows that all lack a cell"
            raise validate.fail("table", got, "some whole rows", "drop the emptiest columns")
        how = _fitted(rows, label, aside, keep, chosen, levels)
    elif None in whole[label]:
        holes = [row for row, cell in zip(whole.numbers, whole[label]) if cell is None]
        got = f"a missing value in column {label}, row {holes[0]} ({len(holes)} in all)"
        raise validate.fail("label", got, "a label in every row", FIX)
    else:
        _encoding.check_whole(whole, how)
    labelling.check_enough("table", len(rows.numbers))
    return rows, how, tuple(whole.numbers[row] for row in sorted(lacking))


def _fitted(
    rows: Columns, label: str, aside: tuple[str, ...], keep: Any, *options: Any
) -> Encoding:
    categories, levels = options
    features = rows.without(label, *aside)
    return _encoding.fit(features, keep=keep, categories=categories, levels=levels)


def _called(cell: Cell) -> str:
    return "" if cell is None else spelled(cell)


def _disagreeing(points: np.ndarray, classes: np.ndarray, row: int) -> tuple:
    """Places and distances of the nearest rows of another class, ties by place."""
    other = np.flatnonzero(classes != classes[row])
    far = np.sqrt(((points[other] - points[row]) ** 2).sum(1))
    first = np.argsort(far, kind="stable")[:SHOWN]
    return tuple((int(other[at]), float(far[at])) for at in first)
