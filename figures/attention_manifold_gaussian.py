"""Two heads from the manifold with noise: the best strength converges, one too large does not."""

from __future__ import annotations

import numpy as np

from figures import style
from figures.attention_manifold_dirac import approach, finish

EXPERIMENT = "attention_manifold_gaussian"


def draw(dataset):
    """Angle against steps at the best strengths, and the resting overlap against the noise."""
    beside = dataset.isel(point=dataset.start.values == "resting")
    dataset = dataset.isel(point=dataset.start.values == "manifold")
    figure, (left, right) = style.panels(2, width=4.8, height=4.2)
    best = dataset.isel(point=~dataset.too_large.values)
    for number in range(best.sizes["point"]):
        point = best.isel(point=number)
        approach(left, point, number, f"deviation {style.plain(np.sqrt(point.variance))}")
    finish(left)
    for number, (too_large, name) in enumerate(((False, "best strength"), (True, "too large"))):
        chosen = dataset.isel(point=dataset.too_large.values == too_large).sortby("variance")
        deviations = np.sqrt(chosen.variance.values)
        style.line(right, deviations, chosen.theory_resting, number, f"{name}: predicted rest")
        style.points(right, deviations, chosen.final, number, f"{name}: descent, 95% interval")
    if beside.sizes["point"]:
        label = "too large: started beside the rest, off the manifold"
        style.points(right, np.sqrt(beside.variance.values), beside.final, 2, label)
    right.set(
        xlabel="noise deviation per coordinate (|centroid| = 1)",
        ylabel="final alignment",
        title="where the heads rest",
    )
    style.legend(right, columns=2)
    return figure
