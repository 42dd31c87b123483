"""Exact identities of the risk: errors at rounding, far below those of the spoiled identities."""

from __future__ import annotations

import numpy as np

from figures import style

EXPERIMENT = "attention_identities"
FLOOR = 1e-17  # an error of exactly zero is shown here
# Name of the identity, its two sides, what spoils it, and the two sides then; None is zero.
IDENTITIES = (
    ("risk unchanged when\northonormal heads turn", "risk", "risk_turned",
     "the regulariser instead", "regulariser", "regulariser_turned"),
    ("risk without noise", "dirac", "dirac_formula",
     "own token left out of the cross term", "dirac", "dirac_spoiled"),
    ("risk on the manifold", "manifold", "manifold_formula",
     "one pair term dropped", "manifold", "manifold_spoiled"),
    ("descent stays on\nthe manifold", "left_manifold", None,
     "oblique centroids", "left_manifold_oblique", None),
    ("regulariser of\nturned centroids", "turned", "turned_formula",
     "angle not doubled", "turned", "turned_spoiled"),
)  # fmt: skip


def draw(dataset):
    """Largest relative difference of the two sides, per identity and for the spoiled one."""
    figure, (axes,) = style.panels(1, width=7.4, height=4.2)
    axes.axvline(
        np.finfo(float).eps, color="black", linewidth=1.4, label="spacing of 64-bit numbers at 1"
    )
    for place, (_, left, right, spoiled, bad_left, bad_right) in enumerate(IDENTITIES):
        exact, bad = _error(dataset, left, right), _error(dataset, bad_left, bad_right)
        axes.plot([exact, bad], [place, place], color="0.8", linewidth=1, zorder=0)
        first = place == 0
        axes.plot([exact], [place], **style.look(0), label="identity" if first else None)
        axes.plot([bad], [place], **style.look(1), label="spoiled identity" if first else None)
        axes.annotate(
            spoiled, (bad, place), xytext=(-7, 4), textcoords="offset points", ha="right", fontsize=8
        )
    style.rows(axes, [identity[0] for identity in IDENTITIES])
    runs = dataset.sizes["point"] * dataset.sizes["seed"]
    axes.set(
        xscale="log",
        xlabel=f"largest |left − right| / largest side, over {runs} runs (relative)",
        ylabel="identity",
    )
    style.legend(axes, columns=3, bbox_to_anchor=(0.4, -0.15))
    return figure


def _error(dataset, left: str, right: str | None) -> float:
    """The largest difference over points and seeds, relative to the larger side (at least 1)."""
    one = dataset[left].values
    other = np.zeros_like(one) if right is None else dataset[right].values
    scale = 1.0 if right is None else np.maximum(np.abs(one), np.abs(other))
    return max(float(np.max(np.abs(one - other) / np.where(scale > 0, scale, 1.0))), FLOOR)
