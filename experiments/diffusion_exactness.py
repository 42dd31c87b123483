"""Gradient flow against plain descent, and the exact noise average against drawn noise."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
import xarray

from diversity_jax import seeds
from diversity_jax.diffusion import random_features, training
from experiments.shared import flows

AXES = {"gap": ("stride",), "halved_gap": ("stride",)}
# Steps per unit of training time; up to 160 of them left 1.01e-5 untold, whatever the seeds.
STRIDES = (25, 50, 100, 200)
VARIANCES, PERCENT, RATIOS, FRAMES = (0.4, 1.6), 50, (4, 8), 8
PARTS = slice(0, FRAMES), slice(FRAMES, 2 * FRAMES)


@dataclass(frozen=True)
class Config:
    """Sizes of the run; each seed draws weights, samples, and `draws` noises for every sample."""

    seeds: int = 24
    dimension: int = 20
    draws: int = 200


PRESETS = {
    "smoke": Config(seeds=4, dimension=8, draws=20),
    "laptop": Config(),
    "paper": Config(seeds=100, dimension=40),
}


def grid(config: Config) -> list[dict]:
    """One setting."""
    return [{**flows.point(VARIANCES, PERCENT, RATIOS, config.dimension), "draws": config.draws}]


def job(key: jax.Array, point: dict) -> dict[str, jax.Array]:
    """Gaps of descent to the flow per step size, and averages over noise, drawn and exact."""
    return {**_descents(key, point), **_noise(key, point)}


def _descents(key: jax.Array, point: dict) -> dict[str, jax.Array]:
    """The largest gap of any loss at training times 1 to `FRAMES`, and to a flow of half the rate.

    Rates are often quoted without the factor 2 of a squared loss's gradient.
    """
    model, gaps = flows.model(point), []
    times = np.arange(1.0, FRAMES + 1)
    both = np.concatenate([times, times / 2])
    flow = training.simulated_losses(key, model, both, dimension=point["dimension"])
    halves = [jax.tree.map(lambda one, part=part: one[part], flow) for part in PARTS]
    for stride in STRIDES:
        made = training.descent(
            key,
            model,
            dimension=point["dimension"],
            learning_rate=1 / stride,
            frames=FRAMES,
            stride=stride,
        )
        apart = [
            jax.tree.map(lambda one, two: jnp.max(jnp.abs(one - two)), made, half)
            for half in halves
        ]
        gaps.append(jnp.stack([jnp.maximum(one.train, one.test) for one in apart]))
    exact, halved = jnp.stack(gaps, axis=1)
    return {"gap": exact, "halved_gap": halved}


def _noise(key: jax.Array, point: dict) -> dict[str, jax.Array]:
    """A random quadratic form of U: by drawn noise, exact, and with the noise left out.

    Over distinct features only, whose average the series gives; `drawn_diagonal` and
    `exact_diagonal` are the mean square of a feature, which is done by quadrature.
    """
    model, d = flows.model(point), point["dimension"]
    drawn = random_features.draw(seeds.stream(key, "features"), model, dimension=d)
    matrix, _ = random_features.covariance(model, drawn)
    p, n = matrix.shape[0], drawn.samples.shape[0]
    # The direction in which features share most: what the noise adds is of the size of U itself.
    probe = drawn.weights @ jax.random.normal(seeds.stream(key, "probe"), (d,), float)
    probe = probe / jnp.linalg.norm(probe)

    def features(noise: jax.Array) -> jax.Array:
        noised = drawn.decay * drawn.samples + jnp.sqrt(drawn.noise) * noise
        return model.activation(noised @ drawn.weights.T / jnp.sqrt(d))

    def forms(one: jax.Array) -> tuple[jax.Array, jax.Array]:
        diagonal = jnp.mean(one**2, axis=0)
        return jnp.mean((one @ probe) ** 2) - diagonal @ probe**2, jnp.mean(diagonal)

    def once(number: jax.Array) -> tuple[jax.Array, jax.Array]:
        own = jax.random.fold_in(seeds.stream(key, "noise"), number)
        return forms(features(jax.random.normal(own, (n, d), float)))

    found = jax.lax.map(once, jnp.arange(point["draws"]))
    exact = probe @ matrix @ probe - jnp.diagonal(matrix) @ probe**2
    silent = forms(model.activation(drawn.decay * drawn.samples @ drawn.weights.T / jnp.sqrt(d)))
    return {
        "drawn": jnp.mean(found[0]),
        "exact": exact,
        "silent": silent[0],
        "drawn_diagonal": jnp.mean(found[1]),
        "exact_diagonal": jnp.trace(matrix) / p,
        "silent_diagonal": silent[1],
    }


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """Name the step sizes."""
    return dataset.assign_coords(stride=list(STRIDES))
