"""Small made-up datasets with what each attention figure reads, of any number of seeds.

The numbers are random within the right range: these datasets test the drawing, not the science.
"""

import zlib

import numpy as np
import xarray

from tests.library.figure_data_diffusion import (  # noqa: F401  (found by name)
    diffusion_bulks,
    diffusion_centroid_times,
    diffusion_centroids,
    diffusion_edges,
    diffusion_exactness,
    diffusion_fairness,
    diffusion_identities,
    diffusion_losses,
    diffusion_phase,
    diffusion_sample_size,
    diffusion_spectrum,
    diffusion_times,
)
from tests.library.figure_data_diversity import (  # noqa: F401  (found by name)
    selection_anisotropy,
    selection_identities,
    selection_lda,
    selection_tables,
    selection_truncation,
)
from tests.library.figure_data_images import (  # noqa: F401  (found by name)
    diffusion_images,
    diffusion_images_fashion,
)
from tests.library.figure_data_rules import selection_rules  # noqa: F401  (found by name)
from tests.library.figure_data_selection import (  # noqa: F401  (found by name)
    selection_dimension,
    selection_importance,
    selection_labels,
    selection_probe,
)
from tests.library.figure_data_speciation import (  # noqa: F401  (found by name)
    diffusion_collapse,
    diffusion_speciation,
    diffusion_speciation_times,
)
from tests.library.figure_data_texts import (  # noqa: F401  (found by name)
    selection_texts,
    selection_texts_mixes,
)

FRAMES = 6
LENGTHS = np.array([4.0, 16.0, 64.0])


class Maker:
    """Random arrays `[point, seed, ...]` under one named seed."""

    def __init__(self, name: str, seeds: int):
        self.random = np.random.default_rng(zlib.crc32(name.encode()))
        self.seeds = seeds

    def draws(self, points: int, *extra: tuple[str, int], low: float = 0.1, high: float = 0.9):
        """One variable with axes point, seed and the `extra` ones."""
        axes = ("point", "seed", *(axis for axis, _ in extra))
        sizes = (points, self.seeds, *(size for _, size in extra))
        return axes, self.random.uniform(low, high, sizes)

    def dataset(self, variables: dict, **fields) -> xarray.Dataset:
        """Variables, and per grid point the `fields`."""
        coordinates = {name: ("point", np.asarray(values)) for name, values in fields.items()}
        return xarray.Dataset(variables, coords={"seed": np.arange(self.seeds), **coordinates})


def make(name: str, seeds: int = 5) -> xarray.Dataset:
    """The made-up dataset for figure `name`."""
    return globals()[name.removeprefix("attention_")](Maker(name, seeds))


def _descent(maker: Maker, points: int, theory: dict | None = None, **changed) -> xarray.Dataset:
    frames = ("frame", FRAMES)
    variables = {name: maker.draws(points, frames) for name in ("alignment", "span", "angle")}
    variables |= {name: maker.draws(points) for name in ("final", "risk", "frame_error")}
    variables["success"] = (("point", "seed"), maker.random.random((points, maker.seeds)) < 0.5)
    fields = {
        "clusters": 2, "heads": 2, "dimension": 10, "start": "sphere", "stride": 50,
        "length": 30.0, "variance": 0.0, "strength": 0.6, "regularisation": 0.0,
        "learning_rate": 0.05, "overlap": 0.0,
    }  # fmt: skip
    filled = {name: np.broadcast_to(value, points) for name, value in {**fields, **changed}.items()}
    per_point = {name: ("point", np.asarray(values)) for name, values in (theory or {}).items()}
    return maker.dataset({**variables, **per_point}, **filled)


def manifold_dirac(maker):
    theory = {"theory_resting": [0.9, 1.0, 1.0], "theory_log_rate": [0.01, -0.01, 0.0]}
    made = _descent(maker, 3, theory, strength=[0.95, 0.5, 0.85], start="manifold")
    made["angle"][1] = np.exp(-0.02 * 50 * np.arange(1, FRAMES + 1))
    return made


def manifold_gaussian(maker):
    theory = {"theory_resting": [1.0, 1.0, 0.9, 0.8], "theory_log_rate": [-0.01, -0.02, 0.01, 0.01]}
    made = _descent(maker, 4, theory, variance=[0.09, 0.25, 0.09, 0.25], start="manifold")
    made["angle"][:2] = np.exp(-0.02 * 50 * np.arange(1, FRAMES + 1))
    return made.assign_coords(too_large=("point", [False, False, True, True]))


def free_rotation(maker):
    made = _descent(maker, 2, length=[np.inf, 3.0])
    return made.assign(final_angle=np.arccos(made.final))


def regularisation(maker):
    sizes = [5.0, 0.0, 0.3, 1.0]
    theory = {"theory_spurious": [2.7, 2.7, 2.7, 2.4], "theory_spurious_risk": [0.5, 0.5, 0.5, 0.6]}
    return _descent(maker, 4, theory, regularisation=sizes, variance=[0.0, 0.0, 0.0, 0.09])


def sweeps(maker):
    made = _descent(
        maker, 5,
        dimension=[2, 50, 10, 10, 10],
        length=[30.0, 30.0, 5.0, 30.0, 30.0],
        variance=[0.09, 0.09, 0.09, 0.09, 1.44],
    )  # fmt: skip
    steps = maker.random.integers(1, FRAMES, (5, maker.seeds)) * 50.0
    steps[1] = np.nan  # never reached
    return made.assign(steps_to_reach=(("point", "seed"), steps))


def step_size(maker):
    rates = np.array([3.0, 0.2, 0.63, 0.77])
    made = _descent(maker, 4, learning_rate=rates, start=["sphere", "sphere", *["centroids"] * 2])
    made["angle"][2] = 0.0
    limit = xarray.DataArray(0.7)
    stayed = made.angle.isel(frame=-1) < 1e-3
    return made.assign(theory_limit=limit, fraction=made.learning_rate / limit, stayed=stayed)


def more_heads(maker):
    made = _descent(maker, 2, clusters=[3, 2], heads=[3, 3], regularisation=[0.6, 0.0])
    made["alignment"][0] = 1.0
    return made


def oblique(maker):
    theory = {"theory_alignment": [0.9, 1.0, 0.8, 0.9]}
    return _descent(
        maker, 4, theory, overlap=[0.3, 0.3, -0.4, 0.3], strength=[0.9, 0.4, 0.7, 0.9],
        length=np.inf, variance=0.09, regularisation=[0.0, 0.0, 0.0, 0.2],
    )  # fmt: skip


def thresholds(maker):
    theory = {
        "theory_resting": [1.0, 0.99, 1.0, 1.0],
        "theory_spurious_risk": [0.5, 0.5, 0.53, 0.53],
        "theory_threshold": [1.7, 1.7, 2.76, 2.76],
    }
    start, sizes = ["manifold", "manifold", "spurious", "spurious"], [1.5, 2.0, 2.7, 2.8]
    made = _descent(maker, 4, theory, start=start, regularisation=sizes)
    return made.assign(near=made.success, trapped=made.success)


def minimisers(maker):
    theory = {"theory_least": [0.2, 0.07, 0.1], "theory_basis": [0.2, 0.11, 0.1]}
    made = _descent(maker, 3, theory, clusters=[2, 2, 3])
    made["risk"] = made.risk * 0 + made.theory_least
    return made.assign_coords(fraction=("point", [0.6, 1.2, 0.9]))


def risk(maker):
    names = ("risk", "without_own", "regulariser", "uncoupled")
    theory = {f"theory_{name}": ("point", maker.random.uniform(0.2, 1, 3)) for name in names}
    measured = {name: maker.draws(3) for name in ("risk", "regulariser")}
    shape = {"clusters": [2, 3, 4], "heads": [2, 2, 3], "dimension": [3, 4, 5], "length": [1, 2, 5]}
    return maker.dataset(theory | measured, **shape)


def length(maker):
    gap = -0.2 / LENGTHS
    noise = maker.random.normal(0, 1e-3, (1, maker.seeds, LENGTHS.size))
    variables = {
        "gap": (("point", "seed", "size"), gap + noise),
        "distance": (("point", "seed", "size"), -gap + noise),
        "theory_infinite": ((), 0.5),
        "theory_risk": ("size", 0.5 + gap),
        "theory_distance": ("size", -gap),
    }
    return maker.dataset(variables).assign_coords(size=LENGTHS)


def identities(maker):
    names = (
        "risk", "risk_turned", "regulariser", "regulariser_turned", "dirac", "dirac_formula",
        "dirac_spoiled", "manifold", "manifold_formula", "manifold_spoiled", "turned",
        "turned_formula", "turned_spoiled",
    )  # fmt: skip
    made = maker.dataset(
        {name: maker.draws(3) for name in names},
        clusters=[2, 2, 3], length=[2.0, np.inf, 2.0], variance=[0.0, 1.0, 0.0],
    )  # fmt: skip
    strengths = {
        f"{name}_strength": (("point", "seed", "size"), np.full((3, maker.seeds, 2), 0.5))
        for name in ("best", "largest", "unbiased")
    }
    made = made.assign(turned_formula=made.turned, **strengths)
    return made.assign_coords(size=[10, 100])


def online_sgd(maker):
    frames = ("frame", FRAMES)
    variables = {name: maker.draws(2, frames) for name in ("alignment", "span")}
    sizes = {"regularisation": [0.1, 0.0], "stride": [20, 20], "batch": [32, 32]}
    return maker.dataset({**variables, "final": maker.draws(2)}, **sizes)


softmax_sgd = online_sgd


def softmax_risk(maker):
    names = ("risk_centroids", "risk_difference_axis", "risk_found")
    variables = {name: maker.draws(3) for name in names}
    variables["output_error"] = maker.draws(3, ("length", LENGTHS.size))
    cases = {"joined": ["sum", "sum", "mean"], "strength": [1.0, 4.0, 1.0]}
    return maker.dataset(variables, **cases).assign_coords(length=LENGTHS)


def in_context(maker):
    names = ("risk", "quantisation_error", "variance_of_output")
    size = ("size", LENGTHS.size)
    variables = {name: maker.draws(5, size) for name in names}
    for name in names:
        theory = maker.random.uniform(0.1, 0.9, (5, LENGTHS.size))
        variables[f"theory_{name}"] = (("point", "size"), theory)
    for name in ("limit_risk", "limit_variance", "raw_error", "nearest_error", "optimal_error"):
        variables[f"theory_{name}"] = ("point", maker.random.uniform(0.1, 0.9, 5))
    fields = {
        "clusters": [3, 2, 2, 2, 2],
        "centroids": ["orthonormal"] * 4 + ["sphere"],
        "choice": ["unbiased", "unbiased", "risk_optimal", "centroid_optimal", "unbiased"],
        "variance": [0.09, 0.0, 0.09, 0.09, 0.09],
    }
    return maker.dataset(variables, **fields).assign_coords(size=LENGTHS)


def clouds(maker):
    size = ("size", LENGTHS.size)
    names = ("risk", "mean_gain", "total_variance", "off_span_variance")
    variables = {name: maker.draws(2, size) for name in names}
    variables |= {
        name: maker.draws(2, ("token", 20), ("coordinate", 3)) for name in ("cloud", "raw_cloud")
    }
    for name in ("theory_risk", "theory_gain_infinite"):
        variables[name] = (("point", "size"), maker.random.uniform(0.1, 0.9, (2, LENGTHS.size)))
    variables |= {"theory_total": ("point", [0.18, 0.18]), "raw_total": ("point", [0.45, 0.9])}
    return maker.dataset(variables, dimension=[10, 5]).assign_coords(size=LENGTHS)
