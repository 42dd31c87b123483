"""Checks decided by numerical error alone: identity, inequality, counterexample."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from diversity_jax.checks.counts import clopper_pearson
from diversity_jax.checks.inputs import (
    Seeds,
    bad,
    positive,
    reals,
    scalar,
    seed_samples,
    settle,
    show,
    show_interval,
    thresholds,
    undecided,
)
from diversity_jax.checks.verdict import Verdict

EPSILON = float(np.finfo(np.float64).eps)
CLEAR_MARGIN = 10.0  # a counterexample stands when its margin is this many numerical errors


def _together(left: ArrayLike, right: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Two arrays broadcast to one shape, or a clear refusal."""
    left, right = reals("left", left), reals("right", right)
    try:
        left, right = np.broadcast_arrays(left, right)
    except ValueError:
        expected = f"the shape of left, {left.shape}, or a scalar"
        raise bad("right", f"shape {right.shape}", expected, "compare entry by entry") from None
    return left, right


def identity(
    left: ArrayLike,
    right: ArrayLike,
    *,
    terms: float,
    condition: float = 1.0,
    scale: ArrayLike | None = None,
    resolution: float,
    epsilon: float = EPSILON,
) -> Verdict:
    """Are two computations of the same numbers equal up to rounding?

    ``max abs(left - right) / scale`` must stay within the allowance ``epsilon * terms *
    condition``: `terms` counts the rounded operations behind one entry, `condition` how much the
    formula enlarges them, both fixed beforehand. `scale` defaults to abs(right) entry by entry
    (abs(left) where that is 0), so that a small entry is held to its own digits; give the size of
    the terms where they cancel. Power: the allowance. Any NaN or infinity leaves it undecided.

    Shapes: both sides of one shape, or one a scalar; `scale` a scalar, or of that shape.
    Errors: ValueError for shapes that disagree, and for an allowance that is not positive.
    """
    _, resolution = thresholds(0.5, resolution)
    left, right = _together(left, right)
    factors = [
        positive(name, scalar(name, value))
        for name, value in (("terms", terms), ("condition", condition), ("epsilon", epsilon))
    ]
    allowance = float(np.prod(factors))
    broken = int((~(np.isfinite(left) & np.isfinite(right))).sum())
    if broken:
        reason = f"{broken} of {left.size} entries are NaN or infinite"
        details = {"allowance": allowance}
        return undecided("identity", reason, level=None, resolution=resolution, details=details)
    if scale is None:
        scale = np.where(right == 0, np.where(left == 0, 1.0, np.abs(left)), np.abs(right))
    scale = positive("scale", scale)
    if scale.size != 1 and scale.shape != left.shape:
        expected = f"a scalar or shape {left.shape}"
        raise bad("scale", f"shape {scale.shape}", expected, "pass one size per entry")
    errors = np.abs(left - right) / scale.reshape(() if scale.size == 1 else scale.shape)
    error = float(errors.max())
    return settle(
        "identity",
        f"the two sides differ by {show(error)} of the scale at most, "
        f"rounding allows {show(allowance)}",
        excluded=error > allowance,
        power=allowance,
        resolution=resolution,
        predicted=0.0,
        measured=error,
        interval=(max(0.0, error - allowance), error + allowance),
        details={"allowance": allowance, "entries": left.size, "entry": int(errors.argmax())},
    )


def counterexample(
    margin: float, error: float, *, resolution: float, scale: float = 1.0
) -> Verdict:
    """Does a counterexample violate a statement by more than 10 times its numerical error?

    `margin` is how far the statement is violated, `error` the numerical error of that margin, of
    which there is at least one rounding of `scale`, the size of what is compared. Holds (the
    counterexample stands) above 10 errors, fails if the statement is true here beyond the error,
    undecided between. Power: ``error / margin``. A NaN or infinite margin is undecided.

    Errors: ValueError for a negative error, and for more than one margin.
    """
    _, resolution = thresholds(0.5, resolution)
    error = scalar("error", error)
    if error < 0:
        raise bad("error", error, "zero or more", "pass the size of the numerical error")
    rounding = EPSILON * float(positive("scale", scalar("scale", scale)))
    margin_array = reals("margin", margin)
    if margin_array.size != 1:
        expected = "one number"
        raise bad("margin", f"shape {margin_array.shape}", expected, "pass one counterexample")
    margin = float(margin_array.reshape(()))
    if not np.isfinite(margin):
        reason = f"the margin is {margin}"
        return undecided("counterexample", reason, level=None, resolution=resolution, details={})
    given, error = error, max(error, rounding)
    clear = margin > CLEAR_MARGIN * error
    return settle(
        "counterexample",
        f"the statement is violated by {show(margin)}, with a numerical error of {show(error)}",
        excluded=margin <= -given,
        power=error / margin if margin > 0 else None,
        resolution=resolution,
        doubt=None if clear else f"the margin is not above {CLEAR_MARGIN:g} numerical errors",
        predicted=0.0,
        measured=margin,
        interval=(margin - error, margin + error),
    )


def inequality(
    left: ArrayLike,
    right: ArrayLike,
    *,
    error: ArrayLike = 0.0,
    resolution: float,
    delta: float | None = None,
    level: float = 1e-4,
) -> Verdict:
    """Is ``left <= right`` in every entry, or, with `delta`, in all but that share of seeds?

    Without `delta` one entry with ``left > right + error`` fails, an infinite `left` over a finite
    `right` too; two infinities of one sign cannot be compared and leave it undecided. With it, a
    setting fails when the exact binomial interval of its share of violations lies above `delta`
    (level shared over settings). Rows with NaN are failed seeds, which might have violated the
    bound: without `delta` they leave it undecided, with it they count as violations where that
    decides. Measured: the largest
    ``left / right`` (for a negative bound ``1 - (right - left) / abs(right)``), or with `delta`
    the worst share of violations.

    Power: the smallest share of `right` by which a stricter bound would have failed on this data:
    ``1 - max((left - error) / right)``, and with `delta` the same with as many seeds violating as
    the binomial needs. Above `resolution` the bound is vacuous here, and undecided. Entries with
    ``right = 0`` can be violated but show no sharpness.

    Shapes: both sides of one shape, or one a scalar; with `delta` `[seeds]` or `[seeds, settings]`.
    Errors: ValueError for shapes that disagree, a negative error, `delta` outside (0, 1).
    """
    level, resolution = thresholds(level, resolution)
    left, right = _together(left, right)
    slack = reals("error", error, finite=True)
    if (slack < 0).any() or (slack.size != 1 and slack.shape != left.shape):
        got = f"shape {slack.shape}, smallest {show(slack.min())}"
        raise bad("error", got, f"zero or more, a scalar or shape {left.shape}", "pass a size")
    if delta is not None and not 0 < scalar("delta", delta) < 1:
        raise bad("delta", delta, "a probability between 0 and 1", "leave it out for a sure bound")
    if delta is not None and left.ndim not in (1, 2):
        expected = "shape [seeds] or [seeds, settings]"
        raise bad("left", f"shape {left.shape}", expected, "count violations over seeds")
    rows = len(left) if left.ndim else 1
    slack = np.broadcast_to(slack.reshape(() if slack.size == 1 else slack.shape), left.shape)
    same = np.isinf(left) & (left == right)
    if same.any():
        problem = f"{int(same.sum())} of {left.size} entries compare infinity with itself"
        return undecided("inequality", problem, level=level, resolution=resolution, details={})
    seeds = seed_samples(
        left=left.reshape(rows, -1), right=right.reshape(rows, -1), error=slack.reshape(rows, -1)
    )
    if problem := seeds.problem(fewest=1):
        details = seeds.counts()
        return undecided("inequality", problem, level=level, resolution=resolution, details=details)
    if delta is None:
        return _sure(seeds, resolution)
    return _with_high_probability(seeds, float(delta), level, resolution)


def _ratio(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """``left / right``, continued to negative bounds; at a bound of 0 -inf unless violated.

    Where a side is infinite: +inf if that violates the bound, else -inf, far from it.
    """
    far = np.isinf(left) | np.isinf(right)
    size = np.where((right == 0) | far, 1.0, np.abs(right))
    at_end = np.where(left > np.where(far, right, 0.0), np.inf, -np.inf)
    inner = 1 - (np.where(far, 0.0, right) / size - np.where(far, 0.0, left) / size)
    return np.where((right == 0) | far, at_end, inner)


def _sure(seeds: Seeds, resolution: float) -> Verdict:
    left, right, error = seeds.arrays
    violations = int((left > right + error).sum())
    ratios = _ratio(left, right)
    worst = np.unravel_index(int((left - right - error).argmax()), left.shape)
    largest = float(ratios.max())
    sharpest = float(_ratio(left - error, right).max())
    power = max(0.0, 1 - sharpest) if np.isfinite(sharpest) else None
    doubt = None
    if seeds.failed:
        doubt = f"{len(seeds.failed)} of {seeds.total} seeds failed and might violate the bound"
    elif power is None or power > resolution:
        doubt = f"vacuous here: left reaches {show(largest)} of right at most"
    finding = f"largest left/right {show(largest)} over {left.size} entries"
    if violations:
        finding = (
            f"{violations} of {left.size} entries violate the bound, one by left "
            f"{show(left[worst])} over right {show(right[worst])}"
        )
    ends = (sharpest, float(_ratio(left + error, right).max()))
    return settle(
        "inequality",
        finding,
        excluded=violations > 0,
        power=power,
        resolution=resolution,
        doubt=doubt,
        remark=seeds.remark(),
        predicted=1.0,
        measured=largest,
        interval=ends,
        details={**seeds.counts(), "entries": left.size, "violations": violations},
    )


def _with_high_probability(seeds: Seeds, delta: float, level: float, resolution: float) -> Verdict:
    left, right, error = seeds.arrays
    number, settings = left.shape
    violations = (left > right + error).sum(axis=0)
    trials = np.full(settings, number)
    lower, upper = clopper_pearson(violations, trials, level / settings)
    missing = len(seeds.failed)
    with_missing, _ = clopper_pearson(violations + missing, trials + missing, level / settings)
    worst = int(violations.argmax())
    possible = np.arange(number + 1)
    ends, _ = clopper_pearson(possible, np.full(number + 1, number), level / settings)
    needed = np.flatnonzero(ends > delta)
    power = None
    if needed.size:
        ordered = np.sort(_ratio(left - error, right), axis=0)[::-1]
        sharpest = float(ordered[needed[0] - 1].max())
        power = max(0.0, 1 - sharpest) if np.isfinite(sharpest) else None
    doubt = None
    if bool((with_missing > delta).any()):
        doubt = f"{missing} of {seeds.total} seeds failed, and with them it would fail"
    elif not needed.size:
        doubt = f"{number} seeds cannot show more than {show(delta)} violations"
    elif power is None or power > resolution:
        doubt = f"vacuous here: {needed[0]} seeds violate no bound smaller by {show(resolution)}"
    interval = (float(lower[worst]), float(upper[worst]))
    return settle(
        "inequality",
        f"{int(violations[worst])} of {number} seeds violate the bound, a share in "
        f"{show_interval(interval)}, allowed {show(delta)}",
        excluded=bool((lower > delta).any()),
        power=power,
        resolution=resolution,
        doubt=doubt,
        remark=seeds.remark(),
        predicted=delta,
        measured=float(violations[worst] / number),
        interval=interval,
        level=level,
        details={**seeds.counts(), "violations": int(violations[worst]), "settings": settings},
    )
