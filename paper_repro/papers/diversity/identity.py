"""Claims on importance weights and scores: P1 to P3, T1, T5."""

import numpy as np

from diversity_jax.checks import identity, inequality
from paper_repro.claims import Claim, Control

PAPER = "arXiv 2502.04380"


def same(dataset, left, right, terms_of=None):
    """Two computations of one number, in every draw; `terms_of` names what its terms are like."""
    size = None if terms_of is None else dataset[terms_of].values ** 2
    return identity(
        dataset[left].values, dataset[right].values,
        terms=1e4, condition=100.0, scale=size, resolution=1e-6,
    )  # fmt: skip


def bounded(dataset, by="bound"):
    """The squared error of the hard weight against its bound, where the bound is not rounding."""
    some = dataset.bound.values.ravel() > 1e-12
    error, bound = dataset.error.values.ravel()[some], dataset[by].values.ravel()[some]
    return inequality(error, bound, error=1e-12, resolution=0.01)


def more_entropy_more_error(dataset, which="gloss"):
    """Errors from the posterior of least entropy to that of most, each against the next."""
    order = np.argsort(dataset[f"{which}_entropy"].values)
    errors = dataset[f"{which}_error"].values[order]
    return inequality(errors[:-1], errors[1:], error=1e-12, resolution=0.05)


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
            "with the best labelled pools of the same tables",
            lambda d: best(d, pools=True),
            kind="hypothesis dropped",
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
        control=Control(
            "conditionals that differ: domains of the target a fiftieth wider in variance",
            lambda d: same(d, "wider_ratio", "weight"),
            kind="hypothesis dropped",
        ),
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
            "the mean of the squared differences in place of the squared mean",
            lambda d: same(d, "square", "mean_square", terms_of="weight"),
            kind="rival prediction",
        ),
        reconstructed=False,
    ),
    Claim(
        id="P3-gloss",
        kind="inequality",
        sentence="That error is larger where the entropy of the posterior is higher, for three "
        "domains or more.",
        source=f"P3; the gloss on proposition C.1 in {PAPER}; false: (.3, .7, 0) has less entropy "
        "than (0, .5, .5) and more error at ratios (2, .5, .5), 81/400 against 0",
        experiment="selection_identities",
        formula="exact",
        check=more_entropy_more_error,
        control=Control(
            "two domains of unlike ratios, where it is true",
            lambda d: more_entropy_more_error(d, "pair"),
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
        control=Control(
            "the mean of the squared differences in place of the largest",
            lambda d: bounded(d, "mean_bound"),
            kind="rival prediction",
        ),
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
        control=Control(
            "the direction of the plain sum of the other centroids",
            lambda d: same(d, "raw_cosine", "inter"),
            kind="rival prediction",
        ),
    ),
]
