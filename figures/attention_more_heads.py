"""Three and four heads, and a spare one: regularised, they find every centroid."""

from __future__ import annotations

import numpy as np

from figures import style

EXPERIMENT = "attention_more_heads"
GRID_ORDER = True


def draw(dataset):
    """Misalignment over steps per case, and success rates."""
    figure, (left, right) = style.panels(2, width=4.6, height=4.4)
    labels = []
    for number in range(dataset.sizes["point"]):
        point = dataset.isel(point=number)
        size = float(point.regularisation)
        added = f"regulariser {style.plain(size)}" if size else "no regulariser"
        labels.append(f"{int(point.clusters)} clusters,\n{int(point.heads)} heads,\n{added}")
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
    style.legend(left)
    style.names(right, labels)
    regularised = np.flatnonzero(dataset.regularisation.values > 0)
    predicted = "predicted: every centroid found"
    style.dashes(right, regularised, np.ones(regularised.size), 4, predicted, width=0.6)
    style.legend(right, bbox_to_anchor=(0.5, -0.24))
    right.set(
        xlabel="case",
        ylim=(-0.04, 1.06),
        ylabel="success rate (alignment > 0.99)",
        title="95% Wilson intervals",
    )
    return figure
