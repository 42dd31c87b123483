"""Exact identities of the risk: errors at rounding, far below those of the spoiled identities."""

from __future__ import annotations

import numpy as np

from figures import style

EXPERIMENT = "attention_identities"
FLOOR = 1e-17  # an error of exactly zero is shown here
# Name of the identity, its two sides, what spoils it, and the two sides then.
IDENTITIES = (
    ("risk unchanged when\northonormal heads turn", "risk", "risk_turned",
     "the regulariser instead", "regulariser", "regulariser_turned"),
    ("risk without noise", "dirac", "dirac_formula",
     "own token left out of the cross term", "dirac", "dirac_spoiled"),
    ("risk on the manifold", "manifold", "manifold_formula",
     "one pair term dropped", "manifold", "manifold_spoiled"),
    ("regulariser of\nturned centroids", "turned", "turned_formula",
     "angle not doubled", "turned", "turned_spoiled"),
)  # fmt: skip


def draw(dataset):
    """Largest relative difference of the two sides, per identity and for the spoiled one."""
    figure, (axes, right) = style.panels(2, width=5.6, height=4.4)
    _strengths(right, dataset)
    axes.axvline(
        np.finfo(float).eps, color="black", linewidth=1.4, label="spacing of 64-bit numbers at 1"
    )
    for place, (_, one, other, spoiled, bad, bad_other) in enumerate(IDENTITIES):
        exact, bad = _error(dataset, one, other), _error(dataset, bad, bad_other)
        axes.plot([exact, bad], [place, place], color="0.8", linewidth=1, zorder=0)
        first = place == 0
        axes.plot([exact], [place], **style.look(0), label="identity" if first else None)
        axes.plot([bad], [place], **style.look(1), label="spoiled identity" if first else None)
        axes.annotate(
            spoiled,
            (bad, place),
            xytext=(-7, 4),
            textcoords="offset points",
            ha="right",
            fontsize=8,
        )
    style.rows(axes, [identity[0] for identity in IDENTITIES])
    runs = dataset.sizes["point"] * dataset.sizes["seed"]
    axes.set(
        xscale="log",
        xlabel=f"largest |left − right| over {runs} runs, in units of the left side",
        ylabel="identity",
    )
    axes.set_title("both sides of each identity")
    style.legend(axes, columns=2)
    return figure


def _strengths(axes, dataset) -> None:
    """The named strengths of the layer, which differ between points by length and variance only."""
    pairs = np.unique(np.stack([dataset.length.values, dataset.variance.values]), axis=1).T
    first = [
        np.flatnonzero((dataset.length.values == length) & (dataset.variance.values == variance))[0]
        for length, variance in pairs
    ]
    chosen = dataset.isel(point=first, seed=0).sel(size=10)
    for number, (name, label) in enumerate(
        (("best_strength", "best strength"), ("unbiased_strength", "unbiased strength"))
    ):
        ratio = chosen[name] / chosen.largest_strength
        open_mark = {"markerfacecolor": "none", "markersize": 8} if number else {}
        axes.plot(range(len(pairs)), ratio, **style.look(number), **open_mark, label=label)
    axes.axhline(1.0, color="black", linewidth=1.4, label="largest attracting strength")
    labels = [f"{style.plain(length)}\n{style.plain(variance)}" for length, variance in pairs]
    style.names(axes, labels)
    axes.set(
        xlabel="length (tokens), above; variance, below",
        ylabel="strength / largest attracting strength",
        title="the best strength is attracting (10 dimensions)",
    )
    style.legend(axes, columns=2, bbox_to_anchor=(0.5, -0.22))


def _error(dataset, left: str, right: str) -> float:
    """The largest difference, relative to the largest value of the left side at that point."""
    one, other = dataset[left].values, dataset[right].values
    scale = np.abs(one).max(axis=1, keepdims=True)
    return max(float(np.max(np.abs(one - other) / scale)), FLOOR)
