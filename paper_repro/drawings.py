"""The figures of a report: each drawn once from the data that decided, whatever goes wrong."""

from __future__ import annotations

import base64
import dataclasses
import importlib
from pathlib import Path
from typing import Any

import figures
from diversity_jax import catalogue
from figures import output
from paper_repro import recorded
from paper_repro.pipeline import STOPS, Outcome, Progress, Run, one_line

Key = tuple[str, bool]


@dataclasses.dataclass(frozen=True)
class Drawing:
    """One figure of a report, or the `problem` that kept it from being drawn."""

    name: str
    stem: str
    alt: str
    command: str
    png: bytes = b""
    problem: str = ""

    @property
    def address(self) -> str:
        """The picture as an address that holds it, so that the page needs no other file."""
        return "data:image/png;base64," + base64.b64encode(self.png).decode()


def key(outcome: Outcome) -> Key:
    """Claims with equal keys share a figure."""
    return outcome.claim.figure, outcome.evidence.state == "recorded"


def draw_all(run: Run, folder: Path, show: Progress) -> dict[Key, Drawing]:
    """Every figure of `run`, each also as PNG, PDF and CSV in `folder`."""
    wanted: dict[Key, Outcome] = {}
    for outcome in run.outcomes:
        if outcome.claim.figure:
            wanted.setdefault(key(outcome), outcome)
    drawings = {}
    for number, (which, outcome) in enumerate(wanted.items()):
        show(number, len(wanted), "figures")
        drawings[which] = _guarded(outcome, run, folder)
    show(len(wanted), len(wanted), "figures")
    return drawings


def _guarded(outcome: Outcome, run: Run, folder: Path) -> Drawing:
    name, is_recorded = key(outcome)
    stem = f"{name}-recorded" if is_recorded else name
    command = f"python -m figures {name} {_source(outcome, run)}"
    alt = ""
    try:
        offered = catalogue.entries(Path(figures.__file__).parent, "EXPERIMENT")
        alt = offered.get(name, "")
        dataset, problem = _data(outcome, run)
        if dataset is None:
            return Drawing(name, stem, alt, command, problem=problem)
        figure = figures.draw(name, dataset)
        paths = output.save(figure, folder, stem)
        return Drawing(name, stem, alt, command, png=paths["png"].read_bytes())
    except STOPS:
        raise
    except Exception as error:
        problem = f"the figure could not be drawn: {one_line(error)}"
        return Drawing(name, stem, alt, command, problem=problem)


def _source(outcome: Outcome, run: Run) -> str:
    """The options of `python -m figures` that name the data of `outcome`."""
    if outcome.evidence.state == "recorded":
        return f"--data {recorded.data_file(outcome.claim.experiment)}"
    seed = f" --seed {run.seed}" if run.seed else ""
    return f"--preset {run.preset}{seed}"


def _data(outcome: Outcome, run: Run) -> tuple[Any, str]:
    """The dataset that the figure of `outcome` shows, or None with the reason."""
    experiment = importlib.import_module(f"figures.{outcome.claim.figure}").EXPERIMENT
    if experiment == outcome.claim.experiment:
        return outcome.evidence.dataset, outcome.evidence.note
    other = run.evidence.get(experiment)
    if other is None:
        return None, f"it shows the experiment {experiment}, which no claim of this run needed"
    return other.dataset, other.note
