"""The smallest gamma at which all points are one, between two bounds that meet (host, numpy).

All points share the mean exactly where flows with ``B^T Z = X - mean`` and
``|z_e|_q* <= gamma w_e`` exist. So

    gamma_max = min over such Z of max_e |z_e|_q* / w_e
              = max over rows V of  <X - mean, V> / sum_e w_e |v_i - v_j|_q,

the second being the dual of the first. Any Z bounds it from above, any V from below. On a tree
there is one Z, and that is the answer. Elsewhere the solution U at some gamma below serves as V:
since ``<X - mean - (U - mean), U> = gamma J(U)``, its bound is

    gamma + |U - mean|^2 / J(U),

which is more than gamma, and taking it as the next gamma is Newton's method for the value
``max_V [<X - mean, V> - gamma J(V)] = 0`` (Dinkelbach 1967): it climbs and converges superlinearly.
For the other side the flows at hand, which bring ``X - U``, are completed by those of a
Laplacian's solution that bring ``U - mean``.
"""

from __future__ import annotations

import numpy as np

from diversity_jax.convex_clustering import fusion
from diversity_jax.convex_clustering.flows import split, within
from diversity_jax.convex_clustering.levels import returned
from diversity_jax.convex_clustering.partition import Target, Whole
from diversity_jax.convex_clustering.problem import Norm
from diversity_jax.convex_clustering.projections import DUALS, lengths

ROUNDS = 60


def bounds(problem: Whole, norm: Norm, tolerance: float, iterations: int) -> tuple[float, float]:
    """A lower and an upper bound of gamma_max, apart by at most `tolerance` of it where met."""
    points, edges, weights = problem.points, problem.edges, problem.weights
    if not np.any(points):
        return 0.0, 0.0
    nodes, stand = len(points), fusion.begin(problem)
    own = within(edges, weights, np.zeros(nodes, dtype=int), np.arange(len(edges)))

    def from_above(flows: np.ndarray) -> float:
        whole, _ = split(points, weights, flows, own, norm, 0)
        return float(np.max(lengths(whole, DUALS[norm]) / weights))

    def from_below(rows: np.ndarray) -> float:
        between = lengths(rows[edges[:, 0]] - rows[edges[:, 1]], norm)
        size = float(np.sum(weights * between))
        return float(np.sum(points * rows)) / size if size > 0 else 0.0

    above, below = from_above(stand.flows), from_below(points)
    if len(edges) == nodes - 1:
        return above, above
    half, gamma = float(np.sum(points**2)) / 2, below
    limit = 1e-3 * tolerance
    for _ in range(ROUNDS):
        if above - below <= tolerance * above:
            break
        stand = fusion.advance(problem, stand, Target(gamma, norm, limit * half, iterations))
        rows = points - returned(stand.flows, edges, nodes)
        above = min(above, from_above(stand.flows))
        better = from_below(rows)
        if better > below * (1 + tolerance / 8):
            below, gamma = better, better
        else:
            # The rows have met or their gap is too coarse for them: look more closely, and from
            # a gamma that is certain to be no more than half way to the other bound.
            limit = max(limit / 100, 1e-15)
            gamma = below + (above - below) / 2 if gamma <= below else (below + gamma) / 2
    return below, above
