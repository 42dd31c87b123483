"""Convex clustering on graphs of nearest neighbours: how many, and with which weights."""

from __future__ import annotations

import numpy as np

from figures import style

EXPERIMENT = "convex_neighbours"
TITLES = {"unit": "unit weights", "kernel": "weights of a kernel"}
# Limits of published axes, where they could be had.
AXES = {
    ("unit", "oracle"): (1, 12.5),
    ("kernel", "oracle"): (1, 23.3),
    ("unit", "error"): (0.35, 2),
}


MANY = 20  # numbers of neighbours above which intervals are shaded


def draw(dataset):
    """Oracle term, error and Rand index by number of neighbours, and the two read off code."""
    figure, axes = style.panels(3, rows=2, width=4.3, height=3.5)
    counts = dataset["count"].values
    error, agreement = dataset.error.values, dataset.agreement.values
    least = np.where(np.isnan(error).all(axis=-1), np.nan, error.min(axis=-1))
    most = np.where(np.isnan(agreement).all(axis=-1), np.nan, agreement.max(axis=-1))
    measured = {"oracle": dataset.oracle.values, "error": least, "agreement": most}
    labels = {
        "oracle": "oracle term",
        "error": "least mean squared error on the path",
        "agreement": "best adjusted Rand index on the path",
    }
    for each, (name, values) in zip(axes, measured.items()):
        for number, weights in enumerate(TITLES):
            point = _point(dataset, weights)
            _middle(each, counts, values[point], number, TITLES[weights])
            for limit in AXES.get((weights, name), ()):
                text = "" if limit == 1 else f"published axis, {TITLES[weights]}"
                style.level(each, limit, text, over=limit > 1)
        each.set(xlabel="neighbours", ylabel=labels[name], title=labels[name])
        each.axvline(25, color=style.GUIDE, linewidth=1, linestyle=":", label="points of a cluster")
        style.ticks(each, counts if counts.size < 12 else [2, 5, 10, 20, 50, 99])
        if name != "agreement":
            style.short_log(each)
        style.legend(each, columns=2)
    for number, weights in enumerate(TITLES):
        _clouds(axes[3 + number], dataset, weights, least, counts)
    _coded(axes[5], dataset, counts)
    return figure


def _point(dataset, weights) -> int:
    return int(np.flatnonzero(dataset.weights.values == weights)[0])


def _middle(axes, counts, samples, number, label) -> None:
    """Medians over data sets, and where eight of ten lie, of `[seed, count]`."""
    some = np.isfinite(samples).any(axis=0)
    low, middle, high = np.nanquantile(samples[:, some], (0.1, 0.5, 0.9), axis=0)
    look = {**style.look(number), "label": label}
    if some.sum() <= MANY:
        axes.errorbar(counts[some], middle, yerr=[middle - low, high - middle], capsize=2.5, **look)
        return
    axes.fill_between(counts[some], low, high, color=look["color"], alpha=0.15, linewidth=0)
    axes.plot(counts[some], middle, markevery=(2 * number, 5), **look)


def _clouds(axes, dataset, weights, least, counts) -> None:
    """Oracle term and error of every graph, few neighbours apart from many."""
    point = _point(dataset, weights)
    oracle = dataset.oracle.values[point]
    for number, (label, chosen) in enumerate((("at most 25", counts <= 25), ("more", counts > 25))):
        look = {**style.look(number), "markersize": 3, "alpha": 0.5}
        axes.plot(
            oracle[:, chosen].ravel(), least[point][:, chosen].ravel(), **look,
            label=f"{label} neighbours",
        )  # fmt: skip
    reach = np.nanmin(oracle), np.nanmax(oracle)
    ticks = [one for one in (1, 2, 5, 10, 20, 50, 100, 200, 500) if reach[0] <= one <= reach[1]]
    style.ticks(axes, ticks or reach)
    axes.set(xlabel="oracle term", ylabel="least error on the path")
    axes.set_title(f"one graph each, {TITLES[weights]}")
    style.short_log(axes)
    style.legend(axes, columns=2)


def _coded(axes, dataset, counts) -> None:
    """By how much the gamma read off falls short where the affinity is the weight."""
    for number, weights in enumerate(TITLES):
        shortfall = dataset.shortfall.values[_point(dataset, weights)]
        _middle(axes, counts, shortfall, number, TITLES[weights])
    style.short_log(axes)
    axes.set(
        xlabel="neighbours",
        ylabel="rho needed / rho read off",
        title="affinity solved with, its root diagnosed",
    )
    style.ticks(axes, counts if counts.size < 12 else [2, 5, 10, 20, 50, 99])
    style.legend(axes, columns=2)
