"""Doubling: distances to centroids over what is promised, and over the best possible."""

from __future__ import annotations

import numpy as np

from figures import style

EXPERIMENT = "graph_doubling"
COMPARED = ("theory_reach", "theory_least")


def draw(dataset):
    """Each stream's distortion over its bound, R / (2 m) over the best, and distortion over it."""
    figure, axes = style.panels(3, width=4.6, height=4.0)
    order = np.argsort(dataset.multiplier.values)
    names = [f"{dataset.multiplier.values[i]:g}" for i in order]
    for place, i in enumerate(order):
        distortion, radius, best = (
            dataset[name].values[i].ravel() for name in ("distortion", "radius", "optimum")
        )
        ratios = (
            distortion / (radius * dataset.theory_reach.values[i]),
            radius * dataset.theory_least.values[i] / best,
            distortion / best,
        )
        for each, values in zip(axes, ratios):
            style.strip(each, place, np.sort(values), 0, "one stream" if place == 0 else "")
    for each in axes[:2]:
        style.level(each, 1.0, "promised", at="left")
    style.dashes(
        axes[2], range(len(order)), dataset.theory_factor.values[order], 1, "promised", width=0.8
    )
    style.level(axes[2], 2.0, "1 + eps, eps < 1", at="left")
    labels = ("distortion / (R m / (m − 1))", "(R / 2m) / best", "distortion / best")
    titles = ("how far points are moved", "what is possible", "against the best three centres")
    for each, label, title in zip(axes, labels, titles):
        style.names(each, names)
        each.set(xlabel="multiplier m", ylabel=label, title=title)
    style.legend(axes[2], columns=2)
    return figure
