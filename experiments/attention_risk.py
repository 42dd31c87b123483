"""The exact risk against the simulated layer, at settings with nothing special about them."""

from __future__ import annotations

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
import xarray

from diversity_jax import seeds
from diversity_jax.attention import layer, theory
from experiments.shared import configurations, pools

AXES: dict[str, tuple[str, ...]] = {}
POOL = 6000
# Jitted: op by op, every configuration's shapes would compile some thirty small programs.
RISK, REGULARISER = jax.jit(theory.population_risk), jax.jit(theory.regulariser)


@dataclass(frozen=True)
class Config:
    """Sizes of the run; each seed simulates `sequences` sequences per configuration."""

    seeds: int = 48
    configurations: int = 8
    sequences: int = 5000


PRESETS = {
    "smoke": Config(seeds=12, configurations=3, sequences=2000),
    "laptop": Config(configurations=6),
    "paper": Config(seeds=200, configurations=8, sequences=40000),
}


def grid(config: Config) -> list[dict]:
    """One point per configuration."""
    return [
        {**configurations.point(number), "sequences": config.sequences}
        for number in range(config.configurations)
    ]


def job(key: jax.Array, point: dict) -> dict[str, jax.Array]:
    """Mean risk over simulated sequences, and the mean regulariser over their tokens."""
    drawn = configurations.draw(point)
    heads, mixture = drawn["heads"], drawn["mixture"]
    pairs = np.triu_indices(heads.shape[0], 1)

    def measure(sequences: jax.Array, labels: jax.Array, place: int) -> dict[str, jax.Array]:
        output = jax.vmap(
            lambda tokens: layer.linear_attention(
                tokens, heads, strength=drawn["strength"], clusters=mixture.components
            )
        )(sequences)
        squares = (sequences @ heads.T) ** 2
        return {
            "risk": jnp.sum((sequences - output) ** 2, axis=2),
            "regulariser": (squares[..., pairs[0]] * squares[..., pairs[1]]).sum(axis=2),
        }

    halves = pools.over_lengths(
        seeds.stream(key, "sequences"),
        mixture,
        (point["length"],),
        measure,
        pool=POOL,
        pools=-(-point["sequences"] * point["length"] // POOL),
    )
    return {name: pools.whole(halves, name)[0] for name in ("risk", "regulariser")}


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """Add the predicted risk and regulariser, and each with a named term dropped."""
    exact, spoiled, regularisers, uncoupled = [], [], [], []
    for place in range(dataset.sizes["point"]):
        point = {name: dataset[name].values[place] for name in configurations.point(0)}
        drawn = configurations.draw(point)
        setting = {"length": float(point["length"]), "strength": drawn["strength"]}
        exact.append(float(RISK(drawn["heads"], drawn["mixture"], **setting)))
        spoiled.append(without_own_token(**drawn, length=setting["length"]))
        uncoupled.append(without_coupling(drawn["mixture"], drawn["heads"]))
        regularisers.append(float(REGULARISER(drawn["heads"], drawn["mixture"])))
    return dataset.assign(
        theory_risk=("point", exact),
        theory_without_own=("point", spoiled),
        theory_regulariser=("point", regularisers),
        theory_uncoupled=("point", uncoupled),
    )


def without_own_token(*, mixture, heads, strength: float, length: float) -> float:
    """The risk of another layer, whose sum leaves out the own token (k = l): the control."""
    weights, means = np.asarray(mixture.weights), np.asarray(mixture.means)
    tau, d = float(mixture.variances[0]), means.shape[1]
    norms = (means**2).sum(axis=1)
    second = np.einsum("k,ki,kj->ij", weights, means, means) + tau * np.eye(d)
    heavy = np.einsum("k,ki,kj->ij", weights * (norms + (d + 4) * tau), means, means)
    heavy += tau * (weights @ norms + (d + 2) * tau) * np.eye(d)
    form = np.asarray(heads).T @ np.asarray(heads)
    gain = len(weights) * strength / length
    cross = (length - 1) * np.trace(second @ form @ second)
    square = (length - 1) * np.trace(form @ heavy @ form @ second)
    square += (length - 1) * (length - 2) * np.trace(form @ second @ second @ form @ second)
    return float(np.trace(second) - 2 * gain * cross + gain**2 * square)


def without_coupling(mixture, heads) -> float:
    """The regulariser without the terms in the heads' inner product: its control."""
    weights, means = np.asarray(mixture.weights), np.asarray(mixture.means)
    heads = np.asarray(heads)
    squares = (heads @ means.T) ** 2
    squares += float(mixture.variances[0]) * (heads**2).sum(axis=1)[:, None]
    pairs = (squares * weights) @ squares.T
    return float((pairs.sum() - np.trace(pairs)) / 2)
