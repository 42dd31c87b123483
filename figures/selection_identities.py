"""Importance weights by posterior against density ratios, and the error of hard assignment."""

from __future__ import annotations

import numpy as np

from figures import style

EXPERIMENT = "selection_identities"
COMPARED = ("gloss_entropy", "gloss_error")
SHOWN = 400


def draw(dataset):
    """Ratio against weight; error against its bound; the counterexample to the gloss."""
    figure, (weights, errors, gloss) = style.panels(3, width=4.4, height=3.8)
    one = dataset.isel(point=0, seed=0)
    weights.plot(one.ratio[:SHOWN], one.weight[:SHOWN], **style.look(0))
    ends = np.array([float(one.ratio.min()), float(one.ratio.max())])
    style.line(weights, ends, ends, 1, "equal")
    weights.set(
        xlabel="density ratio target / pool",
        ylabel="posterior's mixture of ratios", title="importance weight",
    )  # fmt: skip
    some = one.bound.values > 1e-9
    errors.plot(one.bound.values[some][:SHOWN], one.error.values[some][:SHOWN], **style.look(0))
    top = np.array([1e-9, float(one.bound.max())])
    style.line(errors, top, top, 1, "the bound")
    errors.set(
        xscale="log", yscale="log", xlabel="bound by the entropy",
        ylabel="squared error of the hard weight", title="hard assignment", ylim=(1e-12, None),
    )  # fmt: skip
    style.legend(weights)
    style.legend(errors)
    gloss.plot(dataset.gloss_entropy, dataset.gloss_error, **style.look(1))
    for entropy, error, name in zip(
        dataset.gloss_entropy.values, dataset.gloss_error.values, ("(0, .5, .5)", "(.3, .7, 0)")
    ):
        gloss.annotate(
            name, (entropy, error), xytext=(-6, 8), textcoords="offset points", ha="right"
        )
    gloss.margins(0.4)
    gloss.set(
        xlabel="entropy of the posterior (nats)",
        ylabel="squared error",
        title="less entropy, more error",
    )
    return figure
