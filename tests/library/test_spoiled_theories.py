"""The power of a convergence is had: theories off by it fail on the project's own simulations."""

import pytest

from diversity_jax import results
from paper_repro.papers.diffusion import centroid, learning, spectrum


def spectra(setting, name="below"):
    def check(data, off):
        spoiled = data[f"theory_{name}"]
        largest = float(spoiled.isel(point=data.setting.values.tolist().index(setting)).max())
        data = data.assign({f"mixed_{name}": spoiled + off * largest})
        return spectrum.spectra(data, setting, "mixed", name)

    return "diffusion_spectrum", check


def distribution(data, off):
    return centroid.distribution(data.assign(ignored_below=data.theory_below + off), "ignored")


def curves(setting):
    def check(data, off):
        names = ("train", "test")
        spoiled = {f"mixed_{name}": data[f"theory_{name}"] * (1 + off) for name in names}
        return learning.curves(data.assign(spoiled), setting, "mixed")

    return "diffusion_losses", check


SPOILED = {
    "B2-classes": spectra("early"),
    "B4-directions": spectra("subspaces"),
    "B5-learned": spectra("late", "learned"),
    "B7-spectrum": ("diffusion_centroids", distribution),
    "B10-isotropic": curves("isotropic"),
    "B10-subspaces": curves("subspaces"),
}


@pytest.mark.parametrize("claim", SPOILED)
def test_a_theory_off_by_the_stated_power_fails(claim, smoke_report):
    experiment, check = SPOILED[claim]
    data = results.read(smoke_report["results"] / experiment / "smoke")
    true = check(data, 0.0)
    assert true.status != "fails"
    for times in (1.001, -1.001, 2.0, -2.0, 3.0, -3.0):
        assert check(data, times * true.power).status == "fails"
