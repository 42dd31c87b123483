"""What every rule keeps of a pool of embedded texts; DaaR from few texts per domain to the end."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from diversity_jax import seeds
from diversity_jax.selection import coverage, daar, geometry, probe, rules, scores
from diversity_jax.selection.geometry import best_within
from diversity_jax.selection.pool import Problem
from diversity_jax.selection.reward import domain_entropy
from experiments.shared.text_data import Part, Split

RUNS = 3
RANDOM = ("random", "random_again")
ENTROPY = ("daar", "true_labels", "calibrated", "certain")
COVERAGE = (
    "k_center", "kmeans_plus_plus", "facility_location", "dpp_map", "d_optimal", "information_gain",
)  # fmt: skip
GEOMETRY = ("near_other", "far_other", "near_own", "far_own")
RULES = (*RANDOM, *ENTROPY, *COVERAGE, *GEOMETRY)
# Domains as the rule has it, or in the pool's proportions.
COMPOSITIONS = ("own", "pool")
EPOCHS = (1, 4, 16)
REFERENCE = 1  # the place among them of the rules above
THRESHOLD, LABELS, SCALE = 0.85, 50, 1.0
FURTHER = 3  # times as many texts as are kept are put in order by rules of coverage
BINS = 5


class Runs(eqx.Module):
    """Runs of DaaR, the last one with true labels for the probe set; by run unless it says else."""

    rewards: jax.Array  # [run, epoch, n], of the pool, by how long the probe was trained
    entropies: jax.Array  # [run, epoch], of the probe, mean over its set
    centroids: jax.Array  # [run but the last, k, d], of the synthesis, in words vectors
    accepted: jax.Array  # [run but the last], mean number of texts accepted per domain
    agreement: jax.Array  # [run but the last], share of right pseudo labels of the probe set
    held_out: jax.Array  # [run, epoch], accuracy of the probe on what it held out


def daar_runs(key: jax.Array, split: Split, point: dict, domains: int) -> Runs:
    """`RUNS` whole runs of DaaR on one split, and one with true labels, by epochs of the probe.

    As in the paper, centroids and pseudo labels live among mean input embeddings (words) and the
    probe, on texts that are not of the pool, reads a deeper layer (sentences). Networks of an
    eighth of the paper's width; k-means moves the centroids, as the authors' code does. All runs
    draw from the same texts for the synthesis, in another order: of `synthesis` texts a domain
    `accepted` are kept, so their centroids are nearer to each other than with texts of their own.
    """
    keys = [seeds.stream(key, "run", number) for number in range(RUNS)]
    words = jnp.asarray(split.synthesis.words.reshape(domains, -1, split.pool.words.shape[1]))
    found = [_labels(one, words, split.probe.words, point["accepted"]) for one in keys]
    centroids, accepted, labels = (jnp.stack(part) for part in zip(*found))
    true = jnp.asarray(split.probe.domains, labels.dtype)
    rewards, entropies, held_out = _rewards(
        jnp.stack([*keys, keys[0]]), jnp.concatenate([labels, true[None]]),
        split.pool.sentences, split.probe.sentences, domains,
    )  # fmt: skip
    right = jnp.mean(labels == true[None], axis=1)
    return Runs(rewards, entropies, centroids, accepted, right, held_out)


@eqx.filter_jit
def _labels(key: jax.Array, synthesis: jax.Array, rows: Any, number: int) -> tuple[jax.Array, ...]:
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
    return centroids, accepted.mean(), daar.pseudo_labels(rows, centroids).labels


@eqx.filter_jit
def _rewards(
    keys: jax.Array, labels: jax.Array, pool: Any, probe_set: Any, domains: int
) -> tuple[jax.Array, ...]:
    """DaaR's second half (`daar.daar`), with one probe for all its epochs."""
    settings: dict[str, Any] = {"width": 0.125, "batch": 16, "learning_rate": 2e-3}
    rows = jnp.asarray(probe_set)

    def one(both: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, ...]:
        key, own = both
        fitted = probe.fit_probe(
            seeds.stream(key, "probe"), rows, own, domains=domains, epochs=EPOCHS[-1], keep=EPOCHS,
            **settings,
        )  # fmt: skip

        def marked(place: jax.Array) -> tuple[jax.Array, ...]:
            at = fitted.at(place)
            seen = domain_entropy(at.probabilities(rows))
            second = probe.fit_regressor(
                seeds.stream(key, "regressor"), rows, seen, epochs=EPOCHS[REFERENCE], **settings
            )
            return second.outputs(pool)[:, 0], seen.mean(), at.held_out

        return jax.lax.map(marked, jnp.arange(len(EPOCHS)))

    return jax.lax.map(one, (keys, labels))


def picks(
    key: jax.Array, pool: Part, runs: Runs, posterior: np.ndarray, number: int
) -> dict[tuple[str, str], np.ndarray]:
    """Places of the `number` texts that each rule keeps, by rule and composition.

    Pools by geometry read true domains and have the pool's composition by their definition.
    """
    rewards, true = np.asarray(runs.rewards)[:, REFERENCE], pool.domains
    entropy = np.asarray(domain_entropy(posterior))
    values = {
        "random": -np.arange(float(len(true))),
        "random_again": np.arange(float(len(true))),
        "daar": rewards[0],
        "true_labels": rewards[-1],
        "calibrated": entropy,
        "certain": -entropy,
        **_covered(key, pool.sentences, number),
    }
    kept = {}
    for rule, one in values.items():
        kept[rule, "own"] = top(one, number)
        kept[rule, "pool"] = best_within(one, true, number)
    problem = Problem(pool.sentences, true, number=number, raw=True)
    for rule in GEOMETRY:
        kept[rule, "own"] = kept[rule, "pool"] = rules.choose(rule, problem)[0]
    return kept


def _covered(key: jax.Array, rows: np.ndarray, number: int) -> dict[str, np.ndarray]:
    """How early each greedy rule of coverage chooses each text, the first the highest.

    With the pool's composition the first of every domain are kept. The rules choose on for that,
    and what they have not come to is left in the pool's order, which is random.
    """
    further = min(FURTHER * number, len(rows))
    problem = Problem(rows, number=further, raw=True, length_scale=SCALE)
    points = jnp.asarray(problem.points)
    stream = seeds.stream(key, "kmeans_plus_plus")
    spread = coverage.kmeans_plus_plus(stream, points, number=further).indices
    settings = {
        "k_center": {"first": 0},
        "facility_location": {},
        "dpp_map": {"dtype": points.dtype},
        "d_optimal": {},
        "information_gain": {"start": spread[:LABELS]},
    }
    order = {rule: rules.choose(rule, problem, **given)[0] for rule, given in settings.items()}
    order["kmeans_plus_plus"] = np.asarray(spread)
    values = {}
    for rule, chosen in order.items():
        values[rule] = np.full(len(rows), -float(len(rows)))
        values[rule][chosen] = -np.arange(further)
    return values


def similarities(vectors: np.ndarray, domains: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Inter- and intra-diversity under true domains."""
    inter, intra = _similarities(vectors, domains, int(domains.max()) + 1)
    return np.asarray(inter), np.asarray(intra)


@eqx.filter_jit
def _similarities(vectors: Any, labels: Any, domains: int) -> tuple[jax.Array, jax.Array]:
    both = (scores.inter_diversity, scores.intra_diversity)
    inter, intra = (score(vectors, labels, domains=domains) for score in both)
    return inter, intra


def top(values: np.ndarray, number: int) -> np.ndarray:
    """The `number` places of highest value, whatever their domains."""
    return np.argsort(-values, kind="stable")[:number]


def bins(values: np.ndarray, labels: np.ndarray) -> list[np.ndarray]:
    """Places of the `BINS` bins of every domain by value, lowest first (the paper's pools)."""
    domains = int(labels.max()) + 1
    places = geometry.bins(jnp.asarray(values), jnp.asarray(labels), domains=domains, number=BINS)
    found = np.asarray(places)
    return [np.flatnonzero(found == number) for number in range(BINS)]
