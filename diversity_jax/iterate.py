"""Repeat a step, keep some of the states, and say how an iterative solve ended."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from diversity_jax import validate

State = TypeVar("State")


class Solution(eqx.Module):
    """What an iterative solve found, and whether to believe it: failure is a value."""

    value: Any
    residual: Float[Array, ""]
    steps: Int[Array, ""]
    converged: Bool[Array, ""]


def repeat(step: Callable[[State], State], state: State, *, steps: int) -> State:
    """Apply `step` `steps` times; memory of one state. `steps` may be traced."""
    validate.nonnegative("steps", steps, "repeat zero times or more")
    return jax.lax.fori_loop(0, steps, lambda _, current: step(current), state)


def rollout(
    step: Callable[[State, Array], State], state: State, *, frames: int, stride: Any = 1
) -> tuple[State, State]:
    """Apply `step(state, number)` `frames * stride` times and keep every `stride`-th state.

    Returns the last state and the kept ones, stacked along a leading axis `[frames]`; the start
    is not among them. `number` counts steps from 0, for streams and schedules. `stride` may be
    traced.
    """
    strides = validate.concrete(stride)
    if frames < 1 or (strides is not None and strides < 1):
        raise validate.fail(
            "frames and stride",
            f"{frames} and {stride}",
            "integers >= 1",
            "keep at least one frame",
        )

    def frame(current: State, index: Array) -> tuple[State, State]:
        first = index * stride
        current = jax.lax.fori_loop(
            0, stride, lambda offset, inner: step(inner, first + offset), current
        )
        return current, current

    return jax.lax.scan(frame, state, jnp.arange(frames))
