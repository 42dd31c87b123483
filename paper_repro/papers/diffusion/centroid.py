"""Claims on centroids: B6 (short ones), B7 (long ones), B14 (which class comes first)."""

import numpy as np

from diversity_jax.checks import combine, convergence, ordering
from paper_repro.claims import Claim, Control
from paper_repro.papers.diffusion.spectrum import ABSTRACT, DERIVED, at, deciles

NEAR, FAR = 0, 1  # classes with the shorter and the longer centroid
MINORITY, MAJORITY = 0, 1  # in the settings of an angle: the shorter centroid is the minority's


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
    return convergence(some.dimension.values, gaps, scale=1.0, resolution=0.02, rate=1.0)


def first(dataset, setting, early, definitions=("share", "argmin")):
    """The class `early` reaches its times first in simulated runs."""
    some = at(dataset, setting=setting)
    parts = {}
    for name in definitions:
        times = some.times.sel(definition=name).values[0]
        parts[name] = ordering(times[:, early], times[:, 1 - early], resolution=0.1)
    return combine(parts)


def turned(dataset, angles=("right angle", "acute")):
    """Time of the majority over that of the minority: smaller at the first angle."""
    parts = {}
    for name in ("share", "argmin"):
        times = [at(dataset, setting=one).times.sel(definition=name).values[0] for one in angles]
        ratios = (one[:, MAJORITY] / one[:, MINORITY] for one in times)
        parts[name] = ordering(*ratios, resolution=0.1)
    return combine(parts)


def apart(dataset, setting="acute"):
    """How far the classes' test curves lie apart, over log time.

    Missed less by the theory of the acute angle than by the one that takes it for a right angle.
    """
    drawn, acute = (at(dataset, setting=name) for name in (setting, "acute"))
    times = drawn.training_time.values
    during = (times >= 1) & (times <= 1e4)
    curves = drawn.test.values, acute.theory_test.values, acute.square_test.values
    found, *theories = (
        one[0][..., during, MINORITY] - one[0][..., during, MAJORITY] for one in curves
    )
    return ordering(*(np.abs(found - one).mean(axis=1) for one in theories), resolution=0.1)


SMALLER = "Classes of one variance, one sample in five from the class with the shorter centroid"


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
        control=Control(
            "covariances, the mean of all samples taken off, in place of second moments",
            lambda d: tops(d, "short", "rival"),
            kind="rival prediction",
        ),
        decides_at="paper",
        blind="Single eigenvalues fluctuate: an error below a sixth of them would not show.",
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
        control=Control(
            "centroids left out", lambda d: distribution(d, "ignored"), kind="term dropped"
        ),
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
        control=Control(
            "features as if linear in the centroids",
            lambda d: tops(d, "long", "rival"),
            kind="rival prediction",
        ),
        decides_at="paper",
        blind="Single eigenvalues fluctuate: an error below a sixth of them would not show.",
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
            "the further class of much larger variance",
            lambda d: first(d, "unlike", NEAR),
            kind="hypothesis dropped",
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
        control=Control(
            "nearly equal variances",
            lambda d: first(d, "nearly", FAR),
            kind="hypothesis dropped",
        ),
    ),
    Claim(
        id="B14-nearly-equal",
        kind="ordering",
        sentence="Where variances differ by a tenth only, the shorter centroid decides.",
        source="B14; derived here",
        experiment="diffusion_centroid_times",
        formula="asymptotic in dimension",
        check=lambda d: first(d, "nearly", NEAR),
        control=Control(
            "variances 0.7 and 1.3", lambda d: first(d, "unlike", NEAR), kind="hypothesis dropped"
        ),
    ),
    Claim(
        id="B14-right-angle",
        kind="ordering",
        sentence=f"{SMALLER}, at a right angle to the other: the majority is generalised first, "
        "though its centroid is the longer one.",
        source=f"B14; {ABSTRACT}, derived here",
        experiment="diffusion_centroid_times",
        formula="asymptotic in dimension",
        check=lambda d: first(d, "right angle", MAJORITY),
        control=Control(
            "an angle of 18 degrees",
            lambda d: first(d, "acute", MAJORITY),
            kind="hypothesis dropped",
        ),
    ),
    Claim(
        id="B14-small-angle",
        kind="ordering",
        sentence=f"{SMALLER}, at an angle of 18 degrees (cosine .95) to the other: the minority is "
        "generalised first, as the lengths alone would have it.",
        source=f"B14; {ABSTRACT}, derived here",
        experiment="diffusion_centroid_times",
        formula="asymptotic in dimension",
        check=lambda d: first(d, "acute", MINORITY),
        control=Control(
            "a right angle", lambda d: first(d, "right angle", MINORITY), kind="hypothesis dropped"
        ),
    ),
    Claim(
        id="B14-angle",
        kind="ordering",
        sentence=f"{SMALLER}: closing the angle from a right one to 18 degrees delays the majority "
        "against the minority; which way a centroid points along its line does not matter.",
        source=f"B14; {ABSTRACT}, derived here",
        experiment="diffusion_centroid_times",
        formula="asymptotic in dimension",
        check=turned,
        control=Control(
            "162 degrees against 18", lambda d: turned(d, ("obtuse", "acute")), expected="undecided"
        ),
    ),
    Claim(
        id="B14-angle-curves",
        kind="ordering",
        sentence="How far the test losses of the two classes run apart at that angle, the theory "
        "of both centroids' overlap accounts for better than one that takes every angle for a "
        "right one.",
        source=f"B7, B10, B14; {DERIVED}",
        experiment="diffusion_centroid_times",
        formula="asymptotic in dimension",
        check=apart,
        control=Control(
            "runs at a right angle", lambda d: apart(d, "right angle"), kind="hypothesis dropped"
        ),
    ),
]
