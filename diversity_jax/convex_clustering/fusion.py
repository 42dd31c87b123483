"""The fast path: solve for groups of points, show that they are groups, split those that are not.

Points that have met mostly stay together, so that the problem of `levels` has far fewer nodes. Its
solution is one of the whole problem exactly where the flows of `flows` exist, and these are sought
for every group at every gamma: a group that cannot show them is split along the edges on which its
flow presses hardest, and the smaller problem is solved again from where it was. After `ROUNDS` of
that, ADMM on the whole graph finishes. Either way one pair of centroids and feasible flows of the
whole graph comes out, and its gap is what is reported: no fusion is taken on trust, and none is
kept to the next gamma unless its edges have room left.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from diversity_jax.convex_clustering import levels, newton
from diversity_jax.convex_clustering.flows import Within, flows_of, returned, within
from diversity_jax.convex_clustering.problem import Norm
from diversity_jax.convex_clustering.projections import DUALS, lengths, project
from diversity_jax.neighbours import joined

ROUNDS, FIRST = 12, 40
# Shares of its ball up to which an edge's flow may go for its ends to be taken as one group.
KEPT, EARLY = 0.98, 0.9
FULL = 1 - 1e-6  # share of its ball from which on a flow fills it
LOOSE = 10  # times the gap asked for, in which groups are first looked at
TORN = (0.9, 0.7, 0.3)  # the same within a group that could not show its flows, round by round
SMALL = 64  # nodes of a graph that is solved as it is
ENOUGH = 0.9  # of the gap asked for, left for the rounding of the last sums


class Whole(NamedTuple):
    """The whole problem, centred and of a scale near one."""

    points: np.ndarray  # [n, d]
    edges: np.ndarray  # [m, 2]
    weights: np.ndarray  # [m]
    steps: np.ndarray  # [m] 1 / (d_i + d_j)


class Grouped(NamedTuple):
    """A partition: the problem between its groups, and what is needed for flows within them."""

    at: levels.Level
    own: Within


class Stand(NamedTuple):
    """Where the path stands: flows, centroids, gap, and what the next gamma begins with."""

    flows: np.ndarray  # [m, d]
    radii: np.ndarray  # [m] of the balls that hold them
    centroids: np.ndarray  # [n, d]
    gap: float
    iterations: int
    labels: np.ndarray  # [n] groups to begin the next problem with
    penalty: float
    grouped: Grouped | None


class Target(NamedTuple):
    """What is asked for at one gamma."""

    gamma: float
    norm: Norm
    limit: float
    iterations: int


def whole(points: np.ndarray, edges: np.ndarray, weights: np.ndarray) -> Whole:
    """The problem with its steps."""
    degrees = np.bincount(edges.ravel(), minlength=len(points))
    return Whole(points, edges, weights, 1 / (degrees[edges[:, 0]] + degrees[edges[:, 1]]))


def begin(problem: Whole) -> Stand:
    """No flow, every point by itself."""
    edges, nodes = len(problem.edges), len(problem.points)
    nothing = np.zeros((edges, problem.points.shape[1]))
    every = np.arange(nodes)
    return Stand(nothing, np.zeros(edges), problem.points, np.inf, 0, every, 1.0, None)


def plain(problem: Whole, stand: Stand, target: Target) -> Stand:
    """ADMM on the whole graph, without groups: the same problem and record as `advance`."""
    radii = target.gamma * problem.weights
    here = _grouped(problem, np.arange(len(problem.points)))
    start = _predicted(stand, radii, target.norm)
    flows, _, taken, penalty = levels.admm(
        here.at,
        levels.gathered(here.at, start),
        gamma=target.gamma,
        norm=target.norm,
        penalty=stand.penalty,
        limit=ENOUGH * target.limit,
        iterations=target.iterations,
    )
    flows = project(here.at.share * flows[here.at.onto], radii, target.norm)
    return _stand(problem, flows, here, target, taken, penalty, torn=False)


def advance(problem: Whole, stand: Stand, target: Target) -> Stand:
    """Solve at `gamma`, beginning from `stand`, to a gap of `limit`."""
    radii = target.gamma * problem.weights
    flows, penalty = _predicted(stand, radii, target.norm), stand.penalty
    here = stand.grouped
    if here is None or here.at.labels is not stand.labels:
        here = _grouped(problem, stand.labels)
    taken, loose, nodes = 0, LOOSE, len(problem.points)
    for turn in range(ROUNDS + 1):
        alone = len(here.at.sizes) == nodes
        early = alone and turn == 0 and nodes > SMALL
        quick = target.norm == "l2" and here.at.means.size <= newton.UNKNOWNS
        aim = ENOUGH * target.limit * (1 if alone or quick else loose)
        left = target.iterations - taken
        most = min(FIRST, left) if early else left
        between, gap, steps, penalty = _level(here.at, flows, target, penalty, aim, most)
        taken += steps
        flows, torn = flows_of(
            problem.points, problem.edges, radii, here.at, between, flows, here.own, target.norm
        )
        flows = project(flows, radii, target.norm)
        spent = taken >= target.iterations or turn == ROUNDS
        if spent or (not len(torn) and gap <= target.limit):
            break
        if len(torn) or early:
            labels = _regrouped(problem, flows, radii, here.at, torn, turn, target.norm)
            here = _grouped(problem, labels)
        loose = loose if len(torn) else 1
    return _stand(problem, flows, here, target, taken, penalty, torn=bool(len(torn)))


def _grouped(problem: Whole, labels: np.ndarray) -> Grouped:
    at = levels.level(problem.points, problem.edges, problem.weights, labels)
    inside = np.flatnonzero(~at.crossing)
    return Grouped(at, within(problem.edges, problem.weights, labels, inside))


def _level(
    at: levels.Level, start: np.ndarray, target: Target, penalty: float, limit: float, most: int
) -> tuple[np.ndarray, float, int, float]:
    """Flows between groups, gap, steps, penalty: by Newton's steps where there are few of them."""
    begin, steps = levels.gathered(at, start), 0
    if target.norm == "l2" and at.means.size <= newton.UNKNOWNS:
        begin, gap, steps = newton.climb(
            at, begin, gamma=target.gamma, limit=limit, iterations=most
        )
        if gap <= limit or steps >= most:
            return begin, gap, steps, penalty
    flows, gap, more, penalty = levels.admm(
        at,
        begin,
        gamma=target.gamma,
        norm=target.norm,
        penalty=penalty,
        limit=limit,
        iterations=most - steps,
    )
    return flows, gap, steps + more, penalty


def _predicted(stand: Stand, radii: np.ndarray, norm: Norm) -> np.ndarray:
    """Flows to begin with: those that filled their balls fill the new ones."""
    full = (lengths(stand.flows, DUALS[norm]) >= FULL * stand.radii) & (stand.radii > 0)
    scale = np.ones(len(radii))
    scale[full] = radii[full] / stand.radii[full]
    return project(stand.flows * scale[:, None], radii, norm)


def _regrouped(
    problem: Whole,
    flows: np.ndarray,
    radii: np.ndarray,
    at: levels.Level,
    torn: np.ndarray,
    turn: int,
    norm: Norm,
) -> np.ndarray:
    """The groups with torn ones split; where none is, with neighbours that have room joined."""
    nodes = len(problem.points)
    if turn + 1 == ROUNDS:
        return np.arange(nodes)  # the last round takes the whole graph as it is
    pressed = _pressed(flows, radii, norm)
    if not len(torn):
        return joined(nodes, problem.edges, pressed < EARLY)[1]
    broken = np.zeros(len(at.sizes), dtype=bool)
    broken[torn] = True
    most = TORN[turn] if turn < len(TORN) else 0.0
    kept = ~at.crossing & (~broken[at.labels[problem.edges[:, 0]]] | (pressed < most))
    return joined(nodes, problem.edges, kept)[1]


def _pressed(flows: np.ndarray, radii: np.ndarray, norm: Norm) -> np.ndarray:
    """The share of its ball that each edge's flow takes."""
    return lengths(flows, DUALS[norm]) / np.maximum(radii, 1e-100)


def _stand(
    problem: Whole,
    flows: np.ndarray,
    here: Grouped,
    target: Target,
    taken: int,
    penalty: float,
    *,
    torn: bool,
) -> Stand:
    """The centroids that the flows give, those of a group made equal where rounding alone differs.

    At any rows V the gap is ``sum_e [r_e |v_i - v_j| - <z_e, v_i - v_j>] + |V - U|^2 / 2`` with
    ``U = X - B^T Z``: at V = U the termwise form, and at rows that agree within groups free of the
    rounding that U has there.
    """
    radii, edges, nodes = target.gamma * problem.weights, problem.edges, len(problem.points)
    rows = problem.points - returned(flows, edges, nodes)
    if not torn:
        rows = levels.averages(rows, here.at.labels)[here.at.labels]
    gap = gap_at(problem, flows, radii, rows, target.norm)
    pushed = flows + problem.steps[:, None] * (rows[edges[:, 0]] - rows[edges[:, 1]])
    kept = (_pressed(pushed, radii, target.norm) < KEPT) & (radii > 0)
    labels = joined(nodes, edges, kept)[1]
    if np.array_equal(labels, here.at.labels):
        labels = here.at.labels  # `advance` knows its groups again
    return Stand(flows, radii, rows, gap, taken, labels, penalty, here)


def gap_at(
    problem: Whole, flows: np.ndarray, radii: np.ndarray, rows: np.ndarray, norm: Norm
) -> float:
    """Objective at `rows` minus bound at `flows`, summed by edges (see `_stand`)."""
    apart = rows[problem.edges[:, 0]] - rows[problem.edges[:, 1]]
    given = problem.points - returned(flows, problem.edges, len(problem.points))
    terms = radii * lengths(apart, norm) - np.einsum("ij,ij->i", flows, apart)
    return float(np.sum(terms) + np.sum((rows - given) ** 2) / 2)
