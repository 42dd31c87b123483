"""Bulk edges and class medians of the spectrum against class shares: only edges reverse."""

from __future__ import annotations

from figures import style

EXPERIMENT = "diffusion_edges"
PANELS = (
    ("edges", "left edge of the bulk of one class alone", "edge_dimension"),
    ("medians", "median of the class-resolved measure", "dimension"),
)
CLASSES = ("class of lower variance", "class of higher variance")


def draw(dataset):
    """Both against the share of the class of higher variance, predicted and simulated."""
    figure, axes = style.panels(2, rows=1, width=5.2, height=4.0)
    for panel, (name, title, size) in zip(axes, PANELS):
        for number, which in enumerate(CLASSES):
            predicted = dataset[f"theory_{name}"].values[:, number]
            style.line(panel, dataset.share.values, predicted, number)
            shares = dataset.percent.values / 100
            style.points(panel, shares, dataset[name].values[:, :, number], number, which)
            if name == "edges":
                thin = dataset.theory_reduced.values[:, number]
                panel.plot(dataset.share, thin, color=style.COLOURS[number], ls=":", lw=1)
        panel.set(
            yscale="log",
            xlabel="share of the class of higher variance",
            ylabel="eigenvalue − s²",
            title=f"{title}, d = {int(dataset[size].values[0])}",
        )
        if name == "edges":
            panel.plot([], [], color="black", ls=":", lw=1, label="with p − d features")
        style.legend(panel)
    figure.suptitle("lines: theory; marks: simulated", fontsize=10)
    return figure
