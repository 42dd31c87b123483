"""What a check returns: holds, fails or undecided, with the interval and the power behind it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

HOLDS = "holds"
FAILS = "fails"
UNDECIDED = "undecided"
STATUSES = (HOLDS, FAILS, UNDECIDED)


@dataclass(frozen=True)
class Verdict:
    """The outcome of one check.

    `fails`: the interval excludes the claim. `holds`: it does not, and the check was sharp enough,
    ``power <= resolution``. `undecided`: anything else, and `reason` says what.

    `power` is the smallest error of the theory, in the check's own unit, that this very check on
    this very data would have caught 19 times in 20; None where it could not be computed.
    `predicted`, `measured` and `interval` (of the measured) are those of the worst setting.
    """

    status: str
    reason: str
    kind: str
    predicted: float | None = None
    measured: float | None = None
    interval: tuple[float, float] | None = None
    level: float | None = None
    power: float | None = None
    resolution: float | None = None
    details: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.status not in STATUSES:
            raise ValueError(
                f"status: got {self.status!r}, expected one of {', '.join(STATUSES)}; "
                "choose one of those"
            )

    def as_dict(self) -> dict[str, Any]:
        """The verdict as JSON-safe values: Python numbers, NaN and infinities as None."""
        return {name: json_safe(value) for name, value in vars(self).items()}


def json_safe(value: object) -> Any:
    """`value` with arrays as lists, numpy numbers as Python's, NaN and infinities as None."""
    if listed := getattr(value, "tolist", None):
        value = listed()
    if isinstance(value, Mapping):
        return {str(name): json_safe(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [json_safe(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def combine(verdicts: Sequence[Verdict] | Mapping[str, Verdict]) -> Verdict:
    """One verdict for a claim of several parts, carrying the numbers of its worst part.

    Fails if any part fails, holds if all hold, otherwise undecided. Among parts of one status the
    worst is the one whose power is largest against its resolution. Each part keeps its own
    level: with k parts the chance of a false alarm is at most k times that level.

    Errors: ValueError for no part.
    """
    named = dict(verdicts) if isinstance(verdicts, Mapping) else dict(enumerate(verdicts, 1))
    if not named:
        raise ValueError("verdicts: got none, expected at least one; pass the parts of the claim")
    name, worst = max(named.items(), key=lambda item: _badness(item[1]))
    if len(named) == 1:
        return worst
    holding = sum(part.status == HOLDS for part in named.values())
    reason = f"{holding} of {len(named)} parts hold; the worst, part {name}: {worst.reason}"
    parts = {
        str(key): {"status": part.status, "kind": part.kind, "reason": part.reason}
        for key, part in named.items()
    }
    return replace(worst, reason=reason, details={**worst.details, "parts": parts})


def _badness(verdict: Verdict) -> tuple[int, float]:
    rank = {HOLDS: 0, UNDECIDED: 1, FAILS: 2}[verdict.status]
    if verdict.power is None or not verdict.resolution:
        return rank, math.inf
    return rank, verdict.power / verdict.resolution
