"""Odds of class-wise walks over those of neighbours tend to a ratio of mean degrees."""

from __future__ import annotations

import numpy as np

from figures import style

EXPERIMENT = "graph_walks"


def draw(dataset):
    """The mean log ratio of odds against the number of rows, with its limit, by pair."""
    figure, (axes,) = style.panels(1, width=6.4, height=4.2)
    sizes = dataset["size"].values
    for number, point in enumerate(np.argsort(dataset.data.values)):
        name = str(dataset.data.values[point])
        style.line(axes, sizes, np.full(len(sizes), dataset.theory_limit.values[point]), number,
                   label=f"{name}: limit")  # fmt: skip
        style.points(axes, sizes, dataset.log_factor.values[point].T, number, label=name)
    style.level(axes, 0.0, "odds alike", at="left")
    style.ticks(axes, sizes)
    axes.set(
        xlabel="rows", ylabel="mean log (odds of walks / of neighbours)",
        title="rows of label 1; bandwidth 0.6",
    )  # fmt: skip
    style.legend(axes, columns=3)
    return figure
