"""Elastic-joint quantisation: centroids that are drawn apart where their labels differ.

Two steps in turn, over m labelled points, which stay, and k centroids:

    labels      the soft harmonic solution l of the m + k nodes
    centroids   with K_j the points nearest to j, a_ij = (l_i - l_j)^2 / ((m + k)^2 bandwidth^2):
                sum_i a_ij c_i + c_j (2 s |K_j| / n - sum_i a_ij) = (2 s / n) sum_{K_j} x

The second is where the gradient by the free centroids vanishes of

    J(c) = (s / n) sum_j sum_{K_j} |x - c_j|^2 - 1/2 sum_{i < j} a_ij |c_i - c_j|^2,

the distortion at strength s and the harmonic energy with the weights of its kernel to first order,
``1 - |c_i - c_j|^2 / (2 bandwidth^2)``, each pair once. J has a minimum there only if its Hessian,
2 s |K_j| / n - sum_i a_ij on the diagonal and a_ij elsewhere, has no eigenvalue at or below zero;
otherwise it falls without end, as it does by a centroid without points. That is said (`minimiser`),
and `fit` stops there.

These pairs are all pairs of nodes, as in the thesis, whose graph of the labels' step joins each
node to its nearest alone: an edge or none, two nodes of different labels are drawn apart. Nor are
the weights of that step those to first order. So the two steps share no objective: neither a fall
nor convergence is promised, and both are reported.

Any scale will do: all is in units of a power of two near the bandwidth where squares could vanish
or overflow.
"""

from __future__ import annotations

import jax
import numpy as np
import numpy.typing as npt
from jaxtyping import Array, Float, Int
from scipy.spatial.distance import cdist

from diversity_jax import validate, vectors
from diversity_jax.graph_learning import affinity, harmonic
from diversity_jax.neighbours import unit_near
from diversity_jax.records import Record

MOST = 1e100  # of one scale to another, whose squares are finite


class Moved(Record):
    """Where the gradient vanishes, the least eigenvalue there, and whether that is a minimum."""

    centroids: Float[Array, "nodes d"]
    least_eigenvalue: Float[Array, ""]
    minimiser: bool


class Fitted(Record):
    """The last centroids, labels and groups of points, and the course of the alternation.

    The labelled points come first among the nodes. `objectives` are J before and after each move of
    the centroids `[steps, 2]`, `moves` the largest way that one went in units of the bandwidth.
    """

    centroids: Float[Array, "nodes d"]
    labels: Float[Array, " nodes"]
    groups: Int[Array, " n"]
    objectives: Float[Array, "steps 2"]
    moves: Float[Array, " steps"]
    minimiser: bool
    converged: bool


def objective(
    centroids: npt.ArrayLike,
    labels: npt.ArrayLike,
    points: npt.ArrayLike,
    groups: npt.ArrayLike,
    *,
    bandwidth: float,
    strength: float,
) -> float:
    """J of the module's docstring.

    Shapes: centroids `[nodes, d]`, labels `[nodes]`, points `[n, d]`, groups `[n]` places of nodes.
    Errors: ValueError for other shapes, values that are not finite, groups that are no places,
    a bandwidth or strength that is not above zero.
    """
    nodes, values, rows, place = _checked(centroids, labels, points, groups, bandwidth, strength)
    unit = unit_near(bandwidth, float)
    nodes, rows = nodes / unit, rows / unit
    apart = _pulls(values, bandwidth / unit)
    distortion = ((rows - nodes[place]) ** 2).sum() / len(rows)
    with np.errstate(over="ignore", under="ignore"):
        distortion = distortion * unit * strength * unit
    return float(distortion - (apart * cdist(nodes, nodes) ** 2).sum() / 4)


def move(
    centroids: npt.ArrayLike,
    labels: npt.ArrayLike,
    points: npt.ArrayLike,
    groups: npt.ArrayLike,
    fixed: npt.ArrayLike,
    *,
    bandwidth: float,
    strength: float,
) -> Moved:
    """The centroids that are not `fixed` where the gradient of J vanishes.

    All are NaN where the equations are singular.

    Shapes: fixed `[nodes]` booleans, not all true; the others those of `objective`.
    Errors: those of `objective`.
    Cost: k^3.
    Source: 2605.03495, equation 3.12; that it need not be a minimum, derived.
    """
    nodes, values, rows, place = _checked(centroids, labels, points, groups, bandwidth, strength)
    validate.shape("fixed", fixed, (len(nodes),), "give every node one truth")
    held = np.asarray(fixed)
    if held.dtype.kind != "b" or held.all():
        got = f"{int(held.sum())} of {len(held)}, of type {held.dtype}"
        raise validate.fail("fixed", got, "booleans, some of them false", "leave some to move")
    free = ~held
    unit = unit_near(bandwidth, float)
    nodes, rows = nodes / unit, rows / unit
    if unit != 1:
        with np.errstate(over="ignore", under="ignore"):
            # Beyond these the other term of the equations is nothing to rounding.
            strength = float(np.clip(np.float64(strength) * unit * unit, 1 / MOST, MOST))
    # From the middle: the equations do not see a shift, their rounding does.
    middle = rows.mean(0)
    apart = _pulls(values, bandwidth / unit)
    many = np.bincount(place, minlength=len(nodes))
    sums = np.zeros_like(nodes)
    np.add.at(sums, place, rows - middle)
    diagonal = 2 * strength * many / len(rows) - apart.sum(1)
    matrix = apart[np.ix_(free, free)] + np.diag(diagonal[free])
    right = 2 * strength / len(rows) * sums[free]
    right = right - apart[np.ix_(free, held)] @ (nodes[held] - middle)
    sizes, turns = np.linalg.eigh(matrix)
    with np.errstate(divide="ignore", invalid="ignore"):
        found = turns @ ((turns.T @ right) / sizes[:, None])
    rounding = 8 * len(sizes) * np.finfo(float).eps * np.abs(sizes).max()
    if np.abs(sizes).min() <= rounding:
        found = np.full_like(found, np.nan)
    after = nodes.copy()
    after[free] = found + middle
    with np.errstate(over="ignore", under="ignore"):
        least = sizes[0] / unit / unit
    return Moved(jax.device_put(after * unit), jax.device_put(least), bool(sizes[0] > rounding))


def fit(
    points: npt.ArrayLike,
    labelled: npt.ArrayLike,
    labels: npt.ArrayLike,
    start: npt.ArrayLike,
    *,
    bandwidth: float,
    regularisation: float = 1e-6,
    strength: float = 1e5,
    confidence: float = 10.0,
    unlabelled_confidence: float = 0.1,
    neighbours: int | None = 3,
    steps: int = 20,
) -> Fitted:
    """Both steps in turn from the centroids `start`, until nothing moves by a millionth.

    The defaults are the papers'. `neighbours` None joins all nodes. Points go to the nearest node,
    and have its label. Where the centroids' equations have no minimum, the centroids stay as they
    were, and it ends.

    Shapes: points `[n, d]`, labelled `[m, d]`, labels `[m]` from -1 to 1, start `[k, d]`.
    Errors: those of `objective`, `affinity.nearest` and `harmonic.soft`.
    Source: 2605.03495, section 3.4; the stopping derived.
    """
    rows = _rows("points", points)
    known, first = (
        _rows(name, given, rows.shape[1])
        for name, given in (("labelled", labelled), ("start", start))
    )
    validate.shape("labels", labels, (len(known),), "give every labelled point one")
    validate.integer("steps", steps, "take some 20", least=1)
    nodes = np.concatenate([known, first])
    held = np.arange(len(nodes)) < len(known)
    given = np.concatenate([np.asarray(labels, float), np.zeros(len(first))])
    pull = np.where(held, confidence, unlabelled_confidence)
    course, moves, fine = [], [], True
    options = {"bandwidth": bandwidth, "strength": strength}
    _check_reach(np.concatenate([rows, nodes]), bandwidth)
    unit = unit_near(bandwidth, float)

    def solved(nodes: np.ndarray) -> np.ndarray:
        graph: object = affinity.gaussian(nodes, bandwidth=bandwidth)
        if neighbours is not None:
            graph = affinity.nearest(nodes, neighbours=neighbours, bandwidth=bandwidth)
        return np.asarray(harmonic.soft(graph, given, pull, regularisation=regularisation))

    for _ in range(steps):
        values, place = solved(nodes), cdist(rows / unit, nodes / unit).argmin(1)
        step = move(nodes, values, rows, place, held, **options)
        fine = step.minimiser
        if not fine:
            break
        after = np.asarray(step.centroids)
        course.append([objective(x, values, rows, place, **options) for x in (nodes, after)])
        moves.append(np.linalg.norm((after - nodes) / unit, axis=1).max() / (bandwidth / unit))
        nodes = after
        if moves[-1] < 1e-6:
            break
    return Fitted(
        centroids=jax.device_put(nodes),
        labels=jax.device_put(solved(nodes)),
        groups=jax.device_put(cdist(rows / unit, nodes / unit).argmin(1)),
        objectives=jax.device_put(np.array(course).reshape(-1, 2)),
        moves=jax.device_put(np.array(moves)),
        minimiser=fine,
        converged=bool(fine and moves and moves[-1] < 1e-6),
    )


def _pulls(values: np.ndarray, bandwidth: float) -> np.ndarray:
    return ((values[:, None] - values[None]) / (len(values) * bandwidth)) ** 2


def _check_reach(rows: np.ndarray, bandwidth: float) -> None:
    """Refuse points whose distances no unit fits that fits the bandwidth."""
    validate.positive("bandwidth", bandwidth)
    validate.finite("bandwidth", bandwidth)
    with np.errstate(over="ignore"):
        reach = (rows.max(0) / 2 - rows.min(0) / 2).max() / np.float64(bandwidth)
    if reach > 0 and not 1 / MOST <= reach <= MOST:
        got = f"{bandwidth:g}, with points that reach over {2 * reach:.1g} of it"
        fix = "pass e.g. affinity.deviation_bandwidth(points)"
        raise validate.fail("bandwidth", got, "one of the scale of the points", fix)


def _rows(name: str, given: npt.ArrayLike, columns: int | None = None) -> np.ndarray:
    return np.asarray(vectors.rows(name, np.asarray(given), columns=columns), float)


def _checked(
    centroids: npt.ArrayLike,
    labels: npt.ArrayLike,
    points: npt.ArrayLike,
    groups: npt.ArrayLike,
    bandwidth: float,
    strength: float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    rows = _rows("points", points)
    nodes = _rows("centroids", centroids, rows.shape[1])
    validate.shape("labels", labels, (len(nodes),), "give every node one")
    validate.finite("labels", labels)
    validate.shape("groups", groups, (len(rows),), "give every point the place of a node")
    place = np.asarray(groups)
    if place.dtype.kind not in "iu" or (place < 0).any() or (place >= len(nodes)).any():
        got = f"{place.min()} to {place.max()} of type {place.dtype}"
        raise validate.fail("groups", got, f"places from 0 to {len(nodes) - 1}", "number the nodes")
    validate.positive("strength", strength)
    _check_reach(np.concatenate([rows, nodes]), bandwidth)
    return nodes, np.asarray(labels, float), rows, place
