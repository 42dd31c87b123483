"""The bulks of the spectrum in the published settings, and the loss that falls through each."""

from __future__ import annotations

import numpy as np

from figures import style

EXPERIMENT = "diffusion_bulks"
GRID_ORDER = True
TITLES = {
    "one": "variance 1",
    "halves": "variance 1/2 and 3/2 along halves of the directions",
    "late": "variance 1, late in diffusion",
}


def draw(dataset):
    """Per setting: density of eigenvalues over log x, and of the training loss's fall."""
    number = dataset.sizes["point"]
    figure, axes = style.panels(number, rows=2, width=5.4, height=3.5)
    for column in range(number):
        one = dataset.isel(point=column)
        title = TITLES.get(str(one.setting.values), str(one.setting.values))
        _panel(axes[column], one, "below", f"{title}; d = {int(one.dimension)}")
        if str(one.setting.values) != "halves":
            _panel(axes[number + column], one, "learned", "what is learned through them")
        else:
            _counts(axes[number + column], one)
    return figure


def _panel(axes, one, name, title) -> None:
    place = one.place.values
    middle = np.sqrt(place[1:] * place[:-1])
    width = np.diff(np.log10(place))
    coarse = 7
    theory = np.diff(one[f"theory_{name}"].values) / width
    above = middle > 1.2 * float(one.atom)
    axes.fill_between(
        middle,
        np.where(above, theory, 0),
        color=style.COLOURS[0],
        alpha=0.25,
        step="mid",
        label="theory",
    )
    ends = place[::coarse]
    found = np.diff(one[name].values[:, ::coarse], axis=1) / (coarse * width[0])
    style.points(
        axes, np.sqrt(ends[1:] * ends[:-1]), found.T, 1, "simulated", markersize=3, elinewidth=0.8
    )
    axes.axvline(float(one.atom), color=style.GUIDE, linestyle=":", linewidth=1.1)
    axes.annotate(
        "atom",
        (float(one.atom), 0.9),
        xycoords=axes.get_xaxis_transform(),
        fontsize=8,
        ha="right",
        xytext=(-3, 0),
        textcoords="offset points",
    )
    scale = "share per decade" if name == "below" else "fall of the loss per decade"
    axes.set(
        xscale="log",
        yscale="log",
        ylim=(1e-3, 5),
        xlim=(5e-4, 100),
        xlabel="eigenvalue x of U",
        ylabel=scale,
        title=title,
    )
    style.legend(axes)


def _counts(axes, one) -> None:
    """Eigenvalues between the gaps, per bulk, over all draws."""
    p = float(one.features_per_dimension * one.dimension)
    masses = one.masses.values
    known = np.flatnonzero(np.isfinite(masses))
    style.dashes(axes, known, masses[known] * p, 0, "predicted", width=0.7)
    for place in known.tolist():
        label = "one draw each" if place == known[0] else ""
        style.strip(axes, place, one.counted_below.values[:, place] * p, 1, label)
    edges = one.edges.values
    names = [f"{edges[k, 0]:.3g}\nto {edges[k, 1]:.3g}" for k in known]
    names[0] = "atom and\n" + names[0]
    style.names(axes, names)
    axes.set(
        yscale="log", xlabel="bulk", ylabel="number of eigenvalues", title="eigenvalues per bulk"
    )
    style.legend(axes, bbox_to_anchor=(0.5, -0.3), columns=2)
