"""Error against work: one fit with few to all inputs as centres, and cells."""

from __future__ import annotations

import numpy as np

from figures import style

EXPERIMENT = "kernel_solvers"
TITLES = {"square": "square, 20 lengthscales a side", "cube": "cube, 4 lengthscales a side"}
KINDS = (("one fit", "one fit; labels: centres"), ("16 cells", "16 cells; labels: centres in each"))


def draw(dataset):
    """A row per problem: errors against operations counted, and against CPU seconds."""
    names = [name for name in TITLES if name in dataset.problem.values]
    figure, axes = style.panels(2, rows=len(names), width=5.4, height=4.0)
    for row, problem in enumerate(names):
        place = int(np.flatnonzero(dataset.problem.values == problem)[0])
        for axis, what in zip(axes[2 * row : 2 * row + 2], ("operations", "seconds")):
            _panel(axis, dataset, place, what)
            axis.set(title=TITLES[problem], ylabel="root mean square error (noise .1 not in it)")
        axes[2 * row].set(xlabel="operations of the solve, as counted by theory")
        axes[2 * row + 1].set(xlabel="CPU seconds of fit and prediction (median)")
    return figure


def _panel(axis, dataset, place, what):
    names = [str(name) for name in dataset.method.values]
    for number, (kind, label) in enumerate(KINDS):
        chosen = [i for i, name in enumerate(names) if name.startswith(kind)]
        errors = dataset.error.values[place][:, chosen]
        x = np.median(dataset[what].values[place][:, chosen], axis=0)
        middle, half = style.estimate(errors.T)
        options = {**style.look(number), "linestyle": "-", "linewidth": 0.8}
        axis.errorbar(x, middle, yerr=half, capsize=2.5, label=label, **options)
        for at, value, name in zip(x, middle, (names[i] for i in chosen)):
            word = name.removeprefix(f"{kind}, ").split()[0]
            axis.annotate(
                word, (at, value), xytext=(4, 4), textcoords="offset points", fontsize=7,
                color=style.COLOURS[number],
            )  # fmt: skip
    axis.set_xscale("log")
    axis.tick_params(axis="x", which="minor", labelbottom=False)
    style.short_log(axis)
    style.legend(axis)
