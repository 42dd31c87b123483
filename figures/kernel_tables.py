"""scikit-learn's tables: test error of one fit, of cells and of random parts."""

from __future__ import annotations

from figures import style

EXPERIMENT = "kernel_tables"
GRID_ORDER = True  # places follow the tables


def draw(dataset):
    """A place per table, a mark per solver beside the others."""
    figure, (axes,) = style.panels(1, width=6.6, height=4.0)
    names = [str(name) for name in dataset.table.values]
    many = dataset.sizes["method"]
    for number, name in enumerate(dataset.method.values):
        shift = 0.16 * (number - (many - 1) / 2)
        places = [place + shift for place in range(len(names))]
        style.points(axes, places, dataset.error.values[:, :, number], number, str(name))
    style.names(axes, names)
    style.short_log(axes)
    style.legend(axes, columns=2)
    axes.set(
        xlabel="table",
        ylabel="mean squared error / that of the mean",
        title="halves of each table; one kernel and ridge for all solvers",
    )
    return figure
