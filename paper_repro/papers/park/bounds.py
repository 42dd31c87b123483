"""Claims on how far cells are from orthogonal, and what that bounds: K3, K4 and K6."""

from itertools import pairwise

import numpy as np

from diversity_jax.checks import combine, convergence, identity, inequality, ordering
from paper_repro.claims import Claim, Control

SLACK = 1e-9  # numerical error of either side, all of which are below 100


def below(bounds, *, resolution):
    """Parts by name: what is bounded stays below its bound, and comes near it somewhere.

    ``bounds(values, cells)`` gives left and right of each part, `[setting, seed]`, NaN where the
    part is not about a setting.
    """

    def check(dataset):
        values = {name: dataset[name].values for name in dataset.data_vars}
        parts = {}
        for name, (left, right) in bounds(values, dataset.cells.values[:, None]).items():
            known = np.isfinite(left)
            parts[name] = inequality(left[known], right[known], error=SLACK, resolution=resolution)
        return combine(parts)

    return check


def where(condition, values):
    """`values` where the condition is met, NaN elsewhere."""
    return np.where(condition, values, np.nan)


def excess(v, low, high):
    """What cells have more than the whole: everywhere, and where kappa_+ and kappa_- are far off 1.

    Nearer to 1 all of these bounds meet, and a wrong power of kappa would pass.
    """
    more, least, most = v["parts"] - v["whole"], v["leak"] / low, v["leak"] / high
    return {
        "below": (least, more),
        "above": (more, most),
        "below, kappa_+ above 3/2": (where(v["kappa_plus"] > 1.5, least), more),
        "above, kappa_- below 7/10": (where(v["kappa_minus"] < 0.7, more), most),
    }


def angles(v, cells, least, largest, pairs):
    """Eigenvalues by correlations of pairs, of more than two cells."""
    many = cells > 2
    return {
        "least": (where(many, 1 - v["least"]), least),
        "largest": (where(many, v["largest"] - 1), largest),
        "pairs": (where(many, v["radius"]), pairs),
    }


def shares(v, cells, power):
    """Eigenvalues by the largest share of a cell."""
    share = v["share"] ** power
    return {
        "least": (1 - v["least"], share),
        "largest": (v["largest"] - 1, (cells - 1) * share),
    }


def fits(v, *, spoiled=False):
    """The fits' distance, where one of two terms is the larger, by that or the other one."""
    terms = 1 - v["kappa_minus"], 1 - 1 / v["kappa_plus"]
    first = terms[0] >= terms[1]
    return {
        "kappa_-": (where(first, v["moved"]), terms[spoiled]),
        "kappa_+": (where(~first, v["moved"]), terms[1 - spoiled]),
    }


def two_cells(name):
    """Both extreme eigenvalues are off 1 by this output, where there are two cells."""

    def check(dataset):
        two = dataset.cells.values == 2
        off = dataset[name].values[two]
        parts = {
            "least": (dataset.least.values[two], 1 - off),
            "largest": (dataset.largest.values[two], 1 + off),
        }
        return combine(
            {
                each: identity(*sides, scale=1.0, terms=1e3, condition=1e5, resolution=1e-6)
                for each, sides in parts.items()
            }
        )

    return check


def apart(name):
    """The excess falls by more than a third with each half lengthscale: a part for each step."""

    def check(dataset):
        gaps, values = dataset.gap.values, dataset[name].values[0]
        parts = {}
        for place, (near, far) in enumerate(pairwise(gaps)):
            step = far - near
            grown = values[:, place + 1] * 1.5 ** (step / 0.5)
            part = ordering(grown, values[:, place], resolution=0.6 * step)
            parts[f"{near:g} to {far:g}"] = part
        return combine(parts)

    return check


def leading(times):
    """The excess over some part of the leak tends to 1 as n ridge grows, like its inverse."""

    def check(dataset):
        ratio = times * dataset.ratio.values[0]
        return convergence(dataset.penalty.values, ratio - 1, scale=1.0, rate=1, resolution=0.01)

    return check


CLAIMS = [
    Claim(
        id="K3-lower",
        kind="inequality",
        sentence="The effective dimension d_eff = tr K (K + n ridge)^-1 is at most the sum of "
        "those of cells, d_q = tr K_qq (K_qq + n ridge)^-1 with all n points in the penalty.",
        source="B7(i), B-C3; derived",
        experiment="kernel_bounds",
        formula="exact",
        check=below(lambda v, _: {"sum": (v["whole"], v["parts"])}, resolution=0.01),
        control=Control(
            "at most the sum less n ridge tr F^2 A^-1, its excess to leading order",
            below(lambda v, _: {"sum": (v["whole"], v["parts"] - v["leak"])}, resolution=0.01),
            kind="rival prediction",
        ),
    ),
    Claim(
        id="K3-upper",
        kind="inequality",
        sentence="The d_q add up to at most kappa_+ d_eff, kappa_+ the largest eigenvalue of "
        "A^-1/2 (K + n ridge) A^-1/2 = 1 + F with A the blocks of K + n ridge within cells.",
        source="B7(i), B-C3; derived",
        experiment="kernel_bounds",
        formula="exact",
        check=below(
            lambda v, _: {"sum": (v["parts"], v["kappa_plus"] * v["whole"])}, resolution=0.01
        ),
        control=Control(
            "the square root of kappa_+",
            below(
                lambda v, _: {"sum": (v["parts"], np.sqrt(v["kappa_plus"]) * v["whole"])},
                resolution=0.01,
            ),
            kind="rival prediction",
        ),
    ),
    Claim(
        id="K3-excess",
        kind="inequality",
        sentence="sum d_q - d_eff lies between leak / kappa_+ and leak / kappa_-: leak = n ridge "
        "tr F^2 A^-1, kappa_- the smallest eigenvalue of 1 + F.",
        source="B7(i), sharpened; derived",
        experiment="kernel_bounds",
        formula="exact",
        check=below(lambda v, _: excess(v, v["kappa_plus"], v["kappa_minus"]), resolution=0.1),
        control=Control(
            "the leak itself on both sides",
            below(lambda v, _: excess(v, 1.0, 1.0), resolution=0.1),
            kind="term dropped",
        ),
    ),
    Claim(
        id="K3-angles",
        kind="inequality",
        sentence="1 - kappa_- and kappa_+ - 1 are at most the largest eigenvalue of the matrix of "
        "pairs' largest regularised correlations |A_q^-1/2 K_qr A_r^-1/2|, and that at most Q - 1 "
        "times the largest of them, for more than two cells.",
        source="B7(iii), sharpened; derived",
        experiment="kernel_bounds",
        formula="exact",
        check=below(
            lambda v, cells: angles(
                v, cells, v["radius"], v["radius"], (cells - 1) * v["correlation"]
            ),
            resolution=0.01,
        ),
        control=Control(
            "the largest correlation in place of each",
            below(lambda v, cells: angles(v, cells, *(v["correlation"],) * 3), resolution=0.01),
            kind="rival prediction",
        ),
    ),
    Claim(
        id="K3-two",
        kind="identity",
        sentence="Of two cells kappa_- and kappa_+ are 1 less and 1 plus the largest regularised "
        "correlation of both.",
        source="B7(iii); derived",
        experiment="kernel_bounds",
        formula="exact",
        check=two_cells("correlation"),
        control=Control(
            "the largest share |K_qq| / (|K_qq| + n ridge)",
            two_cells("share"),
            kind="rival prediction",
        ),
    ),
    Claim(
        id="K3-share",
        kind="inequality",
        sentence="kappa_- is at least 1 - h, and kappa_+ at most 1 + (Q - 1) h, h = |D| / (|D| + "
        "n ridge) with |D| the largest eigenvalue of a cell's matrix: above 0 and below Q.",
        source="B7(i), sharpened; derived",
        experiment="kernel_bounds",
        formula="exact",
        check=below(lambda v, cells: shares(v, cells, 1), resolution=0.01),
        control=Control(
            "h squared",
            below(lambda v, cells: shares(v, cells, 2), resolution=0.01),
            kind="rival prediction",
        ),
    ),
    Claim(
        id="K4-fit",
        kind="inequality",
        sentence="On the training points, and for any targets y, the cells' fits are at most "
        "max(1 - kappa_-, 1 - 1 / kappa_+) |y| from the fit to all, whichever is the larger.",
        source="B7(ii), B-C4, sharpened; derived",
        experiment="kernel_bounds",
        formula="exact",
        check=below(lambda v, _: fits(v), resolution=0.1),
        control=Control(
            "the smaller of the two",
            below(lambda v, _: fits(v, spoiled=True), resolution=0.1),
            kind="rival prediction",
        ),
    ),
    Claim(
        id="K6-apart",
        kind="ordering",
        sentence="Of three clusters of deviation 1/2 in a row, a cell each, the relative excess "
        "sum d_q / d_eff - 1 falls by more than a third with every half lengthscale that they draw "
        "apart, from centres 2 lengthscales apart to 6, at n ridge = 1.2.",
        source="B-C6, reconstructed; its trend",
        experiment="kernel_overlap",
        formula="none",
        check=apart("share"),
        control=Control(
            "cells drawn from all points", apart("share_mixed"), kind="hypothesis dropped"
        ),
        blind="A step that takes away a third, or half, is not told from one that takes more.",
    ),
    Claim(
        id="K6-leak",
        kind="convergence",
        sentence="The excess is n ridge tr F^2 A^-1 to leading order: their ratio tends to 1 as "
        "1 / (n ridge), for three clusters that touch at the corners of a triangle.",
        source="B7(i), sharpened; derived",
        experiment="kernel_overlap",
        formula="asymptotic in n ridge",
        check=leading(1.0),
        control=Control("each pair of cells counted once", leading(2.0), kind="rival prediction"),
    ),
]
