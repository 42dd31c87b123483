"""Identities of edge sensitivities and known solutions: errors at rounding, spoiled far off."""

from __future__ import annotations

import numpy as np

from figures import style

EXPERIMENT = "convex_identities"
# Name of the identity, its two sides, what spoils it, and the side that does.
IDENTITIES = (
    ("r² by commute times", "square_commute", "square_theory", "mean kept", "square_uncentred"),
    ("r² by hitting times", "square_hitting", "square_theory", "mean kept", "square_uncentred"),
    ("r² by the\npseudo-inverse of F", "square", "square_theory", "", ""),
    ("R by commute times", "resistance", "resistance_theory", "", ""),
    ("sum of r² = tr L⁺", "trace_theory", "trace", "", ""),
    ("closed forms on\nnamed graphs", "named", "named_formula", "w for Φ", "named_spoiled"),
    ("two points", "pair", "pair_formula", "pairs twice", "pair_spoiled"),
    ("points on a line", "line", "line_formula", "pairs twice", "line_spoiled"),
    ("corners of a simplex", "simplex", "simplex_formula", "pairs twice", "simplex_spoiled"),
)  # fmt: skip


def draw(dataset):
    """Largest relative difference of the two sides, and of the spoiled one."""
    figure, (axes,) = style.panels(1, width=8.0, height=4.8)
    style.identities(axes, IDENTITIES, lambda *sides: _errors(dataset, *sides))
    axes.set(
        xlabel="largest |left / right − 1|",
        title="r: edge sensitivity, R: resistance, Φ: affinity, w: weight",
    )
    style.legend(axes, columns=3)
    return figure


def _errors(dataset, left: str, right: str) -> np.ndarray:
    return np.abs(dataset[left].values / dataset[right].values - 1).max(keepdims=True).ravel()
