"""Oblique centroids: heads at the predicted optimum, which is the centroids at one strength."""

from __future__ import annotations

import numpy as np

from figures import style

EXPERIMENT = "attention_oblique"
COMPARED = ("theory_alignment",)
KINDS = ((False, "no regulariser"), (True, "regularised"))


def draw(dataset):
    """Alignment found against predicted, against the strength, and the gap between the two."""
    figure, (left, middle, right) = style.panels(3, height=4.2)
    _agreement(left, dataset)
    _against_strength(middle, dataset)
    _gaps(right, dataset)
    return figure


def _agreement(axes, dataset) -> None:
    ends = np.array([float(dataset.theory_alignment.min()), 1.0])
    ends += np.array([-0.1, 0.1]) * max(ends[1] - ends[0], 0.01)
    style.line(axes, ends, ends, 4, "found = predicted", linestyle="-", linewidth=1)
    for number, (regularised, name) in enumerate(KINDS):
        chosen = dataset.isel(point=(dataset.regularisation.values > 0) == regularised)
        if chosen.sizes["point"]:
            options = {"markersize": 7, "markerfacecolor": "none"} if regularised else {}
            style.points(axes, chosen.theory_alignment, chosen.final, number, name, **options)
    axes.set(
        xlabel="predicted alignment (no regulariser)",
        ylabel="final alignment, mean over seeds",
        title="found against predicted",
    )
    style.legend(axes)


def _against_strength(axes, dataset) -> None:
    plain = dataset.isel(point=dataset.regularisation.values == 0)
    pairs = np.unique(np.stack([plain.overlap.values, plain.variance.values]), axis=1).T
    width = 0.08 * float(np.ptp(plain.strength.values) or 1)
    for number, (overlap, variance) in enumerate(pairs):
        same = (plain.overlap.values == overlap) & (plain.variance.values == variance)
        chosen = plain.isel(point=same).sortby("strength")
        name = f"overlap {style.plain(overlap)}, deviation {style.plain(np.sqrt(variance))}"
        strengths, predicted = chosen.strength.values, chosen.theory_alignment.values
        style.dashes(axes, strengths, predicted, number, width=width)
        style.points(axes, strengths, chosen.final, number, name)
    axes.plot([], [], color="black", linewidth=1.6, label="predicted optimum")
    style.level(axes, 1.0, "heads at the centroids")
    axes.set(xlabel="strength of the layer", ylabel="final alignment", title="no regulariser")
    style.legend(axes)


def _gaps(axes, dataset) -> None:
    ordered = dataset.sortby(["overlap", "variance", "regularisation", "strength"])
    gaps = np.abs(ordered.final - ordered.theory_alignment).max("seed").values
    gaps = np.maximum(gaps, 1e-16)
    labels = []
    for place in range(ordered.sizes["point"]):
        point = ordered.isel(point=place)
        number = int(point.regularisation > 0)
        axes.plot([1e-17, gaps[place]], [place, place], color="0.8", linewidth=1)
        axes.plot([gaps[place]], [place], **style.look(number))
        values = (point.overlap, point.strength, point.regularisation)
        labels.append(", ".join(style.plain(value) for value in values))
    style.rows(axes, labels)
    axes.set(
        xscale="log",
        xlim=(3e-17, 1),
        xlabel="largest |found − predicted| over seeds",
        ylabel="overlap, strength, regulariser",
        title="gap in alignment",
    )
    for number, (_, name) in enumerate(KINDS):
        axes.plot([], [], **style.look(number), label=name)
    style.legend(axes, columns=2)
