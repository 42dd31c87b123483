"""Claims on importance weights and scores: P1 to P3, T1, T5."""

import numpy as np

from diversity_jax.checks import identity, inequality
from paper_repro.claims import Claim, Control

PAPER = "arXiv 2502.04380"


def same(dataset, left, right, factor=1.0, terms_of=None):
    """Two computations of one number, in every draw; `terms_of` names what its terms are like."""
    size = None if terms_of is None else dataset[terms_of].values ** 2
    return identity(
        dataset[left].values, factor * dataset[right].values,
        terms=1e4, condition=100.0, scale=size, resolution=1e-6,
    )  # fmt: skip


def bounded(dataset, factor=1.0):
    """The squared error of the hard weight against its bound, where the bound is not rounding."""
    error, bound = dataset.error.values.ravel(), factor * dataset.bound.values.ravel()
    some = bound > 1e-12
    return inequality(error[some], bound[some], error=1e-12, resolution=0.1)


def more_entropy_more_error(dataset, corrected=False):
    """The gloss on its counterexample, from the posterior of less entropy to that of more."""
    order = np.argsort(dataset.gloss_entropy.values)
    errors = dataset.gloss_error.values[order]
    bound = dataset.gloss_bound.values[order]
    if corrected:
        return inequality(errors[:1], bound[:1], resolution=0.9)
    return inequality(errors[:1], errors[1:], error=1e-12, resolution=0.9)


def best(dataset, pools=False):
    """On every model DaaR against the best of the others, with or without labelled pools."""
    table = dataset.averages.values[0, 0]
    others = table[:, :-1]
    if pools:
        others = np.concatenate([others, dataset.pools.values[0, 0]], axis=1)
    return inequality(np.nanmax(others, axis=1), table[:, -1], error=1e-9, resolution=0.05)


def told(dataset, measured, predicted, resolution=0.02):
    """A number of the text against the paper's own tables, which have two decimals."""
    return identity(
        [float(measured)], [float(predicted)], terms=2.0, epsilon=0.005, scale=1.0,
        resolution=resolution,
    )  # fmt: skip


CLAIMS = [
    Claim(
        id="P5-best",
        kind="inequality",
        sentence="By the paper's tables DaaR's average over seven benchmarks is above those of "
        "the baselines on all four models.",
        source=f"P5; {PAPER}, tables 1, 2 and 27 to 32 (arithmetic only: nothing was trained)",
        experiment="selection_tables",
        formula="exact",
        check=best,
        control=Control(
            "with the best labelled pools of the same tables", lambda d: best(d, pools=True)
        ),
        reconstructed=False,
        unit="percentage points",
    ),
    Claim(
        id="P6-gain",
        kind="identity",
        sentence="On Llama3.1 the gain over the best baseline is 0.14 percentage points.",
        source=f"P6; {PAPER}, text; its table gives 0.10",
        experiment="selection_tables",
        formula="exact",
        check=lambda d: told(d, d.gain[0], d.gain_told[0]),
        control=Control("0.10", lambda d: told(d, d.gain[0], 0.1), expected="holds"),
        reconstructed=False,
        expected="fails",
        unit="percentage points",
    ),
    Claim(
        id="P6-slower",
        kind="identity",
        sentence="Of the two times that the paper compares, the longer is 175 times the other.",
        source=f"P6; {PAPER}, text; its own seconds, 1662 and 9.23, give 180",
        experiment="selection_tables",
        formula="exact",
        check=lambda d: told(d, d.speed[0, 0], d.speed_told[0]),
        control=Control("180.06", lambda d: told(d, d.speed[0, 0], 180.06), expected="holds"),
        reconstructed=False,
        expected="fails",
    ),
    Claim(
        id="P1-posterior",
        kind="identity",
        sentence="Where domains have equal conditionals in pool and target, the density ratio is "
        "the posterior's mixture of the ratios of their shares.",
        source=f"P1; {PAPER}, proposition 3.2 (formula rebuilt from its proof)",
        experiment="selection_identities",
        formula="exact",
        check=lambda d: same(d, "ratio", "weight"),
        control=Control("every ratio 1% larger", lambda d: same(d, "ratio", "weight", 1.01)),
        reconstructed=False,
    ),
    Claim(
        id="P2-hard",
        kind="identity",
        sentence="Assigning a point to its likeliest domain misses its weight by the posterior "
        "mean of the differences of ratios; the square is the stated error.",
        source=f"P2; {PAPER}, proposition C.1 (formula rebuilt from its proof)",
        experiment="selection_identities",
        formula="exact",
        check=lambda d: same(d, "square", "hard", terms_of="weight"),
        control=Control(
            "every error 1% larger", lambda d: same(d, "square", "hard", 1.01, terms_of="weight")
        ),
        reconstructed=False,
    ),
    Claim(
        id="P3-gloss",
        kind="inequality",
        sentence="That error is larger where the entropy of the posterior is higher.",
        source=f"P3; the gloss on proposition C.1 in {PAPER}; false: (.3, .7, 0) has less entropy "
        "than (0, .5, .5) and more error at ratios (2, .5, .5)",
        experiment="selection_identities",
        formula="exact",
        check=more_entropy_more_error,
        control=Control(
            "the bound by the entropy instead (T1)",
            lambda d: more_entropy_more_error(d, corrected=True),
            expected="holds",
        ),
        reconstructed=False,
        expected="fails",
    ),
    Claim(
        id="T1-bound",
        kind="inequality",
        sentence="What holds instead: the error is at most the largest squared difference of "
        "ratios times (1 - exp(-entropy))^2.",
        source="T1; derived here",
        experiment="selection_identities",
        formula="exact",
        check=bounded,
        control=Control("nine tenths of the bound", lambda d: bounded(d, factor=0.9)),
    ),
    Claim(
        id="T5-one-cosine",
        kind="identity",
        sentence="Inter-diversity, the sum of cosines to the other domains' centroids, is one "
        "cosine with one direction per domain, times its length.",
        source="T5; derived here",
        experiment="selection_identities",
        formula="exact",
        check=lambda d: same(d, "one_cosine", "inter"),
        control=Control("every cosine 1% larger", lambda d: same(d, "one_cosine", "inter", 1.01)),
    ),
]
