"""Two heads from the manifold, noiseless: convergence below the largest strength, rest above it."""

from __future__ import annotations

import numpy as np
from matplotlib.ticker import LogLocator, NullFormatter

from figures import style

EXPERIMENT = "attention_manifold_dirac"
FLOOR = 1e-10  # angles below are rounding


def draw(dataset):
    """Angle against steps per strength, with the predicted laws; and where the heads rest."""
    figure, (left, right) = style.panels(2, height=4.2)
    for number in range(dataset.sizes["point"]):
        point = dataset.isel(point=number)
        approach(left, point, number, f"strength {float(point.strength):.3f}")
    finish(left)
    order = np.argsort(dataset.strength.values)
    ordered = dataset.isel(point=order)
    style.line(right, ordered.strength, ordered.theory_resting, 4, "predicted resting overlap")
    for number in range(dataset.sizes["point"]):
        point = dataset.isel(point=number)
        style.points(right, [float(point.strength)], point.final.values[None], number)
    right.plot([], [], **style.look(0), label="descent: mean over seeds, 95% interval")
    right.set(
        xlabel="strength of the layer", ylabel="final alignment", title="where the heads rest"
    )
    style.legend(right)
    return figure


def approach(axes, point, number: int, label: str) -> None:
    """Median angle to the centroids over steps, and the predicted law through one of its points.

    The law is linear (an exponential in steps) below the largest strength, ``steps**-0.5`` at it,
    and a resting angle above it.
    """
    steps = (np.arange(point.sizes["frame"]) + 1) * int(point.stride)
    angle = np.median(point.angle.values, axis=0)
    shown = angle > FLOOR
    steps, angle = steps[shown], angle[shown]
    every = max(1, steps.size // 14)
    axes.plot(steps, angle, **style.look(number), markevery=every, label=label)
    rate = float(point.theory_log_rate)
    small = np.flatnonzero(angle < 1e-2)
    if rate > 1e-9:
        law = np.full(steps.size, np.arccos(float(point.theory_resting)))
    elif rate < -1e-9 and small.size:
        law = angle[small[0]] * np.exp(rate * (steps - steps[small[0]]))
    elif rate >= -1e-9 and steps.size:
        law = angle[-1] * np.sqrt(steps[-1] / steps)
    else:
        return
    below = law < 1.5
    style.line(axes, steps[below], law[below], number)


def finish(axes) -> None:
    """Axes and legend of a panel of approaches."""
    axes.set(
        xscale="log",
        yscale="log",
        xlabel="steps",
        ylabel="largest angle to a centroid (rad)",
        title="points: median over seeds; lines: predicted law",
    )
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.xaxis.set_minor_formatter(NullFormatter())
    style.legend(axes, columns=2)
