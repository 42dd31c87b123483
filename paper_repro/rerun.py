"""Was it a lucky seed? How often each claim keeps its status under other root seeds."""

from __future__ import annotations

import collections
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from diversity_jax import files, results
from diversity_jax.checks.verdict import STATUSES
from diversity_jax.fingerprint import of_files
from experiments.runner import fingerprint, task
from experiments.runner import workers as workers_of
from paper_repro import pipeline
from paper_repro.claims import Claim, Paper, select

PACKAGE = Path(__file__).resolve().parent


def folder(pairs: list[tuple[Paper, Claim]], preset: str) -> Path:
    """Where the roots of this very set of claims, code and preset are kept, one file each."""
    sources = sorted((PACKAGE / "papers").rglob("*.py"))
    parts = {
        "claims": [claim.id for _, claim in pairs],
        "preset": preset,
        "experiments": {
            name: fingerprint.of(name) for name in pipeline.needed(claim for _, claim in pairs)
        },
        "checks": of_files(*sources, root=PACKAGE.parent),
        **task.environment()["versions"],
    }
    return results.root() / "rerun" / f"{preset}-{results.digest(parts)[:12]}"


def run(
    pairs: list[tuple[Paper, Claim]],
    preset: str,
    roots: int,
    *,
    workers: int = 1,
    progress: pipeline.Progress | None = None,
) -> dict[str, Any]:
    """The table for root seeds 1 to `roots`; a root finished earlier is read, not run again.

    With several `workers` as many roots run at a time, each in a process of its own.
    """
    show = progress or (lambda done, total, what: None)
    place = folder(pairs, preset)
    paths = {seed: place / f"root-{seed:05d}.json" for seed in range(1, roots + 1)}
    found = {seed: kept for seed, path in paths.items() if (kept := _read(path)) is not None}
    names = [claim.id for _, claim in pairs]
    waiting = [(seed, paths[seed], names, preset) for seed in paths if seed not in found]
    show(len(found), roots, "root seeds")
    for seed, kept, error in _roots(waiting, pairs, workers):
        if error is not None:
            raise error
        found[seed] = kept
        show(len(found), roots, "root seeds")
    rows = _table(pairs, preset, [found[seed] for seed in sorted(found)])
    return {"preset": preset, "roots": roots, "claims": rows}


Piece = tuple[int, Path, list[str], str]


def _roots(
    waiting: list[Piece], pairs: list[tuple[Paper, Claim]], workers: int
) -> Iterator[tuple[int, list[dict[str, Any]], Exception | None]]:
    if workers == 1 or len(waiting) < 2:
        for seed, path, _, preset in waiting:
            yield seed, _one(pairs, preset, seed, path), None
        return
    for piece, kept, error in workers_of.each(_other, waiting, workers=workers):
        yield piece[0], kept, error


def _other(piece: Piece, show: pipeline.Progress) -> list[dict[str, Any]]:
    """One root in another process, to which claims are sent by name: their checks are code."""
    seed, path, names, preset = piece
    return _one(select(names), preset, seed, path)


def _one(
    pairs: list[tuple[Paper, Claim]], preset: str, seed: int, path: Path
) -> list[dict[str, Any]]:
    """Run one root, and keep its outcomes at `path`."""
    outcomes = pipeline.in_memory(pairs, preset, seed)
    kept = [_record(outcome) for outcome in outcomes]
    # What could not be run may run next time, so only a whole root is kept.
    if all(outcome.evidence.dataset is not None for outcome in outcomes):
        results.write_atomically(path, files.as_json(kept))
    return kept


def write(table: dict[str, Any], out: Path) -> Path:
    """Write the table as `rerun.json` and `rerun.txt`; returns the path of the text."""
    results.write_atomically(out / "rerun.json", files.as_json(table, indent=1))
    results.write_atomically(
        out / "rerun.txt", (as_text(table) + "\n").encode("utf-8", "backslashreplace")
    )
    return out / "rerun.txt"


def as_text(table: dict[str, Any]) -> str:
    """The table with one line per claim, and the roots in which a claim was not as expected."""
    rows = table["claims"]
    width = max((len(row["id"]) for row in rows), default=5)
    heading = f"{'claim':{width}}  expected    as expected  holds  fails  undecided  control kept"
    lines = [f"{table['roots']} root seeds at {table['preset']}", heading]
    for row in rows:
        aside = "" if row["decides"] else f"  (decides at {row['decides_at']})"
        lines.append(
            f"{row['id']:{width}}  {row['expected']:10}  {row['kept']:11}  {row['holds']:5}  "
            f"{row['fails']:5}  {row['undecided']:9}  {row['control_kept']:12}{aside}"
        )
    for row in rows:
        for seed, reason in row["exceptions"].items():
            lines.append(f"  {row['id']} at root {seed}: {reason}")
    return "\n".join(lines)


def _record(outcome: pipeline.Outcome) -> dict[str, Any]:
    return {
        "id": outcome.claim.id,
        "status": outcome.verdict.status,
        "kept": outcome.kept,
        "control_kept": outcome.controlled,
        "reason": outcome.verdict.reason,
    }


def _read(path: Path) -> list[dict[str, Any]] | None:
    """A finished root, or None; what cannot be read is run again and replaced."""
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):
        return None


def _table(
    pairs: list[tuple[Paper, Claim]], preset: str, found: list[list[dict[str, Any]]]
) -> list[dict[str, Any]]:
    rows = []
    for place, (paper, claim) in enumerate(pairs):
        here = [kept[place] for kept in found]
        counts = collections.Counter(record["status"] for record in here)
        rows.append(
            {
                "id": claim.id,
                "paper": paper.name,
                "expected": claim.expected,
                "decides_at": claim.decides_at,
                "decides": claim.decides(preset),
                "kept": sum(record["kept"] for record in here),
                **{status: counts[status] for status in STATUSES},
                "control_kept": sum(record["control_kept"] for record in here),
                "exceptions": {
                    str(seed): record["reason"]
                    for seed, record in enumerate(here, start=1)
                    if claim.decides(preset) and not record["kept"]
                },
            }
        )
    return rows
