"""Greedy determinants: a point at a time, by a Cholesky factor that grows by a row per pick.

Both rules here choose the largest of some `scores` that every pick lowers by the square of a row:

- DPP: score_i is the variance of i given those chosen, ``L_ii - |c_i|^2``; the row of pick j is
  ``(L_ji - c_j . c_i) / sqrt(score_j)`` (arXiv 1709.05135, section 4);
- D-optimal: score_i is the ridge times the leverage, ``ridge x_i' A^-1 x_i``; with ``A + x_j x_j'``
  it falls by the square of ``ridge x_j' A^-1 x_i / sqrt(ridge + score_j)`` (Sherman and Morrison).

For the latter ``ridge A^-1 = T'T``, with T the identity at first and, for ``v = T x_j`` and
``score_j = |v|^2``,

    T <- T - v (v'T) (1 - sqrt(ridge / (ridge + |v|^2))) / |v|^2,

since the matrix to the left of T is to be the root of ``I - v v' / (ridge + |v|^2)`` (Potter's form
of the Kalman filter). No matrix is inverted or factorised: a root has half the digits to lose of
what it is the root of, and without a ridge this is orthogonalisation, which any scale survives.

A pick costs one pass over the points (or the factor so far), bound by memory: several likely picks
in one matrix product were tried and gained nothing, unlike in `distances`, since every pick
reorders the scores.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, ArrayLike, Float, PyTree, ScalarLike

from diversity_jax import validate
from diversity_jax.rows import map_rows, rows_per_chunk
from diversity_jax.selection import squares
from diversity_jax.selection.coverage.record import (
    Selection,
    check_number,
    check_points,
    in_range,
    largest,
)
from diversity_jax.selection.kernels import Kernel, check_kernel, check_matrix, diagonal, prepare

ROWS = 8  # rows of the factor that are taken off at a time
FALL = 1 / 16  # of the largest leverage, at which differences of leverages are not trusted
LOST = 64  # roundings below which a direction that is left is none, of the longest row
CHECKED = 2048  # the largest matrix whose eigenvalues are all looked at before a rule runs


def dpp_map(points: Float[ArrayLike, "n d"], *, number: int, kernel: Kernel) -> Selection:
    """Choose `number` points greedily by ``log det L_S``, L the kernel's matrix over the points.

    `gains` are the logarithms of the conditional variances, which never grow; `objective` is their
    sum, log det of the chosen block. While it is monotone (all variances above 1) at least 1 - 1/e
    of the best; no such promise otherwise. A kernel of rank r, such as `kernels.linear` with r = d,
    allows r picks. No n x n array: memory ``number`` vectors of n, time ``n number^2``. Where
    values are traced a rank that is too low shows as gains of minus infinity or NaN.

    Errors: ValueError for points that are not finite, `number` outside 1 to n or above the rank, a
    kernel that is asymmetric or has a negative eigenvalue (looked at on 64 points).
    Source: arXiv 1709.05135, algorithm 1; the shared passes derived in the module docstring.
    """
    points = jnp.asarray(points)
    check_points(points, number)
    check_kernel(kernel, points, positive="eigenvalues")
    return in_range(_checked(*_dpp_points(kernel, points, number)))


def dpp_map_from_matrix(matrix: Float[ArrayLike, "n n"], *, number: int) -> Selection:
    """`dpp_map` for a kernel's matrix that is there already.

    Symmetry is checked throughout, eigenvalues up to 2048 points; above these a negative variance
    that the choice meets is refused.
    """
    matrix = jnp.asarray(matrix)
    check_square(matrix, number)
    return _checked(*_dpp_matrix(matrix, number))


def check_square(matrix: Array, number: object) -> None:
    """Refuse a matrix that is not square, symmetric, positive, or smaller than `number`."""
    validate.shape("matrix", matrix, (None, matrix.shape[0]), "pass similarities [n, n]")
    check_number(number, matrix.shape[0])
    small = matrix.shape[0] <= CHECKED
    check_matrix("matrix", matrix, positive="eigenvalues" if small else "nothing")


def d_optimal(
    points: Float[ArrayLike, "n d"], *, number: int, ridge: ScalarLike = 1.0
) -> Selection:
    """Choose `number` points greedily by ``log det(ridge I + sum of x x')``.

    The next point is the one of highest leverage; `gains` are ``log(1 + leverage)``, which never
    grow, and `objective` is the log determinant: ``d log ridge`` and the sum of the gains, so at
    least 1 - 1/e of the best increase. Of points and ridge any scale will do, and a rotation
    changes nothing but rounding; leverage is seen from the origin, so a shift changes it by nature.
    A ridge far below the rounding of the points allows as many picks as their rank: where values
    are traced more show as gains of NaN.

    Errors: ValueError for points that are not finite, `number` outside 1 to n, or above the rank
    with such a ridge, and a ridge that is not above zero.
    Cost: time `number` passes over the points and ``2 number / d`` products of them with d x d
    matrices, memory a few vectors of n and a few of d x d.
    Source: derived in the module docstring.
    """
    points = jnp.asarray(points)
    check_points(points, number)
    validate.positive("ridge", ridge, "pass e.g. 1.0, the prior precision of the coefficients")
    log_ridge = jnp.log(jnp.asarray(ridge, float))
    return _resolved(_d_optimal(points, log_ridge.astype(points.dtype), number))


def _greedy(
    scores: Array,
    number: int,
    state: PyTree,
    *,
    numerators: Callable[[PyTree, Array], Array],
    keep: Callable[..., tuple[PyTree, Array]],
    floor: ScalarLike,
) -> tuple[Array, Array, PyTree]:
    """Picks, their scores when picked and the last state.

    `numerators(state, pick)` gives the row of a pick times ``sqrt(floor + its score)``,
    `keep(state, turn, pick, row, scores)` the state after it and the scores, mended if need be.
    """
    n = scores.shape[0]

    def step(turn: Array, held: tuple[PyTree, ...]) -> tuple[PyTree, ...]:
        scores, picks, won, state = held
        pick = largest(scores)
        pivot = scores[pick]
        # A pivot that is not positive leaves no row: what it should have lowered is rounding.
        root = jnp.sqrt(jnp.where(pivot > 0, floor + pivot, 1))
        row = jnp.where(pivot > 0, numerators(state, pick) / root, 0)
        scores = (scores - row**2).at[pick].set(-jnp.inf)
        state, scores = keep(state, turn, pick, row, scores)
        return scores, picks.at[turn].set(pick), won.at[turn].set(pivot), state

    start = scores, jnp.full(number, n, jnp.int32), jnp.zeros(number, scores.dtype), state
    return lax.fori_loop(0, number, step, start)[1:]


def _dpp(
    diagonal: Array, number: int, similarities: Callable[[Array], Array]
) -> tuple[Selection, Array, Array]:
    """The selection, the conditional variances of its picks, and the largest variance."""
    chunks = -(-number // ROWS)

    def numerators(state: tuple[Array, Array], pick: Array) -> Array:
        factor, count = state

        own = factor[:, pick]

        def take(index: Array, held: Array) -> Array:
            # Written out: one fused loop over n, where a product would copy its rows first.
            for place in range(ROWS):
                held = held - own[index * ROWS + place] * factor[index * ROWS + place]
            return held

        return lax.fori_loop(0, -(-count // ROWS), take, similarities(pick))

    def keep(state, turn, pick, row, scores):
        factor, count = state
        return (factor.at[turn].set(row), count + 1), scores

    state = jnp.zeros((chunks * ROWS, diagonal.shape[0]), diagonal.dtype), jnp.int32(0)
    picks, won, _ = _greedy(diagonal, number, state, numerators=numerators, keep=keep, floor=0.0)
    gains = jnp.log(won)
    return Selection(picks, gains, jnp.sum(gains)), won, jnp.max(diagonal)


@eqx.filter_jit
def _dpp_points(kernel: Kernel, points: Array, number: int) -> tuple[Selection, Array, Array]:
    own = diagonal(kernel, points)
    kernel, points = prepare(kernel, points)
    return _dpp(own, number, lambda pick: kernel(points, points[pick][None])[:, 0])


@partial(jax.jit, static_argnums=1)
def _dpp_matrix(matrix: Array, number: int) -> tuple[Selection, Array, Array]:
    return _dpp(jnp.diagonal(matrix), number, lambda pick: matrix[pick])


def _checked(selection: Selection, variances: Array, largest: Array) -> Selection:
    """The selection, unless a pick had no variance left beyond rounding."""
    seen, top = validate.concrete(variances), validate.concrete(largest)
    if seen is None or top is None:
        return selection
    if not np.isfinite(top):
        got, fix = "similarities that are NaN or infinite", "leave out points without a finite one"
        raise validate.fail("kernel", got, "finite ones", fix)
    number = seen.shape[0]
    enough = seen > 16 * number * jnp.finfo(seen.dtype).eps * float(top)
    if not enough.all():
        rank = int(enough.argmin())
        expected = f"at most {rank}, the kernel's rank in this precision"
        fix = "pick fewer, or use a kernel of full rank, e.g. kernels.Gaussian(1.0)"
        raise validate.fail("number", number, expected, fix)
    return selection


@partial(jax.jit, static_argnums=2)
def _d_optimal(points: Array, log_ridge: Array, number: int) -> Selection:
    n, d = points.shape
    every = max(d // 2, 8)
    unit = squares.power_of_two(jnp.max(jnp.abs(points), initial=0))
    rows, limits = points / unit, jnp.finfo(points.dtype)
    log_floor = log_ridge - 2 * jnp.log(unit)
    # Beyond these ends a ridge decides all or nothing; gains know it by its logarithm.
    floor = jnp.exp(jnp.minimum(log_floor, math.log(limits.max) - 2))

    def anew(root: Array) -> Array:
        chunk = rows_per_chunk(n, 2 * d * rows.dtype.itemsize, most=n)
        return map_rows(_squared_lengths, chunk, root, rows)

    def numerators(state: tuple[Array, ...], pick: Array) -> Array:
        root = state[0]
        return rows @ ((root @ rows[pick]) @ root)

    def keep(state, turn, pick, row, scores):
        root, won, last, level = state
        image = root @ rows[pick]
        length = image @ image
        share = jnp.where(length > 0, length, 1)
        fall = (1 - jnp.sqrt(floor / (floor + share))) / share
        root = root - fall * image[:, None] * (image @ root)[None]
        # Leverages fall by orders of magnitude: differences alone would lose them to rounding.
        due = (turn - last >= every) | (jnp.max(scores) < FALL * level)
        fresh = lax.cond(due, lambda: anew(root), lambda: scores)
        scores = jnp.where(jnp.isneginf(scores), -jnp.inf, fresh)
        last, level = jnp.where(due, turn, last), jnp.where(due, jnp.max(scores), level)
        return (root, won.at[turn].set(length), last, level), scores

    scores = jnp.sum(rows**2, axis=1)
    most = jnp.max(scores)
    state = jnp.eye(d, dtype=rows.dtype), jnp.zeros(number, rows.dtype), jnp.int32(0), most
    picks, _, (_, won, *_) = _greedy(
        scores, number, state, numerators=numerators, keep=keep, floor=floor
    )
    seen = floor + won > (LOST * limits.eps) ** 2 * most
    gains = jnp.where(seen | (most == 0), jnp.logaddexp(0, jnp.log(won) - log_floor), jnp.nan)
    return Selection(picks, gains, d * log_ridge + jnp.sum(gains))


def _resolved(selection: Selection) -> Selection:
    """The selection, unless a pick had neither a direction of its own nor a ridge, but rounding."""
    gains = validate.concrete(selection.gains)
    if gains is not None and np.isnan(gains).any():
        expected = f"at most {int(np.isnan(gains).argmax())}, the points' rank in this precision"
        fix = "pick fewer, raise the ridge above the rounding of the points, or pass float64"
        raise validate.fail("number", len(gains), expected, fix)
    return in_range(selection)


def _squared_lengths(matrix: Array, points: Array) -> Array:
    return jnp.sum((points @ matrix.T) ** 2, axis=1)
