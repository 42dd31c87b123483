"""DaaR and rules of coverage on real texts that are shipped: what is kept, and what for.

Every rule keeps a fifth of a pool of embedded texts, once with domains as the rule has it and once
in the pool's proportions. One-against-all ridge regressions on what it kept tell the domains of
held-out texts. Seeds are splits of one set of texts; what befell each text is kept too, so that
intervals can be over texts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
import xarray

from diversity_jax import seeds
from experiments.shared import text_data, text_rules, text_scores
from experiments.shared.text_data import MIXES, VECTORS
from experiments.shared.text_rules import COMPOSITIONS, EPOCHS, RULES

HOST = True  # numpy around a few compiled functions
SIDES = ("inter", "intra")
MOST_DOMAINS = 5
FRACTION = 0.2
UNEQUAL = {3: (0.5, 0.3, 0.2), 4: (0.4, 0.3, 0.2, 0.1), 5: (0.3, 0.25, 0.2, 0.15, 0.1)}
ARM = ("rule", "composition")
AXES = {
    "shares": (*ARM, "domain"),
    "share_entropy": ARM,
    "vendi": ARM,
    "accuracy": (*ARM, "domain"),
    "mean": ARM,
    "worst": ARM,
    "absent": (*ARM, "domain"),
    "surprise": ARM,
    "right": (*ARM, "text"),
    "kept": (*ARM, "text"),
    "believed": ("text",),
    "runs_kept": ("whole", "text"),
    "bins": ("vector", "side", "bin"),
    "bins_right": ("vector", "side", "bin", "text"),
    "correlation": ("vector",),
    "centred": ("vector",),
    "offset": ("vector",),
    "runs_mean": ("run", "epoch"),
    "runs_overlap": ("epoch",),
    "pseudo_overlap": ("epoch",),
    "probe_entropy": ("run", "epoch"),
    "held_out": ("run", "epoch"),
    "epochs_right": ("composition", "epoch", "text"),
    "domain_entropy": ("domain",),
    "pool_shares": ("domain",),
}


@dataclass(frozen=True)
class Config:
    """Texts of each domain: for the synthesis, of which some are accepted, and for the test; on
    average for the probe; of the pool in all. `balances` are "equal" or "unequal" domains of both.
    """

    seeds: int = 40
    mixes: tuple[str, ...] = tuple(text_data.SHIPPED)
    balances: tuple[str, ...] = ("equal",)
    per_domain: int = 200
    synthesis: int = 46
    accepted: int = 30
    pool: int = 210
    probe: int = 54
    test: int = 30


PRESETS = {
    "smoke": Config(seeds=4, per_domain=130, synthesis=40, pool=150, probe=20, test=20),
    "laptop": Config(),
    "paper": Config(seeds=200),
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
    runs = text_rules.daar_runs(seeds.stream(key, "daar"), split, point, domains)
    picks = text_rules.picks(seeds.stream(key, "rules"), pool, runs, posterior, number)
    room = MOST_DOMAINS * point["per_domain"]
    arms = [
        [_kept(split, picks[rule, composition], posterior, room) for composition in COMPOSITIONS]
        for rule in RULES
    ]
    entropy = text_scores.entropy(posterior)
    return {
        **{name: np.array([[one[name] for one in arm] for arm in arms]) for name in arms[0][0]},
        **_geometry(split, room),
        **_runs(split, runs, number, room),
        "believed": _spread(surprise(posterior, pool.domains), pool.places, room, np.float32),
        "domain_entropy": _padded(text_scores.by_domain(entropy, pool.domains)),
        "pool_shares": _padded(np.bincount(pool.domains) / len(pool.domains)),
    }


def _kept(
    split: text_data.Split, picks: np.ndarray, posterior: np.ndarray, room: int
) -> dict[str, Any]:
    """What one rule kept of the pool, and how well a classifier trained on it does."""
    pool, test = split.pool, split.test
    kept = pool.take(picks)
    shares = np.bincount(kept.domains, minlength=posterior.shape[1]) / len(picks)
    right = text_scores.told(kept, test, "sentences")
    accuracy = text_scores.by_domain(right, test.domains)
    return {
        "shares": _padded(shares),
        "share_entropy": text_scores.entropy(shares),
        "vendi": text_scores.vendi(kept.sentences),
        "accuracy": _padded(accuracy),
        "mean": accuracy.mean(),
        "worst": accuracy.min(),
        "absent": _padded(shares == 0),
        "surprise": surprise(posterior[picks], kept.domains).mean(),
        "right": _spread(right, test.places, room),
        "kept": _spread(np.isin(np.arange(len(pool.domains)), picks), pool.places, room),
    }


def surprise(belief: np.ndarray, domains: np.ndarray) -> np.ndarray:
    """How much likelier a text's own domain was than one drawn from its posterior would be.

    Zero on average if labels follow the posterior, also among any texts chosen without labels.
    """
    return belief[np.arange(len(domains)), domains] - np.sum(belief**2, axis=1)


def _geometry(split: text_data.Split, room: int) -> dict[str, np.ndarray]:
    """Accuracy on each of five bins of either similarity, and how these are correlated."""
    pool, test, own = split.pool, split.test, split.pool.domains
    right, found = [], {"correlation": [], "centred": [], "offset": []}
    for vectors in VECTORS:
        rows = getattr(pool, vectors)
        middle = rows.mean(axis=0)
        sides = text_rules.similarities(rows, own)
        cut = [[pool.take(places) for places in text_rules.bins(side, own)] for side in sides]
        right.append([[text_scores.told(one, test, vectors) for one in side] for side in cut])
        found["correlation"].append(_within(*sides, own))
        found["centred"].append(_within(*text_rules.similarities(rows - middle, own), own))
        found["offset"].append(np.mean(rows @ middle) / np.linalg.norm(middle))
    told = np.array(right)
    # Test texts are as many of each domain, so that their mean is that of domains.
    return {
        "bins": told.mean(axis=-1),
        "bins_right": _spread(told, test.places, room),
        **{name: np.array(some) for name, some in found.items()},
    }


def _within(first: np.ndarray, second: np.ndarray, domains: np.ndarray) -> float:
    """The correlation inside a domain, averaged over domains."""
    places = [np.flatnonzero(domains == domain) for domain in range(domains.max() + 1)]
    return float(np.mean([np.corrcoef(first[one], second[one])[0, 1] for one in places]))


def _runs(split: text_data.Split, runs: text_rules.Runs, number: int, room: int) -> dict[str, Any]:
    """How alike whole runs are, and how pseudo labels differ from true ones, by their selections.

    Overlaps are shares of the texts kept, a fifth by chance; by epochs of the probe.
    """
    rewards = np.asarray(runs.rewards)
    chosen = [[text_rules.top(one, number) for one in run] for run in rewards]
    *whole, true = chosen
    centroids = np.asarray(runs.centroids)
    centroids = centroids / np.linalg.norm(centroids, axis=2, keepdims=True)
    pairs = [(a, b) for a in range(len(whole)) for b in range(a)]
    told = [
        [text_scores.told(split.pool.take(one), split.test, "sentences").mean() for one in run]
        for run in whole
    ]

    def alike(first: list[np.ndarray], second: list[np.ndarray]) -> list[float]:
        return [float(np.isin(a, b).mean()) for a, b in zip(first, second)]

    everywhere, now = np.arange(len(split.pool.domains)), text_rules.REFERENCE
    kept = np.array([np.isin(everywhere, run[now]) for run in chosen])
    return {
        "runs_kept": _spread(kept, split.pool.places, room),
        "runs_mean": np.array(told),
        "runs_overlap": np.mean([alike(whole[a], whole[b]) for a, b in pairs], axis=0),
        "centroid_cosine": min(np.sum(centroids[a] * centroids[b], axis=1).min() for a, b in pairs),
        "pseudo_overlap": np.mean([alike(run, true) for run in whole], axis=0),
        "pseudo_agreement": np.asarray(runs.agreement).mean(),
        "accepted_texts": np.asarray(runs.accepted).mean(),
        "probe_entropy": np.asarray(runs.entropies)[:-1],
        "held_out": np.asarray(runs.held_out)[:-1],
        "epochs_right": _spread(_by_epochs(split, rewards[0], number), split.test.places, room),
    }


def _by_epochs(split: text_data.Split, rewards: np.ndarray, number: int) -> np.ndarray:
    """Test texts told right by what one run keeps, `[composition, epoch, text]`."""
    pool = split.pool
    kept = [
        [text_rules.top(one, number) for one in rewards],
        [text_rules.best_within(one, pool.domains, number) for one in rewards],
    ]
    told = [[text_scores.told(pool.take(one), split.test, "sentences") for one in row]
            for row in kept]  # fmt: skip
    return np.array(told)


def _padded(values: np.ndarray) -> np.ndarray:
    """NaN for the domains that a mix does not have."""
    values = np.asarray(values, float)
    room = MOST_DOMAINS - values.shape[-1]
    return np.pad(values, (*((0, 0),) * (values.ndim - 1), (0, room)), constant_values=np.nan)


def _spread(values: np.ndarray, places: np.ndarray, room: int, kind: type = np.int8) -> np.ndarray:
    """Values (yes is 1, no is 0) at the texts' places in the mix; elsewhere -1, NaN in floats."""
    whole = np.full((*values.shape[:-1], room), -1 if kind is np.int8 else np.nan, kind)
    whole[..., places] = values
    return whole


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """Name the axes, and the domains of each mix."""
    names = [[*MIXES[str(mix)], *("",) * MOST_DOMAINS][:MOST_DOMAINS] for mix in dataset.mix.values]
    return dataset.assign(domain_names=(("point", "domain"), names)).assign_coords(
        rule=list(RULES), composition=list(COMPOSITIONS), vector=list(VECTORS), side=list(SIDES),
        epoch=list(EPOCHS),
    )  # fmt: skip
