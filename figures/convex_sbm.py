"""Convex clustering on block models: what of a graph goes with the error on it."""

from __future__ import annotations

import numpy as np

from figures import style

EXPERIMENT = "convex_sbm"
FEWEST = 3  # graphs of a data set that have a correlation
PREDICTORS = {
    "between": "edges between / all",
    "oracle": "oracle term",
    "bound": "bound at rho",
    "truth_penalty": "penalty of the truth",
    "rho": "noise level rho",
    "over_pairs": "oracle term\nover all pairs",
    "lambda_two": "second eigenvalue",
    "resistance": "largest resistance",
    "sensitivity": "largest sensitivity",
}
AXIS = (0.75, 12.5)  # limits of the published axis of the oracle term


def draw(dataset):
    """Error and Rand index by what is said to go with them, cells, and the path against rho."""
    figure, axes = style.panels(4, rows=2, width=4.3, height=3.7)
    error = dataset.error.values[0]
    kept = np.isfinite(error).all(axis=-1)
    best = error.min(axis=-1)[kept]
    look = {**style.look(0), "markersize": 3, "alpha": 0.6 if best.size < 1000 else 0.15}
    panels = (
        ("oracle", "oracle term", "the paper's predictor of the error"),
        ("lambda_two", "second eigenvalue of the Laplacian", "connectivity alone"),
        ("between", "edges between clusters / all edges", "what connectivity is bought with"),
    )
    for each, (name, label, title) in zip(axes[:3], panels):
        each.plot(dataset[name].values[0][kept], best, **look, label="one graph")
        each.set(xlabel=label, ylabel="least mean squared error on the path", title=title)
        style.short_log(each)
    for each in axes[:2]:
        each.set_xscale("log")
    for place, side in zip(AXIS, ("right", "left")):
        style.threshold(axes[0], place, "published axis", side=side)
    _ranks(axes[3], dataset, error.min(axis=-1))
    agreement = dataset.agreement.values[0].max(axis=-1)[kept]
    clusters = (
        (axes[4], panels[2], "clusters are found where few edges join them"),
        (axes[5], panels[0], "and where the paper's term is small"),
    )
    for each, (name, label, _), title in clusters:
        each.plot(dataset[name].values[0][kept], agreement, **look, label="one graph")
        each.set(xlabel=label, ylabel="best adjusted Rand index on the path", title=title)
    _cells(axes[6], dataset, kept, best)
    _paths(axes[7], dataset, error[kept])
    style.legend(axes[0])
    return figure


def _ranks(axes, dataset, best) -> None:
    """The rank correlation of each predictor with the error, within data sets or over all."""
    several = best.shape[1] > FEWEST
    for place, name in enumerate(PREDICTORS):
        values = dataset[name].values[0]
        pairs = zip(values, best) if several else [(values.ravel(), best.ravel())]
        found = [_spearman(*pair) for pair in pairs]
        axes.plot(found, [place] * len(found), **{**style.look(0), "alpha": 0.6})
    axes.axvline(0.0, color=style.GUIDE, linewidth=1)
    style.rows(axes, list(PREDICTORS.values()))
    title = "within each data set" if several else "over all data sets"
    axes.set(xlabel="rank correlation with the error", ylabel="predictor", title=title)


def _spearman(first, second) -> float:
    from scipy.stats import rankdata

    known = np.isfinite(first) & np.isfinite(second)
    if known.sum() < FEWEST:
        return np.nan
    return float(np.corrcoef(rankdata(first[known]), rankdata(second[known]))[0, 1])


def _cells(axes, dataset, kept, best) -> None:
    """The mean error of each cell of the two probabilities."""
    within, between = dataset.within.values[0][kept], dataset.between_chance.values[0][kept]
    chances = np.round(np.arange(0.02, 0.2501, 0.01), 2)
    cells = [np.abs(chances[:, None] - values).argmin(axis=0) for values in (within, between)]
    total, count = np.zeros((2, chances.size, chances.size))
    np.add.at(total, tuple(cells), best)
    np.add.at(count, tuple(cells), 1.0)
    shown = np.ma.masked_array(total / np.maximum(count, 1), count == 0)
    marks = axes.pcolormesh(chances, chances, shown, cmap="viridis", shading="nearest")
    axes.set(
        xlabel="probability of an edge between clusters",
        ylabel="probability of one within",
        title="least error by cell",
    )
    bar = axes.figure.colorbar(marks, ax=axes)
    bar.set_label("mean squared error")


def _paths(axes, dataset, error) -> None:
    """Along the path, the error over its least."""
    factors = dataset.factor.values
    style.course(
        axes, factors, error / error.min(axis=-1, keepdims=True), 0, "median, 80% of graphs"
    )
    style.threshold(axes, 1.0, "gamma of the theorem")
    axes.set(
        xscale="log", xlabel="gamma / rho", ylabel="error / least error",
        title="rho is no tuning rule",
    )  # fmt: skip
    style.legend(axes)
