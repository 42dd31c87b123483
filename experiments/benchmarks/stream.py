"""A stream of points, step by step: microseconds per point, against numpy and scipy.

All run in one process, in alternation, on the same points, in float64 with one thread. "insert" is
doubling alone, "labels" the learner's state without a solve, then each tenth point and each point
predicted. The peer is the same step written in numpy, with scipy's Cholesky. Times are of the
process's CPU, since others may share the cores: medians of the repetitions, and their range.
"flat" is the time of the last tenth of the stream over that of its first. Of a stream in which each
point is predicted the peer sees a tenth; ours alone sees the whole of it last.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import jax
import numpy as np
import scipy.linalg
from threadpoolctl import threadpool_limits

BANDWIDTH, REGULARISATION, MULTIPLIER = 5.0, 1e-3, 1.5


class Peer:
    """The learner's step by numpy; every field is changed where it lies."""

    def __init__(self, number: int, dimension: int, most_pinned: int):
        self.centroids = np.full((number + 1, dimension), np.inf)
        self.many, self.count, self.radius = np.zeros(number + 1), 0, 0.0
        self.pinned, self.most = np.zeros(number + 1, bool), most_pinned
        self.weights = np.zeros((number + 1, number + 1))
        self.sums, self.labelled = np.zeros(number + 1), np.zeros(number + 1)

    def step(self, point: np.ndarray, label: float, solve: bool) -> float:
        """Take one point in; its value where asked for, else NaN."""
        n, known = self.count, not np.isnan(label)
        pin = known and self.pinned[:n].sum() < self.most
        apart = self.centroids[:n] - point
        near = np.sqrt(np.einsum("ij,ij->i", apart, apart))
        at = int(near.argmin()) if n else 0
        if not n or not (near[at] == 0 or (near[at] < self.radius and not pin)):
            at = n
            self.centroids[at], self.many[at], self.count = point, 0, n + 1
            self.pinned[at], self.sums[at], self.labelled[at] = False, 0, 0
            row = np.exp(-((near / BANDWIDTH) ** 2) / 2)
            self.weights[at, :n] = self.weights[:n, at] = row
        self.many[at] += 1
        self.pinned[at] |= pin
        if known:
            self.sums[at] += label
            self.labelled[at] += 1
        if self.count == len(self.many):
            at = self.merge(at)
        return self.solve()[at] if solve else np.nan

    def merge(self, at: int) -> int:
        """Fewer centroids again; where `at` went."""
        n = self.count
        rows, free = self.centroids[:n], ~self.pinned[:n]
        pairs = np.sqrt(((rows[:, None] - rows[None]) ** 2).sum(2))
        np.fill_diagonal(pairs, np.inf)
        self.radius = self.radius or pairs[np.ix_(free, free)].min()
        to = np.arange(n)
        while (to == np.arange(n)).all():
            self.radius *= MULTIPLIER
            kept = self.pinned[:n].copy()
            for i in np.flatnonzero(free):
                near = np.flatnonzero(kept & (pairs[i] < self.radius))
                kept[i] = not len(near)
                to[i] = near[0] if len(near) else i
        for name in ("many", "sums", "labelled"):
            values = getattr(self, name)
            values[: kept.sum()] = np.bincount(to, values[:n], n)[kept]
        self.centroids[: kept.sum()] = rows[kept]
        self.pinned[: kept.sum()] = self.pinned[:n][kept]
        self.weights[: kept.sum(), : kept.sum()] = self.weights[:n, :n][np.ix_(kept, kept)]
        self.count = int(kept.sum())
        return int(np.cumsum(kept)[to[at]] - 1)

    def solve(self) -> np.ndarray:
        """The compact hard harmonic solution of all centroids."""
        n = self.count
        v, held = self.many[:n], self.labelled[:n] > 0
        values = np.where(held, self.sums[:n] / np.maximum(self.labelled[:n], 1), 0)
        free, w = ~held, self.weights[:n, :n]
        if free.any():
            table = -(v[free, None] * w[np.ix_(free, free)] * v[free])
            np.fill_diagonal(table, v[free] * (w[free] @ v + REGULARISATION))
            right = v[free] * (w[np.ix_(free, held)] @ (v * values)[held])
            factor = scipy.linalg.cho_factor(table, check_finite=False, overwrite_a=True)
            values[free] = scipy.linalg.cho_solve(factor, right, check_finite=False)
        return values


def stream(number: int, length: int, dimension: int) -> tuple[np.ndarray, np.ndarray]:
    """Clusters, somewhat fewer than centroids, in a random order; one label in 200."""
    random = np.random.default_rng(0)
    centres = 3 * random.normal(size=(int(0.9 * number), dimension))
    which = random.integers(len(centres), size=length)
    points = centres[which] + 0.05 * random.normal(size=(length, dimension))
    labels = np.where(random.random(length) < 0.005, np.sign(centres[which, 0]), np.nan)
    return points, labels


def ours(points: np.ndarray, labels: np.ndarray, number: int, every: int | None) -> Any:
    """CPU seconds of each tenth, and predictions; `every` None is doubling alone."""
    from diversity_jax.graph_learning import online, quantise

    dimension = points.shape[1]
    state: Any = quantise.initial(number, dimension)
    if every is not None:
        state = online.initial(
            number, dimension, bandwidth=BANDWIDTH, regularisation=REGULARISATION
        )
    seconds, found = [], []
    for part in np.array_split(np.arange(len(points)), 10):
        start = time.process_time()
        if every is None:
            state = jax.block_until_ready(quantise.extend(state, points[part]))
        else:
            state, values = online.run(state, points[part], labels[part], every=every)
            found.append(np.asarray(jax.block_until_ready(values)))
        seconds.append(time.process_time() - start)
    return np.array(seconds), np.concatenate(found) if found else None


def theirs(points: np.ndarray, labels: np.ndarray, number: int, every: int | None) -> Any:
    """The same by the peer, which keeps its weights up to date in doubling alone too."""
    peer = Peer(number, points.shape[1], number // 2)
    given = np.full(len(points), np.nan) if every is None else labels
    seconds, found = [], []
    for part in np.array_split(np.arange(len(points)), 10):
        start = time.process_time()
        for i in part:
            found.append(
                peer.step(points[i], float(given[i]), bool(every) and (i + 1) % every == 0)
            )
        seconds.append(time.process_time() - start)
    return np.array(seconds), np.array(found)


def main() -> None:
    """Read the sizes from the command line and run the jobs."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--length", type=int, default=100_000)
    parser.add_argument("--number", type=int, default=200)
    parser.add_argument("--dimension", type=int, default=64)
    parser.add_argument("--repetitions", type=int, default=3)
    options = parser.parse_args()
    jax.config.update("jax_enable_x64", True)
    threadpool_limits(1)
    print(f"{options}, float64, one thread for linear algebra")
    points, labels = stream(options.number, options.length, options.dimension)
    jobs = {"insert": None, "labels": 0, "each tenth predicted": 10, "each predicted": 1}
    for name, every in jobs.items():
        # Of a stream in which each is predicted a tenth will do.
        length = options.length // 10 if every == 1 else options.length
        compared(name, points[:length], labels[:length], options, every)
    alone(points, labels, options)


def compared(
    name: str, points: np.ndarray, labels: np.ndarray, options: Any, every: int | None
) -> None:
    """One job in alternation with the peer."""
    length = len(points)
    ours(points, labels, options.number, every)  # compiles
    rows, apart = [], 0.0
    for _ in range(options.repetitions):
        one, mine = ours(points, labels, options.number, every)
        two, other = theirs(points, labels, options.number, every)
        one, two = 1e6 * one / length, 1e6 * two / length
        ratio = two.sum() / one.sum()
        rows.append((one.sum(), one[-1] / one[0], two.sum(), two[-1] / two[0], ratio))
        if every:
            there = np.isfinite(other)
            assert (np.isfinite(mine) == there).all()
            apart = max(apart, float(np.abs(mine - other)[there].max()))
    mine, flat, other, other_flat, ratio = (spread(column) for column in zip(*rows))
    print(f"{name}, {length} points: ours {mine} us a point, flat {flat};")
    print(f"  numpy {other}, flat {other_flat}; numpy / ours {ratio}", end="")
    print(f"; predictions differ by {apart:.1e}" if every else "", flush=True)


def alone(points: np.ndarray, labels: np.ndarray, options: Any) -> None:
    """All points, each predicted, without the peer."""
    taken = [ours(points, labels, options.number, 1)[0] for _ in range(options.repetitions)]
    tenths = 1e6 * np.array(taken) / (len(points) / 10)
    flat = spread(tenths[:, -1] / tenths[:, 0])
    print(
        f"each predicted, {len(points)} points: ours {spread(tenths.mean(1))} us a point,", end=""
    )
    print(f" its tenths {tenths.min():.1f} to {tenths.max():.1f}, flat {flat}", flush=True)


def spread(values: Any) -> str:
    """Median, least and largest."""
    return f"{np.median(values):.2f} ({min(values):.2f}..{max(values):.2f})"


if __name__ == "__main__":
    main()
