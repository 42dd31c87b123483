"""Principal angles between the spans of two sets of features, and what a ridge makes of them.

With ``Phi_q`` the features of a set, ``K_q = Phi_q' Phi_q = V S V'`` over the r eigenvalues that
are not zero, ``Phi_q V S^-1/2`` is an orthonormal basis of the span. The cosines of the principal
angles are the singular values of

    C = S_q^-1/2 V_q' K_qr V_r S_r^-1/2.

The regularised canonical correlations, of ``(K_q + m)^-1/2 K_qr (K_r + m)^-1/2``, are the singular
values of ``G C G'`` with ``G = (S / (S + m))^1/2``. As m falls every one rises, and

    cos_i (g g')_min <= corr_i <= cos_i (g g')_max,     g^2 = s / (s + m),

with g the smallest or largest of each set: the gap to the cosine is of first order in
``m / smallest eigenvalue``, no matter what the features are. So angles with a large ridge say
little, and correlations at the ridge of the fit are what counts.

A smallest eigenvalue is zero or not up to rounding alone: a direction counts when its eigenvalue is
above `tolerance` times the largest of its set. The error of the cosines is near
``precision / tolerance``, and where the eigenvalues fall without a gap the ranks, and with them the
angles, depend on the tolerance; the record holds what was kept and what was dropped.
"""

from __future__ import annotations

import math

import jax
import numpy as np
import numpy.typing as npt
from jaxtyping import Array, Float, Int, ScalarLike

from diversity_jax import seen, validate
from diversity_jax.kernel_ridge.theory import _arguments, _blocks
from diversity_jax.kernel_ridge.theory._arguments import Spectrum
from diversity_jax.records import Record


class PrincipalAngles(Record):
    """Cosines (falling) and angles in radians, with what was taken for the ranks.

    `kept` and `dropped` `[2]` are the smallest eigenvalue that counts and the largest that does
    not, over the largest, for each set; 0 where none was dropped.
    """

    cosines: Float[Array, " r"]
    angles: Float[Array, " r"]
    ranks: Int[Array, " 2"]
    kept: Float[Array, " 2"]
    dropped: Float[Array, " 2"]


class CorrelationLimits(Record):
    """Canonical correlations at a ridge `[r]`, and bounds on them from the angles alone."""

    correlations: Float[Array, " r"]
    low: Float[Array, " r"]
    high: Float[Array, " r"]


def principal_angles(
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    between: npt.ArrayLike,
    *,
    tolerance: ScalarLike | None = None,
) -> PrincipalAngles:
    """Angles between the spans of two sets of features, from the three blocks of their kernel.

    Shapes: first `[a, a]`, second `[b, b]`, between `[a, b]`.
    Errors: ValueError for blocks that are no kernel of two sets, a set of zeros, a tolerance
    outside (precision, 1). Default: the root of the precision of the coarser block.
    Cost: a^3 + b^3.
    Source: Bjorck and Golub 1973, with kernels derived.
    """
    blocks, across, level = _sets(first, second, between, tolerance)
    bases = [_basis(block, level) for block in blocks]
    cosines = _cosines(bases, across)
    kept, dropped = [], []
    for block, (values, _) in zip(blocks, bases):
        relative = block.values / block.values[-1]
        kept.append(values[0] / block.values[-1])
        dropped.append(relative[: len(relative) - len(values)].max(initial=0))
    ranks = [len(values) for values, _ in bases]
    found = cosines, np.arccos(cosines), np.array(ranks), np.array(kept), np.array(dropped)
    return PrincipalAngles(*(jax.device_put(part) for part in found))


def correlation_limits(
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    between: npt.ArrayLike,
    *,
    shift: ScalarLike,
    tolerance: ScalarLike | None = None,
) -> CorrelationLimits:
    """Regularised canonical correlations of two sets, within bounds by their principal angles.

    `shift` is ``n ridge``, n being the number of all points. Correlations and bounds are those of
    the directions that count; the bounds are attained by one point in each set, and meet as the
    shift goes to zero.

    Shapes: as `principal_angles`.
    Errors: those of `principal_angles`; a shift that is not above zero.
    Source: derived above.
    """
    blocks, across, level = _sets(first, second, between, tolerance)
    bases = [_basis(block, level) for block in blocks]
    cosines = _cosines(bases, across)
    units = [block.unit for block in blocks]
    shifts = [seen.above_zero("shift", shift) / unit for unit in units]
    weights = [np.sqrt(_blocks.shares(values, m)) for (values, _), m in zip(bases, shifts)]
    inner = weights[0][:, None] * _between(bases, across) * weights[1][None, :]
    correlations = np.linalg.svd(inner, compute_uv=False)
    low = cosines * weights[0].min() * weights[1].min()
    high = cosines * weights[0].max() * weights[1].max()
    return CorrelationLimits(*(jax.device_put(part) for part in (correlations, low, high)))


def _sets(
    first: npt.ArrayLike,
    second: npt.ArrayLike,
    between: npt.ArrayLike,
    tolerance: ScalarLike | None,
) -> tuple[list[Spectrum], np.ndarray, float]:
    blocks = [_arguments.spectrum("first", first), _arguments.spectrum("second", second)]
    for name, block in zip(("first", "second"), blocks):
        if not block.values[-1] > 0:
            raise validate.fail(name, "zeros", "a set with some feature", "leave it out")
    sizes = len(blocks[0].matrix), len(blocks[1].matrix)
    unit = math.sqrt(blocks[0].unit) * math.sqrt(blocks[1].unit)
    across = _arguments.block("between", between, sizes, unit)
    most = max(block.rounding / block.values[-1] for block in blocks)
    level = math.sqrt(most) if tolerance is None else seen.above_zero("tolerance", tolerance)
    if not most < level < 1:
        fix = "leave it out for the root of the precision"
        raise validate.fail("tolerance", level, f"a number from {most:.1g} to 1", fix)
    if np.linalg.norm(_between([_basis(b, level) for b in blocks], across), 2) > 1 + most / level:
        got = "a correlation above 1"
        raise validate.fail("between", got, "the kernel of the same sets", "use one kernel for all")
    return blocks, across, level


def _basis(block: Spectrum, level: float) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvalues that count, and their vectors."""
    counts = block.values > level * block.values[-1]
    return block.values[counts], block.vectors[:, counts]


def _between(bases: list[tuple[np.ndarray, np.ndarray]], across: np.ndarray) -> np.ndarray:
    (left, u), (right, v) = bases
    return u.T @ across @ v / np.sqrt(left)[:, None] / np.sqrt(right)[None, :]


def _cosines(bases: list[tuple[np.ndarray, np.ndarray]], across: np.ndarray) -> np.ndarray:
    return np.clip(np.linalg.svd(_between(bases, across), compute_uv=False), 0, 1)
