"""Convex clustering of real tables: Rand index by graph and method, and along the path."""

from __future__ import annotations

import numpy as np

from figures import style

EXPERIMENT = "convex_tables"
GRID_ORDER = True
COUNTINGS = {"clusters": "path, clusters counted", "groups": "path, groups counted"}


def draw(dataset):
    """A row per table: given the number of classes, tuned with labels, and along the path.

    * A path need not have that number: its nearest is taken.
    """
    points = dataset.sizes["point"]
    figure, axes = style.panels(3, rows=points, width=4.9, height=3.7)
    figure.supxlabel(
        "* where a path has no such number, its nearest", fontsize=8, x=0.02, ha="left"
    )
    for place in range(points):
        some = dataset.isel(point=place).transpose("seed", ...)
        given, best, path = axes[3 * place : 3 * place + 3]
        _given(given, some)
        _best(best, some)
        _path(path, some)
        last = place == points - 1
        for panel in (given, path):
            if last:
                style.legend(panel, columns=2 if panel is given else 3, fontsize=8)
    return figure


def _methods(axes, some) -> int:
    """Names down the vertical axis: graphs, then the others; how many graphs."""
    graphs = [str(name) for name in some.graph.values]
    style.rows(axes, [*graphs, *(str(name) for name in some.rival.values)])
    axes.axhline(len(graphs) - 0.5, color="0.85", linewidth=0.8, zorder=0)
    axes.set_ylabel("graph (k); other methods")
    axes.set_xlim(-0.08, 1.02)
    return len(graphs)


def _given(axes, some) -> None:
    """With the number of classes, to be met by clusters or by groups."""
    graphs = _methods(axes, some)
    for number, (counting, label) in enumerate(COUNTINGS.items()):
        samples = some.given.sel(counting=counting).transpose("graph", "seed").values
        _row(axes, np.arange(graphs) + 0.24 * (number - 0.5), samples, number, label)
    rivals = some.given_rivals.transpose("rival", "seed").values
    _row(axes, graphs + np.arange(len(rivals)), rivals, 2, "other methods")
    axes.set(xlabel="adjusted Rand index, given the number of classes*", title=_title(some))


def _best(axes, some) -> None:
    """At the best gamma, or the best number of clusters, as the labels tell."""
    graphs = _methods(axes, some)
    _row(axes, np.arange(graphs), some.best.transpose("graph", "seed").values, 0, "path")
    rivals = some.best_rivals.transpose("rival", "seed").values
    _row(axes, graphs + np.arange(len(rivals)), rivals, 2, "other methods")
    axes.set(
        xlabel="the same, tuned with labels (best gamma; best number)", title="an oracle for all"
    )


def _row(axes, places, samples, number, label) -> None:
    middle, half = style.estimate(samples)
    axes.errorbar(middle, places, xerr=half, capsize=2.5, label=label, **style.look(number))


def _path(axes, some) -> None:
    """Against gamma, a series per graph: each has a scale of its own."""
    for number, name in enumerate(some.graph.values):
        one = some.isel(graph=number)
        gammas = np.exp(np.log(one.gamma.transpose("level", "seed").values).mean(axis=1))
        style.points(
            axes, gammas, one.agreement.transpose("level", "seed").values, number, str(name)
        )
    axes.set_xscale("log")
    axes.set(
        xlabel="gamma (geometric mean over draws)", ylabel="adjusted Rand index",
        title=f"along the path, {some.sizes['level']} gammas", ylim=(-0.08, 1.02),
    )  # fmt: skip


def _title(some) -> str:
    rows, seeds = int(some["rows"]), some.sizes["seed"]
    return f"{some['data'].item()}: some {rows} rows, {seeds} draws"
