"""How a shared offset makes the two diversity scores one: their correlation inside a domain."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
import xarray

from diversity_jax import seeds
from diversity_jax.selection import theory

AXES = {"correlation": ("size",)}
DOMAINS, SEPARATION = 4, 4.0
OFFSETS = (0.0, 1.0, 2.0, 4.0, 8.0, 16.0)
CURVE = np.linspace(0, 16, 65)


@dataclass(frozen=True)
class Config:
    """`points` of one domain per seed; scores by the true centroids."""

    seeds: int = 48
    points: int = 2000
    dimensions: tuple[int, ...] = (8, 16, 48, 160)


PRESETS = {
    "smoke": Config(seeds=6, points=400, dimensions=(8, 12, 16, 24)),
    "laptop": Config(),
    "paper": Config(seeds=200, points=10000, dimensions=(8, 16, 48, 160, 384)),
}


def grid(config: Config) -> list[dict]:
    """Every offset."""
    return [
        {"offset": offset, "points": config.points, "dimensions": config.dimensions}
        for offset in OFFSETS
    ]


def job(key: jax.Array, point: dict) -> dict[str, jax.Array]:
    """The correlation of both scores over one domain's points, in every dimension."""
    found = [
        _correlation(seeds.stream(key, "points", dimension), point, dimension)
        for dimension in point["dimensions"]
    ]
    return {"correlation": jnp.stack(found)}


def _correlation(key: jax.Array, point: dict, dimension: int) -> jax.Array:
    # Written out, since theory has a function for the centroids: the offset, then own directions.
    own = SEPARATION * jnp.eye(DOMAINS, dimension, 1)
    centroids = own.at[:, 0].set(point["offset"])
    noise = jax.random.normal(key, (point["points"], dimension), jnp.float64)
    points = centroids[0][None] + noise
    units = centroids / jnp.linalg.norm(centroids, axis=1, keepdims=True)
    cosines = points @ units.T / jnp.linalg.norm(points, axis=1, keepdims=True)
    return jnp.corrcoef(cosines[:, 1:].sum(axis=1), cosines[:, 0])[0, 1]


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """Add the asymptotic correlations, also with lengths of points held fixed."""
    sizes = dataset.dimensions.values[0]
    values = [[_predicted(offset, int(d)) for d in sizes] for offset in OFFSETS]
    curve = [[_predicted(offset, int(d))[0] for offset in CURVE] for d in (sizes[0], sizes[-1])]
    made = np.array(values)
    return dataset.assign(
        theory=(("point", "size"), made[..., 0]),
        rigid=(("point", "size"), made[..., 1]),
        theory_curve=(("end", "curve"), np.array(curve)),
    ).assign_coords(size=sizes, curve=CURVE)


def _predicted(offset: float, dimension: int) -> tuple[float, float]:
    """Correlation by the theory, and what is left without the terms of the radius."""
    centroids = theory.shared_offset_centroids(
        domains=DOMAINS, dimension=dimension, separation=SEPARATION, offset=offset
    )
    exact = float(theory.score_correlations(centroids, variance=1.0)[0])
    other = theory.other_directions(centroids).units[0]
    first = theory.linear_score(centroids[0], other, variance=1.0)
    second = theory.linear_score(centroids[0], centroids[0], variance=1.0)
    slopes = jnp.linalg.norm(first.slope) * jnp.linalg.norm(second.slope)
    return exact, float(first.slope @ second.slope / slopes)
