"""What a claim's check and its control hand to the nine kinds of check, and whether both are one.

A control whose inputs are the claim's own, exchanged, cannot come out otherwise: it proves nothing.
Both are run while every check listens, on the data and on the same data scrambled, where inputs
that are alike by accident (all runs succeed, none does) differ.
"""

import contextlib
import dataclasses
import inspect
import sys
from typing import Any

import numpy as np

from diversity_jax import checks

KINDS = tuple(name for name in checks.__all__ if name not in ("Verdict", "combine"))
SIDES = ("at_least", "at_most", "predicted")


@dataclasses.dataclass(frozen=True)
class Heard:
    """One call of a check: its kind and all its arguments, defaults included."""

    kind: str
    given: dict[str, Any]

    def __getitem__(self, name):
        return self.given[name]

    def same(self, other, *names):
        """Whether both were given the same for all of `names`."""
        return all(_alike(self[name], other[name]) for name in names)


class Ears:
    """Every check that a paper's modules know, replaced by one that notes what it is given."""

    def __init__(self, monkeypatch):
        self.heard: list[Heard] = []
        listening = {id(getattr(checks, name)): self._listening(name) for name in KINDS}
        for module in [m for n, m in sys.modules.items() if n.startswith(("paper_repro", "tests"))]:
            for name, value in list(vars(module).items()):
                if id(value) in listening:
                    monkeypatch.setattr(module, name, listening[id(value)])

    def _listening(self, name):
        real = getattr(checks, name)
        signature = inspect.signature(real)

        def check(*values, **named):
            bound = signature.bind(*values, **named)
            bound.apply_defaults()
            self.heard.append(Heard(name, dict(bound.arguments)))
            return real(*values, **named)

        return check

    def of(self, check, dataset):
        """The calls that `check` makes on `dataset`, as far as it comes."""
        self.heard.clear()
        with contextlib.suppress(Exception):  # a check may well refuse scrambled data
            check(dataset)
        return list(self.heard)


def scrambled(dataset, generator):
    """The dataset with everything measured drawn anew from its own values, apart from the seeds."""
    changed = {}
    for name, values in dataset.data_vars.items():
        if "seed" not in values.dims:
            continue
        array = np.array(values.values)
        if array.dtype == bool:
            array = generator.random(array.shape) < 0.5
        elif array.dtype.kind in "if":
            array = generator.permutation(array.ravel()).reshape(array.shape)
        if array.dtype.kind == "f":
            array *= 1 + 1e-3 * generator.random(array.shape)
        changed[name] = (values.dims, array)
    return dataset.assign(changed)


def exchange(claim, dataset, ears, generator):
    """What makes the claim's control an exchange; empty where nothing of the kind is seen.

    An exchange is one on any data: what is seen on these alone, as two counts that are equal by
    accident, is none. Data on which the check or its control breaks off do not speak.
    """
    found = None
    for data in (dataset, scrambled(dataset, generator), scrambled(dataset, generator)):
        said, answered = ears.of(claim.check, data), ears.of(claim.control.check, data)
        if data is dataset and not said:
            return "the claim reaches none of the nine kinds of check"
        if said and answered:
            pairs = ((first, second) for first in said for second in answered)
            here = set().union(*(_exchanged(*pair, claim.control.expected) for pair in pairs))
            found = here if found is None else found & here
    return "; ".join(sorted(found or ()))


def _exchanged(claim, control, expected):
    """All that one call of the claim and one of its control have exchanged."""
    if claim.kind != control.kind:
        return set()
    found = {RULES.get(claim.kind, lambda *_: "")(claim, control)}
    if expected == "fails" and claim.same(control, *claim.given):
        found.add(f"a part of the control is the claim's own {claim.kind}, on the same numbers")
    return found - {""}


def _ordering(claim, control):
    if _alike(_log_ratio(claim), -_log_ratio(control)):
        return "first and second exchanged"
    return ""


def _inequality(claim, control):
    if _alike(claim["left"], control["right"]) and _alike(claim["right"], control["left"]):
        return "left and right exchanged"
    return ""


def _agreement(claim, control):
    wanted, other = (np.ravel(each["predicted"]) for each in (claim, control))
    if wanted.size < 2 or _alike(wanted, other) or not claim.same(control, "samples"):
        return ""
    if _alike(np.sort(wanted), np.sort(other)):
        return "predictions exchanged among the settings"
    return ""


def _probability(claim, control):
    if not claim.same(control, "trials"):
        return ""
    same, threshold = claim.same(control, "successes"), claim["predicted"] is None
    if same and threshold and not claim.same(control, *SIDES):
        return "another threshold for the same counts"
    failures = np.asarray(claim["trials"]) - np.asarray(claim["successes"])
    return "successes and failures exchanged" if _alike(failures, control["successes"]) else ""


def _exponent(claim, control):
    if claim.same(control, "sizes", "values") and claim["rival"] == control["expected"]:
        return "the rival that the claim's own check excludes, on the same values"
    return ""


def _convergence(claim, control):
    return "the sign of the gap exchanged" if _alike(claim["gaps"], _minus(control["gaps"])) else ""


def _counterexample(claim, control):
    return "the sign of the margin" if _alike(claim["margin"], _minus(control["margin"])) else ""


RULES = {
    "ordering": _ordering,
    "inequality": _inequality,
    "agreement": _agreement,
    "probability": _probability,
    "exponent": _exponent,
    "convergence": _convergence,
    "counterexample": _counterexample,
}


def _log_ratio(call):
    with np.errstate(all="ignore"):
        return np.log(np.asarray(call["second"], float)) - np.log(np.asarray(call["first"], float))


def _minus(values):
    return -np.asarray(values, float)


def _alike(one, other):
    """Equal, up to the rounding of a quotient; two NaN are equal."""
    if one is None or other is None or isinstance(one, str):
        return one is other or one == other
    one, other = np.asarray(one, float), np.asarray(other, float)
    return one.shape == other.shape and np.allclose(one, other, 1e-12, 1e-13, equal_nan=True)
