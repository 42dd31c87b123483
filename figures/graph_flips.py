"""Switched labels of three tables: how many each method has among its first rows."""

from __future__ import annotations

import numpy as np

from figures import style

EXPERIMENT = "graph_flips"


def draw(dataset):
    """Mean precision with intervals over draws, by method and table."""
    figure, (axes,) = style.panels(1, width=6.4, height=4.0)
    methods = [str(name) for name in dataset.method.values]
    for number, place in enumerate(np.argsort(dataset.table.values)):
        middle, half = style.estimate(dataset.precision.values[place].T)
        rows = np.arange(len(methods)) + 0.2 * (number - 1)
        name = str(dataset.table.values[place])
        axes.errorbar(middle, rows, xerr=half, capsize=2.5, label=name, **style.look(number))
    axes.axvline(0.03, color=style.GUIDE, linewidth=1, label="chance")
    style.rows(axes, methods)
    axes.set(
        xlabel="switched labels among as many rows of the largest scores", ylabel="method",
        title="3% of labels switched", xlim=(0, 1.02),
    )  # fmt: skip
    style.legend(axes, columns=4)
    return figure
