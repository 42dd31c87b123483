"""The resolvent of the feature spectrum against a loop of `scipy.optimize.root` over the points.

Both in one process, in alternation, on the same 4000 points above the real axis and two classes.
The peer walks along the points and starts each root from the one before, with the tolerance that
ours reaches; at its first point it starts from ours.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from experiments.benchmarks.mixture_density import seconds, spread


def peer(parts: Any, points: np.ndarray, start: np.ndarray) -> np.ndarray:
    """Traces `[n]` by one root per point, in real and imaginary parts."""
    from scipy.optimize import root

    pi, memory = np.asarray(parts.fractions), np.asarray(parts.memory)
    linear = np.asarray(parts.linear)[:, 0]
    noise, rest, n, p = (
        float(part)
        for part in (parts.noise_power, parts.residual_power, parts.samples, parts.features)
    )

    def gap(flat: np.ndarray, z: complex) -> np.ndarray:
        state = flat[: flat.size // 2] + 1j * flat[flat.size // 2 :]
        q, zeta = state[0], state[1:]
        beta = noise + (pi * zeta) @ linear
        k = p * q / (1 + p * q * beta)
        inverse = rest - z + (pi * zeta) @ memory + beta / (1 + p * q * beta)
        loads = linear * k / n + p / n * memory * q
        off = np.concatenate([[q * inverse - 1], zeta * (1 + loads) - 1])
        return np.concatenate([np.real(off), np.imag(off)])

    traces, state = np.empty(points.size, complex), start
    for place, z in enumerate(points):
        flat = root(gap, np.concatenate([np.real(state), np.imag(state)]), args=(z,), tol=1e-12).x
        state = flat[: flat.size // 2] + 1j * flat[flat.size // 2 :]
        traces[place] = state[0]
    return traces


def main() -> None:
    """Compare, and print the ratios with their spread."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--points", type=int, default=4000)
    parser.add_argument("--repetitions", type=int, default=7)
    options = parser.parse_args()
    import jax

    jax.config.update("jax_enable_x64", True)
    from diversity_jax.diffusion.model import ClassModel
    from diversity_jax.diffusion.theory import spectrum

    model = ClassModel([0.3, 0.7], [0.4, 1.6], 0.1, 4.0, 16.0)
    points = np.linspace(0.0, 20.0, options.points) + 0.01j
    began = time.perf_counter()
    found = spectrum.resolvent(model, points)
    found.trace.block_until_ready()
    first = time.perf_counter() - began
    parts = spectrum.coefficients(model)
    start = np.concatenate([found.trace[:1], found.class_factors[0]])
    calls: list[Callable[[], Any]] = [
        lambda: spectrum.resolvent(model, points).trace.block_until_ready(),
        lambda: peer(parts, points, start),
    ]
    other = peer(parts, points, start)
    times = np.array([[seconds(call) for call in calls] for _ in range(options.repetitions)])
    ours, theirs = np.median(times, axis=0)
    gap = np.abs(np.asarray(found.trace) - other)
    print(f"{options}; first call, compilation included: {first:.2f} s")
    print(f"resolvent {ours:.3f} s, scipy {theirs:.3f} s")
    print(f"  scipy / resolvent {spread(times[:, 1] / times[:, 0])}")
    same = gap <= 1e-6
    print(
        f"  peer on another root at {int((~same).sum())} points, else {gap[same].max():.1e} apart"
    )


if __name__ == "__main__":
    main()
