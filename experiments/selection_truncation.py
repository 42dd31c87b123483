"""What shells, cosine bands and the entropy slab keep of a domain, against closed forms."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
import xarray

from diversity_jax import seeds
from diversity_jax.selection import theory

AXES = {"measured": ("quantity",)}
QUANTITIES = {
    "shell": ("variance",),
    "line": ("mean", "variance"),
    "cosine": ("mean", "variance", "across", "radius"),
    "slab": ("share", "mean", "variance"),
}
MOST = 4
# How many times the points: small variances of few kept points are held to their own size.
MORE = {"shell": 1, "line": 4, "cosine": 1.5, "slab": 10}
SHELLS = ((2, 0.0, 0.2), (2, 0.8, 1.0), (32, 0.0, 0.2), (32, 0.8, 1.0), (384, 0.8, 1.0))
LINES = ((0.8, 1.0), (0.4, 0.6))
# Dimension, the mean along the direction and across it (in deviations), quantile levels.
COSINES = (
    (8, 2.0, 0.0, 0.8, 1.0), (8, 2.0, 0.0, 0.0, 0.2), (32, 3.0, 1.5, 0.8, 1.0),
    (32, 3.0, 1.5, 0.0, 0.2), (32, 1.0, 4.0, 0.4, 0.6),
)  # fmt: skip
# Separation in deviations, prior of the first domain, fraction kept.
SLABS = ((2.0, 0.5, 0.2), (4.0, 0.5, 0.2), (3.0, 0.2, 0.2), (3.0, 0.2, 0.05))


@dataclass(frozen=True)
class Config:
    """`points` are drawn per seed, more where few directions are; selection by their quantiles."""

    seeds: int = 48
    points: int = 8000


PRESETS = {
    "smoke": Config(seeds=6, points=2000),
    "laptop": Config(),
    "paper": Config(seeds=200, points=100000),
}


def grid(config: Config) -> list[dict]:
    """Every setting; fields that a kind does not have are zero."""
    shells = [_point("shell", config, d, low=low, high=high) for d, low, high in SHELLS]
    lines = [_point("line", config, 1, low=low, high=high) for low, high in LINES]
    cosines = [
        _point("cosine", config, d, along=along, across=across, low=low, high=high)
        for d, along, across, low, high in COSINES
    ]
    slabs = [
        _point("slab", config, 1, separation=apart, prior=prior, low=1 - kept, high=1.0)
        for apart, prior, kept in SLABS
    ]
    return [*shells, *lines, *cosines, *slabs]


def _point(kind: str, config: Config, dimension: int, **numbers: float) -> dict:
    none = {"along": 0.0, "across": 0.0, "separation": 0.0, "prior": 0.5, "low": 0.0, "high": 1.0}
    points = round(MORE[kind] * config.points)
    return {"kind": kind, "dimension": dimension, "points": points, **none, **numbers}


def job(key: jax.Array, point: dict) -> dict[str, jax.Array]:
    """Averages over the points that one draw keeps."""
    drawn = seeds.stream(key, "points")
    found = MEASURE[point["kind"]](drawn, point)
    return {"measured": jnp.pad(found, (0, MOST - found.size), constant_values=jnp.nan)}


def _normal(key: jax.Array, point: dict) -> jax.Array:
    return jax.random.normal(key, (point["points"], point["dimension"]), jnp.float64)


def _kept(scores: jax.Array, point: dict) -> jax.Array:
    """Weights that average over the band of ranks from `low` to `high`."""
    number = scores.shape[0]
    # One sort instead of ranks, which take two: scores do not tie.
    ordered = jnp.sort(scores)
    first, last = (jnp.round(point[end] * number).astype(int) for end in ("low", "high"))
    inside = (scores >= ordered[first]) & (scores <= ordered[last - 1])
    return inside / inside.sum()


def _moments(weights: jax.Array, values: jax.Array) -> tuple[jax.Array, jax.Array]:
    mean = weights @ values
    return mean, weights @ (values - mean) ** 2


def _shell(key: jax.Array, point: dict) -> jax.Array:
    squares = jnp.sum(_normal(key, point) ** 2, axis=1)
    return jnp.stack([_kept(squares, point) @ squares / point["dimension"]])


def _line(key: jax.Array, point: dict) -> jax.Array:
    values = _normal(key, point)[:, 0]
    return jnp.stack(_moments(_kept(values, point), values))


def _cosine(key: jax.Array, point: dict) -> jax.Array:
    noise = _normal(key, point)
    points = noise.at[:, 0].add(point["along"]).at[:, 1].add(point["across"])
    length = jnp.linalg.norm(points, axis=1)
    weights = _kept(points[:, 0] / length, point)
    mean, variance = _moments(weights, noise[:, 0])
    radius = weights @ jnp.sum(points[:, 1:] ** 2, axis=1)
    return jnp.stack([mean, variance, weights @ noise[:, 1], radius])


def _slab(key: jax.Array, point: dict) -> jax.Array:
    """Share of the first domain, then mean and variance of it on the axis."""
    labels = jax.random.uniform(seeds.stream(key, "labels"), (point["points"],)) < point["prior"]
    apart = point["separation"]
    places = _normal(key, point)[:, 0] + jnp.where(labels, apart / 2, -apart / 2)
    odds = apart * places + jnp.log(point["prior"] / (1 - point["prior"]))
    weights = _kept(-jnp.abs(odds), point)
    own = weights * labels
    return jnp.stack([own.sum(), *_moments(own / own.sum(), places)])


MEASURE = {"shell": _shell, "line": _line, "cosine": _cosine, "slab": _slab}


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """Add the closed forms, and the spoiled ones of the controls."""
    fields = ("kind", "dimension", "along", "across", "separation", "prior", "low", "high")
    points = [
        {name: dataset[name].values[place].item() for name in fields}
        for place in range(dataset.sizes["point"])
    ]
    axes = ("point", "quantity")
    return dataset.assign(
        theory=(axes, np.stack([_padded(_exact(point)) for point in points])),
        spoiled=(axes, np.stack([_padded(_spoiled(point)) for point in points])),
    )


def _padded(values: list) -> np.ndarray:
    return np.pad(np.array(values, float), (0, MOST - len(values)), constant_values=np.nan)


def _exact(point: dict) -> list:
    band = {"low": point["low"], "high": point["high"]}
    if point["kind"] == "shell":
        return [theory.shell_variance(point["dimension"], **band)]
    if point["kind"] == "line":
        found = theory.band_moments(**band)
        return [found.mean, found.variance]
    if point["kind"] == "cosine":
        names = ("dimension", "along", "across")
        cut = theory.cosine_band(**{name: point[name] for name in names}, **band)
        return [cut.mean, cut.variance, cut.across_mean, cut.radius_square]
    slab = theory.entropy_slab(
        separation=point["separation"], prior=point["prior"], fraction=1 - point["low"]
    )
    return [slab.shares[0], slab.means[0], slab.variances[0]]


def _spoiled(point: dict) -> list:
    """Each closed form with one thing left out, as the claims' controls name it."""
    if point["kind"] == "shell":
        return [1.0]
    if point["kind"] == "line":
        mean, variance = _exact(point)
        return [mean, variance + mean**2]
    if point["kind"] == "cosine":
        line = theory.band_moments(low=point["low"], high=point["high"])
        return [line.mean, line.variance, 0.0, point["across"] ** 2 + point["dimension"] - 1]
    half_way = theory.entropy_slab(
        separation=point["separation"], prior=0.5, fraction=1 - point["low"]
    )
    ends = jnp.asarray([-1.0, 1.0]) * half_way.threshold / point["separation"]
    masses, bands = zip(*(
        theory.truncated_normal(*(ends - centre))
        for centre in (point["separation"] / 2, -point["separation"] / 2)
    ))  # fmt: skip
    first, second = point["prior"] * jnp.exp(masses[0]), (1 - point["prior"]) * jnp.exp(masses[1])
    return [first / (first + second), point["separation"] / 2 + bands[0].mean, bands[0].variance]
