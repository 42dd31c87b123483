"""Centroids under noisy and missing labels (T16).

Let label l be drawn given the true domain k with probability ``confusion[k, l]``. By Bayes' rule
points labelled l come from domain k with probability ``p_k confusion[k, l] / sum_j p_j
confusion[j, l]``, and the labelled centroid is that average of the means. Symmetric noise keeps a
label with probability ``1 - noise`` and otherwise draws one of the other ``K - 1`` evenly; with
equal domains the centroid is ``(1 - noise) mu_l + noise / (K - 1) sum over k != l of mu_k``, which
is ``m + (1 - noise K / (K - 1)) (mu_l - m)`` with m the mean of all.
"""

from __future__ import annotations

import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, Float, ScalarLike

from diversity_jax import validate
from diversity_jax.selection.theory import _arguments


def noise_shrinkage(*, domains: int, noise: ScalarLike) -> Float[Array, ""]:
    """How far symmetric label noise leaves centroids from their mean: ``1 - noise K / (K - 1)``.

    For equal domains; zero at ``noise = (K - 1) / K``, where labels say nothing, negative beyond.
    Exact in expectation at any sample size.

    Errors: ValueError for fewer than two domains or noise outside [0, 1].
    Source: derived.
    """
    _arguments.count("domains", domains, 2)
    (noise,) = _arguments.floating(noise)
    _check_noise(noise)
    return 1 - noise * domains / (domains - 1)


def symmetric_confusion(*, domains: int, noise: ScalarLike) -> Float[Array, "k k"]:
    """Probability of each label (columns) given the true domain (rows) under symmetric noise.

    ``[k, k]``, rows sum to one.

    Errors: as for `noise_shrinkage`.
    Source: derived.
    """
    _arguments.count("domains", domains, 2)
    (noise,) = _arguments.floating(noise)
    _check_noise(noise)
    same = jnp.eye(domains, dtype=noise.dtype)
    return (1 - noise) * same + noise / (domains - 1) * (1 - same)


def labelled_centroids(
    weights: Float[ArrayLike, " k"],
    means: Float[ArrayLike, "k d"],
    confusion: Float[ArrayLike, "k l"],
) -> Float[Array, "l d"]:
    """Expected centroids of the labels, for any shares of the domains and any confusion of labels.

    ``sum_k p_k confusion[k, l] means[k] / sum_k p_k confusion[k, l]``. Exact; a label that never
    occurs is NaN.

    Errors: ValueError for shapes that disagree and rows that do not sum to one.
    Source: derived.
    """
    weights, means, confusion = _arguments.floating(weights, means, confusion)
    validate.shape("weights", weights, (None,), "pass one share per domain")
    validate.shape("means", means, (weights.shape[0], None), "pass one mean per domain")
    validate.shape("confusion", confusion, (weights.shape[0], None), "pass one row per domain")
    validate.simplex("weights", weights)
    for row in range(weights.shape[0]):
        validate.simplex("confusion", confusion[row])
    joint = weights[:, None] * confusion
    return (joint / jnp.sum(joint, axis=0, keepdims=True)).T @ means


def centroid_error(
    *, variance: ScalarLike, dimension: int, labelled: ScalarLike
) -> Float[Array, ""]:
    """``E |centroid - mean|^2 = variance dimension / labelled`` for labels missing at random.

    `labelled` is the number of points that still have the label: which ones are missing does not
    depend on where they lie. Exact given that number.

    Source: derived.
    """
    _arguments.positive_number("variance", variance)
    _arguments.count("dimension", dimension, 1)
    _arguments.positive_number("labelled", labelled)
    variance, labelled = _arguments.floating(variance, labelled)
    return variance * dimension / labelled


def _check_noise(noise: Array) -> None:
    validate.shape("noise", noise, (), "map over noises with jax.vmap")
    seen = validate.concrete(noise)
    if seen is not None and not 0 <= float(seen) <= 1:
        raise validate.fail("noise", float(seen), "a number in [0, 1]", "pass a probability")
