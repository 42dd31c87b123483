"""Rules for centroids: errors, how even cells are, and what they share."""

from __future__ import annotations

from figures import style

EXPERIMENT = "kernel_centroids"
PANELS = (
    ("error", "parts_error", "root mean square error"),
    ("added", "parts_added", "effective dimensions: sum / whole"),
    ("largest", "", "largest cell / mean cell"),
)
RULES = ("pivoted-cholesky", "k-means++", "k-means", "random")
NAMES = ("greedy\n(pivoted\nCholesky)", "k-means++", "k-means", "random", "random\nparts")


def draw(dataset):
    """A panel per measure, a place per rule, a mark per setting; random parts beside them."""
    figure, axes = style.panels(3, width=4.6, height=3.9)
    names, cells = list(dataset.rule.values), dataset.cells.values
    settings = sorted((str(name), int(cells[row]), row) for row, name in
                      enumerate(dataset.problem.values))  # fmt: skip
    for axis, (name, parts, label) in zip(axes, PANELS):
        for number, (problem, many, row) in enumerate(settings):
            samples = [dataset[name].values[row][:, names.index(rule)] for rule in RULES]
            if parts:
                samples.append(dataset[parts].values[row])
            shift = 0.2 * (number - (len(settings) - 1) / 2)
            places = [place + shift for place in range(len(samples))]
            style.points(axis, places, samples, number, f"{problem}, {many} cells")
        style.names(axis, NAMES if parts else NAMES[:-1])
        style.short_log(axis)
        style.legend(axis, columns=2, bbox_to_anchor=(0.5, -0.3))
        axis.set(xlabel="centroids", ylabel=label)
    axes[0].set_title("80 centres in a cell, or all")
    axes[1].set_title("of 400 inputs")
    axes[2].set_title("of 2,400 inputs")
    return figure
