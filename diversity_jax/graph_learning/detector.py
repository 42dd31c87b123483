"""Unusual labels by a detector with `fit`, `decision_function` and `labels_`, as PyOD's have them.

    detector = Detector(contamination=0.03).fit(frame, labels)
    detector.decision_scores_, detector.labels_          # of the rows it was fitted to
    detector.decision_function(others, their_labels)     # of further rows, one by one

A further row is joined to its nearest rows of the table fitted, whose values stay what they are:
with weights w_j and their solution l_j its own is ``(sum w_j l_j + c y) / (sum w_j + g + c)``, so
its score does not depend on which other rows come along, and has the same bounds. A row of the
table itself, given again, has itself among its neighbours, and is no judge of its own label.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from diversity_jax import columns as _columns
from diversity_jax import validate
from diversity_jax.columns import Columns
from diversity_jax.graph_learning import affinity as _affinity
from diversity_jax.graph_learning import encoding as _encoding
from diversity_jax.graph_learning import harmonic, judged, labelling
from diversity_jax.graph_learning.offered import (
    CONFIDENCE,
    LEVELS,
    NEIGHBOURS,
    REGULARISATION,
    SCORES,
)
from diversity_jax.options import Options

OUTVOTED = {"soft": 1.0, "left-out": 1.0, "neighbours": 0.5}  # above it others' labels prevail


class Detector(Options):
    """How unusual the label of each row is; the larger a score, the more unusual.

    `contamination` is the share of rows that `labels_` call unusual (1, others 0): fewer where
    scores tie at the threshold, since only those above it are. With "auto" nothing is assumed of
    it: unusual are rows that are outvoted, those whose solution has the other sign than their label
    (a score above 1; of "neighbours", more than half of them). The rest are the options of
    `tables.detect`; X is an array, a frame or a mapping of columns, y one label per row.

    After `fit`: `decision_scores_` `[n]`, `threshold_`, `labels_` `[n]`, `classes_`, `encoding_`
    (what became of the columns), `judged_` (all scores, and what the graph gives).
    """

    def __init__(
        self,
        *,
        contamination: float | str = 0.1,
        neighbours: int = NEIGHBOURS,
        confidence: float = CONFIDENCE,
        regularisation: float = REGULARISATION,
        score: str = "soft",
        keep: tuple[str, ...] = (),
        categories: tuple[str, ...] = (),
        levels: int = LEVELS,
    ):
        self.contamination = contamination
        self.neighbours = neighbours
        self.confidence = confidence
        self.regularisation = regularisation
        self.score = score
        self.keep = keep
        self.categories = categories
        self.levels = levels

    def fit(self, X: object, y: object) -> Detector:
        """Judge each row's label by the rest.

        Errors: ValueError in one line as of `tables.detect`, for labels of another number than the
        rows, a contamination that is neither "auto" nor in (0, 0.5]; what was fitted before stays.
        """
        validate.choice("score", self.score, tuple(SCORES))
        share = _share(self.contamination)
        rows = _columns.given("X", X)
        labelling.check_enough("X", len(rows.numbers))
        names, places = labelling.classes("y", _labels(y, rows), "labels")
        options = {"keep": self.keep, "categories": self.categories, "levels": self.levels}
        how = _encoding.fit(rows, **options)
        points = how.encode(rows)
        made = judged.graph(points, self.neighbours)
        found = judged.judge(
            made.affinity, places, confidence=self.confidence,
            regularisation=self.regularisation, everywhere=self.score == "left-out",
        )  # fmt: skip
        values = harmonic.soft(
            made.affinity, _signs(places, len(names)), self.confidence,
            regularisation=self.regularisation, tolerance=judged.TOLERANCE,
        )  # fmt: skip
        self.encoding_, self.classes_, self.judged_ = how, np.array(names, object), found
        self._points, self._graph, self._values = points, made, np.asarray(values)
        self._places, self._strengths = places, (float(self.confidence), float(self.regularisation))
        self._width = len(rows.names)
        self._score, self._number = self.score, min(self.neighbours, len(points) - 1)
        self.decision_scores_ = found.by(self.score)
        self.threshold_ = OUTVOTED[self.score]
        if share is not None:
            self.threshold_ = float(np.quantile(self.decision_scores_, 1 - share))
        self.labels_ = (self.decision_scores_ > self.threshold_).astype(int)
        return self

    def decision_function(self, X: object, y: object) -> np.ndarray:
        """Scores of further rows with labels `[m]`, each judged by the rows fitted.

        Errors: ValueError before `fit`, for a label that is no class of the rows fitted, and for
        columns as `Encoding.encode` with strangers, and more columns than were fitted where they
        have no names.
        """
        if not hasattr(self, "decision_scores_"):
            raise validate.fail("detector", "one that is not fitted", "one that is", "call fit")
        rows = _columns.given("X", X)
        named = hasattr(X, "columns") or isinstance(X, Mapping)
        if not named and len(rows.names) > self._width:  # further columns that have names are left
            got, fix = f"{len(rows.names)} columns", "pass the columns that were fitted"
            raise validate.fail("X", got, f"{self._width}", fix)
        known = tuple(self.classes_)
        places = labelling.places("y", _labels(y, rows), known)
        own = _signs(places, len(known))
        near, weights = self._joined(self.encoding_.encode(rows, strangers=True))
        total = weights.sum(1)
        c, g = self._strengths
        if self._score == "neighbours":
            other = (weights * (self._places[near] != places[:, None])).sum(1)
            return other / np.where(total > 0, total, 1)
        held = c if self._score == "soft" else 0.0
        around = np.einsum("ij,ijk->ik", weights, self._values[near])
        values = (around + held * own) / (total + g + held)[:, None]
        return np.abs(values - own)[np.arange(len(own)), places]

    def predict(self, X: object, y: object) -> np.ndarray:
        """1 where a further row's score is above `threshold_`, else 0."""
        return (self.decision_function(X, y) > self.threshold_).astype(int)

    def _joined(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Places of the nearest rows fitted `[m, k]`, ties by a draw, and their weights."""
        order = judged.drawn(len(self._points))
        fitted = self.encoding_.padded(self._points[order])
        number = self._number
        near = np.empty((len(points), number), int)
        far, units = np.empty((len(points), number)), np.ones((len(points), 1))
        for row, point in enumerate(points):
            apart = fitted - point
            # In units of the largest, whose square need not be finite.
            units[row] = np.abs(apart).max() or 1.0
            squares = ((apart / units[row]) ** 2).sum(1)
            last = np.partition(squares, number - 1)[number - 1]
            some = np.flatnonzero(squares <= last)
            chosen = some[np.argsort(squares[some], kind="stable")[:number]]
            near[row], far[row] = order[chosen], np.sqrt(squares[chosen])
        own = units * np.sqrt((far**2).mean(1, keepdims=True))
        far = units * far
        return near, _affinity.tuned(far, own, self._graph.scales[near]) / self._graph.degree


def _share(contamination: float | str) -> float | None:
    """The share of unusual rows, None where it is for the scores to say."""
    if isinstance(contamination, str) and contamination == "auto":
        return None
    share = np.asarray(contamination)
    if share.ndim or share.dtype.kind not in "fiu" or not 0 < share <= 0.5:
        got, fix = repr(contamination), "pass the share of unusual labels, e.g. 0.03"
        raise validate.fail("contamination", got, "a number in (0, 0.5], or 'auto'", fix)
    return float(share)


def _labels(y: object, rows: Columns) -> list[_columns.Cell]:
    """Labels as cells, one for each row."""
    cells = _columns.one("y", y)
    if len(cells) != len(rows.numbers):
        got = f"{len(cells)} labels for {len(rows.numbers)} rows"
        raise validate.fail("y", got, "one label per row", "give each row its own")
    return cells


def _signs(places: np.ndarray, number: int) -> np.ndarray:
    return np.where(places[:, None] == np.arange(number), 1.0, -1.0)
