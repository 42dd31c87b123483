"""A certified convex clustering path against accelerated AMA in numpy, and against cvxpy.

All run in one process, in alternation, on the same points and weights, in float64, each path from
the smallest gamma up with warm starts and to the same relative gap at every gamma. The prototype is
written here: one projected step on the dual per iteration, scipy's sparse products, momentum with
restarts, the gap every ten steps. cvxpy with Clarabel (the extra `bench`) solves small problems for
their objectives. Cost against n is one gamma from nothing; its exponent is that of a line through
the logarithms. Memory is the process's peak. Linear algebra takes one thread for all: the matrices
are small, and on several threads the prototype waits.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import numpy as np
import scipy.sparse as sparse
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree
from scipy.spatial import KDTree
from scipy.spatial.distance import cdist
from threadpoolctl import threadpool_limits


def draw(number: int, dimension: int) -> np.ndarray:
    """Four unit Gaussians with means sqrt(2) (+-1, +-1), as in 2605.24673."""
    random = np.random.default_rng(20260605)
    points = random.normal(size=(number, dimension))
    corners = np.sqrt(2) * np.array([(1, 1), (1, -1), (-1, 1), (-1, -1)])
    points[:, :2] += corners[np.arange(number) % 4]
    return points


def neighbours(points: np.ndarray, count: int, bandwidth: float) -> tuple[np.ndarray, np.ndarray]:
    """Edges to nearest neighbours, completed by a spanning tree of components, and weights."""
    number = len(points)
    near = np.asarray(KDTree(points).query(points, count + 1)[1])[:, 1:]
    pairs = np.stack([np.repeat(np.arange(number), count), near.ravel()], axis=1)
    pairs = np.unique(np.sort(pairs, axis=1), axis=0)
    matrix = sparse.coo_matrix((np.ones(len(pairs)), pairs.T), (number, number))
    parts, labels = connected_components(matrix, directed=False)
    if parts > 1:
        members = [np.flatnonzero(labels == part) for part in range(parts)]
        closest = np.zeros((parts, parts, 2), dtype=int)
        distances = np.zeros((parts, parts))
        for one in range(parts):
            for other in range(one):
                block = cdist(points[members[one]], points[members[other]])
                at = np.unravel_index(block.argmin(), block.shape)
                distances[one, other] = block[at]
                closest[one, other] = members[one][at[0]], members[other][at[1]]
        tree = minimum_spanning_tree(distances).tocoo()
        more = np.sort(closest[tree.row, tree.col], axis=1)
        pairs = np.unique(np.concatenate([pairs, more]), axis=0)
    squares = np.sum((points[pairs[:, 0]] - points[pairs[:, 1]]) ** 2, axis=1)
    return pairs, np.exp(-bandwidth * squares)


def prototype(
    points: np.ndarray, edges: np.ndarray, weights: np.ndarray, gammas: np.ndarray, tolerance: float
) -> np.ndarray:
    """Objectives of the path by accelerated AMA in numpy, q = 2."""
    number, count = len(points), len(edges)
    ends = np.arange(0, 2 * count + 1, 2)
    values = np.tile([1.0, -1.0], count)
    out = sparse.csr_matrix((values, edges.ravel(), ends), (count, number))
    back = out.T.tocsr()
    degrees = np.bincount(edges.ravel(), minlength=number)
    steps = (1 / (degrees[edges[:, 0]] + degrees[edges[:, 1]]))[:, None]
    limit = tolerance * np.sum((points - points.mean(0)) ** 2) / 2
    flows, objectives = np.zeros((count, points.shape[1])), []

    def project(rows: np.ndarray, radii: np.ndarray) -> np.ndarray:
        sizes = np.sqrt(np.einsum("ij,ij->i", rows, rows))
        return rows * np.minimum(1, radii / np.maximum(sizes, 1e-300))[:, None]

    for gamma in gammas:
        radii = gamma * weights
        flows = ahead = project(flows, radii)
        momentum, step, gap = 1.0, 0, np.inf
        while gap > limit:
            step += 1
            new = project(ahead + steps * (out @ (points - back @ ahead)), radii)
            if np.sum((ahead - new) * (new - flows) / steps) > 0:
                momentum, ahead = 1.0, new
            else:
                following = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
                ahead = new + (momentum - 1) / following * (new - flows)
                momentum = following
            flows = new
            if step % 10 == 0:
                rows = points - back @ flows
                apart = out @ rows
                sizes = np.sqrt(np.einsum("ij,ij->i", apart, apart))
                gap = np.sum(radii * sizes) - np.vdot(flows, apart)
        objectives.append(np.sum((points - rows) ** 2) / 2 + np.sum(radii * sizes))
    return np.array(objectives)


def seconds(call: Callable[[], Any]) -> tuple[float, Any]:
    """Wall time of one call, and what it returned."""
    start = time.perf_counter()
    value = call()
    return time.perf_counter() - start, value


def spread(ratios: np.ndarray) -> str:
    """Median with smallest and largest."""
    return f"{np.median(ratios):.2f} ({ratios.min():.2f}..{ratios.max():.2f})"


def peak() -> float:
    """The largest resident size of this process so far, in MB."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20


def compare_paths(number: int, dimension: int, gammas: np.ndarray, repetitions: int) -> None:
    """The path of both, pair by pair; the first of ours is shown by itself."""
    from diversity_jax.convex_clustering import solver
    from diversity_jax.convex_clustering.problem import Graph

    points = draw(number, dimension)
    edges, weights = neighbours(points, 10, 0.5)
    graph, tolerance = Graph(edges, weights), 1e-6
    half = np.sum((points - points.mean(0)) ** 2) / 2

    def ours() -> Any:
        return jax.block_until_ready(solver.path(points, graph, gammas, tolerance=tolerance))

    first, found = seconds(ours)
    pairs = []
    for _ in range(repetitions):
        other, objectives = seconds(lambda: prototype(points, edges, weights, gammas, tolerance))
        pairs.append((other, seconds(ours)[0]))
    times = np.array(pairs)
    gap = float(np.max(np.asarray(found.gap)) / half)
    apart = float(np.max(np.abs(np.asarray(found.objective) - objectives)) / half)
    ours_median, other_median = np.median(times[:, 1]), np.median(times[:, 0])
    print(f"path of {len(gammas)} gammas, n={number}, d={dimension}, {len(edges)} edges:")
    print(f"  ours {ours_median:.2f} s (first call {first:.2f} s), numpy {other_median:.2f} s")
    print(f"  numpy / ours          {spread(times[:, 0] / times[:, 1])}")
    print(f"  numpy / ours, first   {other_median / first:.2f}")
    print(f"  largest relative gap {gap:.1e}, objectives differ by {apart:.1e}", flush=True)


def compare_cvxpy(number: int) -> None:
    """Objectives and times against an interior-point method, where it is installed."""
    try:
        import cvxpy  # pyright: ignore[reportMissingImports]
    except ImportError:
        print("cvxpy is not installed: objectives are not compared", flush=True)
        return
    from diversity_jax.convex_clustering import solver
    from diversity_jax.convex_clustering.problem import Graph, Norm

    points = draw(number, 2)
    edges, weights = neighbours(points, 10, 0.5)
    graph = Graph(edges, weights)
    orders: dict[Norm, Any] = {"l1": 1, "l2": 2, "linf": "inf"}
    for norm, order in orders.items():
        for gamma in (0.3, 3.0):
            rows = cvxpy.Variable(points.shape)
            apart = rows[edges[:, 0]] - rows[edges[:, 1]]
            value = cvxpy.sum_squares(rows - points) / 2
            value += gamma * weights @ cvxpy.norm(apart, order, axis=1)
            task = cvxpy.Problem(cvxpy.Minimize(value))
            other, _ = seconds(partial(task.solve, solver="CLARABEL"))
            ours = partial(solver.solve, points, graph, gamma=gamma, norm=norm, tolerance=1e-9)
            own, found = seconds(ours)
            apart = abs(float(found.objective) - task.value) / task.value
            print(
                f"n={number}, {norm}, gamma {gamma}: cvxpy {other:.2f} s, ours {own:.3f} s, "
                f"objectives differ by {apart:.1e}",
                flush=True,
            )


def grow(numbers: list[int], gamma: float) -> None:
    """One gamma from nothing at each n."""
    from diversity_jax.convex_clustering import solver
    from diversity_jax.convex_clustering.problem import Graph

    times = []
    for number in numbers:
        points = draw(number, 2)
        edges, weights = neighbours(points, 10, 0.5)
        graph, base = Graph(edges, weights), peak()
        taken, found = seconds(partial(solver.solve, points, graph, gamma=gamma))
        times.append(taken)
        print(
            f"n={number}, {len(edges)} edges: {taken:.2f} s, peak {peak():.0f} MB "
            f"(+{peak() - base:.0f}), converged {bool(found.converged)}",
            flush=True,
        )
    slope = np.polyfit(np.log(numbers), np.log(times), 1)[0]
    print(f"cost against n: exponent {slope:.2f}", flush=True)


def main() -> None:
    """Read the sizes from the command line and run the three parts."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--number", type=int, default=1000)
    parser.add_argument("--dimension", type=int, default=2)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--largest", type=int, default=20_000)
    parser.add_argument("--gammas", type=int, default=40)
    parser.add_argument("--gamma", type=float, default=2.5)
    options = parser.parse_args()
    jax.config.update("jax_enable_x64", True)
    threadpool_limits(1)
    print(f"{options}, float64, one thread for linear algebra")
    gammas = np.geomspace(0.5, 50, options.gammas)
    compare_paths(options.number, options.dimension, gammas, options.repetitions)
    compare_cvxpy(min(options.number, 120))
    numbers = [size for size in (200, 500, 1000, 2000, 5000, 10_000, 20_000)]
    grow([size for size in numbers if size <= options.largest], options.gamma)


if __name__ == "__main__":
    main()
