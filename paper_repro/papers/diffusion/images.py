"""What is claimed of random-features diffusion on real images; collected in `diffusion.py`.

The first run, of 24 seeds of digits, changed these checks; no resolution was changed. Spectra do
not tell the theory of two classes from that of one class (mean distances .0075 and .0080 on images,
.0064 and .0068 on Gaussian samples), and images whitened class by class, the control, behaved
alike: they are asked about centroids now. At this size the curves of either class are off by .03 to
.06, on Gaussian samples as much, mostly alike for both classes: their difference is compared.
Multiplying classes so that their traces change places leaves them in different directions, and the
theory itself predicts no clear order then: covariances are exchanged whole. 48 seeds, for power.
"""

from dataclasses import replace

import numpy as np

from diversity_jax.checks import combine, ordering
from paper_repro.claims import Claim, Control

MOMENTS = "our own question, on images; class-dependent theory derived here (B4, B10)"
ABSTRACT = "reconstructed from the abstract of arXiv 2605.06367; our own question on images"
TOGETHER, EXCHANGED, KEPT = "whitened together", "variances exchanged", "centroids kept"
RATIOS = "Draws differ widely: mean ratios of times below 1.6 would not show."
LOW, HIGH = 0, 1  # the class with the smaller trace of its covariance, and the other


def _in(dataset, setting):
    return dataset.isel(point=list(dataset.setting.values).index(setting))


def _distance(dataset, setting, data):
    """Per seed: mean distance from the theory, over log x, from above the atom on."""
    some, place = _in(dataset, setting), dataset.place.values
    during = (place > 1.5 * float(some.atom)) & (place < 100)
    wanted = some.theory_below.sel(theory="classes").values
    apart = some.below.sel(data=data).transpose("seed", "place").values - wanted
    return np.abs(apart)[:, during].mean(axis=1)


def _spectrum(dataset, settings=(TOGETHER, KEPT), data="images"):
    return ordering(*(_distance(dataset, one, data) for one in settings), resolution=0.3)


def _beyond_gaussian(dataset, gaussian=False):
    """`gaussian`: half of the Gaussian runs against the other half, as if those were images."""
    pair = [_distance(dataset, TOGETHER, name) for name in ("Gaussian", "images")]
    if gaussian:
        half = len(pair[0]) // 2
        pair = [pair[0][:half], pair[0][half : 2 * half]]
    return ordering(*pair, resolution=0.3)


def _curves(dataset, sign=1):
    """How far the classes' test curves lie apart: missed by the theory of two, and by that of one.

    Means over log time; the theory of one class predicts no difference.
    """
    some = _in(dataset, TOGETHER)
    times = dataset.training_time.values
    during = (times >= 1) & (times <= 1e4)
    drawn = some.test.sel(data="images").transpose("seed", "training_time", "class").values
    drawn = drawn[..., LOW] - drawn[..., HIGH]
    wanted = some.theory_test.sel(theory="classes").values
    wanted = sign * (wanted[:, LOW] - wanted[:, HIGH])
    apart = (np.abs(drawn - one)[:, during].mean(axis=1) for one in (wanted, 0 * wanted))
    return ordering(*apart, resolution=0.5)


def _first(dataset, kind, setting=TOGETHER, early=HIGH):
    some = _in(dataset, setting).sel(data="images", definition=kind)
    times = some.times.transpose("seed", "class").values
    return ordering(times[:, early], times[:, 1 - early], resolution=0.5)


def _both(dataset, setting=KEPT):
    return combine({kind: _first(dataset, kind, setting) for kind in ("share", "gap")})


def _claims(experiment, tag, what):
    common = {
        "kind": "ordering",
        "formula": "none, seen in simulation",
        "unit": "log-ratio",
        "experiment": experiment,
        "figure": experiment,
    }
    moved = "the same images, each class stretched to the other's covariance"
    return [
        Claim(
            id=f"{tag}-spectrum",
            sentence=f"The theory of the measured variances of two classes of {what}, which knows "
            "no centroids, is nearer to their feature spectrum where class means are taken away.",
            source=MOMENTS,
            check=_spectrum,
            control=Control(
                "no class means in either (covariances exchanged in one)",
                lambda d: _spectrum(d, (TOGETHER, EXCHANGED)),
                expected="undecided",
            ),
            blind="Mean ratios of distances below 1.3 would not show.",
            **common,
        ),
        Claim(
            id=f"{tag}-not-gaussian",
            sentence="Gaussian samples of the same moments, in as many numbers, lie nearer to the "
            f"theory's spectrum than images of {what} do: not all of the distance is finite size.",
            source=MOMENTS,
            check=_beyond_gaussian,
            control=Control(
                "Gaussian samples in place of the images",
                lambda d: _beyond_gaussian(d, gaussian=True),
                expected="undecided",
            ),
            blind="Mean ratios of distances below 1.3 would not show.",
            **common,
        ),
        Claim(
            id=f"{tag}-curves",
            sentence=f"How far apart the test losses on held-out images of two classes of {what} "
            "run, the theory of both classes' measured variances accounts for (it misses less than "
            "one that predicts no difference).",
            source=MOMENTS,
            check=_curves,
            control=Control(
                "the theory of classes with each other's variances",
                lambda d: _curves(d, sign=-1),
                kind="rival prediction",
            ),
            blind="Mean ratios of what both theories miss below 1.4 would not show.",
            **common,
        ),
        *(
            Claim(
                id=f"{tag}-{name}",
                sentence=f"Of two classes of {what}, whitened together, the one of higher variance "
                f"{words} first.",
                source=ABSTRACT,
                check=lambda d, kind=kind: _first(d, kind),
                control=Control(
                    moved,
                    lambda d, kind=kind: _first(d, kind, EXCHANGED),
                    kind="hypothesis dropped",
                ),
                blind=RATIOS,
                **common,
            )
            for name, kind, words in (
                ("generalised", "share", "makes 90% of its test loss's fall"),
                ("memorised", "gap", "is memorised (test less train loss .05)"),
            )
        ),
        Claim(
            id=f"{tag}-centroids",
            sentence=f"So it is, in both respects, when the class means of {what} are kept.",
            source=ABSTRACT,
            check=_both,
            control=Control(
                f"{moved}, without class means",
                lambda d: _both(d, EXCHANGED),
                kind="hypothesis dropped",
            ),
            blind=RATIOS,
            **common,
        ),
    ]


def _fashion():
    """On Fashion-MNIST class means bring the spectrum nearer to the theory without them: kept."""
    for claim in _claims("diffusion_images_fashion", "rf-fashion", "Fashion-MNIST"):
        if claim.id == "rf-fashion-spectrum":
            other = Control(
                "Gaussian samples of the same moments in place of the images",
                lambda d: _spectrum(d, data="Gaussian"),
                expected="holds",
            )
            yield replace(claim, expected="fails", control=other)
        elif claim.id != "rf-fashion-memorised":
            yield claim


# Two are left out, for lack of power at these sizes: the digits' difference of test curves, and
# the order of memorisation on Fashion-MNIST, whose data are Debian's dataset-fashion-mnist.
CLAIMS = [
    *(
        claim
        for claim in _claims("diffusion_images", "rf-digits", "digits")
        if claim.id != "rf-digits-curves"
    ),
    *_fashion(),
]
