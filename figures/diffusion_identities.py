"""Exact relations of the theory at random settings, and how features change with the variance."""

from __future__ import annotations

import numpy as np

from figures import style

EXPERIMENT = "diffusion_identities"
FLOOR = 1e-17


def draw(dataset):
    """Errors of each relation beside those of its spoiled form; the powers against variance."""
    figure, (left, right) = style.panels(2, width=5.4, height=4.2)
    rows = list(_relations(dataset))
    for place, (_, exact, spoiled) in enumerate(rows):
        first = place == 0
        left.plot([exact, spoiled], [place, place], color="0.8", linewidth=1, zorder=0)
        left.plot([exact], [place], **style.look(0), label="relation" if first else None)
        left.plot([spoiled], [place], **style.look(1), label="spoiled" if first else None)
    style.rows(left, [name for name, _, _ in rows])
    left.set(
        xscale="log",
        xlabel="largest difference of both sides",
        ylabel="relation",
        title=f"relations at {dataset.sizes['seed']} random settings",
    )
    style.legend(left, columns=2)
    variances = dataset.variance.values
    for number, (name, label) in enumerate(
        (("slopes", "mean slope a"), ("memories", "memory power v²"), ("residuals", "residual s²"))
    ):
        style.points(right, variances, dataset[name].values[0].T, number, label)
    right.set(
        yscale="log",
        xlabel="variance of the class",
        ylabel="value at tanh",
        title="features of a class (means over times)",
    )
    style.legend(right, columns=3)
    return figure


def _relations(dataset):
    powers = dataset.powers.values
    total = dataset.total_power.values
    train, share = dataset.train.values, dataset.share.values[..., None]
    rest = (1 + dataset.ratio.values) / dataset.features.values
    mean = share * train[..., 0] + (1 - share) * train[..., 1]
    yield (
        "four powers\nsum to the total",
        *_apart(powers[..., :4].sum(-1), powers[..., :3].sum(-1), powers[..., 4]),
    )
    yield (
        "mean square\nand slope",
        *_apart(1 - dataset.slope.values, 1 + dataset.slope.values, total),
    )
    yield (
        "a class cut in two",
        *_apart(dataset.trace_cut.values, dataset.trace_unlike.values, dataset.trace_one.values),
    )
    yield "masses of bulks", *_apart(dataset.bulk_mass.values, rest + 1e-3, rest)
    yield "train losses\nadd up", *_apart(mean, train.mean(axis=-1), dataset.total.values)


def _apart(exact, spoiled, wanted):
    return [max(FLOOR, float(np.abs(side - wanted).max())) for side in (exact, spoiled)]
