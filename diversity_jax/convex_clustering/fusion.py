"""The fast path: solve for groups of points, show that they are groups, split those that are not.

Points that have met mostly stay together, so that the problem of `levels` has far fewer nodes. Its
solution is one of the whole problem exactly where the flows of `flows` exist, and these are sought
for every group at every gamma. Groups that Newton's steps show to have met are taken as one before
that: what flows between them is free, and its shares by weight are mostly not what their own edges
can take up. Where the flows of such a one are not found, its parts stay apart; a group that cannot
show them at all is split along the edges on which its flow presses hardest, and the smaller problem
is solved again from where it was. After `ROUNDS` of that, ADMM on the whole graph finishes. Either
way one pair of centroids and feasible flows of the whole graph comes out, and its gap is what is
reported: no fusion is taken on trust, at this gamma or at the next.

The centroids begin from where the last gamma left them, the flows with those that fill their balls
filling the new ones. Extrapolating either from two gammas saved no step: groups that meet between
the two are what costs steps.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from diversity_jax.convex_clustering import levels, newton
from diversity_jax.convex_clustering.flows import flows_of
from diversity_jax.convex_clustering.levels import returned
from diversity_jax.convex_clustering.partition import Grouped, Target, Whole, gap_at, grouped
from diversity_jax.convex_clustering.problem import Norm
from diversity_jax.convex_clustering.projections import DUALS, lengths, project
from diversity_jax.neighbours import joined

ROUNDS, FIRST = 12, 40
# Shares of its ball up to which an edge's flow may go for its ends to be taken as one group.
KEPT, EARLY = 0.98, 0.9
FULL = 1 - 1e-6  # share of its ball from which on a flow fills it
MET = 0.999  # the same between two groups that Newton's steps have solved for
FINER = 0.03  # of the gap asked for, to which groups are solved before they may join
LEAST = 1e-13  # of |X|^2, a gap that double precision surely reaches
LOOSE = 10  # times the gap asked for, in which groups are first looked at
TORN = (0.9, 0.7, 0.3)  # the same within a group that could not show its flows, round by round
SMALL = 64  # nodes of a graph that is solved as it is
ENOUGH = 0.9  # of the gap asked for, left for the rounding of the last sums


class Solved(NamedTuple):
    """A solution of the problem between groups."""

    rows: np.ndarray  # [k, d]
    flows: np.ndarray  # [e, d]
    steps: int
    penalty: float


class Stand(NamedTuple):
    """Where the path stands: flows, centroids, gap, and what the next gamma begins with."""

    flows: np.ndarray  # [m, d]
    radii: np.ndarray  # [m] of the balls that hold them
    centroids: np.ndarray  # [n, d]
    gap: float
    iterations: int
    labels: np.ndarray  # [n] groups to begin the next problem with
    penalty: float
    parts: Grouped | None


def begin(problem: Whole) -> Stand:
    """No flow, every point by itself."""
    edges, nodes = len(problem.edges), len(problem.points)
    nothing = np.zeros((edges, problem.points.shape[1]), order="F")
    every = np.arange(nodes)
    return Stand(nothing, np.zeros(edges), problem.points, np.inf, 0, every, 1.0, None)


def plain(problem: Whole, stand: Stand, target: Target) -> Stand:
    """ADMM on the whole graph, without groups: the same problem and record as `advance`."""
    radii = target.gamma * problem.weights
    here = grouped(problem, np.arange(len(problem.points)))
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
    flows = project(levels.shared(here.at, flows, start), radii, target.norm)
    return _stand(problem, flows, here, target, taken, penalty, torn=False)


def advance(problem: Whole, stand: Stand, target: Target) -> Stand:
    """Solve at `gamma`, beginning from `stand`, to a gap of `limit`."""
    radii = target.gamma * problem.weights
    flows, rows, penalty = _predicted(stand, radii, target.norm), stand.centroids, stand.penalty
    here = stand.parts
    if here is None or here.at.labels is not stand.labels:
        here = grouped(problem, stand.labels)
    if _meets(problem, flows, here, target):
        return _stand(problem, flows, here, target, 0, penalty, torn=False)
    taken, loose, exact, nodes = 0, LOOSE, False, len(problem.points)
    for turn in range(ROUNDS + 1):
        alone, quick = len(here.at.sizes) == nodes, _quick(here, target.norm)
        early = alone and not quick and turn == 0 and nodes > SMALL
        left = target.iterations - taken
        most = min(FIRST, left) if early else left
        part = (1 if exact else FINER) if quick else (1 if alone else loose)
        level = _level(here, flows, rows, target, penalty, part, most, exact)
        taken, penalty, rows = taken + level.steps, level.penalty, level.rows[here.at.labels]
        joining = quick and not exact
        flows, here, torn = _shown(problem, here, level.flows, flows, target, joining)
        flows = project(flows, radii, target.norm)
        spent = taken >= target.iterations or turn == ROUNDS
        if spent or (not early and _meets(problem, flows, here, target, whole=not len(torn))):
            break
        if len(torn) or early:
            labels = _regrouped(problem, flows, radii, here.at, torn, turn, target.norm)
            here = grouped(problem, labels)
        loose, exact = loose if len(torn) else 1, exact or joining
    return _stand(problem, flows, here, target, taken, penalty, torn=bool(len(torn)))


def _shown(
    problem: Whole,
    here: Grouped,
    between: np.ndarray,
    start: np.ndarray,
    target: Target,
    joining: bool,
) -> tuple[np.ndarray, Grouped, np.ndarray]:
    """Flows of the whole graph, the groups that they show, and which of these are not shown.

    Groups that have met share what flows between them out anew: where edges between two of them
    are free, the shares of `levels` are only one choice, and mostly one that their own edges
    cannot take up. Those that are not shown together stay apart.
    """
    norm, radii = target.norm, target.gamma * problem.weights
    flows = levels.shared(here.at, between, start.copy(order="K"))

    def sought(groups: Grouped) -> tuple[np.ndarray, np.ndarray]:
        given = levels.gathered(groups.at, flows)
        return flows_of(
            problem.points, problem.edges, radii, groups.at, given, flows, groups.own, norm
        )

    labels = _met(here.at, between, target) if joining else here.at.labels
    if not joining or labels.max() + 1 == len(here.at.sizes):
        found, torn = sought(here)
        return found, here, torn
    joint = grouped(problem, labels[here.at.labels])
    found, torn = sought(joint)
    if not len(torn):
        return found, joint, torn
    apart = np.isin(joint.at.labels, torn)
    names = np.where(apart, here.at.labels, len(here.at.sizes) + joint.at.labels)
    mixed = grouped(problem, np.unique(names, return_inverse=True)[1])
    inside = mixed.own.inside
    flows.T[:, inside] = found.T[:, inside]
    found, torn = sought(mixed)
    return found, mixed, torn


def _met(at: levels.Level, flows: np.ndarray, target: Target) -> np.ndarray:
    """Groups of groups: those whose edges have room left, which an edge apart has not."""
    pressed = _pressed(flows, target.gamma * at.weights, target.norm)
    return joined(len(at.sizes), at.edges, pressed < MET)[1]


def _meets(
    problem: Whole, flows: np.ndarray, here: Grouped, target: Target, *, whole: bool = True
) -> bool:
    """Whether the gap at the flows' own centroids, those of a group made equal, is small enough."""
    rows = problem.points - returned(flows, problem.edges, len(problem.points))
    if whole:
        rows = levels.averages(rows, here.at.labels)[here.at.labels]
    radii = target.gamma * problem.weights
    return gap_at(problem, flows, radii, rows, target.norm) <= target.limit


def _quick(here: Grouped, norm: Norm) -> bool:
    """Whether Newton's steps cost less than ADMM's many."""
    return norm == "l2" and here.at.means.size * here.band.wide**2 <= newton.WORK


def _level(
    here: Grouped,
    start: np.ndarray,
    rows: np.ndarray,
    target: Target,
    penalty: float,
    part: float,
    most: int,
    exact: bool,
) -> Solved:
    """The problem between groups, to `part` of the gap asked for."""
    at, gamma, steps = here.at, target.gamma, 0
    flows, own = levels.gathered(at, start), levels.averages(rows, at.labels)
    limit, size = ENOUGH * target.limit, float(np.sum(at.means**2 * at.sizes[:, None]))
    aim = max(part * limit, min(limit, LEAST * size))
    if _quick(here, target.norm):
        given = {"gamma": gamma, "limit": aim, "iterations": most, "exact": exact}
        own, flows, gap, steps = newton.climb(at, here.band, own, flows, **given)
        if gap <= limit or steps >= most:
            return Solved(own, flows, steps, penalty)
    flows, _, more, penalty = levels.admm(
        at,
        flows,
        gamma=gamma,
        norm=target.norm,
        penalty=penalty,
        limit=max(part, 1) * limit,
        iterations=most - steps,
    )
    return Solved(levels.centroids(at, flows), flows, steps + more, penalty)


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
    labels = here.at.labels
    if torn or not _quick(here, target.norm):
        pushed = flows + problem.steps[:, None] * levels.apart(rows, edges)
        kept = (_pressed(pushed, radii, target.norm) < KEPT) & (radii > 0)
        found = joined(nodes, edges, kept)[1]
        # The same where they are equal, so that `advance` knows its groups again.
        labels = labels if np.array_equal(found, labels) else found
    return Stand(flows, radii, rows, gap, taken, labels, penalty, here)
