"""Noise levels of graphs against the level they stay below with probability."""

from __future__ import annotations

import numpy as np

from figures import style

EXPERIMENT = "convex_levels"
NAMES = {
    "complete": "complete", "ring": "ring", "path": "path", "barbell": "barbell",
    "blocks": "blocks", "sorted": "path through\nsorted noise", "neighbours": "its\nneighbours",
}  # fmt: skip


def draw(dataset):
    """Quantiles over draws of the level over its bound; graphs made of the noise exceed it."""
    figure, axes = style.panels(2, width=6.0, height=4.2)
    titles = {
        "reached": "Gaussian noise, lengths of rows",
        "signs_reached": "random signs, largest entry",
    }
    for each, (name, title) in zip(axes, titles.items()):
        each.axvline(1.0, color="black", linewidth=1.4, label="bound, exceeded at most 1 in 10")
        own = () if name == "reached" else ("sorted", "neighbours")  # made of the other noise
        known = [design for design in NAMES if design in dataset.design.values]
        known = [design for design in known if design not in own]
        for place, design in enumerate(known):
            values = dataset[name].values[int(np.flatnonzero(dataset.design.values == design)[0])]
            for number, share in enumerate((0.5, 0.9, 1.0)):
                label = ("median", "nine of ten", "largest")[number] if place == 0 else None
                each.plot([np.quantile(values, share)], [place], **style.look(number), label=label)
        style.rows(each, [NAMES[design] for design in known])
        each.set(xlabel="noise level / its bound", ylabel="graph", title=title)
        style.legend(each, columns=2)
    return figure
