"""Times of both classes against the share, the fair share found, and regrets at two stops."""

from __future__ import annotations

import numpy as np

from figures import style

EXPERIMENT = "diffusion_fairness"
TITLES = {"isotropic": "isotropic classes", "subspaces": "different subspaces"}


def draw(dataset):
    """Per kind: ratio of the times against the share; worst regret of each rule for stopping."""
    figure, axes = style.panels(2, rows=2, width=4.8, height=3.8)
    for row, kind in enumerate(TITLES):
        some = dataset.isel(point=np.flatnonzero(dataset.setting.values == kind))
        _ratios(axes[2 * row], some, dataset.sel(kind=kind), TITLES[kind])
        _regrets(axes[2 * row + 1], some, TITLES[kind])
    return figure


def _ratios(axes, some, found, title) -> None:
    for number, (name, what) in enumerate(
        (("share", "90% of the test loss's fall"), ("gap", "test − train = 0.05"))
    ):
        times = some.times.sel(definition=name).values
        ratio = np.log(times[..., 0] / times[..., 1])
        style.points(axes, some.percent.values + number, ratio, number, what)
    style.level(axes, 0.0, "both at once")
    for number, which in enumerate(found.which.values):
        if float(found.fair_residual.sel(which=which)) < 1e-5:
            share = 100 * float(found.fair_share.sel(which=which))
            side = "left" if number == 0 else "right"
            style.threshold(axes, share, f"predicted fair share, {which}", side=side)
    axes.set_xlabel("share of the higher-variance class (%)")
    axes.set_ylabel("log of time lower / time higher")
    axes.set_title(f"{title}: which class is first")
    style.legend(axes)


def _regrets(axes, some, title) -> None:
    worst = some.regret.max("class")
    for number, (rule, label) in enumerate(
        (("fair", "stopped at the fair time"), ("pooled", "stopped at the least pooled loss"))
    ):
        regret = worst.sel(rule=rule).values
        style.points(axes, some.percent.values + number, regret, number, label)
    axes.set_xlabel("share of the higher-variance class (%)")
    axes.set_ylabel("regret of the worse class")
    axes.set_title(f"{title}: gain missed")
    style.legend(axes)
