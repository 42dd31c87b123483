"""Identities of kernel ridge regression and ParK: errors at rounding, spoiled ones far off."""

from __future__ import annotations

import numpy as np

from figures import style

EXPERIMENT = "kernel_identities"
# Name of the identity, its two sides, what spoils it, and the side that does.
IDENTITIES = (
    ("all inputs as centres:\noperator is the identity", "operator", "", "no ridge in A",
     "operator_bare"),
    ("all inputs as centres:\none step", "step", "whole", "half of them", "step_half"),
    ("target left out", "refit", "left_out", "(n − 1) ridge", "refit_fewer"),
    ("fit to all less the cell's,\nat a new point", "gap_formula", "gap", "kernel for covariance",
     "gap_unconditioned"),
    ("far cells are the fit to all", "far", "far_whole", "own count", "own"),
    ("own count is ridge / Q", "own_whole", "own", "ridge", "far_whole"),
    ("one cell is few centres", "one_nystrom", "one", "other centres", "one_other"),
)  # fmt: skip


def draw(dataset):
    """Largest difference of the two sides, and of the spoiled one, over draws of each setting."""
    figure, (axes,) = style.panels(1, width=8.0, height=4.6)
    style.identities(axes, IDENTITIES, lambda *sides: _errors(dataset, *sides))
    axes.set(
        xlabel="largest |left − right| (targets have variance 1)",
        title="three ridges",
    )
    style.legend(axes, columns=3)
    return figure


def _errors(dataset, left: str, right: str) -> np.ndarray:
    values = dataset[left].values
    other = dataset[right].values if right else np.eye(values.shape[-1])
    return np.array([one.max() for one in np.abs(values - other)])
