"""Softmax heads: the closed form holds for long prompts, centroids do not minimise the risk."""

from __future__ import annotations

import numpy as np

from figures import style

EXPERIMENT = "attention_softmax_risk"
GRID_ORDER = True
HEADS = (
    ("risk_centroids", "at the centroids"),
    ("risk_difference_axis", "along ± their difference"),
    ("risk_found", "found by descent"),
)


def draw(dataset):
    """Distance of finite prompts from the closed form; risks at three pairs of heads, per case."""
    figure, (left, right) = style.panels(2, height=4.2, width=4.8)
    _closed_form(left, dataset)
    cases = []
    for place in range(dataset.sizes["point"]):
        point = dataset.isel(point=place)
        cases.append(f"{point.joined.values} of heads,\nstrength {style.plain(point.strength)}")
        _paired(right, point, place, named=place == 0)
    style.names(right, cases)
    right.set(
        ylabel="risk (|centroid|² = 1)",
        xlabel="how the heads are joined",
        title="one mark per seed, joined within a seed",
    )
    style.legend(right, columns=2, bbox_to_anchor=(0.5, -0.22))
    return figure


def _closed_form(axes, dataset) -> None:
    """The heads of this check are summed in every case, so cases of one strength are pooled."""
    lengths = dataset.length.values
    for number, strength in enumerate(np.unique(dataset.strength)):
        chosen = dataset.output_error.values[dataset.strength.values == strength]
        samples = chosen.reshape(-1, lengths.size).T
        anchor = float(samples[-1].mean())
        style.power_law(axes, lengths, anchor, -1, "slope −1" if number == 0 else "")
        style.points(axes, lengths, samples, number, f"strength {style.plain(strength)}")
    axes.set(
        xlabel="length of the prompt (tokens)",
        ylabel="E|output − closed form|² (|centroid|² = 1)",
        title="finite prompts: mean over seeds, 95% interval",
    )
    style.ticks(axes, lengths)
    style.short_log(axes)
    style.legend(axes, columns=3)


def _paired(axes, point, place: int, *, named: bool) -> None:
    x = place + np.array([-0.28, 0.0, 0.28])
    risks = np.stack([point[name].values for name, _ in HEADS])
    axes.plot(x, risks, color="0.8", linewidth=0.7, zorder=0)
    for number, (_, label) in enumerate(HEADS):
        options = {**style.look(number), "markerfacecolor": "none", "markersize": 4}
        axes.plot(np.full(risks.shape[1], x[number]), risks[number], **options,
                  label=label if named else None)  # fmt: skip
