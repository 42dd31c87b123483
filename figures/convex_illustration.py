"""Three clusters: their graphs, the edges that are bottlenecks, a barbell, and solution paths."""

from __future__ import annotations

import numpy as np
from matplotlib.collections import LineCollection

from figures import style

EXPERIMENT = "convex_illustration"
EXAMPLES = ("k=59", "k=59, decay 3", "k=4", "k=6, decay 3")
BOTTLENECKS = ("k=3", "k=4")
# Two pentagons that face each other, bridged nodes inside.
TURNS = 2 * np.pi * np.array([0.0, 0.2, 0.8, 0.4, 0.6])
LEFT = np.stack([-1.6 + np.cos(TURNS), np.sin(TURNS)], axis=1)
BARBELL = np.concatenate([LEFT, LEFT * (-1, 1)])


def draw(dataset):
    """Rows: four graphs; bottlenecks and the barbell; mean r_e over draws, and paths."""
    figure, axes = style.panels(4, rows=3, width=3.9, height=3.5)
    some = dataset.isel(point=0).transpose("seed", ...)
    first = some.isel(seed=0)
    for panel, name in zip(axes[:4], EXAMPLES):
        _graph(panel, first.sel(graph=name))
        panel.set_title(f"{name}" + (" (all pairs)" if "59" in name else ""))
    for panel, name in zip(axes[4:6], BOTTLENECKS):
        drawn = _graph(panel, first.sel(graph=name), coloured=True)
        figure.colorbar(drawn, ax=panel, label="r_e")
        panel.set_title(f"bottlenecks, {name}")
    _barbell(figure, axes[6], dataset, "theory_sensitivity", "r_e", 2)
    _barbell(figure, axes[7], dataset, "theory_commute", "commute time (steps)", 1)
    _means(axes[8], some)
    shown = [name for name in some.path.values if name != "k=5, decay 2"]
    for panel, name in zip(axes[9:12], [*shown[:1], *shown[-2:]]):
        _path(panel, first.sel(path=name), str(name))
    return figure


def _graph(axes, one, coloured=False):
    """Edges, darker where the weight is larger or coloured by r_e; nodes by cluster."""
    ends = one.edges.values
    there = ends[:, 0] >= 0
    places = one.points.values
    segments = [*places[ends[there].astype(int)]]
    if coloured:
        drawn = LineCollection(segments, cmap="viridis_r", linewidths=1.3)
        drawn.set_array(one.sensitivity.values[there])
    else:
        weights = one.weights.values[there]
        strength = np.clip(weights / weights.max(), 0, 1) * min(1, 25 / np.sqrt(there.sum()) / 4)
        colours = np.zeros((len(strength), 4))
        colours[:, 3] = np.maximum(strength, 0.02)
        drawn = LineCollection(segments, colors=colours, linewidths=0.8)
    axes.add_collection(drawn)
    _nodes(axes, one, places)
    return drawn


def _nodes(axes, one, places) -> None:
    for number in range(3):
        own = one.label.values == number
        axes.plot(*places[own].T, label=f"cluster {number + 1}", **style.look(number))
    axes.set(xlabel="first coordinate", ylabel="second coordinate")
    axes.set_aspect("equal", adjustable="datalim")
    axes.grid(visible=False)


def _barbell(figure, axes, dataset, name, label, digits) -> None:
    """Two cliques of five with three bridges; a number at one edge of each kind."""
    ends, values = dataset.barbell_edges.values, dataset[name].values
    drawn = LineCollection([*BARBELL[ends]], cmap="viridis_r", linewidths=2)
    drawn.set_array(values)
    axes.add_collection(drawn)
    figure.colorbar(drawn, ax=axes, label=label)
    axes.plot(*BARBELL.T, color="black", marker="o", linestyle="none")
    for place in np.unique(np.round(values, 9), return_index=True)[1]:
        middle = BARBELL[ends[place]].mean(axis=0)
        axes.annotate(
            f"{values[place]:.{digits}f}", middle, fontsize=7, ha="center", va="center",
            bbox={"boxstyle": "round,pad=0.1", "facecolor": "white", "edgecolor": "none"},
        )  # fmt: skip
    axes.set(xlabel="(no unit)", ylabel="(no unit)", title="barbell: 2 cliques of 5, 3 bridges")
    axes.set_aspect("equal", adjustable="datalim")
    axes.grid(visible=False)


def _means(axes, some) -> None:
    """Mean r_e within and between clusters, by graph."""
    names = [str(name) for name in some.graph.values]
    for number, (side, label) in enumerate((("within", "within"), ("between", "between"))):
        samples = some[side].transpose("graph", "seed").values
        style.points(axes, np.arange(len(names)) + 0.15 * (number - 0.5), samples, number, label)
    style.names(axes, names)
    axes.set_xticks(range(len(names)), [name.replace(", ", "\n") for name in names], fontsize=7)
    style.short_log(axes)
    axes.set(xlabel="graph", ylabel="mean r_e of edges", title=f"{some.sizes['seed']} draws")
    axes.legend(title="clusters", fontsize=8, loc="lower right")


def _path(axes, one, name) -> None:
    """Each point's centroid from the point itself to the common mean."""
    courses = one.centroids.transpose("node", "level", "axis").values
    axes.add_collection(LineCollection([*courses], colors="0.55", linewidths=0.7, zorder=1))
    _nodes(axes, one, one.points.values)
    best = one.agreement.values.max()
    called = "cliques, one edge a pair" if name == "oracle" else name
    axes.set_title(f"path: {called} (best Rand index {best:.2f})", fontsize=9)
