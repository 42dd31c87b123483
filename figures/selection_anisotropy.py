"""Correlation of inter- and intra-diversity inside a domain against a shared offset."""

from __future__ import annotations

import numpy as np

from figures import style

EXPERIMENT = "selection_anisotropy"
COMPARED = ("theory", "rigid")
GRID_ORDER = True


def draw(dataset):
    """Against the offset at the smallest and largest dimension; the gap against the dimension."""
    figure, (offsets, gaps) = style.panels(2, width=5.0, height=4.0)
    sizes = dataset["size"].values
    for number, place in enumerate((0, -1)):
        style.line(offsets, dataset.curve.values, dataset.theory_curve.values[place], number)
        style.points(
            offsets, dataset.offset.values, dataset.correlation.values[:, :, place], number,
            f"drawn, d = {int(sizes[place])}",
        )  # fmt: skip
    offsets.set(
        xlabel="shared offset (deviations)",
        ylabel="correlation of the two scores",
        title="lines: asymptotic theory",
    )
    style.legend(offsets)
    last = dataset.isel(point=-1)
    for number, (name, label) in enumerate((("theory", "theory"), ("rigid", "lengths held fixed"))):
        gap = last.correlation.values - last[name].values[None]
        style.points(gaps, sizes, gap.T, number, f"drawn − {label}")
    style.level(gaps, 0.0)
    style.ticks(gaps, sizes)
    gaps.set(
        xlabel="dimension", ylabel="gap", title=f"offset {style.plain(np.max(dataset.offset))}"
    )
    style.legend(gaps)
    return figure
