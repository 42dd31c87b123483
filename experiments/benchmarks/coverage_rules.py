"""k-center, k-means++ and DPP MAP against fpsample, scikit-learn and Cholesky-greedy numpy.

Both sides of each pair run in one process, in alternation, on the same points, each with its
default number of threads; ratios are taken pair by pair. scikit-learn's `kmeans_plusplus` tries
several candidates per pick by default and is also run with one, which is the same rule as ours.

Before anything is timed the answers are compared on little data: the same picks for k-center and
DPP MAP, for k-means++ potentials from the same distribution, at 1e-4.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from experiments.benchmarks.facility_location import require, unit_rows
from experiments.benchmarks.mixture_density import seconds, spread


def cholesky_greedy(rows: np.ndarray, number: int, length_scale: float) -> np.ndarray:
    """DPP MAP as one would write it in numpy: a column of the kernel and a row of the factor."""
    squares = (rows**2).sum(axis=1)
    left = np.ones(len(rows), rows.dtype)
    factor = np.empty((number, len(rows)), rows.dtype)
    picks = np.empty(number, int)
    for turn in range(number):
        pick = picks[turn] = int(left.argmax())
        apart = np.maximum(squares + squares[pick] - 2 * (rows @ rows[pick]), 0)
        column = np.exp(apart / rows.dtype.type(-2 * length_scale**2))
        row = column - factor[:turn, pick] @ factor[:turn]
        factor[turn] = row / np.sqrt(left[pick])
        left -= factor[turn] ** 2
        left[pick] = -np.inf
    return picks


def calls(rows: np.ndarray, number: int, picks: int) -> dict[str, dict[str, Callable[[], Any]]]:
    """For each rule ours first, then its peers."""
    import fpsample  # pyright: ignore[reportMissingImports]
    from sklearn.cluster import kmeans_plusplus

    from diversity_jax.selection import coverage, kernels

    points, kernel, key = jax.numpy.asarray(rows), kernels.Gaussian(0.5), jax.random.key(0)

    def run(rule: Callable[..., Any], *given: Any, **options: Any) -> Callable[[], Any]:
        return lambda: np.asarray(rule(*given, **options).indices)

    return {
        f"k-center ({number})": {
            "ours": run(coverage.k_center, points, number=number, first=0),
            "fpsample": lambda: fpsample.fps_sampling(rows, number, start_idx=0),
        },
        f"k-means++ ({number})": {
            "ours": run(coverage.kmeans_plus_plus, key, points, number=number),
            "scikit-learn": lambda: kmeans_plusplus(rows, number, random_state=0),
            "scikit-learn, one trial": lambda: kmeans_plusplus(
                rows, number, random_state=0, n_local_trials=1
            ),
        },
        f"DPP MAP ({picks})": {
            "ours": run(coverage.dpp_map, points, number=picks, kernel=kernel),
            "numpy": lambda: cholesky_greedy(rows, picks, 0.5),
        },
        f"D-optimal ({number}), no peer": {
            "ours": run(coverage.d_optimal, points, number=number, ridge=1.0),
        },
    }


def agree(rows: np.ndarray, number: int) -> None:
    """Leave with one line where ours and a peer choose differently from the same points."""
    from scipy.stats import ks_2samp
    from sklearn.cluster import kmeans_plusplus

    from diversity_jax.selection import coverage

    both = calls(rows, number, number)
    for rule, peer in ((f"k-center ({number})", "fpsample"), (f"DPP MAP ({number})", "numpy")):
        if not np.array_equal(both[rule]["ours"](), both[rule][peer]()):
            sys.exit(f"{rule}: other picks than {peer}")
    potentials = {"ours": [], "scikit-learn": []}
    for draw in range(200):
        found = coverage.kmeans_plus_plus(
            jax.random.key(draw), jax.numpy.asarray(rows), number=number
        )
        potentials["ours"].append(float(found.objective))
        _, picks = kmeans_plusplus(rows, number, random_state=draw, n_local_trials=1)
        apart = ((rows[:, None] - rows[picks][None]) ** 2).sum(axis=2)
        potentials["scikit-learn"].append(apart.min(axis=1).sum())
    test: Any = ks_2samp(potentials["ours"], potentials["scikit-learn"])
    if test.pvalue < 1e-4:
        sys.exit("k-means++: other potentials than scikit-learn")
    print(f"same answers on {len(rows)} points: fpsample, numpy, scikit-learn")


def main() -> None:
    """Read the sizes from the command line and compare each rule with its peers."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--points", type=int, default=10_000)
    parser.add_argument("--dimension", type=int, default=64)
    parser.add_argument("--number", type=int, default=1000)
    parser.add_argument("--picks", type=int, default=200, help="for the DPP")
    parser.add_argument("--repetitions", type=int, default=5)
    options = parser.parse_args()
    require("fpsample")
    jax.config.update("jax_enable_x64", True)
    for dtype in (np.float32, np.float64):
        print(f"{options}, {dtype.__name__}, default threads")
        rows = unit_rows(options.points, options.dimension, dtype)
        agree(unit_rows(300, 16, dtype), 20)
        for rule, both in calls(rows, options.number, options.picks).items():
            for call in both.values():
                call()
            rounds = range(options.repetitions)
            times = np.array([[seconds(call) for call in both.values()] for _ in rounds])
            medians = dict(zip(both, np.median(times, axis=0)))
            print(f"{rule}: " + ", ".join(f"{name} {time:.3f} s" for name, time in medians.items()))
            for name, column in zip(list(both)[1:], times.T[1:]):
                print(f"  {name} / ours {spread(column / times[:, 0])}", flush=True)


if __name__ == "__main__":
    main()
