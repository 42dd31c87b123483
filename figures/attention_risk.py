"""The exact risk against the simulated layer: agreement, and what a dropped term would cost."""

from __future__ import annotations

import numpy as np

from figures import style

EXPERIMENT = "attention_risk"
COMPARED = ("theory_risk", "theory_without_own", "theory_regulariser", "theory_uncoupled")
GRID_ORDER = True


def draw(dataset):
    """Measured over predicted per configuration, and the size of the spoiled theory's error."""
    figure, (left, right) = style.panels(2, width=4.6, height=4.8)
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
        f"{int(point.clusters)} clusters, {int(point.heads)} heads,\n"
        f"dimension {int(point.dimension)}, length {int(point.length)}"
        for point in (dataset.isel(point=place) for place in places)
    ]
    style.rows(left, labels)
    style.rows(right, [""] * len(labels))
    for axes in (left, right):
        axes.set_ylabel("configuration")
        style.legend(axes)
    return figure


def _errors(axes, dataset, places) -> None:
    exact, spoiled = dataset.theory_risk.values, dataset.theory_without_own.values
    uncoupled = np.abs(dataset.theory_uncoupled / dataset.theory_regulariser - 1).values
    middle, half = style.estimate(dataset.risk.values / exact[:, None])
    series = (
        (np.abs(middle - 1), 0, "|measured / exact formula − 1|"),
        (half, 2, "half of the measurement's 95% interval"),
        (np.abs(spoiled / exact - 1), 1, "|formula without the own token / exact − 1|"),
        (uncoupled, 3, "the same of the regulariser without coupled heads"),
    )
    for place in places:
        axes.plot([abs(middle[place] - 1), series[2][0][place]], [place] * 2, color="0.8", zorder=0)
    for values, number, name in series:
        axes.plot(values, places, **style.look(number), label=name)
    axes.set(xscale="log", xlabel="relative to the exact risk", title="what would be seen")
