"""Identities of harmonic solutions: errors at rounding, spoiled ones far off."""

from __future__ import annotations

import numpy as np

from figures import style

EXPERIMENT = "graph_identities"
FLOOR = 1e-17  # an error of exactly zero is shown here
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
    axes.axvline(np.finfo(float).eps, color="black", linewidth=1.4, label="spacing at 1")
    for place, (_, left, right, what, spoiled) in enumerate(IDENTITIES):
        exact = _errors(dataset, left, right)
        label = "identity" if place == 0 else None
        axes.plot(exact, [place] * len(exact), **style.look(0), label=label)
        if spoiled:
            bad = _errors(dataset, spoiled, right)
            label = "spoiled" if place == 0 else None
            axes.plot(bad, [place] * len(bad), **style.look(1), label=label)
            axes.annotate(
                what, (min(bad), place), xytext=(-7, 4), textcoords="offset points", ha="right",
                fontsize=8,
            )  # fmt: skip
    style.rows(axes, [identity[0] for identity in IDENTITIES])
    axes.set(
        xscale="log", xlabel="largest |left − right|; labels are −1 to 1", ylabel="identity",
        title="three settings of bandwidth, regularisation and confidence",
    )  # fmt: skip
    style.legend(axes, columns=3)
    return figure


def _errors(dataset, left: str, right: str) -> list[float]:
    apart = np.abs(dataset[left].values - dataset[right].values)
    return [max(float(one.max()), FLOOR) for one in apart]
