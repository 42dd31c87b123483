"""A stream of two moons: accuracy and distance to the full solution by number of centroids."""

from __future__ import annotations

import numpy as np

from figures import style

EXPERIMENT = "graph_streams"


def draw(dataset):
    """Both panels by multiplier; the solution of all points as a level with its interval."""
    figure, axes = style.panels(2, width=5.2, height=4.0)
    numbers = dataset["number"].values
    for number, place in enumerate(np.argsort(-dataset.multiplier.values)):
        name = f"m = {dataset.multiplier.values[place]:g}"
        for each, variable in zip(axes, ("accuracy", "distance")):
            style.points(each, numbers, dataset[variable].values[place].T, number, name)
    whole = float(dataset.whole.values.mean())
    style.level(axes[0], whole, "solution of all points", at="left", over=False)
    for each in axes:
        style.ticks(each, numbers)
        each.set(xlabel="centroids allowed")
    axes[0].set(ylabel="accuracy, unlabelled points", title="six labels in all")
    axes[1].set(ylabel="root mean square distance", title="to the solution of all points")
    for each in axes:
        style.legend(each, columns=2)
    return figure
