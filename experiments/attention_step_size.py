"""E6: the step size, from small to beyond the predicted limit of stability."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import xarray

from experiments.shared import descents
from experiments.shared.descents import AXES, CHUNK, TRACED, job

__all__ = ["AXES", "CHUNK", "PRESETS", "TRACED", "Config", "grid", "job", "summarise"]

# What the curvature at the centroids depends on: kept by these, it is differentiated only once.
CURVED = ("dimension", "length", "variance", "strength", "regularisation")


@dataclass(frozen=True)
class Config:
    """Sizes of the run; `fractions` are step sizes in units of the limit, started near it."""

    seeds: int = 96
    dimension: int = 10
    length: float = 30.0
    deviation: float = 0.3
    strength: float = 0.6
    regularisation: float = 0.2
    frames: int = 40
    stride: int = 75
    learning_rates: tuple[float, ...] = (0.01, 0.05, 0.2, 1.0, 3.0)
    fractions: tuple[float, ...] = (0.9, 1.1)


PRESETS = {
    "smoke": Config(seeds=8, learning_rates=(0.2, 3.0), stride=60),
    "laptop": Config(),
    "paper": Config(seeds=400),
}


def grid(config: Config) -> list[dict]:
    """Random starts per step size, then starts near the centroids around the limit."""
    shared = {
        "dimension": config.dimension,
        "length": config.length,
        "variance": config.deviation**2,
        "strength": config.strength,
        "regularisation": config.regularisation,
        "frames": config.frames,
        "stride": config.stride,
    }
    limit = _limit(*(shared[name] for name in CURVED))
    return [descents.point(learning_rate=rate, **shared) for rate in config.learning_rates] + [
        descents.point(learning_rate=fraction * limit, start="centroids", **shared)
        for fraction in config.fractions
    ]


@cache
def _limit(*setting: float) -> float:
    return stability_limit(descents.point(**dict(zip(CURVED, setting))))


def stability_limit(point: dict) -> float:
    """``2 / largest curvature`` of the regularised risk at the centroids, on the spheres.

    The Hessian along geodesics ``cos|v| mu + sin|v| v/|v|`` in coordinates v tangent to each
    head; exact up to rounding, by automatic differentiation.
    """
    mixture, objective = descents.problem(point)
    heads = mixture.means
    d = heads.shape[1]
    tangents = [np.linalg.svd(np.eye(d) - np.outer(head, head))[0][:, : d - 1] for head in heads]
    bases = jnp.asarray(np.stack(tangents))

    def along(coordinates: jax.Array) -> jax.Array:
        moved = heads + jnp.einsum("hdi,hi->hd", bases, coordinates)
        return objective(moved / jnp.linalg.norm(moved, axis=1, keepdims=True))

    size = (2, d - 1)
    hessian = jax.jit(jax.hessian(along))(jnp.zeros(size)).reshape(2 * (d - 1), -1)
    return 2 / float(jnp.linalg.eigvalsh(hessian)[-1])


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """Add success at alignment .99, whether heads stayed near, and the predicted limit."""
    limit = _limit(*(dataset[name].values[0].item() for name in CURVED))
    return descents.with_success(dataset, 0.99).assign(
        stayed=dataset.angle.isel(frame=-1) < 1e-3,
        theory_limit=((), limit),
        fraction=dataset.learning_rate / limit,
    )
