"""Checks of what rules of selection keep of real texts, and of what classifiers learn from it.

Where a quantity is a mean over texts its interval is over splits and over texts
(`texts_intervals`); Vendi scores, correlations and cosines are of a set, and their intervals are
over splits of one set of texts alone: a verdict on them is on these texts.
"""

from __future__ import annotations

from functools import partial

import numpy as np

from diversity_jax.checks import inequality, ordering
from diversity_jax.checks.verdict import combine
from paper_repro.papers.diversity import texts_intervals as texts

GLOBAL = ("daar", "true_labels", "calibrated")
LABEL_FREE = (
    "k_center", "kmeans_plus_plus", "facility_location", "dpp_map", "d_optimal", "information_gain",
)  # fmt: skip
FAR, NEAR = 0, -1  # fifths of similarity, lowest first
# Of one run: with true labels, from the same start, and of another whole run.
LABELS, ALIKE = texts.overlap(0, -1), texts.overlap(0, 1)
PAPER = {"runs": 0.957, "centroids": 0.98}  # the least of the paper's models


def confused(check):
    """`check` on the mixes whose domains are easily taken for each other."""
    return lambda dataset: check(dataset.isel(point=~_apart(dataset)))


def apart(check):
    """`check` on the mix whose domains are far from each other."""
    return lambda dataset: check(dataset.isel(point=_apart(dataset)))


def _apart(dataset):
    domains = (dataset.domain_names != "").sum("domain")
    return (domains == 3).values


def against(measure, first, second, *, resolution, compositions=("own", "own")):
    """A check of one quantity: less under each of the rules `first` than under each of `second`."""
    arms = [[partial(measure, arm=(rule, kind)) for rule in rules]
            for rules, kind in zip((first, second), compositions)]  # fmt: skip
    pairs = [(one, other) for one in arms[0] for other in arms[1]]
    return lambda dataset: texts.lower(dataset, pairs, resolution=resolution)


def below(measure, first, second, *, resolution, composition="own"):
    """A check of one quantity: less under each of the rules `first` than in the mean of `second`.

    The mean varies less than each, and a comparison is with what rules of a kind do.
    """
    usual = texts.mean_of(measure, second)
    pairs = [(partial(measure, arm=(rule, composition)), usual) for rule in first]
    return lambda dataset: texts.lower(dataset, pairs, resolution=resolution)


def behind(first, second, *, by, resolution):
    """A check that one rule's texts teach less than another's by so much accuracy at least."""
    apart = texts.gap(*(partial(texts.mean, arm=(rule, "own")) for rule in (first, second)))
    return lambda dataset: texts.lower(dataset, [(by, apart)], resolution=resolution)


def composed(measure, rules, kinds, *, resolution):
    """A check that each rule has less of a quantity with the first composition than the second."""
    pairs = [tuple(partial(measure, arm=(rule, kind)) for kind in kinds) for rule in rules]
    return lambda dataset: texts.lower(dataset, pairs, resolution=resolution)


def one_axis(dataset, vector="words"):
    """In every split the two similarities are correlated by more than 0.6."""
    found = dataset.correlation.sel(vector=vector).transpose("seed", "point").values
    return inequality(np.full(found.shape, 0.6), found, resolution=0.3)


def offset(dataset, kind="centred"):
    """The correlation of words vectors is below zero once the mean of all is taken out."""
    found = by_seed(dataset[kind].sel(vector="words"))
    return lower(found, np.zeros_like(found), resolution=0.1)


def starved(one="calibrated", rules=GLOBAL):
    """The isolated domain gets less than half of its share of what is kept.

    Under one rule and in the mean of `rules`: a share of nothing in every split, which DaaR alone
    may come to, has no error bar.
    """
    measures = (texts.mean_of(texts.isolated, [one]), texts.mean_of(texts.isolated, rules))

    def check(dataset):
        there = (dataset.domain_names == texts.ISOLATED).any("domain").values
        pairs = [(measure, 0.5) for measure in measures]
        return texts.lower(dataset.isel(point=there), pairs, resolution=0.2)

    return check


def by_seed(values):
    """Values `[seed, ...]`, a mean over mixes where there are several, as `[seeds, settings]`."""
    over = values.mean("point") if "point" in values.dims else values
    array = over.transpose("seed", ...).values
    return array.reshape(len(array), -1)


def lower(first, second, *, resolution):
    """Is `first` less than `second`, split by split, in the units they have?"""
    return ordering(np.exp(first), np.exp(second), resolution=resolution)


def vendi(pairs, *, resolution):
    """A check that the Vendi score of each first arm is below that of the second, by ratios."""

    def check(dataset):
        sides = [
            np.concatenate([by_seed(dataset.vendi.sel(rule=rule, composition=kind))
                            for rule, kind in side], axis=1)
            for side in zip(*pairs)
        ]  # fmt: skip
        return ordering(*sides, resolution=resolution)

    return check


def parts(**checks):
    """All of these checks together."""
    return lambda dataset: combine({name: check(dataset) for name, check in checks.items()})


def bins(*pairs, resolution):
    """A check of the accuracy on domains: first bin of each pair below the second.

    A bin is (vectors, side, number).
    """
    found = [tuple(texts.by_bin(*one) for one in pair) for pair in pairs]
    return lambda dataset: texts.lower(dataset, found, resolution=resolution)


def lost(rule):
    """A check that a rule loses against random texts, in absent domains and in the others."""
    pairs = [(0.0, partial(part, arm=(rule, "own")))
             for part in (texts.lost_absent, texts.lost_taught)]  # fmt: skip
    return lambda dataset: texts.lower(dataset, pairs, resolution=0.2)


def within(composition, margin, *, resolution):
    """A check that DaaR and random texts teach alike within a margin, however long the probe."""
    random = partial(texts.mean, arm=("random", composition))
    gaps = [texts.gap(random, texts.by_epochs(composition, place)) for place in range(3)]
    pairs = [pair for gap in gaps for pair in ((-margin, gap), (gap, margin))]
    return lambda dataset: texts.lower(dataset, pairs, resolution=resolution)


def alike(first, second, composition, margin=0.05):
    """A check that the mean accuracy after two rules is the same within a margin."""
    arms = [partial(texts.mean, arm=(rule, composition)) for rule in (first, second)]
    pairs = [(-margin, texts.gap(*arms)), (texts.gap(*arms), margin)]
    return lambda dataset: texts.lower(dataset, pairs, resolution=0.05)


def ends_differ(dataset):
    """The far fifth next to the near one is worth more by sentence than by words vectors."""
    worth = [
        texts.gap(*(texts.by_bin(vector, "inter", number) for number in (NEAR, FAR)))
        for vector in ("words", "sentences")
    ]
    return texts.lower(dataset, [tuple(worth)], resolution=0.12)


def ends_of_nothing(dataset):
    """As `ends_differ`, of pools that differ in nothing."""
    arms = [partial(texts.mean, arm=(rule, "pool")) for rule in ("random", "random_again")]
    return texts.lower(dataset, [(0.0, texts.gap(*arms))], resolution=0.12)


def labels_agree(dataset, labels=LABELS):
    """Pseudo labels keep more than half of what true labels keep."""
    return texts.lower(dataset, [(0.5, labels)], resolution=0.3)


def elsewhere(some):
    """A quantity: what two runs from other starts keep of what true labels keep."""
    return (texts.overlap(1, -1)(some) + texts.overlap(2, -1)(some)) / 2


def runs_agree(dataset):
    """Two whole runs keep as much alike as in the paper."""
    return texts.lower(dataset, [(PAPER["runs"], ALIKE)], resolution=0.4)


def runs_differ(dataset):
    """Two whole runs keep less than three quarters alike."""
    return texts.lower(dataset, [(ALIKE, 0.75)], resolution=0.4)


def centroids(dataset, least=PAPER["centroids"]):
    """The least cosine between centroids of three runs."""
    found = dataset.centroid_cosine.transpose("seed", "point").values
    return inequality(1 - found, np.full(found.shape, 1 - least), resolution=0.5)


def falling(dataset):
    """The mean entropy of three probes falls from each number of epochs to the next, by ratios."""
    found = by_seed(dataset.probe_entropy.mean("run"))
    return ordering(found[:, 1:], found[:, :-1], resolution=0.3)


def as_long(dataset):
    """As `falling`, of two runs after as many epochs."""
    runs = [by_seed(dataset.probe_entropy.isel(run=run)) for run in (0, 1)]
    return ordering(*runs, resolution=0.3)
