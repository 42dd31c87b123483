"""When backward diffusion with the score of its own samples falls onto one of them, by class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import xarray

from diversity_jax import seeds
from diversity_jax.diffusion import process, sampling
from diversity_jax.diffusion.theory import speciation
from diversity_jax.mixtures import GaussianMixture

AXES = {"collapse": ("class",), "gap": ("size",), "nearest": ("size",)}
VARIANCES = (0.5, 2.0)
EQUAL = 1.0  # variance of both classes where nothing but their numbers of samples differs
FRACTIONS = (0.4, 0.6)
RATE = 0.06  # log(n) / d before the fractions
EARLIEST, LATEST, BISECTIONS = 0.02, 2.5, 12


@dataclass(frozen=True)
class Config:
    """`points` noised samples per class and seed, from ``2 exp(0.06 d)`` samples in all."""

    seeds: int = 48
    dimensions: tuple[int, ...] = (48, 68, 96, 135)
    points: int = 128
    steps: tuple[int, ...] = (8, 16, 32, 64)


PRESETS = {
    "smoke": Config(seeds=8, dimensions=(24, 36, 54, 80), points=24),
    "laptop": Config(),
    "paper": Config(seeds=100, dimensions=(48, 68, 96, 135, 160), points=256),
}


def counts(dimension: int) -> tuple[int, ...]:
    """Samples per class."""
    total = 2 * np.exp(RATE * dimension)
    return tuple(round(float(fraction * total)) for fraction in FRACTIONS)


def setting(point: dict) -> GaussianMixture:
    """Two classes so far apart that none is in doubt when samples begin to be told apart."""
    ones = 3 * np.ones(point["dimension"])
    variances = jnp.stack([jnp.asarray(point[name], float) for name in ("first", "second")])
    return GaussianMixture.isotropic(FRACTIONS, np.stack([ones, -ones]), variances)


def grid(config: Config) -> list[dict]:
    """One point per dimension, backward diffusion in the smallest only; equal variances in one."""
    smallest, next_one = sorted(config.dimensions)[:2]
    pairs = [(dimension, VARIANCES) for dimension in config.dimensions]
    return [
        {
            "first": variances[0],
            "second": variances[1],
            "dimension": dimension,
            "points": config.points,
            "steps": config.steps,
            "turns": dimension == smallest,
        }
        for dimension, variances in [*pairs, (next_one, (EQUAL, EQUAL))]
    ]


def job(key: jax.Array, point: dict) -> dict[str, jax.Array]:
    """Per class the time at which half of the posterior is on the own sample; gaps of U-turns."""
    number = counts(point["dimension"])
    samples, _ = setting(point).sample_counts(seeds.stream(key, "samples"), number)
    first = np.concatenate([[0], np.cumsum(number)])
    found = []
    for c in range(len(number)):
        # As many as asked for: each sample several times if there are fewer.
        own = first[c] + np.arange(point["points"]) % number[c]
        noise = jax.random.normal(
            seeds.stream(key, "noise", c), (point["points"], samples.shape[1]), samples.dtype
        )
        found.append(collapse(samples, own, noise))
    gaps = jnp.full((len(point["steps"]), 2), jnp.nan)
    if point["turns"]:
        gaps = turns(seeds.stream(key, "turns"), samples, jnp.stack(found).mean(), point)
    return {"collapse": jnp.stack(found), "gap": gaps[:, 0], "nearest": gaps[:, 1]}


def collapse(samples: jax.Array, own: np.ndarray, noise: jax.Array) -> jax.Array:
    """The time at which points ``e^-t sample + sqrt(D) noise`` hold half of their own posterior."""
    # Squared distances from a noised sample to all others follow from these at any time.
    apart = samples[own] @ samples.T
    apart = (
        jnp.sum(samples**2, axis=1)[None]
        + jnp.sum(samples[own] ** 2, axis=1)[:, None]
        - (2 * apart)
    )
    along = noise @ samples.T - jnp.sum(noise * samples[own], axis=1)[:, None]

    def share(time: jax.Array) -> jax.Array:
        ratio = jnp.sqrt(1 / jnp.expm1(2 * time))  # e^-t / sqrt(D)
        logits = ratio * along - ratio**2 * apart / 2
        chosen = jnp.take_along_axis(jax.nn.softmax(logits, axis=1), own[:, None], axis=1)
        return chosen.mean()

    def halve(_: Any, bracket: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        low, high = bracket
        middle = (low + high) / 2
        inside = share(middle) > 0.5
        return jnp.where(inside, middle, low), jnp.where(inside, high, middle)

    start = jnp.asarray(EARLIEST), jnp.asarray(LATEST)
    low, high = jax.lax.fori_loop(0, BISECTIONS, halve, start)
    return (low + high) / 2


def turns(key: jax.Array, samples: jax.Array, time: jax.Array, point: dict) -> jax.Array:
    """Share of U-turns that end on the own sample, less what is predicted where they turn.

    Predicted `[step, which]`: the mean posterior of the own sample; and a rival, the share of
    points for which it is the most probable one.
    """
    total = samples.shape[0]
    memory = GaussianMixture.isotropic(np.full(total, 1 / total), samples, 0.0)
    most, copies = max(point["steps"]), -(-2 * point["points"] // total)
    own = jnp.tile(jnp.arange(total), copies)
    paths = [process.backward_times(time, sampling.END, steps) for steps in point["steps"]]
    paths = [jnp.pad(path, (0, most + 1 - path.size), mode="edge") for path in paths]
    keys = seeds.seed_keys(key, np.arange(len(paths)))

    def turn(item: tuple[jax.Array, jax.Array]) -> jax.Array:
        here, path = item
        there = process.noised(seeds.stream(here, "forward"), samples[own], path[0])
        ends = sampling.backward(
            seeds.stream(here, "back"), sampling.mixture_score(memory), there, path
        )
        before, after = (
            memory.at_time(when).responsibilities(where)
            for when, where in ((path[0], there), (jnp.asarray(sampling.END), ends))
        )
        returned, posterior = (
            jnp.take_along_axis(one, own[:, None], axis=1).mean() for one in (after, before)
        )
        nearest = jnp.mean(jnp.argmax(before, axis=1) == own)
        return returned - jnp.stack([posterior, nearest])

    return jax.lax.map(turn, (keys, jnp.stack(paths)))


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """Add the predicted times, and those without the samples' classes."""
    theory, pooled = [], []
    for place, dimension in enumerate(dataset.dimension.values):
        variances = [float(dataset[name].values[place]) for name in ("first", "second")]
        point = {"dimension": int(dimension), "first": variances[0], "second": variances[1]}
        mixture, number = setting(point), counts(int(dimension))
        theory.append(np.asarray(speciation.collapse_times(mixture, number)))
        mean = float(np.dot(FRACTIONS, variances))
        one = GaussianMixture.isotropic(FRACTIONS, mixture.means, mean)
        pooled.append(np.asarray(speciation.collapse_times(one, [sum(number)] * len(number))))
    return dataset.assign(
        theory=(("point", "class"), np.asarray(theory)),
        theory_pooled=(("point", "class"), np.asarray(pooled)),
    ).assign_coords(
        variance=("class", np.asarray(VARIANCES)),
        samples=(("point", "class"), [counts(int(d)) for d in dataset.dimension.values]),
        size=("size", dataset.steps.values[0]),
    )
