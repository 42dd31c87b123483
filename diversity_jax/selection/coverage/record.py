"""What every rule of coverage returns, and the checks that they share."""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Bool, Float, Int

from diversity_jax import validate
from diversity_jax.records import Record


class Selection(Record):
    """The chosen points in the order of choice, what each added, and what the rule maximises."""

    indices: Int[Array, " k"]
    gains: Float[Array, " k"]
    objective: Float[Array, ""]


def check_number(number: object, available: int, what: str = "points") -> None:
    """Refuse a number of picks that is no integer, below one or above what is `available`."""
    if not validate.whole(number) or not 1 <= number <= available:
        expected = f"an integer from 1 to {available}, the number of {what}"
        raise validate.fail("number", repr(number), expected, "pick fewer or pass more")


def check_points(points: Array, number: object) -> None:
    """Refuse points that are not a finite floating-point `[n, d]`, or too few for `number`."""
    validate.shape("points", points, (None, None), "pass one point per row")
    if not np.issubdtype(points.dtype, np.floating):
        fix = "convert them, e.g. points.astype(float)"
        raise validate.fail("points", f"dtype {points.dtype}", "floating-point numbers", fix)
    check_number(number, points.shape[0])
    validate.finite("points", points)


def in_range(selection: Selection, argument: str = "points", *, first: int = 0) -> Selection:
    """The selection, unless its gains from pick `first` on, or its objective, are not finite."""
    gains, objective = validate.concrete(selection.gains), validate.concrete(selection.objective)
    if gains is None or objective is None:
        return selection
    if not (np.isfinite(gains[first:]).all() and np.isfinite(objective)):
        got = f"values whose squares or sums leave the range of {gains.dtype}"
        fix = "divide or multiply all of them by one number, or pass float64"
        raise validate.fail(argument, got, "finite gains and a finite objective", fix)
    return selection


def largest(values: Float[Array, " n"]) -> Int[Array, ""]:
    """The place of the largest value, the first of equals; `jnp.argmax` is slow on a CPU."""
    return first_true(values == jnp.max(values), 1)[0]


def first_true(flags: Bool[Array, " n"], number: int) -> Int[Array, " m"]:
    """The first `number` places that are true, then others; in the only fast `top_k` on a CPU."""
    return lax.top_k(flags.astype(jnp.float32), number)[1].astype(jnp.int32)
