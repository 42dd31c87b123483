"""Claims on fourteen rules of selection over four domains, two of them isolated (T10, T13-T15)."""

from __future__ import annotations

import numpy as np

from diversity_jax.checks import agreement, combine, convergence, inequality, ordering
from paper_repro.claims import Claim, Control

ISOLATED, LIMIT = [2, 3], 0.15
SEEN = ("near_other", "far_other", "near_own", "far_own")  # rules that read labels
LABEL_FREE = (
    "k_center", "kmeans_plus_plus", "facility_location", "dpp_map", "d_optimal", "information_gain",
)  # fmt: skip
ORDER = ("far_own", "far_other", "random", "near_other", "near_own")
CERTAIN = "entropy_bottom"  # labels known to 1e-5: no interval holds for what hardly ever happens
SETTINGS = {"experiment": "selection_rules", "figure": "selection_rules", "reconstructed": True}


def of(dataset, name, rules):
    """One variable of some rules, `[seeds, rules]`."""
    return dataset[name].sel(rule=list(rules)).values[0]


def starved(dataset, rule="entropy_top"):
    """Shares of both isolated domains in every seed, against a limit set beforehand."""
    shares = of(dataset, "shares", [rule])[:, 0, ISOLATED]
    return inequality(shares, np.full(shares.shape, LIMIT), resolution=0.8)


def shares_above(dataset, turned=False):
    """Points above the predicted threshold, by domain: no quantile of the pool is involved."""
    predicted = dataset.theory_above.values
    wanted = predicted[::-1] if turned else predicted
    return agreement(dataset.above.values[0], wanted, scale=0.2, resolution=0.05)


def posterior_kept(dataset, rules):
    """The mean of p(own domain given x) less that of the sum of p squared, among kept points."""
    return agreement(of(dataset, "surprise", rules), 0.0, scale=1.0, resolution=0.05)


def excess_order(dataset, order=ORDER):
    """The excess for one teacher at the largest number of points kept, in steps of the order."""
    some = dataset.large_excess.isel(point=0, size=-1)
    found = some.sel(geometry=list(order)).values
    return ordering(found[:, :-1], found[:, 1:], resolution=0.05)


def excess_value(dataset, noise=1.0):
    """Excess over its first order less one against ``n - d - 1``, per rule; the rate is stated."""
    sizes = dataset["size"].values - float(dataset.dimension[0]) - 1
    found = dataset.large_excess.values[0] / (noise * dataset.theory_excess.values[None]) - 1
    return combine(
        {
            str(rule): convergence(sizes, found[..., place], scale=1.0, resolution=0.05, rate=1.0)
            for place, rule in enumerate(dataset.geometry.values)
        }
    )


def coverage_excess(dataset, rules=("k_center", "dpp_map", "d_optimal")):
    """The excess of each rule against that of points at random."""
    return ordering(
        of(dataset, "excess", rules),
        np.repeat(of(dataset, "excess", ["random"]), len(rules), axis=1),
        resolution=0.1,
    )


def worst_domain(dataset, rules=("random", *LABEL_FREE), against="entropy_top"):
    """The risk of the worst domain under each rule against that under another."""
    return ordering(
        of(dataset, "worst", rules),
        np.repeat(of(dataset, "worst", [against]), len(rules), axis=1),
        resolution=0.4,
    )


CLAIMS = [
    Claim(
        id="T10-starved",
        kind="inequality",
        sentence="Four equally likely domains, two of them isolated: the fifth of highest true "
        f"posterior entropy takes less than {LIMIT:.0%} from each isolated one, in every seed.",
        source="T10, derived here",
        formula="none",
        check=starved,
        control=Control("the fifth of lowest entropy", lambda d: starved(d, "entropy_bottom")),
        **SETTINGS,
    ),
    Claim(
        id="T10-shares",
        kind="agreement",
        sentence="The part of each domain above the predicted threshold on the entropy, and so "
        "the domain shares of the entropy's top, are those of a quadrature over the flat of the "
        "means (good to some 1e-3).",
        source="T10, derived here",
        formula="exact",
        check=shares_above,
        control=Control("the domains in reverse order", lambda d: shares_above(d, turned=True)),
        **SETTINGS,
    ),
    Claim(
        id="T13-posterior",
        kind="agreement",
        sentence="Rules that see x alone leave p(domain | x) as it was: among the points that "
        "they keep, labels still follow the posterior of the whole pool. (Not for the lowest "
        "entropy, where labels other than the likeliest are too rare to test.)",
        source="T13, derived here",
        formula="exact",
        check=lambda d: posterior_kept(
            d, [rule for rule in d.rule.values if rule not in (*SEEN, CERTAIN)]
        ),
        control=Control(
            "the pool nearest to the other domains, chosen with labels",
            lambda d: posterior_kept(d, ["near_other"]),
        ),
        **SETTINGS,
    ),
    Claim(
        id="T14-order",
        kind="ordering",
        sentence="One teacher: the excess risk of least squares rises from points far from their "
        "own centroid over points far from the others, random ones and points near the others to "
        "points near their own.",
        source="T14, derived here",
        formula="asymptotic in samples",
        check=excess_order,
        control=Control("the reverse order", lambda d: excess_order(d, ORDER[::-1])),
        **SETTINGS,
    ),
    Claim(
        id="T14-value",
        kind="convergence",
        sentence="That excess tends to noise / n tr(S M^-1), with M the exact second moment of "
        "what is kept; what is left falls as 1 / (n - d - 1), as the factor n / (n - d - 1) of "
        "Gaussian rows would have it, a guess for selected ones.",
        source="T14, derived here",
        formula="asymptotic in samples",
        check=excess_value,
        control=Control("a fifth more noise", lambda d: excess_value(d, noise=1.2)),
        **SETTINGS,
    ),
    Claim(
        id="T14-coverage",
        kind="ordering",
        sentence="One teacher: k-center, the greedy determinantal process and D-optimal choice "
        "have less excess risk than as many points at random.",
        source="T14, derived here",
        formula="none",
        check=coverage_excess,
        control=Control(
            "the top of the entropy instead", lambda d: coverage_excess(d, ["entropy_top"])
        ),
        **SETTINGS,
    ),
    Claim(
        id="T15-worst",
        kind="ordering",
        sentence="A teacher per domain, one shared ridge regression: the worst domain fares worse "
        "under the entropy's top than under random points and under each of six label-free rules "
        "of coverage.",
        source="T15, derived here",
        formula="none",
        check=worst_domain,
        control=Control(
            "the entropy's top and random points exchanged",
            lambda d: worst_domain(d, ["entropy_top"], against="random"),
        ),
        **SETTINGS,
    ),
]
