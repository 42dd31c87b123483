"""The whole problem, and a partition of its points with all that is made of it (host, numpy)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from diversity_jax.convex_clustering import levels, newton
from diversity_jax.convex_clustering.flows import Within, within
from diversity_jax.convex_clustering.levels import returned
from diversity_jax.convex_clustering.problem import Norm
from diversity_jax.convex_clustering.projections import lengths


class Whole(NamedTuple):
    """The whole problem, centred and of a scale near one."""

    points: np.ndarray  # [n, d]
    edges: np.ndarray  # [m, 2]
    weights: np.ndarray  # [m]
    steps: np.ndarray  # [m] 1 / (d_i + d_j)


class Target(NamedTuple):
    """What is asked for at one gamma."""

    gamma: float
    norm: Norm
    limit: float
    iterations: int


@dataclass
class Grouped:
    """A partition: the problem between its groups, and what is made of it when it is needed."""

    problem: Whole
    at: levels.Level

    @cached_property
    def own(self) -> Within:
        """What is needed for flows within groups."""
        inside = np.flatnonzero(~self.at.crossing)
        return within(self.problem.edges, self.problem.weights, self.at.labels, inside)

    @cached_property
    def band(self) -> newton.Banded:
        """Where entries of Newton's matrix lie."""
        return newton.banded(self.at)


def whole(points: np.ndarray, edges: np.ndarray, weights: np.ndarray) -> Whole:
    """The problem with its steps."""
    degrees = np.bincount(edges.ravel(), minlength=len(points))
    return Whole(points, edges, weights, 1 / (degrees[edges[:, 0]] + degrees[edges[:, 1]]))


def grouped(problem: Whole, labels: np.ndarray) -> Grouped:
    """The partition that `labels` name, 0 to k - 1."""
    return Grouped(problem, levels.level(problem.points, problem.edges, problem.weights, labels))


def gap_at(
    problem: Whole, flows: np.ndarray, radii: np.ndarray, rows: np.ndarray, norm: Norm
) -> float:
    """Objective at `rows` minus bound at `flows`, summed by edges (see `fusion`)."""
    apart = levels.apart(rows, problem.edges)
    given = problem.points - returned(flows, problem.edges, len(problem.points))
    terms = radii * lengths(apart, norm) - np.sum(flows * apart, axis=1)
    return float(np.sum(terms) + np.sum((rows - given) ** 2) / 2)
