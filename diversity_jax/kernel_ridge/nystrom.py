"""Kernel ridge regression with few centres, whose functions are ``f(x) = sum_j a_j k(x, c_j)``.

    minimise (1/n) sum_i w_i (f(x_i) - y_i)^2 + ridge |f|^2:
    (K' W K + n ridge C) a = K' W y,     K = K(inputs, centres), C = K(centres, centres).

`fit` solves this in the orthonormal basis ``B = K T^-1``, ``T' T = C``: ``B' W B + n ridge`` is as
well conditioned as the problem, while ``K' W K`` has its condition squared.

`falkon` takes conjugate gradients instead. With M centres, ``T' T = C + jitter M k`` (k the mean
of C's diagonal), ``A' A = T T' / M + r`` (r the n ridge over the sum of weights, m) and
``a = T^-1 A^-1 b`` it solves

    A^-T (T^-T K' W K T^-1 / m + r) A^-1 b = A^-T T^-T K' W y / m,

whose matrix is the identity where the centres are the inputs, with weights 1 and no jitter:
``T^-T K' K T^-1 = T T'`` then. Centres drawn from the inputs make ``T T' / M`` an estimate of that
matrix, and the steps few, once M is well above the effective dimension; below, twenty steps are
not enough, and `residual` says so. The jitter is part of what is solved, as of ridge |f|^2.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from jax.scipy.linalg import solve_triangular
from jaxtyping import Array, Float, Int, ScalarLike

from diversity_jax import traced, validate, vectors
from diversity_jax.kernel_ridge import conditioned, fitted, host, products
from diversity_jax.kernel_ridge.fitted import Asked, Fit


class Nystrom(Fit):
    """A direct solution; `rank` of the centres are independent beyond rounding, others have 0."""

    rank: Int[Array, "*batch"]


class Falkon(Fit):
    """A solution by conjugate gradients: `residuals` of each step `[iterations]`, or `[.., c]`.

    They are relative, of the preconditioned equations, as the recursion has them; the last stands
    for steps not taken. `residual` is computed anew at the end. `steps` is the number taken.
    """

    residuals: Float[Array, "*batch iterations ..."]
    steps: Int[Array, "*batch"]


def fit(
    kernel: object,
    inputs: npt.ArrayLike,
    targets: npt.ArrayLike,
    *,
    ridge: ScalarLike,
    centres: npt.ArrayLike,
    weights: npt.ArrayLike | None = None,
    present: npt.ArrayLike | None = None,
    total: ScalarLike | None = None,
    jitter: float | None = None,
) -> Nystrom:
    """The direct solution of the equations above.

    `total` stands for n in n ridge where the inputs are part of a larger problem; weights of 0 and
    centres where `present` is False play no part, so that parts padded to one size can be solved
    in a batch. On a CPU, untraced, centres within `jitter` (relative; some roundings) of the
    others' span, such as those given twice, are left out. Traced, ``jitter k`` is added to C's
    diagonal, and unless given it grows until C has a factor.

    Shapes: inputs `[n, d]`, targets `[n]` or `[n, c]`, centres `[m, d]`, weights `[n]`, present
    `[m]`.
    Errors: ValueError for more centres than inputs, a ridge that is not above zero, targets of
    another number, values that are not finite, centres whose matrix has no positive pivot.
    Cost: 2 n m^2 + m^3, memory for m^2 numbers and a block of rows.
    Source: derived; Rudi, Camoriano and Rosasco 2015.
    """
    asked, z, there = _checked(
        kernel, inputs, targets, ridge, centres, weights, present, total, jitter
    )
    if fitted.on_host(asked) and validate.seen((z, there)):
        coefficients, residual, rank = _direct_on_host(asked, z, there, jitter)
    else:
        coefficients, residual, rank = _direct(asked[:6], z, there, jitter)
    parts = _parts(asked, coefficients, residual, (ridge, inputs, targets, z))
    return Nystrom(asked.kernel, z, *parts, rank)


def falkon(
    kernel: object,
    inputs: npt.ArrayLike,
    targets: npt.ArrayLike,
    *,
    ridge: ScalarLike,
    centres: npt.ArrayLike,
    iterations: int = 20,
    jitter: float | None = None,
    tolerance: float | None = None,
    weights: npt.ArrayLike | None = None,
    present: npt.ArrayLike | None = None,
    total: ScalarLike | None = None,
) -> Falkon:
    """The same by preconditioned conjugate gradients, which never form ``K' K``.

    Stops once every target's residual is within `tolerance` (the root of a rounding), or after
    `iterations`: fewer of them regularise too. All targets share the preconditioner. `jitter` is
    relative to the centres and their kernel, ``jitter M k``; unless given, some roundings, and
    more until C has a factor. `total`, `weights` and `present` are those of `fit`.

    Shapes: those of `fit`.
    Errors: those of `fit`; ValueError for fewer than one iteration, a tolerance or jitter below 0.
    Cost: n m kernel values a step and m^3, memory for m^2 numbers and a block of rows.
    Source: Rudi, Carratino and Rosasco 2017, algorithm 1; parts of a problem derived.
    """
    asked, z, there = _checked(
        kernel, inputs, targets, ridge, centres, weights, present, total, jitter
    )
    validate.integer("iterations", iterations, "take some twenty", least=1)
    dtype = asked.targets.dtype
    limit = fitted.tolerance(dtype) if tolerance is None else tolerance
    validate.nonnegative("tolerance", limit)
    coefficients, course, steps, residual = conditioned.solve(
        asked[:6], z, there, jitter, jnp.asarray(limit, dtype), iterations=int(iterations)
    )
    sources = (ridge, inputs, targets, z)
    parts = _parts(asked, coefficients, residual, sources, limit=limit)
    return Falkon(asked.kernel, z, *parts, course[:, 0] if asked.flat else course, steps)


def operator(
    kernel: object,
    inputs: npt.ArrayLike,
    *,
    ridge: ScalarLike,
    centres: npt.ArrayLike,
    jitter: float | None = None,
) -> Float[Array, "m m"]:
    """The matrix that `falkon` hands to conjugate gradients; its condition says how many steps.

    Cost: as many steps as there are centres, and m^2 numbers.
    """
    zero = np.zeros(np.shape(inputs)[0] if np.ndim(inputs) else 0)
    asked, z, there = _checked(kernel, inputs, zero, ridge, centres, None, None, None, jitter)
    return conditioned.operator(asked[:6], z, there, jitter)


def _checked(
    kernel: object,
    inputs: npt.ArrayLike,
    targets: npt.ArrayLike,
    ridge: ScalarLike,
    centres: npt.ArrayLike,
    weights: npt.ArrayLike | None,
    present: npt.ArrayLike | None,
    total: ScalarLike | None,
    jitter: float | None,
) -> tuple[Asked, Array, Array | None]:
    if jitter is not None:
        validate.nonnegative("jitter", jitter)
    asked = fitted.asked(kernel, inputs, targets, ridge, weights=weights, total=total)
    number, dimension = asked.inputs.shape
    z = vectors.rows("centres", jnp.asarray(centres), columns=dimension).astype(asked.inputs.dtype)
    if z.shape[0] > number:
        fix = "take some of the inputs, or all by exact.fit"
        raise validate.fail("centres", f"{z.shape[0]} rows", f"at most {number} (inputs)", fix)
    if present is None:
        return asked, z, None
    validate.shape("present", present, (z.shape[0],), "say of each centre whether it is there")
    seen = validate.concrete(present)
    if seen is not None and not seen.any():
        raise validate.fail("present", "no centre", "at least one", "leave centres in")
    return asked, z, jnp.asarray(present, bool)


def _parts(
    asked: Asked, coefficients: Array, residual: Array, sources: Any, *, limit: float | None = None
) -> tuple[Array, Array, Array]:
    """Coefficients, residual and convergence, of the only column where targets had no axis."""
    if asked.seen and not np.isfinite(np.asarray(residual)).all():
        raise host.indefinite("centres", residual.dtype, "or the equations have no finite solution")
    coefficients, residual = traced.only(asked.good, (coefficients, residual), sources)
    there = residual <= max(limit or 0.0, fitted.tolerance(residual.dtype))
    if asked.flat:
        return coefficients[:, 0], residual[0], there[0]
    return coefficients, residual, there


def _direct_on_host(
    asked: Asked, z: Array, present: Array | None, jitter: float | None
) -> tuple[Array, Array, Array]:
    number = z.shape[0]
    places = np.arange(number) if present is None else np.flatnonzero(np.asarray(present))
    used = np.asarray(z)[places]
    y, weights = np.asarray(asked.targets), asked.weights
    found = host.whitened(asked.kernel, asked.inputs, y, used, weights, jitter)
    penalty, rank = float(asked.penalty), len(found.chosen)
    table = np.asfortranarray(found.gram.T)  # the lower half holds the values then
    table[np.diag_indices(rank)] += penalty
    basis = host.solve(host.factor(table, "ridge"), found.right)
    own = host.triangular(found.factor, basis)
    coefficients = np.zeros((number, y.shape[1]), y.dtype)
    coefficients[places[found.chosen]] = own
    # From the kernel anew, since what was summed up is what was solved.
    moved = products.both(asked.kernel, asked.inputs, used[found.chosen], own, weights=weights)
    moved = host.triangular(found.factor, np.asarray(moved), transposed=True)
    left = found.right - moved - penalty * basis
    residual = fitted.relative(jnp.asarray(left), jnp.asarray(found.right))
    return jax.device_put(coefficients), residual, jnp.asarray(rank)


@jax.jit
def _direct(
    problem: tuple[Any, ...], z: Array, present: Array | None, jitter: Any
) -> tuple[Array, Array, Array]:
    kernel, x, y, weights, penalty, _ = problem
    number, eye = z.shape[0], jnp.eye(z.shape[0], dtype=z.dtype)
    upper, _ = conditioned.factor(kernel, z, present, jitter, 1.0)
    keep = jnp.ones(number, bool) if present is None else present
    weight = jnp.ones(x.shape[0], z.dtype) if weights is None else weights

    def block(part: Array, fresh: Array, along: Array) -> Array:
        table = jnp.where(keep[None], kernel(part, z), 0)
        basis = solve_triangular(upper, table.T, trans=1)
        root = jnp.sqrt(jnp.where(fresh, along[:, 0], 0))
        both = jnp.concatenate([basis, along[:, 1:].T], axis=0) * root[None]
        return products.times(basis * root[None], both.T)

    along = jnp.concatenate([weight[:, None], y], axis=1)
    summed = products.summed(block, x, along, (number, number + y.shape[1]))
    gram, right = summed[:, :number], summed[:, number:]
    lower = jnp.linalg.cholesky(gram + penalty * eye)
    basis = solve_triangular(lower, solve_triangular(lower, right, lower=True), trans=1, lower=True)
    coefficients = jnp.where(keep[:, None], solve_triangular(upper, basis), 0)
    moved = products.both(kernel, x, z, coefficients, weights=weights)
    moved = solve_triangular(upper, jnp.where(keep[:, None], moved, 0), trans=1)
    residual = fitted.relative(right - moved - penalty * basis, right)
    return coefficients, residual, jnp.sum(keep)
