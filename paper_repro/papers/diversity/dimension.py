"""Claims on the shift of a mean by a cosine band in high dimension: T7."""

import numpy as np

from diversity_jax.checks import convergence
from diversity_jax.checks.verdict import combine
from paper_repro.claims import Claim, Control

BANDS, COMPONENTS = ("near", "far"), ("along", "across")
RATE = 0.5  # of what comes after the first order, where a mean grows as the noise's length


def of(dataset, band, mean="growing"):
    """The grid point of one band and one kind of mean."""
    chosen = (dataset["mean"].values == mean) & (dataset.band.values == band)
    return dataset.isel(point=int(np.flatnonzero(chosen)[0]))


def shifted(dataset, theory="theory"):
    """The drawn shifts' gaps to a formula, in deviations, for each band and component."""
    parts = {}
    for band in BANDS:
        some = of(dataset, band)
        for component in COMPONENTS:
            one = some.sel(component=component)
            gaps = one.moved.values - one[theory].values[None]
            parts[f"{band} {component}"] = convergence(
                one["size"].values, gaps, scale=1.0, resolution=0.05, rate=RATE
            )
    return combine(parts)


def falls(dataset, rate=RATE):
    """Slopes of the gap's length from one dimension to the next, against those of the rate.

    Nothing is drawn: the exact shift is compared to the formula, so the slopes have a limit that is
    extrapolated, not an error bar.
    """
    parts = {}
    for band in BANDS:
        some = of(dataset, band)
        sizes = some["size"].values
        gaps = np.linalg.norm(some.exact.values - some.theory.values, axis=-1)
        slopes = np.diff(np.log(gaps)) / np.diff(np.log(sizes))
        between = np.sqrt(sizes[1:] * sizes[:-1])
        parts[band] = convergence(
            between, slopes + rate, scale=1.0, resolution=0.02, rate=RATE, error=1e-6
        )
    return combine(parts)


def across(dataset, mean="fixed"):
    """The exact shift across the direction over the formula's, less one."""
    parts = {}
    for band in BANDS:
        some = of(dataset, band, mean).sel(component="across")
        gaps = some.exact.values / some.theory.values - 1
        parts[band] = convergence(
            some["size"].values, gaps, scale=1.0, resolution=0.05, rate=RATE, error=1e-8
        )
    return combine(parts)


CLAIMS = [
    Claim(
        id=name,
        kind=kind,
        sentence=sentence,
        source="T7; derived here",
        experiment="selection_dimension",
        formula="asymptotic in dimension",
        check=check,
        control=control,
        expected=expected,
        figure="selection_dimension",
        unit=unit,
    )
    for name, kind, sentence, check, control, expected, unit in (
        (
            "T7-shift",
            "convergence",
            "The fifth most or least similar to a direction shifts a mean that grows as the root "
            "of the dimension, as the noise's length does, by the first-order formula: along the "
            "direction, and across it.",
            shifted,
            Control(
                "as if the score were linear",
                lambda d: shifted(d, "linear"),
                kind="rival prediction",
            ),
            "holds",
            "deviations",
        ),
        (
            "T7-rate",
            "convergence",
            "Two theories compared: the exact shift of such a mean, by integrals over the distance "
            "from the axis, nears the first-order formula like one over the root of the dimension; "
            "slopes between dimensions tend to minus one half.",
            falls,
            Control(
                "like one over the dimension", lambda d: falls(d, rate=1.0), kind="rival prediction"
            ),
            "holds",
            "exponent",
        ),
        (
            "T7-fixed",
            "convergence",
            "Two theories compared: the formula's relative error across the direction vanishes "
            "also for a mean of fixed length, 3 deviations along it and 1.5 across.",
            across,
            Control(
                "for a mean that grows as the noise's length",
                lambda d: across(d, "growing"),
                expected="holds",
            ),
            "fails",
            "",
        ),
    )
]
