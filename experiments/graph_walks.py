"""Odds of walks within classes over those of weighted neighbours, as rows are added."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import numpy as np
import xarray

from diversity_jax import seeds
from diversity_jax.graph_learning import affinity, anomaly, settings, theory
from diversity_jax.mixtures import GaussianMixture

HOST = True
BANDWIDTH = 0.6
AXES = {
    "log_factor": ("size",),
    "log_degrees": ("size",),
    "rows": ("size",),
    "similarity": ("class",),
}


@dataclass(frozen=True)
class Config:
    """`seeds` draws of each pair of mixtures at each number of rows a class."""

    seeds: int = 32
    sizes: tuple[int, ...] = (25, 50, 100, 200, 300)


PRESETS = {
    "smoke": Config(seeds=6, sizes=(12, 25, 50, 100)),
    "laptop": Config(),
    "paper": Config(seeds=400, sizes=(25, 50, 100, 200, 400, 800)),
}


def grid(config: Config) -> list[dict]:
    """The three pairs, whose classes are not equally dense."""
    return [{"data": name, "sizes": config.sizes} for name in settings.NAMES]


def job(key: jax.Array, point: dict) -> dict[str, np.ndarray]:
    """The mean over rows of label 1 of the log of both scores' odds, walks over neighbours.

    `log_degrees` is the log of the mean degree in the own class over that in the other, and
    `similarity` the mean affinity of two rows of a class, at the largest size.
    """
    classes, most, found, degrees = settings.pair(point["data"]), max(point["sizes"]), [], []
    drawn = settings.draw(seeds.stream(key, "rows"), classes, each=most, switched=0.0)
    points, signs = np.asarray(drawn.points), np.asarray(drawn.labels)
    for each in point["sizes"]:
        # The first rows of each class: one draw serves all sizes.
        used = np.arange(2 * most) % most < each
        weights, labels = affinity.gaussian(points[used], bandwidth=BANDWIDTH), signs[used]
        walk = np.asarray(anomaly.random_walk(weights, labels))
        beside = np.asarray(anomaly.weighted_neighbours(weights, labels))
        # Rows that neighbours of one class alone surround have no odds.
        kept = (labels > 0) & (beside > 0) & (beside < 1)
        odds = [np.log(score[kept] / (1 - score[kept])) for score in (walk, beside)]
        found.append((odds[0] - odds[1]).mean())
        limit = np.asarray(theory.walk_odds_factor(weights, labels).limit)
        degrees.append(np.log(limit[kept]).mean())
    whole = np.asarray(affinity.gaussian(points, bandwidth=BANDWIDTH))
    inside = [whole[np.ix_(signs == sign, signs == sign)].sum() - most for sign in (-1, 1)]
    return {
        "log_factor": np.array(found),
        "log_degrees": np.array(degrees),
        "rows": np.array(point["sizes"], float),
        "similarity": np.array(inside) / (most * (most - 1)),
    }


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """The limit and mean similarities in closed form, and as if each class were one Gaussian."""
    limits, exact, single = [], [], []
    for name in dataset.data.values:
        pair = settings.pair(str(name))  # pyright: ignore[reportArgumentType]
        factor = theory.population_odds_factor(pair.positive, pair.negative, bandwidth=BANDWIDTH)
        limits.append(float(np.log(np.asarray(factor))))
        both = (pair.negative, pair.positive)
        exact.append([float(theory.mean_similarity(one, bandwidth=BANDWIDTH)) for one in both])
        single.append(
            [float(theory.mean_similarity(_single(one), bandwidth=BANDWIDTH)) for one in both]
        )
    return dataset.assign(
        theory_limit=("point", limits),
        theory_similarity=(("point", "class"), exact),
        theory_single=(("point", "class"), single),
    ).assign_coords(size=2 * np.asarray(dataset.rows.values[0, 0]))


def _single(mixture: GaussianMixture) -> GaussianMixture:
    """One Gaussian with the mixture's mean and covariance."""
    shares, means = np.asarray(mixture.weights), np.asarray(mixture.means)
    middle = shares @ means
    covariance = np.einsum("k,kij->ij", shares, np.asarray(mixture.component_covariances()))
    covariance = covariance + np.einsum("k,ki,kj->ij", shares, means - middle, means - middle)
    return GaussianMixture.full([1.0], middle[None], covariance[None])
