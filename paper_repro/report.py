"""The report of a run: `report.json` for programs, `report.html` for people, and figures."""

from __future__ import annotations

import collections
import dataclasses
import datetime
import json
import math
import platform
from pathlib import Path
from typing import Any

from diversity_jax import files, results
from diversity_jax.checks.verdict import STATUSES, json_safe
from experiments.runner import task
from paper_repro import drawings, marks
from paper_repro.pipeline import Outcome, Progress, Run

TEMPLATE = "template.html.j2"
STATES = {
    "computed": "computed in this run",
    "reused": "reused from a saved result that is up to date",
    "recorded": "a recorded run",
    "missing": "left out: real data not installed",
    "broken": "the experiment did not finish",
}


def check_writable(folder: Path) -> None:
    """Refuse a folder that cannot be written before any time is spent on filling it."""
    files.check_writable(folder)


def write(run: Run, folder: Path, *, workers: int = 1, progress: Progress | None = None) -> Path:
    """Write figures, `report.json` and `report.html` to `folder`; returns the page's path."""
    show = progress or (lambda done, total, what: None)
    drawn = drawings.draw_all(run, folder / "figures", show, workers)
    content = as_json(run, drawn)
    page = html(run, drawn, content["provenance"])
    text = json.dumps(content, indent=1, allow_nan=False, ensure_ascii=False)
    results.write_atomically(folder / "report.json", text.encode("utf-8", "backslashreplace"))
    results.write_atomically(folder / "report.html", page.encode("utf-8", "backslashreplace"))
    return folder / "report.html"


def as_json(run: Run, drawn: dict[drawings.Key, drawings.Drawing]) -> dict[str, Any]:
    """The whole report as JSON-safe values; NaN and infinities become null."""
    return {
        "claims": [claim_record(outcome, run, drawn) for outcome in run.outcomes],
        "provenance": provenance(run),
    }


def claim_record(
    outcome: Outcome, run: Run, drawn: dict[drawings.Key, drawings.Drawing]
) -> dict[str, Any]:
    """One claim of `report.json`. `preset` is that of the data that decided."""
    claim, verdict, evidence = outcome.claim, outcome.verdict, outcome.evidence
    drawing = drawn.get(drawings.key(outcome))
    return {
        "id": claim.id,
        "paper": outcome.paper.name,
        "kind": claim.kind,
        "sentence": claim.sentence,
        "source": claim.source,
        "reconstructed": claim.reconstructed,
        "preset": evidence.preset,
        "decides_at": claim.decides_at,
        "status": verdict.status,
        "expected": claim.expected,
        "reason": full_reason(outcome, run),
        "predicted": _number(verdict.predicted),
        "measured": _number(verdict.measured),
        "unit": marks.unit(claim, verdict),
        "interval": _interval(verdict.interval),
        "level": _number(verdict.level),
        "power": _number(verdict.power),
        "resolution": _number(verdict.resolution),
        "control": {
            "status": outcome.control.status,
            "expected": claim.control.expected,
            "kind": claim.control.kind,
            "what": claim.control.what,
            "unproven": list(outcome.unproven),
        },
        "blind": claim.blind,
        "seeds": evidence.seeds,
        "recorded": evidence.state == "recorded",
        "figure": claim.figure if drawing is not None and drawing.png else None,
        "command": command(run, [claim.id]),
        "seconds": round((evidence.seconds or 0.0) + outcome.seconds, 3),
    }


def full_reason(outcome: Outcome, run: Run) -> str:
    """The verdict's reason with what a reader must know about the data behind it."""
    parts = [outcome.verdict.reason]
    if outcome.evidence.state == "recorded" and outcome.evidence.note:
        parts.append(outcome.evidence.note)
    if outcome.repeated is not None:
        parts.append(f"repeated at {run.preset} size: {outcome.repeated.status}")
    return "; ".join(parts)


def command(run: Run, only: list[str] | tuple[str, ...]) -> str:
    """The command line that makes this run again, for the claims `only` or for all."""
    seed = f" --seed {run.seed}" if run.seed else ""
    names = f" --only {' '.join(only)}" if only else ""
    return f"python -m paper_repro run --preset {run.preset}{seed}{names}"


def provenance(run: Run) -> dict[str, Any]:
    """What was run, with what, and which data each experiment contributed."""
    used = {**run.evidence}
    for outcome in run.outcomes:
        if outcome.evidence.state == "recorded":
            used[f"{outcome.claim.experiment} (recorded)"] = outcome.evidence
    return {
        "command": command(run, run.only),
        "preset": run.preset,
        "seed": run.seed,
        "finished": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "seconds": round(run.seconds, 3),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "precision": "float64",
        **task.environment(),
        "exit_code": run.exit_code,
        "statuses": tally(run),
        "left_out": [each.note for each in used.values() if each.state == "missing"],
        "untested": [
            {"paper": paper.name, **dataclasses.asdict(left)}
            for paper, _ in _by_paper(run)
            for left in paper.untested
        ],
        "experiments": {name: _experiment(each) for name, each in used.items()},
    }


def tally(run: Run) -> dict[str, int]:
    """How many claims have each status, and how many of those that count stand."""
    found = collections.Counter(outcome.verdict.status for outcome in run.outcomes)
    counted = [outcome for outcome in run.outcomes if outcome.counts]
    return {
        **{status: found[status] for status in STATUSES},
        "counted": len(counted),
        "standing": sum(outcome.stands for outcome in counted),
    }


def html(run: Run, drawn: dict[drawings.Key, drawings.Drawing], made: dict[str, Any]) -> str:
    """The report as one page that loads nothing from anywhere."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).resolve().parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    shown: dict[drawings.Key, str] = {}
    for outcome in run.outcomes:
        shown.setdefault(drawings.key(outcome), outcome.claim.id)
    return environment.get_template(TEMPLATE).render(
        run=run,
        made=made,
        papers=_by_paper(run),
        here={outcome.claim.id for outcome in run.outcomes},
        drawing=lambda outcome: drawn.get(drawings.key(outcome)),
        shown_at=lambda outcome: shown[drawings.key(outcome)],
        reason=lambda outcome: full_reason(outcome, run),
        command=lambda outcome: command(run, [outcome.claim.id]),
        states=STATES,
        marks=marks,
    )


def _by_paper(run: Run) -> list[tuple[Any, list[Outcome]]]:
    grouped: dict[str, list[Outcome]] = {}
    for outcome in run.outcomes:
        grouped.setdefault(outcome.paper.name, []).append(outcome)
    return [(outcomes[0].paper, outcomes) for outcomes in grouped.values()]


def _experiment(evidence: Any) -> dict[str, Any]:
    kept = evidence.provenance
    return {
        "state": evidence.state,
        "preset": evidence.preset,
        "note": evidence.note,
        "seconds": evidence.seconds,
        "seeds": evidence.seeds,
        "command": kept.get("command"),
        "fingerprint": kept.get("identity", {}).get("fingerprint"),
        "versions": kept.get("versions"),
        "device": kept.get("device"),
    }


def _number(value: Any) -> float | None:
    """A Python number, or None for what is absent, not finite or not a single number."""
    value = json_safe(value)
    return None if isinstance(value, (bool, str, list, dict)) else value


def _interval(ends: Any) -> list[float] | None:
    """`[low, high]`, or None when an end is absent or not finite."""
    if ends is None or not all(math.isfinite(end) for end in ends):
        return None
    return [float(min(ends)), float(max(ends))]
