"""Cluster the rows of your own table: the convex clustering path, certified at every point."""

from __future__ import annotations

import argparse
import base64
import csv
import io
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diversity_jax.commands import entry, keeping, reading
from diversity_jax.convex_clustering.offered import DECAY, FAINTEST, GAMMAS, NEIGHBOURS, TOLERANCE

if TYPE_CHECKING:
    import numpy as np

    from diversity_jax.convex_clustering.tables import Clustering

PROGRAM = "python -m diversity_jax cluster"
PAGE, PATH, LABELS = "report.html", "path.csv", "labels.npy"
CHOSEN, FIGURE = "clusters.csv", "path.png"
FILES = {keeping.REPORT, PAGE, PATH, LABELS, CHOSEN, FIGURE}


def parser(program: str = PROGRAM) -> argparse.ArgumentParser:
    """The options of `cluster`."""
    arguments = entry.Parser(
        prog=program,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Convex clustering of the rows of a table, from single rows to one cluster.\n"
        f"Writes {PATH} (gamma, objective, gap, clusters), {LABELS} ([gammas, rows]),\n"
        f"{CHOSEN} (each row's cluster at the gamma suggested), {FIGURE}, {PAGE} and\n"
        f"{keeping.REPORT}, and prints the path.",
        epilog="Columns are taken as they are unless --standardise; a first line of a .csv\n"
        "without any number holds their names. Edges join each row to its nearest ones, and\n"
        "components by their shortest edges; an edge of length d weighs exp(-decay d^2 / median\n"
        f"d^2), at least {FAINTEST}. A folder that holds another clustering is refused without\n"
        "--again.",
    )
    arguments.add_argument(
        "--table", type=entry.named, required=True, help="a .csv, .npy or .parquet file of numbers"
    )
    arguments.add_argument(
        "--drop",
        action="append",
        default=[],
        metavar="COLUMN",
        help="leave a column out (may be repeated)",
    )
    arguments.add_argument(
        "--standardise", action="store_true", help="give every column mean 0 and deviation 1"
    )
    arguments.add_argument(
        "--neighbours", type=int, default=NEIGHBOURS, help=f"of each row (default {NEIGHBOURS})"
    )
    arguments.add_argument("--norm", default="l2", help="of the penalty: l1, l2 or linf (l2)")
    arguments.add_argument("--decay", type=float, default=DECAY, help=f"of weights ({DECAY})")
    arguments.add_argument("--gammas", type=int, default=GAMMAS, help=f"how many ({GAMMAS})")
    arguments.add_argument(
        "--tolerance",
        type=float,
        default=TOLERANCE,
        help=f"gap over |rows - mean|^2 / 2 ({TOLERANCE:g})",
    )
    arguments.add_argument("--out", type=entry.folder, help="folder to write to (clustered/FILE)")
    arguments.add_argument("--again", action="store_true", help="replace a clustering there")
    return arguments


def main(words: list[str], *, program: str = PROGRAM) -> int:
    """Read, solve, write, print; ValueError or OSError with one line for what cannot be."""
    options = parser(program).parse_args(words)
    out = options.out or Path("clustered") / Path(options.table).stem
    keeping.check_folder(out)
    table = reading.table("table", options.table, drop=tuple(options.drop))
    values = _standardised(table) if options.standardise else table.values
    identity = _identity(options, values)
    if not options.again and keeping.up_to_date(out, identity, FILES, "clustering"):
        print(f"{out}: up to date (--again solves all the same)")
        return 0
    from diversity_jax import files
    from diversity_jax.commands import progress
    from diversity_jax.convex_clustering import tables

    files.check_writable(out, keep=False)
    with progress.bar("gammas") as show:
        found = tables.cluster(
            values, neighbours=options.neighbours, norm=options.norm, decay=options.decay,
            gammas=options.gammas, tolerance=options.tolerance,
            progress=lambda done, total: show(done, total, "cluster"),
        )  # fmt: skip
    _write(out, identity, found)
    print(tables.as_text(found))
    print(f"\n{out}")
    return 0


def _standardised(table: reading.Table) -> np.ndarray:
    from diversity_jax import validate

    even = table.values.max(axis=0) == table.values.min(axis=0)
    flat = [column for column, same in zip(table.columns, even) if same]
    if flat:
        got = f"column {flat[0]}, which is the same in every row"
        fix = f"pass --drop {flat[0]}"
        raise validate.fail("table", got, "columns that vary, to standardise them", fix)
    # In units of its largest entry, so that no square over- or underflows.
    centred = table.values - table.values.mean(axis=0)
    unit = centred / abs(centred).max(axis=0)
    return unit / unit.std(axis=0)


def _identity(options: argparse.Namespace, values: np.ndarray) -> dict[str, Any]:
    """All that decides the numbers."""
    from diversity_jax import files, fingerprint

    left = ("table", "drop", "out", "again")
    given = {name: value for name, value in vars(options).items() if name not in left}
    return files.plain({
        **given,
        "rows": keeping.checksum(values),
        "fingerprint": fingerprint.of_files(Path(__file__)),
    })  # fmt: skip


def _write(out: Path, identity: dict[str, Any], table: Clustering) -> None:
    """The path, the labels, the clusters at the gamma suggested, figure, page and report."""
    import numpy as np

    from diversity_jax.convex_clustering import tables

    held = io.BytesIO()
    np.save(held, table.labels)
    written = {LABELS: held.getvalue(), PATH: _path(table)}
    if table.suggested is not None:
        lines = [["row", "cluster"], *enumerate(table.labels[table.suggested].tolist(), 1)]
        written[CHOSEN] = _csv(lines)
    figure = drawn(table)
    if figure is not None:
        written[FIGURE] = figure
    written[PAGE] = page(table, figure).encode()
    report = {
        "about": tables.title(table),
        "suggested": None if table.suggested is None else float(table.gammas[table.suggested]),
        "reason": table.reason,
        "path": {name: getattr(table, name).tolist() for name in COLUMNS},
        "identity": identity,
    }
    keeping.write(out, written, report, FILES)


COLUMNS = (
    "gammas", "objective", "gap", "converged", "clusters", "groups", "grouped", "proved"
)  # fmt: skip


def _path(table: Clustering) -> bytes:
    values = [getattr(table, name).tolist() for name in COLUMNS]
    return _csv([["gamma", *COLUMNS[1:]], *zip(*values)])


def _csv(lines: Any) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(lines)
    return text.getvalue().encode()


def drawn(table: Clustering) -> bytes | None:
    """The path as a PNG, rows in their first two principal directions; None without matplotlib.

    Colours are the clusters at the gamma suggested, or at the last one before all rows are one.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        return None
    import numpy as np

    middle = table.points.mean(axis=0)
    size = abs(table.points - middle).max()
    rows = (table.points - middle) / size
    directions = np.linalg.svd(rows, full_matrices=False)[2][:2]
    course = np.concatenate([rows[None], (table.centroids - middle) / size]) @ directions.T
    if course.shape[2] == 1:
        course = np.concatenate([course, np.broadcast_to(_spread(course), course.shape)], axis=2)
    place = table.suggested
    if place is None:
        place = int(np.flatnonzero(table.clusters > 1).max(initial=0))
    figure = Figure(figsize=(6.4, 5.2), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    labels = table.labels[place]
    for name in range(min(labels.max() + 1, COLOURED)):
        own = labels == name
        axes.plot(*np.moveaxis(course[:, own], 2, 0), color=f"C{name % 10}", lw=0.6, alpha=0.5)
        axes.plot(*course[0, own].T, "o", color=f"C{name % 10}", ms=3)
    rest = labels >= COLOURED
    axes.plot(*course[0, rest].T, ".", color="0.6", ms=3)
    axes.set(
        xlabel="first principal direction (largest entry 1)",
        ylabel="second principal direction" if len(directions) > 1 else "rows, spread out",
        title=f"centroids along the path; clusters at gamma {table.gammas[place]:.3g}",
    )
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=140, metadata={"Software": None})
    return content.getvalue()


COLOURED = 20  # clusters that have colours of their own


def _spread(course: np.ndarray) -> np.ndarray:
    """Heights for rows of one number, evenly spread and the same every time."""
    import numpy as np

    return ((np.arange(course.shape[1]) * 0.618034) % 1)[None, :, None]


def page(table: Clustering, figure: bytes | None) -> str:
    """The path as one HTML page that needs nothing else."""
    from diversity_jax.convex_clustering import tables

    head = "".join(f"<th>{escape(cell)}</th>" for cell in tables.HEADS)
    body = "\n".join(
        f"<tr{' class=chosen' if place == table.suggested else ''}>"
        + "".join(f"<td>{escape(cell)}</td>" for cell in line)
        + "</tr>"
        for place, line in enumerate(tables.rows(table))
    )
    picture = "<p>No figure: install matplotlib to have one.</p>"
    if figure is not None:
        shown = base64.b64encode(figure).decode()
        picture = f'<img alt="the path" src="data:image/png;base64,{shown}">'
    notes = "\n".join(f"<p>{escape(note)}</p>" for note in tables.notes(table))
    title = escape(tables.title(table))
    return _PAGE.format(title=title, head=head, body=body, notes=notes, picture=picture)


_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{title}</title>
<style>
body {{ font: 15px/1.5 system-ui, sans-serif; margin: 2em auto; max-width: 60em; padding: 0 1em }}
div {{ overflow-x: auto }}
img {{ max-width: 100% }}
table {{ border-collapse: collapse; font-variant-numeric: tabular-nums }}
td, th {{ border-bottom: 1px solid #ccc; padding: .2em .7em; text-align: right }}
.chosen {{ background: #e8f0d8; font-weight: 600 }}
</style>
<h1>{title}</h1>
{notes}
{picture}
<div><table>
<tr>{head}</tr>
{body}
</table></div>
</html>
"""
