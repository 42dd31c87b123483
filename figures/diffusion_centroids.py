"""Eigenvalues that centroids push out, and the spectrum with long ones, against dimension."""

from __future__ import annotations

import numpy as np

from figures import style

EXPERIMENT = "diffusion_centroids"
COMPARED = ("theory_below", "ignored_below", "edge", "atom")


def draw(dataset):
    """Outliers of short centroids; giants and distribution of long ones; distances against d."""
    figure, (short, giants, shares, distances) = style.panels(2, rows=2, width=5.0, height=3.8)
    for axes, name, title in (
        (short, "short", "short centroids: outliers"),
        (giants, "long", "long centroids: giant eigenvalues"),
    ):
        some = dataset.isel(point=np.flatnonzero(dataset.setting.values == name))
        some = some.isel(point=np.argsort(some.dimension.values))
        for rank, what in enumerate(("second", "largest")):
            style.line(axes, some.dimension, some.theory_top.values[:, rank], rank, "predicted")
            style.points(
                axes, some.dimension, some.top.values[..., rank], rank, f"{what}, simulated"
            )
        style.ticks(axes, some.dimension.values)
        axes.set(xlabel="dimension d", ylabel="eigenvalue", title=title)
        style.legend(axes, columns=2)
    long = dataset.isel(point=np.flatnonzero(dataset.setting.values == "long"))
    long = long.isel(point=np.argsort(long.dimension.values))
    _shares(shares, long)
    _distances(distances, long)
    return figure


KINDS = (("theory", "theory"), ("ignored", "centroids left out"))


def _shares(axes, long) -> None:
    last, place = long.isel(point=-1), long.place.values
    shown = (place > 0.7 * float(long.atom)) & (place < 3 * float(long.edge))
    for number, (kind, label) in enumerate(KINDS):
        style.line(axes, place[shown], 1 - long[f"{kind}_below"].values[shown], number, label)
    every = np.flatnonzero(shown)[::10]
    above = 1 - last.below.values[:, every]
    label = f"simulated, d = {int(last.dimension)}"
    style.points(axes, place[every], above.T, 4, label, markersize=3.5)
    axes.set(xscale="log", yscale="log", ylim=(2e-3, 1.5), xlabel="eigenvalue x of U")
    axes.set_ylabel("share of eigenvalues above x")
    style.legend(axes, columns=2)


def _distances(axes, long) -> None:
    place = long.place.values
    inside = (place > 1.5 * float(long.atom)) & (place < float(long.edge))
    for number, (kind, label) in enumerate(KINDS):
        wanted = long[f"{kind}_below"].values
        apart = np.abs(long.below.values - wanted)[:, :, inside].mean(axis=2)
        style.points(axes, long.dimension, apart, number, f"from {label}")
        if number == 0:
            style.power_law(axes, long.dimension.values, apart[-1].mean(), -1.0, "guide: 1/d")
    style.ticks(axes, long.dimension.values)
    style.short_log(axes)
    axes.set(xlabel="dimension d", ylabel="mean distance of the distributions")
    style.legend(axes, columns=2)
