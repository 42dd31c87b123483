"""A fake paper on a tiny dataset: one claim for each thing that can happen to a claim."""

import json
import sys
import types

import numpy as np
import xarray
from matplotlib.figure import Figure

import figures
from diversity_jax.datasets import DatasetMissing
from paper_repro import checks, claims, pipeline, recorded
from paper_repro.claims import Claim, Control, Paper

EXPERIMENT = "attention_manifold_dirac"
INSTALL = "apt-get install dataset-fashion-mnist"
ZIGZAG = np.array([-1.0, 1.0, -1.0, 1.0, -1.0, 1.0, -1.0, 1.0])


def dataset(middle=2.0, seeds=8):
    """`value` per seed, alternating by 0.001 around `middle`."""
    values = middle + 1e-3 * np.resize(ZIGZAG, seeds)
    kept = {"seconds": 1.25, "command": "python -m experiments tiny", "identity": {}}
    return xarray.Dataset(
        {"value": ("seed", values)}, {"seed": np.arange(seeds)}, {"provenance": json.dumps(kept)}
    )


def is_about(predicted):
    """The check that the mean value is `predicted`, to 1%."""
    return lambda data: checks.agreement(
        data.value.values, predicted=predicted, scale=2.0, resolution=0.01
    )


def claim(identity, truth=2.0, spoiled=3.0, **changed):
    """A claim that holds with a control that fails, unless changed."""
    usual = {
        "kind": "agreement",
        "sentence": f"The mean of {identity} is {truth} < 10 & more.",
        "source": "made up",
        "experiment": EXPERIMENT,
        "check": is_about(truth),
        "control": Control("another mean", is_about(spoiled), kind="rival prediction"),
        "formula": "exact",
        "figure": "fake_picture",
        "unit": "metres",
        "decides_at": "smoke",
    }
    return Claim(id=identity, **{**usual, **changed})


def raises(data):
    """A check that does not finish."""
    raise RuntimeError("two\nlines")


def house(monkeypatch, *made, data=None):
    """Put these claims in place of the real ones; returns what each experiment was asked for."""
    asked = []

    def saved(name, preset, seed, show):
        asked.append((name, preset, seed))
        if name == "without_images":
            raise DatasetMissing(f"fashion-mnist: no file here; run: {INSTALL}")
        if name == "broken":
            raise RuntimeError("no memory\nleft")
        return pipeline._evidence(name, preset, "computed", dataset() if data is None else data)

    def draw(name, data):
        if name == "cannot_draw":
            raise RuntimeError("no ink")
        figure = Figure()
        axes = figure.subplots()
        axes.errorbar(data.seed, data.value, yerr=0.5, label="measured", linestyle="none")
        axes.plot([0, 7], [2.0, 2.0], label="predicted")
        axes.axhline(1.0)
        axes.set(xlabel="seed", ylabel="value (m)", title="values")
        return figure

    for name in ("fake_picture", "cannot_draw"):
        module = types.ModuleType(f"figures.{name}")
        module.EXPERIMENT = EXPERIMENT
        monkeypatch.setitem(sys.modules, f"figures.{name}", module)
    paper = Paper("fake", "A fake paper", "nowhere", "All of this is made up.", tuple(made))
    monkeypatch.setattr(claims, "papers", lambda: [paper])
    monkeypatch.setattr(pipeline, "_saved", saved)
    monkeypatch.setattr(figures, "draw", draw)
    return asked


def nothing_recorded(monkeypatch, folder):
    """Recorded runs are looked for in an empty folder of the test's own."""
    monkeypatch.setattr(recorded, "FOLDER", folder / "recorded")
    return folder / "recorded"
