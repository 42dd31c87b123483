"""Times at which each class is generalised and memorised: simulated runs beside the prediction."""

from __future__ import annotations

import numpy as np

from figures import style

EXPERIMENT = "diffusion_times"
TITLES = {"isotropic": "isotropic classes", "subspaces": "classes in different subspaces"}
WHAT = {
    "share": "90% of the test loss's fall",
    "argmin": "least test loss",
    "gap": "test − train = 0.05",
}


def draw(dataset):
    """Per setting and definition: time against the share of the higher-variance class."""
    figure, axes = style.panels(len(WHAT), rows=len(TITLES), width=4.3, height=3.7)
    for row, setting in enumerate(TITLES):
        some = dataset.isel(point=np.flatnonzero(dataset.setting.values == setting))
        for column, (kind, what) in enumerate(WHAT.items()):
            _panel(axes[row * len(WHAT) + column], some.sel(definition=kind))
            axes[row * len(WHAT) + column].set_title(f"{TITLES[setting]}\n{what}")
    return figure


def _panel(axes, some) -> None:
    percent = some.percent.values
    for place, name in enumerate(("lower variance", "higher variance")):
        style.line(axes, percent, some.theory_times.values[:, place], place, f"{name}, predicted")
        for number, share in enumerate(percent):
            label = "simulated, one draw each" if number == 0 and place == 0 else ""
            draws = some.times.values[number, :, place]
            spread = 4 * (2 * ((np.arange(draws.size) * 0.618034) % 1) - 1)
            axes.plot(
                share + spread,
                draws,
                **style.look(place),
                label=label or None,
                markerfacecolor="none",
                markersize=4,
                alpha=0.6,
            )
    style.short_log(axes)
    axes.set(xlabel="share of the higher-variance class (%)", ylabel="training time τ")
    style.legend(axes)
