"""Bad input gets one clear line: which argument, what it got, what it takes, how to mend it.

Shapes and Python scalars are always checked. Values are checked on concrete arrays only: a
traced array passes, and a bad value inside traced code spreads as NaN.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeGuard

import numpy as np
import numpy.typing as npt


def fail(argument: str, got: object, expected: str, fix: str) -> ValueError:
    """The error to raise for a bad `argument`: one line that names got, expected and fix."""
    return ValueError(f"{argument}: got {got}, expected {expected}; {fix}")


def concrete(array: npt.ArrayLike) -> np.ndarray | None:
    """`array` as numpy, or None when it is traced and its values cannot be seen."""
    import jax  # here, so that naming a bad option on the command line does not cost its import

    if isinstance(array, jax.core.Tracer):  # pyright: ignore[reportAttributeAccessIssue]
        return None
    return np.asarray(array)


def seen(values: object) -> bool:
    """Whether no array in a tree of them is traced, so that all numbers can be seen."""
    import jax  # as above

    return not any(isinstance(leaf, jax.core.Tracer) for leaf in jax.tree.leaves(values))  # pyright: ignore[reportAttributeAccessIssue]


def shape(argument: str, array: npt.ArrayLike, expected: tuple[int | None, ...], fix: str) -> None:
    """Refuse an array whose shape differs from `expected` (None matches any size)."""
    got = np.shape(array)
    agrees = len(got) == len(expected) and all(
        want is None or size == want for size, want in zip(got, expected)
    )
    if not agrees:
        wanted = "(" + ", ".join("any" if want is None else str(want) for want in expected) + ")"
        raise fail(argument, f"shape {got}", f"shape {wanted}", fix)


def finite(
    argument: str, array: npt.ArrayLike, fix: str = "remove NaN and infinite values"
) -> None:
    """Refuse NaN and infinities in a concrete array."""
    values = concrete(array)
    if values is not None and not np.isfinite(values).all():
        bad = int(values.size - np.isfinite(values).sum())
        raise fail(argument, f"{bad} NaN or infinite of {values.size} values", "finite values", fix)


def nonnegative(
    argument: str, array: npt.ArrayLike, fix: str = "pass values that are zero or more"
) -> None:
    """Refuse negative values and NaN in a concrete array."""
    values = concrete(array)
    if values is not None and not (values >= 0).all():
        raise fail(argument, f"a smallest value of {np.min(values)}", "values >= 0", fix)


def positive(argument: str, array: npt.ArrayLike, fix: str = "pass values above zero") -> None:
    """Refuse zero, negative values and NaN in a concrete array."""
    values = concrete(array)
    if values is not None and not (values > 0).all():
        raise fail(argument, f"a smallest value of {np.min(values)}", "values > 0", fix)


def simplex(argument: str, weights: npt.ArrayLike) -> None:
    """Refuse weights that are negative, NaN or do not sum to one.

    The slack is 64 float32 rounding errors per weight: weights normalised in their own precision
    pass, a forgotten normalisation does not.
    """
    values = concrete(weights)
    if values is None:
        return
    nonnegative(argument, values, "weights are probabilities of the components")
    total = float(values.sum(dtype=np.float64))
    if not abs(total - 1.0) <= 64 * np.finfo(np.float32).eps * values.size:
        raise fail(argument, f"weights that sum to {total:.9g}", "a sum of 1", "divide by the sum")


def semidefinite(argument: str, matrices: npt.ArrayLike) -> None:
    """Refuse concrete matrices `[..., d, d]` that are not finite, symmetric and positive
    semi-definite, the last two up to rounding."""
    finite(argument, matrices)
    values = concrete(matrices)
    if values is None:
        return
    d = values.shape[-1]
    slack = 8 * d * np.finfo(values.dtype).eps * np.abs(values).max(axis=(-2, -1))
    skew = np.abs(values - np.swapaxes(values, -1, -2)).max(axis=(-2, -1))
    if (skew > slack).any():
        got, fix = f"an asymmetry of {skew.max():.3g}", "average them with their transposes"
        raise fail(argument, got, "symmetric matrices", fix)
    try:
        # Much faster than eigenvalues, which are needed only where it fails.
        np.linalg.cholesky(values + slack[..., None, None] * np.eye(d))
        return
    except np.linalg.LinAlgError:
        smallest = np.linalg.eigvalsh(values)[..., 0]
    if (smallest < -slack).any():
        got, fix = f"a smallest eigenvalue of {smallest.min():.3g}", "pass covariances"
        raise fail(argument, got, "positive semi-definite matrices", fix)


def whole(value: object) -> TypeGuard[int]:
    """Whether `value` is one integer of Python or numpy; True and False are none."""
    return isinstance(value, int | np.integer) and not isinstance(value, bool)


def integer(argument: str, value: object, fix: str, *, least: int, most: int | None = None) -> None:
    """Refuse what is no integer, or one below `least` or above `most`."""
    if whole(value) and value >= least and (most is None or value <= most):
        return
    expected = f"an integer >= {least}" if most is None else f"an integer from {least} to {most}"
    raise fail(argument, repr(value), expected, fix)


def seed(value: object) -> int:
    """A root seed as an integer; refuse all but 0 to 2**32 - 1, which any precision tells apart."""
    if not whole(value) or not 0 <= value < 2**32:
        raise fail("seed", repr(value), "an integer from 0 to 2**32 - 1", "pass one, e.g. 0")
    return int(value)


def choice(argument: str, got: object, known: Sequence[str]) -> None:
    """Refuse a name that is not among `known`, naming the nearest ones."""
    if got in known:
        return
    import difflib

    near = difflib.get_close_matches(str(got), known, n=3, cutoff=0.4)
    fix = f"did you mean {' or '.join(near)}?" if near else "choose one of those"
    raise fail(argument, repr(got), "one of " + ", ".join(sorted(known)), fix)
