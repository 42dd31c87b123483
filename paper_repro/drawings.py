"""The figures of a report: each drawn once from the data that decided, whatever goes wrong.

What an earlier report drew from the same data with the same code is taken as it is.
"""

from __future__ import annotations

import base64
import dataclasses
import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import figures
from diversity_jax import catalogue
from experiments.runner import workers as workers_of
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


def draw_all(run: Run, folder: Path, show: Progress, workers: int = 1) -> dict[Key, Drawing]:
    """Every figure of `run`, each also as PNG, PDF and CSV in `folder`."""
    wanted: dict[Key, Outcome] = {}
    for outcome in run.outcomes:
        if outcome.claim.figure:
            wanted.setdefault(key(outcome), outcome)
    drawings, pieces = {}, []
    show(0, len(wanted), "figures")
    for which, outcome in wanted.items():
        drawing, dataset = _begun(outcome, run)
        source = _decided_by(drawing, dataset)
        png = output.kept(folder, drawing.stem, source) if source else None
        drawings[which] = dataclasses.replace(drawing, png=png or b"")
        if dataset is not None and png is None:
            pieces.append((which, drawing.stem, dataset, folder, source))
    for number, (which, png, error) in enumerate(_drawn(pieces, workers)):
        show(len(wanted) - len(pieces) + number, len(wanted), "figures")
        if isinstance(error, STOPS):
            raise error
        problem = f"the figure could not be drawn: {one_line(error)}" if error else ""
        drawings[which] = dataclasses.replace(drawings[which], png=png or b"", problem=problem)
    show(len(wanted), len(wanted), "figures")
    return drawings


def _begun(outcome: Outcome, run: Run) -> tuple[Drawing, Any]:
    """The drawing of `outcome` without its picture, and the dataset to draw if there is one."""
    name, is_recorded = key(outcome)
    stem = f"{name}-recorded" if is_recorded else name
    command, alt, dataset = f"python -m figures {name} {_source(outcome, run)}", "", None
    try:
        alt = catalogue.entries(Path(figures.__file__).parent, "EXPERIMENT").get(name, "")
        dataset, problem = _data(outcome, run)
    except STOPS:
        raise
    except Exception as error:
        problem = f"the figure could not be drawn: {one_line(error)}"
    # Beside data the note is on their age, not a problem.
    return Drawing(name, stem, alt, command, problem=problem if dataset is None else ""), dataset


def _decided_by(drawing: Drawing, dataset: Any) -> str:
    """All that decides a picture, as a hash; empty where that cannot be told."""
    try:
        return "" if dataset is None else output.source_of(drawing.name, dataset)
    except Exception:  # what is wrong comes out, and is told, when the figure is drawn
        return ""


Piece = tuple[Key, str, Any, Path, str]


def _drawn(
    pieces: list[Piece], workers: int
) -> Iterator[tuple[Key, bytes | None, Exception | None]]:
    if workers > 1 and len(pieces) > 1:
        for piece, png, error in workers_of.each(_save, pieces, workers=workers):
            yield piece[0], png, error
        return
    for piece in pieces:
        try:
            yield piece[0], _save(piece), None
        except Exception as error:
            yield piece[0], None, error


def _save(piece: Piece, show: Progress | None = None) -> bytes:
    """Draw one figure and write its files; returns the PNG."""
    (name, _), stem, dataset, folder, source = piece
    return output.save(figures.draw(name, dataset), folder, stem, source)["png"].read_bytes()


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
