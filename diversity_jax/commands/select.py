"""Choose rows of your own embeddings by a rule, and compare them with random subsets."""

from __future__ import annotations

import argparse
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diversity_jax.commands import entry, keeping, reading
from diversity_jax.selection.offered import ALL, FRACTION, offered

if TYPE_CHECKING:
    import numpy as np

    from diversity_jax.selection.tables import Table

PROGRAM = "python -m diversity_jax select"
PAGE = "report.html"


def parser(program: str = PROGRAM) -> argparse.ArgumentParser:
    """The options of `select`."""
    arguments = entry.Parser(
        prog=program,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Choose rows of your own embeddings by a rule, and compare what it keeps with\n"
        "random subsets of the same size. Writes RULE.npy (row numbers from 0, in the\n"
        f"order of choice), {keeping.REPORT} and {PAGE}, and prints the table.",
        epilog=_epilog(),
    )
    arguments.add_argument(
        "--embeddings", type=entry.named, required=True, help="a .npy file, [n, d] floating point"
    )
    arguments.add_argument("--rule", required=True, help=f"one of those below, or `{ALL}`")
    size = arguments.add_mutually_exclusive_group()
    size.add_argument("--fraction", type=float, help=f"of the rows to keep (default {FRACTION})")
    size.add_argument("--number", type=int, help="of rows to keep, in place of a fraction")
    arguments.add_argument(
        "--labels", type=entry.named, help="a .npy file, [n] integers: each row's domain from 0"
    )
    arguments.add_argument(
        "--domains",
        type=int,
        help="how many domains; without --labels they are found by k-means (pseudo labels)",
    )
    arguments.add_argument("--raw", action="store_true", help="do not scale rows to length one")
    arguments.add_argument(
        "--length-scale",
        type=float,
        help="of the Gaussian kernel of dpp_map and k_dpp (default: the median distance)",
    )
    arguments.add_argument("--seed", type=int, default=0, help="root of all random streams")
    arguments.add_argument(
        "--out", type=entry.folder, help="folder to write to (default selected/FILE/RULE)"
    )
    arguments.add_argument("--again", action="store_true", help="replace a selection that is there")
    return arguments


def main(words: list[str], *, program: str = PROGRAM) -> int:
    """Read, choose, write, print; ValueError or OSError with one line for what cannot be."""
    options = parser(program).parse_args(words)
    from diversity_jax import validate  # here, so that `--help` does not import numpy

    validate.choice("rule", options.rule, (*offered(), ALL))
    out = options.out or Path("selected") / Path(options.embeddings).stem / options.rule
    keeping.check_folder(out)
    embeddings = reading.array("embeddings", options.embeddings)
    labels = None if options.labels is None else reading.array("labels", options.labels)
    identity = _identity(options, embeddings, labels)
    if not options.again and keeping.up_to_date(out, identity, _names(), "selection"):
        print(f"{out}: up to date (--again chooses all the same)")
        return 0
    from diversity_jax import files
    from diversity_jax.commands import progress
    from diversity_jax.selection import tables

    files.check_writable(out, keep=False)
    with progress.bar("rules") as show:
        table = tables.compare(
            embeddings, labels, rule=options.rule, fraction=options.fraction,
            number=options.number, domains=options.domains, seed=options.seed, raw=options.raw,
            length_scale=options.length_scale, progress=show,
        )  # fmt: skip
    _write(out, identity, table)
    print(tables.as_text(table))
    print(f"\n{out}")
    return 0


def _identity(
    options: argparse.Namespace, embeddings: np.ndarray, labels: np.ndarray | None
) -> dict[str, Any]:
    """All that decides the numbers."""
    from diversity_jax import files, fingerprint

    read_too = ("embeddings", "labels", "out", "again")
    given = {name: value for name, value in vars(options).items() if name not in read_too}
    if given["number"] is None and given["fraction"] is None:
        given["fraction"] = FRACTION
    return files.plain({
        **given,
        "embeddings": keeping.checksum(embeddings),
        "labels": None if labels is None else keeping.checksum(labels),
        "fingerprint": fingerprint.of_files(Path(__file__)),
    })  # fmt: skip


def _write(out: Path, identity: dict[str, Any], table: Table) -> None:
    """The rows kept, the page, and the report."""
    import numpy as np

    from diversity_jax.selection import tables

    written = {}
    for rule, kept in table.kept.items():
        content = io.BytesIO()
        np.save(content, kept)
        written[f"{rule}.npy"] = content.getvalue()
    written[PAGE] = tables.as_page(table).encode()
    report = {
        "about": table.about,
        "rules": table.rows,
        "at_random": table.chance,
        "left_out": table.left_out,
        "identity": identity,
    }
    keeping.write(out, written, report, _names())


def _names() -> set[str]:
    """What a selection may write."""
    return {*(f"{rule}.npy" for rule in offered()), PAGE, keeping.REPORT}


def _epilog() -> str:
    lines = [
        f"  {name:20} {rule.line}{' (labels)' if rule.labelled else ''}"
        for name, rule in offered().items()
    ]
    return "\n".join(
        [
            "rules:",
            *lines,
            f"  {ALL:20} the table of all",
            "",
            "(labels): wants --labels or --domains. Rows are scaled to length one unless --raw.",
            "Equal input and seed give equal output. A folder that holds another selection is",
            "refused without --again.",
        ]
    )
