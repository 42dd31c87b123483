"""Noisy and missing labels: the centroids they leave, and what pools share with true labels'."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
import xarray

from diversity_jax import seeds
from diversity_jax.selection import daar, geometry, scores, theory
from experiments.shared import four_domains
from experiments.shared.four_domains import DOMAINS, OFFSET

AXES: dict[str, tuple[str, ...]] = {}
KINDS = ("noise", "missing")
TRACED = {"kind": KINDS.index}
POOLS = {"near_other": scores.inter_diversity, "near_own": scores.intra_diversity}
NUMBER = 5  # bins per domain, the last of which is the pool


@dataclass(frozen=True)
class Config:
    """`size` points of each domain; `noise` and `missing` are shares of labels."""

    seeds: int = 96
    dimension: int = 32
    size: int = 1000
    noise: tuple[float, ...] = (0.1, 0.3, 0.5, 0.75)
    missing: tuple[float, ...] = (0.5, 0.9, 0.99)


PRESETS = {
    "smoke": Config(seeds=12, size=300),
    "laptop": Config(),
    "paper": Config(seeds=1000, size=10000),
}


def grid(config: Config) -> list[dict]:
    """Noise, missing labels, and the largest noise without the offset that domains share."""
    cases = [("noise", level, OFFSET) for level in config.noise]
    cases += [("missing", level, OFFSET) for level in config.missing]
    cases += [("noise", config.noise[-1], 0.0)]
    return [
        {
            "kind": kind,
            "level": level,
            "offset": offset,
            "dimension": config.dimension,
            "size": config.size,
        }
        for kind, level, offset in cases
    ]


def job(key: jax.Array, point: dict) -> dict[str, jax.Array]:
    """Centroids of the given labels against the true means, and pools against true labels' pools.

    `shrinkage` is the slope of centroids on means, both from the mean of all; `error` the mean
    square distance of centroids from means. Missing labels are filled in by the nearest centroid.
    """
    size, d = point["size"], point["dimension"]
    means = four_domains.means(d, point["offset"])
    noise = jax.random.normal(seeds.stream(key, "points"), (DOMAINS * size, d), jnp.float64)
    true = drawn_labels(key, point)
    rows = means[true] + noise
    noisy = flipped(seeds.stream(key, "labels"), true, point["level"])
    found = daar.means(rows, noisy, domains=DOMAINS)
    # Points are exchangeable, so the first ones of each domain may be those with a label.
    rank = jnp.arange(DOMAINS * size) % size
    labelled = rank < jnp.round((1 - point["level"]) * size)
    known = daar.means(rows, jnp.where(labelled, true, DOMAINS), domains=DOMAINS)
    filled = jnp.where(labelled, true, daar.nearest(rows, known))
    is_noise = point["kind"] == KINDS.index("noise")
    centroids = jnp.where(is_noise, found, known)
    labels = jnp.where(is_noise, noisy, filled)
    centred = means - means.mean(axis=0)[None, :]
    shifted = centroids - means.mean(axis=0)[None, :]
    chance = jax.random.uniform(seeds.stream(key, "chance"), true.shape)
    best = {name: last(score, rows, true) for name, score in POOLS.items()}
    return {
        "shrinkage": jnp.sum(shifted * centred) / jnp.sum(centred**2),
        "error": jnp.mean(jnp.sum((centroids - means) ** 2, axis=1)),
        **{name: shared(last(score, rows, labels), best[name]) for name, score in POOLS.items()},
        "chance": shared(chance < 1 / NUMBER, best["near_other"]),
    }


def drawn_labels(key: jax.Array, point: dict) -> jax.Array:
    """True domains: independent and equally likely under noise, of equal size for missing ones."""
    number = DOMAINS * point["size"]
    free = jax.random.randint(seeds.stream(key, "domains"), (number,), 0, DOMAINS)
    equal = jnp.arange(number) // point["size"]
    return jnp.where(point["kind"] == KINDS.index("noise"), free, equal)


def flipped(key: jax.Array, labels: jax.Array, share: jax.Array) -> jax.Array:
    """`labels`, each replaced with probability `share` by one of the others, all equally likely."""
    which, step = seeds.stream(key, "which"), seeds.stream(key, "step")
    wrong = jax.random.uniform(which, labels.shape, jnp.float64) < share
    moved = (labels + jax.random.randint(step, labels.shape, 1, DOMAINS)) % DOMAINS
    return jnp.where(wrong, moved, labels)


def last(score, rows: jax.Array, labels: jax.Array) -> jax.Array:
    """Which points are in the last fifth of `score` within their label."""
    values = score(rows, labels, domains=DOMAINS)
    return geometry.bins(values, labels, domains=DOMAINS, number=NUMBER) == NUMBER - 1


def shared(one: jax.Array, other: jax.Array) -> jax.Array:
    """The share of `other` that is in `one`."""
    return jnp.sum(one & other) / jnp.sum(other)


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """Add the shrinkage by noise and the error by missing labels, with what spoils each."""
    rows = []
    for place in range(dataset.sizes["point"]):
        level, size = float(dataset.level.values[place]), int(dataset["size"].values[place])
        if str(dataset.kind.values[place]) == "noise":
            shrinkage = float(theory.noise_shrinkage(domains=DOMAINS, noise=level))
            rows.append((shrinkage, 1 - level, np.nan, np.nan))
            continue
        dimension = int(dataset.dimension.values[place])
        errors = [
            float(theory.centroid_error(variance=1.0, dimension=dimension, labelled=number))
            for number in _labelled(level, size)
        ]
        rows.append((np.nan, np.nan, *errors))
    names = ("theory_shrinkage", "spoiled_shrinkage", "theory_error", "spoiled_error")
    return dataset.assign(
        {name: ("point", column) for name, column in zip(names, np.array(rows).T)}
    )


def _labelled(level: float, size: int) -> tuple[int, int]:
    """The labels that are left of `size`, and one less."""
    left = round((1 - level) * size)
    return left, left - 1
