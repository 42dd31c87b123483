"""Online SGD of heads on sampled sequences, linear or softmax, as two experiments need it."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from diversity_jax import seeds
from diversity_jax.attention import layer, measures, settings, training

AXES = {"alignment": ("frame",), "span": ("frame",)}


def job(key: jax.Array, point: dict[str, Any]) -> dict[str, jax.Array]:
    """One run of SGD from a random start: alignment and span overlap per frame."""
    dtype = jnp.dtype(point["precision"])
    point = {name: _cast(value, dtype) for name, value in point.items()}
    mixture = settings.along(
        jnp.eye(2, point["dimension"], dtype=dtype), variance=point["variance"]
    )

    def loss(key: jax.Array, heads: jax.Array) -> jax.Array:
        drawn, _ = mixture.sample(key, point["batch"] * point["tokens"])
        sequences = drawn.reshape(point["batch"], point["tokens"], point["dimension"])
        errors = jax.vmap(lambda tokens: _error(tokens, heads, point))(sequences)
        first, second = (drawn @ heads[0]) ** 2, (drawn @ heads[1]) ** 2
        return errors.mean() + point["regularisation"] * jnp.mean(first * second)

    path = training.online(
        seeds.stream(key, "data"),
        loss,
        training.sphere_start(
            seeds.stream(key, "start"),
            heads=2,
            dimension=point["dimension"],
            dtype=mixture.means.dtype,
        ),
        learning_rate=point["learning_rate"],
        frames=point["frames"],
        stride=point["stride"],
    )
    centroids = mixture.means
    return {
        "alignment": jax.vmap(lambda heads: measures.alignment(heads, centroids))(path.trajectory),
        "span": jax.vmap(lambda heads: measures.span_overlap(heads, centroids))(path.trajectory),
        "final": measures.alignment(path.heads, centroids),
    }


def _cast(value: Any, dtype: Any) -> Any:
    """Traced numbers in the run's own precision; all else as it is."""
    return value.astype(dtype) if isinstance(value, jax.Array) else value


def _error(tokens: jax.Array, heads: jax.Array, point: dict[str, Any]) -> jax.Array:
    apply = layer.softmax_attention if point["layer"] == "softmax" else layer.linear_attention
    output = apply(tokens, heads, strength=point["strength"])
    return jnp.mean(jnp.sum((tokens - output) ** 2, axis=1))
