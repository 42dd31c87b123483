"""Fourteen rules of selection on four domains: what they keep, and ridge regression on it.

Domains as in `four_domains`. Labels are seen by the rules
of geometry only; the entropy is that of the true posterior, the best case for such a reward.
Risks are averaged over the noise in y, and over `TEACHERS` draws of the teachers.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import xarray

from diversity_jax import seeds
from diversity_jax.mixtures import GaussianMixture
from diversity_jax.selection import coverage, daar, kernels, reward, scores, theory
from diversity_jax.selection.theory.confusable import EntropyShares
from experiments.shared import four_domains
from experiments.shared.quotas import best_within

HOST = True  # each rule is compiled once, and the rest is small
GEOMETRY = ("near_other", "far_other", "near_own", "far_own")
RULES = (
    "random", *GEOMETRY, "entropy_top", "entropy_bottom", "k_center", "kmeans_plus_plus",
    "facility_location", "dpp_map", "d_optimal", "coverage_stratified", "information_gain",
)  # fmt: skip
AXES = {
    "shares": ("rule", "domain"),
    "mean_shift": ("rule",),
    "size_ratio": ("rule",),
    "excess": ("rule",),
    "risks": ("rule", "domain"),
    "worst": ("rule",),
    "surprise": ("rule",),
    "above": ("domain",),
    "large_excess": ("size", "geometry"),
}
FRACTION = 0.2
RIDGE, NOISE, TEACHERS, LABELS = 1.0, 1.0, 8, 50


@dataclass(frozen=True)
class Config:
    """A pool of points, a fifth of it kept; `numbers` kept by geometry from pools of their own."""

    seeds: int = 48
    dimension: int = 32
    pool: int = 2000
    numbers: tuple[int, ...] = (200, 400, 800, 1600)


PRESETS = {
    "smoke": Config(seeds=3, pool=500, numbers=(100, 140, 200, 280)),
    "laptop": Config(),
    "paper": Config(seeds=100, pool=6000),
}


def grid(config: Config) -> list[dict]:
    """One point: all rules choose from the same pool."""
    return [{"dimension": config.dimension, "pool": config.pool, "numbers": config.numbers}]


def job(key: jax.Array, point: dict) -> dict[str, np.ndarray]:
    """What each rule keeps of one pool, and the risks of regressions on it."""
    mixture = four_domains.mixture(point["dimension"])
    points, labels = mixture.sample(seeds.stream(key, "pool"), point["pool"])
    posterior = mixture.responsibilities(points)
    entropy = np.asarray(reward.domain_entropy(posterior))
    picks = _picks(key, points, labels, posterior, entropy)
    teachers = _teachers(seeds.stream(key, "teachers"), point["dimension"])
    inputs, classes, belief = (np.asarray(one) for one in (points, labels, posterior))
    tests = _second_moments(mixture)
    kept = [_kept(inputs, classes, belief, picks[rule], teachers, tests) for rule in RULES]
    high = entropy > _entropy_shares(point["dimension"]).threshold
    counts = np.bincount(classes[high], minlength=four_domains.DOMAINS)
    return {
        **{name: np.stack([one[name] for one in kept]) for name in kept[0]},
        "above": counts / point["pool"],
        "large_excess": _large(seeds.stream(key, "large"), mixture, point["numbers"]),
    }


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """Name the axes; add the predicted shares of the entropy top and the excess of large pools."""
    dimension, numbers = int(dataset.dimension[0]), dataset.numbers.values[0]
    entropy, mixture = _entropy_shares(dimension), four_domains.mixture(dimension)
    excess = np.array([_excess(mixture, rule) for rule in RULES[:5]])[None] / numbers[:, None]
    return dataset.assign(
        theory_shares=("domain", np.asarray(entropy.shares)),
        theory_above=("domain", 0.25 * np.asarray(entropy.retained)),
        theory_excess=(("size", "geometry"), excess),
    ).assign_coords(rule=list(RULES), geometry=list(RULES[:5]), size=numbers)


def _picks(
    key: jax.Array, points: jax.Array, labels: jax.Array, posterior: jax.Array, entropy: np.ndarray
) -> dict[str, np.ndarray]:
    """Indices of the fifth of the points that each rule keeps."""
    number = round(FRACTION * points.shape[0])
    hardness = 1 - jnp.max(posterior, axis=1)
    scale = points.shape[1] ** 0.5
    ranked = np.argsort(entropy, kind="stable")
    chosen = {
        "k_center": coverage.k_center(points, number=number, first=0),
        "kmeans_plus_plus": coverage.kmeans_plus_plus(
            seeds.stream(key, "k-means++"), points, number=number
        ),
        "facility_location": coverage.facility_location(
            points, number=number, kernel=kernels.clipped_cosine, method="stochastic",
            key=seeds.stream(key, "facility location"),
        ),
        "dpp_map": coverage.dpp_map(points, number=number, kernel=kernels.Gaussian(scale)),
        "d_optimal": coverage.d_optimal(points, number=number, ridge=RIDGE),
        "coverage_stratified": coverage.coverage_stratified(
            seeds.stream(key, "stratified"), hardness, number=number
        ),
        "information_gain": _information(seeds.stream(key, "labels"), points, number),
    }  # fmt: skip
    return {
        **_geometry(points, labels, number),
        "entropy_top": ranked[-number:],
        "entropy_bottom": ranked[:number],
        **{rule: np.asarray(selection.indices) for rule, selection in chosen.items()},
    }


def _geometry(points: jax.Array, labels: jax.Array, number: int) -> dict[str, np.ndarray]:
    """`number` random points, and as many by a score, with one fraction of every domain."""
    inter, intra = (np.asarray(one) for one in _scores(points, labels))
    classes = np.asarray(labels)
    # Points of a pool are independent: the first ones are as random as any.
    picks = {"random": np.arange(number)}
    for name, score in (("other", inter), ("own", intra)):
        for side, sign in (("near", 1), ("far", -1)):
            picks[f"{side}_{name}"] = best_within(sign * score, classes, number)
    return picks


@jax.jit
def _scores(points: jax.Array, labels: jax.Array) -> tuple[jax.Array, jax.Array]:
    both = (scores.inter_diversity, scores.intra_diversity)
    inter, intra = (score(points, labels, domains=four_domains.DOMAINS) for score in both)
    return inter, intra


def _information(key: jax.Array, points: jax.Array, number: int) -> coverage.Selection:
    """Information gain on the labels of a k-means clustering."""
    labels, similarities = _clusters(points, coverage.kmeans_plus_plus(key, points, number=LABELS))
    return coverage.information_gain(labels, similarities, number=number)


@jax.jit
def _clusters(points: jax.Array, start: coverage.Selection) -> tuple[jax.Array, jax.Array]:
    found = daar.pseudo_labels(points, points[start.indices], moving=True, steps=30)
    weights = jax.nn.one_hot(found.labels, LABELS, dtype=points.dtype)
    return weights, kernels.clipped_cosine(found.centroids, found.centroids)


def _teachers(key: jax.Array, dimension: int) -> tuple[np.ndarray, np.ndarray]:
    """The shared teachers `[t, d]`, and those of each domain `[t, k, d]` around them."""
    shape = (TEACHERS, 1 + four_domains.DOMAINS, dimension)
    draws = np.asarray(jax.random.normal(key, shape, float)) / np.sqrt(dimension)
    return draws[:, 0], draws[:, :1] + draws[:, 1:]


def _second_moments(mixture: GaussianMixture) -> np.ndarray:
    means = np.asarray(mixture.means)
    return np.eye(means.shape[1])[None] + means[:, :, None] * means[:, None, :]


def _kept(
    points: np.ndarray,
    labels: np.ndarray,
    posterior: np.ndarray,
    picks: np.ndarray,
    teachers: tuple[np.ndarray, np.ndarray],
    tests: np.ndarray,
) -> dict[str, Any]:
    """What one rule kept, and risks of ridge on it for one teacher and one per domain."""
    inputs, own, belief = points[picks], labels[picks], posterior[picks]
    shared, apart = teachers
    gram = inputs.T @ inputs
    inverse = np.linalg.inv(gram + RIDGE * np.eye(len(gram)))
    noise = NOISE * np.einsum("kij,ji->k", tests, inverse @ gram @ inverse)
    missed = shared @ gram @ inverse - shared
    excess = np.einsum("ti,kij,tj->tk", missed, tests, missed).mean() + noise.mean()
    clean = np.einsum("ni,tni->tn", inputs, apart[:, own])
    gaps = (clean @ inputs @ inverse)[:, None] - apart
    risks = np.einsum("tki,kij,tkj->tk", gaps, tests, gaps) + noise
    # Zero on average if labels follow the posterior also among the points that were kept.
    surprise = belief[np.arange(len(own)), own] - np.sum(belief**2, axis=1)
    return {
        "shares": np.bincount(own, minlength=len(tests)) / len(own),
        "mean_shift": np.linalg.norm(inputs.mean(axis=0) - points.mean(axis=0)),
        "size_ratio": np.mean(inputs**2) / np.mean(points**2),
        "excess": excess,
        "risks": risks.mean(axis=0),
        "worst": risks.max(axis=1).mean(),
        "surprise": surprise.mean(),
    }


def _large(key: jax.Array, mixture: GaussianMixture, numbers: tuple[int, ...]) -> np.ndarray:
    """Excess of least squares for one teacher, `[size, geometry]`; pools share their points."""
    test = _second_moments(mixture).mean(axis=0)
    points, labels = mixture.sample(key, round(max(numbers) / FRACTION))
    inputs, found = np.asarray(points), []
    for number in numbers:
        pool = round(number / FRACTION)
        picks = _geometry(points[:pool], labels[:pool], number)
        kept = [inputs[picks[rule]] for rule in RULES[:5]]
        found.append([NOISE * np.trace(np.linalg.solve(one.T @ one, test)) for one in kept])
    return np.array(found)


@cache
def _entropy_shares(dimension: int) -> EntropyShares:
    mixture = four_domains.mixture(dimension)
    return theory.entropy_shares(mixture.weights, mixture.means, variance=1.0, fraction=FRACTION)


def _excess(mixture: GaussianMixture, rule: str) -> float:
    """The first order of the excess, times the number of points kept."""
    kept = theory.kept_domains(mixture.means, variance=1.0, rule=rule, fraction=FRACTION)
    test = _second_moments(mixture).mean(axis=0)
    return float(
        theory.homogeneous_excess(
            kept.second_moments, mixture.weights, test,
            noise_variance=NOISE, samples=1, gaussian_factor=False,
        )
    )  # fmt: skip
