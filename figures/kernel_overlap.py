"""How the excess of cells falls as clusters draw apart, and its leading order."""

from __future__ import annotations

from figures import style

EXPERIMENT = "kernel_overlap"


def draw(dataset):
    """Relative excess against the gap between its mean bounds; its ratio to the leading order."""
    figure, (axes, right) = style.panels(2, width=5.0, height=4.2)
    gaps = dataset.gap.values
    for number, name, label in ((0, "low", "leak / κ₊"), (1, "high", "leak / κ₋")):
        style.line(axes, gaps, dataset[f"theory_{name}"].values[0], number, f"bound: {label}")
    style.points(axes, gaps, dataset["share"].values[0].T, 4, "a cell for each cluster")
    style.points(axes, gaps, dataset.share_mixed.values[0].T, 2, "cells drawn from all points")
    axes.set(
        yscale="log", xlabel="gap between clusters (lengthscales)",
        ylabel="sum of d_q / d_eff − 1", title="three clusters in a row, n ridge = 1.2",
    )  # fmt: skip
    style.legend(axes, columns=2)
    style.points(right, dataset.penalty.values, dataset.ratio.values[0].T, 4, "excess / leak")
    right.axhline(1.0, color="black", linewidth=1.4, label="limit")
    style.ticks(right, dataset.penalty.values)
    right.set(
        xlabel="n ridge", ylabel="excess / (n ridge tr F² A⁻¹)",
        title="three clusters that touch, in a triangle",
    )  # fmt: skip
    style.legend(right, columns=2)
    return figure
