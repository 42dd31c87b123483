"""Errors on pairs of digits from a few labels, and the thesis's table on other data."""

from __future__ import annotations

import numpy as np

from figures import style

EXPERIMENT = "graph_cuts_digits"
EACH = 174  # images of a digit
# 2605.03495, table of section 6.1.3, Gaussian kernels, 1 and 10% labelled (error in percent):
# support vectors, manifold regularisation, graph cuts.
PRINTED = {
    "Letter": ((20.06, 17.61, 16.01), (4.95, 6.14, 3.32)),
    "Digit": ((8.22, 6.36, 7.65), (1.68, 1.75, 1.35)),
    "ImgSeg": ((14.02, 11.60, 9.51), (3.84, 4.81, 3.73)),
}
FLOOR = 0.01  # percent: no error at all


def draw(dataset):
    """Means over pairs by share of labels, each pair at the smallest share, and what is printed."""
    figure, axes = style.panels(3, width=4.4, height=3.8)
    methods = [str(name) for name in dataset.method.values]
    share = 100 * np.asarray(dataset.each.values) / EACH
    errors = 100 * dataset.error.values
    for number, name in enumerate(methods):
        samples = errors[..., number].mean(2)
        style.points(axes[0], share * 1.04 ** (number - 1.5), samples, number, name)
    axes[0].set(xlabel="labelled images / %", ylabel="error on the others / %", title="six pairs")
    least = int(share.argmin())
    pairs = [str(name) for name in dataset.pair.values]
    for number, name in enumerate(methods):
        middle, half = style.estimate(np.maximum(errors[least, :, :, number], 0).T)
        axes[1].errorbar(
            np.maximum(middle, FLOOR), np.arange(len(pairs)) + 0.16 * (number - 1.5), xerr=half,
            capsize=2, label=name, **style.look(number),
        )  # fmt: skip
    style.rows(axes[1], pairs)
    axes[1].set(
        xscale="log", xlim=(FLOOR / 1.5, 60), xlabel="error / % (at the left edge: none)",
        ylabel="pair", title=f"{share[least]:.1f}% labelled",
    )  # fmt: skip
    _printed(axes[2])
    style.ticks(axes[0], share)
    axes[0].set_yscale("log")
    for each in axes:
        style.legend(each, columns=2)
    return figure


def _printed(axes) -> None:
    for number, name in enumerate(("support vectors", "manifold", "graph cuts")):
        for place, table in enumerate(PRINTED.values()):
            for step, row in enumerate(table):
                look = {**style.look((0, 4, 2)[number]), "markerfacecolor": "none"}
                label = name if place == step == 0 else None
                axes.plot(row[number], 2 * place + step + 0.16 * (number - 1), **look, label=label)
    style.rows(axes, [f"{name}, {share}%" for name in PRINTED for share in (1, 10)])
    axes.set(
        xscale="log", xlabel="error / %", ylabel="data and labelled share",
        title="printed in the thesis, on its data",
    )  # fmt: skip
    style.ticks(axes, (1, 2, 5, 10, 20))
