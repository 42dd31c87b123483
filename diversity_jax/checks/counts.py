"""Checks of probabilities: exact binomial intervals, and those of seeds that share trials."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike

from diversity_jax.checks.inputs import (
    bad,
    per_setting,
    reals,
    settle,
    show,
    show_interval,
    thresholds,
    undecided,
)
from diversity_jax.checks.verdict import Verdict


def clopper_pearson(
    successes: np.ndarray, trials: np.ndarray, level: float
) -> tuple[np.ndarray, np.ndarray]:
    """The exact two-sided binomial interval of a probability.

    Shapes: those of `successes` and `trials`, each.
    Source: Clopper and Pearson, Biometrika 1934.
    """
    from scipy.stats import beta

    failures = trials - successes
    lower = beta.ppf(level / 2, np.maximum(successes, 1), failures + 1)
    upper = beta.isf(level / 2, successes + 1, np.maximum(failures, 1))
    return np.where(successes == 0, 0.0, lower), np.where(failures == 0, 1.0, upper)


def bounded_mean(
    shares: np.ndarray, number: np.ndarray, level: float
) -> tuple[np.ndarray, np.ndarray]:
    """The interval of the mean of what lies between 0 and 1, from the mean of `number` draws.

    The means p with ``number * divergence(share, p) <= log(2 / level)``: at 0 and 1 that of
    Clopper and Pearson, wider between, valid for any law.

    Shapes: those of `shares` and `number`, each.
    Source: Hoeffding, Journal of the American Statistical Association 1963, Theorem 1.
    """

    def divergence(p: np.ndarray) -> np.ndarray:
        with np.errstate(divide="ignore", invalid="ignore"):
            hits = np.where(shares > 0, shares * np.log(shares / p), 0.0)
            return hits + np.where(shares < 1, (1 - shares) * np.log((1 - shares) / (1 - p)), 0.0)

    found = []
    for end in (0.0, 1.0):
        inside, outside = shares.astype(float), np.full(shares.shape, end)
        for _ in range(60):
            middle = (inside + outside) / 2
            kept = number * divergence(middle) <= np.log(2 / level)
            inside, outside = np.where(kept, middle, inside), np.where(kept, outside, middle)
        found.append(np.where(shares == end, end, outside))
    return found[0], found[1]


def interval_of(
    shares: np.ndarray, number: np.ndarray, level: float, shared: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Of `number` independent trials, or seeds whose trials are `shared`, with mean `shares`."""
    if shared:
        return bounded_mean(shares, number, level)
    return clopper_pearson(np.round(shares * number), number, level)


def probability(
    successes: ArrayLike,
    trials: ArrayLike,
    *,
    seeds: ArrayLike | None = None,
    predicted: ArrayLike | None = None,
    at_least: ArrayLike | None = None,
    at_most: ArrayLike | None = None,
    resolution: float,
    level: float = 1e-4,
) -> Verdict:
    """Is a probability as predicted, or at least, or at most, given counts of independent trials?

    Where one seed gives several trials (a start run in ten settings), they are not independent: say
    how many `seeds` there are, each with as many trials. Seeds are counted then, by an interval
    for the share of successes that each of them has, valid whatever its trials have in common.
    Otherwise it is the exact binomial one (Clopper-Pearson), which holds for the mean of trials of
    unlike probability too (Hoeffding, Annals of Mathematical Statistics 1956).

    `predicted` must lie inside; `at_least` and `at_most` must have the whole interval on their side
    (the opposite side fails, across is undecided). The level is shared over settings. Power, as a
    probability: distance to the far end of the interval, from `predicted` if given, otherwise from
    the measured share (on the wrong side of a threshold a truth hardly ever holds); or, if larger,
    the distance of a truth that as many trials tell from `predicted` 19 times in 20 (exact; None if
    there is none). 24 of 24 shows no 100%.

    Shapes: counts, claims and `seeds` are scalars or `[settings]`.
    Errors: ValueError unless exactly one claim is given, and for counts that are none.
    """
    level, resolution = thresholds(level, resolution)
    side, claim = _one_claim(predicted=predicted, at_least=at_least, at_most=at_most)
    successes, trials = _counts(successes, trials)
    settings = successes.size
    claim = per_setting(side, claim, settings)
    if not ((claim >= 0) & (claim <= 1)).all():
        got = f"{show(claim.min())} to {show(claim.max())}"
        raise bad(side, got, "probabilities between 0 and 1", "pass a probability")
    if (trials == 0).any():
        reason = f"setting {int((trials == 0).argmax())} has no trials"
        return undecided("probability", reason, level=level, resolution=resolution, details={})
    number = trials if seeds is None else _seeds(seeds, trials)
    measured = successes / trials
    lower, upper = interval_of(measured, number, level / settings, seeds is not None)
    room, excluded = _room(side, claim, lower, upper)
    worst = int(np.where(excluded, room - 2, room / (upper - lower)).argmin())
    centre = claim if side == "predicted" else measured
    power = np.maximum(upper - centre, centre - lower)
    if side == "predicted":
        pairs = zip(claim.tolist(), number.astype(int).tolist())
        told = [_told_apart(*each, level / settings, seeds is not None) for each in pairs]
        power = np.maximum(power, told)
    interval = (float(lower[worst]), float(upper[worst]))
    place = f" in the worst of {settings} settings ({worst})" if settings > 1 else ""
    open_side = side != "predicted" and room[worst] < 0
    shared = "" if seeds is None else f" from {int(number[worst])} seeds"
    return settle(
        "probability",
        f"{int(successes[worst])} of {int(trials[worst])}{shared}, {show(measured[worst])} "
        f"{show_interval(interval)}{place}, {side.replace('_', ' ')} {show(claim[worst])}",
        excluded=bool(excluded.any()),
        power=None if np.isnan(power).any() else float(power.max()),
        resolution=resolution,
        doubt="the threshold lies inside the interval" if open_side else None,
        predicted=float(claim[worst]),
        measured=float(measured[worst]),
        interval=interval,
        level=level,
        details={
            "side": side,
            "successes": int(successes[worst]),
            "trials": int(trials[worst]),
            "independent": int(number[worst]),
            "setting": worst,
            "settings": settings,
        },
    )


@lru_cache(maxsize=1024)
def _told_apart(prediction: float, number: int, level: float, shared: bool) -> float:
    """How far a truth must be from a claim to be told from it 19 times in 20; NaN if none is.

    Where seeds are shared by trials, for seeds that succeed in all of theirs or in none, which
    scatter most. On a side where even certainty cannot be told, the distance to certainty: no error
    is larger.
    """
    from scipy.stats import beta

    counts = np.arange(number + 1)
    lower, upper = interval_of(counts / number, np.full(number + 1, number), level, shared)
    kept = np.flatnonzero((lower <= prediction) & (prediction <= upper))
    least, most = int(kept[0]), int(kept[-1])
    if least == 0 and most == number:
        return float("nan")
    # Above: more than `most` successes in 19 of 20 runs, below: fewer than `least`.
    above = beta.ppf(0.95, most + 1, number - most) if most < number else 1.0
    below = beta.ppf(0.05, least, number - least + 1) if least > 0 else 0.0
    return float(max(above - prediction, prediction - below))


def _one_claim(**given: ArrayLike | None) -> tuple[str, ArrayLike]:
    """The name and the value of the only claim given, refused unless there is exactly one."""
    claims = [(name, value) for name, value in given.items() if value is not None]
    if len(claims) != 1:
        got = " and ".join(name for name, _ in claims) or "none"
        raise bad(", ".join(given), got, "exactly one of them", "pass one")
    return claims[0]


def _room(
    side: str, claim: np.ndarray, lower: np.ndarray, upper: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """By how much the interval supports the claim (negative: not), and where it excludes it."""
    above, below = upper - claim, claim - lower
    if side == "at_least":
        return np.where(above < 0, above, -below), above < 0
    if side == "at_most":
        return np.where(below < 0, below, -above), below < 0
    room = np.minimum(above, below)
    return room, room < 0


def _seeds(seeds: ArrayLike, trials: np.ndarray) -> np.ndarray:
    """How many seeds gave the trials of each setting, refused unless each gave as many."""
    number = per_setting("seeds", seeds, trials.size)
    if not ((number >= 1) & (number == np.round(number)) & (trials % number == 0)).all():
        expected = "whole numbers of which the trials are multiples"
        raise bad("seeds", number.tolist(), expected, "every seed has to give as many trials")
    return number


def _counts(successes: ArrayLike, trials: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Successes and trials as whole numbers of one shape [settings], refused otherwise."""
    successes, trials = reals("successes", successes), reals("trials", trials)
    settings = max(successes.size, trials.size)
    successes = per_setting("successes", successes, settings)
    trials = per_setting("trials", trials, settings)
    for name, values in (("successes", successes), ("trials", trials)):
        if not ((values >= 0) & (values == np.round(values))).all():
            raise bad(name, values.tolist(), "whole numbers, 0 or more", "pass counts, not shares")
    if (successes > trials).any():
        place = int((successes > trials).argmax())
        got = f"{int(successes[place])} of {int(trials[place])} trials"
        raise bad("successes", got, "no more than trials", "check the order of the arguments")
    return successes, trials
