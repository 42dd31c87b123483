"""Repeat a step and keep some of the states."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import jax
import jax.numpy as jnp
from jaxtyping import Array, ScalarLike

from diversity_jax import traced, validate

State = TypeVar("State")


def rollout(
    step: Callable[[State, Array], State], state: State, *, frames: int, stride: ScalarLike = 1
) -> tuple[State, State]:
    """Apply `step(state, number)` `frames * stride` times and keep every `stride`-th state.

    Returns the last state and the kept ones, stacked along a leading axis; the start is not among
    them. `number` counts steps from 0, for streams and schedules. `stride` may be traced.

    Shapes: the state's, and the same after a leading `[frames]`.
    Errors: ValueError for fewer than one frame, or one step a frame.
    """
    steps = validate.concrete(stride)
    integers = validate.whole(frames) and (
        steps is None or (steps.ndim == 0 and steps.dtype.kind in "iu")
    )
    if not integers or frames < 1 or (steps is not None and steps < 1):
        raise validate.fail(
            "frames and stride",
            f"{frames} and {stride}",
            "integers >= 1",
            "keep at least one frame",
        )

    if steps is None:
        # Before the loop, which takes no step at all at a stride below one.
        state = traced.only(jnp.asarray(stride) >= 1, state)

    def frame(current: State, index: Array) -> tuple[State, State]:
        first = index * stride
        current = jax.lax.fori_loop(
            0, stride, lambda offset, inner: step(inner, first + offset), current
        )
        return current, current

    return jax.lax.scan(frame, state, jnp.arange(frames))
