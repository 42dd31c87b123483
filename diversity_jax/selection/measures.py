"""What a kept subset looks like, beside subsets of the same size drawn at random."""

from __future__ import annotations

import numpy as np

from diversity_jax.selection.kernels import unit_rows
from diversity_jax.selection.pool import Problem
from diversity_jax.selection.scores import vendi_score_from_matrix

MEASURED = 2000  # points whose distance to the kept ones is looked at, if there are more
DRAWS = 39  # the next draw lies between the lowest and the highest with chance 38 / 40
BLOCK = 1024  # points, and kept ones, whose distances are made at a time
LEAST = np.finfo(np.float64).eps ** 0.5  # of the largest square: below it products say too little
NAMES = ("vendi", "mean_distance", "radius", "effective_domains")


def measure(problem: Problem, kept: np.ndarray) -> dict[str, float]:
    """Vendi score of the kept rows, distances to the nearest of them, effective domains.

    Vendi: the effective number of different rows by cosine, from 1 to min(number, d). Distances
    are Euclidean, of all points or of `MEASURED` random ones, 0 for those that are kept: their
    mean, and the largest (the radius that is covered). Domains: exp of the entropy of the shares.
    """
    nearest = nearest_distances(problem, kept)
    measures = {
        "vendi": vendi(problem.points[kept]),
        "mean_distance": float(nearest.mean()),
        "radius": float(nearest.max()),
    }
    if problem.labels is not None:
        present = shares(problem, kept)
        present = present[present > 0]
        measures["effective_domains"] = float(np.exp(-(present * np.log(present)).sum()))
    return measures


def at_random(problem: Problem) -> dict[str, dict[str, float]]:
    """Mean, lowest and highest of each measure over `DRAWS` subsets drawn at random."""
    random = problem.random("draws for comparison")
    draws = [
        measure(problem, random.permutation(problem.size)[: problem.number]) for _ in range(DRAWS)
    ]
    columns = {name: np.array([draw[name] for draw in draws]) for name in draws[0]}
    return {
        name: {
            "mean": float(values.mean()),
            "low": float(values.min()),
            "high": float(values.max()),
        }
        for name, values in columns.items()
    }


def shares(problem: Problem, kept: np.ndarray) -> np.ndarray:
    """The share of each domain among the kept rows."""
    assert problem.labels is not None and problem.domains is not None
    return np.bincount(problem.labels[kept], minlength=problem.domains) / len(kept)


def vendi(rows: np.ndarray) -> float:
    """The Vendi score by cosine: of the smaller of both products, whose eigenvalues are shared."""
    units = unit_rows(rows.astype(np.float64))
    number, dimension = units.shape
    if dimension < number:
        # The score divides by the matrix's size, which is to be the number of rows.
        return float(vendi_score_from_matrix(units.T @ units * (dimension / number)))
    return float(vendi_score_from_matrix(units @ units.T))


def nearest_distances(problem: Problem, kept: np.ndarray) -> np.ndarray:
    """Of the measured points, the distance to the nearest kept one; in blocks, no n x n array."""
    seen = problem.random("measured").permutation(problem.size)[:MEASURED]
    is_kept = np.zeros(problem.size, bool)
    is_kept[kept] = True
    seen = seen[~is_kept[seen]]
    middle, unit = problem.frame
    squares = np.full(len(seen), np.inf)
    for first in range(0, len(kept), BLOCK):
        served = problem.points[kept[first : first + BLOCK]].astype(np.float64) / unit - middle
        for start in range(0, len(seen), BLOCK):
            part = slice(start, start + BLOCK)
            rows = problem.points[seen[part]].astype(np.float64) / unit - middle
            squares[part] = np.minimum(squares[part], _least_squares(rows, served))
    zeros = np.zeros(min(MEASURED, problem.size) - len(seen))
    return np.concatenate([unit * np.sqrt(squares), zeros])


def _least_squares(rows: np.ndarray, served: np.ndarray) -> np.ndarray:
    """Squared distances to the nearest of `served`: products, and differences where these fail."""
    from scipy.spatial.distance import cdist

    own, lengths = (rows**2).sum(axis=1), (served**2).sum(axis=1)
    least = (own[:, None] + lengths - 2 * (rows @ served.T)).min(axis=1)
    near = np.flatnonzero(least < LEAST * (own + lengths.max()))
    if near.size:
        least[near] = cdist(rows[near], served, "sqeuclidean").min(axis=1)
    return least
