"""Two upper limits on the regulariser: heads pulled off the span, and heads held by a trap."""

from __future__ import annotations

import numpy as np

from figures import style

EXPERIMENT = "attention_thresholds"


def draw(dataset):
    """Final alignment of noisy runs, and final risk of runs near the trap, per regulariser."""
    figure, (left, right) = style.panels(2, height=4.0)
    pulled = _runs(left, dataset, "manifold", "final", "near", "near the centroids")
    places = np.arange(pulled.sizes["point"])
    style.dashes(left, places, pulled.theory_resting, 4, "predicted rest", width=0.8)
    left.set(ylabel="final alignment", title="noise, infinite length: pulled off the span")
    trap = _runs(right, dataset, "spurious", "risk", "trapped", "trapped")
    places = np.arange(trap.sizes["point"])
    predicted = "predicted risk in the trap"
    style.dashes(right, places, trap.theory_spurious_risk, 4, predicted, width=0.8)
    right.set(ylabel="final risk (|centroid|² = 1)", title="no noise, started near the trap")
    for axes in (left, right):
        axes.margins(y=0.15)
        axes.plot([], [], **style.look(0), markerfacecolor="none", label="one run")
        style.legend(axes, columns=2, bbox_to_anchor=(0.5, -0.24))
    return figure


def _runs(axes, dataset, start: str, shown: str, flag: str, word: str):
    """One mark per run at each size of the regulariser, and the count of the flagged ones."""
    chosen = dataset.isel(point=dataset.start.values == start).sortby("regularisation")
    sizes = chosen.regularisation.values
    limits = chosen.theory_threshold.values if "theory_threshold" in chosen else None
    labels = []
    for place, size in enumerate(sizes):
        point = chosen.isel(point=place)
        style.strip(axes, place, point[shown], 0)
        share = f" = {size / limits[place]:.3g} × threshold" if limits is not None else ""
        count = f"{int(point[flag].sum())} of {point.sizes['seed']} {word}"
        labels.append(f"{size:.4g}{share}\n{count}")
    style.names(axes, labels)
    axes.set_xlabel("size of the regulariser")
    if limits is not None:
        style.threshold(axes, int((sizes <= limits).sum()) - 0.5, "predicted threshold", top=0.7)
    return chosen
