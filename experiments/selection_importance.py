"""Importance weights by posterior, likeliest domain and label: what estimates with them cost."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
import xarray

from diversity_jax import seeds
from diversity_jax.mixtures import GaussianMixture
from diversity_jax.selection import theory

WEIGHTS = ("posterior", "hard", "labels")
# Averages of: the weight, its square, S, S^2; squared errors of the latter two, times the points
# behind each; both divided by the average weight.
QUANTITIES = (
    "one",
    "square",
    "mean",
    "risk",
    "mean_error",
    "risk_error",
    "mean_ratio",
    "risk_ratio",
)
AXES = {"measured": ("weight", "quantity")}
MEANS = np.array([[2.0, 0, 0, 0, 0], [-1.0, 1.7, 0, 0, 0], [-1.0, -1.7, 0, 0, 0]])
POOL, TARGET = np.array([0.5, 0.3, 0.2]), np.array([0.2, 0.3, 0.5])
DIRECTION = np.array([0.64, 0.48, 0.6, 0.0, 0.0])  # of length one, partly across the means' plane
CURVE = np.linspace(0.05, 2.5, 50)


@dataclass(frozen=True)
class Config:
    """`points` of the pool per seed; each estimate takes a `block` of them."""

    seeds: int = 64
    points: int = 40000
    block: int = 100
    scales: tuple[float, ...] = (0.1, 0.25, 0.5, 0.75, 1.0, 1.5, 2.5)


PRESETS = {
    "smoke": Config(seeds=6, points=1000, scales=(0.1, 0.5, 1.0, 2.5)),
    "laptop": Config(),
    "paper": Config(seeds=400, points=100000),
}


def grid(config: Config) -> list[dict]:
    """Every factor on the means of the domains, whose variance is one."""
    return [
        {"scale": scale, "points": config.points, "block": config.block} for scale in config.scales
    ]


def job(key: jax.Array, point: dict) -> dict[str, jax.Array]:
    """Averages `[weight, quantity]` over one draw from the pool.

    S is the coordinate along `DIRECTION` from the pool's mean, so that its mean under the target
    is the shift between both, and its square the risk there of predicting the pool's mean.
    """
    means, direction = point["scale"] * jnp.asarray(MEANS), jnp.asarray(DIRECTION)
    pool, target = jnp.asarray(POOL), jnp.asarray(TARGET)
    mixture = GaussianMixture.isotropic(pool, means, 1.0)
    points, labels = mixture.sample(seeds.stream(key, "points"), point["points"])
    places = means @ direction
    centre = pool @ places
    values = points @ direction - centre
    truth = jnp.stack([target @ (places - centre), target @ (places - centre) ** 2 + 1.0])
    posterior, ratios = mixture.responsibilities(points), target / pool
    weights = (posterior @ ratios, ratios[jnp.argmax(posterior, axis=1)], ratios[labels])
    return {"measured": jnp.stack([_averages(one, values, truth, point) for one in weights])}


def _averages(weight: jax.Array, values: jax.Array, truth: jax.Array, point: dict) -> jax.Array:
    terms = weight[:, None] * jnp.stack([values, values**2], axis=1)
    estimates = terms.reshape(-1, point["block"], 2).mean(axis=1)
    errors = point["block"] * jnp.mean((estimates - truth[None]) ** 2, axis=0)
    whole, one = terms.mean(axis=0), weight.mean()
    return jnp.concatenate([jnp.stack([one, jnp.mean(weight**2)]), whole, errors, whole / one])


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """Add the predictions at the scales that were run, and along a curve of scales.

    The last two are those of endless draws: they are asymptotic, all others exact.
    """
    block = int(dataset.block.values[0])
    axes = ("weight", "quantity")
    curve = np.stack([_predicted(scale, block) for scale in CURVE])
    made = np.stack([_predicted(float(scale), block) for scale in dataset.scale.values])
    return dataset.assign(
        theory=(("point", *axes), made), theory_curve=(("curve", *axes), curve)
    ).assign_coords(weight=list(WEIGHTS), quantity=list(QUANTITIES), curve=CURVE)


def _predicted(scale: float, block: int) -> np.ndarray:
    """The expected `[weight, quantity]`."""
    means = scale * jnp.asarray(MEANS)
    mixture = GaussianMixture.isotropic(jnp.asarray(POOL), means, 1.0)
    direction, target = jnp.asarray(DIRECTION), jnp.asarray(TARGET)
    centre = POOL @ np.asarray(means @ direction)
    moments = theory.weighted_moments(mixture, target, direction=direction, centre=centre)
    rows = []
    for name in WEIGHTS:
        own = getattr(moments, name)
        estimates = [theory.weighted_estimate(own, order=order) for order in (1, 2)]
        means_of = [float(estimate.mean) for estimate in estimates]
        errors = [
            float(estimate.variance + block * (estimate.mean - moments.labels[0, order]) ** 2)
            for order, estimate in enumerate(estimates, 1)
        ]
        one = float(own[0, 0])
        ratios = [mean / one for mean in means_of]
        rows.append([one, float(own[1, 0]), *means_of, *errors, *ratios])
    return np.array(rows)
