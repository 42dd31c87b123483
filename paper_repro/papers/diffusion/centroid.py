"""Claims on centroids: B6 (short ones), B7 (long ones), B14 (which class comes first)."""

import numpy as np

from diversity_jax.checks import combine, convergence, ordering
from paper_repro.claims import Claim, Control
from paper_repro.papers.diffusion.spectrum import ABSTRACT, DERIVED, QUADRATURE, at, deciles

NEAR, FAR = 0, 1  # classes with the shorter and the longer centroid


def tops(dataset, setting, theory="theory"):
    """Log of each of the two largest eigenvalues over its prediction, to 0 like 1/d."""
    some = at(dataset, setting=setting)
    logs = np.log(some.top.values / some[f"{theory}_top"].values[:, None])
    return combine(
        {
            name: convergence(
                some.dimension.values, logs[..., rank].T, scale=1.0, resolution=0.2, rate=1.0
            )
            for rank, name in enumerate(("second", "largest"))
        }
    )


def distribution(dataset, theory="theory"):
    """Simulated less predicted shares, at deciles between the atom's band and the bulks, to 0."""
    some = at(dataset, setting="long")
    place, exact, wanted = (some[n].values for n in ("place", "theory_below", f"{theory}_below"))
    inside = (place > 1.5 * float(some.atom)) & (place < float(some.edge))
    places = deciles(place, exact, inside)
    gaps = (some.below.values - wanted)[:, :, places].transpose(1, 0, 2)
    return convergence(
        some.dimension.values, gaps, scale=1.0, resolution=0.02, rate=1.0, error=QUADRATURE
    )


def first(dataset, setting, early, definitions=("share", "argmin")):
    """The class `early` reaches its times first in simulated runs."""
    some = at(dataset, setting=setting)
    parts = {}
    for name in definitions:
        times = some.times.sel(definition=name).values[0]
        parts[name] = ordering(times[:, early], times[:, 1 - early], resolution=0.5)
    return combine(parts)


CLAIMS = [
    Claim(
        id="B6-outliers",
        kind="convergence",
        sentence="Short centroids move no bulk: each pushes one eigenvalue out above the bulks, to "
        "where a determinant of uncentred second moments vanishes.",
        source=f"B6; {DERIVED}",
        experiment="diffusion_centroids",
        formula="asymptotic in dimension",
        check=lambda d: tops(d, "short"),
        control=Control("half the squared lengths", lambda d: tops(d, "short", "halved")),
        decides_at="paper",
    ),
    Claim(
        id="B7-spectrum",
        kind="convergence",
        sentence="Centroids as long as the square root of d change the bulks themselves: with "
        "constants that depend on each neuron's shift the predicted spectrum is the limit, at each "
        "of its deciles.",
        source=f"B7; {DERIVED}",
        experiment="diffusion_centroids",
        formula="asymptotic in dimension",
        check=distribution,
        control=Control("centroids left out", lambda d: distribution(d, "ignored")),
    ),
    Claim(
        id="B7-giants",
        kind="convergence",
        sentence="They make one eigenvalue each that grows in proportion to the features, at the "
        "eigenvalues of the second moments of mean features.",
        source=f"B7; {DERIVED}",
        experiment="diffusion_centroids",
        formula="asymptotic in dimension",
        check=lambda d: tops(d, "long"),
        control=Control("half of that", lambda d: tops(d, "long", "halved")),
        decides_at="paper",
    ),
    Claim(
        id="B14-nearer",
        kind="ordering",
        sentence="Classes of equal variance: the one with the shorter centroid is generalised "
        "first (90% of the test loss's fall, and least test loss).",
        source=f"B14; {ABSTRACT}, derived here",
        experiment="diffusion_centroid_times",
        formula="asymptotic in dimension",
        check=lambda d: first(d, "equal", NEAR),
        control=Control(
            "the further class of much larger variance", lambda d: first(d, "unlike", NEAR)
        ),
    ),
    Claim(
        id="B14-variance",
        kind="ordering",
        sentence="Variance comes before centroids: the class of much larger variance is first even "
        "with the longer centroid.",
        source=f"B14; {ABSTRACT}, derived here",
        experiment="diffusion_centroid_times",
        formula="asymptotic in dimension",
        check=lambda d: first(d, "unlike", FAR),
        control=Control("nearly equal variances", lambda d: first(d, "nearly", FAR)),
    ),
    Claim(
        id="B14-nearly-equal",
        kind="ordering",
        sentence="Where variances differ by a tenth only, the shorter centroid decides.",
        source="B14; derived here",
        experiment="diffusion_centroid_times",
        formula="asymptotic in dimension",
        check=lambda d: first(d, "nearly", NEAR),
        control=Control("variances 0.7 and 1.3", lambda d: first(d, "unlike", NEAR)),
    ),
]
