"""Made-up datasets of the figures on speciation and collapse; see `figure_data`."""

import numpy as np

CRITERIA = ["half", "normalised-half", "bayes", "covariance"]


def diffusion_speciation(maker):
    offsets, steps = (-0.5, 0.0, 0.5), (8, 16)
    time, turn = ("time", len(offsets)), ("turn", 2)
    size, classes = ("size", len(steps)), ("class", 3)
    uniform = maker.random.uniform
    fractions = [[0.2, 0.8, 0.0], [0.2, 0.3, 0.5], [0.5, 0.5, 0.0]]
    variables = {
        "drawn": maker.draws(3, time, classes),
        "turned": maker.draws(3, turn, size, classes),
        "cloned": maker.draws(3, turn, size),
        "theory_curve": (("point", "curve", "class"), uniform(0.2, 1, (3, 4, 3))),
        "theory_cloned": (("point", "curve"), uniform(0.2, 1, (3, 4))),
    }
    fields = {"case": ["two", "three", "balanced"], "dimension": [16, 16, 64]}
    return maker.dataset(variables, **fields).assign_coords(
        offsets=(("point", "place_in_offsets"), np.tile(offsets, (3, 1))),
        fraction=(("point", "class"), np.asarray(fractions)),
        turn=[-0.4, 0.4],
        curve=[-0.5, -0.4, 0.4, 0.5],
        size=list(steps),
    )


def diffusion_speciation_times(maker):
    uniform = maker.random.uniform
    variables = {
        "measured": maker.draws(4, ("what", 3), low=1.0, high=2.5),
        "theory": (("point", "criterion", "class"), uniform(1, 2.5, (4, 4, 2))),
        "theory_balanced": (("point", "criterion"), uniform(2.5, 3, (4, 4))),
        "theory_quarter": (("dimension", "class"), uniform(0.5, 2, (3, 2))),
    }
    fields = {"classes": [2, 2, 3, 3], "fraction": [0.3, 0.01, 0.1, 0.02]}
    made = maker.dataset(variables, **fields)
    return made.assign_coords(criterion=CRITERIA, dimension=[100, 400, 1600])


def diffusion_collapse(maker):
    uniform = maker.random.uniform
    variables = {
        "collapse": maker.draws(3, ("class", 2), low=0.5, high=1.5),
        "gap": maker.draws(3, ("size", 2), low=-0.1, high=0.1),
        "theory": (("point", "class"), uniform(0.5, 1.5, (3, 2))),
        "theory_pooled": (("point", "class"), uniform(0.5, 1.5, (3, 2))),
    }
    made = maker.dataset(variables, dimension=[32, 52, 84])
    return made.assign_coords(variance=("class", [0.5, 2.0]), size=[8, 16])
