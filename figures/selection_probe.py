"""Entropy, ranking and what is found of the true top, over epochs of the probe."""

from __future__ import annotations

import numpy as np

from figures import style

EXPERIMENT = "selection_probe"
TITLES = {"kmeans": "k-means labels", "true": "true labels"}


def draw(dataset):
    """Mean entropy, its ranks against the borders of cells, and shares of the true top found."""
    figure, (left, middle, right) = style.panels(3, width=4.4, height=3.9)
    bayes = float(dataset.bayes.mean())
    epochs = dataset.epoch.values.astype(float)
    style.level(left, bayes, "true posterior")
    style.level(right, float(dataset.kept.values[0]), "by chance", at="left", over=False)
    for number, (labels, title) in enumerate(TITLES.items()):
        (place,) = np.flatnonzero(dataset.labels.values == labels)
        some = dataset.isel(point=place)
        # Shifted a little, so that intervals do not cover each other.
        shown = epochs * (1 + 0.06 * number)
        _series(left, shown, some.entropy, number, title)
        _series(middle, shown, some.against_margin, number, f"distance to border, {title}")
        _series(right, shown, some.probe, number, f"probe, {title}")
        _series(
            right, shown, some.regressor, number, f"second network, {title}", markerfacecolor="none"
        )
        if labels == "kmeans":
            _series(middle, shown, some.against_distance, 2, "distance to centroid, k-means labels")
    for axes in (left, middle, right):
        style.ticks(axes, epochs)
        axes.set_xlabel("epochs of the probe")
    style.short_log(left)
    left.set(ylabel="mean entropy (nats)", title="entropy of the probe on the pool")
    middle.set(ylabel="Spearman's correlation", title="what the entropy ranks points by")
    right.set(ylabel="share of the true top found", title="found of the true top")
    for axes in (left, middle, right):
        style.legend(axes)
    return figure


def _series(axes, epochs, samples, number, label, **options) -> None:
    style.points(axes, epochs, samples.values.T, number, label, **options)
