"""The shift of a mean by a cosine band against its high-dimensional formula."""

from __future__ import annotations

import numpy as np

from figures import style

EXPERIMENT = "selection_dimension"
TITLES = {"growing": "a mean that grows as the noise", "fixed": "a mean of fixed length"}


def draw(dataset):
    """Both components against the dimension, for means that grow with it and fixed ones."""
    figure, axes = style.panels(2, rows=2, width=5.0, height=4.0)
    for row, mean in enumerate(TITLES):
        for column, component in enumerate(("along", "across")):
            _panel(axes[2 * row + column], dataset, mean, component)
    return figure


def _panel(axes, dataset, mean, component) -> None:
    sizes = dataset["size"].values
    for number, band in enumerate(("near", "far")):
        chosen = (dataset["mean"].values == mean) & (dataset.band.values == band)
        some = dataset.isel(point=int(np.flatnonzero(chosen)[0])).sel(component=component)
        # Far shifts with their sign turned: to first order they are the near ones.
        sign = 1 if band == "near" else -1
        name = "most similar fifth" if sign > 0 else "least similar, sign turned"
        style.points(axes, sizes, sign * some.moved.values.T, number, f"{name}, drawn")
        style.line(axes, sizes, sign * some.exact.values, number, "exact" if number == 0 else "")
        if band == "near":
            style.line(axes, sizes, some.theory.values, 4, "first order", linestyle=":")
            style.line(axes, sizes, some.linear.values, 5, "as if linear", linestyle="-.")
    style.ticks(axes, sizes)
    axes.set(
        xlabel="dimension",
        ylabel=f"shift {component} (deviations)",
        title=f"{TITLES[mean]}, {component} the direction",
    )
    style.legend(axes, columns=2)
