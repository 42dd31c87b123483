"""Facility location against apricot-select and submodlib-py: time, memory and objective.

All in one process, in alternation, on the same unit vectors of a Gaussian mixture and the same
similarities, cosines with negative ones set to zero. Peers get the matrix that they need, its
making included. apricot runs once on little data first, so that its compilation is not counted.
Memory is the growth of the process's peak at the first call: ours goes first, then apricot, then
submodlib, so that each is seen if it is larger than those before it. The objective of every
answer is computed anew in double precision. `--large` adds a run of ours with that many points.

Before anything is timed the answers are compared on little data: at every pick a peer has to make
the greedy choice, as ours does, and the objectives have to agree. Picks may differ where two
points serve each other best, which is a tie.
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


def greedy(rows: np.ndarray, picks: np.ndarray, slack: float) -> bool:
    """Whether every pick has the largest gain that was to be had, up to `slack` of it."""
    similarities = np.maximum(rows.astype(np.float64) @ rows.astype(np.float64).T, 0)
    best = np.zeros(len(rows))
    for pick in picks:
        gains = np.maximum(similarities - best[:, None], 0).sum(axis=0)
        if gains[pick] < gains.max() * (1 - slack):
            return False
        best = np.maximum(best, similarities[pick])
    return True


def agree(rows: np.ndarray, number: int, peers: dict[str, Choose]) -> None:
    """Leave with one line where a peer, or ours, is not greedy or the objectives differ."""
    # Sums of as many roundings as there are points, of gains that fall to a part of the first.
    slack = 1e-9 if rows.dtype == np.float64 else 1e-3
    picks = {name: call(rows, number) for name, call in {"ours": ours, **peers}.items()}
    values = {name: objective(rows, chosen) for name, chosen in picks.items()}
    for name, chosen in picks.items():
        apart = abs(values[name] / values["ours"] - 1)
        if not greedy(rows, chosen, slack) or apart > slack:
            sys.exit(f"{name}: other picks than the greedy ones, objective off by {apart:.1e}")
    print(f"  same greedy answers on {len(rows)} points: " + ", ".join(picks))


def compare(rows: np.ndarray, number: int, repetitions: int, peers: dict[str, Choose]) -> None:
    """Measure all on the same rows and print their lines."""
    agree(rows[:400], 40, peers)
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
