"""Exact identities of the risk: what it cannot see, and its closed forms on special heads."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import jax
import jax.numpy as jnp
import numpy as np
import xarray

from diversity_jax import seeds
from diversity_jax.attention import settings, theory, training
from diversity_jax.attention.theory import trained

AXES = {f"{name}_strength": ("size",) for name in ("best", "largest", "unbiased")}
DIMENSIONS = (2, 3, 5, 10, 30, 100, 300, 1000)


@dataclass(frozen=True)
class Config:
    """Sizes of the run: every combination, with `seeds` random pairs of heads each."""

    seeds: int = 32
    clusters: tuple[int, ...] = (2, 3, 4)
    lengths: tuple[float, ...] = (2.0, 30.0, float("inf"))
    variances: tuple[float, ...] = (0.0, 0.09, 1.0)
    dimension: int = 8
    strength: float = 0.6


PRESETS = {
    "smoke": Config(seeds=8, clusters=(2, 3)),
    "laptop": Config(),
    "paper": Config(seeds=400),
}


def grid(config: Config) -> list[dict]:
    """Every combination of clusters, length and variance."""
    return [
        {
            "clusters": k,
            "length": length,
            "variance": variance,
            "dimension": config.dimension,
            "strength": config.strength,
        }
        for k, length, variance in product(config.clusters, config.lengths, config.variances)
    ]


def job(key: jax.Array, point: dict) -> dict[str, jax.Array]:
    """Left and right sides of each identity at random heads, and of each spoiled one."""
    setting = {"length": point["length"], "strength": point["strength"]}
    return {
        **_rotation_and_dirac(key, point, setting),
        **_manifold(key, point, setting),
        **_regulariser(key, point),
        **_strengths(point),
    }


def _rotation_and_dirac(key: jax.Array, point: dict, setting: dict) -> dict[str, jax.Array]:
    """Orthonormal heads and the same turned; and heads of norm one without noise.

    The three share one batched risk, so that it is compiled only once.
    """
    k, d = point["clusters"], point["dimension"]
    heads = settings.random_orthonormal(seeds.stream(key, "heads"), clusters=k, dimension=d)
    turn = settings.random_orthonormal(seeds.stream(key, "turn"), clusters=k, dimension=k)
    unit = training.sphere_start(
        seeds.stream(key, "unit heads"), heads=k, dimension=d, dtype=heads.dtype
    )

    def measures(heads: jax.Array, variance: jax.Array) -> tuple[jax.Array, jax.Array]:
        mixture = settings.orthonormal(clusters=k, dimension=d, variance=variance)
        risk = theory.population_risk(heads, mixture, **setting)
        return risk, theory.regulariser(heads, mixture)

    variances = jnp.stack([point["variance"], point["variance"], jnp.zeros(())])
    risks, regularisers = jax.vmap(measures)(jnp.stack([heads, turn @ heads, unit]), variances)
    overlaps = unit @ jnp.eye(k, d).T
    formula = trained.dirac_risk(overlaps, **setting)
    return {
        "risk": risks[0],
        "risk_turned": risks[1],
        "regulariser": regularisers[0],
        "regulariser_turned": regularisers[1],
        "dirac": risks[2],
        "dirac_formula": formula,
        "dirac_spoiled": formula
        + 2 * point["strength"] * (k - 1) / (point["length"] * k) * jnp.sum(overlaps**2),
    }


def _manifold(key: jax.Array, point: dict, setting: dict) -> dict[str, jax.Array]:
    d, variance = point["dimension"], point["variance"]
    mixture = settings.orthonormal(clusters=2, dimension=d, variance=variance)
    heads = training.manifold_start(seeds.stream(key, "manifold"), mixture.means)
    x, y = (heads[0] @ mixture.means[0]) ** 2, (heads[1] @ mixture.means[1]) ** 2
    formula = trained.manifold_risk(x, y, dimension=d, variance=variance, **setting)
    once, lam = 1 / point["length"], point["strength"]
    pairs = once * (1 - once) * variance * (x + y) ** 2 / 2
    return {
        "manifold": theory.population_risk(heads, mixture, **setting),
        "manifold_formula": formula,
        "manifold_spoiled": formula - 4 * lam**2 * pairs,
    }


def _regulariser(key: jax.Array, point: dict) -> dict[str, jax.Array]:
    tau = point["variance"]
    mixture = settings.orthonormal(clusters=2, dimension=point["dimension"], variance=tau)
    angle = jax.random.uniform(seeds.stream(key, "angle"), (), mixture.means.dtype, 0, jnp.pi)
    cosine, sine = jnp.cos(angle), jnp.sin(angle)
    turn = jnp.stack([jnp.stack([cosine, sine]), jnp.stack([-sine, cosine])])
    return {
        "turned": theory.regulariser(turn @ mixture.means, mixture),
        "turned_formula": jnp.sin(2 * angle) ** 2 / 4 + tau + tau**2,
        "turned_spoiled": jnp.sin(angle) ** 2 / 4 + tau + tau**2,
    }


def _strengths(point: dict) -> dict[str, jax.Array]:
    found = jax.vmap(
        lambda d: theory.strengths(dimension=d, length=point["length"], variance=point["variance"])
    )(jnp.asarray(DIMENSIONS, float))
    return {
        "best_strength": found.best,
        "largest_strength": found.largest,
        "unbiased_strength": found.unbiased,
    }


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """Name the dimensions; both sides of every identity are in the dataset."""
    return dataset.assign_coords(size=np.asarray(DIMENSIONS))
