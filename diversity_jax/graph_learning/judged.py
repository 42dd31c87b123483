"""The rows of a table judged by their neighbours: a graph without units, and three scores on it.

The graph joins each row to its nearest, with weights ``exp(-d_ij^2 / (2 s_i s_j))`` of their own
scales (`Neighbourhood.self_tuned`) divided by the mean degree. So a typical row's neighbours weigh
1 together, as much as its own label does at a confidence of 1, whatever the data's units and
however many neighbours are asked for; regularisation is a share of the mean degree, below which a
row has too few to be judged by.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from diversity_jax import neighbours as _neighbours
from diversity_jax import validate
from diversity_jax.graph_learning import affinity as _affinity
from diversity_jax.graph_learning import anomaly, harmonic, host, leverages
from diversity_jax.graph_learning.offered import LOOKED_AT, WHOLE
from diversity_jax.graph_learning.problem import Affinity

TOLERANCE = 1e-10


class Graph(NamedTuple):
    """Weights between rows, the rows' own scales `[n]`, and what all weights were divided by."""

    affinity: Affinity
    scales: np.ndarray
    degree: float


class Judged(NamedTuple):
    """What the graph says of each row.

    `soft`, `neighbours` `[n]` are scores (`offered.SCORES`). Where a row was looked at without its
    own label (`seen` `[n]`) `left_out` is that score, `given` the class that the graph gives it
    (a place among the classes; -1 where it gives none, or several), and `lowest` and `highest` are
    what the soft score may be there; NaN and -1 elsewhere. `bounds` hold on any graph.
    """

    soft: np.ndarray
    neighbours: np.ndarray
    seen: np.ndarray
    left_out: np.ndarray
    given: np.ndarray
    lowest: np.ndarray
    highest: np.ndarray
    bounds: tuple[float, float]
    converged: bool

    def by(self, score: str) -> np.ndarray:
        """The score of that name `[n]` (`offered.SCORES`)."""
        return {
            "soft": self.soft, "left-out": self.left_out, "neighbours": self.neighbours
        }[score]  # fmt: skip


def graph(points: np.ndarray, neighbours: int) -> Graph:
    """The graph of the module docstring; fewer rows than neighbours are all joined."""
    validate.integer("neighbours", neighbours, "judge each row by some", least=1)
    total = len(points)
    number = min(neighbours, total - 1)
    order = drawn(total)
    near = _affinity.neighbourhood(points[order], neighbours=number)
    edges, squares = order[np.asarray(near.edges)], np.asarray(near.squares, float)
    scales = np.empty(total)
    scales[order] = near.reaches(neighbours=number)
    different, copy, sizes = np.unique(points, axis=0, return_inverse=True, return_counts=True)
    copy = copy.ravel()
    many = sizes > number
    if many.any() and len(different) > 1:
        within = (copy[edges[:, 0]] == copy[edges[:, 1]]) & many[copy[edges[:, 0]]]
        rings = _rings(order, copy, np.flatnonzero(many), number)
        edges = np.concatenate([edges[~within], rings])
        squares = np.concatenate([squares[~within], np.zeros(len(rings))])
        table = _neighbours.Table(different)
        other = _neighbours.nearest(table, 1)[:, 0]
        apart = np.sqrt(table.exactly(np.arange(len(other)), other)) * table.unit
        scales = np.where(many[copy], apart[copy], scales)
    weights = _affinity.tuned(np.sqrt(squares) * near.unit, *scales[edges.T])
    degree = 2 * float(weights.sum()) / total
    return Graph(Affinity(edges, weights / degree, nodes=total), scales, degree)


def drawn(number: int) -> np.ndarray:
    """The order by which ties are broken: any, but the same every time."""
    return np.random.default_rng(number).permutation(number)


def _rings(order: np.ndarray, copy: np.ndarray, many: np.ndarray, number: int) -> np.ndarray:
    """Edges between copies: each to the next `number` of its group, in the drawn order."""
    found = []
    for group in many:
        members = order[copy[order] == group]
        for step in range(1, min(number, (len(members) - 1) // 2) + 1):
            found.append(np.stack([members, np.roll(members, step)], axis=1))
    return np.concatenate(found)


def judge(
    affinity: Affinity,
    classes: np.ndarray,
    *,
    confidence: float,
    regularisation: float,
    everywhere: bool = False,
    top: int = 0,
) -> Judged:
    """All scores of rows whose classes are numbered from 0.

    Up to `WHOLE` rows, or if they are to be `everywhere`, all are looked at without their own
    labels; of more the most unusual by the soft score, `LOOKED_AT` or `top` of them.

    Errors: ValueError for one class, a confidence or regularisation that is not above zero, or so
    small that the solve fails.
    Cost: `anomaly.of_classes` for all rows; else a solve per class and row looked at.
    """
    for name, value in (("confidence", confidence), ("regularisation", regularisation)):
        validate.positive(name, value, "pass e.g. 1, in units of the mean degree")
        validate.finite(name, value)
    columns = (classes[:, None] == np.arange(classes.max() + 1)).astype(float)
    beside = host.product(affinity, host.matrix(affinity))(columns)
    share = anomaly.share_of_others(beside, columns, 0.0)
    if everywhere or len(classes) <= WHOLE:
        made = _whole(affinity, columns, classes, share, confidence, regularisation)
    else:
        most = max(top, LOOKED_AT)
        made = _top(affinity, columns, share, confidence, regularisation, most)
    if not np.isfinite(made.soft).all():
        got, fix = f"{regularisation:g} with confidence {confidence:g}", "raise both, e.g. to 1e-3"
        raise validate.fail("regularisation", got, "a solve that converges", fix)
    return made


def _whole(
    affinity: Affinity,
    columns: np.ndarray,
    classes: np.ndarray,
    share: np.ndarray,
    c: float,
    g: float,
) -> Judged:
    """All rows looked at without their own labels."""
    found = anomaly.of_classes(affinity, classes, confidence=c, regularisation=g)
    support, tied = np.asarray(found.support), np.asarray(found.tied)
    return Judged(
        np.asarray(found.scores),
        share,
        np.ones(len(classes), bool),
        _apart(support, columns),
        np.where(tied, -1, support.argmax(1)),
        np.asarray(found.lowest),
        np.asarray(found.highest),
        (float(found.bounds[0]), float(found.bounds[1])),
        found.converged,
    )


def _top(
    affinity: Affinity, columns: np.ndarray, share: np.ndarray, c: float, g: float, most: int
) -> Judged:
    """Soft scores of all rows, and the most unusual looked at without their own labels."""
    found = harmonic.solve_soft(affinity, columns, c, regularisation=g, tolerance=TOLERANCE)
    soft = _apart(np.asarray(found.values), columns)
    converged = bool(np.asarray(found.converged).all())
    rows = np.argsort(-soft, kind="stable")[:most]
    seen = np.zeros(len(soft), bool)
    seen[rows] = True
    left, low, high = (np.full(len(soft), np.nan) for _ in range(3))
    given = np.full(len(soft), -1)
    for part in _neighbours.in_blocks(len(rows), LOOKED_AT):
        some = rows[part]
        walk = leverages.left_out_of(
            affinity, columns, some, confidence=c, regularisation=g, tolerance=TOLERANCE
        )
        converged = converged and walk.residual == 0
        support, tied = walk.support()
        given[some] = np.where(tied, -1, support.argmax(1))
        left[some] = _apart(support, columns[some])
        low[some], high[some] = walk.lost, walk.highest()
    bounds = g / (c + g), 2 - g / (c + g)
    return Judged(soft, share, seen, left, given, low, high, bounds, converged)


def _apart(chances: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """``|l - 1|`` of each row's class against the rest, from the chances of each class."""
    return 1 + chances.sum(1) - 2 * (chances * columns).sum(1)
