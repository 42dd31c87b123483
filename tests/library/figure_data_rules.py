"""The made-up dataset of the figure on rules of selection; see `figure_data`."""

import numpy as np

GEOMETRY = ["random", "near_other", "far_other", "near_own", "far_own"]
RULES = [
    *GEOMETRY, "entropy_top", "entropy_bottom", "k_center", "kmeans_plus_plus",
    "facility_location", "dpp_map", "d_optimal", "coverage_stratified", "information_gain",
]  # fmt: skip


def selection_rules(maker):
    rule, domain = ("rule", len(RULES)), ("domain", 4)
    sizes = np.array([200, 400, 800, 1600])
    first = maker.random.uniform(30, 38, len(GEOMETRY)) / sizes[:, None]
    noise = maker.random.uniform(0.98, 1.02, (1, maker.seeds, *first.shape))
    variables = {
        "risks": maker.draws(1, rule, domain, low=0.9, high=1.2),
        "worst": maker.draws(1, rule, low=1.2, high=2.4),
        "shares": maker.draws(1, rule, domain),
        "excess": maker.draws(1, rule, low=0.02, high=0.04),
        "large_excess": (("point", "seed", "size", "geometry"), 1.1 * first * noise),
        "theory_excess": (("size", "geometry"), first),
    }
    made = maker.dataset(variables, dimension=[32])
    return made.assign_coords(rule=RULES, geometry=GEOMETRY, size=sizes)
