"""What shells, cosine bands and the entropy slab keep: closed forms against draws."""

from __future__ import annotations

import numpy as np

from figures import style

EXPERIMENT = "selection_truncation"
COMPARED = ("theory",)
GRID_ORDER = True
PANELS = {
    "shell": ("distance shells", ("variance",)),
    "line": ("bands of a linear score", ("mean", "variance")),
    "cosine": ("bands of a cosine", ("mean", "variance", "mean across")),
    "slab": (
        "highest entropies of two domains",
        ("share of the first", "its mean", "its variance"),
    ),
}


def draw(dataset):
    """One panel per kind, a setting per row."""
    figure, axes = style.panels(2, rows=2, width=6.0, height=3.8)
    for panel, (kind, (title, quantities)) in zip(axes, PANELS.items()):
        some = dataset.isel(point=np.flatnonzero(dataset.kind.values == kind))
        places = np.arange(some.sizes["point"])
        for number, name in enumerate(quantities):
            rows = places + 0.18 * (number - (len(quantities) - 1) / 2)
            middle, half = style.estimate(some.measured.values[:, :, number])
            panel.errorbar(
                middle, rows, xerr=half, capsize=2.5, label=f"{name}, drawn", **style.look(number)
            )
            panel.plot(
                some.theory.values[:, number], rows, linestyle="none", marker="|", markersize=14,
                color="black", label="closed form" if number == 0 else None,
            )  # fmt: skip
        style.rows(panel, [_name(kind, some, place) for place in places])
        panel.set(xlabel="deviations, or squares of them", ylabel="setting", title=title)
        style.legend(panel, columns=2)
    return figure


def _name(kind: str, some, place: int) -> str:
    values = {name: style.plain(some[name].values[place]) for name in ("low", "high", "along",
              "across", "separation", "prior", "dimension")}  # fmt: skip
    if kind == "slab":
        kept = style.plain(1 - some.low.values[place])
        return f"apart {values['separation']}, prior {values['prior']}, top {kept}"
    band = f"{values['low']} to {values['high']}"
    if kind == "shell":
        return f"d = {values['dimension']}, {band}"
    if kind == "line":
        return band
    return f"d = {values['dimension']}, mean ({values['along']}, {values['across']}), {band}"
