"""Refusals that several closed forms share: bands, fractions, sizes, positive numbers."""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, ScalarLike

from diversity_jax import validate


def floating(*values: ArrayLike) -> tuple[Array, ...]:
    """`values` as arrays of one float dtype, that of the arrays; plain numbers follow them."""
    known = [getattr(value, "dtype", None) for value in values]
    kept = [dtype for dtype in known if dtype and jnp.issubdtype(dtype, jnp.floating)]
    dtype = jax.dtypes.canonicalize_dtype(jnp.result_type(*(kept or [float])))
    return tuple(jnp.asarray(value, dtype) for value in values)


def band(low: ScalarLike, high: ScalarLike) -> None:
    """Refuse quantile levels that are not numbers with ``0 <= low < high <= 1``."""
    validate.shape("low", low, (), "map over bands with jax.vmap")
    validate.shape("high", high, (), "map over bands with jax.vmap")
    ends = validate.concrete(low), validate.concrete(high)
    bottom, top = (float("nan") if end is None else float(end) for end in ends)
    # NaN stands for a traced level, which is not compared; a NaN that was given is refused.
    given = [end for end in ends if end is not None]
    outside = any(not 0 <= float(end) <= 1 for end in given)
    if outside or bottom >= top:
        got = f"{_shown(ends[0])} and {_shown(ends[1])}"
        raise validate.fail("low and high", got, "0 <= low < high <= 1", "the top fifth is .8, 1")


def fraction(value: ArrayLike, argument: str = "fraction") -> None:
    """Refuse a selected fraction outside (0, 1]."""
    validate.shape(argument, value, (), "map over fractions with jax.vmap")
    seen = validate.concrete(value)
    if seen is not None and not 0 < float(seen) <= 1:
        raise validate.fail(argument, float(seen), "a number in (0, 1]", "0.2 keeps a fifth")


def inside_unit(argument: str, value: ArrayLike) -> None:
    """Refuse a probability that is not strictly between zero and one."""
    validate.shape(argument, value, (), "map over several with jax.vmap")
    seen = validate.concrete(value)
    if seen is not None and not 0 < float(seen) < 1:
        raise validate.fail(argument, float(seen), "a number in (0, 1)", "pass a probability")


def count(argument: str, value: object, least: int) -> None:
    """Refuse all but an integer at or above `least`."""
    validate.integer(argument, value, "convert it with int()", least=least)


def number(argument: str, value: ArrayLike) -> None:
    """Refuse what is not one finite number."""
    validate.shape(argument, value, (), "map over several with jax.vmap")
    validate.finite(argument, value)


def positive_number(argument: str, value: ArrayLike) -> None:
    """Refuse what is not one finite number above zero."""
    number(argument, value)
    validate.positive(argument, value)


def _shown(value: np.ndarray | None) -> str:
    return "a traced level" if value is None else f"{float(value):.6g}"
