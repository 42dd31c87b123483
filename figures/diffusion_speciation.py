"""Return probability per class against time: quadrature as lines, drawn points, U-turns, clones."""

from __future__ import annotations

import numpy as np

from figures import style

EXPERIMENT = "diffusion_speciation"
COMPARED = ("theory_cloned",)
TITLES = {"two": "two classes, one variance", "three": "three classes, three variances"}


def draw(dataset):
    """Two and three unequal classes; balanced ones in several dimensions; short steps."""
    figure, (left, middle, right, last) = style.panels(4, width=4.0, height=3.8)
    offsets = dataset.offsets.values[0]
    finest = dataset.sizes["size"] - 1
    for axes, case in ((left, "two"), (middle, "three")):
        here = dataset.isel(point=int(np.flatnonzero(dataset.case.values == case)[0]))
        centre = np.log(float(here.dimension)) / 2
        for c in map(int, np.flatnonzero(here.fraction.values > 0)):
            name = f"class of fraction {float(here.fraction[c]):g}"
            style.line(axes, centre + dataset.curve.values, here.theory_curve.values[:, c], c)
            style.points(axes, centre + offsets, here.drawn.values[:, :, c].T, c, name)
            turned = here.turned.values[:, :, finest, c].T
            style.points(
                axes, centre + dataset.turn.values, turned, c, "" if c else "open: U-turns",
                markerfacecolor="none", markersize=9,
            )  # fmt: skip
        style.line(axes, centre + dataset.curve.values, here.theory_cloned.values, 4)
        style.points(
            axes, centre + dataset.turn.values, here.cloned.values[:, :, finest].T, 4,
            "two clones in one class", markerfacecolor="none", markersize=9,
        )  # fmt: skip
        axes.set(
            xlabel="time of the turn", ylabel="probability to return to the class",
            title=f"{TITLES[case]}, d = {int(here.dimension)}", ylim=(0, 1.05),
        )  # fmt: skip
        style.legend(axes, columns=1)
    _balanced(right, dataset, offsets)
    _steps(last, dataset)
    return figure


def _balanced(axes, dataset, offsets) -> None:
    some = np.flatnonzero(dataset.case.values == "balanced")
    some = some[np.argsort(dataset.dimension.values[some])]
    for number, place in enumerate(some):
        here = dataset.isel(point=place)
        if number == 0:
            line = here.theory_curve.values[:, 0]
            style.line(axes, dataset.curve.values, line, 4, "quadrature, any dimension")
        both = np.nanmean(here.drawn.values[:, :, :2], axis=2)
        shift = 0.03 * (number - 1)
        style.points(axes, offsets + shift, both.T, number, f"d = {int(here.dimension)}")
    style.level(axes, 0.7752002454, "0.7752")
    axes.set(
        xlabel="time − log(d)/2", ylabel="probability to return to the class",
        title="two balanced classes: one curve", ylim=(0.45, 1.05),
    )  # fmt: skip
    style.legend(axes, columns=1)


def _steps(axes, dataset) -> None:
    sizes, number = dataset["size"].values, 0
    for case, marker in (("two", "two classes"), ("three", "three classes")):
        here = dataset.isel(point=int(np.flatnonzero(dataset.case.values == case)[0]))
        for turn in range(dataset.sizes["turn"]):
            offset = float(dataset.turn[turn])
            exact = float(here.theory_cloned.sel(curve=offset))
            gap = here.cloned.values[:, turn] - exact
            name = f"{marker}, time {offset:+g}".replace("-", "−")
            style.points(axes, sizes * 1.04**number, gap.T, number, name)
            number += 1
    axes.axhline(0, color="black", linewidth=1.6, label="quadrature")
    style.ticks(axes, sizes)
    axes.set(
        xlabel="backward steps", ylabel="simulated − exact", title="clones: error of the steps"
    )
    style.legend(axes, columns=1)
