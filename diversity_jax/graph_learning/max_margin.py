"""Max-margin graph cuts and what they are compared with: classifiers of points from few labels.

    graph cut   a support vector machine fitted to the labels sgn(l) of all nodes where |l| is at
                least a threshold, l the hard harmonic solution (2605.03495, equation 3.7):
                minimises ``sum hinge + penalty |f|^2``
    supervised  the same on the labelled nodes alone
    manifold    linear: minimises ``sum (hinge or squares) + penalty |w|^2 + smoothness w'X'LX w``

As the regularisation of l grows, |l| falls below the threshold everywhere but at labels, and the
graph cut becomes the supervised machine. Where X'LX is a multiple s of the identity the manifold
penalty is ``(penalty + smoothness s) |w|^2``: it turns no separator, whatever its strength, while
graph cuts do.

Several classes are told apart one against the rest, each with its own l for labels of -1 and 1.
Machines are scikit-learn's, with ``C = 1 / (2 penalty)``.
"""

from __future__ import annotations

import warnings
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import scipy.linalg
from jaxtyping import ScalarLike

from diversity_jax import validate
from diversity_jax.graph_learning import classes as _classes
from diversity_jax.graph_learning import harmonic, host, inputs
from diversity_jax.graph_learning.problem import count, known
from diversity_jax.neighbours import unit_near
from diversity_jax.records import Record

Kernel = Literal["linear", "gaussian"]
KERNELS = ("linear", "gaussian")
Loss = Literal["hinge", "squares"]
LOSSES = ("hinge", "squares")
THRESHOLD = 1e-6  # the thesis's, in its experiments
LEAST_STEPS = 1_000_000  # of a machine's solver, before it is given up


class Classifier(Record):
    """Decision functions of points, one per class (of two classes one, for the second).

    `classes` in ascending order; `used` `[n, k]` says which nodes each was fitted to.
    """

    classes: np.ndarray
    used: np.ndarray
    machines: tuple

    def decisions(self, points: npt.ArrayLike) -> np.ndarray:
        """Values above zero speak for a class `[n, k]`, for the second of two `[n, 1]`."""
        rows = np.asarray(points, float)
        validate.shape("points", rows, (None, None), "give one point per row")
        validate.finite("points", rows)
        return np.stack([machine(rows) for machine in self.machines], axis=1)

    def predict(self, points: npt.ArrayLike) -> np.ndarray:
        """The class of the largest decision `[n]`, the first where several are."""
        values = self.decisions(points)
        if len(self.classes) == 2:
            return self.classes[(values[:, 0] > 0).astype(int)]
        return self.classes[values.argmax(1)]


def graph_cut(
    points: npt.ArrayLike,
    affinity: object,
    labels: npt.ArrayLike,
    labelled: npt.ArrayLike,
    *,
    regularisation: ScalarLike,
    penalty: float,
    kernel: Kernel = "linear",
    bandwidth: float | None = None,
    threshold: float = THRESHOLD,
) -> Classifier:
    """The max-margin graph cut: a machine fitted to what the harmonic solution is sure of.

    Labelled nodes keep their own labels. A Gaussian kernel has a `bandwidth`.

    Shapes: points `[n, d]`, labels `[n]` of any type that sorts, labelled `[n]` booleans.
    Errors: ValueError for a threshold outside [0, 1), a penalty or bandwidth not above zero, one
    side of a class without a node that is sure, a solve or a machine that did not converge (it is
    named), and as `classes.encode` and `harmonic.hard`.
    Cost: one harmonic solve and a machine on up to n points: n^2 to n^3 of those that are used.
    Source: 2605.03495, section 3.3.
    """
    if not 0 <= threshold < 1:
        raise validate.fail("threshold", threshold, "a number in [0, 1)", "pass e.g. 1e-6")
    rows, signs, order = _problem(points, labels, labelled)
    found = harmonic.solve_hard(affinity, signs, labelled, regularisation=regularisation)
    if not np.asarray(found.converged).all():
        got = f"a residual of {np.asarray(found.residual).max():.2g}"
        fix = "raise it, or join what hangs together by tiny weights only"
        raise validate.fail("regularisation", got, "a harmonic solve that converges", fix)
    values = np.asarray(found.values)
    used = (np.abs(values) >= threshold) & (values != 0)
    return _fitted(rows, np.sign(values), used, order, penalty, kernel, bandwidth)


def supervised(
    points: npt.ArrayLike,
    labels: npt.ArrayLike,
    labelled: npt.ArrayLike,
    *,
    penalty: float,
    kernel: Kernel = "linear",
    bandwidth: float | None = None,
) -> Classifier:
    """The machine on the labelled nodes alone.

    Errors: those of `graph_cut`.
    """
    rows, signs, order = _problem(points, labels, labelled)
    return _fitted(rows, signs, signs != 0, order, penalty, kernel, bandwidth)


def manifold(
    points: npt.ArrayLike,
    affinity: object,
    labels: npt.ArrayLike,
    labelled: npt.ArrayLike,
    *,
    penalty: float,
    smoothness: float,
    loss: Loss = "hinge",
) -> Classifier:
    """The linear manifold-regularised machine, or least squares; its offset is not penalised.

    With ``A = penalty + smoothness X'LX`` and ``u = A^(1/2) w`` it is an ordinary machine, with
    penalty ``|u|^2``, of the points ``A^(-1/2) x``.

    Errors: those of `graph_cut`, and ValueError for an unknown loss.
    Cost: d^3 and one product with the Laplacian.
    Source: Belkin, Niyogi and Sindhwani 2006, the linear case; 2605.03495, section 5.2.1.
    """
    validate.choice("loss", loss, LOSSES)
    validate.positive("penalty", penalty)
    validate.nonnegative("smoothness", smoothness)
    rows, signs, order = _problem(points, labels, labelled)
    given = known(affinity)
    if count(given) != len(rows):
        got = f"{count(given)} nodes for {len(rows)} points"
        raise validate.fail("affinity", got, "one node per point", "build it of these points")
    times = host.product(given, host.matrix(given))
    # Centred first: the Laplacian does not see the mean, its rounding does.
    apart = rows - rows.mean(0)
    degrees = times(np.ones((len(rows), 1)))
    form = apart.T @ (degrees * apart - times(apart))
    metric = penalty * np.eye(rows.shape[1]) + smoothness * (form + form.T) / 2
    sizes, turn = scipy.linalg.eigh(metric)
    half = turn / np.sqrt(np.maximum(sizes, penalty)) @ turn.T
    if loss == "hinge":
        fitted = _fitted(rows @ half, signs, signs != 0, order, 1.0, "linear", None)
        machines = tuple(_after(half, machine) for machine in fitted.machines)
        return Classifier(order, fitted.used, machines)
    used = signs != 0
    machines = tuple(
        _ridge(rows[used[:, k]], signs[used[:, k], k], metric) for k in range(signs.shape[1])
    )
    return Classifier(order, used, machines)


def label_propagation(
    affinity: object, labels: npt.ArrayLike, labelled: npt.ArrayLike, *, steps: int
) -> np.ndarray:
    """Columns after some steps of ``f <- D^-1 W f`` with labelled nodes set back each time.

    Converges to `harmonic.hard` at regularisation 0, slowly: what is left after each step shrinks
    by the largest eigenvalue of the walk between unlabelled nodes. Starts from zeros.

    Shapes: labels `[n]` or `[n, k]`, from -1 to 1; the result has their shape.
    Errors: those of `harmonic.hard`.
    Source: Zhu and Ghahramani 2002.
    """
    validate.integer("steps", steps, "take some hundreds", least=0)
    given = known(affinity)
    nodes = count(given)
    held = np.asarray(inputs.mask(labelled, nodes))[:, None]
    columns = inputs.columns(labels, nodes)
    start = np.asarray(inputs.used_labels(columns, held[:, 0])[0], np.float64)
    times = host.product(given, host.matrix(given))
    degrees = times(np.ones((nodes, 1)))
    degrees = np.where(degrees > 0, degrees, 1)
    values = start
    for _ in range(steps):
        values = np.where(held, start, times(values) / degrees)
    return values if np.ndim(labels) == 2 else values[:, 0]


def _problem(
    points: npt.ArrayLike, labels: npt.ArrayLike, labelled: npt.ArrayLike
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Points, labels of -1, 0 and 1 with a column per class (of two, one), and the classes."""
    rows = np.asarray(points, float)
    validate.shape("points", rows, (len(np.asarray(labels)), None), "give every label its point")
    validate.finite("points", rows)
    columns, order = _classes.encode(labels, labelled)
    signs = 2 * np.asarray(columns) - columns.sum(1, keepdims=True)
    return rows, signs[:, 1:] if len(order) == 2 else signs, order


def _fitted(
    rows: np.ndarray,
    signs: np.ndarray,
    used: np.ndarray,
    order: np.ndarray,
    penalty: float,
    kernel: str,
    bandwidth: float | None,
) -> Classifier:
    validate.choice("kernel", kernel, KERNELS)
    validate.positive("penalty", penalty)
    options: dict[str, Any] = {"kernel": "linear"}
    unit = 1.0
    if kernel == "gaussian":
        if bandwidth is None:
            fix = "pass e.g. affinity.deviation_bandwidth(points)"
            raise validate.fail("bandwidth", "none", "a number for a Gaussian kernel", fix)
        validate.positive("bandwidth", bandwidth)
        unit = unit_near(float(bandwidth), np.float64)
        options = {"kernel": "rbf", "gamma": 1 / (2 * (float(bandwidth) / unit) ** 2)}
    from sklearn.svm import SVC

    machines = []
    for k in range(signs.shape[1]):
        chosen = used[:, k]
        sides = np.unique(signs[chosen, k])
        if len(sides) < 2:
            got = f"no node that is sure on one side of class {order[min(k, len(order) - 1)]!r}"
            fix = "lower the threshold, or label both sides"
            raise validate.fail("threshold", got, "nodes on both sides", fix)
        # A free offset makes the machine blind to a shift; its solver is not: far out it is wrong
        # or never ends.
        middle = rows[chosen].mean(0)
        most = max(LEAST_STEPS, 100 * int(chosen.sum()))
        machine = SVC(C=1 / (2 * penalty), max_iter=most, **options)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # said below
            machine.fit((rows[chosen] - middle) / unit, signs[chosen, k])
        if machine.fit_status_:
            got = f"{penalty}: no machine after {most} steps"
            fix = "raise it, or bring the points to a smaller scale"
            raise validate.fail("penalty", got, "one at which the machine converges", fix)
        machines.append(_from(middle, unit, machine.decision_function))
    return Classifier(order, used, tuple(machines))


def _from(middle: np.ndarray, unit: float, machine: Any) -> Any:
    return lambda rows: machine((rows - middle) / unit)


def _after(half: np.ndarray, machine: Any) -> Any:
    return lambda rows: machine(rows @ half)


def _ridge(rows: np.ndarray, signs: np.ndarray, metric: np.ndarray) -> Any:
    """Least squares with the penalty ``w' metric w`` and a free offset."""
    middle, level = rows.mean(0), signs.mean()
    apart = rows - middle
    weights = np.linalg.solve(apart.T @ apart + metric, apart.T @ (signs - level))
    return lambda points: (points - middle) @ weights + level
