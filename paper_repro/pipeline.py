"""From claims to outcomes: run what they need, check each claim and its control, keep going.

Whatever goes wrong inside one experiment, check or control becomes an undecided verdict that
names the error. Only what the user has to mend at once (a corrupt result, a disk that cannot be
written, an unknown name) stops the run.
"""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Callable, Iterable
from typing import Any

from diversity_jax import results
from diversity_jax.checks.verdict import UNDECIDED, Verdict
from diversity_jax.datasets import DatasetMissing
from experiments.runner import execute, task
from experiments.runner import workers as workers_of
from paper_repro import recorded
from paper_repro.claims import Check, Claim, Paper, select

Progress = Callable[[int, int, str], None]
STOPS = (results.ResultCorrupt, results.WriteFailed)


@dataclasses.dataclass(frozen=True)
class Evidence:
    """The data of one experiment, or why there is none.

    `state` is computed, reused, recorded, missing (a real data set is not installed) or broken;
    `note` says what a reader must know about the data, empty when there is nothing to say.
    """

    experiment: str
    preset: str
    state: str
    dataset: Any = None
    provenance: dict[str, Any] = dataclasses.field(default_factory=dict)
    note: str = ""

    @property
    def seconds(self) -> float | None:
        """How long making the data took, whenever it was made."""
        return self.provenance.get("seconds")

    @property
    def seeds(self) -> int | None:
        """How many seeds the data hold; None where nothing is random or nothing was run."""
        return None if self.dataset is None else self.dataset.sizes.get("seed")


@dataclasses.dataclass(frozen=True)
class Outcome:
    """One claim after its check and its control, on the evidence that decided.

    `repeated` is the verdict of the same check at the preset of this run, where `verdict` comes
    from a recorded run.
    """

    paper: Paper
    claim: Claim
    evidence: Evidence
    verdict: Verdict
    control: Verdict
    seconds: float
    repeated: Verdict | None = None

    @property
    def counts(self) -> bool:
        """Whether the data could decide the claim, so that the exit code sees it.

        They must be large enough, and there at all: a claim left out because its data set is not
        installed is named in the report, with the line that installs it.
        """
        return self.evidence.state != "missing" and self.claim.decides(self.evidence.preset)

    @property
    def kept(self) -> bool:
        """Whether the claim has its expected status."""
        return self.verdict.status == self.claim.expected

    @property
    def unproven(self) -> tuple[str, ...]:
        """Parts of the claim that the control does not show able to come out otherwise."""
        parts = self.verdict.details.get("parts", {})
        shown = self.control.details.get("parts", {})
        wanted = self.claim.control.expected
        return tuple(name for name in parts if shown.get(name, {}).get("status") != wanted)

    @property
    def controlled(self) -> bool:
        """Whether the control, in every part, has its expected status.

        If not, the check cannot be believed. One that is to be undecided must have measured
        something: an error leaves it undecided too.
        """
        idle = self.control.status == UNDECIDED and self.control.measured is None
        expected = self.control.status == self.claim.control.expected
        return expected and not idle and not self.unproven

    @property
    def must(self) -> str:
        """What the control's status has to be, with the parts in which it is not."""
        parts = ", ".join(self.unproven)
        return self.claim.control.expected + (f", in every part ({parts} too)" if parts else "")

    @property
    def stands(self) -> bool:
        """Both: the claim as expected, by a check that can be believed."""
        return self.kept and self.controlled


@dataclasses.dataclass(frozen=True)
class Run:
    """All outcomes of one run, with the evidence by experiment and how it was made."""

    outcomes: tuple[Outcome, ...]
    evidence: dict[str, Evidence]
    preset: str
    seed: int
    only: tuple[str, ...]
    seconds: float

    @property
    def exit_code(self) -> int:
        """0 when every claim that decides at its preset stands, else 1."""
        return int(any(outcome.counts and not outcome.stands for outcome in self.outcomes))


def run(
    preset: str,
    only: list[str] | None = None,
    *,
    seed: int = 0,
    workers: int = 1,
    progress: Progress | None = None,
) -> Run:
    """Every claim (or those of `only`) at `preset`, from saved results where they are fresh.

    With several `workers` as many experiments run at a time, each in a process of its own.
    """
    began = time.perf_counter()
    pairs = select(only)
    show = progress or (lambda done, total, what: None)
    evidence = {}
    names = needed(claim for _, claim in pairs)
    made = _made_beside(names, preset, seed, workers, show) if workers > 1 else {}
    for number, name in enumerate(names):
        if not made:
            show(number, len(names), "all experiments")
        evidence[name] = _guarded(
            name, preset, lambda n: _taken(n, preset, seed, made) or _saved(n, preset, seed, show)
        )
    show(len(names), len(names), "all experiments")
    outcomes = []
    for number, (paper, claim) in enumerate(pairs):
        show(number, len(pairs), "checks")
        outcomes.append(judge(paper, claim, evidence[claim.experiment]))
    show(len(pairs), len(pairs), "checks")
    spent = time.perf_counter() - began
    return Run(tuple(outcomes), evidence, preset, seed, tuple(only or ()), spent)


def in_memory(pairs: list[tuple[Paper, Claim]], preset: str, seed: int) -> list[Outcome]:
    """The claims `pairs` under root `seed`, without touching the disk or a recorded run."""

    def made(name: str) -> Evidence:
        dataset = execute.in_memory(task.make(name, preset, seed=seed))
        return _evidence(name, preset, "computed", dataset)

    evidence = {name: _guarded(name, preset, made) for name in needed(claim for _, claim in pairs)}
    return [_outcome(paper, claim, evidence[claim.experiment]) for paper, claim in pairs]


def needed(claims: Iterable[Claim]) -> list[str]:
    """The experiments of `claims`, each once, in order."""
    return list(dict.fromkeys(claim.experiment for claim in claims))


def judge(paper: Paper, claim: Claim, evidence: Evidence) -> Outcome:
    """Check `claim` and its control, on the recorded run if `evidence` is too small to decide."""
    if claim.decides(evidence.preset):
        return _outcome(paper, claim, evidence)
    found = recorded.read(claim.experiment)
    if found is None:
        return _outcome(paper, claim, evidence)
    dataset, provenance = found
    note = recorded.age(claim.experiment, provenance)
    kept = Evidence(claim.experiment, recorded.PRESET, "recorded", dataset, provenance, note)
    outcome = _outcome(paper, claim, kept)
    return dataclasses.replace(outcome, repeated=_checked(claim.check, claim.kind, evidence))


def _outcome(paper: Paper, claim: Claim, evidence: Evidence) -> Outcome:
    began = time.perf_counter()
    verdict = _checked(claim.check, claim.kind, evidence)
    control = _checked(claim.control.check, claim.kind, evidence)
    return Outcome(paper, claim, evidence, verdict, control, time.perf_counter() - began)


def _checked(check: Check, kind: str, evidence: Evidence) -> Verdict:
    """The verdict of `check`; without data, or when it raises, undecided with the reason."""
    if evidence.dataset is None:
        return Verdict(UNDECIDED, evidence.note, kind)
    try:
        verdict = check(evidence.dataset)
    except Exception as error:
        return Verdict(UNDECIDED, f"the check did not finish: {one_line(error)}", kind)
    if not isinstance(verdict, Verdict):
        got = type(verdict).__name__
        return Verdict(UNDECIDED, f"the check returned {got}, expected a Verdict", kind)
    return verdict


def _guarded(name: str, preset: str, make: Callable[[str], Evidence]) -> Evidence:
    """What `make` returns, or evidence without data that says why there is none."""
    try:
        return make(name)
    except STOPS:
        raise
    except DatasetMissing as error:
        return Evidence(name, preset, "missing", note=f"not run: {one_line(error, kind=False)}")
    except Exception as error:
        note = f"the experiment {name} did not finish: {one_line(error)}"
        return Evidence(name, preset, "broken", note=note)


Made = dict[str, tuple[str, Exception | None]]
"""Per experiment that ran in a process of its own: a note on its data, and the error if any."""


def _made_beside(names: list[str], preset: str, seed: int, workers: int, show: Progress) -> Made:
    """Run the experiments among `names` without a fresh result, several at a time."""
    tasks = {name: task.make(name, preset, seed=seed) for name in names}
    waiting = [name for name, made in tasks.items() if execute.state(made) != "fresh"]
    if len(waiting) < 2:
        return {}
    made: Made = {}
    pieces = [(name, preset, seed) for name in waiting]
    show(len(names) - len(waiting), len(names), "all experiments")
    for (name, *_), note, error in workers_of.each(
        _make, pieces, workers=min(workers, len(waiting)), progress=show
    ):
        if isinstance(error, STOPS):
            raise error
        made[name] = note or "", error
        show(len(names) - len(waiting) + len(made), len(names), "all experiments")
    return made


def _make(piece: tuple[str, str, int], show: Progress) -> str:
    """Save the result of one experiment, in whatever process this is; returns a note on it."""
    name, preset, seed = piece
    return _saved(name, preset, seed, show).note


def _taken(name: str, preset: str, seed: int, made: Made) -> Evidence | None:
    """The evidence that another process has made, None where none was asked to."""
    if name not in made:
        return None
    note, error = made[name]
    if error is not None:
        raise error
    dataset = execute.standing(task.make(name, preset, seed=seed))[1]
    if dataset is None:
        raise RuntimeError("its source changed while it ran; run it again")
    return _evidence(name, preset, "computed", dataset, note)


def _saved(name: str, preset: str, seed: int, show: Progress) -> Evidence:
    made = task.make(name, preset, seed=seed)
    standing, dataset = execute.standing(made)
    if standing == "fresh":
        return _evidence(name, preset, "reused", dataset)
    note = "an earlier result was stale and was computed again" if standing == "stale" else ""
    dataset = execute.execute(made, progress=show)
    return _evidence(name, preset, "computed", dataset, note)


def _evidence(name: str, preset: str, state: str, dataset: Any, note: str = "") -> Evidence:
    provenance = json.loads(dataset.attrs.get("provenance", "{}"))
    return Evidence(name, preset, state, dataset, provenance, note)


def one_line(error: BaseException, *, kind: bool = True) -> str:
    """An error as one line, at most 300 characters, with its kind in front."""
    text = " ".join(str(error).split())
    if kind:
        text = f"{type(error).__name__}: {text}" if text else type(error).__name__
    return text if len(text) <= 300 else text[:297] + "..."
