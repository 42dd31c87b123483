"""Losses of each class along training, simulated and predicted, and their distance against d."""

from __future__ import annotations

import numpy as np

from figures import style

EXPERIMENT = "diffusion_losses"
COMPARED = ("theory_train", "theory_test", "mixed_test")
TITLES = {
    "isotropic": "isotropic classes",
    "subspaces": "classes along unlike directions",
    "apart": "variances 1.8 and 0.2",
}


def draw(dataset):
    """Per setting: the curves at the largest dimension, and the distance of curves against d."""
    names = [name for name in TITLES if name in dataset.setting.values]
    figure, axes = style.panels(2, rows=len(names), width=5.4, height=3.9)
    for row, name in enumerate(names):
        some = dataset.isel(point=np.flatnonzero(dataset.setting.values == name))
        some = some.isel(point=np.argsort(some.dimension.values))
        curves(axes[2 * row], some.isel(point=-1), TITLES.get(name, name))
        (_times if name == "apart" else _distances)(axes[2 * row + 1], some)
    return figure


def curves(axes, one, title) -> None:
    """Train and test loss of both classes: lines predicted, marks simulated (80% of draws)."""
    times = one.training_time.values
    for place in range(one.sizes["class"]):
        for kind, dash in (("train", (0, (2, 1.5))), ("test", "-")):
            number = 2 * place + (kind == "train")
            label = f"{kind}, class {place + 1}"
            style.line(axes, times, one[f"theory_{kind}"].values[:, place], number, linestyle=dash)
            style.course(axes, times, one[kind].values[:, :, place], number, label)
    axes.set(
        xscale="log",
        xlabel="training time τ",
        ylabel="loss of the class",
        title=f"{title}; d = {int(one.dimension)}",
    )
    axes.set_ylim(0, min(2.5, 1.15 * float(one.theory_test.max())))
    style.legend(axes, columns=2)


def _times(axes, some) -> None:
    """When the first class is memorised and the second learned, and what each alone would take."""
    sizes = some.dimension.values
    for number, (kind, place, what) in enumerate(
        (("gap", 0, "class 1 memorised"), ("share", 1, "class 2 learned"))
    ):
        one = some.sel(definition=kind)
        style.line(axes, sizes, one.theory_times.values[:, place], number)
        alone = one.alone_times.values[:, place]
        style.line(axes, sizes, alone, number, f"{what}, if alone", linestyle=(0, (2, 1.5)))
        style.points(axes, sizes, one.times.values[..., place], number, what)
    style.ticks(axes, sizes)
    style.short_log(axes)
    axes.set(xlabel="dimension d", ylabel="training time τ", title="one after the other")
    style.legend(axes, columns=2)


def _distances(axes, some) -> None:
    sizes, times = some.dimension.values, some.training_time.values
    during = (times >= 1) & (times <= 1e4)
    for number, (kind, theory, place) in enumerate(
        (
            ("train", "theory", 0),
            ("test", "theory", 0),
            ("train", "theory", 1),
            ("test", "theory", 1),
            ("test", "mixed", 1),
        )
    ):
        wanted = some[f"{theory}_{kind}"].values[:, None, during, place]
        apart = np.abs(some[kind].values[:, :, during, place] - wanted).mean(axis=2)
        label = f"{kind}, class {place + 1}" + (", one class assumed" if theory == "mixed" else "")
        style.points(axes, sizes, apart, number, label)
        if number == 3:
            style.power_law(axes, sizes, apart[-1].mean(), -1.0, "guide: 1/d")
    style.ticks(axes, sizes)
    style.short_log(axes)
    axes.set(
        xlabel="dimension d", ylabel="mean distance of the curves", title="simulation to theory"
    )
    style.legend(axes, columns=2)
