"""Graphs of unlike design over the same points: error beside what is said to go with it."""

from __future__ import annotations

import numpy as np

from figures import style

EXPERIMENT = "convex_designs"
PANELS = (
    ("error", "least mean squared error", "error", (0.03, 0.1, 0.3, 1)),
    ("agreement", "best adjusted Rand index", "clusters found", ()),
    ("oracle", "oracle term", "the paper's term", (0.5, 1, 2, 5, 10, 20)),
    ("between", "edges between / all", "edges between clusters", (0.01, 0.1, 1)),
    ("lambda_two", "second eigenvalue", "connectivity", (0.001, 0.01, 0.1, 1, 10, 100)),
)


def draw(dataset):
    """One row a design, in the order of the error."""
    figure, axes = style.panels(len(PANELS), width=3.1, height=4.2)
    error = dataset.error.values[0].min(axis=-1)
    order = np.argsort(error.mean(axis=0))
    names = [str(name) for name in dataset.design.values[order]]
    for each, (name, label, title, ticks) in zip(axes, PANELS):
        values = dataset[name].values[0]
        values = error if name == "error" else values
        values = values.max(axis=-1) if name == "agreement" else values
        middle, half = style.estimate(values[:, order].T)
        places = np.arange(len(names))
        each.errorbar(middle, places, xerr=half, capsize=2.5, **style.look(0))
        style.rows(each, names if name == "error" else [""] * len(names))
        each.set(xlabel=label, ylabel="graph", title=title)
        if ticks:
            style.ticks(each, ticks)
    return figure
