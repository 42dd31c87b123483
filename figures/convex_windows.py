"""Exact recovery inside the window predicted for gamma, and how far beyond it goes on."""

from __future__ import annotations

import numpy as np

from figures import style

EXPERIMENT = "convex_windows"


def draw(dataset):
    """Where recovery starts and ends, over the window's ends; and squared errors over bound (A)."""
    figure, (axes, right) = style.panels(2, width=5.6, height=4.2)
    order = sorted(
        range(dataset.sizes["point"]),
        key=lambda point: (-float(dataset.within[point]), str(dataset.norm.values[point])),
    )
    names = []
    for place, point in enumerate(order):
        some = dataset.isel(point=point)
        first = place == 0
        style_row = {"markersize": 4, "alpha": 0.7}
        for number, (name, label) in enumerate((("starts", "starts"), ("ends", "ends"))):
            values = np.clip(some[name].values, 0.02, 20)
            spread = place + 0.25 * (2 * ((np.arange(values.size) * 0.618034) % 1) - 1)
            axes.plot(
                values, spread, **{**style.look(number), **style_row},
                label=f"recovery {label}, over that end" if first else None,
            )  # fmt: skip
        kind = "complete" if float(some.within) == 1 else f"{float(some.within):g} of edges"
        names.append(f"{some.norm.values}, {kind}")
    axes.axvline(1.0, color="black", linewidth=1.4, label="predicted end of the window")
    style.rows(axes, names)
    axes.set(xscale="log", xlabel="gamma / predicted end", ylabel="norm, clusters")
    axes.set_title("recovered through the whole window")
    style.ticks(axes, [0.1, 0.3, 1, 3])
    style.legend(axes)
    _errors(right, dataset, order, names)
    return figure


def _errors(axes, dataset, order, names) -> None:
    """Squared error over bound (A), both less the mean's part."""
    places = dataset.place.values
    for number, place in enumerate(places):
        some = dataset.sel(place=place)
        ratio = (some.squared_error - some.mean_term) / (some.bound - some.mean_term)
        for row, point in enumerate(order):
            style_row = {**style.look(number), "markersize": 4, "alpha": 0.7}
            values = ratio.values[point]
            axes.plot(
                values, np.full(values.size, row + 0.16 * (number - 1.5)), **style_row,
                label=f"gamma at {place}" if row == 0 else None,
            )  # fmt: skip
    axes.axvline(1.0, color="black", linewidth=1.4, label="bound (A)")
    style.rows(axes, names)
    axes.set(
        xlabel="squared error / bound, both less the mean's part", ylabel="norm, clusters",
        title="the bound is nearly reached inside",
    )  # fmt: skip
    style.legend(axes, columns=2)
