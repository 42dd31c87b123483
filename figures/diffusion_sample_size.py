"""Training with more samples: test losses, memorisation times, and the late test loss."""

from __future__ import annotations

import numpy as np

from figures import style

EXPERIMENT = "diffusion_sample_size"
COMPARED = ("edge_slope",)


def draw(dataset):
    """Test loss over time, memorisation time against samples, the exponent's limit, a map."""
    figure, (curves, times, limit, late) = style.panels(2, rows=2, width=5.2, height=4.0)
    _curves(curves, dataset)
    _times(times, dataset)
    _limit(limit, dataset)
    _late(figure, late, dataset)
    return figure


def _curves(axes, dataset) -> None:
    for number in range(dataset.sizes["point"]):
        one = dataset.isel(point=number)
        label = f"{int(one.samples_per_dimension)} samples per dimension"
        style.line(axes, one.training_time, one.theory_test.mean("class").values, number)
        style.course(axes, one.training_time, one.test.mean("class").values, number, label)
    axes.set(
        xscale="log",
        xlabel="training time τ",
        ylabel="test loss, mean of both classes",
        title=f"lines: theory; marks: simulated, d = {int(dataset.dimension.values[0])}",
    )
    axes.set_ylim(0, 2)
    style.legend(axes, columns=2)


def _times(axes, dataset) -> None:
    samples = dataset.samples_per_dimension.values
    kinds = (("gap", "test − train = 0.05"), ("relative-gap", "a tenth of the final gap"))
    for number, (kind, what) in enumerate(kinds):
        some = dataset.sel(definition=kind)
        style.line(axes, samples, some.theory_times.values[:, 0], number, f"{what}, predicted")
        style.points(axes, samples, some.times.values[:, :, 0], number, "simulated")
    style.power_law(axes, samples, float(dataset.theory_times.values[-1, 2, 0]), 1.0, "guide: n")
    style.ticks(axes, samples)
    axes.set(
        yscale="log",
        xlabel="samples per dimension n/d",
        ylabel="training time τ",
        title="memorisation, class of lower variance",
    )
    style.legend(axes)


def _limit(axes, dataset) -> None:
    for place, name in enumerate(("lower", "higher")):
        gap = np.abs(dataset.edge_slope.values[:, place] - 1)
        axes.plot(dataset.rate, gap, **style.look(place), label=f"class of {name} variance")
    largest = np.abs(dataset.edge_slope.values[-1] - 1).max()
    style.power_law(axes, dataset.rate.values, largest, -0.5, "guide: inverse square root")
    axes.set(
        xscale="log",
        yscale="log",
        xlabel="features over samples, p/n",
        ylabel="|exponent in n − 1|",
        title="time scale of the bulk's lower edge",
    )
    style.legend(axes)


def _late(figure, axes, dataset) -> None:
    values = np.log10(dataset.late_test.values)
    image = axes.pcolormesh(
        dataset.features, dataset.samples, values, cmap="cividis", shading="nearest"
    )
    figure.colorbar(image, ax=axes, label="log10 of the test loss")
    axes.set(
        xscale="log",
        yscale="log",
        xlabel="features per dimension p/d",
        ylabel="samples per dimension n/d",
        title="predicted test loss at τ = 1000",
    )
    style.ticks(axes, (2, 4, 8, 16, 32, 64))
    axes.set_yticks((2, 4, 8, 16, 32, 64), ("2", "4", "8", "16", "32", "64"))
    axes.set_yticks([], minor=True)
    axes.grid(visible=False)
