"""Conditional anomaly scores by scikit-learn's classifiers, fitted to one table, for another.

    discriminant  log odds of the other classes against the own one, Gaussian classes
    machine       minus the decision for the own class, of a support vector machine
    one_class     minus the decision of a one-class machine of the own class

Larger is more unusual. Each is fitted to `points` and `labels`, and judges `new_points` with
`new_labels`, or without them the rows that it was fitted to.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from diversity_jax import validate, vectors
from diversity_jax.graph_learning import classes as _classes
from diversity_jax.graph_learning import inputs


def discriminant(
    points: npt.ArrayLike,
    labels: npt.ArrayLike,
    new_points: npt.ArrayLike | None = None,
    new_labels: npt.ArrayLike | None = None,
    *,
    shrinkage: float = 0.0,
) -> np.ndarray:
    """Quadratic discriminant analysis: ``log P(other classes | x) - log P(own class | x)``.

    Log odds instead of probabilities, of which many would be 0 or 1. Covariances are mixed with
    `shrinkage` of the columns' variances.

    Shapes: points `[n, d]`, labels `[n]`, new ones `[m, d]` and `[m]`; the result `[m]`.
    Errors: ValueError for a class with a singular covariance, a shrinkage outside [0, 1], points
    that are not finite, a new label of no class, and as `classes.encode`.
    Source: 2605.03495, section 6.2.3.
    """
    from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis

    if not 0 <= shrinkage <= 1:
        raise validate.fail("shrinkage", shrinkage, "a number from 0 to 1", "pass e.g. 0.01")
    rows, place, asked, own, order = _tables(points, labels, new_points, new_labels)
    for k, name in enumerate(order):
        _check_spread(rows[place == k], name, shrinkage)
    # scikit-learn's squares lose digits far from the origin, its tolerance is not one of scale.
    spread = vectors.deviations(rows)
    rows, asked = _seen_from(rows, asked, np.where(spread > 0, spread, 1))
    fitted = QuadraticDiscriminantAnalysis(reg_param=shrinkage, tol=0.0).fit(rows, place)
    logs = np.asarray(fitted.decision_function(asked))
    if logs.ndim == 1:
        return np.where(own == 1, -logs, logs)
    mine = logs[np.arange(len(own)), own]
    logs[np.arange(len(own)), own] = -np.inf
    return np.logaddexp.reduce(logs, axis=1) - mine


def machine(
    points: npt.ArrayLike,
    labels: npt.ArrayLike,
    new_points: npt.ArrayLike | None = None,
    new_labels: npt.ArrayLike | None = None,
    *,
    bandwidth: float,
    cost: float = 1.0,
) -> np.ndarray:
    """A support vector machine with a Gaussian kernel: minus its decision for the own class.

    Of more than two classes, the own one against the rest. `cost` is scikit-learn's C.

    Shapes: those of `discriminant`.
    Errors: ValueError for a bandwidth or cost not above zero, and as `discriminant`.
    Source: 2605.03495, section 6.2.3.
    """
    from sklearn.svm import SVC

    validate.positive("cost", cost)
    rows, place, asked, own, order = _tables(points, labels, new_points, new_labels)
    rows, asked = _seen_from(rows, asked, _width(bandwidth))
    options: dict[str, Any] = {"gamma": 0.5}
    scores = np.zeros(len(asked))
    for k in range(len(order)) if len(order) > 2 else (1,):
        found = SVC(C=cost, **options).fit(rows, place == k).decision_function(asked)
        if len(order) == 2:
            return np.where(own == 1, -found, found)
        scores[own == k] = -found[own == k]
    return scores


def one_class(
    points: npt.ArrayLike,
    labels: npt.ArrayLike,
    new_points: npt.ArrayLike | None = None,
    new_labels: npt.ArrayLike | None = None,
    *,
    bandwidth: float,
    share: float = 0.1,
) -> np.ndarray:
    """A one-class machine for each class, which sees no other: minus the own one's decision.

    So it takes the fringe of a class for unusual. `share` is scikit-learn's nu: about that part of
    a class lies outside.

    Shapes: those of `discriminant`.
    Errors: ValueError for a share outside (0, 1], a bandwidth not above zero, and as
    `discriminant`.
    Source: 2605.03495, section 6.2.3.
    """
    from sklearn.svm import OneClassSVM

    if not 0 < share <= 1:
        raise validate.fail("share", share, "a number in (0, 1]", "pass e.g. 0.1")
    rows, place, asked, own, order = _tables(points, labels, new_points, new_labels)
    rows, asked = _seen_from(rows, asked, _width(bandwidth))
    options: dict[str, Any] = {"gamma": 0.5}
    scores = np.zeros(len(asked))
    for k in range(len(order)):
        mine = own == k
        if mine.any():
            fitted = OneClassSVM(nu=share, **options).fit(rows[place == k])
            scores[mine] = -fitted.decision_function(asked[mine])
    return scores


Tables = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def _tables(points: Any, labels: Any, new_points: Any, new_labels: Any) -> Tables:
    """Rows and places of their classes, those that are judged, and the classes."""
    rows = _rows("points", points)
    validate.shape("labels", labels, (len(rows),), "give every point its label")
    columns, order = _classes.encode(labels, np.ones(len(rows), bool))
    place = columns.argmax(1)
    if (new_points is None) != (new_labels is None):
        missing = "new_labels" if new_labels is None else "new_points"
        raise validate.fail(missing, "none", "new points and their labels", "pass both or neither")
    if new_points is None:
        return rows, place, rows, place, order
    asked = _rows("new_points", new_points)
    validate.shape("new_points", asked, (None, rows.shape[1]), "give the columns of points")
    validate.shape("new_labels", new_labels, (len(asked),), "give every new point its label")
    given = inputs.names_of(new_labels, np.ones(len(asked), bool)).tolist()
    places = {name: at for at, name in enumerate(order.tolist())}
    strange = [row for row, name in enumerate(given) if name not in places]
    if strange:
        got, fix = f"{given[strange[0]]!r} at row {strange[0]}", "leave it out"
        raise validate.fail("new_labels", got, f"one of {order.tolist()}", fix)
    return rows, place, asked, np.array([places[name] for name in given], int), order


def _rows(name: str, points: Any) -> np.ndarray:
    if validate.concrete(points) is None:
        raise validate.fail(name, "traced values", "concrete ones", "call this outside jit")
    rows = np.asarray(points, np.float64)
    validate.shape(name, rows, (None, None), "give one point per row")
    validate.finite(name, rows)
    return rows


def _check_spread(rows: np.ndarray, name: Any, shrinkage: float) -> None:
    """Refuse a class that fills no volume, of which scikit-learn may only warn."""
    if shrinkage > 0 and len(rows) > 1:
        return
    rank = np.linalg.matrix_rank(rows - rows.mean(0))
    if rank < rows.shape[1]:
        got = f"{len(rows)} rows of class {name.item()!r} in {rank} of {rows.shape[1]} directions"
        fix = "drop columns that follow from others, or pass a shrinkage above 0"
        raise validate.fail("points", got, "a spread in every direction in each class", fix)


def _seen_from(rows: np.ndarray, asked: np.ndarray, unit: Any) -> tuple[np.ndarray, np.ndarray]:
    """Both tables from the middle of the first, in this unit."""
    middle = rows.mean(0)
    return (rows - middle) / unit, (asked - middle) / unit


def _width(bandwidth: float) -> float:
    validate.shape("bandwidth", bandwidth, (), "pass one number")
    validate.positive("bandwidth", bandwidth)
    validate.finite("bandwidth", bandwidth)
    return float(bandwidth)
