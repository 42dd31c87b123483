"""Fashion-MNIST by every solver of kernel ridge regression: error by images, and by time."""

from __future__ import annotations

import numpy as np

from figures import style

EXPERIMENT = "kernel_fashion"


def draw(dataset):
    """Wrong test images by number of training images; the same against CPU time."""
    figure, axes = style.panels(2, width=5.6, height=4.6)
    order = np.argsort(dataset.images.values)
    images = dataset.images.values[order]
    for number, name in enumerate(dataset.method.values):
        errors = dataset.error.values[order][:, :, number]
        seconds = (dataset.fitting + dataset.predicting).values[order][:, :, number]
        run = np.isfinite(errors).all(axis=1)
        if run.any():
            style.points(axes[0], images[run], errors[run], number, str(name))
            middle, half = style.estimate(errors[run])
            options = {**style.look(number), "linestyle": "-", "linewidth": 0.8}
            axes[1].errorbar(
                np.median(seconds[run], axis=1), middle, yerr=half, capsize=2.5, label=str(name),
                **options,
            )  # fmt: skip
    style.ticks(axes[0], images)
    axes[1].set_xscale("log")
    for each in axes:
        style.short_log(each)
        style.legend(each, columns=2)
    axes[0].set(
        xlabel="training images n", ylabel="share of wrong test images",
        title="Fashion-MNIST, 50 components, ten columns of −1 and 1",
    )  # fmt: skip
    axes[1].set(
        xlabel="CPU seconds of fit and prediction (median)", ylabel="share of wrong test images",
        title="each line: one solver as n grows",
    )  # fmt: skip
    return figure
