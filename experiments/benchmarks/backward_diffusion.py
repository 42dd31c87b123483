"""Backward diffusion with a mixture's exact score against a torch loop that computes the same.

Both in one process, in alternation, in float32, each with its default number of threads. The peer
needs the extra `bench` (torch); squared distances come from one product in it, the faster form.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

from experiments.benchmarks.mixture_density import parameters, seconds, spread


def peer(
    torch: Any, parts: tuple[np.ndarray, ...], points: np.ndarray, times: np.ndarray
) -> Callable[[], Any]:
    """A function that runs all steps of the loop in torch."""
    weights, means, variances = (torch.tensor(part, dtype=torch.float32) for part in parts)
    start = torch.tensor(points, dtype=torch.float32)
    moves = [(float(now), float(now - then)) for now, then in pairwise(times)]

    @torch.no_grad()
    def run() -> Any:
        held, dimension = start, start.shape[1]
        for time, width in moves:
            decay, noise = np.exp(-time), -np.expm1(-2 * time)
            centres, spreads = decay * means, decay**2 * variances + noise
            squares = (held * held).sum(1, keepdim=True) - 2 * held @ centres.T
            squares = squares + (centres * centres).sum(1)
            constants = torch.log(weights) - dimension / 2 * torch.log(spreads)
            shares = torch.softmax(constants - squares / (2 * spreads), dim=1) / spreads
            score = shares @ centres - shares.sum(1, keepdim=True) * held
            held = held + width * (held + 2 * score)
            held = held + (2 * width) ** 0.5 * torch.randn_like(held)
        return held

    return run


def main() -> None:
    """Compare, and print the ratios with their spread."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--number", type=int, default=20_000)
    parser.add_argument("--dimension", type=int, default=16)
    parser.add_argument("--components", type=int, default=8)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--repetitions", type=int, default=9)
    options = parser.parse_args()
    try:
        import torch  # pyright: ignore[reportMissingImports]  (an extra)
    except ImportError:
        sys.exit("torch: not installed, wanted as the peer; install the extra: .[bench]")
    import jax
    import jax.numpy as jnp

    from diversity_jax.diffusion import process, sampling
    from diversity_jax.mixtures import GaussianMixture

    parts = parameters("isotropic", options.components, options.dimension)
    mixture = GaussianMixture.isotropic(*(jnp.asarray(part, jnp.float32) for part in parts))
    score, times = sampling.mixture_score(mixture), process.backward_times(4.0, 1e-3, options.steps)
    points = jax.random.normal(jax.random.key(0), (options.number, options.dimension), jnp.float32)
    calls: list[Callable[[], Any]] = [
        lambda: sampling.backward(jax.random.key(1), score, points, times).block_until_ready(),
        peer(torch, parts, np.asarray(points), np.asarray(times)),
    ]
    ends = [np.asarray(call()) for call in calls]
    pairs = np.array([[seconds(call) for call in calls] for _ in range(options.repetitions)])
    medians = np.median(pairs, axis=0)
    print(f"{options}, float32, default threads")
    print(f"backward {medians[0]:.3f} s, torch {medians[1]:.3f} s")
    print(f"  torch / backward {spread(pairs[:, 1] / pairs[:, 0])}")
    error = np.sqrt(sum(end.var(axis=0) for end in ends) / options.number)
    score_of_means = np.abs(ends[0].mean(axis=0) - ends[1].mean(axis=0)) / error
    print(f"  means of the ends at most {score_of_means.max():.1f} standard errors apart")


if __name__ == "__main__":
    main()
