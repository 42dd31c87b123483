"""Identities of importance weights and of scores, on random domains; the false gloss on one."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
import xarray

from diversity_jax import seeds
from diversity_jax.mixtures import GaussianMixture
from diversity_jax.selection import daar, scores, theory

DOMAINS = 4
NAMES = ("ratio", "weight", "hard", "square", "one_cosine", "inter", "error", "bound")
RIVALS = ("wider_ratio", "mean_square", "raw_cosine", "mean_bound")
AXES = {name: ("draw",) for name in (*NAMES, *RIVALS)}
WIDER = 1.02  # the variance of the target's domains where it is not that of the pool's
# Posterior and ratios: the first pair of the note has more entropy and no error, the second less
# entropy and an error.
GLOSS = (((0.0, 0.5, 0.5), (2.0, 0.5, 0.5)), ((0.3, 0.7, 0.0), (2.0, 0.5, 0.5)))
PAIRS, UNLIKE = 65, np.array([2.0, 0.5])  # posteriors of two domains, and their ratios


@dataclass(frozen=True)
class Config:
    """`draws` points per seed, each of domains of its own."""

    seeds: int = 8
    draws: int = 2000
    dimension: int = 5


PRESETS = {
    "smoke": Config(seeds=4, draws=200),
    "laptop": Config(),
    "paper": Config(seeds=100, draws=20000, dimension=20),
}


def grid(config: Config) -> list[dict]:
    """One point."""
    return [{"draws": config.draws, "dimension": config.dimension}]


def job(key: jax.Array, point: dict) -> dict[str, jax.Array]:
    """Both sides of each identity, in as many draws."""
    number, d = point["draws"], point["dimension"]
    parts = [seeds.stream(key, name) for name in ("means", "points", "pool", "target", "rows")]
    means = 1.5 * jax.random.normal(parts[0], (DOMAINS, d), jnp.float64)
    ones = jnp.ones(DOMAINS)
    # Half of each share is equal, so that no domain is empty.
    pool, target = (
        0.5 / DOMAINS + 0.5 * jax.random.dirichlet(part, ones, dtype=jnp.float64)
        for part in parts[2:4]
    )
    here, there = (GaussianMixture.isotropic(one, means, ones) for one in (pool, target))
    wider = GaussianMixture.isotropic(target, means, WIDER * ones)
    points, labels = here.sample(parts[1], number)
    ratios, posterior = target / pool, here.responsibilities(points)
    weight = theory.importance_weight(posterior, ratios)
    hard = theory.hard_weight(posterior, ratios)
    rows = _rows(parts[4], number)
    cut = scores.inter_as_one_cosine(points, labels, domains=DOMAINS)
    density = here.log_density(points)
    gaps = ratios[None] - hard[:, None]
    least = 1 - jnp.exp(-jnp.sum(jax.scipy.special.entr(rows), axis=1))
    return {
        "ratio": jnp.exp(there.log_density(points) - density),
        "wider_ratio": jnp.exp(wider.log_density(points) - density),
        "weight": weight,
        "hard": theory.hard_weight_error(posterior, ratios),
        "square": (weight - hard) ** 2,
        "mean_square": jnp.sum(posterior * gaps**2, axis=1),
        "raw_cosine": _raw_cosine(points, labels),
        "one_cosine": cut.lengths[labels] * cut.cosines,
        "inter": scores.inter_diversity(points, labels, domains=DOMAINS),
        "error": theory.hard_weight_error(rows, ratios),
        "bound": theory.hard_weight_bound(rows, ratios),
        "mean_bound": least**2
        * jnp.sum((ratios[None] - theory.hard_weight(rows, ratios)[:, None]) ** 2, axis=1)
        / (DOMAINS - 1),
    }


def _raw_cosine(points: jax.Array, labels: jax.Array) -> jax.Array:
    """The one cosine with the plain sum of the other centroids, which are not of equal length."""
    centroids = daar.means(points, labels, domains=DOMAINS)
    units = centroids / jnp.linalg.norm(centroids, axis=1, keepdims=True)
    length = jnp.linalg.norm(units.sum(axis=0)[None] - units, axis=1)
    raw = centroids.sum(axis=0)[None] - centroids
    unit = raw / jnp.linalg.norm(raw, axis=1, keepdims=True)
    lengths = jnp.linalg.norm(points, axis=1)
    return length[labels] * jnp.sum(points * unit[labels], axis=1) / lengths


def _rows(key: jax.Array, number: int) -> jax.Array:
    """Posteriors of every kind: sharp, spread, and split between two domains."""
    split = jax.random.uniform(seeds.stream(key, "split"), (number, 1), jnp.float64)
    pairs = jnp.concatenate([split, 1 - split, jnp.zeros((number, DOMAINS - 2))], axis=1)
    spread = [
        jax.random.dirichlet(
            seeds.stream(key, index), jnp.full(DOMAINS, size), (number,), dtype=jnp.float64
        )
        for index, size in enumerate((0.2, 1.0, 5.0))
    ]
    kind = jax.random.randint(seeds.stream(key, "kind"), (number,), 0, 4)
    return jnp.stack([pairs, *spread])[kind, jnp.arange(number)]


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """Add the counterexample to the gloss, and what is true of two domains."""
    rows, ratios = (np.array(part) for part in zip(*GLOSS))
    errors = [float(theory.hard_weight_error(*one)) for one in zip(rows, ratios)]
    spread = np.linspace(0.0, 0.5, PAIRS)
    pairs = np.stack([spread, 1 - spread], axis=1)
    return dataset.assign(
        gloss_entropy=("example", _entropy(rows)),
        gloss_error=("example", np.array(errors)),
        pair_entropy=("pair", _entropy(pairs)),
        pair_error=("pair", np.asarray(theory.hard_weight_error(pairs, UNLIKE))),
    )


def _entropy(rows: np.ndarray) -> np.ndarray:
    return -np.sum(np.where(rows > 0, rows * np.log(np.where(rows > 0, rows, 1.0)), 0.0), axis=1)
