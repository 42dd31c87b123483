"""What is claimed of random-features diffusion on real images; collected in `diffusion.py`.

Checks, sizes and resolutions were fixed before the first run at these sizes.
"""

import numpy as np

from paper_repro.checks import combine, ordering
from paper_repro.claims import Claim, Control

MOMENTS = "our own question, on images; class-dependent theory derived here (B4, B10)"
ABSTRACT = "reconstructed from the abstract of arXiv 2605.06367; our own question on images"
TOGETHER, EXCHANGED = "whitened together", "variances exchanged"
APART, KEPT = "whitened apart", "centroids kept"
LOW, HIGH = 0, 1  # the class with the smaller trace of its covariance, and the other


def _in(dataset, setting):
    return dataset.isel(point=list(dataset.setting.values).index(setting))


def _distance(dataset, setting, data, theory, predicted_in=TOGETHER):
    """Per seed: mean distance of distribution functions over log x, from above the atom on."""
    some, place = _in(dataset, setting), dataset.place.values
    during = (place > 1.5 * float(_in(dataset, TOGETHER).atom)) & (place < 100)
    wanted = _in(dataset, predicted_in).theory_below.sel(theory=theory).values
    apart = some.below.sel(data=data).transpose("seed", "place").values - wanted
    return np.abs(apart)[:, during].mean(axis=1)


def _spectrum(dataset, setting=TOGETHER):
    pair = (_distance(dataset, setting, "images", name) for name in ("classes", "one class"))
    return ordering(*pair, resolution=0.5)


def _beyond_gaussian(dataset, names=("Gaussian", "images")):
    pair = (_distance(dataset, TOGETHER, name, "classes") for name in names)
    return ordering(*pair, resolution=0.5)


def _curves(dataset, places=(LOW, HIGH)):
    """Mean distance of test curves over log time, per class: own theory against one class."""
    some = _in(dataset, TOGETHER)
    times = dataset.training_time.values
    during = (times >= 1) & (times <= 1e4)
    drawn = some.test.sel(data="images").transpose("seed", "training_time", "class").values
    apart = []
    for theory in ("classes", "one class"):
        wanted = some.theory_test.sel(theory=theory).values[:, list(places)]
        apart.append(np.abs(drawn - wanted)[:, during].mean(axis=1))
    return ordering(*apart, resolution=0.5)


def _first(dataset, kind, setting=TOGETHER, early=HIGH):
    some = _in(dataset, setting).sel(data="images", definition=kind)
    times = some.times.transpose("seed", "class").values
    return ordering(times[:, early], times[:, 1 - early], resolution=0.5)


def _both(dataset, early=HIGH):
    return combine({kind: _first(dataset, kind, KEPT, early) for kind in ("share", "gap")})


def _claims(experiment, tag, what):
    common = {
        "kind": "ordering",
        "formula": "none, seen in simulation",
        "unit": "log-ratio",
        "experiment": experiment,
        "figure": experiment,
    }
    moved = "the same images, multiplied so that the classes' variances change places"
    return [
        Claim(
            id=f"{tag}-spectrum",
            sentence=f"The feature spectrum of two classes of {what}, whitened together, lies "
            "nearer to the theory of both classes' measured variances than to that of one class "
            "with the variance of both together.",
            source=MOMENTS,
            check=_spectrum,
            control=Control(
                "the same images with each class whitened by its own covariance",
                lambda d: _spectrum(d, APART),
            ),
            **common,
        ),
        Claim(
            id=f"{tag}-not-gaussian",
            sentence="Gaussian samples of the same moments, in as many numbers, lie nearer to the "
            f"theory's spectrum than images of {what} do: not all of the distance is finite size.",
            source=MOMENTS,
            check=_beyond_gaussian,
            control=Control(
                "the two exchanged", lambda d: _beyond_gaussian(d, ("images", "Gaussian"))
            ),
            **common,
        ),
        Claim(
            id=f"{tag}-curves",
            sentence=f"The test loss on held-out images of either class of {what} follows the "
            "theory of both classes' measured variances more closely than that of one class.",
            source=MOMENTS,
            check=_curves,
            control=Control(
                "the two predicted curves exchanged", lambda d: _curves(d, (HIGH, LOW))
            ),
            **common,
        ),
        *(
            Claim(
                id=f"{tag}-{name}",
                sentence=f"Of two classes of {what}, whitened together, the one of higher variance "
                f"{words} first.",
                source=ABSTRACT,
                check=lambda d, kind=kind: _first(d, kind),
                control=Control(moved, lambda d, kind=kind: _first(d, kind, EXCHANGED)),
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
            control=Control("the classes exchanged", lambda d: _both(d, early=LOW)),
            **common,
        ),
    ]


IMAGES = [
    *_claims("diffusion_images", "rf-digits", "digits"),
    # These need Debian's dataset-fashion-mnist.
    *_claims("diffusion_images_fashion", "rf-fashion", "Fashion-MNIST"),
]
