"""Rules for centroids: errors, how even cells are, and what they share."""

from __future__ import annotations

from figures import style

EXPERIMENT = "kernel_centroids"
PANELS = (
    ("error", "root mean square error"),
    ("largest", "largest cell / mean cell"),
    ("excess", "sum of cells' effective dimensions\n/ the whole's − 1"),
)


def draw(dataset):
    """A panel per measure, a place per rule, a mark per problem; random parts beside them."""
    figure, axes = style.panels(3, width=4.4, height=3.9)
    rules = [str(name) for name in dataset.rule.values]
    for axis, (name, label) in zip(axes, PANELS):
        names = [*rules, "random parts"] if name == "error" else rules
        for number, problem in enumerate(sorted(dataset.problem.values, reverse=True)):
            row = list(dataset.problem.values).index(problem)
            shift = 0.12 * (2 * number - 1)
            places = [place + shift for place in range(len(rules))]
            style.points(axis, places, dataset[name].values[row].T, number, str(problem))
            if name == "error":
                parts = dataset.parts_error.values[row][None]
                style.points(axis, [len(rules) + shift], parts, number)
        style.names(axis, [each.replace("-ch", "-\nch") for each in names])
        style.short_log(axis)
        style.legend(axis, columns=2)
        axis.set(ylabel=label)
    axes[0].set_title("16 cells, 40 centres in each")
    return figure
