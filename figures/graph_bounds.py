"""Harmonic solutions over bounds on them: those that hold reach 1, the printed lemma is passed."""

from __future__ import annotations

import numpy as np

from figures import style

EXPERIMENT = "graph_bounds"
HARD = ("largest", "hops", "ways")
SOFT = (
    ("largest soft label", "soft", "soft_bound", 0),
    ("length, c + g", "length", "length_bound", 0),
    ("length, 1 + g\n(printed lemma)", "length", "length_printed", 1),
    ("online and offline", "turned", "turned_bound", 0),
    ("online and offline,\nas printed", "turned", "turned_printed", 2),
    ("two graphs", "moved", "moved_bound", 0),
    ("two graphs,\nas printed", "moved", "moved_printed", 2),
    ("two graphs,\nby the lemma", "moved", "moved_by_lemma", 1),
)
LOOK = ("derived here", "false", "printed, true")
DESIGNS = ("random", "star", "funnel", "slope")


def draw(dataset):
    """Hard labels over three bounds on each design; soft ones over bounds true and false."""
    figure, axes = style.panels(2, width=6.2, height=4.4)
    axes[0].axvline(1.0, color="black", linewidth=1.4, label="bound")
    design = dataset.design.values
    for number, name in enumerate(HARD):
        label = {"largest": "d / (d + g)", "hops": "to the hops", "ways": "best way"}[name]
        for place, shape in enumerate(DESIGNS):
            ratio = dataset.hard.values[design == shape] / dataset[name].values[design == shape]
            each = np.nanmax(ratio, axis=-1).ravel()
            _across(axes[0], place + 0.22 * (number - 1), each, number, label)
            label = ""
    style.rows(axes[0], DESIGNS)
    axes[0].set(xlabel="largest |label| / bound of a draw", ylabel="graph", title="hard")
    axes[1].axvline(1.0, color="black", linewidth=1.4, label="bound")
    told = set()
    for place, (_, left, right, kind) in enumerate(SOFT):
        ratio = (dataset[left].values / dataset[right].values).ravel()
        label = "" if kind in told else LOOK[kind]
        told.add(kind)
        _across(axes[1], place, np.maximum(ratio, 1e-4), kind, label)
    style.rows(axes[1], [name for name, *_ in SOFT])
    axes[1].set(xscale="log", xlabel="left / bound", ylabel="bound on", title="soft")
    for each in axes:
        style.legend(each, columns=2)
    return figure


def _across(axes, place, values, number, label) -> None:
    """One mark a draw along the horizontal axis, spread evenly around `place`."""
    values = np.sort(values)
    spread = 0.09 * (2 * ((np.arange(len(values)) * 0.618034) % 1) - 1)
    look = {**style.look(number), "markerfacecolor": "none", "markersize": 4, "alpha": 0.7}
    axes.plot(values, place + spread, label=label or None, **look)
