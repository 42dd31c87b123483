"""Exact draws from a k-DPP: a subset S of size k with chance in proportion to ``det L_S``.

A mixture of projections (arXiv 1207.6083, algorithms 1 and 8): choose k eigenvectors with chance
in proportion to the product of their eigenvalues, by the elementary symmetric polynomials

    e_l(1..n) = e_l(1..n-1) + lambda_n e_{l-1}(1..n-1),

then draw from the projection V V' one point at a time, i with chance
``(|v_i|^2 - what lies in the span of the points drawn) / (points left)``. The polynomials are kept
as logarithms: their products leave the range of floating-point numbers from some 100 points on.
"""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, ArrayLike, Float

from diversity_jax import seeds, validate
from diversity_jax.selection.coverage.pivoting import check_square
from diversity_jax.selection.coverage.record import Selection, check_points, in_range
from diversity_jax.selection.kernels import Kernel, check_kernel


def k_dpp(key: Array, points: Float[ArrayLike, "n d"], *, number: int, kernel: Kernel) -> Selection:
    """Draw `number` points with chance in proportion to ``det L_S``, L the kernel's matrix.

    `gains` are the logarithms of the conditional variances in the order of the draw, `objective`
    their sum ``log det L_S``.

    Errors: as for `dpp_map`.
    Cost: builds the n x n matrix and its eigenvectors: time n^3, memory some 3 n^2 numbers.
    Source: arXiv 1207.6083, algorithm 8.
    """
    points = jnp.asarray(points)
    check_points(points, number)
    check_kernel(kernel, points, positive="eigenvalues")
    return k_dpp_from_matrix(key, kernel(points, points), number=number)


def k_dpp_from_matrix(key: Array, matrix: Float[ArrayLike, "n n"], *, number: int) -> Selection:
    """`k_dpp` for a kernel's matrix that is there already."""
    matrix = jnp.asarray(matrix)
    check_square(matrix, number)
    indices, eigenvalues = _sample(key, matrix, number)
    _check_rank(eigenvalues, number)
    block = matrix[indices][:, indices]
    gains = 2 * jnp.log(jnp.diagonal(jnp.linalg.cholesky(block)))
    return in_range(Selection(indices=indices, gains=gains, objective=jnp.sum(gains)), "matrix")


@partial(jax.jit, static_argnums=2)
def _sample(key: Array, matrix: Array, number: int) -> tuple[Array, Array]:
    """Indices of one draw, and the eigenvalues."""
    eigenvalues, vectors = jnp.linalg.eigh((matrix + matrix.T) / 2)
    # What is zero but for rounding must not be drawn: the projection would not be one.
    least = matrix.shape[0] * jnp.finfo(matrix.dtype).eps * eigenvalues[-1]
    eigenvalues = jnp.where(eigenvalues > least, eigenvalues, 0)
    chosen = _choose_vectors(seeds.stream(key, "vectors"), eigenvalues, number)
    indices = _draw_projection(seeds.stream(key, "points"), vectors[:, chosen])
    return indices, eigenvalues


def _choose_vectors(key: Array, eigenvalues: Float[Array, " n"], number: int) -> Array:
    """Indices `[number]` of eigenvectors, drawn with chance ~ the product of eigenvalues."""
    n, dtype = eigenvalues.shape[0], eigenvalues.dtype
    logs = jnp.log(eigenvalues)
    empty = jnp.full(number + 1, -jnp.inf, dtype).at[0].set(0)

    def grow(sums: Array, log: Array) -> tuple[Array, Array]:
        with_it = jnp.concatenate([jnp.full(1, -jnp.inf, dtype), sums[:-1] + log])
        return jnp.logaddexp(sums, with_it), sums

    total, before = lax.scan(grow, empty, logs)
    after = jnp.concatenate([before[1:], total[None]])
    uniform = jax.random.uniform(key, (n,), dtype)

    def take(state: tuple[Array, Array], index: Array) -> tuple[tuple[Array, Array], None]:
        left, chosen = state
        chance = jnp.exp(logs[index] + before[index, left - 1] - after[index, left])
        taken = (left > 0) & (uniform[index] < chance)
        place = jnp.where(taken, left - 1, number)
        chosen = chosen.at[place].set(index, mode="drop")
        return (left - taken, chosen), None

    start = jnp.int32(number), jnp.zeros(number, jnp.int32)
    (_, chosen), _ = lax.scan(take, start, jnp.arange(n, dtype=jnp.int32), reverse=True)
    return chosen


def _draw_projection(key: Array, vectors: Float[Array, "n k"]) -> Array:
    """One draw of k points from the projection onto the columns of `vectors`."""
    n, k = vectors.shape
    uniform = jax.random.uniform(key, (k,), vectors.dtype)

    def draw(turn: Array, state: tuple[Array, ...]) -> tuple[Array, ...]:
        left, rows, picks = state
        sums = jnp.cumsum(jnp.maximum(left, 0))
        pick = jnp.minimum(jnp.sum(sums <= uniform[turn] * sums[-1]), n - 1).astype(jnp.int32)
        row = (vectors @ vectors[pick] - rows[:, pick] @ rows) / jnp.sqrt(left[pick])
        left = (left - row**2).at[pick].set(-jnp.inf)
        return left, rows.at[turn].set(row), picks.at[turn].set(pick)

    start = jnp.sum(vectors**2, axis=1), jnp.zeros((k, n), vectors.dtype), jnp.zeros(k, jnp.int32)
    return lax.fori_loop(0, k, draw, start)[2]


def _check_rank(eigenvalues: Array, number: int) -> None:
    values = validate.concrete(eigenvalues)
    if values is None or number <= int((values > 0).sum()):
        return
    expected = f"at most {int((values > 0).sum())}, the kernel's rank in this precision"
    fix = "pick fewer, or use a kernel of full rank, e.g. kernels.Gaussian(1.0)"
    raise validate.fail("number", number, expected, fix)
