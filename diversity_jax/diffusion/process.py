"""The Ornstein-Uhlenbeck process ``dx = -x dt + sqrt(2) dW`` forward in time, and time grids."""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, ScalarLike

from diversity_jax import validate


def noised(key: Array, points: Float[Array, "*n d"], time: ScalarLike) -> Float[Array, "*n d"]:
    """The points after the process ran for `time`: ``e^-t x + sqrt(1 - e^-2t) xi``, exact.

    Units of the points.

    Errors: ValueError for a negative time.
    """
    validate.nonnegative("time", time, "the process runs forward only")
    time = jnp.asarray(time, points.dtype)
    noise = jax.random.normal(key, points.shape, points.dtype)
    return jnp.exp(-time) * points + jnp.sqrt(-jnp.expm1(-2 * time)) * noise


def backward_times(start: ScalarLike, end: ScalarLike, steps: int) -> Float[Array, " steps1"]:
    """Times from `start` down to `end`, both included, evenly spaced in ``log(e^2t - 1)``.

    That is the logarithm of the noise-to-signal ratio: steps shrink with t near the data, and are
    even in t far from it.

    Shapes: `[steps + 1]`.
    Errors: ValueError unless ``0 < end < start`` and ``steps >= 1``.
    """
    if steps < 1:
        raise validate.fail("steps", steps, "an integer >= 1", "take at least one step")
    first, last = validate.concrete(start), validate.concrete(end)
    if first is not None and last is not None and not 0 < last < first:
        raise validate.fail(
            "start and end", f"{first} and {last}", "0 < end < start", "stop shortly before 0"
        )
    far, near = (_log_ratio(jnp.asarray(time, float)) for time in (start, end))
    ratios = jnp.linspace(far, near, steps + 1)
    return jnp.logaddexp(ratios, 0.0) / 2


def _log_ratio(time: Float[Array, ""]) -> Float[Array, ""]:
    """``log(e^2t - 1)`` without overflow."""
    return 2 * time + jnp.log(-jnp.expm1(-2 * time))
