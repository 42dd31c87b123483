"""The condition that Falkon works with, and what its steps leave of the way to the solution."""

from __future__ import annotations

import numpy as np

from figures import style

EXPERIMENT = "kernel_steps"
SHOWN = 1e-9  # less is drawn there


def draw(dataset):
    """Condition against centres by ridge; what steps leave against the condition, with bounds."""
    figure, (axes, right) = style.panels(2, width=5.4, height=4.4)
    many = dataset.centres.values
    values = dataset.condition.values[0]
    for number, ridge in enumerate(dataset.ridge.values):
        style.points(axes, many, values[:, :, number].T, number, f"ridge {ridge:.0e}")
    style.ticks(axes, many)
    axes.set(
        yscale="log", xlabel="centres", ylabel="condition of what Falkon solves",
        title="800 inputs, effective dimension 16 to 40",
    )  # fmt: skip
    style.legend(axes, columns=2)
    flat = values.ravel()
    last = dataset.walked.values[-1]
    for number, step in enumerate(dataset.walked.values):
        known = dataset.theory_left.values[:, number]
        style.line(right, dataset.curve.values, known, number, f"{step}: bound")
        if step == last:
            left, name = dataset.energy.values[0].ravel(), f"{step}: targets of the problem"
        else:
            left, name = dataset.worst.values[0][..., number].ravel(), f"{step}: hard targets"
        look = {**style.look(number), "markerfacecolor": "none", "markersize": 4, "alpha": 0.6}
        right.plot(flat, np.maximum(left, SHOWN), label=name, **look)
    right.set(
        xscale="log", yscale="log", ylim=(SHOWN / 2, 2), xlabel="condition of what Falkon solves",
        ylabel="left of the way to the direct solution",
        title="in the operator's norm, by number of steps",
    )  # fmt: skip
    style.legend(right, columns=2)
    return figure
