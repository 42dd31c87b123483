"""Accelerated alternating minimisation: projected gradient steps on the dual, in one program.

The dual of convex clustering is a smooth concave function on a product of balls. Its gradient at Z
is ``B (X - B^T Z)``, the differences of the centroids, and with degrees d_i

    |B^T z|^2 <= sum_e (d_i + d_j) |z_e|^2,

since ``|a_1 + ... + a_d|^2 <= d (|a_1|^2 + ... + |a_d|^2)`` at each node. So each edge may take a
step of its own length 1 / (d_i + d_j). Nesterov's momentum is dropped where it points against the
step just taken (O'Donoghue and Candes, 1204.3982). Every `EVERY` steps the gap is summed, and it
alone ends the loop. There is no linear system: what runs is gathers, sums over edges and
projections, and all of it can be traced and mapped over data sets.
"""

from __future__ import annotations

from typing import NamedTuple

import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, Int, ScalarLike

from diversity_jax.convex_clustering import problem
from diversity_jax.convex_clustering.problem import Graph, Norm
from diversity_jax.convex_clustering.projections import lengths, project

EVERY = 10  # steps between two sums of the gap, which costs about one step


class Ascent(NamedTuple):
    """A dual point `[m, d]`, its gap at ``X - B^T Z`` and the steps that led to it."""

    dual: Float[Array, "m d"]
    gap: Float[Array, ""]
    iterations: Int[Array, ""]


def ascend(
    points: Float[Array, "n d"],
    graph: Graph,
    start: Float[Array, "m d"],
    *,
    gamma: ScalarLike,
    norm: Norm,
    limit: ScalarLike,
    iterations: int,
) -> Ascent:
    """Climb from `start` until the gap is at most `limit`, for at most `iterations` steps.

    `points` are centred and of a scale near one. A gap that is NaN ends the loop as well.

    Cost: a step takes some 16 µs at 100 nodes and 600 edges in the plane, 100 µs at 1000 and 6000
    (one core of a laptop); the number of steps is a few hundred.
    """
    # Coordinates first, edges last: sums and shifts over edges then run over contiguous numbers,
    # which is 2.7 times as fast on a CPU at 6000 edges.
    data = points.T
    radii = jnp.asarray(gamma * graph.weights)
    steps = step_sizes(graph)[None]

    def step(_: ScalarLike, state: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        old, ahead, momentum = state
        new = project(ahead + steps * _apart(data, ahead, graph), radii, norm, axis=0)
        against = jnp.sum((ahead - new) * (new - old) / steps) > 0
        momentum = jnp.where(against, 1, momentum)
        following = (1 + jnp.sqrt(1 + 4 * momentum**2)) / 2
        pushed = new + jnp.where(against, 0, (momentum - 1) / following) * (new - old)
        return new, pushed, following

    def body(state: tuple) -> tuple:
        inner = lax.fori_loop(0, EVERY, step, state[0])
        return inner, _gap(data, inner[0], graph, radii, norm), state[2] + EVERY

    def goes_on(state: tuple) -> Array:
        return (state[1] > limit) & (state[2] < iterations)

    flows = project(start.T, radii, norm, axis=0)
    one = jnp.ones((), points.dtype)
    state = ((flows, flows, one), _gap(data, flows, graph, radii, norm), jnp.int32(0))
    (flows, *_), left, taken = lax.while_loop(goes_on, body, state)
    return Ascent(flows.T, left, taken)


def _apart(data: Array, flows: Array, graph: Graph) -> Array:
    """``B (X - B^T Z)``, coordinates first."""
    first, second = graph.first, graph.second
    moved = jnp.zeros_like(data).at[:, first].add(flows).at[:, second].add(-flows)
    at = data - moved
    return at[:, first] - at[:, second]


def _gap(data: Array, flows: Array, graph: Graph, radii: Array, norm: Norm) -> Array:
    between = _apart(data, flows, graph)
    lost = radii * lengths(between, norm, axis=0) - jnp.sum(flows * between, axis=0)
    return jnp.sum(lost)


def step_sizes(graph: Graph) -> Float[Array, " m"]:
    """``1 / (d_i + d_j)`` of each edge, with the degrees of all edges that are not padding."""
    real = (graph.weights > 0).astype(graph.weights.dtype)
    zero = jnp.zeros(graph.nodes, graph.weights.dtype)
    degrees = zero.at[graph.first].add(real).at[graph.second].add(real)
    return 1 / jnp.maximum(degrees[graph.first] + degrees[graph.second], 1)


def at_dual(
    points: Float[Array, "n d"], flows: Float[Array, "m d"], graph: Graph
) -> Float[Array, "n d"]:
    """``X - B^T Z``."""
    return points - problem.divergence(flows, graph, points.shape[0])
