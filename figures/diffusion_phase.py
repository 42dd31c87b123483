"""Which class comes first: predicted maps over share and variance ratio, simulated runs on them."""

from __future__ import annotations

import numpy as np

from figures import style

EXPERIMENT = "diffusion_phase"
TITLES = {"isotropic": "isotropic classes", "subspaces": "different subspaces"}
WHAT = {"share": "90% of the test loss's fall", "gap": "test − train = 0.05"}
NEAR = {"gap": "test − train = 0.05", "relative-gap": "a tenth of the last gap"}
LIMIT = 1.5
PERCENT = 70
PREDICTED_ONLY = (5, 6)  # panels in which predictions are compared with each other


def draw(dataset):
    """Colour: log10 of the ratio of both classes' predicted times; marks: simulated; below: lines.

    The lines are the same ratio for two definitions of memorisation, at unlike variances; in the
    last row, how much of its fall each class's test loss has made, for two ratios of variances.
    """
    figure, axes = style.panels(2, rows=4, width=5.0, height=3.8)
    for row, kind in enumerate(TITLES):
        for column, (name, what) in enumerate(WHAT.items()):
            panel = axes[2 * row + column]
            image = _map(panel, dataset.predicted.sel(kind=kind, drawn=name))
            runs = dataset.isel(point=np.flatnonzero(dataset.setting.values == kind))
            _runs(panel, runs.sel(definition=name))
            panel.set_title(f"{TITLES[kind]}: {what}")
            if column == 1:
                figure.colorbar(image, ax=panel, label="log10 time lower / time higher")
    for panel, contrast in zip(axes[6:], dataset.pair.values.tolist()):
        _shares(panel, dataset, contrast)
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


def _shares(axes, dataset, contrast) -> None:
    """Lines predicted, marks simulated (80% of draws); memorisation of one class beside them."""
    chosen = (dataset.setting.values == "isotropic") & (dataset.percent.values == PERCENT)
    chosen &= np.isclose(dataset.contrast.values, contrast)
    runs = dataset.isel(point=int(np.flatnonzero(chosen)[0]))
    times = dataset.training_time.values
    predicted = dataset.predicted_test.sel(pair=contrast).values
    for place, name in enumerate(("lower", "higher")):
        made = [
            (1 - test) / (1 - test.min(axis=-1, keepdims=True))
            for test in (predicted[:, place], runs.test.values[..., place])
        ]
        style.line(axes, times, made[0], place)
        style.course(axes, times, made[1], place, f"{name} variance")
    memorised = np.median(runs.times.sel(definition="gap").values[:, 1])
    axes.plot([memorised], [0.0], **style.look(4), label="higher variance memorised")
    style.level(axes, 0.9, "learned")
    axes.set(
        xscale="log",
        xlabel="training time τ",
        ylabel="share of the test loss's fall",
        title=f"variances 1 to {contrast:g}, {PERCENT}% of the higher",
        ylim=(-0.5, 1.1),
    )
    style.legend(axes, columns=2)


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
        clip_on=False,
    )
    for x, y, value, error in zip(runs.percent.values, runs.contrast.values, middle, half):
        sign = "higher first" if value > error else "lower first" if value < -error else "open"
        axes.annotate(
            sign, (x, y), xytext=(0, -15 if y > 6 else 7), textcoords="offset points",
            ha="center", fontsize=7,
        )  # fmt: skip
