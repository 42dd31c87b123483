"""Regret and margin bounds by regularisation, measured errors, and what predicting 0 costs."""

from __future__ import annotations

from figures import style

EXPERIMENT = "graph_regret"
BOUNDS = (
    ("regret", "ours, offline risk as measured"),
    ("regret_printed", "printed, offline risk as measured"),
    ("regret_risk", "ours, with the bound on it"),
    ("regret_risk_printed", "printed, with the bound on it"),
)


def draw(dataset):
    """At the largest number of centroids: errors, bounds, and floors under the bounds."""
    figure, axes = style.panels(2, width=5.6, height=4.4)
    last = int(dataset.number.values.argmax())
    x = dataset.regularisation.values

    def points(each, name, number, label):
        style.points(each, x, dataset[name].values[last].T, number, label)

    points(axes[0], "squared_error", 4, "measured, soft")
    points(axes[0], "squared_error_learner", 5, "measured, labels held")
    for number, (name, label) in enumerate(BOUNDS):
        points(axes[0], name, number, label)
    for name, number in (("theory_regret", 0), ("theory_regret_printed", 1)):
        label = ("no data below (ours)", "no data below (printed)")[number]
        style.line(axes[0], x, dataset[name], number, label)
    style.level(axes[0], 1.0)
    title = f"{dataset.number.values[last]} centroids; dashes at 1: predicting 0"
    axes[0].set(ylabel="mean squared error", title=title)
    points(axes[1], "error_cut", 4, "measured, linear graph cut")
    points(axes[1], "margin", 0, "the papers' bound")
    style.line(axes[1], x, dataset.theory_margin, 0, "no data below")
    style.level(axes[1], 0.5, "guessing")
    axes[1].set(ylabel="share of errors", title="margin bound")
    for each in axes:
        each.set(xscale="log", yscale="log", xlabel="regularisation g")
        each.set_ylim(bottom=0.03)
        style.legend(each, columns=2)
    return figure
