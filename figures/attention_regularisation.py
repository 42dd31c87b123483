"""Random starts with a regulariser: below the threshold all succeed, beyond it some are held."""

from __future__ import annotations

import numpy as np

from figures import style

EXPERIMENT = "attention_regularisation"


def draw(dataset):
    """Success rate, and the final risk of every run, against the size of the regulariser."""
    figure, (left, right) = style.panels(2, height=4.4)
    for number, variance in enumerate(np.unique(dataset.variance)):
        chosen = dataset.isel(point=dataset.variance.values == variance).sortby("regularisation")
        size = style.off_zero(chosen.regularisation.values)
        dimension = "/".join(str(d) for d in np.unique(chosen.dimension))
        name = f"deviation {style.plain(np.sqrt(variance))}, dimension {dimension}"
        style.fractions(left, size * 1.06**number, chosen.success, number, name)
        _risks(right, chosen, number, name)
        if variance == 0:
            _trap(left, right, chosen)
    for axes in (left, right):
        style.ticks(axes, dataset.regularisation)
        axes.set_xlabel("size of the regulariser")
    left.set(ylim=(-0.04, 1.06), ylabel="success rate (alignment > 0.99)")
    left.set_title("95% Wilson intervals")
    right.set(ylabel="final risk (|centroid|² = 1)", title="final risk of every run")
    style.legend(left)
    style.legend(right)
    return figure


def _risks(axes, chosen, number: int, name: str) -> None:
    size = style.off_zero(chosen.regularisation.values)[:, None]
    spread = 2 * ((np.arange(chosen.sizes["seed"]) * 0.618034) % 1) - 1
    x = np.broadcast_to(size * 1.12 ** spread[None], chosen.risk.shape)
    success = chosen.success.values
    options = {**style.look(number), "markersize": 4}
    axes.plot(x[success], chosen.risk.values[success], **options, alpha=0.5, label=name)
    if not success.all():
        options |= {"markerfacecolor": "none", "label": f"{name}: not at the centroids"}
        axes.plot(x[~success], chosen.risk.values[~success], **options)


def _trap(left, right, chosen) -> None:
    """Where a spurious minimum appears without noise, and the risk of a run that sits in it."""
    for size in np.unique(chosen.theory_spurious):
        for axes in (left, right):
            style.threshold(axes, size, "spurious minimum", side="right", top=0.5)
    beyond = chosen.isel(point=chosen.regularisation.values > chosen.theory_spurious.values)
    if beyond.sizes["point"]:
        start = float(chosen.theory_spurious.min())
        stop = 1.3 * float(beyond.regularisation.max())
        risk = float(beyond.theory_spurious_risk[0])
        style.line(right, [start, stop], [risk, risk], 4, "predicted risk of the spurious minimum")
