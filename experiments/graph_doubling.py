"""Doubling of streams: how far points lie from their centroids, against what is possible."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import jax
import jax.numpy as jnp
import numpy as np
import xarray
from jax import lax

from diversity_jax import seeds
from diversity_jax.graph_learning import quantise, theory

HOST = True
STREAMS, LENGTH, NUMBER = 24, 8, 3
MULTIPLIERS = (1.5, 2.0, 3.0)
AXES = {name: ("stream",) for name in ("distortion", "radius", "optimum")}


@dataclass(frozen=True)
class Config:
    """`seeds` times 24 short streams on a line at each multiplier, one of them searched."""

    seeds: int = 16


PRESETS = {"smoke": Config(seeds=4), "laptop": Config(), "paper": Config(seeds=1000)}


def grid(config: Config) -> list[dict]:
    """The papers' multiplier, that of the best guarantee, and a large one."""
    return [{"multiplier": multiplier} for multiplier in MULTIPLIERS]


def job(key: jax.Array, point: dict) -> dict[str, np.ndarray]:
    """Of each stream: the largest distance to a centroid, R, and the least with as many centres.

    Centroids are those that points joined, followed through merges. `margin` is by how much the
    last stream, which was searched for that, exceeds twice the least, in units of it.
    """
    random = seeds.numpy_generator(seeds.stream(key, "streams"))
    m = float(point["multiplier"])
    known = theory.doubling_counterexample(
        multiplier=Fraction(3, 2) if m == 1.5 else Fraction(2), number=NUMBER
    )
    streams = [_drawn(random, kind) for kind in range(STREAMS - 1)]
    streams = np.array([*streams, [float(x) for x in known.points]])
    places, centroids, radius = (np.asarray(part) for part in _followed(streams, m))
    homes = np.take_along_axis(centroids, places, axis=1)
    distortion = np.abs(streams - homes).max(axis=1)
    optimum = np.array([_optimum(stream) for stream in streams])
    return {
        "distortion": distortion,
        "radius": radius,
        "optimum": optimum,
        "margin": distortion[-1] / optimum[-1] - 2,
        "margin_exact": np.asarray(float(known.margin)),
    }


@jax.jit
def _followed(streams: jax.Array, multiplier: float) -> tuple[jax.Array, jax.Array, jax.Array]:
    """The place of each point's centroid at the end, the centroids, and R, by stream."""

    def follow(stream: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
        def one(carry: tuple, number: jax.Array) -> tuple[tuple, None]:
            state, places = carry
            state, move = quantise.enter(state, stream[number][None], jnp.asarray(False))
            places = jnp.where(jnp.arange(LENGTH) < number, move.slots[places], places)
            return (state, places.at[number].set(move.place)), None

        start = quantise.initial(NUMBER, 1, multiplier=multiplier)
        (state, places), _ = lax.scan(one, (start, jnp.zeros(LENGTH, int)), jnp.arange(LENGTH))
        return places, state.centroids[:, 0], state.radius

    return lax.map(follow, streams)


def _drawn(random: np.random.Generator, kind: int) -> np.ndarray:
    """Streams on a line: even, over several scales, and in near pairs."""
    if kind % 3 == 0:
        return random.standard_normal(LENGTH)
    if kind % 3 == 1:
        return random.choice([-1, 1], LENGTH) * np.exp(random.uniform(0, 4, LENGTH))
    places = random.standard_normal(LENGTH // 2)
    return random.permutation(np.concatenate([places, places + 0.1 * random.random(LENGTH // 2)]))


def _optimum(stream: np.ndarray) -> float:
    """The least largest distance with three centres anywhere, by fractions."""
    return float(theory.best_radius([Fraction(float(x)) for x in stream], number=NUMBER))


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """What is promised, by multiplier."""
    multipliers = [float(m) for m in dataset.multiplier.values]
    factors = [float(theory.approximation_factor(m)) for m in multipliers]
    reach = [float(theory.distortion_bound(1.0, multiplier=m)) for m in multipliers]
    least = [float(theory.optimum_bound(1.0, multiplier=m)) for m in multipliers]
    return dataset.assign(
        theory_factor=("point", factors),
        theory_reach=("point", reach),
        theory_least=("point", least),
    )
