"""Made-up datasets of the figures on the stages of diversity selection; see `figure_data`."""

import numpy as np


def selection_probe(maker):
    epochs = (1, 3, 10, 30)
    names = ("entropy", "against_margin", "against_distance", "probe", "regressor")
    variables = {name: maker.draws(2, ("epoch", len(epochs))) for name in names}
    made = maker.dataset(
        {**variables, "bayes": maker.draws(2)}, labels=["kmeans", "true"], kept=["0.2", "0.2"]
    )
    return made.assign_coords(epoch=list(epochs))


def selection_labels(maker):
    names = ("shrinkage", "error", "near_other", "near_own")
    theory = {
        f"theory_{name}": ("point", maker.random.uniform(0.1, 0.9, 5))
        for name in ("shrinkage", "error")
    }
    return maker.dataset(
        {name: maker.draws(5) for name in names} | theory,
        kind=["noise", "noise", "missing", "missing", "noise"],
        level=[0.1, 0.75, 0.5, 0.9, 0.75],
        offset=[3.0, 3.0, 3.0, 3.0, 0.0],
    )


def selection_importance(maker):
    weights = ["posterior", "hard", "labels"]
    quantities = ["one", "square", "mean", "mean_error", "risk_error", "mean_ratio"]
    axes = ("weight", "quantity")
    size = (len(weights), len(quantities))
    curve = np.linspace(0.1, 2, 5)
    variables = {
        "measured": maker.draws(3, *zip(axes, size)),
        "theory": (("point", *axes), maker.random.uniform(0.1, 0.9, (3, *size))),
        "theory_curve": (("curve", *axes), maker.random.uniform(0.1, 0.9, (5, *size))),
    }
    made = maker.dataset(variables, scale=[0.1, 1.0, 2.0], block=[100] * 3)
    return made.assign_coords(weight=weights, quantity=quantities, curve=curve)


def selection_dimension(maker):
    axes, size = ("size", "component"), (3, 2)
    variables = {
        name: (("point", *axes), maker.random.uniform(0.1, 0.9, (4, *size)))
        for name in ("exact", "theory", "linear")
    }
    made = maker.dataset(
        {**variables, "moved": maker.draws(4, *zip(axes, size))},
        mean=["growing", "growing", "fixed", "fixed"],
        band=["near", "far"] * 2,
    )
    return made.assign_coords(size=[32, 128, 512], component=["along", "across"])
