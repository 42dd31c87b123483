"""Claims on when cells pay: by effective dimension, number of cells and work: K8 and K9."""

import numpy as np

from paper_repro.checks import combine, ordering
from paper_repro.claims import Claim, Control

ABSTRACT = "2106.12231, reconstructed from its abstract"
HIGH, LOW = 100, 60  # effective dimensions of 600 inputs


def large(dataset):
    """Settings of a large effective dimension."""
    return dataset.dimension.values.mean(axis=1) > HIGH


def small(dataset):
    """Settings of a small effective dimension."""
    return dataset.dimension.values.mean(axis=1) < LOW


def by_cells(first, second, settings, numbers=(4, 16, 64)):
    """The first kind of fit errs less than the second in these settings, by number of cells."""

    def check(dataset):
        chosen = settings(dataset)
        parts = {}
        for place, number in enumerate(dataset.cells.values):
            if number not in numbers:
                continue
            one, other = (_errors(dataset, name, place)[:, chosen] for name in (first, second))
            parts[f"{number} cells"] = ordering(one, other, resolution=1.5)
        return combine(parts)

    return check


def _errors(dataset, name, place):
    """`[seed, setting]`."""
    values = dataset[name].values
    return (values if values.ndim == 2 else values[:, :, place]).T


def ahead(problem, first, second):
    """On a problem the first solver errs less than the second."""

    def check(dataset):
        place = int(np.flatnonzero(dataset.problem.values == problem)[0])
        names = dataset.method.values.tolist()
        one, other = (dataset.error.values[place][:, names.index(each)] for each in (first, second))
        return ordering(one, other, resolution=1.2)

    return check


CLAIMS = [
    Claim(
        id="K8-wins",
        kind="ordering",
        sentence="At effective dimensions above 100 (of 600 inputs in the square) fits in 4, 16 or "
        "64 cells, with 40 centres in each, err less than one fit with 40 centres, for as many "
        "operations but 40^3 a cell.",
        source=f"B-C8; {ABSTRACT}",
        experiment="kernel_phase",
        formula="none",
        check=by_cells("cells_error", "one_error", large),
        control=Control(
            "at effective dimensions below 60",
            by_cells("cells_error", "one_error", small),
            kind="hypothesis dropped",
        ),
        blind="By how much (a factor of 4 is resolved on ten functions); one ridge (1e-6), one "
        "noise, 2,000 inputs, functions of 300 bumps.",
    ),
    Claim(
        id="K8-loses",
        kind="ordering",
        sentence="At effective dimensions below 60 one fit with 40 centres errs less than cells "
        "with 40 centres in each.",
        source="B-C8; derived from the note's second problem",
        experiment="kernel_phase",
        formula="none",
        check=by_cells("one_error", "cells_error", small),
        control=Control(
            "at effective dimensions above 100",
            by_cells("one_error", "cells_error", large),
            kind="hypothesis dropped",
        ),
        blind="By how much; one ridge, one noise; the square alone.",
    ),
    Claim(
        id="K9-parts",
        kind="ordering",
        sentence="At effective dimensions above 100 fits in 4 and 16 cells err less than the mean "
        "of as many random parts, 40 centres in each.",
        source=f"B-C9; {ABSTRACT}; the rival: Zhang, Duchi and Wainwright 2015",
        experiment="kernel_phase",
        formula="none",
        check=by_cells("cells_error", "parts_error", large, (4, 16)),
        control=Control(
            "at the smallest effective dimension",
            by_cells(
                "cells_error",
                "parts_error",
                lambda d: np.arange(len(d.side)) == d.dimension.values.mean(axis=1).argmin(),
                (4, 16),
            ),
            kind="hypothesis dropped",
        ),
        blind="By how much; random parts have the ridge n_q lambda, as in their paper.",
    ),
    Claim(
        id="K8-work",
        kind="ordering",
        sentence="In a square of 20 lengthscales 16 cells with 50 centres each err less than one "
        "fit with 200 centres, which takes 15 times the operations.",
        source=f"B8, B-C8; {ABSTRACT}; operations counted",
        experiment="kernel_solvers",
        formula="none",
        check=ahead("square", "16 cells, 50 centres each", "one fit, 200 centres"),
        control=Control(
            "in a cube of 4 lengthscales",
            ahead("cube", "16 cells, 50 centres each", "one fit, 200 centres"),
            kind="hypothesis dropped",
        ),
        blind="Time: with 3,000 values as much is spent on finding cells and calling the solver; "
        "kernel_large has the times of 10,000 to a million.",
    ),
    Claim(
        id="K8-all",
        kind="ordering",
        sentence="With all inputs as centres cells err more than one fit, in the square too: what "
        "they gain is work.",
        source="B7; derived",
        experiment="kernel_solvers",
        formula="none",
        check=ahead("square", "one fit, all", "16 cells, all"),
        control=Control(
            "one fit with 200 centres in its place",
            ahead("square", "one fit, 200 centres", "16 cells, all"),
            kind="hypothesis dropped",
        ),
        blind="By how much: the errors are .050 and .064, of functions of size 1, in a first run.",
    ),
]
