"""Rows that are no anomalies though methods take them for some: isolated ones, and on the fringe.

    isolated  hardly joined to any other row: a small degree
    fringe    at the edge of its class: joined, but to rows that are joined better than itself

Both are read from degrees ``d_i = sum_j w_ij`` in comparison with those of other rows, so they have
no unit. A tiny far group is isolated and has no fringe; a row inside its class is neither.
"""

from __future__ import annotations

import jax
import numpy as np
import numpy.typing as npt
from jaxtyping import Array, Float

from diversity_jax import validate
from diversity_jax.graph_learning import classes as _classes
from diversity_jax.graph_learning import host, inputs
from diversity_jax.graph_learning.problem import Known, count, known


def isolation(affinity: object) -> Float[Array, " n"]:
    """``m / (m + d_i)``, m the median of the degrees above 0: 1 without an edge, 1/2 at the median.

    Errors: those of `problem.known`, and ValueError for traced values.
    Cost: one product of the affinity with a vector.
    Source: derived; 2605.03495 has the names.
    """
    given = _seen(affinity)
    degrees = host.product(given, host.matrix(given))(np.ones((count(given), 1)))[:, 0]
    there = degrees > 0
    if not there.any():
        return jax.device_put(np.ones(len(degrees)))
    middle = np.median(degrees[there])
    return jax.device_put(middle / (middle + degrees))


def fringe(affinity: object, labels: npt.ArrayLike) -> Float[Array, " n"]:
    """``1 - d_i / e_i`` within each class, e_i the mean degree of the row's neighbours by weight.

    With weights to the own class alone, ``e_i = sum_j w_ij d_j / d_i``. Near 1 for a row that hangs
    on a dense class by faint edges, 0 in a group whose rows are all joined alike, below 0 where a
    row is joined better than its neighbours. Without an edge in its class a row is isolated: 0.

    Shapes: labels `[n]` of any type that sorts.
    Errors: ValueError as `classes.encode`, one class excepted; for traced values.
    Cost: two products of the affinity with a column per class.
    Source: derived.
    """
    given = _seen(affinity)
    nodes = count(given)
    if validate.concrete(labels) is None:
        raise validate.fail("labels", "traced values", "concrete ones", "call this outside jit")
    validate.shape("labels", labels, (nodes,), "give every row one label")
    names = inputs.names_of(labels, np.ones(nodes, bool))
    if len(set(names.tolist())) == 1:
        columns = np.ones((nodes, 1))
    else:
        columns = np.asarray(_classes.encode(names, np.ones(nodes, bool))[0], np.float64)
    times = host.product(given, host.matrix(given))
    degrees = (columns * times(columns)).sum(1)
    around = (columns * times(columns * degrees[:, None])).sum(1)
    there = degrees > 0
    mean = around / np.where(there, degrees, 1)
    ratio = np.where(there, degrees / np.where(mean > 0, mean, 1), 1)
    return jax.device_put(1 - ratio)


def _seen(affinity: object) -> Known:
    given = known(affinity)
    if not validate.seen(given):
        raise validate.fail("affinity", "traced values", "concrete ones", "call this outside jit")
    return given
