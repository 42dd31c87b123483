"""How the error bound grows with the number of points, by design of the graph."""

from __future__ import annotations

import numpy as np

from figures import style

EXPERIMENT = "convex_rates"
NAMES = {
    "complete": "complete", "blocks": "blocks", "sparse_blocks": "blocks, thinning between",
    "ring": "ring in order", "path": "path in order", "barbell": "barbell",
    "shuffled_ring": "ring, shuffled",
}  # fmt: skip


def draw(dataset):
    """The bound against n with its union bound, and sqrt(n) times it where that converges."""
    figure, (axes, right) = style.panels(2, width=5.6, height=4.6)
    sizes = dataset["size"].values
    for number, (design, label) in enumerate(NAMES.items()):
        some = dataset.isel(point=int(np.flatnonzero(dataset.design.values == design)[0]))
        style.points(axes, sizes, some.drawn.values.T, number, label)
        style.line(axes, sizes, some.theory_level.values, number)
        if design in ("path", "barbell"):
            style.points(right, sizes, (np.sqrt(sizes) * some.drawn.values).T, number, label)
            right.axhline(
                float(some.theory_constant), color=style.COLOURS[number % 7],
                linestyle=style.LINES[number % 7], label="limit",
            )  # fmt: skip
    style.ticks(axes, sizes)
    style.short_log(axes)
    axes.set(
        xlabel="points", ylabel="2 rho J / (n p)",
        title="noise drawn (marks) and union bound (lines)",
    )  # fmt: skip
    style.legend(axes, columns=3)
    style.ticks(right, sizes)
    right.set(
        xlabel="points", ylabel="sqrt(n) times it", title="no logarithm in what is drawn",
        ylim=(0, None),
    )  # fmt: skip
    style.legend(right, columns=2)
    return figure
