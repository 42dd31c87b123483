"""E12: what the trained layer makes of the clusters: flattened clouds around the centroids."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
import xarray

from diversity_jax import seeds
from diversity_jax.attention import layer, settings, theory, training
from experiments.shared import pools

MEASURED = (
    "mean_gain",
    "own_variance",
    "other_variance",
    "off_span_variance",
    "total_variance",
    "risk",
)
AXES = {
    "cloud": ("token", "coordinate"),
    "raw_cloud": ("token", "coordinate"),
    **{name: ("size",) for name in MEASURED},
}

# Jitted: op by op, some thirty small programs would be compiled.
RISK, STRENGTHS = jax.jit(theory.population_risk), jax.jit(theory.strengths)


@dataclass(frozen=True)
class Config:
    """Sizes of the run; heads are trained on the exact risk, then see sampled sequences."""

    seeds: int = 32
    dimensions: tuple[int, ...] = (3, 10)
    lengths: tuple[int, ...] = (10, 30, 100, 300, 1000)
    deviation: float = 0.3
    pool: int = 12000
    batches: int = 4
    steps: int = 3000


PRESETS = {
    "smoke": Config(seeds=8, dimensions=(5,), lengths=(10, 30, 100, 300), batches=2, steps=1500),
    "laptop": Config(),
    "paper": Config(seeds=200, batches=60),
}


def grid(config: Config) -> list[dict]:
    """One point per dimension; every length at its own unbiased strength."""
    return [
        {
            "dimension": d,
            "lengths": config.lengths,
            "pool": config.pool,
            "batches": config.batches,
            "steps": config.steps,
            "variance": config.deviation**2,
        }
        for d in config.dimensions
    ]


def job(key: jax.Array, point: dict) -> dict[str, jax.Array]:
    """Mean and covariance of the output given the cluster, and one cloud to look at.

    Coordinates: along the own centroid, along the other one, and off the span.
    """
    d, variance = point["dimension"], point["variance"]
    mixture = settings.orthonormal(clusters=2, dimension=d, variance=variance)
    heads = _train(seeds.stream(key, "start"), mixture, point["steps"])
    named = [
        theory.strengths(dimension=d, length=length, variance=variance).unbiased
        for length in point["lengths"]
    ]

    def apply(tokens: jax.Array, place: int) -> jax.Array:
        return layer.linear_attention(tokens, heads, strength=named[place])

    def measure(sequences: jax.Array, labels: jax.Array, place: int) -> dict[str, jax.Array]:
        output = jax.vmap(lambda tokens: apply(tokens, place))(sequences)
        own = jnp.take_along_axis(output, labels[:, :, None], axis=2)
        other = jnp.take_along_axis(output, 1 - labels[:, :, None], axis=2)
        return {
            "own": own,
            "own_square": own**2,
            "other_square": other**2,
            "off_span": jnp.sum(output[:, :, 2:] ** 2, axis=2),
            "risk": jnp.sum((sequences - output) ** 2, axis=2),
        }

    halves = pools.over_lengths(
        seeds.stream(key, "sequences"),
        mixture,
        point["lengths"],
        measure,
        pool=point["pool"],
        pools=point["batches"],
    )
    tokens, _ = mixture.sample(seeds.stream(key, "cloud"), max(point["lengths"]))
    own_variance = pools.whole(halves, "own_square") - pools.square_of_mean(halves, "own")
    off_span, other = pools.whole(halves, "off_span"), pools.whole(halves, "other_square")
    return {
        "mean_gain": pools.whole(halves, "own"),
        "own_variance": own_variance,
        "other_variance": other,
        "off_span_variance": off_span,
        "total_variance": own_variance + other + off_span,
        "risk": pools.whole(halves, "risk"),
        "cloud": apply(tokens, len(named) - 1)[:200, :3],
        "raw_cloud": tokens[:200, :3],
    }


def _train(key: jax.Array, mixture, steps: int) -> jax.Array:
    def objective(heads: jax.Array) -> jax.Array:
        risk = theory.population_risk(heads, mixture, length=30.0, strength=0.6)
        return risk + 0.2 * theory.regulariser(heads, mixture)

    start = training.sphere_start(
        key, heads=2, dimension=mixture.dimension, dtype=mixture.means.dtype
    )
    return training.descend(objective, start, learning_rate=0.1, frames=1, stride=steps).heads


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """Add the predictions: covariance at infinite length, the exact risk, and a spoiled gain."""
    lengths = np.asarray(dataset.lengths.values[0], float)
    variance = dataset.variance.values
    risks = [
        [_risk(int(d), length, float(tau)) for length in lengths]
        for d, tau in zip(dataset.dimension.values, variance)
    ]
    gains = [
        [_unbiased(int(d), length, float(tau)) * (1 + 2 * tau) for length in lengths]
        for d, tau in zip(dataset.dimension.values, variance)
    ]
    return dataset.assign_coords(size=lengths).assign(
        theory_in_span=("point", variance),
        theory_total=("point", 2 * variance),
        theory_gain_infinite=(("point", "size"), np.asarray(gains)),
        raw_total=("point", variance * dataset.dimension.values),
        theory_risk=(("point", "size"), np.asarray(risks)),
    )


def _risk(dimension: int, length: float, variance: float) -> float:
    mixture = settings.orthonormal(clusters=2, dimension=dimension, variance=variance)
    strength = _unbiased(dimension, length, variance)
    return float(RISK(mixture.means, mixture, length=length, strength=strength))


def _unbiased(dimension: int, length: float, variance: float) -> float:
    return float(STRENGTHS(dimension=dimension, length=length, variance=variance).unbiased)
