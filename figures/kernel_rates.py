"""Risk on the circle by number of points: one fit, and cells; their ratio grows or falls."""

from __future__ import annotations

import numpy as np

from figures import style

EXPERIMENT = "kernel_rates"
TITLES = {"smooth": "source condition r = 1", "rough": "source condition r = .55"}


def draw(dataset):
    """Left and middle: risks of both targets. Right: risk of four cells over that of one fit."""
    figure, axes = style.panels(3, width=4.4, height=3.9)
    for number, (target, title) in enumerate(TITLES.items()):
        places = np.flatnonzero(dataset.target.values == target)
        places = places[np.argsort(dataset["count"].values[places])]
        counts = dataset["count"].values[places]
        risk, predicted = dataset.risk.values[places], dataset.theory_risk.values[places]
        for place, cells in enumerate(dataset.cells.values):
            label = "one fit" if cells == 1 else f"{cells} cells"
            style.line(axes[number], counts, predicted[:, place], place, f"{label}, theory")
            style.points(axes[number], counts, risk[:, :, place], place, label)
        style.line(axes[2], counts, predicted[:, -1] / predicted[:, 0], number, f"{title}, theory")
        style.points(axes[2], counts, risk[:, :, -1] / risk[:, :, 0], number, title)
        axes[number].set(title=title, ylabel="risk (mean squared error without noise)")
    axes[2].set(title="four cells over one fit", ylabel="ratio of risks")
    for each in axes:
        style.ticks(each, dataset["count"].values)
        style.short_log(each)
        style.legend(each, columns=2)
        each.set(xlabel="points n, at ridge n^(−1/(2r + 1/2))")
    return figure
