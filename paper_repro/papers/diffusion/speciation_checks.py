"""Checks of the claims on speciation (B16): a dataset in, a verdict out."""

import numpy as np

from diversity_jax.checks import (
    agreement,
    combine,
    counterexample,
    exponent,
    identity,
    ordering,
)

HALF, NORMALISED, MAJORITY = range(3)
CRITERIA = ["half", "normalised-half", "bayes", "covariance"]


def drawn_agrees(dataset, predicted="theory"):
    """Mean posteriors of drawn points at every time and class of the unequal cases."""
    parts = {}
    for case in ("two", "three"):
        some = dataset.isel(point=np.flatnonzero(dataset.case.values == case)[0])
        exact = some[predicted].values.ravel()
        known = np.isfinite(some.theory.values.ravel())
        found = some.drawn.values.reshape(some.sizes["seed"], -1)[:, known]
        parts[case] = agreement(found, exact[known], scale=1.0, resolution=0.05)
    return combine(parts)


def known_value(dataset, value=0.7752002454):
    """Balanced classes at half the logarithm of the dimension, in three dimensions.

    The posteriors' log-odds have a mean of 2 and a variance of 4 there.
    """
    some = dataset.isel(point=np.flatnonzero(dataset.case.values == "balanced"))
    centre = np.argmin(np.abs(some.offsets.values[0]))
    found = some.drawn.isel(time=centre).values[..., :2].mean(axis=2).T
    return agreement(found, value, scale=1.0, resolution=0.01)


def turns_agree(dataset, predicted="theory_turned"):
    """Simulated U-turns against the exact probability, extrapolated to short steps.

    Backward diffusion is of first order in its steps, so twice the value at the most steps less
    that at half as many leaves a second-order error only.
    """
    parts = {}
    for case, classes in (("two", 2), ("three", 3)):
        some = dataset.isel(point=np.flatnonzero(dataset.case.values == case)[0])
        found = extrapolated(some.turned.values)[..., :classes]
        wanted = some[predicted].values[..., :classes]
        found = found.reshape(len(found), -1)
        parts[case] = agreement(found, wanted.ravel(), scale=1.0, resolution=0.1)
    return combine(parts)


def clones_agree(dataset, power=1.0):
    """The same of two paths from one point, against ``sum_c pi_c phi_c``."""
    some = dataset.isel(point=np.flatnonzero(dataset.case.values != "balanced"))
    shares = some.fraction.values[:, None, :] * some.theory_turned.values**power
    wanted = np.nansum(shares, axis=2)
    found = np.moveaxis(extrapolated(some.cloned.values, axis=3), 1, 0)
    found = found.reshape(len(found), -1)
    return agreement(found, wanted.ravel(), scale=1.0, resolution=0.1)


def extrapolated(values, axis=2):
    """Values at zero step size, where the last two entries along `axis` halve it."""
    last, before = (np.take(values, place, axis=axis) for place in (-1, -2))
    return 2 * last - before


def balance(dataset, three=False):
    """pi_c (1 - phi_c) of the first two classes."""
    some = dataset.isel(point=np.flatnonzero((dataset.case.values == "three") == three))
    leaving = some.fraction.values[:, None, :] * (1 - some.theory.values)
    settings = {"terms": 1e4, "condition": 1e3, "resolution": 1e-8, "scale": 1.0}
    return identity(leaving[..., 0], leaving[..., 1], **settings)


def two(dataset, below=1.0):
    """Points of two classes, with a fraction below a limit."""
    chosen = (dataset.classes.values == 2) & (dataset.fraction.values < below)
    return dataset.isel(point=np.flatnonzero(chosen))


def three(dataset):
    """Points of three classes."""
    return dataset.isel(point=np.flatnonzero(dataset.classes.values == 3))


def theory(dataset, criterion):
    """Predicted times of one criterion, [point, class]."""
    return dataset.theory.values[:, CRITERIA.index(criterion)]


def half_there(dataset, forgetful=False):
    """At the predicted times the simulated curves of the minority stand at one half."""
    centre = dataset.sizes["offset"] // 2
    predicted = (
        dataset.theory_forgetful.values if forgetful else np.full((dataset.sizes["point"], 2), 0.5)
    )
    return combine(
        {
            "half": agreement(
                dataset.at_half.values[..., centre].T, predicted[:, 0], scale=1.0, resolution=0.05
            ),
            "normalised": agreement(
                dataset.at_normalised.values[:, :, centre, 0].T, predicted[:, 1],
                scale=1.0, resolution=0.05,
            ),
        }
    )  # fmt: skip


def odds_there(dataset, inner=2.0):
    """At the predicted time the mean of the minority's log-odds is their deviation.

    Of the prior's log-odds, which the mean holds, only `inner` halves are counted.
    """
    some = two(dataset)
    odds = np.log((1 - some.fraction.values) / some.fraction.values)
    mean, variance = some.odds.values[..., 0], some.odds.values[..., 1]
    mean = mean + (1 - inner / 2) * odds[:, None]
    gap = mean**2 - variance
    root = 1 + np.sqrt(1 + inner * odds)
    signal = 256 * np.exp(-2 * some.time_bayes.values)  # |mu_1 - mu_2|^2 e^-2t, variance one
    scale = some.theory_deviation.values**2
    return combine(
        {
            "simulated": agreement(gap.T, 0.0, scale=scale, resolution=0.1),
            "closed form": identity(signal, root**2, terms=1e4, condition=1e3, resolution=1e-8),
        }
    )


def delay(dataset, factor=2.0):
    """Delay of the minority by the Bayes criterion against the closed form."""
    some = two(dataset)
    found = some.theory_balanced.values[:, CRITERIA.index("bayes")] - theory(some, "bayes")[:, 0]
    odds = np.log((1 - some.fraction.values) / some.fraction.values)
    wanted = np.log((1 + np.sqrt(1 + factor * odds)) / 2)
    return identity(found, wanted, terms=1e4, condition=1e3, resolution=1e-8)


def committed(dataset, least=0.5):
    """The majority is committed at all times exactly where L is at least one half."""
    some = two(dataset)
    odds = np.log((1 - some.fraction.values) / some.fraction.values)
    always = np.isinf(theory(some, "bayes")[:, 1]).astype(float)
    wanted = (odds >= least).astype(float)
    return identity(always, wanted, terms=1.0, scale=1.0, resolution=1e-8)


def later(dataset, order=(NORMALISED, MAJORITY), case=three):
    """The minority's measured time is the smaller one: later in backward diffusion."""
    some = case(dataset)
    first, second = (some.measured.values[..., place].T for place in order)
    return ordering(first, second, resolution=0.1)


def rarer_is_later(dataset, equal=False):
    """Measured times of the minority fall with its fraction, by both thresholds on phi.

    `equal`: half of the seeds at each fraction against the other half at the same fraction.
    """
    some = two(dataset)
    order = np.argsort(some.fraction.values)
    times = some.measured.values[order][..., :2].transpose(1, 0, 2)
    rare, common = times[:, :-2], times[:, 2:]
    if equal:
        half = len(times) // 2
        rare, common = times[:half], times[half : 2 * half]
    first, second = (part.reshape(len(part), -1) for part in (rare, common))
    return ordering(first, second, resolution=0.1)


def simultaneous(dataset, case=two):
    """By the normalised criterion both classes have the same time."""
    times = theory(case(dataset), "normalised-half")
    return identity(times[:, 0], times[:, 1], terms=1e4, condition=1e3, resolution=1e-8)


def overstates(dataset, criterion="covariance"):
    """The delay by a criterion exceeds the measured one, at fractions up to 1/10."""
    some = two(dataset, below=0.15)
    base = some.theory_balanced.values
    column = CRITERIA.index("normalised-half")
    measured = np.exp(base[:, column, None] - some.measured.values[..., NORMALISED]).T
    predicted = np.exp(base[:, CRITERIA.index(criterion)] - theory(some, criterion)[:, 0])
    return ordering(measured, np.broadcast_to(predicted[None], measured.shape), resolution=0.1)


def understates(dataset, rare=False):
    """At fractions from 0.2 the Bayes delay exceeds that by the covariance criterion."""
    some = two(dataset)
    chosen = some.fraction.values < 0.05 if rare else some.fraction.values >= 0.2
    bayes, covariance = (
        some.theory_balanced.values[:, CRITERIA.index(name)] - theory(some, name)[:, 0]
        for name in ("bayes", "covariance")
    )
    margin = (bayes - covariance)[chosen].min()
    return counterexample(float(margin), 1e-9, resolution=1e-3)


def quarter(dataset, times="theory_quarter"):
    """Bayes times of variance-only classes: e^t as a power of the dimension."""
    return combine(
        {
            f"class {c}": exponent(
                dataset.dimension.values, np.exp(dataset[times].values[:, c]),
                expected=0.25, rival=0.5, resolution=0.05,
            )
            for c in range(2)
        }
    )  # fmt: skip
