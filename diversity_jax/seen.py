"""Arguments of functions that work on the host: numbers and arrays whose values can be seen."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from diversity_jax import validate


def array(argument: str, value: npt.ArrayLike) -> np.ndarray:
    """`value` as numpy; refuse traced ones."""
    found = validate.concrete(value)
    if found is None:
        raise validate.fail(argument, "a traced value", "a concrete one", "call this outside jit")
    return found


def number(argument: str, value: npt.ArrayLike) -> float:
    """One finite number from 0 up."""
    validate.shape(argument, value, (), "pass one number")
    validate.nonnegative(argument, value)
    validate.finite(argument, value)
    return float(array(argument, value))


def above_zero(argument: str, value: npt.ArrayLike) -> float:
    """One finite number above 0."""
    validate.positive(argument, value)
    return number(argument, value)
