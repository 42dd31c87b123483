"""Anomaly scores: identities at rounding, and where scores lie between their bounds."""

from __future__ import annotations

import numpy as np

from figures import style

EXPERIMENT = "graph_left_out"
# Name of the identity, its two sides, what spoils it, and the side that does.
IDENTITIES = (
    ("score by the label\nleft out", "score_again", "score", "no 1 − h", "score_raw"),
    ("walks without\nthe own label", "solution_theory", "solution", "left in", "solution_kept"),
    ("walks' odds over\nneighbours'", "odds_theory", "odds", "no factor", "odds_even"),
)  # fmt: skip


def draw(dataset):
    """Differences of the sides of identities; scores of all nodes between the bounds."""
    figure, axes = style.panels(2, width=6.0, height=3.8)
    style.identities(axes[0], IDENTITIES, lambda *sides: _errors(dataset, *sides))
    axes[0].set(xlabel="largest |left / right − 1|", title="three settings of g and c")
    order = np.argsort(dataset.regularisation.values)
    for place, point in enumerate(order):
        least, most = (dataset[name].values[point].ravel()[0] for name in ("least", "most"))
        label = "bounds for any graph" if place == 0 else None
        axes[1].plot([place] * 2, [least, most], "_", color="black", markersize=26, label=label)
        label = "one node" if place == 0 else ""
        style.strip(axes[1], place, np.sort(dataset.score.values[point].ravel()), 0, label)
    ticks = [f"g = {dataset.regularisation.values[i]:g}\nc = {dataset.confidence.values[i]:g}"
             for i in order]  # fmt: skip
    style.names(axes[1], ticks)
    axes[1].set(xlabel="setting", ylabel="score |l − y|", title="from g / (c + g) to 2 less that")
    for each in axes:
        style.legend(each, columns=3)
    return figure


def _errors(dataset, left: str, right: str) -> np.ndarray:
    wanted = dataset[right].values
    apart = np.abs(dataset[left].values - wanted) / np.where(wanted == 0, 1, np.abs(wanted))
    return np.array([one.max() for one in apart])
