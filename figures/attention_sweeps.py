"""Random starts with a moderate regulariser succeed at every dimension, length and noise tried."""

from __future__ import annotations

import numpy as np

from figures import style

EXPERIMENT = "attention_sweeps"
VARIED = {
    "dimension": "dimension",
    "length": "length (tokens)",
    "variance": "noise deviation (|centroid| = 1)",
}


def draw(dataset):
    """Steps to reach alignment 0.9 (above) and success rates (below) against what was varied."""
    figure, axes = style.panels(3, rows=2, height=2.7, width=3.8)
    usual = {name: _most_common(dataset[name].values) for name in VARIED}
    for column, (varied, label) in enumerate(VARIED.items()):
        kept = np.ones(dataset.sizes["point"], bool)
        for other in set(VARIED) - {varied}:
            kept &= dataset[other].values == usual[other]
        _, first = np.unique(dataset[varied].values[kept], return_index=True)
        chosen = dataset.isel(point=np.flatnonzero(kept)[first])
        x = chosen[varied].values.astype(float)
        x = np.sqrt(x) if varied == "variance" else x
        above, below = axes[column], axes[3 + column]
        middle, half = style.estimate(np.log(chosen.steps_to_reach.values))
        spread = [np.exp(middle) - np.exp(middle - half), np.exp(middle + half) - np.exp(middle)]
        above.errorbar(x, np.exp(middle), yerr=spread, capsize=2.5, **style.look(0))
        style.short_log(above)
        above.set(xlabel=label, ylabel="steps to alignment 0.9")
        style.line(below, x, np.ones(x.size), 4, "predicted: all", linestyle="-")
        style.fractions(below, x, chosen.success, 1, "descent, 95% Wilson interval")
        below.set(ylim=(-0.04, 1.08), xlabel=label, ylabel="success rate")
        for panel in (above, below):
            style.ticks(panel, x)
    low = min(panel.get_ylim()[0] for panel in axes[:3])
    high = max(panel.get_ylim()[1] for panel in axes[:3])
    for panel in axes[:3]:
        panel.set_ylim(low, high)
    axes[1].set_title("geometric mean over seeds, 95% interval")
    axes[4].set_title("success: final alignment above 0.99")
    style.legend(axes[4], columns=2, bbox_to_anchor=(0.5, -0.3))
    return figure


def _most_common(values):
    """The value the experiment keeps where it varies something else."""
    found, counts = np.unique(values, return_counts=True)
    return found[np.argmax(counts)]
