"""When a minority speciates, by four criteria, against its fraction; variance-only classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import xarray

from diversity_jax import seeds
from diversity_jax.diffusion.theory import speciation
from diversity_jax.mixtures import GaussianMixture

AXES = {"at_half": ("offset",), "at_normalised": ("offset", "class"), "odds": ("moment",)}
DIMENSION = 64
OFFSETS = (-0.2, -0.1, 0.0, 0.1, 0.2)
ODDS = 3  # times as many points for the log-odds, whose variance is to be known to a tenth
QUARTER = (100, 400, 1600, 6400, 25600)


@dataclass(frozen=True)
class Config:
    """`points` drawn per seed and time; fractions of the minority, with two and three classes."""

    seeds: int = 24
    points: int = 1000
    two: tuple[float, ...] = (0.4, 0.3, 0.2, 0.1, 0.03, 0.01, 0.003, 0.001)
    three: tuple[float, ...] = (0.1, 0.02)


PRESETS = {
    "smoke": Config(seeds=8, points=100),
    "laptop": Config(),
    "paper": Config(seeds=200, points=2000),
}


def setting(classes: int, share: Any) -> GaussianMixture:
    """The minority first; all others alike; centroids of squared length 64, variances one."""
    others = jnp.full(classes - 1, (1 - share) / (classes - 1))
    weights = jnp.concatenate([jnp.asarray(share)[None], others])
    ones = np.ones(DIMENSION)
    means = np.stack([ones, -ones]) if classes == 2 else np.sqrt(DIMENSION) * np.eye(3, DIMENSION)
    return GaussianMixture.isotropic(weights, means, 1.0)


def grid(config: Config) -> list[dict]:
    """One point per fraction, with the predicted times at which points are drawn."""
    points = []
    for classes, shares in ((2, config.two), (3, config.three)):
        for share in shares:
            mixture = setting(classes, share)
            half, normalised, bayes = (
                np.asarray(speciation.speciation_times(mixture, criterion=criterion))
                for criterion in ("half", "normalised-half", "bayes")
            )
            points.append(
                {
                    "classes": classes,
                    "fraction": float(share),
                    "time_half": float(half[0]),
                    "time_normalised": float(normalised[0]),
                    "time_normalised_majority": float(normalised[1]),
                    "time_bayes": float(bayes[0]),
                    "points": config.points,
                }
            )
    return points


def job(key: jax.Array, point: dict) -> dict[str, jax.Array]:
    """Mean posteriors of the own class around the predicted times, and moments of the log-odds."""
    mixture, number = setting(point["classes"], point["fraction"]), point["points"]
    offsets = jnp.asarray(OFFSETS)

    def own(item: tuple[jax.Array, jax.Array], c: int) -> jax.Array:
        now = mixture.at_time(item[1])
        points = drawn(item[0], now, c, number)
        return now.responsibilities(points)[:, c].mean()

    def around(name: str, time: Any, c: int) -> jax.Array:
        keys = seeds.seed_keys(seeds.stream(key, name), np.arange(len(OFFSETS)))
        return jax.lax.map(lambda item: own(item, c), (keys, time + offsets))

    pi = mixture.weights[:2]
    normalised = jnp.stack(
        [
            around("minority", point["time_normalised"], 0),
            around("majority", point["time_normalised_majority"], 1),
        ],
        axis=1,
    )
    now = mixture.at_time(point["time_bayes"])
    posterior = now.responsibilities(drawn(seeds.stream(key, "odds"), now, 0, ODDS * number))
    odds = jnp.log(posterior[:, 0]) - jnp.log(posterior[:, 1])
    return {
        "at_half": around("half", point["time_half"], 0),
        "at_normalised": (normalised - pi[None]) / (1 - pi)[None],
        # The second raised by what the squared mean carries of it.
        "odds": jnp.stack([odds.mean(), odds.var(ddof=1) * (1 + 1 / odds.size)]),
    }


def drawn(key: jax.Array, now: GaussianMixture, c: int, number: int) -> jax.Array:
    """Points `[number, d]` of class c alone."""
    noise = jax.random.normal(key, (number, DIMENSION), now.means.dtype)
    return now.means[c][None] + jnp.sqrt(now.variances[c]) * noise


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """Add times by every criterion, what forgetting the fractions predicts, and measured times."""
    times, forgetful, balanced, deviation = [], [], [], []
    for place in range(dataset.sizes["point"]):
        here = dataset.isel(point=place)
        classes, share = int(here.classes), float(here.fraction)
        mixture, equal = setting(classes, share), setting(classes, 1 / classes)
        times.append([both(mixture, criterion) for criterion in speciation.CRITERIA])
        balanced.append([both(equal, criterion)[0] for criterion in speciation.CRITERIA])
        at = [float(here.time_half), float(here.time_normalised)]
        phi = [float(speciation.return_probability(equal, time)[0]) for time in at]
        forgetful.append([phi[0], (phi[1] - share) / (1 - share)])
        _, spread = speciation.log_odds(mixture.at_time(float(here.time_bayes)))
        deviation.append(float(spread[0, 1]))
    dimensions = np.asarray(QUARTER)
    quarter, apart = zip(*(unlike(int(d)) for d in dimensions))
    measured = np.stack(
        [
            crossing(dataset.time_half.values, dataset.at_half.values),
            crossing(dataset.time_normalised.values, dataset.at_normalised.values[..., 0]),
            crossing(dataset.time_normalised_majority.values, dataset.at_normalised.values[..., 1]),
        ],
        axis=2,
    )
    return dataset.assign(
        theory=(("point", "criterion", "class"), np.asarray(times)),
        theory_balanced=(("point", "criterion"), np.asarray(balanced)),
        theory_forgetful=(("point", "kind"), np.asarray(forgetful)),
        theory_deviation=("point", np.asarray(deviation)),
        theory_quarter=(("dimension", "class"), np.asarray(quarter)),
        theory_centroids=(("dimension", "class"), np.asarray(apart)),
        measured=(("point", "seed", "what"), measured),
    ).assign_coords(criterion=list(speciation.CRITERIA), dimension=dimensions)


def both(mixture: GaussianMixture, criterion: str) -> np.ndarray:
    """Times of the minority and of one other class."""
    return np.asarray(speciation.speciation_times(mixture, criterion=criterion))[:2]


def unlike(dimension: int) -> tuple[np.ndarray, np.ndarray]:
    """Bayes times of two classes that differ in variance alone, and in their centroids alone."""
    ones = np.ones(dimension)
    settings = (np.zeros((2, dimension)), [0.5, 1.5]), (np.stack([ones, -ones]), [1.0, 1.0])
    mixtures = (GaussianMixture.isotropic([0.5, 0.5], *one) for one in settings)
    variance, centroid = (
        np.asarray(speciation.speciation_times(one, criterion="bayes")) for one in mixtures
    )
    return variance, centroid


def crossing(times: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Where a line through values `[point, seed, offset]` around `times` passes one half."""
    offsets = np.asarray(OFFSETS)
    slope = (values * offsets).sum(axis=2) / (offsets**2).sum()
    return times[:, None] + (0.5 - values.mean(axis=2)) / slope
