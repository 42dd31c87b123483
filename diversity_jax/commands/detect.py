"""Find rows of your own table whose label is unusual given the rest, by a graph of its rows."""

from __future__ import annotations

import argparse
import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diversity_jax.commands import entry, keeping
from diversity_jax.graph_learning.offered import (
    CONFIDENCE,
    LEVELS,
    NEIGHBOURS,
    REGULARISATION,
    SCORES,
    TOP,
)

if TYPE_CHECKING:
    from diversity_jax.graph_learning.tables import Found

PROGRAM = "python -m diversity_jax detect"
PAGE, RANKED = "report.html", "ranked.csv"
FILES = {keeping.REPORT, PAGE, RANKED}


def parser(program: str = PROGRAM) -> argparse.ArgumentParser:
    """The options of `detect`."""
    scores = "\n".join(f"  {name:11} {line}" for name, line in SCORES.items())
    arguments = entry.Parser(
        prog=program,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Rank the rows of a table by how unusual their label is given the rest.\n"
        f"Writes {RANKED} (all rows, the most unusual first), {PAGE} (the top rows) and\n"
        f"{keeping.REPORT}, and prints the top rows.",
        epilog=f"scores:\n{scores}\n\n"
        "Columns of numbers are standardised, texts one-hot encoded; what numbers or names the\n"
        "rows is left out by name. Rows are counted from 1 below the names. A folder that holds\n"
        "another ranking is refused without --again.",
    )
    arguments.add_argument(
        "--table", type=entry.named, required=True, help="a .csv, .tsv or .parquet file"
    )
    arguments.add_argument("--label", type=entry.named, required=True, help="its column of labels")
    arguments.add_argument("--id", type=entry.named, metavar="COLUMN", help="it names the rows")
    for option, what in (
        ("--drop", "leave a column out (may be repeated)"),
        ("--keep", "use a column that looks as if it names rows (may be repeated)"),
        ("--category", "take a column's numbers as names (may be repeated)"),
    ):
        arguments.add_argument(option, action="append", default=[], metavar="COLUMN", help=what)
    arguments.add_argument(
        "--levels", type=int, default=LEVELS, help=f"most different texts of a column ({LEVELS})"
    )
    arguments.add_argument(
        "--drop-missing", action="store_true", help="leave out rows with missing cells"
    )
    arguments.add_argument(
        "--neighbours", type=int, default=NEIGHBOURS, help=f"of each row ({NEIGHBOURS})"
    )
    arguments.add_argument(
        "--confidence",
        type=float,
        default=CONFIDENCE,
        help=f"weight of a row's own label; its neighbours' is 1 on average ({CONFIDENCE:g})",
    )
    arguments.add_argument(
        "--regularisation",
        type=float,
        default=REGULARISATION,
        help=f"weight of saying nothing ({REGULARISATION:g})",
    )
    arguments.add_argument("--score", default="soft", help="to rank by, see below (soft)")
    arguments.add_argument("--top", type=int, default=TOP, help=f"rows to show ({TOP})")
    arguments.add_argument("--out", type=entry.folder, help="folder to write to (detected/FILE)")
    arguments.add_argument("--again", action="store_true", help="replace a ranking there")
    return arguments


def main(words: list[str], *, program: str = PROGRAM) -> int:
    """Read, rank, write, print; ValueError or OSError with one line for what cannot be."""
    options = parser(program).parse_args(words)
    out = options.out or Path("detected") / Path(options.table).stem
    keeping.check_folder(out)
    from diversity_jax import columns, files

    table = columns.read("table", options.table, named=options.label)
    identity = _identity(options, table)
    if not options.again and keeping.up_to_date(out, identity, FILES, "ranking"):
        print(f"{out}: up to date (--again ranks all the same)")
        return 0
    from diversity_jax.graph_learning import tables

    files.check_writable(out, keep=False)
    found = tables.detect(
        table, label=options.label, identifier=options.id, drop=tuple(options.drop),
        keep=tuple(options.keep), categories=tuple(options.category), levels=options.levels,
        drop_missing=options.drop_missing, neighbours=options.neighbours,
        confidence=options.confidence, regularisation=options.regularisation, score=options.score,
        top=options.top,
    )  # fmt: skip
    _write(out, identity, found)
    print(found)
    print(f"\n{out}")
    return 0


def _identity(options: argparse.Namespace, table: Any) -> dict[str, Any]:
    """All that decides the numbers."""
    from diversity_jax import files, fingerprint

    given = {name: value for name, value in vars(options).items() if name not in ("out", "again")}
    given["table"] = files.digest([list(table.names), [list(cells) for cells in table.cells]])
    return files.plain({**given, "fingerprint": fingerprint.of_files(Path(__file__))})


def _write(out: Path, identity: dict[str, Any], found: Found) -> None:
    """All rows in order, the page, and the report."""
    from diversity_jax.graph_learning import pages, tables

    rows = tables.records(found)
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    written = {RANKED: text.getvalue().encode(), PAGE: pages.as_page(found).encode()}
    keeping.write(out, written, {**pages.as_report(found), "identity": identity}, FILES)
