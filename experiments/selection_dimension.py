"""How the shift of a mean by a cosine band nears its high-dimensional formula."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
import xarray

from diversity_jax import seeds
from diversity_jax.selection import theory

AXES = {"moved": ("size", "component")}
COMPONENTS = ("along", "across")
SHARE = 0.5  # of the noise's length, in both components of a mean that grows with it
FIXED = (3.0, 1.5)  # the mean along the direction and across it, in deviations
BANDS = {"near": (0.8, 1.0), "far": (0.0, 0.2)}


@dataclass(frozen=True)
class Config:
    """`points` of one domain per seed; selection is by their own quantiles."""

    seeds: int = 64
    points: int = 10000
    dimensions: tuple[int, ...] = (32, 128, 512, 2048, 8192)


PRESETS = {
    "smoke": Config(seeds=6, points=1000, dimensions=(16, 32, 128, 512, 2048)),
    "laptop": Config(),
    "paper": Config(seeds=400, points=100000),
}


def grid(config: Config) -> list[dict]:
    """Both bands, of a mean that grows like the root of the dimension and of a fixed one."""
    return [
        {
            "mean": mean,
            "band": band,
            "low": low,
            "share": SHARE if mean == "growing" else 0.0,
            "points": config.points,
            "dimensions": config.dimensions,
        }
        for mean in ("growing", "fixed")
        for band, (low, _) in BANDS.items()
    ]


TRACED = {"mean": ("growing", "fixed").index, "band": tuple(BANDS).index}


def job(key: jax.Array, point: dict) -> dict[str, jax.Array]:
    """How far the kept fifth's mean lies from all points', `[size, component]`."""
    sizes = jnp.asarray(point["dimensions"], jnp.float64)
    keys = jnp.stack([seeds.stream(key, "points", d) for d in point["dimensions"]])

    def one(operands):
        own, dimension = operands
        grown = point["share"] * jnp.sqrt(dimension)
        along, across = (jnp.where(point["share"] > 0, grown, fixed) for fixed in FIXED)
        return _shift(own, point, dimension, along, across)

    return {"moved": jax.lax.map(one, (keys, sizes))}


def _shift(key: jax.Array, point: dict, dimension, along, across) -> jax.Array:
    """Two coordinates matter and the length of all others, whose square is chi-square."""
    number = point["points"]
    noise = jax.random.normal(seeds.stream(key, "plane"), (number, 2), jnp.float64)
    others = jax.random.chisquare(
        seeds.stream(key, "others"), dimension - 2, (number,), jnp.float64
    )
    first, second = noise[:, 0] + along, noise[:, 1] + across
    cosines = first / jnp.sqrt(first**2 + second**2 + others)
    fifth, start = number // 5, jnp.round(point["low"] * number).astype(int)
    # One sort instead of ranks, which take two: cosines do not tie.
    ends = jax.lax.dynamic_slice(jnp.sort(cosines), (start,), (fifth,))
    kept = (cosines >= ends[0]) & (cosines <= ends[-1])
    return jnp.sum(jnp.where(kept[:, None], noise, 0.0), axis=0) / fifth


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """Add the exact shift, the one to first order, and that of a linear score."""
    sizes = [int(d) for d in dataset.dimensions.values[0]]
    rows = [
        [_predicted(str(mean), *BANDS[str(band)], d) for d in sizes]
        for mean, band in zip(dataset["mean"].values, dataset.band.values)
    ]
    made = np.array(rows)
    names = ("exact", "theory", "linear")
    return dataset.assign(
        {
            name: (("point", "size", "component"), made[:, :, place])
            for place, name in enumerate(names)
        }
    ).assign_coords(size=sizes, component=list(COMPONENTS))


def _predicted(kind: str, low: float, high: float, dimension: int) -> list[list[float]]:
    grown = SHARE * np.sqrt(dimension)
    along, across = (grown, grown) if kind == "growing" else FIXED
    exact = theory.cosine_band(dimension=dimension, along=along, across=across, low=low, high=high)
    mean, direction = np.zeros(dimension), np.zeros(dimension)
    mean[:2], direction[0] = (along, across), 1.0
    first = theory.cosine_shift(
        jnp.asarray(mean), jnp.asarray(direction), variance=1.0, low=low, high=high
    )
    line = theory.band_moments(low=low, high=high)
    return [
        [float(exact.mean), float(exact.across_mean)],
        [float(first[0]), float(first[1])],
        [float(line.mean), 0.0],
    ]
