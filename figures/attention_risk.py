"""The exact risk against the simulated layer: agreement everywhere, and what a dropped term costs."""

from __future__ import annotations

import numpy as np

from figures import style

EXPERIMENT = "attention_risk"


def draw(dataset):
    """Measured over predicted per configuration, and the size of the spoiled theory's error."""
    figure, (left, right) = style.panels(2, width=4.6, height=4.2)
    places = np.arange(dataset.sizes["point"])
    left.axvline(0, color="black", linewidth=1.6, label="exact formula")
    for number, (name, shift) in enumerate((("risk", -0.12), ("regulariser", 0.12))):
        predicted = dataset[f"theory_{name}"].values[:, None]
        middle, half = style.estimate(100 * (dataset[name].values / predicted - 1))
        left.errorbar(
            middle,
            places + shift,
            xerr=half,
            capsize=2.5,
            **style.look(number),
            label=f"{name}: simulated, 95% interval",
        )
    left.set(xlabel="measured / predicted − 1 (%)", title="simulated layer against exact formula")
    _errors(right, dataset, places)
    labels = [
        f"K={int(point.clusters)}, H={int(point.heads)}, "
        f"d={int(point.dimension)}, L={int(point.length)}"
        for point in (dataset.isel(point=place) for place in places)
    ]
    for axes in (left, right):
        style.rows(axes, labels)
        style.legend(axes)
    left.set_ylabel("clusters K, heads H, dimension d, length L")
    return figure


def _errors(axes, dataset, places) -> None:
    exact, spoiled = dataset.theory_risk.values, dataset.theory_without_own.values
    middle, half = style.estimate(dataset.risk.values / exact[:, None])
    series = (
        (np.abs(middle - 1), 0, "|measured / exact formula − 1|"),
        (half, 2, "half of the measurement's 95% interval"),
        (np.abs(spoiled / exact - 1), 1, "|formula without the own token / exact − 1|"),
    )
    for place in places:
        axes.plot([abs(middle[place] - 1), series[2][0][place]], [place] * 2, color="0.8", zorder=0)
    for values, number, name in series:
        axes.plot(values, places, **style.look(number), label=name)
    axes.set(xscale="log", xlabel="relative to the exact risk", title="what would be seen")
