"""Primal-dual Newton steps for groups and q = 2 (host, numpy).

With ``|d|`` smoothed to ``h = sqrt(|d|^2 + s^2)`` the conditions of `levels` are

    N (u - mean) + B^T z = 0,      h_e z_e = r_e d_e,      d = B u.

Newton's step on both, z kept as an unknown of its own, has

    (N + B^T M B) du = -N (u - mean) - B^T (r d / h),
    M_e = (r_e I - (z_e d_e^T + d_e z_e^T) / (2 h_e)) / h_e,

positive definite while ``|z_e| <= r_e``; eliminating z first, as for u alone, would make the steps
useless for small s (Chan, Golub and Mulet 1999, on total variation). Numbered by Cuthill and
McKee's order the matrix is a narrow band, which is factored as such.

A solution for s has a gap of ``sum_e r_e x (1 - x / h)`` with x = |d_e|, and

    x - x^2 / h = x s^2 / (h (h + x)) <= min(0.3004 s, s^2 / (2 x)).                        (1)

Edges whose ends are apart allow a far larger s than those whose ends have met: s is the largest for
which the sum of (1) is a part of the gap at hand, or of the gap asked for in the end. With s set
by the first bound alone there are twice as many steps.

Both u and z begin from where the last gamma has left them. Each pair is judged by what u costs
more than the bound at the feasible z shows,

    sum_e [r_e |d_e| - <z_e, d_e>] + 1/2 sum_a n_a |u_a - mean_a + (B^T z)_a / n_a|^2.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import scipy.linalg as linalg

from diversity_jax.convex_clustering import levels
from diversity_jax.convex_clustering.components import near
from diversity_jax.convex_clustering.levels import Level
from diversity_jax.convex_clustering.projections import lengths, project

(PBSV,) = linalg.get_lapack_funcs(("pbsv",), dtype=np.float64)
STEPS = 40
WORK = 3e7  # unknowns times width squared up to which a step costs less than ADMM's many
INSIDE = 0.999  # of its ball that a flow may take while steps go on
FALL = 0.03  # of the gap at hand, left to the next smoothing
PART = 0.3  # of the gap asked for, left to the last smoothing
SEARCH = 8  # turns in search of a smoothing


class Banded(NamedTuple):
    """Where the entries of ``N + B^T M B`` lie in LAPACK's lower band, one row per unknown."""

    order: np.ndarray  # [k] the groups in their new order
    wide: int  # entries of a row of the band
    blocks: np.ndarray  # [d, d, e] places of each edge's block
    own: np.ndarray  # [d (d + 1) / 2, k] places of each group's lower triangle
    triangle: tuple[np.ndarray, np.ndarray]


def banded(at: Level) -> Banded:
    """The band of a level: its groups in the order of Cuthill and McKee."""
    groups, dimension = at.means.shape
    first, second = at.edges[:, 0], at.edges[:, 1]
    place = near(groups, at.edges)
    order = np.argsort(place)
    low = np.minimum(place[first], place[second]) * dimension
    high = np.maximum(place[first], place[second]) * dimension
    wide = int(np.max(high - low, initial=0)) + dimension
    axes = np.arange(dimension)
    rows, columns = high + axes[:, None, None], low + axes[:, None]
    triangle = np.tril_indices(dimension)
    start = place[:, None] * dimension
    own = ((start + triangle[1]) * wide + (triangle[0] - triangle[1])).T
    return Banded(order, wide, columns * wide + rows - columns, own, triangle)


def climb(
    at: Level,
    band: Banded,
    rows: np.ndarray,
    start: np.ndarray,
    *,
    gamma: float,
    limit: float,
    iterations: int,
    exact: bool,
) -> tuple[np.ndarray, np.ndarray, float, int]:
    """Rows, feasible flows, their gap and the steps taken; the best that were met.

    With `exact` the gap is that at the flows' own centroids, as `levels.admm` has it.
    """
    radii = gamma * at.weights

    def judged(rows: np.ndarray, flows: np.ndarray) -> float:
        return levels.gap(at, flows, radii, "l2") if exact else pair(at, rows, flows, radii)

    best = rows, project(start, radii, "l2")
    least = judged(*best)
    if least <= limit or not len(radii):
        return *best, least, 0
    left = pair(at, *best, radii)
    flows = INSIDE * best[1]
    smoothing, steps = np.inf, 0
    while steps < min(STEPS, iterations) and least > limit:
        steps += 1
        goal = max(PART * limit, FALL * left)
        smoothing = min(smoothing, smoothed(at, rows, radii, goal))
        moved = _step(at, band, rows, flows, radii, smoothing)
        if moved is None:
            break
        rows, flows = moved
        feasible = project(flows, radii, "l2")
        left = pair(at, rows, feasible, radii)
        now = levels.gap(at, feasible, radii, "l2") if exact else left
        if now < least:
            best, least = (rows, feasible), now
        flows = project(flows, INSIDE * radii, "l2")
    return *best, least, steps


def pair(at: Level, rows: np.ndarray, flows: np.ndarray, radii: np.ndarray) -> float:
    """Objective at `rows` minus bound at `flows`, summed by edges and groups."""
    apart = levels.apart(rows, at.edges)
    off = rows - levels.centroids(at, flows)
    between = np.sum(radii * lengths(apart, "l2")) - np.sum(flows * apart)
    return float(between + np.sum(at.sizes[:, None] * off * off) / 2)


def smoothed(at: Level, rows: np.ndarray, radii: np.ndarray, goal: float) -> float:
    """The smoothing whose bound (1) is `goal`, from below."""
    sizes = lengths(levels.apart(rows, at.edges), "l2")
    found = goal / (0.3004 * float(radii.sum()))
    with np.errstate(divide="ignore"):
        curved = radii / (2 * sizes)
    for _ in range(SEARCH):
        bound = float(np.minimum(0.3004 * found * radii, found * found * curved).sum())
        if bound > 0.8 * goal:
            break
        found *= np.sqrt(goal / bound)
    return found


def _step(
    at: Level,
    band: Banded,
    rows: np.ndarray,
    flows: np.ndarray,
    radii: np.ndarray,
    smoothing: float,
) -> tuple[np.ndarray, np.ndarray] | None:
    """Rows and flows after one step, or None where the system cannot be solved."""
    groups, dimension = rows.shape
    apart = levels.apart(rows, at.edges).T
    height = np.sqrt(np.sum(apart * apart, axis=0) + smoothing * smoothing)
    rate, turned = radii / height, flows.T / height
    along = rate * apart
    slope = at.sizes[:, None] * (rows - at.means) + levels.returned(along.T, at.edges, groups)
    outer = apart[:, None] * (turned / (-2 * height))
    blocks = outer + outer.transpose(1, 0, 2)
    axes = np.arange(dimension)
    blocks[axes, axes] += rate
    matrix = _assembled(at, band, blocks)
    right = -slope[band.order].reshape(-1)
    _, change, failed = PBSV(matrix.T, right, lower=1, overwrite_ab=1)
    if failed or not np.isfinite(change).all():
        return None
    moved = np.empty((dimension, groups))
    moved[:, band.order] = change.reshape(groups, dimension).T
    gained = levels.apart(moved.T, at.edges).T
    inner = np.sum(apart * gained, axis=0) / height
    return rows + moved.T, (along + rate * gained - turned * inner).T


def _assembled(at: Level, band: Banded, blocks: np.ndarray) -> np.ndarray:
    """``N + B^T M B`` as a band."""
    groups, dimension = at.means.shape
    first, second = at.edges[:, 0], at.edges[:, 1]
    matrix = np.zeros(groups * dimension * band.wide)
    matrix[band.blocks] = -blocks
    for count, (one, other) in enumerate(zip(*band.triangle)):
        entries = blocks[one, other]
        sums = np.bincount(first, entries, groups) + np.bincount(second, entries, groups)
        matrix[band.own[count]] = sums + at.sizes if one == other else sums
    return matrix.reshape(groups * dimension, band.wide)
