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

from typing import NamedTuple

import numpy as np
import scipy.sparse as sparse

from diversity_jax.convex_clustering import levels
from diversity_jax.convex_clustering.levels import Level
from diversity_jax.convex_clustering.problem import Norm
from diversity_jax.convex_clustering.projections import DUALS, lengths, project

SMALLER = 0.98
TURNS = 20
LEAST = 1e-8


class Within(NamedTuple):
    """The edges within groups, and their Laplacian's factors."""

    inside: np.ndarray  # which edges of the whole graph
    ends: np.ndarray  # [inside, 2]
    groups: np.ndarray  # [n]
    weights: np.ndarray  # [m]
    out: sparse.csr_matrix
    back: sparse.csr_matrix
    rates: np.ndarray  # [inside, 1]
    solve: levels.Solve | None  # None without edges


def within(
    edges: np.ndarray, weights: np.ndarray, groups: np.ndarray, inside: np.ndarray
) -> Within:
    """What `lift` needs of a partition, whatever gamma is."""
    ends = edges[inside]
    out = levels.incidence(ends, len(groups))
    rates = weights[inside] ** 2
    if len(rates):
        # Any metric will do; one that is far from singular keeps the factors sound.
        rates = np.maximum(rates / rates.max(), LEAST)
    solve = levels.solver(_laplacian(ends, rates, groups)) if len(rates) else None
    return Within(inside, ends, groups, weights, out, out.T.tocsr(), rates[:, None], solve)


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
    flows = np.zeros_like(start)
    flows[at.crossing] = at.share * between[at.onto]
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
    part = within(place[edges], own.weights, at.labels[few], inside)
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
        exact = trial + own.rates * (own.out @ own.solve(missing - own.back @ trial))
        broken = lengths(exact, DUALS[norm]) > room
        if turn == turns or not broken.any():
            break
        trial = trial + project(2 * exact - trial, SMALLER * room, norm) - exact
    return exact, broken


def returned(flows: np.ndarray, edges: np.ndarray, nodes: int) -> np.ndarray:
    """``B^T Z`` `[n, d]`."""
    first, second = edges[:, 0], edges[:, 1]
    columns = [
        np.bincount(first, column, nodes) - np.bincount(second, column, nodes) for column in flows.T
    ]
    return np.stack(columns, axis=1)


def _laplacian(ends: np.ndarray, rates: np.ndarray, groups: np.ndarray) -> sparse.csc_matrix:
    """The Laplacian of the groups' own edges, grounded at one point of each.

    What is asked for sums to zero in each group, so nothing flows to the ground and the solution
    is that of the Laplacian itself.
    """
    nodes = len(groups)
    grounded = np.zeros(int(groups.max()) + 1, dtype=int)
    grounded[groups] = np.arange(nodes)
    first, second, every = ends[:, 0], ends[:, 1], np.arange(nodes)
    diagonal = np.bincount(first, rates, nodes) + np.bincount(second, rates, nodes)
    ground = np.zeros(nodes)
    ground[grounded[groups]] = 1.0
    diagonal = diagonal + ground
    places = (np.r_[first, second, every], np.r_[second, first, every])
    return sparse.csc_matrix((np.r_[-rates, -rates, diagonal], places), shape=(nodes, nodes))
