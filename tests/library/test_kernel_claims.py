"""Claims on partitions: the recorded runs they lean on, and distances to borders of cells."""

import numpy as np
import xarray

from experiments import kernel_edges
from paper_repro import recorded
from paper_repro.papers.park import real


def made(size, values, **names):
    """A result with one size and errors `[seed, method]`."""
    data = {"error": (("point", "seed", "method"), values[None]), **size}
    return xarray.Dataset(data, coords={"method": list(names.values())})


def kept(name):
    found = recorded.read(name)
    assert found is not None
    return found[0]


def test_the_power_goes_through_the_recorded_errors_and_a_steeper_one_is_refused():
    dataset = kept("kernel_fashion")
    many = np.log(dataset.images.values)
    errors = np.log(real.errors(dataset, slice(None), real.IMAGES)).mean(axis=0)
    expected = np.exp(np.polyval(np.polyfit(many, errors, 1), np.log(3000)))
    spread = np.exp(0.02 * np.linspace(-1, 1, 6))[:, None]
    few = made({"images": ("point", [3000])}, expected * spread, one=real.IMAGES)
    assert real.images_on_the_trend(few).status == "holds"
    assert real.images_on_the_trend(few, power=-0.5).status == "fails"


def test_the_parabola_goes_through_the_recorded_leads_and_the_line_is_refused():
    counts, lead = real.leads(kept("kernel_large"), kept=True)
    assert counts.tolist() == [10_000, 100_000, 1_000_000]
    expected = np.polyval(np.polyfit(np.log(counts), lead.mean(axis=0), 2), np.log(4000))
    spread = np.exp(0.1 * np.linspace(-1, 1, 12))[:, None]
    errors = np.concatenate([np.exp(expected) * spread, np.ones((12, 1))], axis=1)
    few = made({"count": ("point", [4000])}, errors, one="250 centres", cells=real.CELLS)
    assert real.on_the_trend(2)(few).status == "holds"
    assert real.on_the_trend(1)(few).status == "fails"


def test_a_step_over_the_border_is_into_another_cell_and_a_shorter_one_never_is():
    random = np.random.default_rng(3)
    centroids, points = random.uniform(size=(7, 2)), random.uniform(size=(40, 2))

    def cell(places):
        return ((places[:, None] - centroids[None]) ** 2).sum(2).argmin(axis=1)

    distance = kernel_edges.to_border(points, centroids)
    turns = 2 * np.pi * np.arange(720) / 720
    around = np.stack([np.cos(turns), np.sin(turns)], axis=1)
    for point, own, far in zip(points, cell(points), distance):
        assert (cell(point + 0.999 * far * around) == own).all()
        assert (cell(point + 1.01 * far * around) != own).any()
