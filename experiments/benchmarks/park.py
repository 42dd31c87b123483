"""ParK against scikit-learn and one direct solution with few centres, and its cost as data grow.

All run in one process, in alternation, on the same points and targets, in float64 with one thread
for linear algebra; what is compiled once is compiled before. The error is that to the function
without noise, on points that were not fitted. First many bumps in the plane, whose effective
dimension is above a thousand, then exact solutions, then ten dimensions up to a million points,
with the process's peak of memory.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import numpy as np
from threadpoolctl import threadpool_limits

from experiments.benchmarks.harmonic import peak, spread, taken

RIDGE, NOISE, ASKED = 1e-6, 0.1, 2000
Table = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def table(seed: int, number: int, dimension: int, box: float) -> Table:
    """Inputs and targets, and further inputs with what is true there."""
    from diversity_jax import seeds
    from diversity_jax.kernel_ridge import problems

    data = problems.draw(seeds.root(seed), number + ASKED, dimension, box, NOISE)
    inputs, targets, truth = map(np.asarray, (data.inputs, data.targets, data.truth))
    return inputs[:number], targets[:number], inputs[number:], truth[number:]


def ours(seed: int, data: Table, **options: Any) -> Callable:
    """ParK."""
    from diversity_jax import seeds
    from diversity_jax.kernel_ridge import kernels, park

    key, gaussian = seeds.root(seed), kernels.gaussian(1.0)
    return park.fit(key, gaussian, *data[:2], ridge=RIDGE, **options).predict


def direct(seed: int, data: Table, centres: int) -> Callable:
    """One solution with few centres."""
    from diversity_jax.kernel_ridge import kernels, nystrom

    chosen = np.random.default_rng(seed).choice(len(data[0]), centres, replace=False)
    gaussian = kernels.gaussian(1.0)
    return nystrom.fit(gaussian, *data[:2], ridge=RIDGE, centres=data[0][chosen]).predict


def pipeline(seed: int, data: Table, centres: int) -> Callable:
    """scikit-learn's `Nystroem` and `Ridge`."""
    from sklearn.kernel_approximation import Nystroem
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline

    features = Nystroem(gamma=0.5, n_components=centres, random_state=seed)
    ridge = Ridge(alpha=RIDGE * len(data[0]), fit_intercept=False)
    return make_pipeline(features, ridge).fit(*data[:2]).predict


def whole(seed: int, data: Table) -> Callable:
    """scikit-learn's `KernelRidge`, exact."""
    from sklearn.kernel_ridge import KernelRidge

    penalty: Any = RIDGE * len(data[0])
    return KernelRidge(alpha=penalty, kernel="rbf", gamma=0.5).fit(*data[:2]).predict


def compare(title: str, make: Callable, methods: dict[str, Callable], repetitions: int) -> None:
    """Times and errors of all methods, and ratios to the first one, turn by turn."""
    for method in methods.values():
        method(0, make(0))  # whatever is done once
    rows = []
    for turn in range(repetitions):
        data = make(turn)
        row = []
        for method in methods.values():
            wall, cpu, predict = taken(partial(method, turn, data))
            error = float(np.sqrt(((np.asarray(predict(data[2])) - data[3]) ** 2).mean()))
            row.append((wall, cpu, error))
        rows.append(row)
    found = np.array(rows)
    print(f"{title}:")
    for place, name in enumerate(methods):
        wall, cpu, error = (list(found[:, place, each]) for each in range(3))
        print(f"  {name}: {spread(wall)} s, CPU {spread(cpu)}, error {spread(error)}")
        if place:
            ratios = [list(found[:, place, each] / found[:, 0, each]) for each in range(3)]
            print(f"    over ParK: {spread(ratios[0])} of the wall,", end=" ")
            print(f"{spread(ratios[1])} of the CPU, {spread(ratios[2])} of the error", flush=True)


def grow(numbers: list[int], each: int) -> None:
    """Ten dimensions: fit and predictions as the number grows, cells of one mean size."""
    times = []
    for number in numbers:
        data = table(0, number, 10, 3.0)
        options = {"cells": max(1, number // each), "centres_per_cell": 200, "method": "random"}
        ours(0, data, **options)  # what is compiled for this number
        wall, cpu, predict = taken(partial(ours, 0, data, **options))
        asked, _, _ = taken(partial(predict, data[0][: number // 2]))
        error = float(np.sqrt(((np.asarray(predict(data[2])) - data[3]) ** 2).mean()))
        times.append(cpu)
        print(
            f"n={number}, d=10, {options['cells']} cells: fit {wall:.2f} s (CPU {cpu:.2f}),",
            end=" ",
        )
        print(f"{number // 2} predictions {asked:.2f} s, error {error:.3f} of", end=" ")
        print(f"{data[3].std():.3f}, peak {peak():.0f} MB", flush=True)
    slopes = np.diff(np.log(times)) / np.diff(np.log(numbers))
    print(f"  CPU against n: exponents {np.round(slopes, 2).tolist()} from size to size")


def main() -> None:
    """Read the sizes from the command line and run the parts."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--number", type=int, default=20_000)
    parser.add_argument("--exact", type=int, default=8_000)
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--largest", type=int, default=1_000_000)
    options = parser.parse_args()
    jax.config.update("jax_enable_x64", True)
    threadpool_limits(1)
    print(f"{options}, float64, one thread for linear algebra")
    cells = {"cells": 16, "method": "k-means++"}
    compare(
        f"n={options.number}, d=2, box 30",
        partial(table, number=options.number, dimension=2, box=30.0),
        {
            "ParK, 16 cells of 250 centres": partial(ours, **cells, centres_per_cell=250),
            "direct, 1000 centres": partial(direct, centres=1000),
            "scikit-learn Nystroem(1000) and Ridge": partial(pipeline, centres=1000),
        },
        options.repetitions,
    )
    compare(
        f"n={options.exact}, exact in each cell",
        partial(table, number=options.exact, dimension=2, box=30.0),
        {
            "ParK, 16 cells, all centres": partial(ours, **cells, centres_per_cell=None),
            "scikit-learn KernelRidge": whole,
        },
        max(2, options.repetitions // 2),
    )
    sizes = [options.largest // 16, options.largest // 4, options.largest]
    grow([size for size in sizes if size > 1000], 1000)


if __name__ == "__main__":
    main()
