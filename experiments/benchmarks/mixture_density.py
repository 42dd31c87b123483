"""Log-density and score of Gaussian mixtures against scikit-learn's `score_samples`.

Both run in one process, in alternation, on the same points and parameters, each with its default
number of threads and in float64. The ratios are taken pair by pair. Memory is the growth of the
process's peak at the first call: ours goes first, so that scikit-learn's is seen if it is larger.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Callable
from typing import Any

import jax
import numpy as np


def parameters(kind: str, components: int, dimension: int) -> tuple[np.ndarray, ...]:
    """Weights, means and covariances of well-conditioned, overlapping components."""
    random = np.random.default_rng(20250513)
    weights = random.dirichlet(np.full(components, 5.0))
    means = 2 * random.normal(size=(components, dimension))
    if kind == "isotropic":
        return weights, means, random.uniform(0.5, 1.5, components)
    roots = random.normal(size=(components, dimension, dimension)) / np.sqrt(dimension)
    return weights, means, roots @ roots.transpose(0, 2, 1) + 0.5 * np.eye(dimension)[None]


def peer(kind: str, weights: np.ndarray, means: np.ndarray, variances: np.ndarray) -> Any:
    """scikit-learn's mixture with these parameters, without a fit."""
    from sklearn.mixture import GaussianMixture

    model = GaussianMixture(len(weights), covariance_type="full" if kind == "full" else "spherical")
    model.weights_, model.means_, model.covariances_ = weights, means, variances
    if kind == "full":
        model.precisions_cholesky_ = np.linalg.inv(np.linalg.cholesky(variances)).mT
    else:
        model.precisions_cholesky_ = 1 / np.sqrt(variances)
    return model


def seconds(call: Callable[[], Any]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def peak() -> float:
    """The largest resident size of this process so far, in MB."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20


def spread(ratios: np.ndarray) -> str:
    """Median with smallest and largest."""
    return f"{np.median(ratios):.2f} ({ratios.min():.2f}..{ratios.max():.2f})"


def compare(kind: str, number: int, dimension: int, components: int, repetitions: int) -> None:
    """Measure one kind of covariance and print its lines."""
    from diversity_jax.mixtures import GaussianMixture

    values = parameters(kind, components, dimension)
    mixture, model = getattr(GaussianMixture, kind)(*values), peer(kind, *values)
    points, _ = mixture.sample(jax.random.key(1), number)
    rows = np.asarray(points)
    calls = {
        "log-density": lambda: mixture.log_density(points).block_until_ready(),
        "scikit-learn": lambda: model.score_samples(rows),
        "score": lambda: mixture.score(points).block_until_ready(),
    }
    # Compile on a few rows first: the compiler's own memory is not the subject.
    mixture.log_density(points[:4096]).block_until_ready()
    base, memory, outputs = peak(), {}, {}
    for name in ("log-density", "scikit-learn"):
        outputs[name] = np.asarray(calls[name]())
        memory[name] = peak() - base
    gap = np.abs(outputs["log-density"] - outputs["scikit-learn"]).max()
    calls["score"]()
    times = np.array([[seconds(call) for call in calls.values()] for _ in range(repetitions)])
    density, other, score = times.T
    medians = dict(zip(calls, np.median(times, axis=0)))
    print(f"{kind}: " + ", ".join(f"{name} {value:.3f} s" for name, value in medians.items()))
    print(f"  scikit-learn / log-density  {spread(other / density)}")
    print(f"  score / log-density         {spread(score / density)}")
    print("  peak memory: " + ", ".join(f"{name} +{size:.0f} MB" for name, size in memory.items()))
    print(f"  largest difference of the log-densities {gap:.1e}", flush=True)


def main() -> None:
    """Read the sizes from the command line and compare both kinds of covariance."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--number", type=int, default=1_000_000)
    parser.add_argument("--dimension", type=int, default=32)
    parser.add_argument("--components", type=int, default=16)
    parser.add_argument("--repetitions", type=int, default=7)
    options = parser.parse_args()
    jax.config.update("jax_enable_x64", True)
    print(f"{options}, float64, default threads")
    for kind in ("isotropic", "full"):
        sizes = (options.number, options.dimension, options.components)
        compare(kind, *sizes, options.repetitions)


if __name__ == "__main__":
    main()
