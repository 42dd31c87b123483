"""Online SGD of linear heads: regularised they find the centroids, otherwise the span only."""

from __future__ import annotations

import numpy as np

from figures import style

EXPERIMENT = "attention_online_sgd"
GRID_ORDER = True
SUCCESS = 0.95


def draw(dataset):
    """Alignment and span overlap over steps per regulariser, and every run's final alignment."""
    figure, (left, middle, right) = style.panels(3, height=3.8, width=3.9)
    labels = []
    for number in range(dataset.sizes["point"]):
        point = dataset.isel(point=number)
        size = float(point.regularisation)
        name = f"regulariser {style.plain(size)}" if size else "no regulariser"
        steps = (np.arange(point.sizes["frame"]) + 1) * int(point.stride)
        style.course(left, steps, point.alignment, number, name)
        style.course(middle, steps, point.span, number, name)
        style.strip(right, number, point.final, number)
        above = int((point.final.values > SUCCESS).sum())
        labels.append(f"{name}\n{above} of {point.sizes['seed']} above {SUCCESS}")
    batch = int(dataset.batch.values[0])
    for axes, name in ((left, "alignment with the centroids"), (middle, "overlap with the span")):
        axes.set(xlabel=f"steps of {batch} sequences", ylabel=name, ylim=(0, 1.03))
        axes.set_title("median and central 80% of seeds")
        style.legend(axes, columns=2)
    style.level(left, SUCCESS)
    style.names(right, labels)
    right.set(
        xlabel="objective", ylabel="final alignment", ylim=(0, 1.03), title="one mark per seed"
    )
    style.level(right, SUCCESS)
    return figure
