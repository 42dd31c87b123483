"""Conditions on values: refused where they can be seen, NaN with NaN derivatives where traced.

A function gathers ``good = holds(...) & holds(...)`` and returns ``only(good, result, arguments)``.
Each condition raises for a concrete value that breaks it; for a traced one it is a traced truth,
and `only` turns the result and its derivative by every argument into NaN where it is false, those
included of which the formula makes no use.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Bool, PyTree

from diversity_jax import validate

Values = TypeVar("Values")
Truth = bool | Bool[Array, ""]


def holds(
    argument: str, value: ArrayLike, condition: Callable[..., Any], expected: str, fix: str
) -> Truth:
    """True for a `value` that meets `condition` everywhere, a traced truth for a traced one.

    `condition` takes arrays of numpy or of jax.

    Errors: ValueError for a concrete value that breaks it.
    """
    seen = validate.concrete(value)
    if seen is None:
        return jnp.all(condition(jnp.asarray(value)))
    if seen.dtype.kind not in "fiu":
        raise validate.fail(argument, repr(value), "real numbers", "convert them")
    broken = ~np.asarray(condition(seen))
    if broken.any():
        got = str(seen) if seen.ndim == 0 else f"{broken.sum()} of {seen.size} values otherwise"
        raise validate.fail(argument, got, expected, fix)
    return True


def finite(argument: str, value: ArrayLike) -> Truth:
    """Finite numbers, of any sign."""
    return holds(argument, value, lambda x: abs(x) < np.inf, "finite values", "pass numbers")


def positive(argument: str, value: ArrayLike, fix: str = "pass values above zero") -> Truth:
    """Finite numbers above zero."""
    return holds(argument, value, lambda x: (x > 0) & (x < np.inf), "finite values > 0", fix)


def nonnegative(argument: str, value: ArrayLike, fix: str = "pass zero or more") -> Truth:
    """Finite numbers at or above zero."""
    validate.nonnegative(argument, value, fix)
    return holds(argument, value, lambda x: (x >= 0) & (x < np.inf), "finite values >= 0", fix)


def whole(argument: str, value: ArrayLike, least: int, fix: str) -> Truth:
    """Whole numbers from `least` on; floats that are whole pass, as grids hold them."""
    return holds(
        argument,
        value,
        lambda x: (x >= least) & (x < np.inf) & (x == x.round()),
        f"a whole number, at least {least}",
        fix,
    )


def rounded(argument: str, value: ArrayLike, condition: Callable[..., Any], expected: str) -> Array:
    """`value` in jax's floating type, in which it still is to meet the `condition` that it meets.

    Errors: ValueError for a concrete value that its rounding there takes beyond.
    """
    seen, kind = validate.concrete(value), jnp.zeros(0).dtype
    if seen is None:
        return jnp.asarray(value, kind)
    with np.errstate(over="ignore", under="ignore"):
        there = np.asarray(seen, kind)
    if not np.all(condition(there)):
        fix = "take another, or switch 64-bit on (JAX_ENABLE_X64=1)"
        raise validate.fail(argument, f"{seen}, which is {there} in {kind}", expected, fix)
    return jnp.asarray(there)


def only(good: Truth, values: Values, *sources: PyTree) -> Values:
    """`values` where `good`; else NaN, with NaN for their derivatives by every one of `sources`."""
    if good is True:
        return values
    numbers, rest = eqx.partition(values, eqx.is_inexact_array)
    floating = eqx.filter(sources, eqx.is_inexact_array)
    return eqx.combine(_only(jnp.asarray(good), numbers, floating), rest)


@jax.custom_jvp
def _only(good: Array, values: Values, sources: PyTree) -> Values:
    return jax.tree.map(lambda leaf: jnp.where(good, leaf, jnp.nan), values)


@_only.defjvp
def _only_jvp(primals: tuple, tangents: tuple) -> tuple:
    good, values, sources = primals
    _, moved, pushed = tangents
    # Products, since `where` has no derivative in the branch that it leaves out.
    link = sum((jnp.sum(leaf) for leaf in jax.tree.leaves(pushed)), jnp.zeros(()))
    link = link * jnp.where(good, 0, jnp.nan)
    along = jax.tree.map(
        lambda leaf: (
            leaf * jnp.where(good, 1, jnp.nan).astype(leaf.dtype) + link.astype(leaf.dtype)
        ),
        moved,
    )
    return _only(good, values, sources), along
