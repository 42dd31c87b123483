"""Random-features diffusion on images: spectrum, losses and times beside the theory of moments."""

from __future__ import annotations

import numpy as np

from figures import style

EXPERIMENT = "diffusion_images"
COMPARED = ("theory_below", "atom")
GRID_ORDER = True
WHAT = {"share": "90% of the test loss's fall", "gap": "test − train = 0.05"}
LOWER = (0.5, -0.25)  # legends below names of two lines


def draw(dataset):
    """Eigenvalues, distances to the theory, curves of each class, and times per setting."""
    figure, axes = style.panels(3, rows=2, width=5.0, height=4.0)
    first = list(dataset.setting.values).index("whitened together")
    one, names = dataset.isel(point=first), str(dataset.classes.values[first]).split("|")
    _shares(axes[0], one)
    _distances(axes[3], dataset)
    for place, name in enumerate(names):
        _curves(axes[1 + 3 * place], one, place, name)
    for row, (kind, what) in enumerate(WHAT.items()):
        _times(axes[2 + 3 * row], dataset.sel(definition=kind), names, what)
    return figure


def _shares(axes, one) -> None:
    place = one.place.values
    shown = (place > 0.5 * float(one.atom)) & (place < 100)
    for number, name in enumerate(one.theory.values):
        above = 1 - one.theory_below.values[number, shown]
        style.line(axes, place[shown], above, number, f"theory, {name}")
    every = np.flatnonzero(shown)[::10]
    for number, name in enumerate(one.data.values):
        above = 1 - one.below.values[:, number, every]
        style.points(axes, place[every], above.T, 4 - 2 * number, str(name), markersize=3.5)
    axes.set(
        xscale="log", xlabel="eigenvalue x of U", ylabel="share of eigenvalues above x",
        title=f"whitened together; d = {int(one.dimension)}",
    )  # fmt: skip
    style.legend(axes)


def _distances(axes, dataset) -> None:
    """Mean distance of distribution functions over log x, from above the atom on."""
    place = dataset.place.values
    pairs = (("images", "classes"), ("Gaussian", "classes"), ("images", "one class"))
    for point in range(dataset.sizes["point"]):
        some = dataset.isel(point=point)
        during = (place > 1.5 * float(some.atom)) & (place < 100)
        for number, (data, theory) in enumerate(pairs):
            apart = some.below.sel(data=data) - some.theory_below.sel(theory=theory)
            label = f"{data} from theory, {theory}" if point == 0 else ""
            where = point + (number - 1) / 4
            distance = np.abs(apart.values)[:, during].mean(axis=1)
            style.points(axes, [where], distance[None], number, label)
    _settings(axes, dataset)
    axes.set(ylabel="mean distance of the distributions", ylim=(0, None))
    style.legend(axes, bbox_to_anchor=LOWER)


def _settings(axes, dataset) -> None:
    labels = [str(name).replace(" ", "\n", 1) for name in dataset.setting.values]
    axes.set_xticks(np.arange(len(labels)), labels, fontsize=8)
    axes.set_xlabel("images")


def _curves(axes, one, place, name) -> None:
    times = one.training_time.values
    for row, (kind, dash) in enumerate((("train", (0, (2, 1.5))), ("test", "-"))):
        predicted = one[f"theory_{kind}"].sel(theory="classes").values[:, place]
        style.line(axes, times, predicted, row, f"{kind}, theory", linestyle=dash)
        for step, data in enumerate(one.data.values):
            drawn = one[kind].sel(data=data).values[:, :, place]
            style.course(axes, times, drawn, row + 2 * step, f"{kind}, {data}")
    axes.set(
        xscale="log", xlabel="training time τ", ylabel="loss of the class", title=f"class {name}"
    )
    axes.set_ylim(0, min(2.5, 1.3 * float(one.test.max())))
    style.legend(axes, columns=2)


def _times(axes, some, names, what) -> None:
    places = np.arange(some.sizes["point"])
    for number, name in enumerate(names):
        level = some.theory_times.sel(theory="classes").values[:, number]
        known = np.isfinite(level)
        style.dashes(axes, places[known], level[known], number, f"{name}, theory", width=0.8)
        for step, data in enumerate(some.data.values):
            drawn = some.times.sel(data=data).values[:, :, number]
            drawn = np.where(np.isfinite(drawn), drawn, np.nan)
            for point in places:
                label = f"{name}, {data}" if point == 0 else ""
                where = point - 0.2 + 0.4 * step
                style.strip(axes, where, drawn[point], number + 2 * step, label, markersize=3)
    _settings(axes, some)
    style.short_log(axes)
    axes.set(ylabel="training time τ", title=what)
    style.legend(axes, columns=2, bbox_to_anchor=LOWER)
