"""Kernel ridge regression with a coefficient for every input.

    minimise (1/n) sum_i (f(x_i) - y_i)^2 + ridge |f|^2:  a = (K + n ridge)^-1 y.

With ``A = K + n ridge`` the residual at an input that is left out, n ridge kept, is

    y_i - f_without_i(x_i) = a_i / (A^-1)_ii,

from the block inverse: the rest's solution is what makes row i of ``A a = y`` hold with the target
``f_without_i(x_i)`` in place of y_i, and changes a_i to 0 (derived).
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from jax.scipy.linalg import cho_solve, solve_triangular
from jaxtyping import Array, Bool, Float, ScalarLike

from diversity_jax import traced, validate
from diversity_jax.kernel_ridge import fitted, host, products
from diversity_jax.kernel_ridge.fitted import Fit
from diversity_jax.kernel_ridge.kernels import Kernel

LARGEST = 16_384  # inputs; the matrix has 2 GB then


class Exact(Fit):
    """The solution with all inputs as centres; `penalty` is n ridge, `present` the inputs used."""

    penalty: Float[Array, "*batch"]
    present: Bool[Array, "*batch m"] | None

    def leave_one_out(self) -> Float[Array, "n ..."]:
        """Each target minus its prediction by a fit without it (of the same n ridge); exactly.

        Cost: the factorisation again, and its inverse: twice that of the fit.
        """
        own = _inverse_diagonal(self.kernel, self.centres, self.penalty, self.present)
        own = jnp.asarray(own, self.coefficients.dtype)
        return self.coefficients / (own if self.coefficients.ndim == 1 else own[:, None])


def fit(
    kernel: object,
    inputs: npt.ArrayLike,
    targets: npt.ArrayLike,
    *,
    ridge: ScalarLike,
    total: ScalarLike | None = None,
    present: npt.ArrayLike | None = None,
) -> Exact:
    """The minimiser of ``(1/n) sum (f(x_i) - y_i)^2 + ridge |f|^2``.

    `total` stands for n in n ridge where the inputs are part of a larger problem. Rows where
    `present` is False play no part, so that parts padded to one size can be solved in a batch. All
    may be traced; an impossible solution is NaN then, and not converged.

    Shapes: inputs `[n, d]`, targets `[n]` or `[n, c]`, present `[n]` booleans.
    Errors: ValueError for a ridge that is not above zero, targets of another number, values that
    are not finite, more than 16,384 inputs, a matrix that is not positive definite in its
    precision (duplicates with a tiny ridge in single precision).
    Cost: n^3 / 3 and n^2 numbers.
    """
    mask = _mask(present, np.shape(inputs)[0] if np.ndim(inputs) else 0)
    asked = fitted.asked(kernel, inputs, targets, ridge, weights=mask, total=total)
    number = asked.inputs.shape[0]
    if number > LARGEST:
        fix = "use nystrom.fit with some thousand centres, or park.fit"
        raise validate.fail("inputs", f"{number} rows", f"at most {LARGEST}", fix)
    held = None if mask is None else jnp.asarray(mask, bool)
    if fitted.on_host(asked) and held is None:
        found = _on_host(asked)
    else:
        found = _solve(asked.kernel, asked.inputs, asked.targets, asked.penalty, held)
    coefficients = found
    left = products.apply(asked.kernel, asked.inputs, asked.inputs, coefficients)
    right = asked.targets if held is None else jnp.where(held[:, None], asked.targets, 0)
    left = right - left - asked.penalty * coefficients
    left = left if held is None else jnp.where(held[:, None], left, 0)
    residual = fitted.relative(left, right)
    if asked.seen and not np.isfinite(np.asarray(residual)).all():
        raise host.indefinite("ridge", residual.dtype, f"{number} rows")
    coefficients, residual = traced.only(asked.good, (coefficients, residual), ridge, inputs)
    there = residual <= fitted.tolerance(residual.dtype)
    flat = (coefficients[:, 0], residual[0], there[0]) if asked.flat else None
    parts = flat or (coefficients, residual, there)
    return Exact(asked.kernel, asked.inputs, *parts, jnp.asarray(asked.penalty), held)


def _on_host(asked: fitted.Asked) -> Array:
    lower = _factor(asked.kernel, asked.inputs, float(asked.penalty))
    return jax.device_put(host.solve(lower, np.asarray(asked.targets)))


def _factor(kernel: Kernel, inputs: Array, penalty: float) -> np.ndarray:
    table = host.matrix(kernel, inputs)
    table[np.diag_indices(len(table))] += penalty
    return host.factor(table, "ridge")


def _system(kernel: Kernel, inputs: Array, penalty: Any, present: Array | None) -> Array:
    table = kernel(inputs, inputs)
    if present is not None:
        # A row that is not there is one of the identity: its coefficient is 0.
        table = jnp.where(present[:, None] & present[None], table, 0)
    eye = jnp.eye(inputs.shape[0], dtype=table.dtype)
    return jnp.linalg.cholesky(table + penalty * eye)


@jax.jit
def _solve(
    kernel: Kernel, inputs: Array, targets: Array, penalty: Array, present: Array | None
) -> Array:
    right = targets if present is None else jnp.where(present[:, None], targets, 0)
    return cho_solve((_system(kernel, inputs, penalty, present), True), right)


def _inverse_diagonal(kernel: Kernel, inputs: Array, penalty: Array, present: Any) -> Any:
    seen = validate.seen((kernel, inputs, penalty, present))
    if seen and present is None and jax.default_backend() == "cpu":
        return host.inverse_diagonal(_factor(kernel, inputs, float(penalty)))
    return _inverse_diagonal_traced(kernel, inputs, penalty, present)


@jax.jit
def _inverse_diagonal_traced(kernel: Kernel, inputs: Array, penalty: Array, present: Any) -> Array:
    lower = _system(kernel, inputs, penalty, present)
    opposite = solve_triangular(lower, jnp.eye(inputs.shape[0], dtype=lower.dtype), lower=True)
    return jnp.sum(opposite**2, axis=0)


def _mask(present: npt.ArrayLike | None, number: int) -> Any:
    if present is None:
        return None
    validate.shape("present", present, (number,), "say of each input whether it is there")
    return jnp.asarray(present).astype(float)
