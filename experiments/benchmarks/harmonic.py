"""Harmonic solutions on graphs of neighbours against scikit-learn, scipy and graphlearning.

All run in one process, in alternation, on the same points and labels, in float64 with one thread.
"whole" is from points to labels: scikit-learn's `LabelPropagation(kernel="knn")` with 1,000 steps
(it seldom converges in them), and graphlearning's Laplace learning where it is installed. "solve"
is from the weights to labels, against scipy's conjugate gradients with Jacobi's preconditioner to
the same relative residual. Times of the process's CPU are given as well as of the wall. The last
part is one graph and solution of many points (Fashion-MNIST where it is installed and asked for),
with the process's peak of memory.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import numpy as np
import scipy.sparse as sparse
from threadpoolctl import threadpool_limits

NEIGHBOURS = 10


def moons(number: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Two half circles with noise .1, and which of them each point is from."""
    random = np.random.default_rng(seed)
    angle, side = np.pi * random.random(number), np.arange(number) % 2
    points = np.stack([np.cos(angle), np.sin(angle)], 1)
    points = np.where(side[:, None] == 0, points, np.array([1.0, 0.5]) - points)
    return points + 0.1 * random.normal(size=points.shape), side


def choose(truth: np.ndarray, labels: int, seed: int) -> np.ndarray:
    """A mask with as many labels of each class as of the others."""
    random = np.random.default_rng(seed)
    classes = np.unique(truth)
    each = labels // len(classes)
    places = [random.choice(np.flatnonzero(truth == name), each, False) for name in classes]
    return np.isin(np.arange(len(truth)), places)


def taken(call: Callable[[], Any]) -> tuple[float, float, Any]:
    """Seconds of the wall and of the CPU of one call, and what it returned."""
    wall, cpu = time.perf_counter(), time.process_time()
    value = call()
    return time.perf_counter() - wall, time.process_time() - cpu, value


def spread(values: list[float]) -> str:
    """Median with smallest and largest."""
    return f"{np.median(values):.3g} ({min(values):.3g}..{max(values):.3g})"


def peak() -> float:
    """The largest resident size of this process so far, in MB."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20


def ours(points: np.ndarray, truth: np.ndarray, held: np.ndarray) -> np.ndarray:
    """Labels from points, at no regularisation."""
    from diversity_jax.graph_learning import affinity, classes

    graph = affinity.nearest(points, neighbours=NEIGHBOURS)
    return classes.classify(graph, truth, held).labels


def propagation(points: np.ndarray, truth: np.ndarray, held: np.ndarray) -> np.ndarray:
    """scikit-learn's labels, from a graph of the same number of neighbours."""
    from sklearn.semi_supervised import LabelPropagation

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it has not converged
        peer = LabelPropagation(kernel="knn", n_neighbors=NEIGHBOURS, max_iter=1000)
        return np.asarray(peer.fit(points, np.where(held, truth, -1)).transduction_)


def laplace(points: np.ndarray, truth: np.ndarray, held: np.ndarray) -> np.ndarray:
    """graphlearning's Laplace learning, with its own weights."""
    import graphlearning  # pyright: ignore[reportMissingImports]

    weights = graphlearning.weightmatrix.knn(points, NEIGHBOURS)
    places = np.flatnonzero(held)
    return graphlearning.ssl.laplace(weights).fit_predict(places, truth[places])


def conjugate(table: Any, signs: np.ndarray, held: np.ndarray, tolerance: float) -> np.ndarray:
    """scipy's conjugate gradients on the unlabelled nodes."""
    free = ~held
    degrees = table @ np.ones(table.shape[0])
    system: Any = sparse.csr_array(sparse.diags_array(degrees) - table)
    system = system[free][:, free]
    right = (table @ np.where(held, signs, 0))[free]
    jacobi = sparse.diags_array(1 / degrees[free])
    found, _ = sparse.linalg.cg(system, right, rtol=tolerance, M=jacobi, maxiter=100_000)
    values = signs.astype(float)
    values[free] = found
    return values


def compare_whole(number: int, labels: int, repetitions: int) -> None:
    """From points to labels, peer by peer."""
    peers: dict[str, Callable] = {"scikit-learn LabelPropagation": propagation}
    try:
        import graphlearning  # noqa: F401 # pyright: ignore[reportMissingImports]

        peers["graphlearning laplace"] = laplace
    except ImportError:
        print("graphlearning is not installed: not compared")
    points, truth = moons(number, 0)
    ours(points, truth, choose(truth, labels, 0))  # whatever is done once
    for name, peer in peers.items():
        rows = []
        for turn in range(repetitions):
            points, truth = moons(number, turn)
            held = choose(truth, labels, turn)
            row = []
            for method in (peer, ours):
                wall, cpu, found = taken(partial(method, points, truth, held))
                row += [wall, cpu, float((found == truth)[~held].mean())]
            rows.append(row)
        table = np.array(rows)
        print(f"whole, n={number}, {labels} labels, against {name}:")
        print(f"  ours {spread(list(table[:, 3]))} s, CPU {spread(list(table[:, 4]))}")
        print(f"  peer {spread(list(table[:, 0]))} s, CPU {spread(list(table[:, 1]))}")
        print(f"  peer / ours {spread(list(table[:, 0] / table[:, 3]))} of the wall,", end=" ")
        print(f"{spread(list(table[:, 1] / table[:, 4]))} of the CPU")
        print(f"  right: ours {spread(list(table[:, 5]))}, peer {spread(list(table[:, 2]))}")


def compare_solve(number: int, labels: int, repetitions: int, tolerance: float) -> None:
    """From weights to labels of -1 and 1, against scipy at the same tolerance."""
    from diversity_jax.graph_learning import affinity, harmonic, host

    for certify in (False, True):
        rows, apart = [], 0.0
        for turn in range(repetitions):
            points, truth = moons(number, turn)
            held, signs = choose(truth, labels, turn), 2.0 * truth - 1
            graph = affinity.nearest(points, neighbours=NEIGHBOURS)
            table = host.matrix(graph)
            one = taken(lambda w=table, y=signs, h=held: conjugate(w, y, h, tolerance))
            two = taken(
                lambda g=graph, y=signs, h=held, sure=certify: harmonic.solve_hard(
                    g, y, h, regularisation=0.0, tolerance=tolerance, certify=sure
                )
            )
            rows.append((*one[:2], *two[:2]))
            apart = max(apart, float(np.abs(np.asarray(two[2].values) - one[2]).max()))
        times = np.array(rows)
        print(f"solve, n={number}, tolerance {tolerance:.0e}, certificate {certify}:")
        print(f"  ours {spread(list(times[:, 2]))} s, {int(two[2].steps)} steps", end=", ")
        print(f"scipy {spread(list(times[:, 0]))} s; values differ by {apart:.1e}", end=", ")
        print(f"error at most {float(two[2].error):.1e}")
        print(f"  scipy / ours {spread(list(times[:, 0] / times[:, 2]))} of the wall,", end=" ")
        print(f"{spread(list(times[:, 1] / times[:, 3]))} of the CPU", flush=True)


def grow(number: int, images: bool) -> None:
    """One graph and its classes at a large n, and the memory that it took."""
    from diversity_jax import datasets
    from diversity_jax.graph_learning import affinity, classes

    if images and datasets.available("fashion-mnist"):
        loaded = datasets.load("fashion-mnist")
        points, truth = loaded.pixels[:number], loaded.labels[:number]
        name, labels = "Fashion-MNIST", number // 100
    else:
        points, truth = moons(number, 0)
        name, labels = "moons", 10
    held = choose(truth, labels, 0)
    before = peak()
    wall, cpu, graph = taken(lambda: affinity.nearest(points, neighbours=NEIGHBOURS))
    print(
        f"{name}, n={len(points)}, d={points.shape[1]}: graph {wall:.2f} s (CPU {cpu:.2f}),",
        end=" ",
    )
    wall, cpu, found = taken(lambda: classes.classify(graph, truth, held, regularisation=1e-6))
    right = (found.labels == truth)[~held].mean()
    print(
        f"{len(graph.weights)} edges; classes {wall:.2f} s (CPU {cpu:.2f}), {held.sum()} labels,",
        end=" ",
    )
    print(f"{right:.4f} right, converged {found.converged};", end=" ")
    print(f"peak {peak():.0f} MB, {before:.0f} of it before the graph", flush=True)


def main() -> None:
    """Read the sizes from the command line and run the parts."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--number", type=int, default=10_000)
    parser.add_argument("--labels", type=int, default=10)
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--tolerance", type=float, default=1e-8)
    parser.add_argument("--largest", type=int, default=60_000)
    parser.add_argument("--images", action="store_true", help="the last part on Fashion-MNIST")
    options = parser.parse_args()
    jax.config.update("jax_enable_x64", True)
    threadpool_limits(1)
    print(f"{options}, float64, one thread for linear algebra")
    compare_whole(options.number, options.labels, options.repetitions)
    compare_solve(options.number, options.labels, options.repetitions, options.tolerance)
    grow(options.largest, options.images)


if __name__ == "__main__":
    main()
