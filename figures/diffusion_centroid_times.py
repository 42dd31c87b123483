"""Times of a class with a short and one with a long centroid, by variances and by their angle."""

from __future__ import annotations

import numpy as np

from figures import style

EXPERIMENT = "diffusion_centroid_times"
NAMES = {
    "equal": "variances\n1 and 1",
    "unlike": "variances\n0.7 and 1.3",
    "nearly": "variances\n0.95 and 1.05",
}
ANGLES = {"right angle": "90°", "acute": "18°", "obtuse": "162°"}
WHAT = {
    "share": "90% of the test loss's fall",
    "argmin": "least test loss",
    "gap": "test − train = 0.05",
}


def draw(dataset):
    """Per definition: predicted times as bars, simulated runs as marks; below, by the angle."""
    figure, axes = style.panels(len(WHAT), rows=2, width=4.4, height=4.0)
    _pairs(axes[: len(WHAT)], dataset, NAMES, "class of the longer centroid second")
    _pairs(axes[len(WHAT) :], dataset, ANGLES, "angle; a fifth of the samples shorter")
    return figure


def _pairs(axes, dataset, names, below) -> None:
    order = [list(dataset.setting.values).index(name) for name in names]
    for panel, (kind, what) in zip(axes, WHAT.items()):
        some = dataset.isel(point=order).sel(definition=kind)
        for place, name in enumerate(("shorter", "longer")):
            at = np.arange(len(order)) + (-0.2, 0.2)[place]
            label = f"{name} centroid"
            style.dashes(
                panel,
                at,
                some.theory_times.values[:, place],
                place,
                f"{label}, predicted",
                width=0.36,
            )
            for number, x in enumerate(at):
                draws = some.times.values[number, :, place]
                spread = 0.14 * (2 * ((np.arange(draws.size) * 0.618034) % 1) - 1)
                panel.plot(
                    x + spread,
                    draws,
                    **style.look(place),
                    markerfacecolor="none",
                    markersize=4,
                    alpha=0.6,
                    label=f"{label}, simulated" if number == 0 else None,
                )
        style.names(panel, list(names.values()))
        style.short_log(panel)
        panel.set(title=what, ylabel="training time τ", xlabel=below)
        style.legend(panel, bbox_to_anchor=(0.5, -0.27))
