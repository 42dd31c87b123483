"""Recorded runs: results too long for `laptop`, kept in the checkout with their provenance."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from diversity_jax import files, results

FOLDER = Path(__file__).resolve().parent / "recorded"
PRESET = "paper"


def command(name: str) -> str:
    """The command line that makes the recording of experiment `name`."""
    return f"python -m paper_repro run --record {name}"


def read(name: str) -> tuple[Any, dict[str, Any]] | None:
    """The recorded dataset of experiment `name` with its provenance, or None without one.

    Raises `results.ResultCorrupt` for a recording that is truncated or altered.
    """
    provenance = results.provenance(FOLDER / name, command(name))
    if provenance is None:
        return None
    return results.read(FOLDER / name, command(name), again=command(name)), provenance


def data_file(name: str) -> str:
    """The data file of the recording of experiment `name`, from the top of the checkout."""
    return f"paper_repro/recorded/{name}/{results.data_name(FOLDER / name) or 'missing'}"


def age(name: str, provenance: dict[str, Any]) -> str:
    """What has changed since the recording, as the end of a sentence; empty when nothing has."""
    from experiments.runner import fingerprint, task

    identity = provenance.get("identity", {})
    if identity.get("fingerprint") != fingerprint.of(name):
        return "recorded with older code"
    kept, today = files.plain(identity.get("config")), task.make(name, PRESET).identity()["config"]
    same = results.digest(kept) == results.digest(today)
    return "" if same else "recorded at other sizes than today's"


def make(name: str, *, seed: int = 0, progress: Any = None) -> Path:
    """Run experiment `name` at the papers' scale and put the result in place of the recorded one.

    Finished chunks of an interrupted run are kept, and a result that is up to date is reused.
    """
    from experiments.runner import execute, task

    made = task.make(name, PRESET, seed=seed)
    results.check_place(FOLDER / name)
    standing, dataset = execute.standing(made)
    if standing != "fresh":
        dataset = execute.execute(made, progress=progress)
    provenance = results.provenance(made.folder)
    assert dataset is not None and provenance is not None  # saved, or read, a line ago
    return results.save(dataset, FOLDER / name, {**provenance, "command": command(name)})
