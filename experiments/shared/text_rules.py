"""What every rule keeps of a pool of embedded texts; DaaR from few texts per domain to the end."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from diversity_jax import seeds
from diversity_jax.selection import coverage, daar, geometry, rules, scores
from diversity_jax.selection.geometry import best_within
from diversity_jax.selection.pool import Problem
from experiments.shared.text_data import Part, Split

RUNS = 3
GEOMETRY = ("near_other", "far_other", "near_own", "far_own")
ENTROPY = (
    "daar", "daar_quota", "true_labels", "calibrated", "calibrated_quota", "certain_quota",
)  # fmt: skip
COVERAGE = (
    "k_center", "kmeans_plus_plus", "facility_location", "dpp_map", "d_optimal",
    "coverage_stratified", "information_gain",
)  # fmt: skip
RULES = ("random", *ENTROPY, *COVERAGE, *GEOMETRY)
THRESHOLD, LABELS, SCALE = 0.85, 50, 1.0
BINS = 5


class Runs(eqx.Module):
    """Runs of DaaR, the last one with true labels for the probe set; by run unless it says else."""

    rewards: jax.Array  # [run, n], of the pool
    centroids: jax.Array  # [run but the last, k, d], of the synthesis, in words vectors
    accepted: jax.Array  # [run but the last], mean number of texts accepted per domain
    pseudo: jax.Array  # [run but the last, n], nearest centroids of the pool after k-means
    agreement: jax.Array  # [run but the last], share of right pseudo labels of the probe set
    held_out: jax.Array


def daar_runs(key: jax.Array, split: Split, point: dict, domains: int) -> Runs:
    """`RUNS` whole runs of DaaR on one split, and one with true labels.

    As in the paper, centroids and pseudo labels live among mean input embeddings (words) and the
    probe reads a deeper layer (sentences). Networks of an eighth of the paper's width, trained
    for the point's `epochs` (entropies depend on it); k-means moves the centroids, as the authors'
    code does. All runs draw from the same texts for the synthesis, so their centroids are nearer
    to each other than with texts of their own.
    """
    keys = [seeds.stream(key, "run", number) for number in range(RUNS)]
    words = jnp.asarray(split.synthesis.words.reshape(domains, -1, split.pool.words.shape[1]))
    found = [
        _labels(one, words, split.probe.words, split.pool.words, point["accepted"]) for one in keys
    ]
    centroids, accepted, labels, pseudo = (jnp.stack(part) for part in zip(*found))
    true = jnp.asarray(split.probe.domains, labels.dtype)
    rewards, held_out = _rewards(
        jnp.stack([*keys, keys[0]]), jnp.concatenate([labels, true[None]]),
        split.pool.sentences, split.probe.sentences, domains, point["epochs"],
    )  # fmt: skip
    right = jnp.mean(labels == true[None], axis=1)
    return Runs(rewards, centroids, accepted, pseudo, right, held_out)


@eqx.filter_jit
def _labels(
    key: jax.Array, synthesis: jax.Array, probe: Any, pool: Any, number: int
) -> tuple[jax.Array, ...]:
    """Centroids of the first `number` accepted texts of each domain, and labels by k-means."""

    def one(texts: jax.Array, domain: jax.Array) -> tuple[jax.Array, jax.Array]:
        made, kept = daar.synthesise(
            jax.random.fold_in(key, domain), lambda k, m: jax.random.permutation(k, texts)[:m],
            number=number, threshold=THRESHOLD, attempts=texts.shape[0],
        )  # fmt: skip
        weights = kept.astype(made.dtype)
        return weights @ made / weights.sum(), weights.sum()

    centroids, accepted = jax.lax.map(
        lambda both: one(*both), (synthesis, jnp.arange(len(synthesis)))
    )
    labels = daar.pseudo_labels(probe, centroids)
    return centroids, accepted.mean(), labels.labels, daar.nearest(pool, labels.centroids)


@eqx.filter_jit
def _rewards(
    keys: jax.Array, labels: jax.Array, pool: Any, probe: Any, domains: int, epochs: int
) -> tuple[jax.Array, jax.Array]:
    start = jnp.zeros((domains, pool.shape[1]), pool.dtype)  # labels are there already

    def one(both: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
        found = daar.daar(
            both[0], pool, probe, centroids=start, labels=both[1], epochs=epochs,
            width=0.125, batch=16, learning_rate=2e-3,
        )  # fmt: skip
        return found.rewards, found.accuracy

    return jax.lax.map(one, (keys, labels))


def picks(
    key: jax.Array, pool: Part, runs: Runs, posterior: np.ndarray, entropy: np.ndarray, number: int
) -> dict[str, np.ndarray]:
    """Indices of the `number` texts that each rule keeps; geometry reads true domains."""
    rewards, true = np.asarray(runs.rewards), pool.domains
    first = rewards[0]
    problem = Problem(
        pool.sentences, true, number=number, raw=True, length_scale=SCALE, posterior=posterior
    )
    settings = _settings(key, jnp.asarray(pool.sentences), number)
    chosen = {
        rule: rules.choose(rule, problem, **settings.get(rule, {}))[0]
        for rule in ("entropy", *COVERAGE, *GEOMETRY)
    }
    return {
        "random": np.arange(number),
        "daar": top(first, number),
        "daar_quota": best_within(first, np.asarray(runs.pseudo[0]), number),
        "true_labels": top(rewards[-1], number),
        "calibrated": chosen.pop("entropy"),
        "calibrated_quota": best_within(entropy, true, number),
        "certain_quota": best_within(-entropy, true, number),
        **chosen,
    }


def similarities(vectors: np.ndarray, domains: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Inter- and intra-diversity under true domains."""
    inter, intra = _similarities(vectors, domains, int(domains.max()) + 1)
    return np.asarray(inter), np.asarray(intra)


@eqx.filter_jit
def _similarities(vectors: Any, labels: Any, domains: int) -> tuple[jax.Array, jax.Array]:
    both = (scores.inter_diversity, scores.intra_diversity)
    inter, intra = (score(vectors, labels, domains=domains) for score in both)
    return inter, intra


def _settings(key: jax.Array, points: jax.Array, number: int) -> dict[str, dict[str, Any]]:
    """What the rules of coverage are given here: streams by their names, single precision."""
    streams = {name: seeds.stream(key, name) for name in COVERAGE}
    spread = coverage.kmeans_plus_plus(streams["kmeans_plus_plus"], points, number=number)
    return {
        "k_center": {"first": 0},
        "kmeans_plus_plus": {"key": streams["kmeans_plus_plus"]},
        "facility_location": {"method": "stochastic", "key": streams["facility_location"]},
        "dpp_map": {"dtype": points.dtype},
        "coverage_stratified": {"key": streams["coverage_stratified"]},
        "information_gain": {"start": spread.indices[:LABELS]},
    }


def top(values: np.ndarray, number: int) -> np.ndarray:
    """The `number` places of highest value, whatever their domains."""
    return np.argsort(-values, kind="stable")[:number]


def bins(values: np.ndarray, labels: np.ndarray) -> list[np.ndarray]:
    """Places of the `BINS` bins of every domain by value, lowest first (the paper's pools)."""
    domains = int(labels.max()) + 1
    places = geometry.bins(jnp.asarray(values), jnp.asarray(labels), domains=domains, number=BINS)
    found = np.asarray(places)
    return [np.flatnonzero(found == number) for number in range(BINS)]
