"""Probe and regressor of DaaR against the true entropy, over epochs of training."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import xarray
from jax.scipy.stats import rankdata

from diversity_jax import seeds
from diversity_jax.mixtures import GaussianMixture
from diversity_jax.selection import daar, probe
from diversity_jax.selection.reward import domain_entropy
from experiments.shared import four_domains
from experiments.shared.four_domains import DOMAINS

AXES = {
    **{
        name: ("epoch",)
        for name in (
            "entropy", "accuracy", "against_margin", "against_distance", "probe", "regressor"
        )
    },
    "probe_halves": ("epoch", "half"),
}  # fmt: skip
LABELS = ("kmeans", "true")
TRACED = {"labels": LABELS.index}


@dataclass(frozen=True)
class Config:
    """`epochs` are of the probe, one training for all; the regressor has `second` at each."""

    seeds: int = 32
    dimension: int = 32
    pool: int = 2000
    probe_set: int = 5000
    fraction: float = 0.2
    width: float = 1.0
    batch: int = 32
    epochs: tuple[int, ...] = (1, 3, 10, 30)
    second: int = 3


PRESETS = {
    "smoke": Config(seeds=8, pool=400, probe_set=400, batch=16, epochs=(1, 2, 4, 8), second=1),
    "laptop": Config(),
    "paper": Config(seeds=40, pool=4000),
}


def grid(config: Config) -> list[dict]:
    """Labels of the probe set by k-means, and the true ones."""
    return [
        {
            "labels": labels,
            "dimension": config.dimension,
            "pool": config.pool,
            "probe_set": config.probe_set,
            "kept": f"{config.fraction:.12g}",
            "wide": f"{config.width:.12g}",
            "batch": config.batch,
            "epochs": config.epochs,
            "second": config.second,
        }
        for labels in LABELS
    ]


def job(key: jax.Array, point: dict) -> dict[str, jax.Array]:
    """What probe and regressor say of one pool, after each number of epochs.

    Of the pool: the mean entropy, ranks of the entropy against the distance to the border of the
    k-means cells and to the nearest centroid, and shares of the true entropy's top that are found
    (by the probe in each half of the pool too, which are alike). Networks are trained in single
    precision.
    """
    fraction = float(point["kept"])
    mixture = four_domains.mixture(point["dimension"])
    pool, seen, labels, centroids = draw(key, mixture, point)
    sizes = {"width": float(point["wide"]), "batch": point["batch"]}
    given, read = seen.astype(jnp.float32), pool.astype(jnp.float32)
    fitted = probe.fit_probe(
        seeds.stream(key, "probe"), given, labels, domains=DOMAINS,
        epochs=point["epochs"][-1], keep=point["epochs"], **sizes,
    )  # fmt: skip
    bayes = domain_entropy(mixture.responsibilities(pool))
    best = daar.top(bayes, fraction=fraction)
    margin, distance = borders(pool, centroids)

    def found_of(values: jax.Array, truth: jax.Array) -> jax.Array:
        return overlap(*(daar.top(one, fraction=fraction) for one in (values, truth)))

    def after(place: jax.Array) -> dict[str, jax.Array]:
        then = fitted.at(place)
        entropy = domain_entropy(then.probabilities(read))
        rewards = domain_entropy(then.probabilities(given))
        second = probe.fit_regressor(
            seeds.stream(key, "regressor"), given, rewards, epochs=point["second"], **sizes
        )
        predicted = second.outputs(read)[:, 0]
        return {
            "entropy": entropy.mean(),
            "accuracy": then.held_out,
            "against_margin": ranks(entropy, -margin),
            "against_distance": ranks(entropy, distance),
            "probe_halves": jax.vmap(found_of)(entropy.reshape(2, -1), bayes.reshape(2, -1)),
            "probe": overlap(daar.top(entropy, fraction=fraction), best),
            "regressor": overlap(daar.top(predicted, fraction=fraction), best),
        }

    found = jax.lax.map(after, jnp.arange(len(point["epochs"])))
    return {**found, "bayes": bayes.mean()}


def draw(
    key: jax.Array, mixture: GaussianMixture, point: dict
) -> tuple[jax.Array, jax.Array, jax.Array, jax.Array]:
    """The pool, the probe set with the labels asked for, and the centroids of k-means."""
    pool, _ = mixture.sample(seeds.stream(key, "pool"), point["pool"])
    seen, true = mixture.sample(seeds.stream(key, "probe set"), point["probe_set"])
    # Centroids of 30 samples a domain stand for those of the synthesis.
    made, _ = mixture.sample_counts(seeds.stream(key, "synthesis"), (30,) * DOMAINS)
    pseudo = daar.pseudo_labels(seen, made.reshape(DOMAINS, 30, -1).mean(axis=1))
    labels = jnp.where(point["labels"] == LABELS.index("true"), true, pseudo.labels)
    return pool, seen, labels, pseudo.centroids


def borders(points: jax.Array, centroids: jax.Array) -> tuple[jax.Array, jax.Array]:
    """How far each point is from the border of its cell, and from the nearest centroid."""
    squares = jnp.sum((points[:, None, :] - centroids[None]) ** 2, axis=2)
    first = jnp.argmin(squares, axis=1)
    apart = jnp.linalg.norm(centroids[first][:, None, :] - centroids[None], axis=2)
    least = jnp.min(squares, axis=1)
    beyond = (squares - least[:, None]) / (2 * jnp.where(apart > 0, apart, 1))
    return jnp.min(jnp.where(apart > 0, beyond, jnp.inf), axis=1), jnp.sqrt(least)


def ranks(one: jax.Array, other: jax.Array) -> jax.Array:
    """Spearman's correlation, ties at their mean rank."""
    first, second = (rankdata(values) - (values.size + 1) / 2 for values in (one, other))
    return first @ second / jnp.sqrt((first @ first) * (second @ second))


def overlap(one: jax.Array, other: jax.Array) -> jax.Array:
    """The share of `other` that is in `one`, both lists of places of the same length."""
    return jnp.mean(jnp.isin(other, one).astype(jnp.float64))


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """Name the epochs on their axis."""
    return dataset.assign_coords(epoch=dataset.coords["epochs"].values[0])
