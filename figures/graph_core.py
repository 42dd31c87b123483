"""A core in a square: the rows, what methods find of the anomalous ones, and what they take."""

from __future__ import annotations

import numpy as np

from figures import style

EXPERIMENT = "graph_core"
KINDS = ("label −1", "label 1", "anomalous", "isolated")


def draw(dataset):
    """One draw; precision, mean rank of isolated rows and share of fringe rows by method."""
    figure, axes = style.panels(4, width=4.4, height=4.4)
    place, kind = dataset.place.values[0, 0], dataset.kind.values[0, 0]
    for number, name in enumerate(KINDS):
        chosen = place[np.round(kind) == number]
        look = {**style.look(number), "markersize": 4}
        axes[0].plot(chosen[:, 0], chosen[:, 1], label=name, **look)
    axes[0].set(xlabel="first feature", ylabel="second feature", title="one draw, rows judged")
    methods = [str(name) for name in dataset.method.values]
    panels = {
        "precision": "precision in the top list",
        "isolated_rank": "mean rank of isolated rows / rows",
        "fringe_share": "fringe rows in the top list",
    }
    for each, (name, label) in zip(axes[1:], panels.items()):
        middle, half = style.estimate(dataset[name].values[0].T)
        each.errorbar(middle, range(len(methods)), xerr=half, capsize=2.5, **style.look(0))
        style.rows(each, methods)
        each.set(xlabel=label, ylabel="method", title="mean over draws")
    style.legend(axes[0], columns=2)
    return figure
