"""Simulated spectra against the theory, and the distance between them as dimension grows."""

from __future__ import annotations

import numpy as np

from figures import style

EXPERIMENT = "diffusion_spectrum"
COMPARED = ("theory_below", "mixed_below", "atom")
TITLES = {
    "early": "two classes, t = 0.01",
    "late": "two classes, t = 0.1",
    "subspaces": "unlike directions, t = 0.1",
}


def draw(dataset):
    """Per setting: eigenvalues above x at the largest dimension, and the distance against d."""
    names = [name for name in TITLES if name in dataset.setting.values]
    figure, axes = style.panels(len(names), rows=2, width=4.4, height=3.6)
    for column, name in enumerate(names):
        some = dataset.isel(point=np.flatnonzero(dataset.setting.values == name))
        some = some.isel(point=np.argsort(some.dimension.values))
        _shares(axes[column], some, name)
        _distances(axes[len(names) + column], some)
    return figure


def _shares(axes, some, name) -> None:
    last = some.isel(point=-1)
    place = last.place.values
    shown = place > 0.5 * float(last.atom)
    for number, kind, label in (
        (0, "theory", "theory"),
        (1, "mixed", "one class of mean variance"),
    ):
        above = 1 - last[f"{kind}_below"].values
        style.line(axes, place[shown], above[shown], number, label)
    every = np.flatnonzero(shown)[::12]
    above = 1 - last.below.values[:, every]
    style.points(
        axes, place[every], above.T, 4, f"simulated, d = {int(last.dimension)}", markersize=3.5
    )
    axes.axvline(float(last.atom), color=style.GUIDE, linestyle=":", linewidth=1)
    axes.set(
        xscale="log",
        yscale="log",
        ylim=(3e-3, 1.5),
        xlim=(0.5 * float(last.atom), 60),
        xlabel="eigenvalue x of U",
        ylabel="share of eigenvalues above x",
        title=TITLES.get(name, name),
    )
    style.legend(axes)


def _distances(axes, some) -> None:
    sizes = some.dimension.values
    atom, place = some.atom.values[0], some.place.values
    for number, kind in ((0, "theory"), (1, "mixed")):
        wanted = some[f"{kind}_below"].values[0]
        exact = some.theory_below.values[0]
        inside = (place > 1.5 * atom) & (exact > exact.min() + 1e-9) & (exact < exact.max() - 1e-9)
        apart = np.abs(some.below.values - wanted)[:, :, inside].mean(axis=2)
        label = "from the theory" if kind == "theory" else "from one class of mean variance"
        style.points(axes, sizes, apart, number, label)
        if kind == "theory":
            style.power_law(axes, sizes, apart[-1].mean(), -1.0, "guide: 1/d")
    style.ticks(axes, sizes)
    style.short_log(axes)
    axes.set(xlabel="dimension d", ylabel="mean distance of the distributions")
    style.legend(axes)
