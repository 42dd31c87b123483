"""DaaR and rules of coverage on real texts (250 that are shipped): what is kept, and what for.

Every rule keeps a fifth of a pool of embedded texts. One-against-all ridge regressions on what it
kept tell domains, and the second label (depth of a noun, module of a function), of held-out texts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
import xarray

from diversity_jax import seeds
from experiments.shared import text_data, text_rules, text_scores
from experiments.shared.text_data import LABELS, MIXES, VECTORS
from experiments.shared.text_rules import RULES

HOST = True  # numpy around a few compiled functions
SIDES = ("inter", "intra")
MOST_DOMAINS = 5
FRACTION = 0.2
UNEQUAL = {4: (0.4, 0.3, 0.2, 0.1), 5: (0.3, 0.25, 0.2, 0.15, 0.1)}
AXES = {
    "shares": ("rule", "domain"),
    "share_entropy": ("rule",),
    "vendi": ("rule",),
    "accuracy": ("rule", "label", "domain"),
    "mean": ("rule", "label"),
    "worst": ("rule", "label"),
    "surprise": ("rule",),
    "bins": ("vector", "side", "bin", "label"),
    "correlation": ("vector",),
    "centred": ("vector",),
    "offset": ("vector",),
    "runs_mean": ("run", "label"),
    "domain_entropy": ("domain",),
    "pool_shares": ("domain",),
}


@dataclass(frozen=True)
class Config:
    """Texts of each domain for the synthesis and the test; of pool and probe set in all.

    A probe set of 0 is the pool itself. `balances` are "equal" or "unequal" domains of the pool.
    """

    seeds: int = 72
    mixes: tuple[str, ...] = (text_data.SHIPPED,)
    balances: tuple[str, ...] = ("equal",)
    per_domain: int = 50
    synthesis: int = 6
    accepted: int = 5
    pool: int = 150
    probe: int = 0
    test: int = 14
    epochs: int = 10


PRESETS = {
    "smoke": Config(seeds=4),
    "laptop": Config(),
    "paper": Config(seeds=400),
}


def grid(config: Config) -> list[dict]:
    """Mixes with equal and unequal domains; DatasetMissing, with the install line, without them."""
    for mix in config.mixes:
        text_data.prepared(mix, config.per_domain)
    lists = ("seeds", "mixes", "balances")
    fields = {name: value for name, value in vars(config).items() if name not in lists}
    return [
        {"mix": mix, "balance": balance, **fields}
        for mix in config.mixes
        for balance in config.balances
    ]


def job(key: jax.Array, point: dict[str, Any]) -> dict[str, Any]:
    """One split: what every rule keeps and is worth, bins, and three whole runs of DaaR."""
    texts = text_data.prepared(point["mix"], point["per_domain"])
    domains = len(MIXES[point["mix"]])
    shares = UNEQUAL[domains] if point["balance"] == "unequal" else (1 / domains,) * domains
    split = text_data.split(seeds.stream(key, "texts"), texts, point, shares)
    pool, number = split.pool, round(FRACTION * len(split.pool.domains))
    order = seeds.numpy_generator(seeds.stream(key, "halves")).permutation(len(pool.domains))
    posterior = text_scores.posterior(order, pool, domains)
    entropy = text_scores.entropy(posterior)
    runs = text_rules.daar_runs(seeds.stream(key, "daar"), split, point, domains)
    picks = text_rules.picks(seeds.stream(key, "rules"), pool, runs, posterior, entropy, number)
    kept = [_kept(split, picks[rule], posterior, domains) for rule in RULES]
    return {
        **{name: np.stack([one[name] for one in kept]) for name in kept[0]},
        **_geometry(split),
        **_runs(split, runs, picks["true_labels"], number),
        "domain_entropy": _padded(np.bincount(pool.domains, entropy) / np.bincount(pool.domains)),
        "pool_shares": _padded(np.bincount(pool.domains) / len(pool.domains)),
    }


def _kept(split: text_data.Split, picks: np.ndarray, posterior: np.ndarray, domains: int) -> dict:
    """What one rule kept of the pool, and how well classifiers trained on it do."""
    kept, belief = split.pool.take(picks), posterior[picks]
    shares = np.bincount(kept.domains, minlength=domains) / len(picks)
    accuracy = text_scores.accuracies(kept, split.test, "sentences")
    # Zero on average if labels follow the posterior also among the texts that were kept.
    surprise = belief[np.arange(len(picks)), kept.domains] - np.sum(belief**2, axis=1)
    return {
        "shares": _padded(shares),
        "share_entropy": text_scores.entropy(shares),
        "vendi": text_scores.vendi(kept.sentences),
        "accuracy": _padded(accuracy),
        "mean": accuracy.mean(axis=1),
        "worst": accuracy.min(axis=1),
        "surprise": surprise.mean(),
    }


def _geometry(split: text_data.Split) -> dict[str, np.ndarray]:
    """Accuracy on each of five bins of either similarity, and how these are correlated."""
    pool, own = split.pool, split.pool.domains
    scores, found = [], {"correlation": [], "centred": [], "offset": []}
    for vectors in VECTORS:
        rows = getattr(pool, vectors)
        middle = rows.mean(axis=0)
        sides = text_rules.similarities(rows, own)
        cut = [[pool.take(places) for places in text_rules.bins(side, own)] for side in sides]
        scores.append([
            [text_scores.accuracies(one, split.test, vectors).mean(axis=1) for one in side]
            for side in cut
        ])  # fmt: skip
        found["correlation"].append(_within(*sides, own))
        found["centred"].append(_within(*text_rules.similarities(rows - middle, own), own))
        found["offset"].append(np.mean(rows @ middle) / np.linalg.norm(middle))
    return {"bins": np.array(scores), **{name: np.array(some) for name, some in found.items()}}


def _within(first: np.ndarray, second: np.ndarray, domains: np.ndarray) -> float:
    """The correlation inside a domain, averaged over domains."""
    places = [np.flatnonzero(domains == domain) for domain in range(domains.max() + 1)]
    return float(np.mean([np.corrcoef(first[one], second[one])[0, 1] for one in places]))


def _runs(
    split: text_data.Split, runs: text_rules.Runs, true: np.ndarray, number: int
) -> dict[str, Any]:
    """How alike whole runs are, and how pseudo labels differ from true ones, by their selections.

    Overlaps are shares of the texts kept, a fifth by chance.
    """
    chosen = [text_rules.top(rewards, number) for rewards in np.asarray(runs.rewards)[:-1]]
    centroids = np.asarray(runs.centroids)
    centroids = centroids / np.linalg.norm(centroids, axis=2, keepdims=True)
    pairs = [(a, b) for a in range(len(chosen)) for b in range(a)]
    scores = np.array([
        text_scores.accuracies(split.pool.take(one), split.test, "sentences").mean(axis=1)
        for one in chosen
    ])  # fmt: skip
    return {
        "runs_mean": scores,
        "runs_overlap": np.mean([np.isin(chosen[a], chosen[b]).mean() for a, b in pairs]),
        "centroid_cosine": min(np.sum(centroids[a] * centroids[b], axis=1).min() for a, b in pairs),
        "pseudo_overlap": np.mean([np.isin(one, true).mean() for one in chosen]),
        "pseudo_agreement": np.asarray(runs.agreement).mean(),
        "accepted_texts": np.asarray(runs.accepted).mean(),
        "held_out": np.asarray(runs.held_out).mean(),
    }


def _padded(values: np.ndarray) -> np.ndarray:
    """NaN for the domains that a mix does not have."""
    room = MOST_DOMAINS - values.shape[-1]
    return np.pad(values, (*((0, 0),) * (values.ndim - 1), (0, room)), constant_values=np.nan)


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """Name the axes, and the domains of each mix."""
    names = [[*MIXES[str(mix)], *("",) * MOST_DOMAINS][:MOST_DOMAINS] for mix in dataset.mix.values]
    return dataset.assign(domain_names=(("point", "domain"), names)).assign_coords(
        rule=list(RULES), label=list(LABELS), vector=list(VECTORS), side=list(SIDES)
    )
