"""E5's regularised descent: fast and reference mode against numpy, batched and seed by seed.

One process, in alternation, 64-bit, default threads; run `python -m
experiments.benchmarks.regularised_descent`. Each repetition times every method once; ratios are
taken within a repetition and shown as median and range. Compilation is not counted.
"""

from __future__ import annotations

import time

import jax
import jax.numpy as jnp
import numpy as np

from diversity_jax import seeds
from diversity_jax.attention import settings, theory, training

SEEDS, STEPS, REPETITIONS = 24, 6000, 5
DIMENSION, LENGTH, VARIANCE = 10, 30.0, 0.09
STRENGTH, REGULARISATION, LEARNING_RATE = 0.6, 0.2, 0.05


def start(key: jax.Array) -> jax.Array:
    """The common start of all methods."""
    return training.sphere_start(key, heads=2, dimension=DIMENSION, dtype=jnp.float64)


def job(key: jax.Array, regularisation: jax.Array) -> jax.Array:
    """One seed of the experiment: heads after all steps."""
    mixture = settings.orthonormal(clusters=2, dimension=DIMENSION, variance=VARIANCE)

    def objective(heads: jax.Array) -> jax.Array:
        risk = theory.population_risk(heads, mixture, length=LENGTH, strength=STRENGTH)
        return risk + regularisation * theory.regulariser(heads, mixture)

    return training.descend(
        objective, start(key), learning_rate=LEARNING_RATE, frames=1, stride=STEPS
    ).heads


def gradient(heads: np.ndarray) -> np.ndarray:
    """Gradient of the regularised risk in numpy, by hand, for heads `[..., 2, d]`.

    Matrix form: with S and F the token moments, R and r are traces of words in A, S, F; written
    for orthonormal centroids on the first two axes, all d x d products batched over seeds.
    """
    d, tau, once = DIMENSION, VARIANCE, 1 / LENGTH
    span = np.diag([1.0, 1.0] + [0.0] * (d - 2))
    second = span / 2 + tau * np.eye(d)
    heavy = (1 + (d + 4) * tau) / 2 * span + tau * (1 + (d + 2) * tau) * np.eye(d)
    form = np.swapaxes(heads, -1, -2) @ heads
    others, gain = 1 - once, 2 * STRENGTH
    cross = others * second @ second + once * heavy
    square = (
        others
        * (1 - 2 * once)
        * (second @ second @ form @ second + second @ form @ second @ second)
    )
    square = square + once * others * (heavy @ form @ second + second @ form @ heavy)
    word = (form @ second + second @ form) / 2
    trace = np.trace(form, axis1=-2, axis2=-1)[..., None, None]
    trace_word = np.sum(form * second, axis=(-1, -2))[..., None, None]
    energy = 1 + d * tau
    pair, own = 0.0, 0.0
    eye = np.eye(d)
    for centroid in np.eye(d)[:2]:
        outer = np.outer(centroid, centroid)
        a = np.einsum("i,...ij,j->...", centroid, form, centroid)[..., None, None]
        b = np.einsum("i,...ij,j->...", centroid, word, centroid)[..., None, None]
        by_form = outer + tau * eye
        by_word = (outer @ second + second @ outer) / 2 + tau * second
        mean_a, mean_b = a + tau * trace, b + tau * trace_word
        pair = pair + mean_b * by_form + mean_a * by_word
        pair = pair + 2 * tau * (outer @ word + word @ outer)
        pair = pair + tau * (
            second @ (form @ outer + outer @ form) + (form @ outer + outer @ form) @ second
        )
        pair = pair + 2 * tau**2 * (word + (form @ second + second @ form) / 2)
        fluctuation = 4 * tau**2 * form + 4 * tau * (form @ outer + outer @ form)
        covariance = 2 * tau**2 * trace + 4 * tau * a
        by_covariance = 2 * tau**2 * eye + 4 * tau * outer
        own = own + energy * (2 * mean_a * by_form + fluctuation)
        own = own + 2 * (covariance * by_form + mean_a * by_covariance)
        own = own + 16 * tau**3 * form + 24 * tau**2 * (form @ outer + outer @ form)
    square = square + once**2 * own / 2 + 2 * once * others * pair / 2
    total = -2 * gain * cross + gain**2 * square
    flipped = heads[..., ::-1, :]
    overlap, crossed = heads[..., :2], flipped[..., :2]
    inner = np.sum(heads * flipped, axis=-1, keepdims=True)
    shared = np.sum(overlap * crossed, axis=-1, keepdims=True)
    regular = np.zeros_like(heads)
    regular[..., :2] = overlap * (crossed**2 + tau) + 2 * tau * inner * crossed
    regular = regular + (2 * tau * shared + 4 * tau**2 * inner) * flipped
    regular = regular + 2 * tau * heads * (np.sum(crossed**2, axis=-1, keepdims=True) / 2 + tau)
    return 2 * heads @ total + REGULARISATION * regular


def numpy_descent(heads: np.ndarray) -> np.ndarray:
    """All steps in numpy, for heads `[..., 2, d]`."""
    for _ in range(STEPS):
        slope = gradient(heads)
        slope = slope - heads * np.sum(heads * slope, axis=-1, keepdims=True)
        heads = heads - LEARNING_RATE * slope
        heads = heads / np.linalg.norm(heads, axis=-1, keepdims=True)
    return heads


def main() -> None:
    """Time all methods in alternation and print ratios."""
    keys = seeds.seed_keys(seeds.stream(seeds.root(0), "descent benchmark"), range(SEEDS))
    size = jnp.asarray(REGULARISATION)
    starts = np.asarray(jax.vmap(start)(keys))
    fast, reference = (seeds.over_seeds(job, mode=mode) for mode in ("fast", "reference"))
    methods = {
        "fast": lambda: np.asarray(fast(keys, size)),
        "reference": lambda: np.asarray(reference(keys, size)),
        "numpy, batched": lambda: numpy_descent(starts),
    }
    ends = {name: run() for name, run in methods.items()}
    for name, end in ends.items():
        gap = np.abs(np.abs(end) - np.abs(ends["reference"])).max()
        print(f"{name:16} heads differ from the reference by {gap:.1e}")
    times: dict[str, list[float]] = {name: [] for name in methods}
    for _ in range(REPETITIONS):
        for name, run in methods.items():
            began = time.perf_counter()
            run()
            times[name].append(time.perf_counter() - began)
    began = time.perf_counter()
    for one in starts[:4]:
        numpy_descent(one)
    looped = (time.perf_counter() - began) / 4 * SEEDS
    print(f"numpy, seed by seed (4 seeds, scaled to {SEEDS}): {looped:.2f} s")
    for first, second in [("fast", "numpy, batched"), ("reference", "fast")]:
        ratios = np.divide(times[first], times[second])
        print(
            f"{first} / {second}: median {np.median(ratios):.2f} "
            f"({ratios.min():.2f} to {ratios.max():.2f}) over {REPETITIONS} repetitions"
        )
    print(f"reference / seed by seed: {np.median(times['reference']) / looped:.3f}")


if __name__ == "__main__":
    jax.config.update("jax_enable_x64", True)
    main()
