"""Speciation times against the minority's fraction, by criterion; variance-only classes."""

from __future__ import annotations

import numpy as np

from figures import style

EXPERIMENT = "diffusion_speciation_times"
COMPARED = ("theory_balanced", "theory_quarter")
NAMES = ("half", "normalised half", "Bayes", "covariance")


def draw(dataset):
    """Times of two classes, delays by criterion, three classes, and the quarter-log law."""
    figure, (left, delays, right, last) = style.panels(4, width=4.0, height=3.8)
    _times(left, dataset.isel(point=_ordered(dataset, 2)), "two classes, d = 64")
    _delays(delays, dataset.isel(point=_ordered(dataset, 2)))
    _times(right, dataset.isel(point=_ordered(dataset, 3)), "three classes, d = 64")
    dimensions = dataset.dimension.values
    for c, variance in enumerate(("0.5", "1.5")):
        times = dataset.theory_quarter.values[:, c]
        style.line(last, dimensions, times, c)
        last.plot(dimensions, times, **style.look(c), label=f"Bayes time, variance {variance}")
        guide = times[-1] + np.log(dimensions / dimensions[-1]) / 4
        last.plot(
            dimensions, guide, color=style.GUIDE, linestyle=":", label=None if c else "log(d)/4"
        )
    style.ticks(last, dimensions)
    last.set(xlabel="dimension", ylabel="speciation time", title="classes that differ in variance")
    style.legend(last, columns=1)
    return figure


def _ordered(dataset, classes: int) -> np.ndarray:
    places = np.flatnonzero(dataset.classes.values == classes)
    return places[np.argsort(dataset.fraction.values[places])]


def _spaced(shares: np.ndarray) -> list[float]:
    """Those far enough apart for their labels."""
    kept = [shares[-1]]
    for share in shares[::-1]:
        if share < kept[-1] / 2.5:
            kept.append(share)
    return kept


def _times(axes, some, title: str) -> None:
    shares = some.fraction.values
    for number, name in enumerate(NAMES):
        style.line(axes, shares, some.theory.values[:, number, 0], number, name)
    for number in range(2):
        style.points(
            axes, shares, some.measured.values[:, :, number], number, f"{NAMES[number]}: simulated"
        )
    style.points(
        axes, shares, some.measured.values[:, :, 2], 4, "normalised half of the majority",
        markerfacecolor="none", markersize=8,
    )  # fmt: skip
    style.line(axes, shares, some.theory.values[:, 1, 1], 4)
    style.ticks(axes, _spaced(shares))
    axes.set(
        xlabel="fraction of the minority", ylabel="speciation time", title=title, ylim=(0, None)
    )
    style.legend(axes, columns=1)


def _delays(axes, some) -> None:
    shares = some.fraction.values
    for number in (1, 2, 3):
        base = some.theory_balanced.values[:, number]
        style.line(axes, shares, base - some.theory.values[:, number, 0], number, NAMES[number])
    base = some.theory_balanced.values[:, 1, None]
    style.points(
        axes, shares, base - some.measured.values[:, :, 1], 1, "normalised half: simulated"
    )
    style.ticks(axes, _spaced(shares))
    axes.set(
        xlabel="fraction of the minority", ylabel="delay against balanced classes",
        title="the covariance criterion overstates",
    )  # fmt: skip
    style.legend(axes, columns=1)
