"""Long sequences: risk and output tend to their infinite-length limits as one over the length."""

from __future__ import annotations

import numpy as np

from figures import style

EXPERIMENT = "attention_length"
COMPARED = ("theory_infinite",)


def draw(dataset):
    """Gap to the infinite-length risk, and distance from the linear map, against the length."""
    figure, axes = style.panels(2, height=4.2)
    point = dataset.isel(point=0)
    lengths = point["size"].values
    limit = float(dataset.theory_infinite)
    gap = dataset.theory_risk.values - limit
    shown = (
        ("gap", gap, f"|risk − {limit:.4f}, its limit|", "gap in risk"),
        (
            "distance",
            dataset.theory_distance.values,
            "E|output − limit|²",
            "distance of the output",
        ),
    )
    for panel, (name, predicted, label, title) in zip(axes, shown):
        sign = np.sign(predicted)
        style.line(panel, lengths, np.abs(predicted), 4, "exact formula", linestyle="-")
        style.power_law(panel, lengths, abs(predicted[-1]), -1, "slope −1")
        style.points(
            panel, lengths, point[name].values.T * sign[:, None], 0, "simulated, 95% interval"
        )
        panel.set(
            xlabel="length (tokens)",
            ylabel=f"{label} (|centroid|² = 1)",
            title=title,
        )
        style.ticks(panel, lengths)
        style.short_log(panel)
        style.legend(panel, columns=2)
    return figure
