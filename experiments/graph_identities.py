"""Harmonic solutions in other words: groups of identical points, absorbed walks, printed forms."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import jax
import numpy as np
import xarray

from diversity_jax import seeds
from diversity_jax.graph_learning import affinity, harmonic, theory

HOST = True
SIZES = (1, 1, 1, 2, 2, 3, 3, 4, 4, 5)  # of groups of identical points
HELD = 3  # groups with a label, in the hard problem
MEMBERS = sum(SIZES)
PER_MEMBER = (
    "hard", "hard_compact", "hard_once", "own", "own_formula", "own_apart",
    "walk", "walk_without_sink",
)  # fmt: skip
PER_GROUP = ("soft_mean", "soft_compact", "soft_printed", "soft_walk")
AXES = {
    **{name: ("member",) for name in PER_MEMBER},
    **{name: ("group",) for name in PER_GROUP},
}


@dataclass(frozen=True)
class Config:
    """`seeds` draws of points at each bandwidth, regularisation and confidence."""

    seeds: int = 12


PRESETS = {"smoke": Config(seeds=4), "laptop": Config(), "paper": Config(seeds=1000)}


def grid(config: Config) -> list[dict]:
    """Sparse and dense graphs, weak and strong regularisation, confidences on both sides of 1."""
    return [
        {"bandwidth": width, "regularisation": g, "confidence": c}
        for width, g, c in ((0.3, 0.5, 0.4), (1.0, 0.05, 2.5), (3.0, 2.0, 0.1))
    ]


def job(key: jax.Array, point: dict) -> dict[str, np.ndarray]:
    """Both sides of each identity, and what spoils it; points `[groups]` in the plane, repeated."""
    random = seeds.numpy_generator(seeds.stream(key, "groups"))
    g = float(point["regularisation"])
    many = random.permutation(SIZES)
    place = np.repeat(np.arange(len(many)), many)
    points = random.standard_normal((len(many), 2))
    width = float(point["bandwidth"])
    small = np.asarray(affinity.gaussian(points, bandwidth=width))
    whole = np.asarray(affinity.gaussian(points[place], bandwidth=width))
    return {
        **_hard(random, whole, small, many, place, g),
        **_soft(random, whole, small, many, place, g, float(point["confidence"])),
        **_exactly(),
    }


def _hard(
    random: np.random.Generator,
    whole: np.ndarray,
    small: np.ndarray,
    many: np.ndarray,
    place: np.ndarray,
    g: float,
) -> dict[str, np.ndarray]:
    labels = np.zeros(len(many))
    # A labelled group of several members, so that its multiplicity matters.
    held = random.choice(np.flatnonzero(many > 1), HELD, replace=False)
    labels[held] = [1, -1, random.choice([-1.0, 1.0])]
    known = np.isin(np.arange(len(many)), held)
    members = harmonic.hard(whole, labels[place], known[place], regularisation=g)
    groups = harmonic.hard(small, labels, known, regularisation=g, multiplicities=many)
    once = np.where(known, 1, many)
    spoiled = harmonic.hard(small, labels, known, regularisation=g, multiplicities=once)
    walk = theory.hard_absorption(whole, known[place], regularisation=g)
    earned = np.asarray(walk.chances) @ labels[place][np.asarray(walk.places)]
    alive = np.asarray(walk.chances) / (1 - np.asarray(walk.lost))[:, None]
    return {
        "hard": np.asarray(members),
        "hard_compact": np.asarray(groups)[place],
        "hard_once": np.asarray(spoiled)[place],
        "walk": earned,
        "walk_without_sink": alive @ labels[place][np.asarray(walk.places)],
    }


def _soft(
    random: np.random.Generator,
    whole: np.ndarray,
    small: np.ndarray,
    many: np.ndarray,
    place: np.ndarray,
    g: float,
    c: float,
) -> dict[str, np.ndarray]:
    own = random.choice([-1.0, 0.0, 1.0], len(place))
    mean = np.bincount(place, own) / many
    members = np.asarray(harmonic.soft(whole, own, c, regularisation=g))
    groups = np.asarray(harmonic.soft(small, mean, c, regularisation=g, multiplicities=many))
    formula = harmonic.member_labels(
        groups, own, place, small, c, regularisation=g, multiplicities=many
    )
    apart = harmonic.member_labels(
        groups, own, place, small, c, regularisation=g, multiplicities=many, within=0.0
    )
    walk = theory.soft_absorption(small, c, regularisation=g, multiplicities=many)
    return {
        "soft_mean": np.bincount(place, members) / many,
        "soft_compact": groups,
        "soft_printed": _printed(small, mean, many, g, c),
        "soft_walk": np.asarray(walk.chances) @ mean,
        "own": members,
        "own_formula": np.asarray(formula),
        "own_apart": np.asarray(apart),
    }


def _printed(
    small: np.ndarray, mean: np.ndarray, many: np.ndarray, g: float, c: float
) -> np.ndarray:
    """``((1/c) V^-1 Lq + c g + 1)^-1 y``: the papers' last line, where g / c is right."""
    between = small - np.diag(np.diag(small))
    table = many[:, None] * between * many
    laplacian = np.diag(table.sum(1)) - table
    matrix = laplacian / many[:, None] / c + (c * g + 1) * np.eye(len(many))
    return np.linalg.solve(matrix, mean)


def _exactly() -> dict[str, np.ndarray]:
    """A lone group at confidence 1/2 and at 1: how far the printed form is off, less 1e-9."""
    found, allowed = {}, Fraction(1, 10**9)
    for name, c in (("lone", Fraction(1, 2)), ("sure", Fraction(1))):
        exact, printed = theory.lone_group(regularisation=Fraction(1), confidence=c)
        many = np.array([3.0])
        solved = harmonic.soft([[0.0]], [1.0], float(c), regularisation=1.0, multiplicities=many)
        found[f"{name}_margin"] = np.abs(np.asarray(solved)[0] - float(printed)) - float(allowed)
        found[f"{name}_exact"] = np.asarray(float(abs(exact - printed) - allowed))
    return found


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """Both sides of every identity are there already."""
    return dataset
