"""How often a noised point returns to its class: quadrature, drawn points, backward diffusion."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
import xarray

from diversity_jax import seeds
from diversity_jax.diffusion import process, sampling
from diversity_jax.diffusion.theory import speciation
from diversity_jax.mixtures import GaussianMixture

AXES = {
    "drawn": ("time", "class"),
    "turned": ("turn", "size", "class"),
    "cloned": ("turn", "size"),
}
TURNS = (-0.4, 0.4)


@dataclass(frozen=True)
class Config:
    """`drawn` and `paths` points per class and seed; times are offsets from half a log of d."""

    seeds: int = 24
    drawn: int = 1000
    paths: int = 400
    steps: tuple[int, ...] = (8, 16, 32, 64)
    offsets: tuple[float, ...] = (-1.0, -0.5, 0.0, 0.5, 1.0)


PRESETS = {
    "smoke": Config(seeds=4, drawn=300, paths=60),
    "laptop": Config(),
    "paper": Config(seeds=100, drawn=4000, paths=2000, steps=(8, 16, 32, 64, 128, 256)),
}


def setting(case: str, dimension: int) -> GaussianMixture:
    """The classes of a case, with centroids of squared length `dimension`."""
    if case == "three":
        means = np.sqrt(dimension) * np.eye(3, dimension)
        return GaussianMixture.isotropic([0.2, 0.3, 0.5], means, [0.6, 1.0, 1.5])
    share = 0.2 if case == "two" else 0.5
    means = np.stack([np.ones(dimension), -np.ones(dimension)])
    return GaussianMixture.isotropic([share, 1 - share], means, 1.0)


def grid(config: Config) -> list[dict]:
    """Two unequal classes, three with unequal variances, and two equal ones in any dimension."""
    cases = [("two", 16), ("three", 16), ("balanced", 16), ("balanced", 64), ("balanced", 256)]
    return [
        {
            "case": case,
            "dimension": dimension,
            "offsets": config.offsets,
            "drawn_points": config.drawn,
            "paths": config.paths,
            "steps": config.steps,
        }
        for case, dimension in cases
    ]


def job(key: jax.Array, point: dict) -> dict[str, jax.Array]:
    """Return probabilities per class from drawn points and, of unequal classes, from U-turns."""
    mixture = setting(point["case"], point["dimension"])
    centre = np.log(point["dimension"]) / 2
    times = jnp.asarray(centre + np.asarray(point["offsets"]))
    keys = seeds.seed_keys(seeds.stream(key, "drawn"), np.arange(times.size))
    number = (point["drawn_points"],) * mixture.components

    def draw(item: tuple[jax.Array, jax.Array]) -> jax.Array:
        now = mixture.at_time(item[1])
        points, labels = now.sample_counts(item[0], number)
        return own_share(now.responsibilities(points), labels, mixture.components)

    found = {"drawn": jax.lax.map(draw, (keys, times))}
    if point["case"] == "balanced":
        empty = jnp.full((len(TURNS), len(point["steps"])), jnp.nan)
        return {**found, "turned": empty[:, :, None], "cloned": empty}
    turned, cloned = turns(seeds.stream(key, "turns"), mixture, centre, point)
    return {**found, "turned": turned, "cloned": cloned}


def own_share(posterior: jax.Array, labels: jax.Array, classes: int) -> jax.Array:
    """The mean posterior of the own class, per class; points are ordered by class."""
    own = jnp.take_along_axis(posterior, labels[:, None], axis=1)
    return own.reshape(classes, -1).mean(axis=1)


def turns(
    key: jax.Array, mixture: GaussianMixture, centre: float, point: dict
) -> tuple[jax.Array, jax.Array]:
    """Two backward paths from each noised point, at every time and number of steps."""
    most, classes = max(point["steps"]), mixture.components
    times = [centre + offset for offset in TURNS for _ in point["steps"]]
    # Steps of width zero fill a coarse grid up, so that all of them are one compiled loop.
    paths = [
        jnp.pad(process.backward_times(time, sampling.END, steps), (0, most - steps), mode="edge")
        for time, steps in zip(times, point["steps"] * len(TURNS))
    ]
    keys = seeds.seed_keys(key, np.arange(len(paths)))
    score = sampling.mixture_score(mixture)

    def turn(item: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        own, path = item
        points, labels = mixture.sample_counts(
            seeds.stream(own, "points"), (point["paths"],) * classes
        )
        there = process.noised(seeds.stream(own, "forward"), points, path[0])
        one, other = (
            sampling.posterior(
                mixture, sampling.backward(seeds.stream(own, "back", copy), score, there, path)
            )
            for copy in (0, 1)
        )
        agree = jnp.sum(one * other, axis=1).reshape(classes, -1).mean(axis=1)
        return own_share(one, labels, classes), mixture.weights @ agree

    turned, cloned = jax.lax.map(turn, (keys, jnp.stack(paths)))
    shape = (len(TURNS), len(point["steps"]))
    return turned.reshape(*shape, classes), cloned.reshape(shape)


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """Add the exact probabilities, and those of a theory that forgets the classes' fractions."""
    offsets, most = dataset.offsets.values[0], dataset.sizes["class"]
    curve = np.unique([*offsets, *TURNS, *(offsets[1:] + offsets[:-1]) / 2])
    at, at_turns = (np.searchsorted(curve, some) for some in (offsets, TURNS))
    exact, equal, forgetful_turned, weights = [], [], [], []
    for place in range(dataset.sizes["point"]):
        case, dimension = str(dataset.case.values[place]), int(dataset.dimension.values[place])
        mixture, centre = setting(case, dimension), np.log(dimension) / 2
        classes = mixture.components
        forgetful = GaussianMixture.isotropic(
            np.full(classes, 1 / classes), mixture.means, mixture.variances
        )
        exact.append([phi(mixture, centre + offset, most) for offset in curve])
        equal.append([phi(forgetful, centre + offset, most) for offset in offsets])
        forgetful_turned.append([phi(forgetful, centre + offset, most) for offset in TURNS])
        weights.append(np.pad(mixture.weights, (0, most - classes)))
    lines, fractions = np.asarray(exact), np.asarray(weights)
    return dataset.assign(
        theory=(("point", "time", "class"), lines[:, at]),
        theory_equal_fractions=(("point", "time", "class"), np.asarray(equal)),
        theory_turned=(("point", "turn", "class"), lines[:, at_turns]),
        theory_turned_equal_fractions=(("point", "turn", "class"), np.asarray(forgetful_turned)),
        theory_curve=(("point", "curve", "class"), lines),
        theory_cloned=(("point", "curve"), np.nansum(lines * fractions[:, None], axis=2)),
    ).assign_coords(
        fraction=(("point", "class"), fractions),
        turn=("turn", np.asarray(TURNS)),
        curve=("curve", curve),
        size=("size", dataset.steps.values[0]),
    )


def phi(mixture: GaussianMixture, time: float, most: int) -> np.ndarray:
    """Return probabilities by quadrature, filled up with NaN to `most` classes."""
    found = np.asarray(speciation.return_probability(mixture, time))
    return np.pad(found, (0, most - found.size), constant_values=np.nan)
