"""A stream of Fashion-MNIST: errors by number of centroids, and of solutions of all images."""

from __future__ import annotations

import numpy as np

from figures import style

EXPERIMENT = "graph_fashion"


def draw(dataset):
    """Errors beside levels of what has no limit; the distance to what the learner is after."""
    figure, axes = style.panels(2, width=6.0, height=4.4)
    numbers = dataset["number"].values
    longest = int(np.argmax(dataset.images.values))
    solved = np.isfinite(dataset.distance.values).all(axis=(1, 2, 3))
    widest = int(np.argmax(np.where(solved, dataset.images.values, 0)))
    images = [style.plain(dataset.images.values[place]) for place in (longest, widest)]
    for number, name in enumerate(dataset.method.values):
        style.points(
            axes[0], numbers, dataset.error.values[longest, :, number].T, number, str(name)
        )
    for place, name in enumerate(dataset.whole.values):
        error = float(dataset.error_whole.values[longest, :, place].mean())
        if np.isfinite(error):
            style.level(axes[0], error, str(name))
    for number, multiplier in enumerate(dataset.multiplier.values):
        values = dataset.distance.values[widest, :, number].T
        style.points(axes[1], numbers, values, number, f"learner, m = {multiplier:g}")
    for each in axes:
        style.ticks(each, numbers)
        style.legend(each, columns=2)
        each.set(xlabel="centroids allowed")
    axes[0].set(ylabel="error on unlabelled images", title=f"{images[0]} images, 1% labelled")
    axes[1].set(
        ylabel="root mean square distance",
        title=f"to the solution of all {images[1]} images, same kernel",
    )
    return figure
