"""Claims on the population risk of the linear layer: C1 to C6."""

import numpy as np

from diversity_jax.checks import agreement, combine, convergence, exponent, identity, inequality
from paper_repro.claims import Claim, Control

DERIVED = "reconstructed from the abstract of arXiv 2505.13112, derived"
OURS = "ours, suggested by the abstract of arXiv 2505.13112, which names no"


def last(dataset, name):
    """Output `name` at the last frame, [point, seed]."""
    return dataset[name].isel(frame=-1).values


def risk_agrees(dataset, predicted="theory_risk"):
    """Simulated risk of every configuration against the exact formula (or a spoiled one)."""
    exact = dataset.theory_risk.values
    return agreement(dataset.risk.values.T, dataset[predicted].values, scale=exact, resolution=0.05)


def regulariser_agrees(dataset, predicted="theory_regulariser"):
    """Simulated regulariser of every configuration against the exact formula."""
    exact = dataset.theory_regulariser.values
    return agreement(
        dataset.regulariser.values.T, dataset[predicted].values, scale=exact, resolution=0.05
    )


def tends(dataset, limit="theory_infinite"):
    """The gap of the simulated risk to its infinite-length value closes like 1/length."""
    scale = float(dataset.theory_infinite)
    gaps = dataset.risk.values[0] - float(dataset[limit])
    return convergence(dataset["size"].values, gaps, scale=scale, resolution=0.03, rate=1.0)


def distance_exponent(dataset, leading=False):
    """Slope of the squared distance to the linear map, against the exact formula's own slope.

    `leading`: against that of its first term, which is -1 at all lengths.
    """
    kept = dataset["size"].values >= 16
    sizes, exact = dataset["size"].values[kept], dataset.theory_distance.values[kept]
    own = -1.0 if leading else np.polyfit(np.log(sizes), np.log(exact), 1)[0]
    return exponent(
        sizes,
        dataset.distance.values[0][:, kept],
        expected=-1.0,
        rival=-0.5,
        resolution=0.01,
        theory_slope=own,
    )


def same(left, right, terms, *, condition=10.0, resolution=1e-8):
    """A check that two outputs are equal up to rounding."""

    def check(dataset):
        sides = dataset[left].values, dataset[right].values
        return identity(*sides, terms=terms, condition=condition, resolution=resolution)

    return check


def together(dataset, above=False):
    """Runs on more than one token, up to the largest strength or above it."""
    several = dataset.length.values > 1
    return dataset.isel(point=several & ((dataset.fraction.values > 1) == above))


def minimum_is_below(dataset, predicted="theory_least", above=False):
    """No descent from any random start ends below the predicted minimum, and some reach it."""
    some = together(dataset, above)
    least = np.broadcast_to(some[predicted].values[:, None], some.risk.shape)
    return inequality(least, some.risk.values, error=1e-10, resolution=1e-6)


def minimisers_are_bases(dataset, spoiled=False):
    """Every descent ends with heads that form an orthonormal basis of the span.

    Spoiled: one token, which leaves the angles free, and a strength at which heads leave the span.
    """
    within = together(dataset)
    framed, spanned = within, within
    if spoiled:
        framed = dataset.isel(point=dataset.length.values == 1)
        spanned = together(dataset, above=True)
    error, span = framed.frame_error.values, last(spanned, "span")
    settings = {"terms": 1e4, "condition": 10.0, "resolution": 1e-6}
    return combine(
        {
            "orthonormal": identity(1 + error, np.ones_like(error), **settings),
            "in the span": identity(span, np.ones_like(span), **settings),
        }
    )


def rest_above(dataset, predicted="theory_least"):
    """Above the largest strength every descent ends at the predicted, lower risk."""
    some = together(dataset, above=True)
    wanted = np.broadcast_to(some[predicted].values[:, None], some.risk.shape)
    return identity(some.risk.values, wanted, terms=1e4, condition=10.0, resolution=1e-6)


CLAIMS = [
    Claim(
        id="C1-risk",
        kind="agreement",
        sentence="The risk of the linear layer is given exactly, at every sequence length, by "
        "moments of order up to six, for any heads, weights, centroids and noise.",
        source=f"C1; {DERIVED}",
        experiment="attention_risk",
        formula="exact",
        check=risk_agrees,
        control=Control(
            "the own token k = l left out of the sum",
            lambda d: risk_agrees(d, "theory_without_own"),
            kind="term dropped",
        ),
        unit="squared token units",
    ),
    Claim(
        id="C2-limit",
        kind="convergence",
        sentence="For long sequences the risk tends to that of the linear map "
        "scale x strength x S A.",
        source=f"C2; {DERIVED}",
        experiment="attention_length",
        formula="asymptotic in length",
        check=tends,
        control=Control(
            "the noise left out of the tokens' second moment S",
            lambda d: tends(d, "theory_without_noise"),
            kind="term dropped",
        ),
        unit="squared token units",
    ),
    Claim(
        id="C2-rate",
        kind="exponent",
        sentence="The mean squared distance of the output from that linear map falls as "
        "1/length; the exact formula's own slope over 16 to 256 tokens is met.",
        source=f"C2; {DERIVED}",
        experiment="attention_length",
        formula="exact",
        check=distance_exponent,
        control=Control(
            "the terms of order 1/length^2, which steepen the slope over these lengths, left out",
            lambda d: distance_exponent(d, leading=True),
            kind="term dropped",
        ),
    ),
    Claim(
        id="C3-rotation",
        kind="identity",
        sentence="The risk depends on the heads only through A: rotating orthonormal heads among "
        "themselves changes nothing, so the risk alone cannot select the centroids.",
        source=f"C3; {DERIVED}",
        experiment="attention_identities",
        formula="exact",
        check=same("risk", "risk_turned", 1e3),
        control=Control(
            "the same rotation seen by the regulariser",
            same("regulariser", "regulariser_turned", 1e3),
            kind="hypothesis dropped",
        ),
        decides_at="smoke",
    ),
    Claim(
        id="C4-noiseless",
        kind="identity",
        sentence="Without noise, for any number of orthonormal clusters and unit heads, the risk "
        "is a quadratic polynomial of C = V'V.",
        source=f"C4; {DERIVED}",
        experiment="attention_identities",
        formula="exact",
        check=same("dirac", "dirac_formula", 1e3),
        control=Control(
            "coefficient L + k - 1 of the trace replaced by L",
            same("dirac", "dirac_spoiled", 1e3),
            kind="term dropped",
        ),
        decides_at="smoke",
    ),
    Claim(
        id="C5-minimum",
        kind="inequality",
        sentence="Without noise, up to the largest strength L(L+k-1)/D, no k unit heads have a "
        "smaller risk than an orthonormal basis of the span.",
        source=f"C5, with as many heads as clusters and L >= 2; {DERIVED}",
        experiment="attention_minimisers",
        formula="exact",
        check=minimum_is_below,
        control=Control(
            "strength 1.2 times the largest",
            lambda d: minimum_is_below(d, "theory_basis", above=True),
            kind="hypothesis dropped",
        ),
        unit="squared token units",
    ),
    Claim(
        id="C5-minimisers",
        kind="identity",
        sentence="There, descent from random starts ends at an orthonormal basis of the span.",
        source=f"C5, with as many heads as clusters and L >= 2; the minimisers are {DERIVED}, that "
        "descent finds them was seen in simulation",
        experiment="attention_minimisers",
        formula="exact",
        check=minimisers_are_bases,
        control=Control(
            "one token per sequence (orthonormal), strength 1.2 times the largest (in the span)",
            lambda d: minimisers_are_bases(d, spoiled=True),
            kind="hypothesis dropped",
        ),
    ),
    Claim(
        id="C5-above",
        kind="identity",
        sentence="Above the largest strength, with room outside the span, heads leave it: the "
        "minimum is at C = (largest / strength) I.",
        source=f"C5, with more dimensions than clusters; {DERIVED}",
        experiment="attention_minimisers",
        formula="exact",
        check=rest_above,
        control=Control(
            "heads that stay in the span",
            lambda d: rest_above(d, "theory_basis"),
            kind="rival prediction",
        ),
        unit="squared token units",
    ),
    Claim(
        id="C6-regulariser",
        kind="agreement",
        sentence="The regulariser, the summed products of squared projections on pairs of heads, "
        "is given exactly by the overlaps with the centroids and the heads' inner products.",
        source=f"C6; {OURS} regulariser; derived",
        reconstructed=False,
        experiment="attention_risk",
        formula="exact",
        check=regulariser_agrees,
        control=Control(
            "terms in the heads' inner product dropped",
            lambda d: regulariser_agrees(d, "theory_uncoupled"),
            kind="term dropped",
        ),
        unit="fourth power of token units",
    ),
    Claim(
        id="C6-selects",
        kind="identity",
        sentence="On heads that are the centroids turned by an angle, the regulariser is "
        "sin^2(2 angle)/4 + tau + tau^2: least exactly at the centroids.",
        source=f"C6; {OURS} regulariser; derived",
        reconstructed=False,
        experiment="attention_identities",
        formula="exact",
        check=same("turned", "turned_formula", 1e3),
        control=Control(
            "sin^2(angle)/4 instead, as if turned by half the angle",
            same("turned", "turned_spoiled", 1e3),
            kind="rival prediction",
        ),
        decides_at="smoke",
    ),
]
