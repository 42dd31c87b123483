"""Two squares and two labels: three separators, and errors as the graph's influence changes."""

from __future__ import annotations

import numpy as np

from figures import style

EXPERIMENT = "graph_cuts"
NAMES = {
    "machine": "support vectors",
    "manifold": "manifold, strongest",
    "cut": "graph cut, g = 0.01",
}


def draw(dataset):
    """The first draw with its separators; errors of all draws by strength and regularisation."""
    figure, axes = style.panels(3, width=4.4, height=4.0)
    place, lines = dataset.place.values[0, 0], dataset.line.values[0, 0]
    half = len(place) // 2
    for number, rows in enumerate((slice(0, half), slice(half, None))):
        look = {**style.look(number), "markersize": 3, "markerfacecolor": "none"}
        axes[0].plot(*place[rows].T, **look, label=("below", "above")[number])
        axes[0].plot(*place[rows][0], **{**look, "markersize": 10, "markerfacecolor": None})
    along = np.array([-1.1, 1.1])
    for number, name in enumerate(dataset.method.values):
        first, second, offset = lines[number]
        # The two that coincide are drawn one over the other.
        style.line(axes[0], along, -(first * along + offset) / second, number + 2, NAMES[str(name)],
                   linewidth=(4.0, 1.6, 1.6)[number], alpha=(0.35, 1, 1)[number])  # fmt: skip
    axes[0].set(
        xlabel="first coordinate", ylabel="second coordinate", ylim=(-2.6, 2.6),
        title="one draw; large marks are labelled",
    )  # fmt: skip
    machine = dataset.error_machine.values[0]
    for each, name, x, what in (
        (axes[1], "error_manifold", dataset.strength.values, "this graph"),
        (axes[2], "error_cut", dataset.regularisation.values, "graph cut"),
    ):
        style.points(each, x, dataset[name].values[0].T, 0, what)
        style.level(each, machine.mean(), "support vectors", at="left")
        each.set(xscale="log", ylabel="share of points on the wrong side", ylim=(-0.01, None))
    style.points(
        axes[1], dataset.strength.values, dataset.error_manifold_along.values[0].T, 1,
        "a graph of edges that hardly rise",
    )  # fmt: skip
    axes[1].set(xlabel="strength of the manifold penalty", title="manifold regularisation")
    axes[2].set(xlabel="regularisation g", title="max-margin graph cuts")
    for each in axes:
        style.legend(each, columns=2)
    return figure
