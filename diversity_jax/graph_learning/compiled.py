"""Harmonic systems in traced code: matrix-free operators and conjugate gradients of `lineax`.

The system keeps its size whatever nodes are held: their rows are those of the identity. Derivatives
are implicit (one more solve with the same matrix), whichever way it is solved. Dense affinities are
factorised; of the others nothing but products is needed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import lineax
from jax import lax
from jaxtyping import Array, Float, PyTree

from diversity_jax.graph_learning.problem import Affinity, GaussianAffinity, Known
from diversity_jax.graph_learning.tasks import Task

SEMIDEFINITE = lineax.positive_semidefinite_tag


class Relative(lineax.AbstractLinearSolver[PyTree]):
    """Conjugate gradients to a residual relative to the right-hand side, whatever its size.

    Those of `lineax` take an absolute tolerance per entry: a derivative's right-hand side may be of
    any size, and of a harmonic problem most entries are zero.
    """

    inner: lineax.CG

    def init(self, operator: lineax.AbstractLinearOperator, options: dict[str, Any]) -> PyTree:
        """The state of the solver inside."""
        return self.inner.init(operator, options)

    def compute(
        self, state: PyTree, vector: PyTree, options: dict[str, Any]
    ) -> tuple[PyTree, lineax.RESULTS, dict[str, Any]]:
        """Solve for the right-hand side in units of its length."""
        size = jnp.linalg.norm(vector)
        unit = jnp.where(size > 0, size, 1)
        found, result, stats = self.inner.compute(state, vector / unit, options)
        return found * unit, result, stats

    def transpose(self, state: PyTree, options: dict[str, Any]) -> tuple[PyTree, dict[str, Any]]:
        """That of the solver inside."""
        return self.inner.transpose(state, options)

    def conj(self, state: PyTree, options: dict[str, Any]) -> tuple[PyTree, dict[str, Any]]:
        """That of the solver inside."""
        return self.inner.conj(state, options)

    def assume_full_rank(self) -> bool:
        """Whether the operator has to be invertible."""
        return True


def product(affinity: Known) -> Callable[[Array], Array]:
    """A vector `[n]` to W times it, without the diagonal."""
    if isinstance(affinity, Affinity):
        first, second, weights = affinity.edges[:, 0], affinity.edges[:, 1], affinity.weights

        def along_edges(x: Array) -> Array:
            zero = jnp.zeros(x.shape, jnp.result_type(x, weights))
            return zero.at[first].add(weights * x[second]).at[second].add(weights * x[first])

        return along_edges
    if isinstance(affinity, GaussianAffinity):
        points, width = affinity.points, affinity.bandwidth

        def by_rows(x: Array) -> Array:
            @jax.checkpoint
            def row(one: Array) -> Array:
                return jnp.exp(-jnp.sum(((points - one[None]) / width) ** 2, axis=1) / 2) @ x

            return lax.map(row, points) - x

        return by_rows
    table = without_diagonal(affinity)
    return lambda x: table @ x


def without_diagonal(matrix: Array | Any) -> Float[Array, "n n"]:
    """A dense affinity with zeros on its diagonal."""
    return jnp.where(jnp.eye(matrix.shape[0], dtype=bool), 0, jnp.asarray(matrix))


def operator(
    affinity: Known, free: Array, multiplicities: Array, diagonal: Array
) -> lineax.FunctionLinearOperator:
    """``diag - V W V`` between free nodes and the identity elsewhere, scaled to a unit diagonal."""
    times, factor = product(affinity), multiplicities / jnp.sqrt(diagonal)

    def apply(x: Array) -> Array:
        inside = jnp.where(free, factor, 0)
        return x - inside * times(inside * x)

    shape = jax.ShapeDtypeStruct(diagonal.shape, diagonal.dtype)
    return lineax.FunctionLinearOperator(apply, shape, SEMIDEFINITE)


@eqx.filter_jit
def solve(
    affinity: Known, task: Task, tolerance: float, most: int, certify: bool
) -> tuple[Array, Array, Array, Array]:
    """Values of all nodes, and per column relative residuals, steps and bounds on the error."""
    g, v, c = jnp.asarray(task.regularisation), task.multiplicities, task.confidence
    labels, times = jnp.asarray(task.labels), product(affinity)
    columns = jax.vmap(times, 1, 1)
    known = jnp.where(task.held[:, None], labels, 0)
    degrees = times(v)
    free = ~task.held & (v > 0)
    diagonal = v * (degrees + g + c)
    diagonal = jnp.where(free & (diagonal > 0), diagonal, 1)
    # Square roots only of what is free: the others' derivatives would be 0 times infinity.
    scale = jnp.where(free, 1 / jnp.sqrt(diagonal), 0)
    right = (scale * v)[:, None] * (columns(v[:, None] * known) + c[:, None] * labels)
    if certify:
        ahead = jnp.where(free, jnp.sqrt(diagonal), 0)
        right = jnp.concatenate([right, ahead[:, None]], axis=1)
    matrix = operator(affinity, free, v, diagonal)
    found, steps = _solved(affinity, matrix, free, v, diagonal, right, tolerance, most)
    number = labels.shape[1]
    sums = v * (g + c + times(jnp.where(task.held, v, 0)))
    residual, error = lax.stop_gradient(_judged(matrix, free, diagonal, sums, right, found, number))
    values = known + scale[:, None] * found[:, :number]
    above = columns(v[:, None] * values) + c[:, None] * labels
    below = degrees + g + c
    induced = above / jnp.where(below > 0, below, 1)[:, None]
    values = jnp.where((~task.held & (v == 0))[:, None], induced, values)
    return values, residual, steps[:number], error


def eliminated(table: Float[Array, "n n"], task: Task) -> Float[Array, "n k"]:
    """Values of all nodes of a dense affinity by elimination without subtraction.

    The walk is watched on fewer and fewer nodes: what went through the last one goes on at the
    rates at which that is left for others. All is sums of what is not negative, so that no digit is
    lost however many steps a walk takes. Nodes of multiplicity 0 get 0.

    Cost: n^3, in n steps.
    Source: Grassmann, Taksar and Heyman 1985, for stationary laws.
    """
    v, c, held = task.multiplicities, task.confidence, task.held
    known = jnp.where(held[:, None], task.labels, 0)
    free = jnp.where(held, 0, v)
    weights = without_diagonal(table)
    onto = jnp.matmul(weights, v[:, None] * known, precision=lax.Precision.HIGHEST)
    held_near = jnp.sum(weights * jnp.where(held, v, 0)[None], axis=1)
    right = free[:, None] * (onto + c[:, None] * task.labels)
    ends = free * (jnp.asarray(task.regularisation) + c + held_near)
    places = jnp.arange(len(v))

    def without(step: Array, carry: tuple[Array, ...]) -> tuple[Array, ...]:
        rates, ends, right, away = carry
        last = len(v) - 1 - step
        on = jnp.where(places < last, rates[last], 0)
        total = jnp.sum(on) + ends[last]
        share = on / jnp.where(total > 0, total, 1)
        rates = rates + on[:, None] * share[None]
        right = right + share[:, None] * right[last][None]
        return rates, ends + share * ends[last], right, away.at[last].set(total)

    start = free[:, None] * weights * free[None], ends, right, jnp.zeros_like(ends)
    rates, _, right, away = lax.fori_loop(0, len(v), without, start)

    def back(node: Array, found: Array) -> Array:
        on = jnp.where(places < node, rates[node], 0)
        earned = right[node] + jnp.sum(on[:, None] * found, axis=0)
        return found.at[node].set(earned / jnp.where(away[node] > 0, away[node], 1))

    return known + lax.fori_loop(0, len(v), back, jnp.zeros_like(right))


def _judged(
    matrix: lineax.FunctionLinearOperator,
    free: Array,
    diagonal: Array,
    sums: Array,
    right: Array,
    found: Array,
    number: int,
) -> tuple[Array, Array]:
    """Relative residuals of the columns and bounds on their errors (`systems`)."""
    many = jax.vmap(matrix.mv, 1, 1)
    rounding = jnp.finfo(found.dtype).eps * (8 + len(diagonal) ** 0.5)
    left = right - many(found)
    size = jnp.linalg.norm(right, axis=0)
    residual = jnp.linalg.norm(left, axis=0) / jnp.where(size > 0, size, 1)
    passed = 2 * jnp.abs(found) - many(jnp.abs(found))
    most = jnp.abs(left) + rounding * (passed + jnp.abs(right))
    most = most[:, :number] * jnp.sqrt(diagonal)[:, None]
    error = _bound(most, jnp.ones_like(diagonal), sums, free)
    if right.shape[1] > number:
        ahead = found[:, -1]
        least = (right - left)[:, -1] - rounding * passed[:, -1]
        other = _bound(most, ahead / jnp.sqrt(diagonal), least * jnp.sqrt(diagonal), free)
        error = jnp.minimum(error, other)
    return residual[:number], error


def _solved(
    affinity: Known,
    matrix: lineax.FunctionLinearOperator,
    free: Array,
    v: Array,
    diagonal: Array,
    right: Array,
    tolerance: float,
    most: int,
) -> tuple[Array, Array]:
    if isinstance(affinity, Affinity | GaussianAffinity):
        inner = lineax.CG(0.0, tolerance, norm=jnp.linalg.norm, max_steps=most)
        solver, used = Relative(inner), matrix
    else:
        factor = jnp.where(free, v / jnp.sqrt(diagonal), 0)
        table = factor[:, None] * without_diagonal(affinity) * factor[None]
        full = jnp.eye(len(v), dtype=table.dtype) - table
        solver, used = lineax.Cholesky(), lineax.MatrixLinearOperator(full, SEMIDEFINITE)

    def one(column: Array) -> tuple[Array, Array]:
        answer = lineax.linear_solve(used, column, solver, throw=False)
        return answer.value, jnp.asarray(answer.stats.get("num_steps", 0))

    found, steps = jax.vmap(one, 1, (1, 0))(right)
    return found, jnp.broadcast_to(steps, (right.shape[1],))


def _bound(left: Array, ahead: Array, sums: Array, free: Array) -> Array:
    fine = jnp.all(jnp.where(free, (sums > 0) & (ahead >= 0), True))
    ratio = left / jnp.where(free & (sums > 0), sums, 1)[:, None]
    ratio = jnp.where(free[:, None], ratio, 0).max(0)
    most = jnp.where(free, ahead, 0).max()
    return jnp.where(fine | (ratio == 0), most * ratio, jnp.inf)
