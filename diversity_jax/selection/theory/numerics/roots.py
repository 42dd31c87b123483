"""The zero of an increasing function by halving, differentiated as an implicit function.

If ``f(x, p) = 0`` then ``dx = -(df/dp) dp / (df/dx)``: no derivative goes through the halving.
"""

from __future__ import annotations

from collections.abc import Callable

import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, ScalarLike


def increasing_root(
    function: Callable[[Array], Array], lower: ScalarLike, upper: ScalarLike
) -> Float[Array, ""]:
    """Where `function` crosses zero between `lower` and `upper`, in the dtype of `lower`.

    Right to the last digit of the longer bound, not of the root. Where the function does not cross
    zero the nearer bound comes back.

    Source: the module docstring.
    """
    lower = jnp.asarray(lower)
    upper = jnp.asarray(upper, lower.dtype)

    def halve(_, ends):
        low, high = ends
        middle = low + (high - low) / 2
        below = function(middle) < 0
        return jnp.where(below, middle, low), jnp.where(below, high, middle)

    def solve(_, start):
        ends = lax.fori_loop(0, jnp.finfo(lower.dtype).nmant + 12, halve, (lower, upper))
        return start * 0 + (ends[0] + ends[1]) / 2

    def tangent(linear, value):
        return value / linear(jnp.ones_like(value))

    return lax.custom_root(function, (lower + upper) / 2, solve, tangent)
