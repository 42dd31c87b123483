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
import numpy as np
import xarray

from diversity_jax import seeds
from diversity_jax.mixtures import GaussianMixture
from diversity_jax.selection import coverage, reward, rules, theory
from diversity_jax.selection.pool import Problem
from diversity_jax.selection.theory.confusable import EntropyShares
from experiments.shared import four_domains

HOST = True  # each rule is compiled once, and the rest is small
GEOMETRY = ("near_other", "far_other", "near_own", "far_own")
COVERAGE = (
    "k_center", "kmeans_plus_plus", "facility_location", "dpp_map", "d_optimal",
    "coverage_stratified", "information_gain",
)  # fmt: skip
RULES = ("random", *GEOMETRY, "entropy_top", "entropy_bottom", *COVERAGE)
AXES = {
    "shares": ("rule", "domain"),
    "mean_shift": ("rule",),
    "size_ratio": ("rule",),
    "excess": ("rule",),
    "risks": ("rule", "domain"),
    "worst": ("rule",),
    "surprise": ("rule",),
    "guessed_surprise": ("pool_rule",),
    **{name: ("domain",) for name in ("above", "wide_shares", "unsure_shares")},
    "large_excess": ("size", "geometry"),
}
FRACTION = 0.2
RIDGE, NOISE, TEACHERS, LABELS = 1.0, 1.0, 8, 50


@dataclass(frozen=True)
class Config:
    """A pool of points, a fifth of it kept; `numbers` kept by geometry from pools of their own.

    `wide` points, of which no rule but the entropy sees any, are for its shares.
    """

    seeds: int = 48
    dimension: int = 32
    pool: int = 2000
    wide: int = 32000
    numbers: tuple[int, ...] = (200, 400, 800, 1600)


PRESETS = {
    "smoke": Config(seeds=3, pool=500, wide=2000, numbers=(100, 140, 200, 280)),
    "laptop": Config(),
    "paper": Config(seeds=100, pool=6000),
}


def grid(config: Config) -> list[dict]:
    """One point: all rules choose from the same pool."""
    return [
        {
            "dimension": config.dimension,
            "pool": config.pool,
            "wide": config.wide,
            "numbers": config.numbers,
        }
    ]


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
    guessed = _geometry(_raw(points, belief.argmax(axis=1), len(picks["random"])))
    return {
        **{name: np.stack([one[name] for one in kept]) for name in kept[0]},
        "guessed_surprise": np.stack(
            [_surprise(classes[guessed[rule]], belief[guessed[rule]]) for rule in GEOMETRY]
        ),
        **_wide(seeds.stream(key, "wide"), mixture, point["wide"]),
        "large_excess": _large(seeds.stream(key, "large"), mixture, point["numbers"]),
    }


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """Name the axes; add the predicted shares of the entropy top and the excess of large pools."""
    dimension, numbers = int(dataset.dimension[0]), dataset.numbers.values[0]
    entropy, mixture = _entropy_shares(dimension), four_domains.mixture(dimension)
    excess = [
        np.array([find(mixture, rule) for rule in RULES[:5]])[None] / numbers[:, None]
        for find in (_excess, _rival_excess)
    ]
    return dataset.assign(
        theory_shares=("domain", np.asarray(entropy.shares)),
        theory_above=("domain", 0.25 * np.asarray(entropy.retained)),
        theory_excess=(("size", "geometry"), excess[0]),
        rival_excess=(("size", "geometry"), excess[1]),
    ).assign_coords(
        rule=list(RULES), pool_rule=list(GEOMETRY), geometry=list(RULES[:5]), size=numbers
    )


def _picks(
    key: jax.Array, points: jax.Array, labels: jax.Array, posterior: jax.Array, entropy: np.ndarray
) -> dict[str, np.ndarray]:
    """Indices of the fifth of the points that each rule keeps."""
    number = round(FRACTION * points.shape[0])
    problem = Problem(
        points, labels, number=number, raw=True, length_scale=points.shape[1] ** 0.5,
        posterior=posterior,
    )  # fmt: skip
    start = coverage.kmeans_plus_plus(seeds.stream(key, "labels"), points, number=LABELS)
    settings = {
        "k_center": {"first": 0},
        "kmeans_plus_plus": {"key": seeds.stream(key, "k-means++")},
        "facility_location": {
            "method": "stochastic", "key": seeds.stream(key, "facility location"),
        },
        "coverage_stratified": {"key": seeds.stream(key, "stratified")},
        "information_gain": {"start": start.indices},
    }  # fmt: skip
    ranked = np.argsort(entropy, kind="stable")
    return {
        **_geometry(problem),
        "entropy_top": ranked[-number:],
        "entropy_bottom": ranked[:number],
        **{rule: rules.choose(rule, problem, **settings.get(rule, {}))[0] for rule in COVERAGE},
    }


def _geometry(problem: Problem) -> dict[str, np.ndarray]:
    """Random points, and as many by a score, with one fraction of every domain."""
    # Points of a pool are independent: the first ones are as random as any.
    picks = {"random": np.arange(problem.number)}
    return picks | {rule: rules.choose(rule, problem)[0] for rule in GEOMETRY}


def _raw(points: Any, labels: Any, number: int) -> Problem:
    return Problem(points, labels, number=number, raw=True)


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
    return {
        "shares": np.bincount(own, minlength=len(tests)) / len(own),
        "mean_shift": np.linalg.norm(inputs.mean(axis=0) - points.mean(axis=0)),
        "size_ratio": np.mean(inputs**2) / np.mean(points**2),
        "excess": excess,
        "risks": risks.mean(axis=0),
        "worst": risks.max(axis=1).mean(),
        "surprise": _surprise(own, belief),
    }


def _surprise(own: np.ndarray, belief: np.ndarray) -> float:
    """Zero on average if labels follow the posterior also among the points that were kept."""
    return np.mean(belief[np.arange(len(own)), own] - np.sum(belief**2, axis=1))


def _wide(key: jax.Array, mixture: GaussianMixture, number: int) -> dict[str, np.ndarray]:
    """By domain: points above the predicted entropy, shares of its top and of the least certain."""
    points, labels = mixture.sample(key, number)
    posterior, classes = mixture.responsibilities(points), np.asarray(labels)
    entropy = np.asarray(reward.domain_entropy(posterior))
    doubt, top = 1 - np.asarray(posterior).max(axis=1), round(FRACTION * number)

    def shares(kept: np.ndarray, total: int) -> np.ndarray:
        return np.bincount(classes[kept], minlength=four_domains.DOMAINS) / total

    return {
        "above": shares(entropy > _entropy_shares(points.shape[1]).threshold, number),
        "wide_shares": shares(np.argsort(entropy, kind="stable")[-top:], top),
        "unsure_shares": shares(np.argsort(doubt, kind="stable")[-top:], top),
    }


def _large(key: jax.Array, mixture: GaussianMixture, numbers: tuple[int, ...]) -> np.ndarray:
    """Excess of least squares for one teacher, `[size, geometry]`; pools share their points."""
    test = _second_moments(mixture).mean(axis=0)
    points, labels = mixture.sample(key, round(max(numbers) / FRACTION))
    inputs, found = np.asarray(points), []
    for number in numbers:
        pool = round(number / FRACTION)
        picks = _geometry(_raw(points[:pool], labels[:pool], number))
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
    return _first_order(mixture, kept.second_moments, mixture.weights)


def _rival_excess(mixture: GaussianMixture, rule: str) -> float:
    """The same as if the cosine were a linear score; for random points, with their covariance."""
    means = np.asarray(mixture.means)
    if rule == "random":
        centre = means.mean(axis=0)
        whole = _second_moments(mixture).mean(axis=0) - centre[:, None] * centre[None]
        return _first_order(mixture, whole[None], np.ones(1))
    band = theory.band_moments(low=1 - FRACTION, high=1.0)
    own = means / np.linalg.norm(means, axis=1, keepdims=True)
    other = np.asarray(theory.other_directions(means).units)
    units = other if rule.endswith("other") else own
    moved = means + (1 if rule.startswith("near") else -1) * float(band.mean) * units
    narrowed = (float(band.variance) - 1) * units[:, :, None] * units[:, None]
    square = np.eye(means.shape[1])[None] + moved[:, :, None] * moved[:, None]
    return _first_order(mixture, square + narrowed, mixture.weights)


def _first_order(mixture: GaussianMixture, second_moments: Any, shares: Any) -> float:
    test = _second_moments(mixture).mean(axis=0)
    return float(
        theory.homogeneous_excess(
            second_moments, shares, test,
            noise_variance=NOISE, samples=1, gaussian_factor=False,
        )
    )  # fmt: skip
