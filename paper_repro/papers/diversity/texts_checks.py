"""Checks of what rules of selection keep of real texts, and of what classifiers learn from it.

Seeds are random splits of one fixed set of texts: a verdict is on these texts, and no others.
"""

from __future__ import annotations

import numpy as np

from diversity_jax.checks import inequality, ordering
from diversity_jax.checks.verdict import combine

GLOBAL = ("daar", "true_labels", "calibrated")
LABEL_FREE = (
    "k_center", "kmeans_plus_plus", "facility_location", "dpp_map", "d_optimal", "information_gain",
)  # fmt: skip
ISOLATED = "code"
FAR, NEAR = 0, -1  # fifths of similarity, lowest first
PAPER = {"labels": 0.831, "runs": 0.957, "centroids": 0.98}  # the least of the paper's models


def lower(first, second, *, resolution):
    """Is `first` less than `second`, seed by seed, in the units they have?

    As an ordering of exponentials, whose log-ratio is the difference: shares and accuracies may
    be zero.
    """
    return ordering(np.exp(first), np.exp(second), resolution=resolution)


def by_seed(values):
    """Values `[seed, ...]`, a mean over mixes where there are several, as `[seeds, settings]`."""
    over = values.mean("point") if "point" in values.dims else values
    array = over.transpose("seed", ...).values
    return array.reshape(len(array), -1)


def against(dataset, name, first, second, *, resolution):
    """One variable under each of the rules `first` below that under each of `second`."""
    some = dataset[name]
    pairs = [(one, other) for one in first for other in second]
    small, large = (
        np.concatenate([by_seed(some.sel(rule=pair[side])) for pair in pairs], axis=1)
        for side in (0, 1)
    )
    return lower(small, large, resolution=resolution)


def one_axis(dataset, vector="words"):
    """In every split the two similarities are correlated by more than 0.6."""
    found = dataset.correlation.sel(vector=vector).transpose("seed", "point").values
    return inequality(np.full(found.shape, 0.6), found, resolution=0.4)


def offset(dataset, kind="centred"):
    """The correlation of words vectors is below zero once the mean of all is taken out."""
    found = by_seed(dataset[kind].sel(vector="words"))
    return lower(found, np.zeros_like(found), resolution=0.2)


def starved(dataset, rules=GLOBAL):
    """The isolated domain gets less than half of its share, on the mean of the mixes that have it.

    Mix by mix, as this check was at first, a share of nothing in every seed has no error bar.
    """
    isolated = dataset.domain_names == ISOLATED
    parts = (dataset.shares / dataset.pool_shares).where(isolated).sum("domain")
    found = by_seed(parts.isel(point=isolated.any("domain").values).sel(rule=list(rules)))
    return lower(found, np.full_like(found, 0.5), resolution=0.3)


def evenness(dataset, rules=GLOBAL):
    """Shares of domains have less entropy than under random choice and rules of coverage."""
    return against(dataset, "share_entropy", rules, ("random", *LABEL_FREE), resolution=0.25)


def posterior_kept(dataset, rules=("near_other", "far_own")):
    """The own domain is less likely than the posterior says, against rules that see no label."""
    return against(dataset, "surprise", rules, ("random", *LABEL_FREE), resolution=0.06)


def worst_domain(dataset, rules=GLOBAL, others=("random", *LABEL_FREE)):
    """Accuracy in the worst domain, on both labels."""
    return against(dataset, "worst", rules, others, resolution=0.35)


def reward_wins(dataset, first="random", second="daar"):
    """Mean accuracy on both labels of random texts is below that of DaaR."""
    return against(dataset, "mean", [first], [second], resolution=0.1)


def quotas(dataset, first="calibrated", second="calibrated_quota"):
    """Accuracy in the worst domain, on both labels, with a global cut and with quotas."""
    return against(dataset, "worst", [first], [second], resolution=0.2)


def opposite(dataset, first="calibrated_quota", second="certain_quota"):
    """Mean accuracy on domains of the highest and of the lowest entropy, both with quotas."""
    some = dataset.sel(label=["domains"])
    return against(some, "mean", [first], [second], resolution=0.08)


def costs(dataset, first="calibrated_quota", second="random"):
    """Mean accuracy on both labels of the highest entropy with quotas, and of random texts."""
    return against(dataset, "mean", [first], [second], resolution=0.1)


def own_ends(dataset, first=FAR, second=NEAR):
    """Accuracy on domains, by either vectors, of the fifths far from and near the own centroid."""
    some = dataset.bins.sel(side="intra", label="domains")
    return lower(by_seed(some.isel(bin=first)), by_seed(some.isel(bin=second)), resolution=0.15)


def by_ratio(dataset, name, first, second):
    """As `against`, by ratios."""
    pairs = [(one, other) for one in first for other in second]
    values = [
        np.concatenate([by_seed(dataset[name].sel(rule=pair[side])) for pair in pairs], axis=1)
        for side in (0, 1)
    ]
    return ordering(*values, resolution=0.1)


def vendi(dataset, first=("daar",), second=("k_center", "dpp_map", "d_optimal")):
    """The Vendi score of DaaR's texts is below that of random ones, and coverage's above."""
    return combine(
        {
            "DaaR": by_ratio(dataset, "vendi", first, ("random",)),
            "coverage": by_ratio(dataset, "vendi", ("random",), second),
        }
    )


def best_pool(near, turned=False):
    """A check that the fifth farthest from the others wins or loses as the vectors are.

    With words vectors it is worse than the fifth number `near`, with sentences vectors better than
    the nearest; the other way round if `turned`.
    """

    def check(dataset):
        some = dataset.bins.sel(side="inter", label="domains")
        pairs = {"words": (FAR, near), "sentences": (NEAR, FAR)}
        parts = {}
        for vector, ends in pairs.items():
            chosen = some.sel(vector=vector)
            less, more = (by_seed(chosen.isel(bin=end)) for end in ends[:: -1 if turned else 1])
            parts[vector] = lower(less, more, resolution=0.1)
        return combine(parts)

    return check


def labels_agree(dataset):
    """Pseudo labels keep as much of what true labels keep as in the paper, or more."""
    found = by_seed(dataset.pseudo_overlap)
    return lower(np.full_like(found, PAPER["labels"]), found, resolution=0.1)


def labels_differ(dataset):
    """More than by chance, and less than two whole runs share."""
    found, runs = by_seed(dataset.pseudo_overlap), by_seed(dataset.runs_overlap)
    return combine(
        {
            "chance": lower(np.full_like(found, 0.2), found, resolution=0.1),
            "runs": lower(found, runs, resolution=0.15),
        }
    )


def labels_score(dataset, mixes=None, first="true_labels", second="daar"):
    """In each mix true labels score lower than pseudo labels, on domains."""
    parts = {}
    for number, mix in enumerate(dataset.mix.values):
        if mixes is None or mix in mixes:
            some = dataset.isel(point=number)["mean"].sel(label="domains")
            small, large = (some.sel(rule=rule).values[:, None] for rule in (first, second))
            parts[f"{number}: {mix}"] = lower(small, large, resolution=0.2)
    return combine(parts)


def stable(dataset):
    """Runs agree as the paper's do: centroids, what is kept, and the score."""
    overlap, cosine = by_seed(dataset.runs_overlap), by_seed(dataset.centroid_cosine)
    spread = relative_spread(dataset)
    return combine(
        {
            "centroids": lower(np.full_like(cosine, PAPER["centroids"]), cosine, resolution=0.15),
            "overlap": lower(np.full_like(overlap, PAPER["runs"]), overlap, resolution=0.15),
            "score": lower(spread, np.full_like(spread, 0.01), resolution=0.15),
        }
    )


def unstable(dataset):
    """Centroids above a cosine of 0.75, two to three times as much kept alike as by chance."""
    overlap, cosine = by_seed(dataset.runs_overlap), by_seed(dataset.centroid_cosine)
    spread = relative_spread(dataset)
    return combine(
        {
            "centroids above": lower(np.full_like(cosine, 0.75), cosine, resolution=0.15),
            "centroids below": lower(cosine, np.full_like(cosine, 0.95), resolution=0.15),
            "overlap above": lower(np.full_like(overlap, 0.3), overlap, resolution=0.15),
            "overlap below": lower(overlap, np.full_like(overlap, 0.8), resolution=0.15),
            "score": lower(np.full_like(spread, 0.02), spread, resolution=0.15),
        }
    )


def relative_spread(dataset):
    """The deviation of accuracy on domains over runs of one split, over its mean."""
    scores = dataset.runs_mean.sel(label="domains")
    return by_seed(scores.std("run", ddof=1) / scores.mean("run"))
