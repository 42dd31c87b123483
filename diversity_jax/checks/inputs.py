"""What all checks share: reading arrays, leaving failed seeds out, and the rule that decides.

Bad arguments are refused in the library's one-line format, repeated here because the library's
own helper imports jax and a check must not.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from diversity_jax.checks.verdict import FAILS, HOLDS, UNDECIDED, Verdict

LARGEST_FAILED_SHARE = 0.05
FEWEST_SEEDS = 3


def bad(argument: str, got: object, expected: str, fix: str) -> ValueError:
    """The error to raise for a bad `argument`: one line that names got, expected and fix."""
    return ValueError(f"{argument}: got {got}, expected {expected}; {fix}")


def reals(argument: str, values: ArrayLike, *, finite: bool = False) -> np.ndarray:
    """`values` as float64, refusing what is no real number and, on request, what is not finite."""
    try:
        array = np.asarray(values)
        if np.iscomplexobj(array):
            raise TypeError
        array = array.astype(np.float64)
    except (TypeError, ValueError):
        raise bad(
            argument, type(values).__name__, "real numbers", "pass an array of floats"
        ) from None
    if array.size == 0:
        raise bad(argument, f"shape {array.shape}", "at least one value", "pass a value")
    if finite and not np.isfinite(array).all():
        count = int((~np.isfinite(array)).sum())
        raise bad(
            argument,
            f"{count} NaN or infinite of {array.size} values",
            "finite values",
            "only measured arrays may hold failed seeds",
        )
    return array


def scalar(argument: str, value: ArrayLike) -> float:
    """`value` as one finite Python float."""
    array = reals(argument, value, finite=True)
    if array.size != 1:
        raise bad(argument, f"shape {array.shape}", "one number", "pass a scalar")
    return float(array.reshape(()))


def positive(
    argument: str, values: ArrayLike, fix: str = "pass values above zero", *, finite: bool = True
) -> np.ndarray:
    """`values` as float64, all above zero and, unless told otherwise, finite."""
    array = reals(argument, values, finite=finite)
    if not (array > 0).all():
        raise bad(argument, f"a smallest value of {array.min():.6g}", "values > 0", fix)
    return array


def thresholds(level: float, resolution: float) -> tuple[float, float]:
    """The level and the resolution of a check, refused outside (0, 1) and (0, inf)."""
    level = scalar("level", level)
    if not 0 < level < 1:
        raise bad("level", level, "a probability between 0 and 1", "the default is 1e-4")
    return level, float(positive("resolution", scalar("resolution", resolution)))


def per_setting(argument: str, values: ArrayLike, settings: int) -> np.ndarray:
    """A scalar or one finite value per setting, as an array of shape [settings]."""
    array = reals(argument, values, finite=True)
    if array.size == 1:
        return np.full(settings, float(array.reshape(())))
    if array.shape != (settings,):
        expected = f"a scalar or shape ({settings},)"
        raise bad(argument, f"shape {array.shape}", expected, "pass one value per setting")
    return array


@dataclass(frozen=True)
class Seeds:
    """Arrays over seeds, [seeds, settings] each, without the seeds in which any is not a number.

    Infinity is a value ("never"), and stays.
    """

    arrays: tuple[np.ndarray, ...]
    failed: tuple[int, ...]
    total: int
    rounding: float  # the coarsest epsilon among the arrays as they came

    @property
    def number(self) -> int:
        """How many seeds are left."""
        return self.total - len(self.failed)

    def problem(self, fewest: int = FEWEST_SEEDS) -> str | None:
        """Why these seeds decide nothing, or None if they do."""
        if len(self.failed) > LARGEST_FAILED_SHARE * self.total:
            return f"too many failed seeds: {len(self.failed)} of {self.total} are not a number"
        if self.number < fewest:
            return f"{self.number} seeds are too few for an error bar, which takes {fewest}"
        return None

    def infinite(self) -> str | None:
        """The doubt of a check that takes means, when some value is infinite."""
        rows = np.any([np.isinf(array).any(axis=1) for array in self.arrays], axis=0)
        if not rows.any():
            return None
        return f"{int(rows.sum())} of {self.number} seeds hold an infinite value, so no mean exists"

    def in_their_place(self) -> Iterator[Seeds]:
        """These seeds with the failed ones at the ends of what the others show, each combination.

        In every setting and array the smallest or the largest value seen stands in for them.
        """
        ends = [(array.min(axis=0), array.max(axis=0)) for array in self.arrays]
        for chosen in itertools.product(*ends):
            filled = tuple(
                np.concatenate([array, np.repeat(end[None], len(self.failed), axis=0)])
                for array, end in zip(self.arrays, chosen)
            )
            yield replace(self, arrays=filled, failed=())

    def remark(self) -> str:
        """The failed seeds, as the end of a sentence."""
        if not self.failed:
            return ""
        shown = ", ".join(str(seed) for seed in self.failed[:5])
        more = ", ..." if len(self.failed) > 5 else ""
        return f"; left out {len(self.failed)} of {self.total} seeds, not a number ({shown}{more})"

    def counts(self) -> dict[str, object]:
        """The seeds for a verdict's details."""
        return {"seeds": self.number, "failed_seeds": list(self.failed)}


def standing(seeds: Seeds, judge: Callable[[Seeds], Verdict]) -> Verdict:
    """The verdict on `seeds`, undecided if the failed ones could have turned it.

    It has to come out the same with the worst that was seen in their place.
    """
    verdict = judge(seeds)
    if not seeds.failed or verdict.status == UNDECIDED:
        return verdict
    turned = {judge(filled).status for filled in seeds.in_their_place()} - {verdict.status}
    if not turned:
        return verdict
    doubt = f"it {verdict.status} only without the failed seeds; {verdict.reason}"
    return replace(verdict, status=UNDECIDED, reason=doubt)


def seed_samples(**named: ArrayLike) -> Seeds:
    """Measured arrays of one shape, freed of failed seeds (those with NaN).

    Shapes: `[seeds]` or `[seeds, settings]`, all the same.
    Errors: ValueError for shapes that disagree, and for what is no real number.
    """
    arrays, epsilons = [], []
    for argument, values in named.items():
        array = reals(argument, values)
        if array.ndim not in (1, 2):
            expected = "shape [seeds] or [seeds, settings]"
            raise bad(argument, f"shape {array.shape}", expected, "reshape settings into one axis")
        kind = np.asarray(values).dtype
        epsilons.append(np.finfo(kind if kind.kind == "f" else np.float64).eps)
        arrays.append(array.reshape(len(array), -1))
        if arrays[-1].shape != arrays[0].shape:
            first = next(iter(named))
            expected = f"the shape of {first}, {np.shape(named[first])}"
            raise bad(argument, f"shape {array.shape}", expected, "pair them seed by seed")
    whole = np.all([~np.isnan(array).any(axis=1) for array in arrays], axis=0)
    kept = tuple(array[whole] for array in arrays)
    failed = tuple(int(seed) for seed in np.flatnonzero(~whole))
    return Seeds(kept, failed, len(whole), float(max(epsilons)))


def show(value: float) -> str:
    """A number for a sentence."""
    return f"{value:.4g}"


def show_interval(interval: tuple[float, float]) -> str:
    """An interval for a sentence."""
    return f"[{show(interval[0])}, {show(interval[1])}]"


def settle(
    kind: str,
    finding: str,
    *,
    excluded: bool,
    power: float | None,
    resolution: float,
    doubt: str | None = None,
    remark: str = "",
    **numbers: Any,
) -> Verdict:
    """Decide: fails when `excluded`, undecided on a `doubt` or too little power, else holds."""
    if excluded:
        status, reason = FAILS, finding
    elif doubt is not None:
        status, reason = UNDECIDED, f"{doubt}; {finding}" if finding else doubt
    elif power is None or not power <= resolution:
        shown = "no error of the theory" if power is None else f"only errors above {show(power)}"
        status = UNDECIDED
        reason = (
            f"too little power: {shown} would show, {show(resolution)} was asked for; {finding}"
        )
    else:
        status = HOLDS
        reason = f"{finding}; an error of {show(power)} would have shown"
    return Verdict(
        status=status,
        reason=reason + remark,
        kind=kind,
        power=power,
        resolution=resolution,
        **numbers,
    )


def undecided(
    kind: str, reason: str, *, level: float | None, resolution: float, details: Mapping[str, object]
) -> Verdict:
    """The verdict when there is nothing to compute from."""
    return Verdict(
        UNDECIDED, reason, kind, level=level, resolution=resolution, details=dict(details)
    )
