"""Solutions by one compiled program: for traced values, accelerators, many data sets."""

from __future__ import annotations

from dataclasses import fields
from typing import NamedTuple

import equinox as eqx
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, ScalarLike

from diversity_jax.convex_clustering import certificate, problem
from diversity_jax.convex_clustering.ama import ascend, at_dual, step_sizes
from diversity_jax.convex_clustering.components import spread
from diversity_jax.convex_clustering.problem import Graph, Norm
from diversity_jax.convex_clustering.record import Runs, Solution
from diversity_jax.convex_clustering.units import Scaled, scaled


class Setting(NamedTuple):
    """Points and graph in the units of `units`."""

    units: Scaled
    graph: Graph
    norm: Norm


def along(
    points: Float[Array, "n d"],
    graph: Graph,
    gammas: Float[Array, " k"],
    *,
    norm: Norm,
    tolerance: ScalarLike,
    iterations: int,
) -> Solution:
    """Solutions at every gamma in the order given, each begun from the one before."""
    units = scaled(points, graph.weights)
    here = Setting(units, eqx.tree_at(lambda it: it.weights, graph, units.weights), norm)

    def turn(flows: Array, gamma: Array) -> tuple[Array, Solution]:
        found, flows = _one(here, flows, gamma, tolerance, iterations)
        return flows, found

    start = jnp.zeros((graph.weights.shape[-1], points.shape[-1]), points.dtype)
    return lax.scan(turn, start, gammas)[1]


@eqx.filter_jit
def jitted(
    points: Float[Array, "n d"],
    graph: Graph,
    gammas: Float[Array, " k"],
    *,
    norm: Norm,
    tolerance: ScalarLike,
    iterations: int,
) -> Solution:
    """`along` as a program of its own: one for all values of one shape."""
    return along(points, graph, gammas, norm=norm, tolerance=tolerance, iterations=iterations)


@eqx.filter_jit
def many(
    points: Float[Array, "b n d"],
    graphs: Graph,
    gammas: Float[Array, " k"],
    *,
    norm: Norm,
    tolerance: ScalarLike,
    iterations: int,
    together: int,
) -> Runs:
    """`along` over data sets, `together` at a time, without the dual points."""
    shared = graphs.edges.ndim == 2

    def run(given: tuple[Array, Array, Array]) -> Runs:
        rows, edges, weights = given
        graph = eqx.tree_at(lambda it: (it.edges, it.weights), graphs, (edges, weights))
        found = along(rows, graph, gammas, norm=norm, tolerance=tolerance, iterations=iterations)
        return Runs(**{field.name: getattr(found, field.name) for field in fields(Runs)})

    if shared:
        fixed = (graphs.edges, graphs.weights)
        return lax.map(lambda rows: run((rows, *fixed)), points, batch_size=_most(together))
    given = (points, graphs.edges, graphs.weights)
    return lax.map(run, given, batch_size=_most(together))


def _most(together: int) -> int | None:
    """`lax.map` takes None for one after the other, which is a loop without a batch axis."""
    return None if together == 1 else together


def _one(
    here: Setting, flows: Array, gamma: Array, tolerance: ScalarLike, iterations: int
) -> tuple[Solution, Array]:
    units, graph, norm = here
    inner = units.gamma(gamma)
    limit = tolerance * units.half()
    found = ascend(
        units.points,
        graph,
        flows,
        gamma=inner,
        norm=norm,
        limit=limit,
        iterations=iterations,
    )
    rows = at_dual(units.points, found.dual, graph)
    apart = problem.differences(rows, graph)
    radii = inner * graph.weights
    together = certificate.fused(found.dual, apart, radii, step_sizes(graph), norm)
    distance = jnp.sum((units.points - rows) ** 2) / 2
    height = distance + inner * problem.penalty(rows, graph, norm=norm)
    solution = Solution(
        centroids=units.middle[None] + units.size * rows,
        dual=units.size * found.dual,
        gap=units.size * (units.size * found.gap),
        objective=units.size * (units.size * height),
        labels=spread(graph.nodes, graph.edges, jnp.asarray(together)),
        iterations=found.iterations,
        converged=(found.gap <= limit) & jnp.isfinite(height),
        certified=jnp.zeros(graph.nodes, bool),
    )
    return solution, found.dual
