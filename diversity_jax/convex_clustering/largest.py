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

Before that, for q = 1 and 2, Douglas and Rachford's splitting is tried on the minimum itself,
between the flows that bring ``X - mean`` and the largest ``|z_e|_q* / w_e``. In the metric
``sum_e |z_e|^2 / r_e`` of `flows`, the step for the latter projects on balls of radii ``l w_e``,
l being the level at which what is cut off, ``sum_e w_e |z_e - y_e|_q / r_e``, is a constant; and
``(z - y) / r`` tends to the differences of an optimal V up to scale: a V. Near gamma_max
the solutions of the other way are nearly all one and take many more steps. What the splitting has
not brought together in `SPLITS` steps is left to them: both give bounds, and the better are kept.
For q = inf a search for the level costs more than it saves.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from diversity_jax.convex_clustering import fusion
from diversity_jax.convex_clustering.flows import Within, split, within
from diversity_jax.convex_clustering.levels import RELAXED, returned
from diversity_jax.convex_clustering.partition import Target, Whole
from diversity_jax.convex_clustering.problem import Norm
from diversity_jax.convex_clustering.projections import DUALS, lengths, project

ROUNDS = 60
SPLITS, EVERY = 200, 10  # steps of the splitting, and between two looks at the bounds
PUSH = 0.1  # the sphere's radius, in that of the flows to begin with
TURNS = 30  # in search of a level


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
    tried = iter(()) if norm == "linf" else _splitting(problem, own, norm, above)
    for rows, flows in tried:
        below, above = max(below, from_below(rows)), min(above, from_above(flows))
        if above - below <= tolerance * above:
            return min(below, above), above  # bounds that meet may cross by their rounding
    # From its own start: just below gamma_max, where the splitting leaves off, solutions are nearly
    # one, and bounds from their rows have few digits.
    half, low = float(np.sum(points**2)) / 2, from_below(points)
    gamma, limit = low, 1e-3 * tolerance
    for _ in range(ROUNDS):
        below = max(below, low)
        if above - below <= tolerance * above:
            break
        stand = fusion.advance(problem, stand, Target(gamma, norm, limit * half, iterations))
        rows = points - returned(stand.flows, edges, nodes)
        above = min(above, from_above(stand.flows))
        better = from_below(rows)
        if better > low * (1 + tolerance / 8):
            low, gamma = better, better
        else:
            # The rows have met or their gap is too coarse for them: look more closely, and from
            # a gamma that is certain to be no more than half way to the other bound.
            limit = max(limit / 100, 1e-15)
            gamma = low + (above - low) / 2 if gamma <= low else (low + gamma) / 2
    return min(max(below, low), above), above


def _splitting(
    problem: Whole, own: Within, norm: Norm, above: float
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Rows and flows every few steps, whose bounds tend to one another."""
    points, edges, weights = problem.points, problem.edges, problem.weights
    parts = weights / own.rates[:, 0]
    cut = PUSH * above * float(np.sum(weights * parts))
    exact, _ = split(
        points, weights, np.zeros((len(edges), points.shape[1]), order="F"), own, norm, 0
    )
    trial, level = exact, above / 2
    for step in range(1, SPLITS + 1):
        level = _level(trial, weights, parts, norm, cut, level)
        near = project(trial, level * weights, norm)
        exact, _ = split(points, weights, 2 * near - trial, own, norm, 0)
        if step % EVERY == 0 and own.solve is not None:
            rows = own.solve(returned(trial - near, edges, len(points)))
            yield rows - rows.mean(axis=0), near
        trial = trial + RELAXED * (exact - near)


def _level(
    trial: np.ndarray, weights: np.ndarray, parts: np.ndarray, norm: Norm, cut: float, level: float
) -> float:
    """The l at which what balls of the radii ``l w_e`` cut off is `cut`, by Newton's steps.

    What is cut off is convex in l and falls, so that they come from below after the first.
    """
    for _ in range(TURNS):
        near = project(trial, level * weights, norm)
        lost = lengths(trial - near, norm)
        over = float(np.sum(parts * lost)) - cut
        if abs(over) <= 1e-9 * cut or (over < 0 and level == 0):
            break
        # How fast each edge's part falls, in its weight.
        entries = np.sum(np.abs(trial) > level * weights[:, None], axis=1)
        pace = entries if norm == "l1" else lost > 0
        slope = float(np.sum(parts * weights * pace))
        level = max(level + over / slope, 0.0) if slope > 0 else level / 2
    return level
