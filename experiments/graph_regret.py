"""Regret and margin bounds on real runs, against predicting nothing: vacuous, and how far."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import jax
import numpy as np
import xarray

from diversity_jax import seeds
from diversity_jax.graph_learning import harmonic, max_margin, online, quantise, theory
from experiments.shared.moons import moons

HOST = True
REGULARISATIONS = (0.01, 0.1, 1.0, 4.0, 10.0, 100.0)
BANDWIDTH = 0.15
BELOW = 0.1  # confidence of unlabelled points, 1 of labelled ones
APART = 15  # from one label of the stream to the next
EVERY = 20  # points from one prediction to the next
PENALTY, THRESHOLD, FAILURE = 0.05, 1e-6, 0.05
FAR = 100.0  # between moons taken apart: weights of 0
MANY = (1.0, 1e5, 1e9)  # a node, labels that come early, and labels of the other class
WEAK = 1e-3  # an edge, in units of 1 + g
MEASURED = (
    "squared_error", "squared_error_learner", "offline_risk", "error_cut",
    "regret", "regret_printed", "regret_risk", "regret_risk_printed", "margin", "unsure", "across",
    "offline_risk_apart", "regret_apart", "regret_printed_apart", "across_apart",
    "online", "online_term", "quantised", "quantised_term",
)  # fmt: skip
AXES = {name: ("regularisation",) for name in MEASURED}
_enter = jax.jit(quantise.enter)


@dataclass(frozen=True)
class Config:
    """`seeds` streams of `points` points of two moons at each number of centroids."""

    seeds: int = 4
    points: int = 300
    numbers: tuple[int, ...] = (50,)


PRESETS = {
    "smoke": Config(seeds=2, points=60, numbers=(20,)),
    "laptop": Config(),
    "paper": Config(seeds=40, points=1000, numbers=(20, 50, 100, 200)),
}


def grid(config: Config) -> list[dict]:
    """Numbers of centroids."""
    return [{"number": number, "points": config.points} for number in config.numbers]


def job(key: jax.Array, point: dict) -> dict[str, np.ndarray]:
    """By regularisation: errors of predictions, and bounds on them.

    `squared_error` is of the online quantised soft solution, which the regret bounds are about, at
    each twentieth point; `squared_error_learner` of `online.run`, which holds labels fixed.
    `regret` are bounds with the offline risk as measured, `regret_risk` with the papers' bound.
    `margin` is the bound on the error of the max-margin graph cut, `error_cut`; `unsure` the share
    of nodes that it leaves out; `across` what of the bound is about the graph. See `_apart` and
    `_terms` for the others.
    """
    random = seeds.numpy_generator(seeds.stream(key, "moons"))
    points, truth = moons(random, point["points"])
    labels = np.where(np.arange(len(truth)) % APART == 0, truth, 0.0)
    weights = _weights(points)
    offline, spectrum = _offline(weights, labels)
    number = int((labels != 0).sum())
    risk = ((offline - truth) ** 2).mean(1)
    seen = ((offline - truth) ** 2)[:, labels != 0].mean(1)
    square, whole, apart = _streamed(points, truth, labels, point["number"])
    found = {
        "squared_error": square,
        "squared_error_learner": _learned(points, truth, labels, point["number"]),
        "offline_risk": risk,
    }
    rows = [
        _bounds(g, number, spectrum, *each)
        for g, *each in zip(REGULARISATIONS, risk, seen, [whole] * len(risk), [apart] * len(risk))
    ]
    names = ("regret", "regret_printed", "regret_risk", "regret_risk_printed")
    found |= dict(zip(names, np.array(rows).T))
    cuts = [
        _cut(points, weights, truth, labels, spectrum, g, values, float(each))
        for g, values, each in zip(REGULARISATIONS, offline, seen)
    ]
    found |= dict(zip(("error_cut", "margin", "unsure", "across"), np.array(cuts).T))
    return found | _apart(random, point["points"]) | _terms()


def _weights(points: np.ndarray) -> np.ndarray:
    # Not the library's: it would be compiled for each of many sizes.
    squares = ((points[:, None] - points) ** 2).sum(2)
    return np.exp(-squares / (2 * BANDWIDTH**2)) * (1 - np.eye(len(points)))


def _laplacian(weights: np.ndarray) -> np.ndarray:
    return np.diag(weights.sum(1)) - weights


def _soft(laplacian: np.ndarray, labels: np.ndarray, regularisation: float) -> np.ndarray:
    confidence = np.where(labels != 0, 1.0, BELOW)
    system = laplacian + np.diag(regularisation + confidence)
    return np.linalg.solve(system, confidence * labels)


def _offline(weights: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, float]:
    """Soft solutions by regularisation, and the largest eigenvalue of the Laplacian."""
    laplacian = _laplacian(weights)
    found = [_soft(laplacian, labels, g) for g in REGULARISATIONS]
    return np.array(found), float(np.linalg.eigvalsh(laplacian)[-1])


def _streamed(
    points: np.ndarray, truth: np.ndarray, labels: np.ndarray, number: int
) -> tuple[np.ndarray, float, float]:
    """Mean squared errors online and quantised; mean squares of Lq - Lo, Frobenius and spectral."""
    state, places = quantise.initial(number, points.shape[1]), np.zeros(0, int)
    errors, squares = [], []
    for now in range(len(points)):
        state, move = _enter(state, points[now], labels[now] != 0)
        places = np.append(np.asarray(move.slots)[places], int(move.place))
        if now % EVERY:
            continue
        moved = np.asarray(state.centroids)[places]
        coarse = _laplacian(_weights(moved))
        change = coarse - _laplacian(_weights(points[: now + 1]))
        spectral = np.abs(np.linalg.eigvalsh(change)).max()
        squares.append(((change**2).sum(), spectral**2))
        values = [_soft(coarse, labels[: now + 1], g)[-1] for g in REGULARISATIONS]
        errors.append((np.array(values) - truth[now]) ** 2)
    frobenius, spectral = np.mean(squares, axis=0)
    return np.mean(errors, axis=0), float(frobenius), float(spectral)


def _learned(points: np.ndarray, truth: np.ndarray, labels: np.ndarray, number: int) -> np.ndarray:
    """Mean squared errors of the learner, each twentieth point's, by regularisation."""
    errors = []
    known = np.where(labels != 0, labels, np.nan)
    for g in REGULARISATIONS:
        start = online.initial(number, points.shape[1], bandwidth=BANDWIDTH, regularisation=g)
        _, found = online.run(start, points, known, every=EVERY)
        errors.append(np.nanmean((np.asarray(found) - truth) ** 2))
    return np.array(errors)


def _bounds(
    g: float, number: int, spectrum: float, risk: float, seen: float, whole: float, apart: float
) -> list[float]:
    """Ours and the papers' bounds on regret: with the offline risk, and with the bound on it."""
    given = {"regularisation": g, "unlabelled_confidence": BELOW}
    beta = theory.stability(number, spectrum, **given)
    beforehand = float(theory.risk_bound(seen, number, beta, failure=FAILURE))
    ours = partial(theory.regret_bound, labelled=number, mean_square_difference=apart, **given)
    printed = partial(
        theory.paper_regret_bound, labelled=number, mean_square_difference=whole, **given
    )
    return [float(f(each).total) for each in (risk, beforehand) for f in (ours, printed)]


def _cut(
    points: np.ndarray,
    weights: np.ndarray,
    truth: np.ndarray,
    labels: np.ndarray,
    spectrum: float,
    g: float,
    values: np.ndarray,
    seen: float,
) -> list[float]:
    """The linear cut's error, the bound on it, and the share of nodes of which it is not sure."""
    labelled = labels != 0
    number = int(labelled.sum())
    found = max_margin.graph_cut(
        points, weights, truth, labelled, regularisation=g, penalty=PENALTY, threshold=THRESHOLD
    )
    decisions = found.decisions(points)[:, 0]
    sure = np.abs(values) >= THRESHOLD
    hinge = np.maximum(0, 1 - np.sign(values) * decisions)[sure].sum() / len(truth)
    beta = theory.stability(number, spectrum, regularisation=g, unlabelled_confidence=BELOW)
    across = theory.risk_bound(0.0, number, beta, failure=FAILURE)
    bound = theory.margin_bound(
        hinge, len(truth), int((~sure).sum()), seen, across,
        threshold=THRESHOLD, dimension=points.shape[1] + 1, failure=FAILURE,
    )  # fmt: skip
    return [
        float((found.predict(points) != truth).mean()),
        float(bound.total),
        float((~sure).mean()),
        float(bound.graph + bound.transductive),
    ]


def _apart(random: np.random.Generator, number: int) -> dict[str, np.ndarray]:
    """Of moons taken apart, all labelled, and no centroid less than points: what bounds start from.

    Labels are as faint as they can be there, 1 / (1 + g), and quantising changes nothing.
    """
    points, truth = moons(random, number)
    weights = _weights(points + FAR * (truth > 0)[:, None])
    offline, spectrum = _offline(weights, truth)
    found = []
    for g, risk in zip(REGULARISATIONS, ((offline - truth) ** 2).mean(1)):
        beta = theory.stability(number, spectrum, regularisation=g, unlabelled_confidence=1.0)
        across = theory.risk_bound(risk, number, beta, failure=FAILURE)
        regret, printed, *_ = _bounds(g, number, spectrum, risk, risk, 0.0, 0.0)
        found.append([risk, regret, printed, float(across)])
    names = ("offline_risk_apart", "regret_apart", "regret_printed_apart", "across_apart")
    return dict(zip(names, np.array(found).T))


def _terms() -> dict[str, np.ndarray]:
    """Terms of our regret bound, and thrice the squared distances that they are about.

    `online`: a node joins labels of 1 that are so many that it takes their value, and later so many
    more of -1. `quantised`: two labels, 1 and -1, get a weak edge.
    """
    found = []
    for g in REGULARISATIONS:
        star = np.array([[0.0, 1, 1], [1, 0, 0], [1, 0, 0]])
        labels, confidence = np.array([0.0, 1, -1]), np.array([BELOW, 1, 1])
        early, late = (
            harmonic.soft(
                star[:seen, :seen], labels[:seen], confidence[:seen],
                regularisation=g, multiplicities=MANY[:seen],
            )[0]
            for seen in (2, 3)
        )  # fmt: skip
        edge = WEAK * (1 + g) * np.array([[0.0, 1], [1, 0]])
        signs = np.array([1.0, -1])
        moved = _soft(_laplacian(edge), signs, g) - _soft(np.zeros((2, 2)), signs, g)
        square = np.linalg.norm(_laplacian(edge), 2) ** 2
        bound = theory.regret_bound(0.0, 2, square, regularisation=g, unlabelled_confidence=1.0)
        squares = (float(early - late) ** 2, float((moved**2).sum()))
        found.append([3 * squares[0], bound.online, 3 * squares[1], bound.quantised])
    names = ("online", "online_term", "quantised", "quantised_term")
    return dict(zip(names, np.array(found, float).T))


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """Below which no data take the bounds; `apart` with all labelled."""
    every = int(dataset.points.values.flat[0])
    some = -(-every // APART)
    least = {
        "theory_regret": lambda g: theory.least_regret_bound(regularisation=g),
        "theory_margin": lambda g: theory.least_margin_bound(regularisation=g),
        "theory_offline_risk": lambda g: (g / (1 + g)) ** 2,
    }
    for name, labels in (("", some), ("_apart", every)):
        least[f"theory_regret_printed{name}"] = partial(_least_printed, labels)
        least[f"theory_across{name}"] = partial(_least_across, labels)
    return dataset.assign_coords(regularisation=list(REGULARISATIONS)).assign(
        {
            name: ("regularisation", [float(value(g)) for g in REGULARISATIONS])
            for name, value in least.items()
        }
    )


def _least_printed(labels: int, g: float) -> jax.Array:
    return theory.paper_least_regret_bound(labels, regularisation=g)


def _least_across(labels: int, g: float) -> float:
    """What of the margin bound is about the graph, with labels of 1 / (1 + g) and c_u = 1."""
    beta = 2 * np.sqrt(2) / (1 + g)
    spread = np.sqrt(2 * np.log(2 / FAILURE) / labels) * (labels * beta + 4)
    return (g / (1 + g)) ** 2 + beta + spread
