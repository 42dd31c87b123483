"""The trained layer's output: clouds around the centroids, flattened onto their span."""

from __future__ import annotations

import numpy as np

from figures import style

EXPERIMENT = "attention_clouds"


def draw(dataset):
    """Tokens and outputs in two planes; risk, gain and variances against the length."""
    figure, axes = style.panels(3, rows=2, width=4.0, height=3.6)
    largest = dataset.isel(point=int(np.argmax(dataset.dimension.values)))
    _clouds(axes[0], largest, 1, "along centroid 2")
    _clouds(axes[1], largest, 2, "off the span, one direction")
    series = (
        ("risk", "risk E|token − output|²"),
        ("mean_gain", "mean output along the own centroid"),
        ("total_variance", "total variance given the cluster"),
        ("off_span_variance", "variance off the span, all directions"),
    )
    lengths = dataset["size"].values
    for panel, (name, label) in zip(axes[2:], series):
        for number in range(dataset.sizes["point"]):
            point = dataset.isel(point=number)
            named = f"dimension {int(point.dimension)}"
            style.points(panel, lengths, point[name].values.T, number, named)
            _theory(panel, point, name, number)
        panel.set(xlabel="length (tokens)", ylabel=label)
        style.ticks(panel, lengths)
    axes[3].axhline(1.0, color="black", linewidth=1.4, label="predicted")
    (spoiled,) = axes[3].plot([], [], color="black", linestyle=":", linewidth=1.2)
    named = ["predicted: unbiased", "formula of infinite length"]
    axes[3].legend([axes[3].lines[-2], spoiled], named, loc="lower right")
    axes[3].margins(y=0.3)
    style.short_log(axes[5])
    limit = float(dataset.theory_total[0])
    predicted = axes[4].axhline(limit, color="black", linewidth=1.4)
    (raw,) = axes[4].plot([], [], color="black", linestyle=":", linewidth=1.2)
    axes[4].set_ylim(0, 1.25 * float(dataset.raw_total.max()))
    axes[4].legend([predicted, raw], ["predicted limit", "raw tokens"], loc="upper right", ncols=2)
    handles, labels = axes[2].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(labels), fontsize=9)
    return figure


def _clouds(axes, point, coordinate: int, label: str) -> None:
    raw, made = point.raw_cloud.values[0], point.cloud.values[0]
    options = {"linestyle": "none", "markersize": 3}
    axes.plot(raw[:, 0], raw[:, coordinate], marker=".", color="0.6", **options, label="tokens")
    options |= {"marker": "^", "color": style.COLOURS[1], "markerfacecolor": "none"}
    axes.plot(made[:, 0], made[:, coordinate], **options, label="outputs")
    centres = np.array([[1.0, 0.0], [0.0, 1.0 if coordinate == 1 else 0.0]])
    axes.plot(
        centres[:, 0], centres[:, 1], "x", color="black", markersize=9, markeredgewidth=2,
        label="centroids",
    )  # fmt: skip
    axes.set(xlabel="along centroid 1 (|centroid| = 1)", ylabel=label, aspect="equal")
    length = int(point["size"].values[-1])
    axes.set_title(f"dimension {int(point.dimension)}, length {length}, one seed")
    axes.legend(loc="best", handletextpad=0.2)


def _theory(axes, point, name: str, number: int) -> None:
    """What is predicted: the exact risk, a spoiled gain, raw tokens, the decay off the span."""
    lengths = point["size"].values
    if name == "risk":
        style.line(axes, lengths, point.theory_risk, number)
    elif name == "mean_gain":
        spoiled = {"color": style.COLOURS[number % 7], "linestyle": ":", "linewidth": 1.2}
        axes.plot(lengths, point.theory_gain_infinite, **spoiled)
    elif name == "total_variance":
        raw = float(point.raw_total)
        axes.axhline(raw, color=style.COLOURS[number % 7], linestyle=":", linewidth=1.2)
    elif name == "off_span_variance":
        style.power_law(axes, lengths, float(point[name].mean("seed")[-1]), -1)
