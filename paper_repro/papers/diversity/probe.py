"""Claims on the probe of domains and on the regressor of its entropy: T17, T18."""

import numpy as np

from diversity_jax.checks import ordering
from paper_repro.claims import Claim, Control

SEEN = "derived here; seen in simulation"


def of(dataset, labels, name):
    """A variable of the runs with these labels, `[seed]` or `[seed, epoch]`."""
    (place,) = np.flatnonzero(dataset.labels.values == labels)
    return dataset[name].values[place]


def collapse(dataset, labels="kmeans", factor=1.5):
    """Longer training has less entropy: below the true one by `factor` from the second on."""
    entropy, bayes = of(dataset, labels, "entropy"), of(dataset, labels, "bayes")
    longer = np.concatenate([entropy[:, 1:], factor * entropy[:, 1:2]], axis=1)
    shorter = np.concatenate([entropy[:, :-1], bayes[:, None]], axis=1)
    return ordering(longer, shorter, resolution=0.2)


def near(dataset, labels="true", factor=1.5):
    """The entropy at the second count of epochs is within `factor` of the true one."""
    entropy, bayes = of(dataset, labels, "entropy")[:, 1], of(dataset, labels, "bayes")
    low, high = np.stack([bayes, entropy], axis=1), np.stack([entropy, bayes], axis=1)
    return ordering(low, factor * high, resolution=0.1)


def tracks(dataset, against="against_margin"):
    """Spearman's correlation is above 0.8 at every number of epochs, as angles between ranks."""
    angle = np.arccos(of(dataset, "kmeans", against))
    return ordering(angle, np.full_like(angle, np.arccos(0.8)), resolution=0.17)


def weaker(dataset):
    """The second network finds a smaller share of the true top, at every number of epochs."""
    less, more = (of(dataset, "kmeans", name) for name in ("regressor", "probe"))
    return ordering(less, more, resolution=0.25)


def alike(dataset):
    """The probe in one half of the pool against the probe in the other."""
    halves = of(dataset, "kmeans", "probe_halves")
    return ordering(halves[..., 0], halves[..., 1], resolution=0.25)


def spoiled_by_training(dataset, of_what="regressor"):
    """Its share of the true top after the last number of epochs is below that after the first."""
    found = of(dataset, "kmeans", of_what)
    return ordering(found[:, -1], found[:, 0], resolution=0.35)


CLAIMS = [
    Claim(
        kind="ordering",
        source=f"{source}; {SEEN}",
        experiment="selection_probe",
        formula="none",
        figure="selection_probe",
        id=name,
        sentence=sentence,
        check=check,
        control=control,
    )
    for name, source, sentence, check, control in (
        (
            "T17-collapse",
            "T17",
            "A probe trained on k-means labels has nothing uncertain to learn: its mean entropy "
            "falls from 1 to 3, 10 and 30 epochs, and at 3 is below two thirds of the true one. (A "
            "fall below a seventh would not show.)",
            collapse,
            Control(
                "trained on the true labels",
                lambda d: collapse(d, "true"),
                kind="hypothesis dropped",
            ),
        ),
        (
            "T17-true-labels",
            "T17",
            "A probe trained on true labels for 3 epochs has the mean entropy of the true "
            "posterior to a factor of 1.5.",
            near,
            Control(
                "trained on k-means labels", lambda d: near(d, "kmeans"), kind="hypothesis dropped"
            ),
        ),
        (
            "T17-margin",
            "T17",
            "The entropies of a probe trained on k-means labels rank points by the distance to the "
            "border of their cell: Spearman above 0.8 from 1 epoch to 30. (Decided on the angle "
            "between ranks, of which a sixth would show.)",
            tracks,
            Control(
                "by the distance to the nearest centroid",
                lambda d: tracks(d, "against_distance"),
                kind="hypothesis dropped",
            ),
        ),
        (
            "T18-weak-link",
            "T18",
            "With k-means labels, the second network finds less of the fifth of highest true "
            "entropy than the probe it was fitted to, from 1 epoch to 30. (Networks scatter: a "
            "difference below a fifth would not show.)",
            weaker,
            Control("the probe in two halves of the pool, alike", alike, expected="undecided"),
        ),
        (
            "T18-spikes",
            "T18",
            "With k-means labels, the second network finds less of the fifth of highest true "
            "entropy after 30 epochs of the probe than after one. (A loss below a quarter would "
            "not show.)",
            spoiled_by_training,
            Control(
                "the probe itself",
                lambda d: spoiled_by_training(d, "probe"),
                kind="hypothesis dropped",
            ),
        ),
    )
]
