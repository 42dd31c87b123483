"""Simulated spectra of noised random features over seeds, against a numpy loop over the same seeds.

Both average the noise exactly, by the same series and nodes, and take LAPACK's eigenvalues; both
run in one process, in alternation. Ours spreads seeds over cores by `seeds.on_host`; numpy has its
default number of BLAS threads (set OPENBLAS_NUM_THREADS to change it).
"""

from __future__ import annotations

import argparse
import math
import os
from collections.abc import Callable
from typing import Any

import numpy as np

from experiments.benchmarks.mixture_density import seconds, spread

ORDER, NODES, ROWS = 6, 67, 8


def peer(
    weights: np.ndarray, samples: np.ndarray, decay: float, noise: float
) -> tuple[np.ndarray, np.ndarray]:
    """Feature covariance `[p, p]` and its eigenvalues, for tanh."""
    (p, d), n = weights.shape, len(samples)
    nodes = np.linspace(-10, 10, NODES)
    masses = np.exp(-(nodes**2) / 2)
    masses /= masses.sum()
    basis = np.stack([np.ones(NODES), nodes])
    for s in range(1, ORDER):
        following = (nodes * basis[s] - math.sqrt(s) * basis[s - 1]) / math.sqrt(s + 1)
        basis = np.vstack([basis, following])
    basis *= masses
    norms = np.linalg.norm(weights, axis=1)
    means, steps = decay / np.sqrt(d) * samples @ weights.T, math.sqrt(noise / d) * norms
    found, squares = np.empty((ORDER + 1, n, p)), np.zeros(p)
    for first in range(0, n, ROWS):
        part = means[first : first + ROWS]
        values = np.tanh(part[None] + nodes[:, None, None] * steps)
        found[:, first : first + ROWS] = (basis @ values.reshape(NODES, -1)).reshape(
            -1, *part.shape
        )
        values *= values
        squares += (masses @ values.reshape(NODES, -1)).reshape(part.shape).sum(axis=0)
    unit = weights / norms[:, None]
    similarity, total = unit @ unit.T, np.zeros((p, p))
    for part in found[::-1]:
        total *= similarity
        total += part.T @ part
    np.fill_diagonal(total, squares)
    total /= n
    return total, np.linalg.eigvalsh(total)


def main() -> None:
    """Compare, and print the ratios with their spread."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--dimension", type=int, default=100)
    parser.add_argument("--samples", type=float, default=5.0, help="per dimension")
    parser.add_argument("--features", type=float, default=10.0, help="per dimension")
    parser.add_argument("--repetitions", type=int, default=7)
    options = parser.parse_args()
    import jax

    jax.config.update("jax_enable_x64", True)
    from diversity_jax import seeds
    from diversity_jax.diffusion import random_features
    from diversity_jax.diffusion.model import ClassModel

    model = ClassModel([0.3, 0.7], [0.4, 1.6], 0.1, options.samples, options.features)
    keys = seeds.seed_keys(jax.random.key(0), range(options.seeds))
    workers = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    ours = seeds.on_host(
        lambda key: random_features.simulate(key, model, dimension=options.dimension).eigenvalues,
        workers=workers,
    )
    counts, p = random_features.sizes(model, options.dimension)
    decay, noise = float(np.exp(-0.1)), float(-np.expm1(-0.2))
    deviations = np.repeat(np.sqrt(np.asarray(model.mean_variances)), counts)

    def theirs() -> np.ndarray:
        random, rows = np.random.default_rng(0), []
        for _ in range(options.seeds):
            weights = random.normal(size=(p, options.dimension))
            weights *= np.sqrt(options.dimension / (weights**2).sum(axis=1, keepdims=True))
            samples = deviations[:, None] * random.normal(size=(sum(counts), options.dimension))
            rows.append(peer(weights, samples, decay, noise)[1])
        return np.stack(rows)

    drawn = random_features.draw(keys[0], model, dimension=options.dimension, normalised=True)
    same = peer(np.asarray(drawn.weights), np.asarray(drawn.samples), decay, noise)[1]
    gap = np.abs(same - ours(keys)[0]).max()
    calls: list[Callable[[], Any]] = [lambda: ours(keys), theirs]
    theirs()
    times = np.array([[seconds(call) for call in calls] for _ in range(options.repetitions)])
    medians = np.median(times, axis=0)
    print(f"{options}, float64, {workers} seeds at a time")
    print(f"simulate {medians[0]:.2f} s, numpy loop {medians[1]:.2f} s")
    print(f"  numpy / simulate {spread(times[:, 1] / times[:, 0])}")
    print(f"  largest difference of eigenvalues on the same draw {gap:.1e}")


if __name__ == "__main__":
    main()
