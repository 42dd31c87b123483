"""Flows within groups: whether points that share a centroid may do so (host, numpy).

Let the groups of a partition have the centroids u_a and flows between them. The points of a group
stay together exactly where flows y along its own edges, each within its ball, bring to every point
what it misses:

    B_a^T y = x_i - u_a - (flow that leaves i for other groups).

These are sought by Douglas and Rachford's splitting between the balls and the flows that bring it:
the nearest such flows, in the metric ``sum_e |y_e|^2 / r_e^2``, are ``y + R B s`` with a Laplacian
system for s that is factored once. What is tested is the flow on the second side, which brings all
up to rounding: as soon as it lies in all balls, the group is shown to be one, and its edges add
nothing to the gap. To end after finitely many steps the balls that are projected on are a little
smaller than those that are asked for.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import scipy.linalg as linalg
import scipy.sparse as sparse

from diversity_jax.convex_clustering import levels
from diversity_jax.convex_clustering.levels import Level, apart, returned
from diversity_jax.convex_clustering.problem import Norm
from diversity_jax.convex_clustering.projections import DUALS, lengths, project

SMALLER = 0.98
TURNS = 20
LEAST = 1e-8
BAND = 5e7  # rows times width squared of a band that is factored as such
PBTRF: Any
PBTRS: Any
PBTRF, PBTRS = linalg.get_lapack_funcs(("pbtrf", "pbtrs"), dtype=np.float64)


class Within(NamedTuple):
    """The edges within groups, and their Laplacian's factors."""

    inside: np.ndarray  # which edges of the whole graph
    ends: np.ndarray  # [inside, 2]
    groups: np.ndarray  # [n]
    weights: np.ndarray  # [m]
    rates: np.ndarray  # [inside, 1]
    solve: levels.Solve | None  # None without edges


def within(
    edges: np.ndarray, weights: np.ndarray, groups: np.ndarray, inside: np.ndarray
) -> Within:
    """What `lift` needs of a partition, whatever gamma is."""
    ends = edges.T.take(inside, axis=1).T
    rates = weights[inside] ** 2
    if len(rates):
        # Any metric will do; one that is far from singular keeps the factors sound.
        rates = np.maximum(rates / rates.max(), LEAST)
    solve = _factored(ends, rates, groups) if len(rates) else None
    return Within(inside, ends, groups, weights, rates[:, None], solve)


def flows_of(
    points: np.ndarray,
    edges: np.ndarray,
    radii: np.ndarray,
    at: Level,
    between: np.ndarray,
    start: np.ndarray,
    own: Within,
    norm: Norm,
) -> tuple[np.ndarray, np.ndarray]:
    """Flows of the whole graph, and the groups for which none were found in `TURNS`.

    `between` are the flows of the level, `start` those of the whole graph to begin from. The groups
    that do not have theirs at once, mostly few and small, are looked at by themselves.
    """
    flows = levels.shared(at, between, np.zeros_like(start))
    if not len(own.inside):
        return flows, np.zeros(0, dtype=int)
    shared = levels.centroids(at, between)[at.labels]
    missing = points - shared - returned(flows, edges, len(points))
    exact, broken = split(missing, radii[own.inside], start[own.inside], own, norm, 0)
    flows[own.inside] = exact
    if not broken.any():
        return flows, np.zeros(0, dtype=int)
    open_ = np.zeros(len(at.sizes), dtype=bool)
    open_[at.labels[own.ends[broken, 0]]] = True
    few = np.flatnonzero(open_[at.labels])
    place = np.zeros(len(points), dtype=int)
    place[few] = np.arange(len(few))
    inside = own.inside[open_[at.labels[own.ends[:, 0]]]]
    part = within(place[edges.T].T, own.weights, at.labels[few], inside)
    exact, broken = split(missing[few], radii[inside], start[inside], part, norm, TURNS)
    flows[inside] = exact
    return flows, np.unique(part.groups[part.ends[broken, 0]])


def split(
    missing: np.ndarray, room: np.ndarray, trial: np.ndarray, own: Within, norm: Norm, turns: int
) -> tuple[np.ndarray, np.ndarray]:
    """Flows that bring what is missing, and which of them leave their balls after `turns`."""
    if own.solve is None:
        return trial, np.zeros(0, dtype=bool)
    for turn in range(turns + 1):
        left = missing - returned(trial, own.ends, len(own.groups))
        exact = trial + own.rates * apart(own.solve(left), own.ends)
        broken = lengths(exact, DUALS[norm]) > room
        if turn == turns or not broken.any():
            break
        trial = trial + project(2 * exact - trial, SMALLER * room, norm) - exact
    return exact, broken


def _factored(ends: np.ndarray, rates: np.ndarray, groups: np.ndarray) -> levels.Solve:
    """Solve with the Laplacian of the groups' own edges, grounded at one point of each.

    What is asked for sums to zero in each group, so nothing flows to the ground and the solution
    is that of the Laplacian itself. Where nodes are numbered so that neighbours are near
    (`host.setting`), it is a narrow band.
    """
    nodes = len(groups)
    grounded = np.zeros(int(groups.max()) + 1, dtype=int)
    grounded[groups] = np.arange(nodes)
    first, second, every = ends[:, 0], ends[:, 1], np.arange(nodes)
    diagonal = np.bincount(first, rates, nodes) + np.bincount(second, rates, nodes)
    diagonal[grounded[groups]] += 1.0
    low, far = np.minimum(first, second), np.abs(first - second)
    wide = int(far.max()) + 1
    if nodes * wide**2 <= BAND:
        band = np.zeros(nodes * wide)
        band[::wide] = diagonal
        band[low * wide + far] = -rates
        factors, _ = PBTRF(band.reshape(nodes, wide).T, lower=1, overwrite_ab=1)
        return lambda right: PBTRS(factors, right, lower=1)[0]
    places = (np.r_[first, second, every], np.r_[second, first, every])
    entries = np.r_[-rates, -rates, diagonal]
    return levels.solver(sparse.csc_matrix((entries, places), shape=(nodes, nodes)))
