"""Centroids and pools under noisy and missing labels."""

from __future__ import annotations

import numpy as np

from figures import style

EXPERIMENT = "selection_labels"


def draw(dataset):
    """Shrinkage against noise, errors against labels left, and what pools share with true ones."""
    figure, (left, middle, right) = style.panels(3, width=4.4, height=3.9)
    offset = dataset.offset.values > 0
    noise = _some(dataset, (dataset.kind.values == "noise") & offset)
    missing = _some(dataset, (dataset.kind.values == "missing") & offset)
    style.line(left, noise.level, noise.theory_shrinkage, 0, "theory")
    style.points(left, noise.level, noise.shrinkage.values, 0, "simulation")
    left.set(xlabel="share of wrong labels", ylabel="centroids' distance over the means'")
    left.set_title("noise draws centroids together")
    kept = 1 - missing.level.values
    style.line(middle, kept, missing.theory_error, 0, "theory")
    style.points(middle, kept, missing.error.values, 0, "simulation")
    middle.set_yscale("log")
    style.ticks(middle, kept)
    middle.set(xlabel="share of labels left", ylabel="mean square error (variances)")
    middle.set_title("few labels, uncertain centroids")
    _pools(right, noise, missing, _some(dataset, ~offset))
    for axes in (left, middle, right):
        style.legend(axes)
    return figure


def _pools(axes, noise, missing, without) -> None:
    parts = (("wrong", noise), ("missing", missing), ("no offset", without))
    labels, start = [], 0
    for what, some in parts:
        places = start + np.arange(some.sizes["point"])
        for number, pool in enumerate(("near_other", "near_own")):
            label = pool.replace("_", " ") if what == "wrong" else ""
            style.points(axes, places + 0.15 * number, some[pool].values, number, label)
        labels += [f"{style.plain(100 * level)}%\n{what}" for level in some.level.values]
        start += len(places)
    style.names(axes, labels)
    axes.tick_params(axis="x", labelsize=6)
    style.level(axes, 0.2, "by chance", at="left")
    axes.set(xlabel="labels", ylabel="share of the true pool", title="pools against true labels'")


def _some(dataset, chosen):
    return dataset.isel(point=np.flatnonzero(chosen)).sortby("level")
