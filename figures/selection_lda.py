"""Discriminants after selection: what n points cost, and where class means swap."""

from __future__ import annotations

import numpy as np

from figures import style

EXPERIMENT = "selection_lda"
COMPARED = ("theory_base",)
PREDICTED_ONLY = (4,)  # the panel in which predictions are compared with each other
LABELS = {
    "random": "random",
    "entropy": "highest entropy",
    "near_other": "nearest to the other domain",
    "far_other": "farthest from it",
}


def draw(dataset):
    """Points times excess error; what the pool's own quantile adds; the swap and its map."""
    figure, axes = style.panels(2, rows=3, width=5.2, height=4.2)
    scan = ~np.isfinite(dataset.errors.values[:, 0, -1])
    swept = dataset.isel(point=np.flatnonzero(~scan))
    settings = sorted({
        (-int(d), float(apart))
        for d, apart in zip(swept.dimension.values, swept.separation.values)
    })  # fmt: skip
    for panel, (negative, apart) in zip(axes, settings):
        same = (swept.dimension.values == -negative) & (swept.separation.values == apart)
        _excess(panel, swept.isel(point=np.flatnonzero(same)))
        panel.set_title(f"{style.plain(apart)} deviations, d = {-negative}; lines: many points")
    _midpoint(axes[3], dataset)
    _swap(axes[4], dataset.isel(point=np.flatnonzero(scan)))
    _map(figure, axes[5], dataset)
    return figure


def _excess(axes, some) -> None:
    for number, (rule, label) in enumerate(LABELS.items()):
        (one,) = np.flatnonzero(some.rule.values == rule)
        sizes = some.coords["sizes"].values[one]
        excess = (some.errors.values[one] - some.theory_base.values[one][None]) * sizes[None]
        style.points(axes, sizes, excess.T, number, label)
        style.line(axes, sizes[[0, -1]], np.full(2, some.theory_slope.values[one]), number)
    style.ticks(axes, some.coords["sizes"].values[0])
    axes.set(xlabel="selected points n", ylabel="n × (error − error at n = ∞)")
    style.legend(axes, columns=2)


def _midpoint(axes, dataset) -> None:
    style.line(axes, dataset.map_fraction, dataset.moving_cut, 0, "cut at its own quantile")
    style.line(axes, dataset.map_fraction, dataset.fixed_cut, 1, "cut fixed beforehand")
    axes.set(
        xscale="log",
        xlabel="fraction kept of each domain",
        ylabel="n × variance of the midpoint",
        title="nearest to the other domain or farthest from it",
    )
    style.legend(axes)


def _swap(axes, scan) -> None:
    for number, rule in enumerate(("near_other", "far_other")):
        some = scan.isel(point=np.flatnonzero(scan.rule.values == rule))
        style.points(
            axes, some.separation.values, some.errors.values[:, :, 0], number, LABELS[rule]
        )
    fraction = float(scan.kept.values[0])
    swap = float(np.interp(fraction, scan.map_fraction, scan.flip))
    style.threshold(axes, swap, f"means swap at {swap:.2f}")
    axes.set(
        xlabel="distance of the domains (deviations)",
        ylabel="test error of the discriminant",
        title=f"a fraction of {style.plain(fraction)} kept",
    )
    style.legend(axes)


def _map(figure, axes, dataset) -> None:
    image = axes.pcolormesh(
        dataset.map_separation, dataset.map_fraction, dataset.map_error, cmap="cividis",
        shading="nearest",
    )  # fmt: skip
    figure.colorbar(image, ax=axes, label="error with endless points")
    axes.plot(dataset.flip, dataset.map_fraction, color="white", linestyle="--")
    axes.set(
        yscale="log",
        xlim=(float(dataset.map_separation.min()), float(dataset.map_separation.max())),
        xlabel="distance of the domains (deviations)",
        ylabel="fraction kept",
        title="nearest to the other domain; dashed: the swap",
    )
