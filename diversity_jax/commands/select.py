"""Choose rows of your own embeddings by a rule, and compare them with random subsets."""

from __future__ import annotations

import argparse
import hashlib
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from diversity_jax.commands import entry, reading
from diversity_jax.selection.offered import ALL, FRACTION, offered

if TYPE_CHECKING:
    import numpy as np

    from diversity_jax.selection.tables import Table

PROGRAM = "python -m diversity_jax select"
REPORT, PAGE = "report.json", "report.html"


def parser(program: str = PROGRAM) -> argparse.ArgumentParser:
    """The options of `select`."""
    arguments = entry.Parser(
        prog=program,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Choose rows of your own embeddings by a rule, and compare what it keeps with\n"
        "random subsets of the same size. Writes RULE.npy (row numbers from 0, in the\n"
        f"order of choice), {REPORT} and {PAGE}, and prints the table.",
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
    if out.exists() and not out.is_dir():
        raise validate.fail("out", f"{out}, which is a file", "a folder", "choose another")
    embeddings = reading.array("embeddings", options.embeddings)
    labels = None if options.labels is None else reading.array("labels", options.labels)
    identity = _identity(options, embeddings, labels)
    if not options.again and _up_to_date(out, identity):
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
        "embeddings": _checksum(embeddings),
        "labels": None if labels is None else _checksum(labels),
        "fingerprint": fingerprint.of_files(Path(__file__)),
    })  # fmt: skip


def _checksum(array: np.ndarray) -> str:
    import numpy as np

    digest = hashlib.sha256(f"{array.dtype.str} {array.shape} ".encode())
    digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def _up_to_date(out: Path, identity: dict[str, Any]) -> bool:
    """Whether `out` holds this very selection; ValueError if it holds another."""
    if not out.is_dir() or not any((out / name).exists() for name in _names()):
        return False
    try:
        kept = json.loads((out / REPORT).read_text())
        sound = all(
            hashlib.sha256((out / name).read_bytes()).hexdigest() == digest
            for name, digest in kept["sha256"].items()
        )
        if sound and kept["identity"] == identity:
            return True
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        pass  # what cannot be read is not this selection
    from diversity_jax import validate

    got, fix = f"{out}, with another selection or part of one", "choose another or pass --again"
    raise validate.fail("out", got, "a folder without", fix)


def _write(out: Path, identity: dict[str, Any], table: Table) -> None:
    """Each file in one step, the report last: its checksums tell whether all belong together."""
    import numpy as np

    from diversity_jax import fingerprint, results
    from diversity_jax.checks.verdict import json_safe
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
        "sha256": {name: hashlib.sha256(content).hexdigest() for name, content in written.items()},
        **fingerprint.environment(),
    }
    written[REPORT] = json.dumps(json_safe(report), indent=1, allow_nan=False).encode()
    for name in _written(out) - set(written):
        (out / name).unlink(missing_ok=True)
    for name, content in written.items():
        results.write_atomically(out / name, content)


def _written(out: Path) -> set[str]:
    """The files that an earlier selection in `out` names as its own."""
    try:
        return set(json.loads((out / REPORT).read_text())["sha256"]) & _names()
    except (OSError, ValueError, KeyError, TypeError):
        return set()


def _names() -> set[str]:
    """What a selection may write."""
    return {*(f"{rule}.npy" for rule in offered()), PAGE, REPORT}


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
