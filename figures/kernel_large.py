"""A known function from up to a million values: error by number of values, and by time."""

from __future__ import annotations

import numpy as np

from figures import style

EXPERIMENT = "kernel_large"
TITLES = {
    "square": "square, 30 lengthscales a side",
    "cube": "cube, 6 lengthscales a side",
}


def draw(dataset):
    """A row per problem: errors by number of values, and against CPU time."""
    names = [name for name in TITLES if name in dataset.problem.values]
    figure, axes = style.panels(2, rows=len(names), width=5.6, height=4.4)
    for row, name in enumerate(names):
        _row(dataset, name, *axes[2 * row : 2 * row + 2])
    return figure


def _row(dataset, problem, by_count, by_time):
    places = np.flatnonzero(dataset.problem.values == problem)
    places = places[np.argsort(dataset["count"].values[places])]
    counts = dataset["count"].values[places]
    for number, name in enumerate(dataset.method.values):
        errors = dataset.error.values[places][:, :, number]
        seconds = (dataset.fitting + dataset.predicting).values[places][:, :, number]
        run = np.isfinite(errors).all(axis=1)
        if run.any():
            style.points(by_count, counts[run], errors[run], number, str(name))
            middle, half = style.estimate(errors[run])
            options = {**style.look(number), "linestyle": "-", "linewidth": 0.8}
            by_time.errorbar(
                np.median(seconds[run], axis=1), middle, yerr=half, capsize=2.5, label=str(name),
                **options,
            )  # fmt: skip
    style.ticks(by_count, counts)
    by_time.set_xscale("log")
    error = "root mean square error (noise .1 not in it)"
    for each in (by_count, by_time):
        style.short_log(each)
        style.legend(each, columns=2)
        each.set(ylabel=error, title=TITLES[problem])
    by_count.set(xlabel="noisy values n")
    by_time.set(xlabel="CPU seconds of fit and prediction (median); lines: n grows")
