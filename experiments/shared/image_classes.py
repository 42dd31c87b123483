"""Two classes of images as samples of the random-features model, and their measured moments.

The two are those whose covariances have the largest ratio of traces in pixels, the smaller first.
Every image loses the mean of its class; what is left is projected on the first d principal
components of both classes together (each class counting a half) and whitened by their mean
covariance. Covariances then add up to 2 I, hence commute: in the eigenvectors of one, both are
diagonal. The theory takes two variances a class: averages over half of these directions, those in
which the first class varies less than in the other half.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from diversity_jax import datasets, seeds
from diversity_jax.diffusion.model import ClassModel
from diversity_jax.diffusion.random_features import Features

TIME = 0.1
RATIOS = (4, 8)  # samples and features per dimension


class Pair(NamedTuple):
    """Both classes, as many images of each, and the moments of each; less the class means."""

    names: tuple[str, str]
    tokens: Float[np.ndarray, "k m d"]
    centroids: Float[np.ndarray, "k d"]  # less their mean
    variances: Float[np.ndarray, "k d"]


@lru_cache(maxsize=4)
def measured(data: str, dimension: int, per_class: int) -> Pair:
    """The pair of data set `data` in `dimension` dimensions; `per_class` 0 keeps all images."""
    images = datasets.load(data, dtype=np.float64)
    if per_class:
        images = datasets.select(images, images.classes, per_class)
    members = [images.pixels[images.labels == c] for c in range(len(images.classes))]
    traces = [one.var(axis=0).sum() for one in members]
    chosen = int(np.argmin(traces)), int(np.argmax(traces))
    number = min(len(members[c]) for c in chosen)
    # The first images of each: as many of both, so that halves of the moments are exact.
    both = [members[c][:number] for c in chosen]
    means = np.stack([one.mean(axis=0) for one in both])
    centred = np.stack([one - mean for one, mean in zip(both, means)])
    pooled = np.mean([one.T @ one / number for one in centred], axis=0)
    values, vectors = np.linalg.eigh(pooled)
    whiten = vectors[:, -dimension:] / np.sqrt(values[-dimension:])
    tokens = centred @ whiten
    own, turn = np.linalg.eigh(tokens[0].T @ tokens[0] / number)
    return Pair(
        names=(images.classes[chosen[0]], images.classes[chosen[1]]),
        tokens=tokens @ turn,
        centroids=(means - means.mean(axis=0)) @ whiten @ turn,
        variances=np.stack([own, 2 - own]),
    )


def prepared(pair: Pair, point: dict) -> tuple[Array, Array, Array]:
    """Tokens, centroids and variances in the setting of a grid point.

    `exchanged` 1: each class is stretched along every direction to the other's variance. `alike` 1:
    each is whitened by its own covariance. `centroids` 1: class means are put back.
    """
    factor = (pair.variances[::-1] / pair.variances) ** point["exchanged"]
    factor = factor * pair.variances ** (-point["alike"])
    centroids = point["centroids"] * jnp.asarray(pair.centroids)
    tokens = jnp.sqrt(factor)[:, None] * pair.tokens + centroids[:, None]
    return tokens, centroids, factor * pair.variances


def halves(variances: Any) -> np.ndarray:
    """Variances `[k, d]` averaged over the lower and the upper half of directions, `[k, 2]`."""
    table = np.asarray(variances)
    return table.reshape(len(table), 2, -1).mean(axis=2)


def model(variances: Any) -> ClassModel:
    """Classes of equal share with variances `[k, 2]` along halves of the directions."""
    return ClassModel(jnp.full(2, 0.5), variances, TIME, *RATIOS, group_fractions=jnp.full(2, 0.5))


def draw(key: Array, pair: Pair, point: dict) -> tuple[Features, Features]:
    """Samples to train on and others held out, each stacked: images, then Gaussian samples.

    Images are drawn at random, and all others are held out; the Gaussian samples have the same
    moments, in as many numbers. Weights are the same throughout, each row of norm ``sqrt(d)``.
    """
    tokens, centroids, variances = prepared(pair, point)
    k, number, d = pair.tokens.shape
    each, p = RATIOS[0] * d // k, RATIOS[1] * d
    weights = jax.random.normal(seeds.stream(key, "weights"), (p, d), float)
    weights = weights * jnp.sqrt(d / jnp.sum(weights**2, axis=1, keepdims=True))
    orders = [jax.random.permutation(seeds.stream(key, "images", c), number) for c in range(k)]
    shuffled = jnp.stack([one[order] for one, order in zip(tokens, orders)])
    noise = jax.random.normal(seeds.stream(key, "samples"), tokens.shape, float)
    both = jnp.stack([shuffled, centroids[:, None] + jnp.sqrt(variances)[:, None] * noise])

    def features(samples: Array) -> Features:
        return Features(
            weights=weights,
            samples=samples.reshape(-1, d),
            centroids=centroids,
            deviations=jnp.sqrt(variances),
            decay=jnp.asarray(np.exp(-TIME)),
            noise=jnp.asarray(-np.expm1(-2 * TIME)),
            counts=(samples.shape[1],) * k,
        )

    stacked = jax.vmap(features)
    return stacked(both[:, :, :each]), stacked(both[:, :, each:])
