"""The step size: success below the predicted limit of stability, none beyond it."""

from __future__ import annotations

import numpy as np

from figures import style

EXPERIMENT = "attention_step_size"


def draw(dataset):
    """Success from random starts against the step size; final angle of starts near by."""
    figure, (left, right) = style.panels(2, height=3.8)
    limit = float(dataset.theory_limit)
    random = dataset.isel(point=dataset.start.values == "sphere").sortby("learning_rate")
    near = dataset.isel(point=dataset.start.values != "sphere").sortby("fraction")
    style.fractions(left, random.learning_rate, random.success, 0)
    style.ticks(left, random.learning_rate)
    style.threshold(left, limit, f"predicted limit {limit:.3f}", top=0.75)
    left.set(
        ylim=(-0.04, 1.06),
        xlabel="step size",
        ylabel="success rate (alignment > 0.99)",
        title="random starts, 95% Wilson intervals",
    )
    for place in range(near.sizes["point"]):
        point = near.isel(point=place)
        angles = np.maximum(point.angle.isel(frame=-1).values, 1e-17)
        stayed = int(point.stayed.sum())
        style.strip(right, place, angles, place)
        right.annotate(
            f"{stayed} of {point.sizes['seed']} stayed",
            (place, 1.0),
            xycoords=right.get_xaxis_transform(),
            ha="center",
            va="bottom",
            fontsize=8,
        )
    labels = [style.plain(value) for value in near.fraction]
    style.names(right, labels)
    split = np.searchsorted(near.fraction.values, 1.0) - 0.5
    style.threshold(right, split, "predicted limit", top=0.6)
    style.level(right, 1e-3, "counted as stayed below", at="left")
    right.set(
        yscale="log",
        xlabel="step size / predicted limit",
        ylabel="final angle to a centroid (rad)",
    )
    right.set_title("starts near the centroids (zero drawn at 1e−17)", pad=16)
    return figure
