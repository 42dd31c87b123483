"""A ranking of rows in plain text and as a page that needs nothing else."""

from __future__ import annotations

import textwrap
from collections import Counter
from html import escape
from typing import TYPE_CHECKING, Any

from diversity_jax.graph_learning import tables
from diversity_jax.graph_learning.naming import shortened
from diversity_jax.graph_learning.offered import SCORES, WHOLE

if TYPE_CHECKING:
    from diversity_jax.graph_learning.tables import Found

WIDTH = 110  # of notes in plain text
LONGEST = 24  # letters of a name or label that are shown
GIVEN = -3  # the column of what the graph gives
FEW = 5  # rows of a class below which neighbours of its own are hard to find
MEASURED = (
    "Tried on tables with 3% of labels switched at random, what share of the first 3% of rows were "
    "switched ones (ten draws, mean): scikit-learn's breast cancer soft .76, left-out .86, "
    "neighbours .85; wine .98, .92, .90; digits .94, .92, .90. No score is best everywhere."
)


def title(found: Found) -> str:
    """Of what this is the ranking."""
    return f"Unusual values of {found.label} in {len(found.labels)} rows"


def heads(found: Found) -> list[str]:
    """Names of the columns of the top rows."""
    name = ["name"] if found.names is not None else []
    span = "range" if found.options["score"] == "soft" else "range of soft"
    told = ["score", span, "graph gives", "neighbours of others", "nearest of others"]
    return ["row", *name, found.label, *told]


def lines(found: Found) -> list[list[str]]:
    """The top rows under `heads`, as text."""
    return [
        _line(found, record, near)
        for record, near in zip(tables.records(found, len(found.nearest)), found.nearest)
    ]


def _line(found: Found, record: dict[str, Any], near: tuple) -> list[str]:
    name = [_cut(record["name"])] if "name" in record else []
    seen = record["lowest"] is not None
    span = f"{record['lowest']:.2f} to {record['highest']:.2f}" if seen else "not looked at"
    other = ", ".join(
        f"{found.numbers[row]} ({_cut(str(found.labels[row]))}, {far:.2f})" for row, far in near
    )
    return [
        str(record["row"]),
        *name,
        _cut(record["label"]),
        f"{record['score']:.3f}",
        span,
        _cut(record["graph_label"] or "not looked at"),
        f"{record['neighbours']:.0%}",
        other,
    ]


def notes(found: Found) -> list[str]:
    """What was done to the table, what the columns mean, and how far to trust the order."""
    sizes = Counter(found.labels.tolist())
    counted = [f"{_cut(name)} ({sizes[name]})" for name in found.classes]
    told = [f"Classes: {shortened(counted)}."]
    told += [f"Read as {'; '.join(found.noticed)}."] if found.noticed else []
    told += found.encoding.lines()
    if found.left_out:
        rows = shortened([str(row) for row in found.left_out])
        told.append(f"Left out for missing cells: {_rows(len(found.left_out))} ({rows}).")
    small = [_cut(name) for name in found.classes if sizes[name] < FEW]
    if small:
        told.append(
            f"Fewer than {FEW} rows: {shortened(small)}. Their own neighbours are mostly of other "
            "classes, so such rows come first whatever they are."
        )
    options, bounds = found.options, found.judged.bounds
    told += [
        f"Each row is joined to its {options['neighbours']} nearest by Euclidean distance of the "
        "features, and weights fall with distance in units of the rows' own scales; a row's label "
        f"weighs {options['confidence']:g} against neighbours that weigh 1 on average "
        f"(regularisation {options['regularisation']:g}).",
        f"Score ({options['score']}): {SCORES[options['score']]}. "
        + (
            f"It lies within {bounds[0]:.3g} and {bounds[1]:.3g} on any graph."
            if options["score"] != "neighbours"
            else "From none to all."
        ),
        "Range: the least and the largest soft score that this row could have on this graph, were "
        "the other rows labelled otherwise; it is largest where all of them have other labels.",
        "Graph gives: the class found without the row's own label. Neighbours of others: the share "
        "of its neighbours, by weight, that have another label. Nearest of others: the nearest "
        "rows with another label, as row (label, distance in standard deviations).",
        MEASURED,
        "Unusual is not wrong: look at the rows.",
    ]
    if not found.judged.seen.all():
        looked = int(found.judged.seen.sum())
        told.append(
            f"Above {WHOLE} rows only the {looked} most unusual are looked at without their own "
            "labels; the score left-out does so for all."
        )
    if not found.judged.converged:
        told.append("A solve did not reach its tolerance: the last digits are uncertain.")
    return told


def as_text(found: Found) -> str:
    """The top rows in plain text, notes below."""
    table = [heads(found), *lines(found)]
    widths = [max(len(line[place]) for line in table) for place in range(len(table[0]))]
    shown = [
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in table
    ]
    told = [textwrap.fill(note, WIDTH, subsequent_indent="  ") for note in notes(found)]
    return "\n".join([title(found), "", *shown, "", *told])


def as_part(found: Found) -> str:
    """The top rows and notes as a part of a page, for notebooks."""
    head = "".join(f"<th>{escape(cell)}</th>" for cell in heads(found))
    verdict, top = found.judged, found.order[: len(found.nearest)]
    given = [found.classes[place] if place >= 0 else None for place in verdict.given[top]]
    differ = [name not in (None, own) for name, own in zip(given, found.labels[top])]
    body = "\n".join(_marked(line, at) for line, at in zip(lines(found), differ))
    told = "\n".join(f"<p>{escape(note)}</p>" for note in notes(found))
    return f"<div><table>\n<tr>{head}</tr>\n{body}\n</table></div>\n{told}"


def as_page(found: Found) -> str:
    """The top rows as one HTML page that needs nothing else."""
    return _PAGE.format(title=escape(title(found)), part=as_part(found))


def as_report(found: Found) -> dict[str, Any]:
    """The top rows, what was done to the columns, and options, as data."""
    top = tables.records(found, len(found.nearest))
    for line, near in zip(top, found.nearest):
        line["nearest_of_others"] = [
            {"row": int(found.numbers[row]), "label": found.labels[row], "distance": far}
            for row, far in near
        ]
    sizes = Counter(found.labels.tolist())
    return {
        "about": title(found),
        "rows": len(found.labels),
        "classes": {name: sizes[name] for name in found.classes},
        "columns": [
            {"name": part.name, "became": part.kind, "levels": part.levels, "reason": part.reason}
            for part in found.encoding.parts
        ],
        "left_out_rows": list(found.left_out),
        "noticed": list(found.noticed),
        "options": found.options,
        "bounds": list(found.judged.bounds),
        "top": top,
    }


def _marked(line: list[str], differs: bool) -> str:
    """A row of the page; what the graph gives is bold where it is another class than the label."""
    cells = [f"<td>{escape(cell)}</td>" for cell in line]
    if differs:
        cells[GIVEN] = f"<td><strong>{escape(line[GIVEN])}</strong></td>"
    return "<tr>" + "".join(cells) + "</tr>"


def _rows(number: int) -> str:
    return f"{number} row{'s' if number > 1 else ''}"


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width">
<style>
body {{ font: 15px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 72em; padding: 0 1em }}
div {{ overflow-x: auto }}
table {{ border-collapse: collapse; font-variant-numeric: tabular-nums }}
td, th {{ border-bottom: 1px solid #ccc; padding: .2em .7em; text-align: left }}
th {{ vertical-align: bottom }}
td:not(:last-child) {{ white-space: nowrap }}
p {{ max-width: 50em }}
</style>
<h1>{title}</h1>
{part}
</html>
"""
