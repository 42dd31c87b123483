"""Softmax heads on long prompts: the closed form, and why centroids do not minimise the risk."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
import xarray

from diversity_jax import seeds
from diversity_jax.attention import layer, settings, theory, training
from diversity_jax.attention.theory import infinite
from experiments.shared import pools

AXES = {
    "output_error": ("length",),
    "untilted_error": ("length",),
    "heads_found": ("head", "coordinate"),
}
LENGTHS = (32, 64, 128, 256, 512)


@dataclass(frozen=True)
class Config:
    """Sizes of the run: sums or means of two heads at several strengths."""

    seeds: int = 16
    dimension: int = 5
    deviation: float = 0.3
    pools: int = 8
    tokens: int = 1024
    steps: int = 200
    cases: tuple[tuple[str, float], ...] = (
        ("sum", 1.0),
        ("sum", 4.0),
        ("mean", 1.0),
        ("mean", 4.0),
    )


PRESETS = {
    "smoke": Config(seeds=6, pools=4, tokens=512, steps=100, cases=(("sum", 1.0), ("mean", 1.0))),
    "laptop": Config(),
    "paper": Config(seeds=200, tokens=32768, steps=2000),
}


def grid(config: Config) -> list[dict]:
    """One point per way of joining heads and strength."""
    return [
        {
            "joined": joined,
            "dimension": config.dimension,
            "pools": config.pools,
            "tokens": config.tokens,
            "steps": config.steps,
            "variance": config.deviation**2,
            "strength": strength,
        }
        for joined, strength in config.cases
    ]


def job(key: jax.Array, point: dict) -> dict[str, jax.Array]:
    """Finite prompts against the closed form; descent of the risk from a random start.

    The descent sees one half of the tokens, the risks are measured on the other.
    """
    mixture = settings.orthonormal(
        clusters=2, dimension=point["dimension"], variance=point["variance"]
    )
    tokens, _ = mixture.sample(seeds.stream(key, "tokens"), 2 * point["tokens"])
    seen, fresh = tokens[: point["tokens"]], tokens[point["tokens"] :]
    start = training.sphere_start(
        seeds.stream(key, "start"), heads=2, dimension=point["dimension"], dtype=tokens.dtype
    )
    steps = {"learning_rate": 0.2, "frames": 1, "stride": point["steps"]}
    path = training.descend(lambda heads: _risk(heads, seen, mixture, point), start, **steps)
    linear = training.descend(lambda heads: _linear_risk(heads, seen, mixture), start, **steps)
    centroids = mixture.means
    errors = _output_errors(seeds.stream(key, "prompts"), mixture, point)
    return {
        "linear_gain": _linear_risk(centroids, fresh, mixture)
        - _linear_risk(linear.heads, fresh, mixture),
        "output_error": errors["error"],
        "untilted_error": errors["untilted"],
        "risk_centroids": _risk(centroids, fresh, mixture, point),
        "risk_found": _risk(path.heads, fresh, mixture, point),
        "risk_difference_axis": _risk(_difference_axis(centroids), fresh, mixture, point),
        "heads_found": path.heads,
    }


def _risk(heads: jax.Array, tokens: jax.Array, mixture, point: dict) -> jax.Array:
    def output(query: jax.Array) -> jax.Array:
        total = jax.vmap(
            lambda head: infinite.softmax_head(query, head, mixture, strength=point["strength"])
        )(heads).sum(axis=0)
        return total / 2 if point["joined"] == "mean" else total

    return jnp.mean(jnp.sum((tokens - jax.vmap(output)(tokens)) ** 2, axis=1))


def _linear_risk(heads: jax.Array, tokens: jax.Array, mixture) -> jax.Array:
    """Mean error of linear heads on infinite prompts, at the best strength for centroids."""
    best = theory.strengths(
        dimension=mixture.dimension, length=jnp.inf, variance=mixture.variances[0]
    ).best
    second = mixture.covariance() + jnp.outer(mixture.mean(), mixture.mean())
    output = 2 * best * (tokens @ heads.T) @ heads @ second
    return jnp.mean(jnp.sum((tokens - output) ** 2, axis=1))


def _difference_axis(centroids: jax.Array) -> jax.Array:
    axis = (centroids[0] - centroids[1]) / jnp.linalg.norm(centroids[0] - centroids[1])
    return jnp.stack([axis, -axis])


def _output_errors(key: jax.Array, mixture, point: dict) -> dict[str, jax.Array]:
    """Mean squared distance of the layer on finite prompts from the closed form, per length.

    `untilted`: from that form with the clusters' weights left at their shares.
    """
    heads = mixture.means

    def limit(query: jax.Array) -> jax.Array:
        return jax.vmap(
            lambda head: infinite.softmax_head(query, head, mixture, strength=point["strength"])
        )(heads).sum(axis=0)

    def measure(sequences: jax.Array, labels: jax.Array, place: int) -> dict[str, jax.Array]:
        few = sequences[: max(8, 2048 // sequences.shape[1])]
        output = jax.lax.map(
            lambda tokens: layer.softmax_attention(tokens, heads, strength=point["strength"]), few
        )
        expected = jax.vmap(jax.vmap(limit))(few)
        shift = point["variance"] * point["strength"] * (few @ heads.T) @ heads
        untilted = heads.shape[0] * mixture.mean()[None, None, :] + shift
        return {
            "error": jnp.sum((output - expected) ** 2, axis=2),
            "untilted": jnp.sum((output - untilted) ** 2, axis=2),
        }

    halves = pools.over_lengths(key, mixture, LENGTHS, measure, pool=4096, pools=point["pools"])
    return {name: pools.whole(halves, name) for name in halves}


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """Add the lengths of the prompts and the gain in risk over the centroids."""
    return dataset.assign_coords(length=np.asarray(LENGTHS, float)).assign(
        gain=dataset.risk_centroids - dataset.risk_found
    )
