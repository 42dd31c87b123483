"""For which gamma the clusters are exactly those of given labels: a window, cluster by cluster.

Put the points of cluster a at their mean m_a and give each pair of clusters the total weight W_ab
between them. The solution V_a of this small problem has dual vectors ``g_ab = -g_ba``,
``|g_ab|_q* <= 1``, with ``n_a (m_a - V_a) = gamma sum_b W_ab g_ab``. It solves the full problem if
what is left at the points of each cluster,

    x_i - m_a - gamma sum_b (h_i^b - mean h^b) g_ab,       h_i^b = sum over j in b of w_ij,

can flow along the cluster's own edges, of a divergence that is this and with ``|z_e|_q* <= gamma
w_e``. Take the flow that conductances c_e make, with ``L_c`` the cluster's Laplacian. It does where
for every edge e = (i, j) within, by the triangle inequality,

    pull_e + gamma push_e <= gamma,
    pull_e = c_e |(L_c^+ X)_i - (L_c^+ X)_j|_q* / w_e,
    push_e = c_e sum_b |(L_c^+ h^b)_i - (L_c^+ h^b)_j| / w_e.

So ``gamma >= max_e pull_e / (1 - push_e)`` where every push is below one (C: c = w^2). With c = 1
on a complete cluster it reads ``|x_i - x_j| / (n_a w_ij - sum_b |h_i^b - h_j^b|)`` (C0, the
condition of Sun, Toh and Yuan). As ``|m_a - V_a|_q* <= gamma W_a / n_a``, W_a the weight that
leaves a, two clusters stay apart while

    gamma < |m_a - m_b|_q* / (W_a / n_a + W_b / n_b),

which is exact for two clusters. By uniqueness of the solution the clusters are then the labels'.

Sufficient, not necessary: the flow is one of many, and the inequalities add up norms. What is
needed is that each cluster be connected within, that every push be below one, and gamma inside:
with a cluster in two parts that no edge joins, the parts have to be held by others.
"""

from __future__ import annotations

from typing import Literal

import jax
import numpy as np
import numpy.typing as npt
from jaxtyping import Array, Bool, Float, Int

from diversity_jax import validate
from diversity_jax.convex_clustering import problem
from diversity_jax.convex_clustering.problem import Graph, Norm
from diversity_jax.convex_clustering.theory import _arguments
from diversity_jax.convex_clustering.theory.numerics import potentials
from diversity_jax.records import Record

Conductances = Literal["squared", "uniform", "best"]
CONDUCTANCES = ("squared", "uniform", "best")


class RecoveryWindow(Record):
    """The clusters are those of the labels for ``lower <= gamma < upper``; empty if that is none.

    `clusters` are the labels that occur, in order; for each of them `cluster_lower` from which its
    points are fused, `push` the largest of its edges (at one or above, `cluster_lower` is
    infinite), `connected` whether its own edges join it (if not, `cluster_lower` is infinite), and
    `cluster_upper` below which it stays apart from every other. `lower` is their largest, `upper`
    their smallest (infinite for a single cluster, which nothing parts or joins).
    """

    lower: Float[Array, ""]
    upper: Float[Array, ""]
    empty: Bool[Array, ""]
    clusters: Int[Array, " K"]
    cluster_lower: Float[Array, " K"]
    cluster_upper: Float[Array, " K"]
    push: Float[Array, " K"]
    connected: Bool[Array, " K"]


def recovery_window(
    points: npt.ArrayLike,
    labels: npt.ArrayLike,
    graph: Graph,
    *,
    norm: Norm = "l2",
    conductances: Conductances = "best",
) -> RecoveryWindow:
    """An interval of gamma in which the solution's clusters are exactly those of `labels`.

    Formula in the module docstring; no probability, and the labels may come from anywhere.
    `conductances` are those of the flow within clusters: ``squared`` the weights' squares (C),
    ``uniform`` ones (C0 where the cluster is complete), ``best`` per cluster what starts earlier.
    A window that is empty is a value. The graph as a whole need not be connected. On the host.

    Errors: ValueError for points of another shape than `[graph.nodes, d]`, labels that are no
    integers, one per node, an unknown norm; for traced input.
    Cost: the cube of the largest cluster, with a handful of square arrays of its size.
    Source: derived; for complete clusters Sun, Toh and Yuan (2021).
    """
    validate.choice("norm", norm, problem.NORMS)
    validate.choice("conductances", conductances, CONDUCTANCES)
    edges, weights = _arguments.arrays(graph)
    data = _arguments.rows(points, graph)
    values, places = _arguments.clusters(labels, graph.nodes)
    data = data - data.mean(0)
    leaving = _leaving(edges, weights, places, len(values))
    lower, push, connected = np.zeros((3, len(values)))
    for each in range(len(values)):
        members = np.flatnonzero(places == each)
        kinds = CONDUCTANCES[:2] if conductances == "best" else (conductances,)
        found = [
            _fused_from(data, leaving, members, edges, weights, problem.dual(norm), kind)
            for kind in kinds
        ]
        lower[each], push[each], connected[each] = min(found, key=lambda one: one[0])
    upper = _apart_until(data, leaving, places, problem.dual(norm))
    ends = lower.max(), upper.min()
    typed = {
        name: _arguments.returned(value, graph)
        for name, value in (
            ("lower", ends[0]), ("upper", ends[1]), ("push", push),
            ("cluster_lower", lower), ("cluster_upper", upper),
        )
    }  # fmt: skip
    return RecoveryWindow(
        **typed,
        empty=jax.device_put(np.asarray(not ends[0] < ends[1])),
        clusters=jax.device_put(values),
        connected=jax.device_put(connected > 0),
    )


def _leaving(edges: np.ndarray, weights: np.ndarray, places: np.ndarray, number: int) -> np.ndarray:
    """``h_i^b`` `[n, K]`: weight from each node to the nodes of every cluster but its own."""
    found = np.zeros((len(places), number))
    between = places[edges[:, 0]] != places[edges[:, 1]]
    ends, carried = edges[between], weights[between]
    np.add.at(found, (ends[:, 0], places[ends[:, 1]]), carried)
    np.add.at(found, (ends[:, 1], places[ends[:, 0]]), carried)
    return found


def _fused_from(
    data: np.ndarray,
    leaving: np.ndarray,
    members: np.ndarray,
    edges: np.ndarray,
    weights: np.ndarray,
    norm: Norm,
    kind: str,
) -> tuple[float, float, bool]:
    """From which gamma on the members are fused, the largest push, whether they are connected."""
    number = np.full(len(data), -1)
    number[members] = np.arange(len(members))
    ends = number[edges]
    inside = (ends >= 0).all(1) & (ends[:, 0] != ends[:, 1])
    ends, own = ends[inside], weights[inside]
    if _arguments.parts(ends, len(members)).max() > 0:
        return np.inf, np.inf, False
    if len(members) == 1:
        return 0.0, 0.0, True
    roots = own if kind == "squared" else np.ones_like(own)  # of the conductances
    prepared = potentials.prepared(ends[:, 0], ends[:, 1], roots, len(members))
    sources = np.concatenate([data[members], leaving[members]], axis=1)
    flow = potentials.flows(prepared, sources) * (roots / own)[:, None]
    columns = data.shape[1]
    pull = _arguments.lengths(flow[:, :columns], norm)
    push = np.abs(flow[:, columns:]).sum(1)
    if push.max() >= 1:
        return np.inf, float(push.max()), True
    return float((pull / (1 - push)).max()), float(push.max()), True


def _apart_until(
    data: np.ndarray, leaving: np.ndarray, places: np.ndarray, norm: Norm
) -> np.ndarray:
    """Per cluster the gamma up to which it is sure to stay apart from every other."""
    number = leaving.shape[1]
    sizes = np.bincount(places, minlength=number)
    means = np.zeros((number, data.shape[1]))
    np.add.at(means, places, data)
    means /= sizes[:, None]
    rates = np.bincount(places, leaving.sum(1), minlength=number) / sizes
    upper = np.full(number, np.inf)
    for each in range(number):
        others = np.arange(number) != each
        apart = _arguments.lengths(means[others] - means[each], norm)
        rate = rates[others] + rates[each]
        still = apart > 0
        with np.errstate(divide="ignore"):
            until = np.where(still, apart / np.where(still, rate, 1), 0)
        upper[each] = until.min(initial=np.inf)
    return upper
