"""When the in-context layer's output lies nearer to its centroid than the token does."""

from __future__ import annotations

import numpy as np

from figures import style

EXPERIMENT = "attention_in_context"
COMPARED = ("theory_quantising_length",)


def draw(dataset):
    """Quantisation error over the raw token's, against the length, and in units of the crossing."""
    figure, (left, right) = style.panels(2, width=5.0, height=4.6)
    unbiased = dataset.choice.values == "unbiased"
    noisy = (dataset.centroids.values == "orthonormal") & (dataset.variance.values > 0)
    chosen = dataset.isel(point=unbiased & noisy).sortby(["clusters", "variance"])
    lengths = chosen["size"].values
    for number in range(chosen.sizes["point"]):
        point = chosen.isel(point=number)
        least = float(point.theory_quantising_length)
        ratio = (point.quantisation_error / point.raw_error).values.T
        exact = point.theory_quantisation_error / point.theory_raw_error
        deviation = style.plain(np.sqrt(float(point.variance)))
        name = f"{int(point.clusters)} clusters, deviation {deviation}: {style.plain(least)} tokens"
        for axes, places in ((left, lengths), (right, lengths / least)):
            style.line(axes, places, exact, number)
            style.points(axes, places, ratio, number, name if axes is left else "")
    for axes in (left, right):
        style.level(axes, 1.0, "raw token")
        style.short_log(axes)
        axes.set_ylabel("quantisation error / that of the raw token")
    style.ticks(left, lengths)
    right.set_xscale("log")
    style.threshold(right, 1.0, "quantising length", side="right")
    left.plot([], [], color="black", linewidth=1.6, label="lines: exact formula")
    left.set(xlabel="length (tokens)", title="unbiased strength; quantising lengths below")
    right.set(xlabel="length / quantising length", title="crossing predicted at one")
    style.legend(left)
    return figure
