"""Blocks of a kernel matrix within and across cells, in the unit of its spectrum."""

from __future__ import annotations

import numpy as np

from diversity_jax.kernel_ridge.theory import _arguments
from diversity_jax.kernel_ridge.theory._arguments import Spectrum


def shares(values: np.ndarray, shift: float) -> np.ndarray:
    """``s / (s + m)``, without overflow."""
    with np.errstate(divide="ignore", over="ignore"):
        return 1 / (1 + shift / values)


def excess(whole: Spectrum, members: list[np.ndarray], shift: float) -> float:
    """The square above, of a spectrum in its own unit."""
    across = off_blocks(whole.matrix, members)
    right = np.empty_like(across)
    for places in members:
        inner = whole.matrix[np.ix_(places, places)] + shift * np.eye(len(places))
        right[:, places] = np.linalg.solve(inner, across[places]).T
    left = (whole.vectors.T @ right) * np.sqrt(shift / (whole.values + shift))[:, None]
    return float((left**2).sum())


def off_blocks(matrix: np.ndarray, members: list[np.ndarray]) -> np.ndarray:
    """The matrix with zeros within cells."""
    across = matrix.copy()
    for places in members:
        across[np.ix_(places, places)] = 0
    return across


def resolve(whole: Spectrum, shift: float) -> None:
    """Refuse a ridge below which rounding changes ``K + m`` by more than is allowed, relatively."""
    floor = shift + max(whole.values[0] - whole.rounding, 0)
    least = whole.rounding * whole.unit / len(whole.matrix)
    _arguments.resolved(whole.rounding / floor, least)
