"""Distortion and the Laplacian's error against the number of centroids, in dimension 1 and 2."""

from __future__ import annotations

import numpy as np

from figures import style

EXPERIMENT = "graph_growth"


def draw(dataset):
    """Both on logarithmic axes, with lines of the predicted slopes through the last point."""
    figure, axes = style.panels(2, width=5.4, height=4.2)
    numbers = dataset["number"].values
    panels = (
        ("distortion", "theory_distortion", "largest distance to a centroid"),
        ("squared_error", "theory_squared", "squared error of the normalised Laplacian"),
    )
    for each, (name, theory, label) in zip(axes, panels):
        for number, place in enumerate(np.argsort(dataset["set"].values)):
            values, kind = dataset[name].values[place], str(dataset["set"].values[place])
            power = float(dataset[theory].values[place])
            anchor = np.exp(np.log(values[:, -1]).mean())
            line = anchor * (numbers / numbers[-1]) ** power
            style.line(each, numbers, line, number, f"slope {power:g}".replace("-", "−"))
            style.points(each, numbers, values.T, number, kind)
        style.ticks(each, numbers)
        style.short_log(each)
        each.set(xlabel="centroids allowed", ylabel=label)
        style.legend(each, columns=2)
    return figure
