"""Facility location against apricot-select and submodlib-py: time, memory and objective.

All in one process, in alternation, on the same unit vectors of a Gaussian mixture and the same
similarities, cosines with negative ones set to zero. Peers get the matrix that they need, its
making included. apricot runs once on little data first, so that its compilation is not counted.
Memory is the growth of the process's peak at the first call: ours goes first, then apricot, then
submodlib, so that each is seen if it is larger than those before it. The objective of every
answer is computed anew in double precision. `--large` adds a run of ours with that many points.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from experiments.benchmarks.mixture_density import peak, seconds, spread

Choose = Callable[[np.ndarray, int], Any]


def require(*modules: str) -> None:
    """Leave with one line where a peer is not installed."""
    for name in modules:
        if importlib.util.find_spec(name) is None:
            sys.exit(f"{name}: not installed, wanted as a peer; install the extra: .[bench]")


def unit_rows(number: int, dimension: int, dtype: Any) -> np.ndarray:
    """Unit vectors of a mixture of 50 Gaussians whose spread is that of their centres."""
    random = np.random.default_rng(20250204)
    centres = random.normal(size=(50, dimension))
    rows = centres[random.integers(50, size=number)] + random.normal(size=(number, dimension))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(dtype)


def clipped(a: jax.Array, b: jax.Array) -> jax.Array:
    """Cosines of unit vectors, negative ones set to zero."""
    return jnp.maximum(a @ b.T, 0)


def ours(rows: np.ndarray, number: int, *, method: str = "lazy") -> np.ndarray:
    """Indices by `selection.coverage.facility_location`."""
    from diversity_jax.selection import coverage

    found = coverage.facility_location(
        jnp.asarray(rows), number=number, kernel=clipped, method=method
    )
    return np.asarray(found.indices)


def apricot(rows: np.ndarray, number: int, *, optimizer: str = "lazy") -> np.ndarray:
    """Indices by apricot-select from the matrix."""
    from apricot import FacilityLocationSelection  # pyright: ignore[reportMissingImports]

    model = FacilityLocationSelection(number, metric="precomputed", optimizer=optimizer)
    return np.asarray(model.fit(np.maximum(rows @ rows.T, 0)).ranking)


def submodlib(rows: np.ndarray, number: int) -> np.ndarray:
    """Indices by submodlib-py from the matrix."""
    from submodlib import FacilityLocationFunction  # pyright: ignore[reportMissingImports]

    model = FacilityLocationFunction(
        n=len(rows), mode="dense", sijs=np.maximum(rows @ rows.T, 0), separate_rep=False
    )
    answer = model.maximize(budget=number, optimizer="LazyGreedy", show_progress=False)
    return np.array([index for index, _ in answer])


def objective(rows: np.ndarray, picks: np.ndarray) -> float:
    """The sum of best similarities, in double precision, a block of points at a time."""
    exact = rows.astype(np.float64)
    chosen = exact[picks].T
    parts = [exact[start : start + 1000] @ chosen for start in range(0, len(rows), 1000)]
    return sum(np.maximum(part, 0).max(axis=1).sum() for part in parts)


def compare(rows: np.ndarray, number: int, repetitions: int, peers: dict[str, Choose]) -> None:
    """Measure all on the same rows and print their lines."""
    calls = {"lazy": ours, "stochastic": partial(ours, method="stochastic"), **peers}
    for call in calls.values():
        call(rows[:200], 5)
    ours(rows, number)  # compile for these sizes: the compiler's memory is not the subject
    calls["stochastic"](rows, number)
    base, memory, values = peak(), {}, {}
    for name, call in calls.items():
        values[name] = objective(rows, call(rows, number))
        memory[name] = peak() - base
    times = {name: [] for name in calls}
    for _ in range(repetitions):
        for name, call in calls.items():
            times[name].append(seconds(lambda call=call: call(rows, number)))
    lazy = np.array(times["lazy"])
    for name in calls:
        ratio = spread(np.array(times[name]) / lazy)
        print(
            f"  {name}: {np.median(times[name]):.2f} s, {ratio} times lazy, "
            f"+{memory[name]:.0f} MB, objective {values[name]:.3f} "
            f"({values[name] / values['lazy'] - 1:+.1e})",
            flush=True,
        )


def main() -> None:
    """Read the sizes from the command line and compare in both precisions."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--points", type=int, default=10_000)
    parser.add_argument("--dimension", type=int, default=64)
    parser.add_argument("--number", type=int, default=1000)
    parser.add_argument("--repetitions", type=int, default=3)
    parser.add_argument("--peers", default="apricot,submodlib", help="of apricot,submodlib")
    parser.add_argument("--precision", default="float32,float64")
    parser.add_argument("--large", type=int, default=0)
    options = parser.parse_args()
    known: dict[str, Choose] = {"apricot": apricot, "submodlib": submodlib}
    peers = {name: known[name] for name in options.peers.split(",") if name}
    require(*peers)
    jax.config.update("jax_enable_x64", True)
    for dtype in options.precision.split(","):
        print(f"{options}, {dtype}, default threads")
        rows = unit_rows(options.points, options.dimension, dtype)
        compare(rows, options.number, options.repetitions, peers)
    if options.large:
        rows = unit_rows(options.large, options.dimension, np.float32)
        base = peak()
        time = seconds(lambda: ours(rows, options.number))
        grown = max(0.0, peak() - base)
        print(f"{options.large} points: {time:.1f} s, peak {peak():.0f} MB (+{grown:.0f} MB)")


if __name__ == "__main__":
    main()
