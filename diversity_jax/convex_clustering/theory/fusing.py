"""The smallest gamma that fuses all points, of noise in particular: between two certificates.

All centroids are equal from the gamma on at which a dual point has ``B^T Z = X - mean``: the least
congestion of a flow that carries the points' deviations,

    gamma* = min { max_e |z_e|_q* / w_e : B^T Z = X - mean } = max_V <X - mean, V> / J(V),

J(V) = sum_e w_e |v_i - v_j|_q; the two sides are dual linear or cone programs. Any flow gives an
upper bound and any potentials V a lower one: what is returned is certain whatever the search did.
For q = 1 the columns part, and by max-flow and min-cut gamma* is the largest, over columns and sets
S of nodes, of ``|sum_S x| / w(cut of S)``.

In the error bound (A) of `bounds` every flow of the noise serves as well as F^+ E: so gamma* of the
noise may take the place of rho, which is the congestion of the flow of least energy. On trees there
is one flow only and both agree.

The search for q = 2: flows of least energy with conductances ``w_e^2 / a_e`` have
``sum_e a_e |z_e|^2 / w_e^2 <= gamma*^2`` for shares a_e that sum to one; new shares are
``w_e |v_i - v_j|`` over their sum (Fellman's step, under which that energy rises). For q = 1 and
q = inf it is a linear program.
"""

from __future__ import annotations

import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from jaxtyping import Array, Bool, Float
from scipy.optimize import linprog
from scipy.sparse import block_array, csr_array, eye_array, kron

from diversity_jax import validate
from diversity_jax.convex_clustering import problem
from diversity_jax.convex_clustering.problem import Graph, Norm
from diversity_jax.convex_clustering.theory import _arguments
from diversity_jax.convex_clustering.theory.numerics import potentials
from diversity_jax.records import Record

MOST_STEPS = 2000


class FusingGamma(Record):
    """``lower <= gamma* <= upper``; `converged` if they meet within the tolerance."""

    lower: Float[Array, ""]
    upper: Float[Array, ""]
    converged: Bool[Array, ""]


def fusing_gamma(
    points: npt.ArrayLike, graph: Graph, *, norm: Norm = "l2", tolerance: float = 1e-3
) -> FusingGamma:
    """Bounds on the smallest gamma at which all centroids are one; of noise: A'.

    Formula in the module docstring. `tolerance` is relative to the upper bound. On the host.

    Errors: ValueError for a graph that is not connected, naming components; points of another shape
    than `[graph.nodes, d]`, an unknown norm, a tolerance not above zero; for traced input.
    Cost: for l2 some tens to some thousand n^3; a linear program of the size of the flow for l1 and
    linf. Meant for diagnostics, n up to some hundreds.
    Source: derived.
    """
    validate.choice("norm", norm, problem.NORMS)
    _arguments.positive_number("tolerance", tolerance)
    prepared, _ = _arguments.connected(graph)
    data = _arguments.rows(points, graph)
    data = data - data.mean(0)
    size = np.abs(data).max()
    if size == 0 or graph.nodes == 1:
        lower, upper = 0.0, 0.0
    else:
        search = _shares if norm == "l2" else _program
        lower, upper = (size * end for end in search(data / size, prepared, norm, tolerance))
    kind = graph.weights.dtype
    return FusingGamma(
        lower=jnp.asarray(lower, kind),
        upper=jnp.asarray(upper, kind),
        converged=jnp.asarray(upper - lower <= tolerance * upper),
    )


def _shares(
    data: np.ndarray, graph: potentials.Edges, norm: Norm, tolerance: float
) -> tuple[float, float]:
    shares = np.ones(len(graph.weights))
    lower, upper = 0.0, np.inf
    for _ in range(MOST_STEPS):
        # Roots of the conductances; the flow F^+ of theirs, times them, is the flow itself.
        roots = graph.weights / np.sqrt(shares)
        now = potentials.prepared(graph.first, graph.second, roots, graph.nodes)
        along = potentials.flows(now, data)
        apart = _arguments.lengths(along, norm) / roots * graph.weights
        energy = (_arguments.lengths(along, norm) ** 2).sum()
        lower = max(lower, energy / apart.sum())
        upper = min(upper, (_arguments.lengths(along, norm) * roots / graph.weights).max())
        if upper - lower <= tolerance * upper:
            break
        shares = np.maximum(apart / apart.max(), 1e-12)
    return lower, upper


def _program(
    data: np.ndarray, graph: potentials.Edges, norm: Norm, tolerance: float
) -> tuple[float, float]:
    columns = data.shape[1]
    if norm == "l1":
        ends = [_column(data[:, [each]], graph, norm) for each in range(columns)]
        return max(low for low, _ in ends), max(high for _, high in ends)
    return _column(data, graph, norm)


def _column(data: np.ndarray, graph: potentials.Edges, norm: Norm) -> tuple[float, float]:
    """The least congestion t: flows in units of the weights, as positive and negative parts."""
    (n, d), m = data.shape, len(graph.weights)
    rows = np.concatenate([graph.first, graph.second])
    signed = np.concatenate([graph.weights, -graph.weights])
    carried = csr_array((signed, (rows, np.tile(np.arange(m), 2))), shape=(n, m))
    every = kron(carried, eye_array(d))
    balance = block_array([[every, -every, csr_array((n * d, 1))]])
    summed = kron(eye_array(m), np.ones((1, d)))
    congestion = block_array([[summed, summed, csr_array(-np.ones((m, 1)))]])
    found = linprog(
        np.r_[np.zeros(2 * m * d), 1],
        A_ub=congestion,
        b_ub=np.zeros(m),
        A_eq=balance,
        b_eq=data.ravel(),
        method="highs",
    )
    flow = (found.x[: m * d] - found.x[m * d : -1]).reshape(m, d) * graph.weights[:, None]
    missing = data.copy()
    np.add.at(missing, graph.first, -flow)
    np.add.at(missing, graph.second, flow)
    flow = flow / graph.weights[:, None] + potentials.flows(graph, missing)
    values = found.eqlin.marginals.reshape(n, d)
    apart = values[graph.first] - values[graph.second]
    total = (graph.weights * _arguments.lengths(apart, norm)).sum()
    upper = _arguments.lengths(flow, problem.dual(norm)).max()
    return max(float((data * values).sum() / total), 0.0), float(upper)
