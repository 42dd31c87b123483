"""A claim is data, fixed before it runs: what is said, by whom, and the check that decides it."""

from __future__ import annotations

import dataclasses
import importlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from diversity_jax import catalogue, validate
from diversity_jax.checks.verdict import HOLDS, UNDECIDED, Verdict

PAPERS = Path(__file__).resolve().parent / "papers"
CHECKOUT = PAPERS.parent.parent
PRESETS = ("smoke", "laptop", "paper")
Check = Callable[[Any], Verdict]
CONTROLS = {
    "term dropped": "one named term of the theory dropped",
    "rival prediction": "a rival prediction",
    "hypothesis dropped": "a hypothesis dropped, without which the sentence is false",
    "parameters equal": "parameters equal, so that nothing is to be seen",
    "corrected statement": "the corrected statement",
}


@dataclasses.dataclass(frozen=True)
class Control:
    """A spoiled theory, or a setting in which the sentence is false, checked on the same data.

    `kind` is one of `CONTROLS`; left out, it is what `expected` implies, if anything. Exchanging
    the sides, the arguments or the sentence is no kind of control: it cannot come out otherwise.
    """

    what: str
    check: Check
    expected: str = "fails"
    kind: str = ""

    def __post_init__(self) -> None:
        implied = {UNDECIDED: "parameters equal", HOLDS: "corrected statement"}
        object.__setattr__(self, "kind", self.kind or implied.get(self.expected, ""))
        if self.kind:
            validate.choice(f"kind of the control {self.what!r}", self.kind, list(CONTROLS))

    @property
    def wording(self) -> str:
        """What kind of control it is, in words; empty where the claim does not say."""
        return CONTROLS.get(self.kind, "")


@dataclasses.dataclass(frozen=True)
class Claim:
    """One sentence of a paper (in our words), with the check and the control that decide it.

    `check` and `control.check` take the experiment's dataset and return a `Verdict`; seeds,
    resolution and level are fixed in them. `formula` is `exact`, `asymptotic in SIZE`, or none
    where the sentence was only seen in simulation. `figure` is the experiment's own unless named.
    `blind` says what the check cannot tell, where it is blunt (a resolution above a tenth).
    """

    id: str
    sentence: str
    source: str
    experiment: str
    check: Check
    control: Control
    kind: str
    formula: str
    figure: str = ""
    unit: str = ""
    reconstructed: bool = True
    expected: str = "holds"
    decides_at: str = "laptop"
    blind: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "figure", self.figure or self.experiment)

    def decides(self, preset: str) -> bool:
        """Whether a run at `preset` is large enough to decide this claim."""
        return PRESETS.index(preset) >= PRESETS.index(self.decides_at)


@dataclasses.dataclass(frozen=True)
class Untested:
    """A sentence of a paper that is not tested here, why, and claims that stand in for it."""

    id: str
    sentence: str
    reason: str
    instead: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class Paper:
    """A paper: its name here, title, where it is, and what of it could be had."""

    name: str
    title: str
    reference: str
    provenance: str
    claims: tuple[Claim, ...]
    untested: tuple[Untested, ...] = ()


def papers() -> list[Paper]:
    """All papers, in the order of their folders."""
    loaded = [_load(name) for name in catalogue.entries(PAPERS, "TITLE")]
    check(loaded)
    return loaded


def check(loaded: list[Paper]) -> None:
    """Refuse an id used twice, and what names an experiment, figure or claim that is not there."""
    owners: dict[str, str] = {}
    known = {
        field: sorted(catalogue.entries(CHECKOUT / folder, marker))
        for field, folder, marker in (
            ("experiment", "experiments", "PRESETS"),
            ("figure", "figures", "EXPERIMENT"),
        )
    }
    for paper in loaded:
        for claim in paper.claims:
            if claim.id in owners:
                got = f"{claim.id!r} in {owners[claim.id]} and in {paper.name}"
                raise validate.fail("claim id", got, "each id once", "rename one of them")
            owners[claim.id] = paper.name
            for field, names in known.items():
                validate.choice(f"{field} of claim {claim.id}", getattr(claim, field), names)
    for paper in loaded:
        for left in paper.untested:
            for name in left.instead:
                validate.choice(f"claim in place of {left.id}", name, list(owners))


def select(only: list[str] | None = None) -> list[tuple[Paper, Claim]]:
    """Claims with their papers; `only` names claims or papers, an unknown name is a ValueError."""
    known = [(paper, claim) for paper in papers() for claim in paper.claims]
    if not only:
        return known
    names = [paper.name for paper in papers()] + [claim.id for _, claim in known]
    for name in only:
        validate.choice("claim or paper", name, names)
    return [pair for pair in known if pair[0].name in only or pair[1].id in only]


def _load(name: str) -> Paper:
    """The paper `name`: one file, or a folder whose modules hold `CLAIMS`, in their order."""
    module = importlib.import_module(f"paper_repro.papers.{name}")
    parts = [module]
    if hasattr(module, "__path__"):
        inside = catalogue.entries(PAPERS / name, "CLAIMS")
        parts += [importlib.import_module(f"{module.__name__}.{part}") for part in inside]
    claims = tuple(claim for part in parts for claim in getattr(part, "CLAIMS", ()))
    untested = tuple(getattr(module, "UNTESTED", ()))
    return Paper(name, module.TITLE, module.REFERENCE, module.PROVENANCE, claims, untested)
