"""Primal-dual Newton steps for few groups and q = 2 (host, numpy).

With ``|d|`` smoothed to ``h = sqrt(|d|^2 + s^2)`` the conditions of `levels` are

    N (u - mean) + B^T z = 0,      h_e z_e = r_e d_e,      d = B u.

Newton's step on both, z kept as an unknown of its own, has

    (N + B^T M B) du = -N (u - mean) - B^T (r d / h),
    M_e = (r_e I - (z_e d_e^T + d_e z_e^T) / (2 h_e)) / h_e,

positive definite while ``|z_e| <= r_e``; eliminating z first, as for u alone, would make the steps
useless for small s (Chan, Golub and Mulet 1999, on total variation). At a solution the gap is at
most ``0.3 s sum_e r_e``, since ``x - x^2 / sqrt(x^2 + 1) <= 0.3004``: s falls until that is a part
of what is asked for. Every z is feasible and its gap is what counts, as everywhere.
"""

from __future__ import annotations

import numpy as np
import scipy.linalg as linalg

from diversity_jax.convex_clustering import levels
from diversity_jax.convex_clustering.levels import Level
from diversity_jax.convex_clustering.projections import project

(POSV,) = linalg.get_lapack_funcs(("posv",), dtype=np.float64)
UNKNOWNS = 320  # groups times dimensions up to which a step costs less than ADMM's many
STEPS = 40
INSIDE = 0.999  # of its ball that a flow may take while steps go on
FALL = 0.1  # of the smoothing from step to step
PART = 0.3  # of the gap asked for, left to the smoothing


def climb(
    at: Level, start: np.ndarray, *, gamma: float, limit: float, iterations: int
) -> tuple[np.ndarray, float, int]:
    """Flows, their gap and the steps taken; the start itself where no step is better."""
    radii = gamma * at.weights
    best = project(start, radii, "l2")
    least = levels.gap(at, best, radii, "l2")
    if least <= limit or not len(radii):
        return best, least, 0
    rows, flows = levels.centroids(at, best), INSIDE * best
    total = 0.3 * float(radii.sum())
    end = PART * limit / total
    smoothing = max(end, FALL * least / total)
    step = 0
    for step in range(1, min(STEPS, iterations) + 1):
        moved = _step(at, rows, flows, radii, smoothing)
        if moved is None:
            break
        rows, flows = moved
        left = levels.gap(at, project(flows, radii, "l2"), radii, "l2")
        if left < least:
            best, least = project(flows, radii, "l2"), left
        if least <= limit:
            return best, least, step
        flows = project(flows, INSIDE * radii, "l2")
        smoothing = max(end, min(smoothing, FALL * left / total))
    return best, least, step


def _step(
    at: Level, rows: np.ndarray, flows: np.ndarray, radii: np.ndarray, smoothing: float
) -> tuple[np.ndarray, np.ndarray] | None:
    """Centroids and flows after one step, or None where the system cannot be solved."""
    groups, dimension = rows.shape
    apart: np.ndarray = np.asarray(at.incidence @ rows)
    height = np.sqrt(np.einsum("ij,ij->i", apart, apart) + smoothing * smoothing)
    along = (radii / height)[:, None] * apart
    slope = at.sizes[:, None] * (rows - at.means) + at.transposed @ along
    turned = flows / height[:, None]
    outer = turned[:, :, None] * apart[:, None, :]
    blocks = -0.5 * (outer + outer.transpose(0, 2, 1)) / height[:, None, None]
    axes = np.arange(dimension)
    blocks[:, axes, axes] += (radii / height)[:, None]
    matrix = _assembled(at, blocks)
    # Transposed, which is the same matrix, it lies as LAPACK takes it and is not copied.
    _, change, failed = POSV(matrix.T, -slope.reshape(-1), lower=1, overwrite_a=1)
    if failed or not np.isfinite(change).all():
        return None
    change = change.reshape(groups, dimension)
    gained = at.incidence @ change
    inner = np.einsum("ij,ij->i", apart, gained)
    lifted = along + ((radii[:, None] * gained) - turned * inner[:, None]) / height[:, None]
    return rows + change, lifted


def _assembled(at: Level, blocks: np.ndarray) -> np.ndarray:
    """``N + B^T M B`` as one matrix over groups and coordinates."""
    groups, dimension = at.means.shape
    first, second = at.edges[:, 0], at.edges[:, 1]
    matrix = np.zeros((groups, dimension, groups, dimension))
    matrix[first, :, second, :] = -blocks
    matrix[second, :, first, :] = -blocks
    own = np.zeros((groups, dimension, dimension))
    for one in range(dimension):
        for other in range(one + 1):
            entries = blocks[:, one, other]
            sums = np.bincount(first, entries, groups) + np.bincount(second, entries, groups)
            own[:, one, other] = own[:, other, one] = sums
    axes = np.arange(dimension)
    own[:, axes, axes] += at.sizes[:, None]
    every = np.arange(groups)
    matrix[every, :, every, :] = own
    return matrix.reshape(groups * dimension, groups * dimension)
