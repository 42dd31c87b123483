"""The table of rules: what each keeps, beside random subsets; as data, as text, as a page."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
import numpy.typing as npt

from diversity_jax.selection import measures, rules
from diversity_jax.selection.offered import ALL, FRACTION
from diversity_jax.selection.pool import Problem
from diversity_jax.selection.rules import RULES

CHANCE = f"at random ({measures.DRAWS} draws)"
WIDTH = 110  # of notes in plain text
HEADS = {
    "vendi": "Vendi",
    "mean_distance": "mean distance",
    "radius": "radius",
    "effective_domains": "effective domains",
}
NOTES = (
    "Vendi: effective number of different rows by cosine. Distances: Euclidean, from a point to "
    "the nearest kept one, 0 for kept points; radius: the largest.",
    f"Intervals: lowest and highest of {measures.DRAWS} random subsets of the same size. One more "
    "random subset lies within with chance 95%, column by column; * marks what lies outside.",
)


@dataclass(frozen=True)
class Table:
    """Rows kept by each rule, what they look like, chance beside it, and rules left out."""

    kept: dict[str, np.ndarray]
    rows: dict[str, dict[str, Any]]
    chance: dict[str, dict[str, float]]
    left_out: dict[str, str]
    about: dict[str, Any]

    def __str__(self) -> str:
        return as_text(self)


def compare(
    embeddings: npt.ArrayLike,
    labels: npt.ArrayLike | None = None,
    *,
    rule: str | tuple[str, ...] = ALL,
    fraction: float | None = None,
    number: int | None = None,
    progress: Callable[[int, int, str], None] | None = None,
    **options: Any,
) -> Table:
    """Choose by one rule, some or ``"all"``, and measure; `print` shows the table.

    Keeps `number` rows, or a `fraction` of them (default 0.2). `options` go to `Problem`: domains,
    seed, raw, length_scale. Among several rules one that cannot be run is left out, with the
    reason.

    Errors: ValueError as for `Problem` and `rules.choose`.
    """
    if fraction is None and number is None:
        fraction = FRACTION
    problem = Problem(embeddings, labels, fraction=fraction, number=number, **options)
    alone = isinstance(rule, str) and rule != ALL
    names = (rule,) if isinstance(rule, str) else rule
    names = tuple(RULES) if rule == ALL else names
    kept, rows, left_out = {}, {}, {}
    for place, name in enumerate(names):
        try:
            kept[name], objective = rules.choose(name, problem)
        except ValueError as error:
            # Of several rules one may not fit the data; what is no refusal is a fault.
            if alone or name not in RULES or ": got " not in str(error):
                raise
            left_out[name] = str(error)
            continue
        rows[name] = _row(problem, name, kept[name], objective)
        if progress:
            progress(place, len(names), "select")
    chance = measures.at_random(problem)
    if progress:
        progress(len(names), len(names), "select")
    return Table(kept, rows, chance, left_out, _about(problem))


def _row(problem: Problem, rule: str, kept: np.ndarray, objective: float | None) -> dict[str, Any]:
    row: dict[str, Any] = {
        "kept": len(kept),
        "objective": objective,
        "objective_is": RULES[rule].objective,
        **measures.measure(problem, kept),
    }
    if problem.labels is not None:
        row["shares"] = measures.shares(problem, kept).tolist()
    return row


def _about(problem: Problem) -> dict[str, Any]:
    """What was chosen from."""
    about: dict[str, Any] = {
        "points": problem.size,
        "dimension": problem.points.shape[1],
        "number": problem.number,
        "measured": min(problem.size, measures.MEASURED),
        "draws": measures.DRAWS,
    }
    if problem.labels is not None:
        about["labels"] = "pseudo (k-means)" if problem.pseudo else "given"
        about["shares"] = measures.shares(problem, np.arange(problem.size)).tolist()
    return about


def as_text(table: Table) -> str:
    """The table in plain text, notes below."""
    lines = [_heads(table), *_cells(table)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(lines[0]))]
    shown = [
        "  ".join(
            cell.ljust(width) if not place else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(line, widths))
        ).rstrip()
        for line in lines
    ]
    notes = [textwrap.fill(note, WIDTH, subsequent_indent="  ") for note in _notes(table)]
    return "\n".join([title(table), "", *shown, "", *notes])


def as_page(table: Table) -> str:
    """The table as one HTML page that needs nothing else."""
    head = "".join(f"<th>{escape(cell)}</th>" for cell in _heads(table))
    body = "\n".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in line) + "</tr>"
        for line in _cells(table)
    )
    notes = "\n".join(f"<p>{escape(note)}</p>" for note in _notes(table))
    return _PAGE.format(title=escape(title(table)), head=head, body=body, notes=notes)


def title(table: Table) -> str:
    """How many of how many rows were kept."""
    about = table.about
    return f"{about['number']} of {about['points']} rows kept, {about['dimension']} dimensions"


def _heads(table: Table) -> list[str]:
    return [
        "rule",
        "kept",
        "objective",
        *(HEADS[name] for name in table.chance),
        *_share_head(table),
    ]


def _share_head(table: Table) -> list[str]:
    return ["shares of domains"] if "shares" in table.about else []


def _cells(table: Table) -> list[list[str]]:
    """Chance first, then a line per rule."""
    ranges = [
        f"{at['mean']:.4g} [{at['low']:.4g}, {at['high']:.4g}]" for at in table.chance.values()
    ]
    lines = [[CHANCE, str(table.about["number"]), "", *ranges, *_shares(table.about)]]
    for rule, row in table.rows.items():
        objective = "" if row["objective"] is None else f"{row['objective']:.5g}"
        marked = [_marked(row[name], chance) for name, chance in table.chance.items()]
        lines.append([rule, str(row["kept"]), objective, *marked, *_shares(row)])
    return lines


def _shares(row: dict[str, Any]) -> list[str]:
    return [" ".join(f"{share:.2f}" for share in row["shares"])] if "shares" in row else []


def _marked(value: float, chance: dict[str, float]) -> str:
    slack = 1e-9 * abs(value)  # sums in another order
    outside = not chance["low"] - slack <= value <= chance["high"] + slack
    return f"{value:.4g}{'*' if outside else ' '}"


def _notes(table: Table) -> list[str]:
    about, notes = table.about, list(NOTES)
    named = [f"{rule}: {row['objective_is']}" for rule, row in table.rows.items()]
    notes.append(f"Objectives, each on a scale of its own: {'; '.join(named)}.")
    if about["measured"] < about["points"]:
        notes.append(f"Distances: of {about['measured']} points drawn at random.")
    if "labels" in about:
        notes.append(f"Labels: {about['labels']}. Shares at random: those of all rows.")
    wanting = [rule for rule in table.left_out if RULES[rule].labelled and "labels" not in about]
    if wanting:
        mend = "pass labels, or a number of domains for pseudo labels"
        notes.append(f"Left out, since they need labels: {', '.join(wanting)}; {mend}.")
    others = {rule: why for rule, why in table.left_out.items() if rule not in wanting}
    return notes + [f"Left out: {rule}: {why}." for rule, why in others.items()]


_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{title}</title>
<style>
body {{ font: 15px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 95em; padding: 0 1em }}
div {{ overflow-x: auto }}
table {{ border-collapse: collapse; font-variant-numeric: tabular-nums }}
td, th {{ border-bottom: 1px solid #ccc; padding: .3em .7em; text-align: right; white-space: pre }}
td:first-child, th:first-child {{ text-align: left }}
tr:nth-child(2) {{ background: #eee }}
</style>
<h1>{title}</h1>
<div><table>
<tr>{head}</tr>
{body}
</table></div>
{notes}
</html>
"""
