"""Three and four heads on as many clusters, and a spare head: every centroid is found."""

from __future__ import annotations

import numpy as np

from figures import style

EXPERIMENT = "attention_more_heads"


def draw(dataset):
    """Misalignment over steps per case, and success rates."""
    figure, (left, right) = style.panels(2, height=3.8)
    labels = []
    for number in range(dataset.sizes["point"]):
        point = dataset.isel(point=number)
        labels.append(f"{int(point.clusters)} clusters,\n{int(point.heads)} heads")
        steps = (np.arange(point.sizes["frame"]) + 1) * int(point.stride)
        missing = np.maximum(1 - point.alignment.values, 1e-16)
        style.course(left, steps, missing, number, labels[-1].replace("\n", " "))
        style.fractions(right, [number], point.success.values[None], number)
    left.set(
        yscale="log",
        xlabel="steps",
        ylabel="1 − alignment of the worst centroid",
        title="median and central 80% of seeds",
    )
    style.level(left, 0.01, "success below", at="right")
    left.legend()
    style.names(right, labels)
    style.level(right, 1.0, "predicted: every centroid found", over=True)
    right.set(
        ylim=(-0.04, 1.1),
        ylabel="success rate (alignment > 0.99)",
        title="95% Wilson intervals",
    )
    return figure
