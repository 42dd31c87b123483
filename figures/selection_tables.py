"""Published averages over seven benchmarks: baselines, labelled pools, and DaaR."""

from __future__ import annotations

import numpy as np

from figures import style

EXPERIMENT = "selection_tables"


def draw(dataset):
    """Per model: every baseline, every labelled pool, and DaaR."""
    figure, (axes,) = style.panels(1, width=7.0, height=4.0)
    table, pools = dataset.averages.values[0, 0], dataset.pools.values[0, 0]
    for place in range(len(table)):
        named = ("baselines", "pools of labelled data", "DaaR") if place == 0 else ("", "", "")
        style.strip(axes, place - 0.2, table[place, 1:-1], 0, named[0])
        style.strip(axes, place + 0.2, pools[place][np.isfinite(pools[place])], 1, named[1])
        axes.hlines(table[place, -1], place - 0.45, place + 0.45, color="black", label=named[2])
    style.names(axes, [str(name) for name in dataset.model.values])
    axes.set(
        xlabel="model",
        ylabel="average over seven benchmarks (%)",
        title="as published; without raw models",
    )
    style.legend(axes, columns=3)
    return figure
