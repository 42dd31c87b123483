"""Bounds on harmonic solutions against what they bound, at random and where they are sharp."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import jax
import numpy as np
import xarray

from diversity_jax import seeds
from diversity_jax.graph_learning import harmonic, theory

HOST = True
NODES, HELD = 24, 4
SPLITS = 32  # triples of numbers a job
AXES = {
    **{
        name: ("node",)
        for name in ("hard", "largest", "smallest", "hops", "hops_and_one", "ways", "ways_and_one")
    },
    **{name: ("split",) for name in ("square", "squares")},
}


@dataclass(frozen=True)
class Config:
    """`seeds` draws of each design of graph at each regularisation."""

    seeds: int = 16


PRESETS = {"smoke": Config(seeds=6), "laptop": Config(), "paper": Config(seeds=2000)}
DESIGNS = ("random", "star", "funnel", "slope")


def grid(config: Config) -> list[dict]:
    """Random graphs, and three on which the bounds of the hard solution are nearly attained."""
    return [
        {"design": design, "regularisation": g}
        for design in DESIGNS
        for g in (0.05, 1.0)
    ]  # fmt: skip


def job(key: jax.Array, point: dict) -> dict[str, np.ndarray]:
    """Solutions and bounds: of the hard problem by node, of the soft one by graph."""
    random = seeds.numpy_generator(seeds.stream(key, "graph"))
    g = float(point["regularisation"])
    return {
        **_hard(random, point["design"], g),
        **_norm(random, g),
        **_soft(random, g),
        **_online(random, g),
        **_quantised(random, g),
        **_split(random),
        **_exactly(),
    }


def _hard(random: np.random.Generator, design: str, g: float) -> dict[str, np.ndarray]:
    weights, labels, held = _graph(random, design)
    degrees = weights.sum(1)
    found = np.asarray(harmonic.hard(weights, labels, held, regularisation=g))
    least = degrees[~held].min()
    ways = np.asarray(theory.path_bounds(weights, held, regularisation=g))
    hops = np.asarray(theory.hop_bounds(weights, held, regularisation=g))
    most = float(theory.hard_bound(weights, held, regularisation=g))
    free = np.where(held, np.nan, 1.0)
    # Labelled nodes keep their label, which no bound is about: they are left out as NaN.
    return {
        "hard": np.abs(found) * free,
        "largest": most * free,
        "smallest": least / (least + g) * free,
        "hops": hops * free,
        "hops_and_one": hops * most * free,
        "ways": ways * free,
        "ways_and_one": ways * most * free,
    }


def _graph(random: np.random.Generator, design: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Weights, labels, and who has one.

    "star": an unlabelled centre among labels of +1. "funnel": a node at two steps from them, behind
    so many others that none of these often walks back. "slope": a path whose weights double from
    edge to edge towards its label.
    """
    weights, labels = np.zeros((NODES, NODES)), np.ones(NODES)
    held = np.zeros(NODES, bool)
    if design == "random":
        weights = np.triu(random.exponential(1, (NODES, NODES)), 1)
        weights *= random.random(weights.shape) < 4 / NODES
        weights += np.diag(random.uniform(0.1, 2, NODES - 1), 1)
        held[random.choice(NODES, HELD, replace=False)] = True
        labels = random.choice([-1.0, 1.0], NODES)
    elif design == "star":
        weights[0, 1:] = random.uniform(0.5, 2, NODES - 1)
        held[1:] = True
    elif design == "funnel":
        degree, between = random.uniform(0.5, 2), NODES - 2
        weights[0, 1:-1] = degree / between
        weights[1:-1, -1] = degree * (1 - 1 / between)
        held[-1] = True
    else:
        sizes = random.uniform(3, 5) ** np.arange(NODES - 1)
        weights += np.diag(sizes * 1e-2, 1)
        held[-1] = True
    return weights + weights.T, labels, held


def _norm(random: np.random.Generator, g: float) -> dict[str, np.ndarray]:
    """Lengths of soft solutions: labels at confidence 1, all others at `below`, strong edges."""
    labelled, below = int(random.integers(1, NODES)), random.uniform(0.01, 1)
    weights = np.triu(np.full((NODES, NODES), 10 ** random.uniform(0, 3)), 1)
    values = np.where(np.arange(NODES) < labelled, 1.0, 0.0)
    confidence = np.where(values > 0, 1.0, below)
    found = harmonic.soft(weights + weights.T, values, confidence, regularisation=g)
    given = {"regularisation": g, "unlabelled_confidence": below}
    return {
        "length": np.asarray(np.linalg.norm(found)),
        "length_bound": np.asarray(theory.norm_bound(labelled, **given)),
        "length_printed": np.asarray(theory.paper_norm_bound(labelled, regularisation=g)),
    }


def _soft(random: np.random.Generator, g: float) -> dict[str, np.ndarray]:
    """The largest soft label: confidences all unlike, or one; labels all one, or at random."""
    weights, _, _ = _graph(random, "random")
    confidence = 10 ** random.uniform(-2, 1, NODES)
    labels = random.choice([-1.0, 0.0, 1.0], NODES)
    if random.random() < 0.5:
        confidence[:], labels[:] = confidence[0], random.choice([-1.0, 1.0])
    else:
        # The one that is held hardest stands alone.
        first = confidence.argmax()
        weights[first] = weights[:, first] = 0
        labels[first] = 1
    found = np.asarray(harmonic.soft(weights, labels, confidence, regularisation=g))
    mean = confidence.mean()
    return {
        "soft": np.abs(found).max(),
        "soft_bound": np.asarray(theory.soft_bound(confidence, regularisation=g)),
        "soft_mean": np.asarray(mean / (mean + g)),
    }


def _online(random: np.random.Generator, g: float) -> dict[str, np.ndarray]:
    """One node before and after later labels of the other class join it more strongly."""
    early, late = 10, 200
    nodes = 1 + early + late
    below, strength = random.uniform(0.01, 1), 10 ** random.uniform(1, 3)
    weights = np.zeros((nodes, nodes))
    weights[0, 1 : 1 + early] = strength
    weights[0, 1 + early :] = strength * 10 ** random.uniform(0, 2)
    weights = weights + weights.T
    labels = np.r_[0, np.ones(early), -np.ones(late)]
    confidence = np.where(labels == 0, below, 1)
    seen = slice(0, 1 + early)
    before = harmonic.soft(weights[seen, seen], labels[seen], confidence[seen], regularisation=g)
    after = harmonic.soft(weights, labels, confidence, regularisation=g)
    return {
        "turned": np.asarray(float(before[0] - after[0]) ** 2),
        "turned_bound": np.asarray(theory.online_bound(regularisation=g)),
        "turned_printed": np.asarray(theory.paper_online_bound(early + late, regularisation=g)),
    }


def _quantised(random: np.random.Generator, g: float) -> dict[str, np.ndarray]:
    """Solutions on two graphs: a random one changed, or one weak edge where there was none."""
    below = random.uniform(0.01, 1)
    weights = np.zeros((NODES, NODES))
    labels = np.zeros(NODES)
    if random.random() < 0.5:
        weights, values, held = _graph(random, "random")
        labels = np.where(held, values, 0.0)
        other = weights * random.uniform(0.5, 1.5, weights.shape)
        other = np.triu(other, 1) + np.triu(other, 1).T
    else:
        # A pair of opposite labels (sharp), and an edge into what nobody labelled (breaks 1 + g).
        pair = random.random() < 0.5
        labels[:2] = (1, -1) if pair else (1, 0)
        other = weights.copy()
        other[0, 1] = other[1, 0] = 1e-3
        below = 1.0 if pair else 0.01
    confidence = np.where(labels != 0, 1, below)
    first = np.asarray(harmonic.soft(weights, labels, confidence, regularisation=g))
    second = np.asarray(harmonic.soft(other, labels, confidence, regularisation=g))
    change = np.diag((other - weights).sum(1)) - (other - weights)
    number = int((labels != 0).sum())
    given = {"regularisation": g, "unlabelled_confidence": below}
    spectral, whole = np.linalg.norm(change, 2), np.linalg.norm(change)
    return {
        "moved": np.asarray(np.linalg.norm(second - first)),
        "moved_bound": np.asarray(theory.quantised_bound(number, spectral, **given)),
        "moved_printed": np.asarray(theory.paper_quantised_bound(number, whole, **given)),
        "moved_by_lemma": np.asarray(np.sqrt(number) * spectral / (1 + g) ** 2),
    }


def _split(random: np.random.Generator) -> dict[str, np.ndarray]:
    """Squares of sums of three numbers, and the sums of their squares; the first are all equal."""
    numbers = random.standard_normal((SPLITS, 3))
    numbers[0] = numbers[0, 0]
    return {"square": numbers.sum(1) ** 2, "squares": (numbers**2).sum(1)}


def _exactly() -> dict[str, np.ndarray]:
    """Squares of lengths over the printed lemma: solved, in fractions, and where it is true."""
    found = {}
    for name, below in (("lemma", Fraction(1, 100)), ("whole", Fraction(1))):
        exact = theory.norm_counterexample(unlabelled_confidence=below)
        weights, confidence = np.array([[0, 1000.0], [1000.0, 0]]), np.array([1, float(below)])
        solved = harmonic.soft(weights, [1.0, 0.0], confidence, regularisation=0.1)
        bound = float(exact.paper_bound_squared)
        found[f"{name}_margin"] = np.asarray(float(np.sum(np.asarray(solved) ** 2)) - bound)
        found[f"{name}_exact"] = np.asarray(float(exact.margin))
    return found


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """Nothing is predicted beside the bounds of each draw."""
    return dataset
