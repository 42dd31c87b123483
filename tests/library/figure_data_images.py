"""Made-up datasets of the figures on diffusion of images; see `figure_data`."""

import numpy as np

SETTINGS = ["whitened together", "variances exchanged", "whitened apart", "centroids kept"]
DEFINITIONS = ["argmin", "share", "gap", "relative-gap"]


def diffusion_images(maker):
    uniform = maker.random.uniform
    data, times, classes = ("data", 2), ("training_time", 6), ("class", 2)
    place, kinds = np.geomspace(0.01, 30, 50), ("definition", 4)
    variables = {
        "below": maker.draws(4, data, ("place", place.size)),
        "train": maker.draws(4, data, times, classes),
        "test": maker.draws(4, data, times, classes),
        "times": maker.draws(4, data, kinds, classes, low=5, high=50),
        "theory_below": (("point", "theory", "place"), uniform(0, 1, (4, 2, place.size))),
        "theory_train": (
            ("point", "theory", "training_time", "class"),
            uniform(0, 1, (4, 2, 6, 2)),
        ),
        "theory_test": (("point", "theory", "training_time", "class"), uniform(0, 1, (4, 2, 6, 2))),
        "theory_times": (("point", "theory", "definition", "class"), uniform(5, 50, (4, 2, 4, 2))),
        "atom": ("point", np.full(4, 0.02)),
    }
    made = maker.dataset(variables, setting=SETTINGS, classes=["0|1"] * 4, dimension=[20] * 4)
    return made.assign_coords(
        data=["images", "Gaussian"], theory=["classes", "one class"], place=place,
        training_time=np.geomspace(1, 1e4, 6), definition=DEFINITIONS,
    )  # fmt: skip


diffusion_images_fashion = diffusion_images
