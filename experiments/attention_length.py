"""Long sequences: the risk tends to its infinite-length value, the output to a linear map."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
import xarray

from diversity_jax import seeds
from diversity_jax.attention import layer, theory
from diversity_jax.attention.theory.risk import distance_to_infinite
from experiments.shared import configurations, pools

AXES = {"risk": ("size",), "distance": ("size",)}
CONFIGURATION = 5
# Jitted: op by op, some fifty small programs would be compiled.
RISK, DISTANCE = jax.jit(theory.population_risk), jax.jit(distance_to_infinite)


@dataclass(frozen=True)
class Config:
    """Sizes of the run; each seed draws `pools` pools of 4096 tokens, read at every length."""

    seeds: int = 64
    lengths: tuple[int, ...] = (4, 8, 16, 32, 64, 128, 256)
    pools: int = 32


PRESETS = {
    "smoke": Config(seeds=16, lengths=(4, 8, 16, 32, 64), pools=8),
    "laptop": Config(),
    "paper": Config(seeds=400, lengths=(4, 8, 16, 32, 64, 128, 256, 512, 1024)),
}


def grid(config: Config) -> list[dict]:
    """One point: all lengths read the same pools of tokens."""
    return [
        {**configurations.point(CONFIGURATION), "lengths": config.lengths, "pools": config.pools}
    ]


def job(key: jax.Array, point: dict) -> dict[str, jax.Array]:
    """Mean risk, and mean squared distance of the output from the infinite-length linear map."""
    drawn = configurations.draw(point)
    heads, mixture, strength = drawn["heads"], drawn["mixture"], drawn["strength"]
    second = mixture.covariance() + jnp.outer(mixture.mean(), mixture.mean())
    limit = mixture.components * strength * second @ heads.T @ heads

    def measure(sequences: jax.Array, labels: jax.Array, place: int) -> dict[str, jax.Array]:
        output = jax.vmap(
            lambda tokens: layer.linear_attention(
                tokens, heads, strength=strength, clusters=mixture.components
            )
        )(sequences)
        return {
            "risk": jnp.sum((sequences - output) ** 2, axis=2),
            "distance": jnp.sum((output - sequences @ limit.T) ** 2, axis=2),
        }

    halves = pools.over_lengths(
        seeds.stream(key, "sequences"),
        mixture,
        point["lengths"],
        measure,
        pool=4096,
        pools=point["pools"],
    )
    return {name: pools.whole(halves, name) for name in ("risk", "distance")}


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """Add the infinite-length risk, the gap to it, and the exact values at every length."""
    point = {name: dataset[name].values[0] for name in configurations.point(0)}
    drawn = configurations.draw(point)
    heads, mixture, strength = drawn["heads"], drawn["mixture"], drawn["strength"]
    limit = float(RISK(heads, mixture, length=np.inf, strength=strength))
    lengths = np.asarray(dataset.lengths.values[0], float)
    exact = [float(RISK(heads, mixture, length=length, strength=strength)) for length in lengths]
    # The same map with the noise left out of the tokens' second moment, which no length leads to.
    second = mixture.covariance() + jnp.outer(mixture.mean(), mixture.mean())
    bare = second - mixture.variances[0] * jnp.eye(mixture.dimension)
    left = jnp.eye(mixture.dimension) - mixture.components * strength * bare @ heads.T @ heads
    distances = [
        float(DISTANCE(heads, mixture, length=length, strength=strength)) for length in lengths
    ]
    return dataset.assign_coords(size=lengths).assign(
        gap=dataset.risk - limit,
        theory_infinite=((), limit),
        theory_without_noise=((), float(jnp.trace(left @ second @ left.T))),
        theory_risk=("size", exact),
        theory_distance=("size", distances),
    )
