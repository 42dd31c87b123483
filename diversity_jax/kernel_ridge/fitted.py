"""What every fit returns, and what every fit is asked for."""

from __future__ import annotations

from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from jaxtyping import Array, Bool, Float, ScalarLike

from diversity_jax import traced, validate, vectors
from diversity_jax.kernel_ridge import products
from diversity_jax.kernel_ridge.kernels import Kernel, known
from diversity_jax.records import Record


class Fit(Record):
    """A function ``f(x) = sum_j a_j k(x, c_j)``, and how far its equations are solved.

    `centres` `[m, d]`, `coefficients` `[m]` or `[m, c]`; per column of the targets `residual`, what
    is left of the equations relative to their right-hand side, and `converged`.
    """

    kernel: Kernel
    centres: Float[Array, "*batch m d"]
    coefficients: Float[Array, "*batch m ..."]
    residual: Float[Array, "*rest"]
    converged: Bool[Array, "*rest"]

    def predict(self, points: npt.ArrayLike) -> Float[Array, "n ..."]:
        """The function's values `[n]`, or `[n, c]` of several targets.

        Errors: ValueError for points of another dimension, NaN and infinities.
        """
        wanted = self.centres.shape[1]
        if np.ndim(points) != 2 or np.shape(points)[1] != wanted:
            got, fix = f"shape {np.shape(points)}", "give points the columns of the inputs"
            raise validate.fail("points", got, f"shape (any, {wanted})", fix)
        rows = vectors.rows("points", jnp.asarray(points)).astype(self.centres.dtype)
        return products.apply(self.kernel, rows, self.centres, self.coefficients)


class Asked(NamedTuple):
    """A problem whose parts were looked at; targets are columns, `penalty` is total x ridge."""

    kernel: Kernel
    inputs: Array
    targets: Array
    weights: Array | None
    penalty: Any
    share: Any  # the penalty over the sum of weights
    good: traced.Truth
    flat: bool
    seen: bool  # whether no part is traced


def asked(
    kernel: object,
    inputs: npt.ArrayLike,
    targets: npt.ArrayLike,
    ridge: ScalarLike,
    *,
    weights: npt.ArrayLike | None = None,
    total: ScalarLike | None = None,
) -> Asked:
    """Look at the parts of a problem; ValueError in one line for what cannot be."""
    known_kernel = known(kernel)
    x = vectors.rows("inputs", jnp.asarray(inputs))
    y = jnp.asarray(targets)
    number = x.shape[0]
    if y.ndim not in (1, 2) or y.shape[0] != number or 0 in y.shape:
        got, wanted = f"shape {y.shape}", f"shape ({number}) or ({number}, columns)"
        raise validate.fail("targets", got, wanted, "give each input one target, or one row")
    kind = jnp.result_type(x, y, float)
    good = traced.finite("targets", y)
    validate.shape("ridge", ridge, (), "pass one number")
    good &= traced.positive("ridge", ridge, "without one, duplicates have no solution: try 1e-6")
    weight = None
    if weights is not None:
        validate.shape("weights", weights, (number,), "give each input one weight")
        weight = jnp.asarray(weights, kind)
        good &= traced.nonnegative("weights", weight)
        seen = validate.concrete(weights)
        if seen is not None and not seen.any():
            raise validate.fail("weights", "zero everywhere", "some above zero", "leave inputs in")
    mass: Any = number if weight is None else jnp.sum(weight)
    if total is not None:
        validate.shape("total", total, (), "pass the number of inputs of the whole problem")
        good &= traced.positive("total", total)
    penalty = jnp.asarray(ridge, kind) * (mass if total is None else total)
    columns = (y[:, None] if y.ndim == 1 else y).astype(kind)
    share, all_seen = penalty / mass, validate.seen((known_kernel, x, y, ridge, weights, total))
    return Asked(
        known_kernel, x.astype(kind), columns, weight, penalty, share, good, y.ndim == 1, all_seen
    )


def tolerance(dtype: Any) -> float:
    """The residual at which equations count as solved: the root of a rounding."""
    return float(np.sqrt(np.finfo(np.dtype(dtype)).eps))


def relative(left: Array, right: Array) -> Array:
    """Norms of columns over those of the right-hand side; 0 where both are."""
    size = jnp.linalg.norm(right, axis=0)
    return jnp.linalg.norm(left, axis=0) / jnp.where(size > 0, size, 1)


def on_host(problem: Asked) -> bool:
    """Whether LAPACK itself is at hand: nothing is traced, and arrays lie in the CPU's memory."""
    import jax

    return problem.seen and jax.default_backend() == "cpu"
