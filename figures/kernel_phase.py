"""Where cells pay: a map over effective dimension and number of cells, and the curves behind it."""

from __future__ import annotations

import numpy as np

from figures import style

EXPERIMENT = "kernel_phase"


def draw(dataset):
    """Log-ratios of errors with 40 centres in one fit and in each cell (or random part)."""
    figure, axes = style.panels(3, width=4.6, height=3.9)
    order = np.argsort(dataset.dimension.values.mean(axis=1))
    dimension = dataset.dimension.values.mean(axis=1)[order]
    numbers = dataset.cells.values
    one = dataset.one_error.values[order][..., None]
    ratios = {name: one / dataset[f"{name}_error"].values[order] for name in ("cells", "parts")}
    middle = np.log(ratios["cells"]).mean(axis=1)
    reach = max(float(np.abs(middle).max()), 0.1)
    places = np.arange(len(dimension)), np.arange(len(numbers))
    image = axes[0].pcolormesh(
        *places, middle.T, shading="nearest", cmap="PuOr_r", vmin=-reach, vmax=reach
    )
    for row, column in np.ndindex(*middle.shape):
        text = style.plain(np.exp(middle[row, column]))
        dark = abs(middle[row, column]) > 0.6 * reach
        axes[0].text(
            row, column, text, ha="center", va="center", color="white" if dark else "black"
        )
    axes[0].set_xticks(range(len(dimension)), [style.plain(round(each)) for each in dimension])
    axes[0].set_yticks(range(len(numbers)), [style.plain(each) for each in numbers])
    axes[0].grid(visible=False)
    axes[0].set(
        xlabel="effective dimension (of 600 inputs)", ylabel="cells", title="one fit / cells"
    )
    figure.colorbar(image, ax=axes[0], label="log of the ratio of errors", shrink=0.85)
    for axis, (name, values) in zip(axes[1:], ratios.items()):
        for number, cells in enumerate(numbers):
            style.points(axis, dimension, values[:, :, number], number, f"{cells} {name}")
        style.ticks(axis, np.round(dimension))
        style.level(axis, 1.0, "as one fit")
        style.short_log(axis)
        style.legend(axis, columns=3)
        axis.set(xlabel="effective dimension (of 600 inputs)", ylabel="error of one fit / theirs")
    axes[1].set_title("cells by k-means, 40 centres in each")
    axes[2].set_title("random parts averaged, 40 centres in each")
    return figure
