"""Identities of harmonic solutions: errors at rounding, spoiled ones far off."""

from __future__ import annotations

import numpy as np

from figures import style

EXPERIMENT = "graph_identities"
# Name of the identity, its two sides, what spoils it, and the side that does.
IDENTITIES = (
    ("hard: groups for members", "hard_compact", "hard", "labels once", "hard_once"),
    ("hard: absorbed walks", "walk", "hard", "no sink", "walk_without_sink"),
    ("soft: groups are means\nof their members", "soft_compact", "soft_mean", "as printed",
     "soft_printed"),
    ("soft: absorbed walks", "soft_walk", "soft_mean", "", ""),
    ("soft: members of a group", "own_formula", "own", "group cut up", "own_apart"),
)  # fmt: skip


def draw(dataset):
    """Largest difference of the two sides, and of the spoiled one, over draws of each setting."""
    figure, (axes,) = style.panels(1, width=8.0, height=3.8)
    style.identities(axes, IDENTITIES, lambda *sides: _errors(dataset, *sides))
    axes.set(
        xlabel="largest |left − right|; labels are −1 to 1",
        title="three settings of bandwidth, regularisation and confidence",
    )
    style.legend(axes, columns=3)
    return figure


def _errors(dataset, left: str, right: str) -> np.ndarray:
    apart = np.abs(dataset[left].values - dataset[right].values)
    return np.array([one.max() for one in apart])
