"""Differences between rules of selection on texts, with intervals over splits and over texts.

Seeds are random splits of one set of texts: an interval over them alone gets as narrow as one
likes and speaks of these very texts. So each quantity here is a mean over texts of what befell
each (told right or not, kept or not), and two errors are added in squares: that over splits, and
that over texts of each domain, of the means over the splits in which a text took part. The second
is the bootstrap of texts in closed form (a thousand texts leave the normal law no doubt, and a
level of 1e-4 would ask for some 1e6 draws). The sum is too wide rather than too narrow, since the
error over splits has some of the texts in it. Accuracies take the test texts to be drawn anew, not
those that the classifiers learned from; shares and the like the texts of the pool.
"""

from __future__ import annotations

import numpy as np

from diversity_jax.checks import ordering

FRACTION = 0.2  # of the pool that is kept
ISOLATED = "code"
LEVEL = 1e-4


def mean(some, arm):
    """Accuracy on domains, `[seed, text]`: NaN where a text had no part, as in all of these."""
    return _known(_arm(some, arm).right)


def worst(some, arm):
    """Accuracy in the domain where it is lowest: that of its texts, as many times as domains."""
    pick = _arm(some, arm)
    accuracy = pick.accuracy.transpose("seed", "domain").values
    domains = np.isfinite(accuracy[0]).sum()
    lowest = np.nanargmin(accuracy, axis=1)
    return _known(pick.right) * domains * (_owners(some) == lowest[:, None])


def mean_of(measure, rules):
    """A quantity under several rules, the mean."""
    return lambda some: np.mean([measure(some, (rule, "own")) for rule in rules], axis=0)


def gap(first, second):
    """A quantity: the second less the first."""
    return lambda some: second(some) - first(some)


def isolated(some, arm):
    """The isolated domain's share of what is kept, over its share of the pool."""
    own = _owners(some) == list(some.domain_names.values).index(ISOLATED)
    return np.where(own, _known(_arm(some, arm).kept) / FRACTION, np.nan)


def evenness(some, arm):
    """The entropy of domain shares; its slope in each share is what a text adds to it."""
    pick = _arm(some, arm)
    shares = np.nan_to_num(pick.shares.transpose("seed", "domain").values)
    logs = -np.log(np.where(shares > 0, shares, 1))
    whole = (shares * logs).sum(axis=1, keepdims=True)
    # Shares add up to one, so only what a text brings beyond the mean counts.
    return whole + _known(pick.kept) / FRACTION * (logs - whole)[:, _owners(some)]


def surprise(some, arm):
    """How much likelier the own domain of a kept text is than the posterior says."""
    return _known(_arm(some, arm).kept) / FRACTION * _array(some.believed)


def lost_absent(some, arm):
    """What `arm` loses against random texts in domains of which it kept none."""
    return _lost(some, arm, absent=True)


def lost_taught(some, arm):
    """What `arm` loses against random texts in the other domains."""
    return _lost(some, arm, absent=False)


def overlap(first, second):
    """A quantity: texts kept by run `first` of DaaR that `second` keeps too, as a share."""

    def measure(some, arm=None):
        kept = some.runs_kept.transpose("whole", "seed", "text")
        return _known(kept[first]) * _known(kept[second]) / FRACTION

    return measure


def by_epochs(composition, place):
    """A quantity: accuracy of DaaR's texts, its probe trained for the epochs at `place`."""

    def measure(some, arm=None):
        return _known(some.epochs_right.sel(composition=composition).isel(epoch=place))

    return measure


def by_bin(vector, side, number):
    """A quantity: accuracy of what is taught by one of the paper's bins."""

    def measure(some, arm=None):
        return _known(some.bins_right.sel(vector=vector, side=side).isel(bin=number))

    return measure


def lower(dataset, pairs, *, resolution):
    """Is the first of each pair less than the second, in the units they have?

    Each of a pair is a function of a mix's dataset to values `[seed, text]`, or a number. Over
    several mixes the mean is compared; their texts are in part the same, so errors over texts are
    averaged as if these went together. As an ordering of exponentials, whose log-ratio is the
    difference: shares and accuracies may be zero.
    """
    level = LEVEL / len(pairs)
    gains = np.exp(np.stack([widened(dataset, *pair, level=level) for pair in pairs], axis=1))
    return ordering(np.ones_like(gains), gains, resolution=resolution, level=LEVEL)


def widened(dataset, first, second, *, level):
    """The difference in each split, spread so that Student's interval is that of both errors.

    Their degrees of freedom are Welch's and Satterthwaite's.
    """
    from scipy import special

    splits, errors, numbers = [], [], []
    for point in range(dataset.sizes["point"]):
        some = dataset.isel(point=point)
        less, more = (np.asarray(one(some) if callable(one) else one) for one in (first, second))
        splits.append(np.nanmean(more - less, axis=1))
        error, number = _over_texts(more - less, _owners(some))
        errors.append(error)
        numbers.append(number)
    splits, texts = np.mean(splits, axis=0), np.mean(errors)
    alone = splits.std(ddof=1) / np.sqrt(splits.size)
    if alone == 0:
        return splits  # without an error bar, which the check says
    both, freedom = np.hypot(alone, texts), splits.size - 1
    joint = both**4 / (alone**4 / freedom + texts**4 / (min(numbers) - 1))
    narrower = special.stdtrit(joint, 1 - level / 2) / special.stdtrit(freedom, 1 - level / 2)
    middle = splits.mean()
    return middle + (splits - middle) * narrower * both / alone


def _over_texts(values, owners):
    """The error of the mean over texts, of which a fixed number of each domain takes part."""
    took = np.isfinite(values).any(axis=0)
    texts, owners = np.nanmean(values[:, took], axis=0), owners[took]
    spread = sum(
        np.sum(owners == one) * texts[owners == one].var(ddof=1) for one in np.unique(owners)
    )
    return np.sqrt(spread) / texts.size, texts.size


def _arm(some, arm):
    rule, composition = arm
    return some.sel(rule=rule, composition=composition)


def _array(values):
    return values.transpose("seed", "text").values


def _known(values):
    values = _array(values)
    return np.where(values >= 0, values, np.nan)


def _owners(some):
    """The domain of each text: they are in order, as many of each."""
    domains = int((some.domain_names != "").sum())
    places = np.arange(some.sizes["text"]) // int(some.per_domain)
    return np.minimum(places, domains - 1)  # beyond the last text nothing is known


def _lost(some, arm, *, absent):
    gone = np.nan_to_num(_arm(some, arm).absent.transpose("seed", "domain").values)[
        :, _owners(some)
    ]
    return (mean(some, ("random", "own")) - mean(some, arm)) * (gone == absent)
