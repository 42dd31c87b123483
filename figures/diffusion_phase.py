"""Which class comes first: predicted maps over share and variance ratio, simulated runs on them."""

from __future__ import annotations

import numpy as np

from figures import style

EXPERIMENT = "diffusion_phase"
TITLES = {"isotropic": "isotropic classes", "subspaces": "different subspaces"}
WHAT = {"share": "90% of the test loss's fall", "gap": "test − train = 0.05"}
NEAR = {"gap": "test − train = 0.05", "relative-gap": "a tenth of the last gap"}
LIMIT = 1.5
PREDICTED_ONLY = (5, 6)  # panels in which predictions are compared with each other


def draw(dataset):
    """Colour: log10 of the ratio of both classes' predicted times; marks: simulated; below: lines.

    The lines are the same ratio for two definitions of memorisation, at unlike variances.
    """
    figure, axes = style.panels(2, rows=3, width=5.0, height=3.8)
    for row, kind in enumerate(TITLES):
        for column, (name, what) in enumerate(WHAT.items()):
            panel = axes[2 * row + column]
            image = _map(panel, dataset.predicted.sel(kind=kind, drawn=name))
            runs = dataset.isel(point=np.flatnonzero(dataset.setting.values == kind))
            _runs(panel, runs.sel(definition=name))
            panel.set_title(f"{TITLES[kind]}: {what}")
            if column == 1:
                figure.colorbar(image, ax=panel, label="log10 time lower / time higher")
    for panel, (name, what) in zip(axes[4:], NEAR.items()):
        times = dataset.predicted_near.sel(near=name).values
        style.line(panel, 100 * dataset.near_share, times[:, 0] / times[:, 1], label="predicted")
        panel.axhline(1.0, color="0.6", linewidth=1)
        panel.set(
            xlabel="share of the higher-variance class (%)",
            ylabel="time lower / time higher",
            title=f"isotropic classes, variances 9 to 1:\n{what}",
        )
    return figure


def _map(axes, times):
    shares, contrasts = times.share_cell.values, times.contrast_cell.values
    ratio = np.log10(times.values[..., 0] / times.values[..., 1])
    image = axes.pcolormesh(
        100 * shares, contrasts, ratio, cmap="PuOr_r", vmin=-LIMIT, vmax=LIMIT, shading="nearest"
    )
    finite = np.isfinite(ratio)
    if finite.all() and ratio.min() < 0 < ratio.max():
        axes.contour(100 * shares, contrasts, ratio, levels=[0.0], colors="black", linewidths=1.4)
    axes.set(
        yscale="log",
        xlabel="share of the higher-variance class (%)",
        ylabel="higher / lower variance",
    )
    axes.set_yticks([1.5, 2, 3, 4, 6, 9], ["1.5", "2", "3", "4", "6", "9"])
    axes.set_yticks([], minor=True)
    axes.grid(visible=False)
    return image


def _runs(axes, runs) -> None:
    """Filled by the simulated mean, in the colours of the map; the sign is written beside it."""
    ratio = np.log10(runs.times.values[..., 0] / runs.times.values[..., 1])
    middle, half = style.estimate(ratio)
    axes.scatter(
        runs.percent,
        runs.contrast,
        c=middle,
        cmap="PuOr_r",
        vmin=-LIMIT,
        vmax=LIMIT,
        edgecolors="black",
        s=70,
        zorder=3,
    )
    for x, y, value, error in zip(runs.percent.values, runs.contrast.values, middle, half):
        sign = "higher first" if value > error else "lower first" if value < -error else "open"
        axes.annotate(
            sign, (x, y), xytext=(0, 7), textcoords="offset points", ha="center", fontsize=7
        )
