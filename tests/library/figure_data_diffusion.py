"""Small made-up datasets for the figures of random-features diffusion."""

import numpy as np

from experiments.shared import flows, spectra

TIMES = np.geomspace(0.1, 1e5, 24)
POINT = {
    "first_one": 0.4, "first_two": 0.4, "second_one": 1.6, "second_two": 1.6, "percent": 50,
    "samples_per_dimension": 4, "features_per_dimension": 8, "time": 0.1, "dimension": 16,
}  # fmt: skip


def _fields(points, **changed):
    return {name: np.broadcast_to(v, points) for name, v in {**POINT, **changed}.items()}


def _shares(maker, points):
    """Distributions over `spectra.GRID`: rising from 0 to 1."""
    places = spectra.GRID.size
    steps = maker.random.uniform(size=(points, maker.seeds, places))
    below = np.cumsum(steps, axis=2) / steps.sum(axis=2)[..., None]
    theory = np.linspace(0, 1, places) + 0.01 * maker.random.uniform(size=(points, 1))
    return below, theory


def diffusion_spectrum(maker):
    below, theory = _shares(maker, 8)
    variables = {
        "below": (("point", "seed", "place"), below),
        "theory_below": (("point", "place"), theory),
        "mixed_below": (("point", "place"), 0.9 * theory),
        "atom": ("point", np.full(8, 1e-3)),
    }
    sizes = np.tile([8, 12, 18, 27], 2)
    made = maker.dataset(variables, **_fields(8, dimension=sizes))
    names = np.repeat(["early", "late"], 4)
    return made.assign_coords(setting=("point", names), place=spectra.GRID)


def diffusion_bulks(maker):
    below, theory = _shares(maker, 2)
    masses = np.array([[0.9, 0.09, 0.01], [0.9, 0.1, np.nan]])
    edges = np.array([[[1e-3, 1e-2], [0.1, 0.4], [10.0, 45.0]]] * 2)
    variables = {
        "below": (("point", "seed", "place"), below),
        "learned": (("point", "seed", "place"), 0.5 * below),
        "theory_below": (("point", "place"), theory),
        "theory_learned": (("point", "place"), 0.5 * theory),
        "counted_below": (("point", "seed", "bulk"), np.tile(masses[:, None], (1, maker.seeds, 1))),
        "masses": (("point", "bulk"), masses),
        "edges": (("point", "bulk", "end"), edges),
        "atom": ("point", [1e-3, 1e-3]),
    }
    made = maker.dataset(variables, **_fields(2))
    return made.assign_coords(setting=("point", ["one", "halves"]), place=spectra.GRID)


def diffusion_edges(maker):
    share = np.linspace(0.05, 0.95, 7)
    lines = np.stack([0.01 + 0.01 * share, 0.03 - 0.02 * share], axis=1)
    variables = {
        name: (("point", "seed", "class"), maker.random.uniform(0.01, 0.03, (3, maker.seeds, 2)))
        for name in ("edges", "medians")
    }
    variables |= {
        f"theory_{name}": (("share", "class"), factor * lines)
        for name, factor in (("edges", 1.0), ("medians", 1.2), ("reduced", 0.9))
    }
    made = maker.dataset(variables, **_fields(3, percent=[10, 50, 90], edge_dimension=32))
    return made.assign_coords(share=share)


def _curves(maker, points, **changed):
    frames, classes = ("training_time", TIMES.size), ("class", 2)
    variables = {name: maker.draws(points, frames, classes) for name in ("train", "test")}
    variables["times"] = maker.draws(points, ("definition", 4), classes, low=5.0, high=50.0)
    for name in ("theory_train", "theory_test", "mixed_test"):
        values = maker.random.uniform(0.2, 0.9, (points, TIMES.size, 2))
        variables[name] = (("point", "training_time", "class"), values)
    times = maker.random.uniform(5.0, 50.0, (points, 4, 2))
    variables["theory_times"] = (("point", "definition", "class"), times)
    made = maker.dataset(variables, **_fields(points, **changed))
    return made.assign_coords(training_time=TIMES, definition=list(flows.DEFINITIONS))


def _settings(points):
    return ("point", np.tile(["isotropic", "subspaces"], points // 2))


def diffusion_losses(maker):
    sizes = np.repeat([8, 12, 18, 27], 2)
    return _curves(maker, 8, dimension=sizes).assign_coords(setting=_settings(8))


def diffusion_times(maker):
    shares = np.repeat([20, 50, 80], 2)
    return _curves(maker, 6, percent=shares).assign_coords(setting=_settings(6))


def diffusion_fairness(maker):
    made = _curves(maker, 6, percent=np.repeat([32, 52, 72], 2))
    kinds, which = ["isotropic", "subspaces"], ["generalisation", "memorisation"]
    regret = maker.random.uniform(0.1, 0.9, (6, maker.seeds, 3, 2))
    return made.assign(
        fair_share=(("kind", "which"), np.array([[0.01, 0.99], [0.52, 0.55]])),
        fair_residual=(("kind", "which"), np.array([[0.3, 0.3], [0.0, 0.0]])),
        stop=(("point", "rule"), maker.random.uniform(5, 50, (6, 3))),
        regret=(("point", "seed", "rule", "class"), regret),
    ).assign_coords(setting=_settings(6), kind=kinds, which=which, rule=["fair", "pooled", "late"])


def diffusion_phase(maker):
    made = _curves(maker, 4, percent=[20, 20, 80, 80])
    shares, contrasts = np.linspace(0.1, 0.9, 4), np.geomspace(1.5, 9, 4)
    predicted = maker.random.uniform(1, 20, (2, 4, 4, 2, 2))
    axes = ("kind", "contrast_cell", "share_cell", "drawn", "class")
    return made.assign(predicted=(axes, predicted)).assign_coords(
        setting=_settings(4), contrast=("point", [1.5, 4.0, 1.5, 4.0]),
        kind=["isotropic", "subspaces"], drawn=["share", "gap"],
        share_cell=shares, contrast_cell=contrasts,
    )  # fmt: skip


def diffusion_sample_size(maker):
    made = _curves(maker, 4, samples_per_dimension=[2, 4, 8, 16])
    axis = np.geomspace(2, 64, 5)
    return made.assign(
        late_test=(("samples", "features"), maker.random.uniform(0.3, 3, (5, 5))),
        edge_slope=(("rate", "class"), 1 + maker.random.uniform(0.01, 0.1, (3, 2))),
    ).assign_coords(samples=axis, features=axis, rate=[4.0, 16.0, 64.0])


def diffusion_identities(maker):
    parts, rest = maker.draws(1, ("class", 2), ("part", 4)), maker.draws(1)
    powers = np.concatenate([parts[1], parts[1].sum(axis=-1, keepdims=True)], axis=-1)
    variables = {
        "powers": ((*parts[0][:3], "part"), powers),
        "train": maker.draws(1, ("training_time", 3), ("class", 2)),
        "total": maker.draws(1, ("training_time", 3)),
        "bulk_mass": rest,
    }
    for name in ("slope", "total_power", "share", "trace_cut", "trace_even", "trace_unlike"):
        variables[name] = maker.draws(1)
    for name in ("ratio", "features"):
        variables[name] = maker.draws(1, low=2.0, high=9.0)
    for name in ("slopes", "memories", "residuals"):
        variables[name] = maker.draws(1, ("variance", 3))
    return maker.dataset(variables, classes=[2]).assign_coords(variance=[0.5, 1.0, 2.0])


def diffusion_exactness(maker):
    names = ("drawn", "exact", "silent")
    variables = {f"{name}{end}": maker.draws(1) for name in names for end in ("", "_diagonal")}
    variables["gap"] = maker.draws(1, ("stride", 4))
    return maker.dataset(variables, **_fields(1)).assign_coords(stride=[20, 40, 80, 160])


def diffusion_centroids(maker):
    below, theory = _shares(maker, 8)
    top = np.linspace(5.0, 40.0, 16).reshape(8, 2)
    variables = {
        "below": (("point", "seed", "place"), below),
        "top": maker.draws(8, ("rank", 2), low=5.0, high=50.0),
        "theory_top": (("point", "rank"), top),
        "theory_below": ("place", theory[0]),
        "ignored_below": ("place", 0.9 * theory[0]),
        "atom": ((), 1e-3),
        "edge": ((), 8.0),
    }
    sizes = np.repeat([8, 12, 18, 27], 2)
    made = maker.dataset(variables, **_fields(8, dimension=sizes))
    return made.assign_coords(setting=("point", ["long", "short"] * 4), place=spectra.GRID)


def diffusion_centroid_times(maker):
    return _curves(maker, 3).assign_coords(setting=("point", ["equal", "unlike", "nearly"]))
