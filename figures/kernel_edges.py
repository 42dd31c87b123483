"""Cells against one fit: a map of the difference, the excess by distance to a border, blending."""

from __future__ import annotations

import numpy as np

from figures import style

EXPERIMENT = "kernel_edges"


def draw(dataset):
    """Left: one draw. Middle: squared error beyond one fit. Right: errors by width of blending."""
    figure, axes = style.panels(3, width=4.5, height=3.9)
    place = dataset.place.values[0, 0]
    apart = np.log10(np.maximum(dataset.apart.values[0, 0], 1e-6))
    shown = axes[0].scatter(*place.T, c=apart, s=7, cmap="viridis", vmin=-3, vmax=0)
    _borders(axes[0], place, dataset.centroid.values[0, 0])
    figure.colorbar(shown, ax=axes[0], label="log10 |cells − one fit|", shrink=0.85)
    axes[0].set(
        xlabel="first coordinate (lengthscales)", ylabel="second coordinate (lengthscales)",
        title="one draw, at 2,000 new points",
    )  # fmt: skip
    bands = dataset.band.values
    middles = np.r_[(bands[1:] + bands[:-1]) / 2, bands[-1] + 0.25]
    blends = dataset.blend.values
    for number, blend in enumerate((0.0, 0.3, 3.0)):
        values = dataset.beyond.values[0][:, int(np.argmin(np.abs(blends - blend)))]
        label = "hard borders" if blend == 0 else f"blend {blend:g}"
        style.points(axes[1], middles, values.T, number, label)
    style.level(axes[1], 0.0, "one fit to all")
    axes[1].set(
        xlabel="distance to the nearest border (lengthscales)",
        ylabel="squared error beyond one fit's",
    )
    style.points(axes[2], style.off_zero(blends), dataset.blended.values[0].T, 0, "cells")
    style.level(axes[2], float(dataset.one.values[0, :, 0].mean()), "one fit")
    style.ticks(axes[2], blends)
    axes[2].set(xlabel="width of blending (0: hard borders)", ylabel="root mean square error")
    for each in axes:
        style.legend(each, columns=3)
    return figure


def _borders(axes, place, centroids) -> None:
    """Lines between the nearest centroids' cells."""
    across, up = np.meshgrid(*(np.linspace(side.min(), side.max(), 300) for side in place.T))
    grid = np.stack([across, up], axis=-1)
    nearest = ((grid[:, :, None] - centroids) ** 2).sum(axis=-1).argmin(axis=-1)
    for cell in range(len(centroids)):
        inside = (nearest == cell).astype(float)
        if 0 < inside.mean() < 1:
            axes.contour(across, up, inside, levels=[0.5], colors="black", linewidths=0.8)
    axes.plot([], [], color="black", linewidth=0.8, label="borders of 16 cells")
    axes.grid(visible=False)
