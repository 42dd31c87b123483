"""Kernel ridge regression against scikit-learn: exact, and with few centres.

All run in one process, in alternation, on the same points and targets, in float64 with one thread
of BLAS: a function of 300 Gaussian bumps in a box, with noise of .1. "exact" is against
`KernelRidge`, "few centres" against `Nystroem` and `Ridge` of as many centres, each with its own
draw of them. Errors are those of the truth at 2,000 other points. The last part is a product of
a kernel matrix with a vector in both directions, against numpy's blocks of the same size.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
from threadpoolctl import threadpool_limits

BUMPS = 300


def drawn(number: int, dimension: int, box: float, seed: int) -> tuple[np.ndarray, ...]:
    """Points, noisy targets, other points and the truth there."""
    random = np.random.default_rng(seed)
    middles = random.uniform(0, box, (BUMPS, dimension))
    heights = random.normal(0, np.sqrt(1 / 3), BUMPS)

    def truth(points: np.ndarray) -> np.ndarray:
        squares = ((points[:, None] - middles[None]) ** 2).sum(2)
        return np.exp(-squares / 2) @ heights

    points = random.uniform(0, box, (number, dimension))
    others = random.uniform(0, box, (2000, dimension))
    return points, truth(points) + 0.1 * random.normal(size=number), others, truth(others)


def taken(call: Callable[[], Any]) -> tuple[float, float, Any]:
    """Seconds of the wall and of the CPU of one call, and what it returned."""
    wall, cpu = time.perf_counter(), time.process_time()
    value = call()
    return time.perf_counter() - wall, time.process_time() - cpu, value


def spread(values: np.ndarray) -> str:
    """Median with smallest and largest."""
    return f"{np.median(values):.3g} ({min(values):.3g}..{max(values):.3g})"


def told(name: str, rows: list[tuple[float, ...]]) -> None:
    """Times and errors of both, and the ratio of what was paired."""
    table = np.array(rows)
    print(f"{name}:")
    for who, first in (("ours", 0), ("peer", 3)):
        times = f"{spread(table[:, first])} s, CPU {spread(table[:, first + 1])}"
        print(f"  {who} {times}, error {spread(table[:, first + 2])}")
    print(f"  peer / ours {spread(table[:, 3] / table[:, 0])} of the wall,", end=" ")
    print(f"{spread(table[:, 4] / table[:, 1])} of the CPU", flush=True)


def compared(name: str, ours: Callable, peer: Callable, data: list[tuple[np.ndarray, ...]]) -> None:
    """Fits of both in alternation, on one draw after another."""
    ours(*data[0][:2], 0)  # whatever is done once
    rows = []
    for turn, (points, targets, others, truth) in enumerate(data):
        row: list[float] = []
        for method in (ours, peer):
            fit = taken(lambda m=method, x=points, y=targets, s=turn: m(x, y, s))
            error = np.sqrt(np.mean((fit[2].predict(others) - truth) ** 2))
            row += [fit[0], fit[1], float(error)]
        rows.append(tuple(row))
    told(name, rows)


def compare_exact(number: int, repetitions: int) -> None:
    """All inputs as centres."""
    from sklearn.kernel_ridge import KernelRidge as Peer

    from diversity_jax.kernel_ridge.estimators import KernelRidge

    def ours(points: np.ndarray, targets: np.ndarray, seed: int) -> Any:
        return KernelRidge(lengthscale=1.0, ridge=1e-6).fit(points, targets)

    def peer(points: np.ndarray, targets: np.ndarray, seed: int) -> Any:
        ridge: Any = 1e-6 * len(points)
        return Peer(kernel="rbf", gamma=0.5, alpha=ridge).fit(points, targets)

    data = [drawn(number, 2, 30.0, seed) for seed in range(repetitions)]
    compared(f"exact, n={number}, d=2, against KernelRidge", ours, peer, data)


def compare_few(number: int, centres: int, repetitions: int, solver: str) -> None:
    """Few centres."""
    from sklearn.kernel_approximation import Nystroem
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline

    from diversity_jax.kernel_ridge.estimators import KernelRidge

    def ours(points: np.ndarray, targets: np.ndarray, seed: int) -> Any:
        options: Any = {"solver": solver, "centres": centres, "random_state": seed}
        return KernelRidge(lengthscale=1.0, ridge=1e-6, **options).fit(points, targets)

    def peer(points: np.ndarray, targets: np.ndarray, seed: int) -> Any:
        features = Nystroem(kernel="rbf", gamma=0.5, n_components=centres, random_state=seed)
        ridge = Ridge(alpha=1e-6 * len(points), fit_intercept=False)
        return make_pipeline(features, ridge).fit(points, targets)

    data = [drawn(number, 2, 30.0, seed) for seed in range(repetitions)]
    name = f"{solver}, n={number}, {centres} centres, d=2, against Nystroem and Ridge"
    compared(name, ours, peer, data)


def compare_products(number: int, centres: int, dimension: int, repetitions: int) -> None:
    """``K' K v`` in blocks; the last numbers are how far both are apart."""
    from diversity_jax.kernel_ridge import kernels, products

    random = np.random.default_rng(0)
    points = random.normal(size=(number, dimension))
    chosen, vector = points[:centres], random.normal(size=centres)
    size = products.block_rows(number, centres, 8)
    own = (chosen**2).sum(1)

    def numpys() -> np.ndarray:
        total = np.zeros(centres)
        for start in range(0, number, size):
            rows = points[start : start + size]
            table = rows @ (2 * chosen.T)
            table -= (rows**2).sum(1)[:, None] + own
            np.minimum(table, 0, out=table)
            table /= 2
            np.exp(table, out=table)
            total += table.T @ (table @ vector)
        return total

    kernel = kernels.gaussian(1.0)
    device = [jax.device_put(each) for each in (points, chosen, vector)]

    def ours() -> np.ndarray:
        return np.asarray(products.both(kernel, *device))

    ours()
    rows = []
    for _ in range(repetitions):
        one, two = taken(ours), taken(numpys)
        apart = float(np.abs(one[2] - two[2]).max() / np.abs(two[2]).max())
        rows.append((*one[:2], apart, *two[:2], apart))
    told(f"product, n={number}, {centres} centres, d={dimension}, against numpy", rows)


def main() -> None:
    """Read the sizes from the command line and run the parts."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--exact", type=int, default=8000)
    parser.add_argument("--number", type=int, default=20_000)
    parser.add_argument("--centres", type=int, default=1000)
    parser.add_argument("--repetitions", type=int, default=5)
    options = parser.parse_args()
    jax.config.update("jax_enable_x64", True)
    threadpool_limits(1)
    print(f"{options}, float64, one thread for linear algebra")
    for dimension in (2, 10, 100):
        compare_products(options.number, options.centres, dimension, options.repetitions)
    for solver in ("nystrom", "falkon"):
        compare_few(options.number, options.centres, options.repetitions, solver)
    compare_exact(options.exact, options.repetitions)


if __name__ == "__main__":
    main()
