"""Small made-up datasets for the figures of what selections keep."""

import numpy as np


def selection_tables(maker):
    table = maker.random.uniform(40, 50, (1, maker.seeds, 3, 4))
    variables = {
        "averages": (("point", "seed", "model", "method"), table),
        "pools": (("point", "seed", "model", "pool"), table[..., :2] + 1),
    }
    return maker.dataset(variables).assign_coords(model=["one", "two", "three"])


def selection_identities(maker):
    draws = (1, maker.seeds, 50)
    ratio = maker.random.uniform(0.5, 2, draws)
    bound = maker.random.uniform(0.1, 1, draws)
    axes = ("point", "seed", "draw")
    variables = {
        "ratio": (axes, ratio),
        "weight": (axes, ratio),
        "error": (axes, 0.5 * bound),
        "bound": (axes, bound),
        "gloss_entropy": ("example", [0.69, 0.61]),
        "gloss_error": ("example", [0.0, 0.2]),
    }
    return maker.dataset(variables)


def selection_truncation(maker):
    kinds = ["shell", "line", "cosine", "slab"]
    shape = (len(kinds), maker.seeds, 4)
    fields = {name: np.full(4, 0.5) for name in ("along", "across", "separation", "prior", "low")}
    variables = {
        "measured": (("point", "seed", "quantity"), maker.random.uniform(0, 1, shape)),
        "theory": (("point", "quantity"), np.full((4, 4), 0.5)),
    }
    return maker.dataset(variables, kind=kinds, dimension=[8] * 4, high=np.ones(4), **fields)


def selection_anisotropy(maker):
    offsets, sizes = np.array([0.0, 2.0, 8.0]), np.array([8, 16, 64])
    drawn = maker.random.uniform(0, 1, (3, maker.seeds, 3))
    curve = np.linspace(0, 8, 9)
    variables = {
        "correlation": (("point", "seed", "size"), drawn),
        "theory": (("point", "size"), np.full((3, 3), 0.5)),
        "rigid": (("point", "size"), np.full((3, 3), 0.4)),
        "theory_curve": (("end", "curve"), np.stack([curve / 8, curve / 16])),
    }
    return maker.dataset(variables, offset=offsets).assign_coords(size=sizes, curve=curve)


def selection_lda(maker):
    rules = ["random", "entropy", "near_other", "far_other"]
    errors = maker.random.uniform(0.05, 0.1, (12, maker.seeds, 3))
    errors[8:, :, 1:] = np.nan
    shares, apart = np.array([0.1, 0.2, 0.5]), np.array([1.0, 2.0, 3.0, 4.0])
    variables = {
        "errors": (("point", "seed", "size"), errors),
        "theory_base": (("point", "size"), np.full((12, 3), 0.04)),
        "theory_slope": ("point", np.linspace(1, 3, 12)),
        "map_error": (("map_fraction", "map_separation"), maker.random.uniform(0, 1, (3, 4))),
        "flip": ("map_fraction", [3.5, 2.8, 1.6]),
    }
    fields = {
        "rule": [*rules, *rules, *(2 * rules[2:])],
        "separation": [2.0] * 4 + [4.0] * 4 + [2.7, 2.7, 2.9, 2.9],
        "kept": ["0.2"] * 12,
    }
    made = maker.dataset(variables, **fields)
    sizes = ("point", "place_in_sizes"), np.tile([100, 200, 400], (12, 1))
    return made.assign_coords(sizes=sizes, map_fraction=shares, map_separation=apart)
