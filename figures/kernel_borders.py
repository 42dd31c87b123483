"""What borders add to the bias by the ridge: measured, exact, and to leading order."""

from __future__ import annotations

from figures import style

EXPERIMENT = "kernel_borders"


def draw(dataset):
    """Left: sizes, on a log scale, against the order ridge^(3/2). Right: over the leading order."""
    figure, (left, right) = style.panels(2, width=4.8, height=3.8)
    ridges = dataset.layer.values
    added, exact, leading, straight = (
        dataset[name].values[0] for name in ("added", "exact", "leading", "straight")
    )
    style.line(left, ridges, leading.mean(0), 1, "leading order, ridge^(3/2)")
    style.line(left, ridges, exact.mean(0), 0, "exact for many points")
    style.points(left, ridges, added.T, 0, "measured")
    left.set(ylabel="added bias, mean squared error", yscale="log", title="means over targets")
    right.axhline(1.0, color="black", linewidth=1.4, label="leading order")
    for number, one in enumerate(added / leading):
        right.plot(
            ridges, one, color=style.COLOURS[0], alpha=0.35, linewidth=0.8,
            label="measured, each draw" if number == 0 else None,
        )  # fmt: skip
    style.points(right, ridges, (added / leading).T, 0, "their mean")
    style.points(right, ridges, (added / straight).T, 2, "mean, over g′(b) alone")
    right.set(ylabel="measured / leading order", title="each draw's borders and target")
    for axes in (left, right):
        axes.set(xscale="log", xlabel="ridge")
        style.legend(axes, columns=2)
    return figure
