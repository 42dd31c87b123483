"""Claims on importance weights by posterior, by the likeliest domain and by label: T2."""

import numpy as np

from diversity_jax.checks import agreement, ordering
from paper_repro.claims import Claim, Control

ESTIMATES = ("mean", "risk")
ERRORS = ("mean_error", "risk_error")
OVERLAP = 0.75  # the largest scale at which weights by posterior are told from those by label


def compared(dataset, weight, quantities, *, resolution, by=None, least=1e-9):
    """Measured averages with one weight against its own predictions, or those `by` another.

    Errors are shares of what the label's weights would give, or of `least` if that is larger.
    """
    found = _pairs(dataset.measured, weight, quantities)
    wanted = _pairs(dataset.theory, by or weight, quantities)
    scale = np.maximum(np.abs(_pairs(dataset.theory, "labels", quantities)), least)
    return agreement(found.T, wanted, scale=scale, resolution=resolution)


def soft(dataset, by=None):
    """Mean squares of posterior weights: one over their effective share of the points."""
    return compared(dataset, "posterior", ("square",), by=by, resolution=0.02)


def hard(dataset, by=None):
    """The mean of hard weights and of what they estimate."""
    return compared(dataset, "hard", ("one", *ESTIMATES), by=by, least=1.0, resolution=0.02)


def costs(dataset, rival=False):
    """Mean squared errors of posterior-weighted estimates, or with the mean left in the variance.

    The `rival` takes the mean square of what is averaged for its variance.
    """
    more = _pairs(dataset.theory, "posterior", ESTIMATES) ** 2 if rival else 0.0
    return errors(dataset, "posterior", more, resolution=0.1)


def biased(dataset, rival=False):
    """Mean squared errors of hard-weighted estimates, bias included, or as if there were none."""
    own, true = (_pairs(dataset.theory, weight, ESTIMATES) for weight in ("hard", "labels"))
    bias = int(dataset.block[0]) * (own - true) ** 2
    return errors(dataset, "hard", -bias if rival else 0.0, resolution=0.03)


def errors(dataset, weight, more, *, resolution):
    """Squared errors of both estimates against their prediction and `more`, in parts of it."""
    wanted = _pairs(dataset.theory, weight, ERRORS)
    found = _pairs(dataset.measured, weight, ERRORS)
    return agreement(found.T, wanted + more, scale=wanted, resolution=resolution)


def better(dataset, by="posterior"):
    """Mean squares and errors against those by label, where domains overlap."""
    near = dataset.isel(point=np.flatnonzero(dataset.scale.values <= OVERLAP))
    quantities = ("square", *ERRORS)
    found, labels = (_pairs(near.measured, weight, quantities) for weight in (by, "labels"))
    return ordering(found.T, labels.T, resolution=0.1)


def _pairs(values, weight, quantities):
    """Settings `[setting, ...]`: every scale, for each quantity."""
    return np.concatenate([_of(values, weight, name) for name in quantities])


def _of(values, weight, quantity):
    return values.sel(weight=weight, quantity=quantity).values


TERMS = ("T2-mean", "T2-error", "T2-hard-error")
CLAIMS = [
    Claim(
        id=name,
        kind=kind,
        sentence=sentence,
        source="T2; derived here",
        experiment="selection_importance",
        formula="exact",
        check=check,
        control=Control(
            what, control, kind="term dropped" if name in TERMS else "rival prediction"
        ),
        figure="selection_importance",
        decides_at=preset,
    )
    for name, kind, preset, sentence, check, what, control in (
        (
            "T2-soft",
            "agreement",
            "laptop",
            "Weighting n points by posteriors is worth n / E w^2 of them: all where domains "
            "coincide, as few as with true labels where they are far apart.",
            soft,
            "as few as with labels everywhere",
            lambda d: soft(d, by="labels"),
        ),
        (
            "T2-order",
            "ordering",
            "laptop",
            "Where domains overlap (means up to 2.6 deviations apart), weights by posterior have "
            "smaller mean squares than weights by true label, and estimate a mean and a risk under "
            "the target with smaller squared error.",
            better,
            "the weight of the likeliest domain, another function of x",
            lambda d: better(d, by="hard"),
        ),
        (
            "T2-mean",
            "agreement",
            "laptop",
            "The weight of the likeliest domain is not one on average (0.99 where means lie 3.4 "
            "deviations apart, 0.44 where they nearly coincide), and the mean and the risk it "
            "estimates are off as predicted.",
            hard,
            "no bias",
            lambda d: hard(d, by="posterior"),
        ),
        (
            "T2-error",
            "agreement",
            "laptop",
            "Mean squared errors of a mean and of a risk under the target, estimated with "
            "posterior weights, are those of the quadrature.",
            costs,
            "the mean not taken off the variance",
            lambda d: costs(d, rival=True),
        ),
        (
            "T2-hard-error",
            "agreement",
            "paper",
            "Mean squared errors of the same estimates with the weights of the likeliest domain "
            "are those of the quadrature, bias included.",
            biased,
            "no bias",
            lambda d: biased(d, rival=True),
        ),
    )
]
