"""Peak memory of a finite-size run, spectrum and per-class losses, in units of p^2 numbers.

Resident size during a second run, sampled every millisecond, over that before it, less samples and
weights: what compilation takes is not the subject. Each run has a process of its own, in which
freed arrays go back to the system at once. Linux only.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

RUNS = ("spectrum", "losses")


def resident() -> float:
    """The resident size of this process, in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def growth(call: Callable[[], Any]) -> float:
    """By how much the resident size grows during `call` at most, in MB."""
    base, seen, done = resident(), [resident()], threading.Event()

    def watch() -> None:
        while not done.is_set():
            seen.append(resident())
            time.sleep(1e-3)

    watcher = threading.Thread(target=watch)
    watcher.start()
    call()
    done.set()
    watcher.join()
    return max(seen) - base


def measure(name: str, dimension: int, samples: float, features: float) -> None:
    """Run twice, and print the growth of the second run."""
    import jax
    import numpy as np

    jax.config.update("jax_enable_x64", True)
    from diversity_jax.diffusion import random_features, training
    from diversity_jax.diffusion.model import ClassModel

    model, key = ClassModel([0.3, 0.7], [0.4, 1.6], 0.1, samples, features), jax.random.key(0)

    def run() -> None:
        if name == "spectrum":
            found = random_features.simulate(key, model, dimension=dimension).eigenvalues
        else:
            times = np.geomspace(0.1, 1e4, 40)
            found = training.simulated_losses(key, model, times, dimension=dimension)
        jax.block_until_ready(found)

    run()
    grown = growth(run)
    counts, p = random_features.sizes(model, dimension)
    data = 8 * (sum(counts) + p) * dimension / 2**20
    square = 8 * p**2 / 2**20
    print(
        f"{name}: p = {p}, n = {sum(counts)}: {grown:.0f} MB, {data:.0f} MB of it samples and "
        f"weights; beyond them {(grown - data) / square:.2f} p^2 numbers",
        flush=True,
    )


def main() -> None:
    """Both runs, each in a new process."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--dimension", type=int, default=96)
    parser.add_argument("--samples", type=float, default=8.0, help="per dimension")
    parser.add_argument("--features", type=float, default=16.0, help="per dimension")
    parser.add_argument("--only", choices=RUNS)
    options = parser.parse_args()
    if options.only:
        measure(options.only, options.dimension, options.samples, options.features)
        return
    sizes = [f"--{name}={getattr(options, name)}" for name in ("dimension", "samples", "features")]
    for name in RUNS:
        words = [sys.executable, "-m", "experiments.benchmarks.finite_size_memory", *sizes]
        settings = {**os.environ, "MALLOC_MMAP_THRESHOLD_": str(2**20)}
        subprocess.run([*words, "--only", name], check=True, env=settings)


if __name__ == "__main__":
    main()
