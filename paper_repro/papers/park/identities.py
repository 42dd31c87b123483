"""Claims that hold exactly: all inputs as centres, inputs left out, cells apart: K1 to K10."""

from diversity_jax.checks import counterexample, identity
from paper_repro.claims import Claim, Control

DERIVED = "derived; 2106.12231 was not at hand"


def same(left, right):
    """Two outputs are equal up to the rounding of solves with some 48 inputs.

    Inputs are half a lengthscale apart or more, or the penalty is above .01 of the kernel: no
    matrix has a condition above 1e5.
    """

    def check(dataset):
        return identity(
            dataset[left].values, dataset[right].values, scale=1.0,
            terms=1e3, condition=1e5, resolution=1e-6,
        )  # fmt: skip

    return check


def unit(name):
    """A square matrix is the identity matrix, up to the same rounding."""

    def check(dataset):
        matrix = dataset[name].values
        one = [[float(row == column) for column in range(matrix.shape[-1])]
               for row in range(matrix.shape[-1])]  # fmt: skip
        whole = matrix * 0 + one
        return identity(matrix, whole, scale=1.0, terms=1e3, condition=1e5, resolution=1e-6)

    return check


def violated(name):
    """By how much a statement is violated; the solver is as far off as the exact value says."""

    def check(dataset):
        margin, exact = (
            float(dataset[f"{name}_{kind}"].values.flat[0]) for kind in ("margin", "exact")
        )
        return counterexample(margin, abs(margin - exact) + 1e-15, resolution=1e-6)

    return check


CLAIMS = [
    Claim(
        id="K1-identity",
        kind="identity",
        sentence="With all inputs as centres and no jitter, the matrix that Falkon hands to "
        "conjugate gradients, A^-T (T^-T K' K T^-1 / n + ridge) A^-1 with T' T = K and A' A = "
        "T T' / n + ridge, is the identity matrix.",
        source=f"B3, B-C1; {DERIVED}",
        experiment="kernel_identities",
        formula="exact",
        check=unit("operator"),
        control=Control("the ridge left out of A", unit("operator_bare"), kind="term dropped"),
    ),
    Claim(
        id="K1-step",
        kind="identity",
        sentence="Conjugate gradients are there after one step then: Falkon with one iteration "
        "predicts what the exact solution on all inputs does.",
        source=f"B3, B-C1; {DERIVED}",
        experiment="kernel_identities",
        formula="exact",
        check=same("step", "whole"),
        control=Control(
            "half of the inputs as centres", same("step_half", "whole"), kind="hypothesis dropped"
        ),
    ),
    Claim(
        id="K1-left-out",
        kind="identity",
        sentence="The residual of a target left out, by a fit to the n - 1 others with the penalty "
        "n ridge, is a_i / (A^-1)_ii of the one fit to all: A = K + n ridge, A a = y.",
        source="derived",
        experiment="kernel_identities",
        formula="exact",
        check=same("left_out", "refit"),
        control=Control(
            "fits with the penalty (n - 1) ridge",
            same("left_out", "refit_fewer"),
            kind="rival prediction",
        ),
    ),
    Claim(
        id="K3-less",
        kind="counterexample",
        sentence="That the effective dimensions of cells, tr K_qq (K_qq + n ridge)^-1, add up to "
        "that of the whole is false: two points with kernel 1/2 between them, a cell each, have 1 "
        "where the whole has 14/15, at n ridge = 1.",
        source="B7(i); derived, in fractions",
        experiment="kernel_identities",
        formula="exact",
        check=violated("parts"),
        control=Control("kernel 0 between them", violated("apart"), kind="corrected statement"),
    ),
    Claim(
        id="K4-new",
        kind="identity",
        sentence="At a new point x of cell q the fit to all differs from the cell's by "
        "c(x, X_r) (c(X_r, X_r) + m)^-1 (y_r - f_q(X_r)): r the inputs of other cells, m = n ridge "
        "and c(x, z) = k(x, z) - k_q(x)' (K_qq + m)^-1 k_q(z), the covariance given the cell.",
        source="derived, in feature space",
        experiment="kernel_identities",
        formula="exact",
        check=same("gap", "gap_formula"),
        control=Control(
            "the kernel in place of its covariance given the cell",
            same("gap", "gap_unconditioned"),
            kind="term dropped",
        ),
    ),
    Claim(
        id="K5-far",
        kind="identity",
        sentence="ParK with cells hundreds of lengthscales apart, each solved with the penalty "
        "n ridge of all n inputs, is the fit to all.",
        source=f"B5, B-C5; {DERIVED}",
        experiment="kernel_identities",
        formula="exact",
        check=same("far", "far_whole"),
        control=Control("cells that touch", same("near", "near_whole"), kind="hypothesis dropped"),
    ),
    Claim(
        id="K5-count",
        kind="identity",
        sentence="With the cell's own number of inputs in its penalty, ParK on Q such cells of "
        "equal size is the fit to all with the ridge over Q: regularised too little by Q.",
        source=f"B5; {DERIVED}",
        experiment="kernel_identities",
        formula="exact",
        check=same("own", "own_whole"),
        control=Control(
            "the fit to all with the ridge itself",
            same("own", "far_whole"),
            kind="rival prediction",
        ),
    ),
    Claim(
        id="K5-one",
        kind="identity",
        sentence="ParK with one cell, half of whose inputs are centres, is the direct solution "
        "with these centres.",
        source=f"B5; {DERIVED}",
        experiment="kernel_identities",
        formula="exact",
        check=same("one", "one_nystrom"),
        control=Control(
            "the other half as centres", same("one", "one_other"), kind="hypothesis dropped"
        ),
    ),
    Claim(
        id="K5-ridge",
        kind="counterexample",
        sentence="That a cell may have its own number of inputs in the penalty is false: three "
        "inputs with kernel rows (1, 1/2, 0), (1/2, 1, 0), (0, 0, 1), targets 1, 2, 3 and ridge "
        "1/3, in orthogonal cells of two and one, are fitted otherwise than all together, by 3/4.",
        source="B5; derived, in fractions",
        experiment="kernel_identities",
        formula="exact",
        check=violated("own_count"),
        control=Control(
            "the number of all inputs", violated("global_count"), kind="corrected statement"
        ),
    ),
    Claim(
        id="K10-not-best",
        kind="counterexample",
        sentence="That the centroid at the largest angle to the first makes the most orthogonal "
        "cells is false: six unit vectors in the plane have effective dimensions that add up to "
        "7/3 then, at n ridge = 1, and to .465 less with the best pair of centroids.",
        source="B6; derived, in fractions, by search",
        experiment="kernel_identities",
        formula="exact",
        check=violated("greedy"),
        control=Control(
            "vectors along two axes, whose cells are orthogonal",
            violated("crossed"),
            kind="corrected statement",
        ),
    ),
]
