"""Descent against flow as steps shrink, and drawn noise against the exact average."""

from __future__ import annotations

from figures import style

EXPERIMENT = "diffusion_exactness"


def draw(dataset):
    """The gap of descent to the flow, and averages over drawn noise relative to the exact ones."""
    figure, (left, right) = style.panels(2, width=4.8, height=3.9)
    steps = dataset.stride.values
    style.points(left, steps, dataset.gap.values[0].T, 0, "largest gap of any loss")
    style.power_law(
        left, steps, float(dataset.gap.values[0, :, -1].mean()), -1.0, "guide: first order"
    )
    style.ticks(left, steps)
    style.short_log(left)
    left.set(
        xlabel="steps per unit of training time",
        ylabel="descent − flow",
        title="plain descent tends to the flow",
    )
    style.legend(left)
    right.axvline(1.0, color="black", linewidth=1.4, label="exact average")
    names = (("", "products of\ntwo features"), ("_diagonal", "square of\na feature"))
    for place, (name, _) in enumerate(names):
        exact = dataset[f"exact{name}"].values[0]
        for number, (kind, label) in enumerate((("drawn", "drawn noise"), ("silent", "no noise"))):
            ratio = dataset[f"{kind}{name}"].values[0] / exact
            middle, half = style.estimate(ratio)
            right.errorbar(
                middle,
                place + 0.15 * number,
                xerr=half,
                capsize=2.5,
                **style.look(number),
                label=label if place == 0 else None,
            )
    style.rows(right, [label for _, label in names])
    right.set(
        xlabel="over the exact average",
        ylabel="average over the noise",
        title="the average over the noise",
    )
    style.legend(right, columns=3)
    return figure
