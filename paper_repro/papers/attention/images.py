"""What is claimed of the attention layers on real images; collected in `attention.py`.

Fixed before the first run at these sizes, after looking at three seeds under another root seed.
The first runs changed two checks, both undecided for want of a good unit. Gaps to the Gaussian
theory are taken by size, averaged over sets of classes, from 100 tokens on: with their sign they
may start near zero by accident, so that no fall can be seen. k-means and heads are compared by the
share of splits that k-means wins: k-means often makes no error at all, and the logarithm of none
is noise. Both changed checks hold under a second root seed as well. A referee then found two
checks too lax (a fixed band of 5%, a resolution of e^4); both are orderings of means over sets now,
whose resolutions were set with the results of root 0 in sight. So were those of the second
revision, which compares directions by their angles (a cosine's distance from one is half the square
of it, and its log-ratio twice as large) and made no resolution wider. Ten splits of the images are
what the time allows: what they cannot tell is said with each claim.
"""

import numpy as np

from diversity_jax.checks import agreement, convergence, ordering, probability
from paper_repro.claims import Claim, Control

LAYER = "layer reconstructed from the abstract; our own question about it on real images; "
SHORT, LONG = 0, 1
PAIRS = slice(0, 3)  # the first three sets of classes of both experiments


def _by_seed(values):
    """Values [point, seed, ...] as [seed, settings]."""
    array = values.transpose("seed", ...).values
    return array.reshape(len(array), -1)


def _exact_risk(theory):
    def check(dataset):
        short = dataset.isel(sequence=SHORT)
        ratio = short.layer_risk / short.theory_risk.sel(theory=theory)
        return agreement(_by_seed(ratio), 1.0, scale=1.0, resolution=0.05)

    return check


def _only_second_moments(kind):
    def check(dataset):
        curves = dataset.curve_risk
        gaps = abs(curves.sel(kind=kind) / curves.sel(kind="images") - 1).mean("point")
        return convergence(
            dataset["size"].values, gaps.values, scale=1.0, resolution=1e-3, rate=1.0
        )

    return check


def _angle(cosine):
    return np.arccos(np.clip(cosine, -1.0, 1.0))


def _nearer(theory, other):
    def check(dataset):
        chosen = dataset.isel(sequence=SHORT, layer=0)
        predicted = chosen.theory_risk.sel(theory=[theory, other])
        errors = abs(predicted / chosen.layer_risk - 1).mean("point")
        return ordering(
            _by_seed(errors.sel(theory=theory)), _by_seed(errors.sel(theory=other)), resolution=1.0
        )

    return check


def _below_scaled_token(error):
    def check(dataset):
        values = dataset[error]
        return ordering(
            _by_seed(values.sel(procedure="in-context layer")),
            _by_seed(values.sel(procedure="scaled token")),
            resolution=0.3,
        )

    return check


def _heads_go_as_predicted(dataset):
    pairs = dataset.isel(point=PAIRS, trained=0)
    sides = (_by_seed(_angle(pairs[name]).mean("point")) for name in ("match", "alignment"))
    return ordering(*sides, resolution=1.0)


def _heads_go_as_for_other_classes(dataset):
    """The same for the goal of the next pair of classes, where the heads trained on it end."""
    pairs = dataset.isel(point=PAIRS, trained=0)
    heads = pairs.heads.transpose("point", "seed", "head", "component").values[:, :, :2]
    cosines = np.abs(np.einsum("pshc,psgc->pshg", heads, np.roll(heads, 1, axis=0)))
    straight = np.minimum(cosines[..., 0, 0], cosines[..., 1, 1])
    crossed = np.minimum(cosines[..., 0, 1], cosines[..., 1, 0])
    away = _angle(np.maximum(straight, crossed)).mean(axis=0)
    own = _by_seed(_angle(pairs.alignment).mean("point"))[:, 0]
    return ordering(away, own, resolution=1.0)


def _regulariser_helps(dataset):
    away = _angle(dataset.alignment)
    return ordering(_by_seed(away.isel(trained=1)), _by_seed(away.isel(trained=0)), resolution=0.5)


def _regulariser_helps_orthogonal(dataset):
    pairs = dataset.isel(point=PAIRS)
    orthogonal = abs(pairs.overlap.isel(pair=0).mean("seed")) < 0.1
    return _regulariser_helps(pairs.isel(point=orthogonal.values))


def _clusters_better(first, second):
    def check(dataset):
        better = dataset.accuracy.sel(clusterer=first) > dataset.accuracy.sel(clusterer=second)
        return probability(int(better.sum()), better.size, at_least=0.75, resolution=0.2)

    return check


def _shared(experiment, tag, what):
    """The claims made of every data set."""
    common = {"experiment": experiment, "figure": experiment}
    return [
        Claim(
            id=f"{tag}-exact",
            kind="agreement",
            sentence="The risk of the in-context layer and of trained heads on sequences of 30 "
            f"tokens drawn from {what} is that of the exact theory, the images as point masses.",
            source=LAYER + "derived in diversity_jax/attention/theory/anisotropic.py",
            formula="exact",
            unit="of the risk",
            check=_exact_risk("images"),
            control=Control(
                "isotropic clusters of the average variance",
                _exact_risk("isotropic"),
                kind="rival prediction",
            ),
            **common,
        ),
        Claim(
            id=f"{tag}-second-moments",
            kind="convergence",
            sentence="By the exact theory the in-context layer's risk depends, for long sequences, "
            f"on the tokens' second moments only: on {what} Gaussian clusters with the measured "
            f"means and covariances become exact. (Both are formulas; {tag}-exact simulates.)",
            source=LAYER + "derived in diversity_jax/attention/theory/anisotropic.py",
            formula="asymptotic in length",
            unit="of the risk",
            check=_only_second_moments("Gaussian"),
            control=Control(
                "isotropic clusters of the average variance",
                _only_second_moments("isotropic"),
                kind="rival prediction",
            ),
            **common,
        ),
        Claim(
            id=f"{tag}-moment-matched",
            kind="ordering",
            sentence="Gaussian clusters with the measured means and covariances predict the risk "
            f"of the in-context layer on 30 tokens from {what} better than the measured means "
            "with one average variance do (mean relative error over the sets of classes).",
            source=LAYER + "derived in diversity_jax/attention/theory/anisotropic.py",
            formula="none, seen in simulation",
            unit="log-ratio",
            check=_nearer("Gaussian", "isotropic"),
            control=Control(
                "orthonormal centroids with one average variance, in place of the measured ones",
                _nearer("orthonormal", "isotropic"),
                kind="rival prediction",
            ),
            blind="errors of prediction that differ by less than a factor of two: each is that of "
            "ten splits. The factor found is larger.",
            **common,
        ),
        Claim(
            id=f"{tag}-quantisation",
            kind="ordering",
            sentence="Outputs of the in-context layer lie nearer to the class centroids than the "
            f"tokens do, even after the tokens are scaled as well as a number can, on {what}.",
            source=LAYER + "C16 and C17 with the measured moments",
            formula="none, seen in simulation",
            unit="log-ratio",
            check=_below_scaled_token("quantisation_error"),
            control=Control(
                "reconstruction error in place of quantisation error",
                _below_scaled_token("reconstruction_error"),
                kind="hypothesis dropped",
            ),
            blind="errors that differ by less than a fourth on any one set of classes.",
            **common,
        ),
        Claim(
            id=f"{tag}-heads",
            kind="ordering",
            sentence=f"On pairs of classes of {what} heads trained without a regulariser end where "
            "descent of the risk of Gaussian clusters with the measured moments, from the same "
            "start, sends them, and not at the class directions (mean angle over the pairs).",
            source=LAYER + "C13, anisotropic",
            formula="none, seen in simulation",
            unit="log-ratio",
            check=_heads_go_as_predicted,
            control=Control(
                "the goal of another pair of classes",
                _heads_go_as_for_other_classes,
                kind="rival prediction",
            ),
            blind="angles that differ by less than a factor of two to three: on ten splits a small "
            "angle spreads widely. The factor found is larger.",
            **common,
        ),
    ]


IMAGE_CLAIMS = [
    *_shared("attention_images", "images", "digits"),
    Claim(
        id="images-regulariser",
        kind="ordering",
        sentence="The regulariser brings trained heads nearer to the class directions, on every "
        "set of classes of digits: false where centroids point against each other, as 0 and 1 do.",
        source=LAYER + "C11 taken beyond orthogonal centroids; a negative result, kept as one",
        experiment="attention_images",
        formula="none, seen in simulation",
        unit="log-ratio",
        check=_regulariser_helps,
        control=Control(
            "3 and 8, the one pair with nearly orthogonal centroids, as the paper has them",
            _regulariser_helps_orthogonal,
            expected="holds",
        ),
        expected="fails",
        blind="a gain of less than a factor of two in angle on one set: ten trainings with noisy "
        "gradients spread as widely.",
    ),
    Claim(
        id="images-k-means",
        kind="probability",
        sentence="Naming a token after the unregularised head that sees it most, whatever the "
        "sign, clusters digits worse than k-means does (on three splits of the images in four).",
        source=LAYER + "heads enter the layer squared, so that no sign is learned",
        experiment="attention_images",
        formula="none, seen in simulation",
        check=_clusters_better("k-means", "heads"),
        control=Control(
            "a Gaussian mixture fitted to the tokens in place of the heads",
            _clusters_better("k-means", "Gaussian mixture"),
            kind="hypothesis dropped",
        ),
        blind="up to 18 splits in 100 on which the heads win: 50 splits show no more.",
    ),
]

# Kept apart: they need Debian's dataset-fashion-mnist.
FASHION_CLAIMS = _shared("attention_images_fashion", "fashion", "Fashion-MNIST")
CLAIMS = [*IMAGE_CLAIMS, *FASHION_CLAIMS]
