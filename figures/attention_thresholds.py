"""Two upper limits on the regulariser: heads pulled off the span, and heads held by a trap."""

from __future__ import annotations

import numpy as np

from figures import style

EXPERIMENT = "attention_thresholds"


def draw(dataset):
    """Final alignment of noisy runs, and final risk of runs near the trap, per regulariser."""
    figure, (left, right) = style.panels(2, height=3.8)
    _runs(left, dataset, "manifold", "final", "success", "at the centroids")
    style.level(left, 0.99, "counted as at the centroids above", at="left", over=False)
    left.set(ylabel="final alignment", title="noise, infinite length: pulled off the span")
    trap = _runs(right, dataset, "spurious", "risk", "trapped", "trapped")
    for risk in np.unique(trap.theory_spurious_risk):
        style.level(right, risk, "predicted risk in the trap", at="left")
    right.set(ylabel="final risk (|centroid|² = 1)", title="no noise, started near the trap")
    for axes in (left, right):
        axes.margins(y=0.15)
    return figure


def _runs(axes, dataset, start: str, shown: str, flag: str, word: str):
    """One mark per run at each size of the regulariser, and the count of the flagged ones."""
    chosen = dataset.isel(point=dataset.start.values == start).sortby("regularisation")
    sizes = chosen.regularisation.values
    limits = chosen.theory_threshold.values if "theory_threshold" in chosen else None
    labels = []
    for place, size in enumerate(sizes):
        point = chosen.isel(point=place)
        style.strip(axes, place, point[shown], int(point[flag].mean() < 0.5))
        share = f" = {size / limits[place]:.3g} × threshold" if limits is not None else ""
        count = f"{int(point[flag].sum())} of {point.sizes['seed']} {word}"
        labels.append(f"{size:.4g}{share}\n{count}")
    style.names(axes, labels)
    axes.set_xlabel("size of the regulariser")
    if limits is not None:
        style.threshold(axes, int((sizes <= limits).sum()) - 0.5, "predicted threshold", top=0.7)
    return chosen
