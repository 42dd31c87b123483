"""Solutions on the host, where values are seen: no program is compiled for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, NamedTuple

import numpy as np
from threadpoolctl import ThreadpoolController

from diversity_jax.convex_clustering import certificate, fusion, levels
from diversity_jax.convex_clustering.components import near, renamed
from diversity_jax.convex_clustering.fusion import Stand
from diversity_jax.convex_clustering.partition import Target, Whole, gap_at, whole
from diversity_jax.convex_clustering.problem import Graph, Norm
from diversity_jax.convex_clustering.projections import lengths, project
from diversity_jax.convex_clustering.units import Scaled, scaled
from diversity_jax.neighbours import joined

Method = Literal["fast", "admm"]
Progress = Callable[[int, int], object]


class Found(NamedTuple):
    """The fields of a `Solution` as arrays of numpy, which no program has to be compiled for."""

    centroids: np.ndarray
    dual: np.ndarray
    gap: np.ndarray
    objective: np.ndarray
    labels: np.ndarray
    iterations: np.ndarray
    converged: np.ndarray
    certified: np.ndarray


class Setting(NamedTuple):
    """One problem on the host, in units near one and in double precision."""

    units: Scaled
    whole: Whole
    place: np.ndarray  # [n] the number of each node in `whole`
    norm: Norm
    dtype: np.dtype

    @property
    def half(self) -> float:
        """``|X - mean|^2 / 2``."""
        return float(self.units.half())


def setting(points: np.ndarray, graph: Graph, norm: Norm) -> Setting:
    """Points and graph as the host's solvers take them."""
    weights = np.asarray(graph.weights, dtype=float)
    units = scaled(np.asarray(points, dtype=float), weights)
    edges = np.asarray(graph.edges, dtype=np.int64)
    # Neighbours near one another: matrices are narrow bands, and what is read lies together.
    place = near(graph.nodes, edges)
    rows = np.empty(units.points.shape, order="F")
    rows[place] = units.points
    here = whole(rows, place[edges.T].T, units.weights)
    return Setting(units, here, place, norm, np.dtype(points.dtype))


def along(
    here: Setting,
    gammas: Sequence[float],
    *,
    method: Method,
    tolerance: float,
    iterations: int,
    progress: Progress | None = None,
) -> Found:
    """Solutions at every gamma, each begun from the next smaller one, in the order given."""
    stand, found = fusion.begin(here.whole), []
    order = np.argsort(gammas, kind="stable")
    advance = fusion.advance if method == "fast" else fusion.plain
    # Matrices here are small and many: on several threads they wait for one another.
    with ThreadpoolController().limit(limits=1, user_api="blas"):
        for count, place in enumerate(order, start=1):
            inner = float(here.units.gamma(gammas[place]))
            target = Target(inner, here.norm, tolerance * here.half, iterations)
            stand = advance(here.whole, stand, target)
            found.append(_solution(here, stand, target))
            if progress is not None:
                progress(count, len(gammas))
    back = [found[at] for at in np.argsort(order, kind="stable")]
    return Found(*(np.stack(leaves) for leaves in zip(*back)))


def _solution(here: Setting, stand: Stand, target: Target) -> Found:
    """The record in the caller's precision and units, with the gap that it has as returned."""
    every, norm = here.whole, here.norm
    radii, edges = target.gamma * every.weights, every.edges
    flows, rows, gap = stand.flows, stand.centroids, stand.gap
    if here.dtype.itemsize < 8:
        # Rounded inwards: what is returned is feasible itself, and its own gap is given.
        shrunk = flows * (1 - 2 * float(np.finfo(here.dtype).eps))
        flows, rows = (array.astype(here.dtype).astype(float) for array in (shrunk, rows))
        flows = project(flows, radii, norm)
        gap = gap_at(every, flows, radii, rows, norm)
    apart = levels.apart(rows, edges)
    together = certificate.fused(flows, apart, radii, every.steps, norm)
    labels = joined(len(rows), edges, np.asarray(together))[1]
    sure = certificate.proved(every.points, edges, radii, flows, rows, gap, labels, norm)
    height = np.sum((every.points - rows) ** 2) / 2 + np.sum(radii * lengths(apart, norm))
    size = float(here.units.size)
    return Found(
        centroids=(here.units.middle + size * rows[here.place]).astype(here.dtype),
        dual=(size * flows).astype(here.dtype),
        gap=np.asarray(size * (size * gap), dtype=here.dtype),
        objective=np.asarray(size * (size * height), dtype=here.dtype),
        labels=renamed(labels[here.place]).astype(np.int32),
        iterations=np.asarray(stand.iterations, dtype=np.int32),
        converged=np.asarray(gap <= target.limit),
        certified=sure[here.place],
    )
