"""The layers on real images: errors and clusterings per method, theory, and heads as images."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from figures import style

EXPERIMENT = "attention_images"
GRID_ORDER = True


def draw(dataset):
    """Quantisation error and accuracy per set of classes, theory against measured, and heads."""
    figure = Figure(figsize=(16.5, 10.5), layout="constrained")
    upper, lower = figure.subfigures(2, 1, height_ratios=(1, 0.85))  # pyright: ignore[reportGeneralTypeIssues]
    axes = upper.subplots(1, 4, width_ratios=(1.1, 0.95, 0.95, 0.95))
    _methods(axes[0], dataset, "quantisation_error", "procedure", 0)
    axes[0].set(ylabel="E|output - class centroid|² (centroids: 1)", ylim=(0, None))
    _methods(axes[1], dataset, "accuracy", "clusterer", 2)
    axes[1].set(ylabel="accuracy, best renaming of clusters", ylim=(None, 1.02))
    _methods(axes[2], dataset, "ari", "clusterer", 2)
    axes[2].set(ylabel="adjusted Rand index", ylim=(None, 1.02))
    _theories(axes[3], dataset)
    handles, labels = axes[0].get_legend_handles_labels()
    upper.legend(handles, labels, loc="outside upper center", ncols=7, fontsize=9)
    _pictures(lower, dataset)
    return figure


def _methods(axes, dataset, variable, names, first):
    values = dataset[variable].transpose("point", "seed", names).values
    count = values.shape[2]
    for number, name in enumerate(dataset[names].values):
        places = np.arange(len(values)) + (number - (count - 1) / 2) * 0.8 / count
        style.points(axes, places, values[:, :, number], first + number, str(name))
    sets = [str(name).replace("|", "\n") for name in dataset.classes.values]
    axes.set_xticks(np.arange(len(values)), sets, fontsize=8)
    axes.set_xlabel("classes taken together")
    for edge in np.arange(len(values) - 1) + 0.5:
        axes.axvline(edge, color="0.85", linewidth=0.8, zorder=0)
    axes.grid(axis="x", visible=False)


def _theories(axes, dataset):
    """Predicted against measured risk at the shorter length: a point per set and layer."""
    short = dataset.isel(sequence=0).mean("seed")
    measured = short.layer_risk.transpose("point", "layer").values.ravel()
    names = ("orthonormal, one variance", "measured centroids, one variance",
             "measured centroids and covariances", "images as point masses (exact)")  # fmt: skip
    for number, (theory, label) in enumerate(zip(dataset.theory.values, names)):
        predicted = short.theory_risk.sel(theory=theory).transpose("point", "layer").values.ravel()
        off = np.median(np.abs(predicted / measured - 1))
        axes.plot(
            predicted, measured, linestyle="none", marker=style.MARKERS[number],
            color=style.COLOURS[number], label=f"{label}: off by {100 * off:.1f}%",
            markerfacecolor="none" if number == 3 else None, markersize=9 if number == 3 else 5,
        )  # fmt: skip
    ends = np.asarray([measured.min() * 0.95, measured.max() * 1.05])
    style.line(axes, ends, ends, 4, linewidth=1)
    tokens = int(dataset.length.values[0])
    axes.set(xlabel="predicted risk", ylabel=f"risk on images, {tokens} tokens")
    axes.legend(fontsize=7.5, title="theory (median error)", title_fontsize=8, loc="upper left")
    low, high = axes.get_ylim()
    axes.set_ylim(low, high + 0.35 * (high - low))


def _pictures(panel, dataset):
    """Class means and matched heads, of the first seed: red above the common mean, blue below."""
    sets = [0, int(np.flatnonzero(np.char.count(dataset.classes.values.astype(str), "|") > 1)[0])]
    if dataset.sizes["point"] > 2:
        sets.insert(1, 1)
    names = [str(dataset.classes.values[number]).split("|") for number in sets]
    side = round(dataset.sizes["pixel"] ** 0.5)
    panel.suptitle(
        "Classes and heads of the first seed as images (red: more ink than the common mean; blue: "
        "less; each on its own scale)",
        fontsize=10,
    )
    groups = panel.subfigures(1, len(sets), width_ratios=[len(group) for group in names])
    rows = ("class mean", "heads", "regularised\nheads")
    for group, number, classes in zip(np.atleast_1d(groups), sets, names):
        axes = group.subplots(3, len(classes), squeeze=False)
        for row, column in np.ndindex(3, len(classes)):
            picture = dataset.pictures.values[number, row, column].reshape(side, side)
            limit = np.abs(picture).max()
            here = axes[row, column]
            here.imshow(picture, cmap="RdBu_r", vmin=-limit, vmax=limit)
            here.set(xticks=[], yticks=[])
            here.grid(visible=False)
            if row == 0:
                here.set_title(classes[column])
            if column == 0:
                here.set_ylabel(rows[row], fontsize=9)
