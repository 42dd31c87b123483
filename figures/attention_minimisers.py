"""Noiseless clusters: descent reaches the predicted least risk and an orthonormal frame."""

from __future__ import annotations

import numpy as np

from figures import style

EXPERIMENT = "attention_minimisers"
COMPARED = ("theory_least", "theory_basis")
FLOOR = 1e-17  # a difference of exactly zero is shown here


def draw(dataset):
    """Final risk against the strength, its excess over the least, and the distance from a frame."""
    figure, (left, middle, right) = style.panels(3, height=4.2, width=4.3)
    every = dataset.sortby(["fraction", "clusters", "length"])
    ordered = every.isel(point=every.length.values > 1)
    for number, clusters in enumerate(np.unique(ordered.clusters)):
        chosen = ordered.isel(point=ordered.clusters.values == clusters)
        name = f"{int(clusters)} clusters"
        fraction = chosen.fraction.values
        predicted = f"{name}: predicted least"
        style.dashes(left, fraction, chosen.theory_least, number, predicted, width=0.08)
        beyond = fraction > 1
        if beyond.any():
            basis = chosen.theory_basis.values[beyond]
            cross = {"color": style.COLOURS[number % 7], "marker": "x", "linestyle": "none"}
            left.plot(fraction[beyond], basis, **cross, label=f"{name}: basis of the span")
        style.points(left, fraction, chosen.risk, number, f"{name}: descent")
    style.threshold(left, 1.0, "largest strength", top=0.97)
    left.set(
        xlabel="strength / largest strength",
        ylabel="final risk (|centroid|² = 1)",
        title="least risk",
    )
    style.legend(left, columns=2)
    _strips(middle, ordered, np.abs(ordered.risk - ordered.theory_least))
    middle.set(ylabel="|final risk − predicted least|", title="one mark per seed")
    _strips(right, every, every.frame_error)
    right.set(ylabel="deviation from an orthonormal frame", title="one mark per seed")
    return figure


def _strips(axes, ordered, values) -> None:
    clusters = list(np.unique(ordered.clusters))
    labels = []
    for place in range(ordered.sizes["point"]):
        point = ordered.isel(point=place)
        number = clusters.index(point.clusters)
        style.strip(axes, place, np.maximum(values.isel(point=place), FLOOR), number)
        alone = "\n1 token" if float(point.length) == 1 else ""
        labels.append(f"{float(point.fraction):.3g}\nK={int(point.clusters)}{alone}")
    style.names(axes, labels)
    axes.set(yscale="log", xlabel="strength / largest strength; clusters K")
    spacing = np.finfo(float).eps
    axes.axhline(spacing, color="black", linewidth=1.2, label="spacing of 64-bit numbers at 1")
    axes.set_ylim(FLOOR / 3, max(1e-6, 10 * float(values.max())))
    style.legend(axes, bbox_to_anchor=(0.5, -0.22))
