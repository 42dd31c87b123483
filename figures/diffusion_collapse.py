"""Collapse onto the training samples: measured times against dimension, by class; U-turns."""

from __future__ import annotations

import numpy as np

from figures import style

EXPERIMENT = "diffusion_collapse"
COMPARED = ("theory",)


def draw(dataset):
    """Times per class with their prediction, the gap to it, and the error of backward steps."""
    figure, (left, middle, right) = style.panels(3, width=4.4, height=3.8)
    unlike = np.flatnonzero(dataset.first.values != dataset.second.values)
    some = dataset.isel(point=unlike)
    some = some.isel(point=np.argsort(some.dimension.values))
    sizes = some.dimension.values
    for c in range(some.sizes["class"]):
        name = f"variance {float(dataset.variance[c]):g}"
        style.line(left, sizes, some.theory.values[:, c], c, f"{name}: predicted")
        style.points(left, sizes, some.collapse.values[:, :, c], c, f"{name}: simulated")
        gap = some.collapse.values[:, :, c] - some.theory.values[:, c, None]
        style.points(middle, sizes, gap, c, name)
        anchor = style.estimate(gap)[0][-1]
        style.power_law(middle, sizes, anchor, -1.0, "" if c else "1/d")
    style.line(
        left, sizes, some.theory_pooled.values[:, 0], 4, "one class, mean variance: predicted"
    )
    left.set(
        xlabel="dimension", ylabel="collapse time",
        title="half of the posterior on one sample", ylim=(0, None),
    )  # fmt: skip
    middle.axhline(0, color="black", linewidth=1.6, label="predicted in high dimension")
    middle.set(
        xlabel="dimension", ylabel="simulated − predicted", title="approach to the prediction"
    )
    turning = some.isel(point=0)
    style.points(
        right, dataset["size"].values, turning.gap.values.T, 2, "U-turns with the samples' score"
    )
    right.axhline(0, color="black", linewidth=1.6, label="posterior of the own sample")
    right.set(
        xlabel="backward steps", ylabel="share that returns − posterior",
        title=f"backward diffusion, d = {int(turning.dimension)}",
    )  # fmt: skip
    for axes, places in ((left, sizes), (middle, sizes), (right, dataset["size"].values)):
        style.ticks(axes, places)
        style.legend(axes, columns=1)
    return figure
