"""Claims on noisy and missing labels: T16 and what pools keep without labels."""

import numpy as np

from diversity_jax.checks import agreement, ordering
from paper_repro.claims import Claim, Control

SHARED_OFFSET = 3.0


def rows(dataset, kind, offset=SHARED_OFFSET):
    """The grid points of one kind at one offset, by level."""
    found = (dataset.kind.values == kind) & (dataset.offset.values == offset)
    return dataset.isel(point=np.flatnonzero(found)).sortby("level")


def shrunk(dataset, theory="theory_shrinkage"):
    """Centroids under symmetric noise lie at the predicted part of their distance."""
    some = rows(dataset, "noise")
    return agreement(some.shrinkage.values.T, some[theory].values, scale=1.0, resolution=0.02)


def erred(dataset, theory="theory_error"):
    """Mean square errors of centroids from the labels that are left."""
    some = rows(dataset, "missing")
    scale = some.theory_error.values
    return agreement(some.error.values.T, some[theory].values, scale=scale, resolution=0.1)


def beyond_chance(dataset, pools=("near_other", "near_own")):
    """Pools of random labels share more than twice a fifth with those of true labels."""
    random = rows(dataset, "noise").isel(point=-1)
    found = np.stack([random[name].values for name in pools], axis=1)
    return ordering(np.full_like(found, 0.4), found, resolution=0.05)


CLAIMS = [
    Claim(
        id=name,
        kind=kind,
        sentence=sentence,
        source=f"{source}; derived here",
        experiment="selection_labels",
        formula=formula,
        check=check,
        control=Control(
            what, control, kind="rival prediction" if source == "T16" else "hypothesis dropped"
        ),
        figure="selection_labels",
    )
    for name, kind, source, formula, sentence, check, what, control in (
        (
            "T16-noise",
            "agreement",
            "T16",
            "exact",
            "Symmetric label noise e leaves centroids of K equal domains at 1 - e K / (K - 1) of "
            "their distance from the common mean.",
            shrunk,
            "at 1 - e of it",
            lambda d: shrunk(d, "spoiled_shrinkage"),
        ),
        (
            "T16-missing",
            "agreement",
            "T16",
            "exact",
            "With labels missing at random, a centroid errs in the mean square by the dimension "
            "over the number of labels left.",
            erred,
            "over one label less, as for a variance",
            lambda d: erred(d, "spoiled_error"),
        ),
        (
            "E3-random-labels",
            "ordering",
            "E3",
            "none",
            "With labels that say nothing, the fifths most similar to other and to the own "
            "centroid share over twice as much with those of true labels as by chance.",
            beyond_chance,
            "a random fifth",
            lambda d: beyond_chance(d, ("chance",)),
        ),
    )
]
