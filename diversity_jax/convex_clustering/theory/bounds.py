"""How far the solution lies from the truth: a bound for any noise, and one for likely noise.

Let ``X = U + E`` on a connected graph, J(V) = sum_e w_e |v_i - v_j|_q, and split the noise into its
mean and the flow that carries the rest: ``E = 1 ebar^T + B^T Z`` with ``z_e = w_e (F^+ E)_e``, so

    rho = max_e |(F^+ E)_e|_q* = max_e |z_e|_q* / w_e.

The solution V minimises a 1-strongly convex function, hence for D = V - U

    |D|^2 <= <D, E> + gamma J(U) - gamma J(V).

Column means are kept, so D has the mean ebar and ``<D, E> = n |ebar|^2 + <B D, Z>``; and
``<B D, Z> <= rho J(D) <= rho J(V) + rho J(U)``. Together, for every gamma >= 0 and every noise,

    |V - U|^2 <= n |ebar|^2 + (gamma + rho) J(U) - (gamma - rho) J(V).          (A)

For gamma >= rho the last term can be dropped; below, ``J(V) <= J(X)`` (V lies no higher than X)
gives a bound that needs no V either. Only edges between clusters enter J(U). Any other flow Z with
``B^T Z = E - mean`` may take the place of this one; the best has the rho of `fusing_gamma`.

Nothing is asked of the noise, nor that the graph be independent of it. What is needed is one
component: with several, `mean` has to be that of each (with noise +1 on one component and -1 on the
other, F^+ E = 0 and ebar = 0, yet V - U = E for a constant truth and any gamma).

For independent noise on a graph that is independent of it, B of `noise` bounds rho and the mean
with a probability. Where the graph is chosen by the noise (the path through sorted noise, nearest
neighbours of the points) A holds and B does not.
"""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from jaxtyping import Array, Bool, Float, ScalarLike

from diversity_jax import validate
from diversity_jax.convex_clustering import problem
from diversity_jax.convex_clustering.problem import Graph, Norm
from diversity_jax.convex_clustering.theory import _arguments
from diversity_jax.convex_clustering.theory.electrical import edge_sensitivity
from diversity_jax.convex_clustering.theory.noise import (
    Law,
    noise_flow,
    probable_mean_term,
    probable_noise_level,
)
from diversity_jax.records import Record


class RecoveryBound(Record):
    """A bound on ``|V - U|_F^2`` and what it is made of.

    `rho` is ``max_e |(F^+ E)_e|_q*`` (or the `level` given), `truth_penalty` J(U), `mean_term`
    ``n |ebar|^2``; `bound` theirs by (A) of the module docstring, `mean_squared` that per entry.
    `dropped` says that ``gamma >= rho``, so that ``(gamma - rho) J(V)`` was dropped (or, with
    `centroids`, only lowers the bound). `residual` is how far the flow F^+ E misses the noise,
    relative to it: rounding.
    """

    bound: Float[Array, ""]
    mean_squared: Float[Array, ""]
    rho: Float[Array, ""]
    truth_penalty: Float[Array, ""]
    mean_term: Float[Array, ""]
    dropped: Bool[Array, ""]
    residual: Float[Array, ""]


class ProbableBound(Record):
    """A bound on ``|V - U|_F^2`` that holds with `probability`, for gamma = `gamma` >= `rho`."""

    bound: Float[Array, ""]
    mean_squared: Float[Array, ""]
    rho: Float[Array, ""]
    gamma: Float[Array, ""]
    truth_penalty: Float[Array, ""]
    mean_term: Float[Array, ""]
    probability: Float[Array, ""]


def recovery_bound(
    truth: npt.ArrayLike,
    noise: npt.ArrayLike,
    graph: Graph,
    *,
    gamma: ScalarLike,
    norm: Norm = "l2",
    centroids: npt.ArrayLike | None = None,
    level: ScalarLike | None = None,
) -> RecoveryBound:
    """A bound on ``|V - U|_F^2``, V the solution for the points ``truth + noise``; no probability.

    ``n |ebar|^2 + (gamma + rho) J(U)`` for ``gamma >= rho``, where ``-(gamma - rho) J(V)`` has been
    dropped; below rho it is this plus ``(rho - gamma) J(X)``. With the `centroids` V given, the
    term is kept and the bound smaller; they have to be the solution, not any others. A `level`
    takes the place of rho: the upper `fusing_gamma` of the noise, which is lower (by half on dense
    graphs), is one; too low a level is not noticed. Holds for every connected graph, one that
    depends on the noise too. Can be traced and batched (then see `noise_flow` for its digits).

    Errors: ValueError for a graph that is seen not to be connected, naming components; arrays of
    another shape than `[graph.nodes, d]`, a negative gamma, an unknown norm.
    Cost: n^3, with a handful of n x n arrays.
    Source: derived (module docstring), after the quantities of 2605.24673.
    """
    problem.checked_gamma(gamma)
    validate.choice("norm", norm, problem.NORMS)
    centres, errors = _split(truth, noise, graph)
    found = noise_flow(errors, graph)
    xp = _arguments.library(centres, errors, graph, gamma, centroids, level)
    flow, at, own = xp.asarray(found.flow), xp.asarray(gamma), xp.asarray(errors)
    rho = xp.max(_arguments.lengths(flow, problem.dual(norm), xp), initial=0)
    if level is not None:
        validate.shape("level", level, (), "pass one number")
        validate.nonnegative("level", level)
        rho = xp.asarray(level) + 0 * rho  # NaN where the graph is not connected
    mean_term = graph.nodes * xp.sum(xp.mean(own, axis=0) ** 2)
    total = _arguments.penalty(centres, graph, norm, xp)
    if centroids is None:
        ahead = _arguments.penalty(xp.asarray(centres) + own, graph, norm, xp)
        lowered = xp.maximum(rho - at, 0) * ahead
    else:
        given = problem.checked_points(centroids, graph, "centroids")
        lowered = (rho - at) * _arguments.penalty(given, graph, norm, xp)
    bound = mean_term + (at + rho) * total + lowered
    return RecoveryBound(
        bound=jnp.asarray(bound),
        mean_squared=jnp.asarray(bound / errors.size),
        rho=jnp.asarray(rho),
        truth_penalty=jnp.asarray(total),
        mean_term=jnp.asarray(mean_term),
        dropped=jnp.asarray(at >= rho),
        residual=found.residual,
    )


def _split(truth: npt.ArrayLike, noise: npt.ArrayLike, graph: Graph) -> tuple[Array, Array]:
    centres = problem.checked_points(truth, graph, "truth")
    errors = problem.checked_points(noise, graph, "noise")
    if centres.shape != errors.shape:
        got = f"shape {errors.shape} for a truth of {centres.shape}"
        raise validate.fail("noise", got, "the truth's shape", "pass noise for every point")
    return centres, errors


def probable_recovery_bound(
    truth: npt.ArrayLike,
    graph: Graph,
    *,
    deviation: ScalarLike,
    failure: ScalarLike,
    gamma: ScalarLike | None = None,
    norm: Norm = "l2",
    law: Law = "gaussian",
) -> ProbableBound:
    """A bound on ``|V - U|_F^2`` that holds with probability ``1 - failure`` over the noise.

    A with B: half of `failure` for the noise level, half for the mean. `gamma` is the noise level
    unless given, and then not smaller. The graph has to be independent of the noise: nearest
    neighbours of the very points are not. `probability` is 0 where gamma is below the level (and
    the bound infinite).

    Errors: ValueError as those of `recovery_bound` and `probable_noise_level`; a traced graph.
    Cost: n^3, with a handful of n x n arrays.
    Source: derived.
    """
    centres = problem.checked_points(truth, graph, "truth")
    _arguments.probability("failure", failure)
    half = jnp.asarray(failure) / 2
    sensitivity = np.asarray(edge_sensitivity(graph))
    rho = probable_noise_level(
        sensitivity.max(initial=0),
        edges=max(int((sensitivity > 0).sum()), 1),
        dimension=centres.shape[1],
        deviation=deviation,
        failure=half,
        norm=norm,
        law=law,
    )
    if gamma is not None:
        problem.checked_gamma(gamma)
    at = rho if gamma is None else jnp.asarray(gamma) * jnp.ones(())
    mean_term = probable_mean_term(dimension=centres.shape[1], deviation=deviation, failure=half)
    total = jnp.asarray(_arguments.penalty(centres, graph, norm, np))
    bound = jnp.where(at >= rho, mean_term + (at + rho) * total, jnp.inf)
    return ProbableBound(
        bound=bound,
        mean_squared=bound / centres.size,
        rho=rho,
        gamma=at,
        truth_penalty=total,
        mean_term=mean_term,
        probability=jnp.where(at >= rho, 1 - 2 * half, 0),
    )
