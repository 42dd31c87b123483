"""How far the local fit is from the global one at a new point: exactly, and bounds.

Point x is answered by cell q; r are the points of all other cells, ``m = n ridge``. In feature
space, with ``S = Phi Phi'``, both fits solve

    (S_q + m) f_q = Phi_q y_q,     (S_q + S_r + m) f_glob = Phi_q y_q + Phi_r y_r.

Subtract:

    (S_q + m) (f_glob - f_q) = Phi_r (y_r - f_glob(X_r)).

``m (S_q + m)^-1`` is the covariance of a Gaussian process given the cell, with noise m,

    c_q(x, z) = k(x, z) - k_q(x)' (K_qq + m)^-1 k_q(z),

and ``y_r - f_glob(X_r) = m (c_q(X_r, X_r) + m)^-1 (y_r - f_q(X_r))``, so that exactly

    f_glob(x) - f_q(x) = c_q(x, X_r) (c_q(X_r, X_r) + m)^-1 (y_r - f_q(X_r)).

With ``M = (S_q + m)^-1/2 Phi_r`` and ``v = m^1/2 (S_q + m)^-1/2 phi(x)``, whose length is
``s_q(x) = c_q(x, x)^1/2``, this is ``v' M (M'M + 1)^-1 (y_r - f_q(X_r)) / m^1/2``. The singular
values of ``M (M'M + 1)^-1`` are ``t / (1 + t^2) <= 1/2``, so

    |f_glob(x) - f_q(x)| <= s_q(x) |y_r - f_q(X_r)| / (2 m^1/2).

It needs the cell alone, and is attained: a point in r with ``c_q(z, z) = m``, asked for at z.
The error is large where the cell does not determine the fit (s_q, near its border) and where its
own prediction for the other cells' points is off; where ``s_q = 0`` the two fits agree.
"""

from __future__ import annotations

import jax
import numpy as np
import numpy.typing as npt
from jaxtyping import Array, Float, ScalarLike

from diversity_jax import seen, validate
from diversity_jax.kernel_ridge.theory import _arguments, _blocks
from diversity_jax.records import Record


class PredictionGaps(Record):
    """At new points `[m]`: ``f_loc - f_glob``, the bound on its size, and the worst per ``|y|``.

    `worst` is the largest ``|f_loc(x) - f_glob(x)|`` over all targets of norm 1, exactly;
    `deviation` is ``s_q(x)``.
    """

    difference: Float[Array, " m"]
    bound: Float[Array, " m"]
    worst: Float[Array, " m"]
    deviation: Float[Array, " m"]


def prediction_gaps(
    kernel_matrix: npt.ArrayLike,
    cells: npt.ArrayLike,
    targets: npt.ArrayLike,
    between: npt.ArrayLike,
    own: npt.ArrayLike,
    places: npt.ArrayLike,
    *,
    ridge: ScalarLike,
) -> PredictionGaps:
    """The local fit of a point's cell against the global fit, both exact, at new points.

    `between` is the kernel of new points with training points, `own` that of each new point with
    itself, `places` the cells that answer them. Exact difference; the bound holds for any kernel.

    Shapes: kernel_matrix `[n, n]`, cells `[n]`, targets `[n]`, between `[m, n]`, own `[m]`,
    places `[m]` whole numbers from 0 to Q - 1.
    Errors: those of `orthogonality`; other shapes, values that are not finite, unknown cells.
    Cost: n^3 for each cell in which there are new points.
    Source: derived above.
    """
    whole = _arguments.spectrum("kernel_matrix", kernel_matrix)
    points = len(whole.matrix)
    shift = _arguments.shift(ridge, points, whole.unit)
    members = _arguments.cells(cells, points)
    _blocks.resolve(whole, shift)
    validate.shape("own", own, (None,), "give one number per new point")
    many = np.shape(own)[0]
    cross = _arguments.block("between", between, (many, points), whole.unit)
    itself = _arguments.block("own", own, (many,), whole.unit)
    values = _arguments.block("targets", targets, (points,), 1.0)
    answered = _known(places, many, len(members))
    found = np.zeros((4, many))
    for cell in np.unique(answered):
        at = np.flatnonzero(answered == cell)
        inside = members[cell]
        outside = np.setdiff1d(np.arange(points), inside)
        found[:, at] = _gaps(whole.matrix, cross[at], itself[at], values, inside, outside, shift)
    found[3] *= np.sqrt(whole.unit)
    return PredictionGaps(*(jax.device_put(part) for part in found))


def _known(places: npt.ArrayLike, many: int, cells: int) -> np.ndarray:
    validate.shape("places", places, (many,), "give each new point the number of its cell")
    answered = seen.array("places", places)
    if answered.dtype.kind not in "iu" or not ((answered >= 0) & (answered < cells)).all():
        fix = "number cells as the training points' are"
        raise validate.fail("places", "others", f"integers from 0 to {cells - 1}", fix)
    return answered


def _gaps(
    matrix: np.ndarray,
    cross: np.ndarray,
    itself: np.ndarray,
    values: np.ndarray,
    inside: np.ndarray,
    outside: np.ndarray,
    shift: float,
) -> tuple[np.ndarray, ...]:
    """Difference, bound, worst case and deviation at points of one cell."""
    block = matrix[np.ix_(inside, inside)] + shift * np.eye(len(inside))
    to_others = np.linalg.solve(block, matrix[np.ix_(inside, outside)])
    to_points = np.linalg.solve(block, cross[:, inside].T)
    known = (cross[:, inside] * to_points.T).sum(1)
    if (itself < known * (1 - 1e-4)).any():
        got, fix = "less than the cell explains", "pass the kernel of each new point with itself"
        raise validate.fail("own", got, "values of the same kernel", fix)
    deviation = np.sqrt(np.maximum(itself - known, 0))
    covariance = cross[:, outside] - cross[:, inside] @ to_others
    given = matrix[np.ix_(outside, outside)] - matrix[np.ix_(outside, inside)] @ to_others
    given = (given + given.T) / 2 + shift * np.eye(len(outside))
    weights = np.linalg.solve(given, covariance.T).T
    left = values[outside] - to_others.T @ values[inside]
    # In terms of all targets: those outside by `weights`, those inside through what is left.
    through = weights @ to_others.T
    worst = np.sqrt((weights**2).sum(1) + (through**2).sum(1))
    bound = deviation * np.linalg.norm(left) / (2 * np.sqrt(shift))
    return -(weights @ left), bound, worst, deviation
