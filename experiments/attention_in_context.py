"""E11: the parameter-free in-context layer, new random centroids for every sequence."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import xarray

from diversity_jax import seeds
from diversity_jax.attention import layer, settings, theory
from diversity_jax.attention.theory import context
from experiments.shared import pools

MEASURED = (
    "risk",
    "quantisation_error",
    "mean_gain",
    "variance_of_output",
    "raw_error",
    "nearest_error",
    "optimal_error",
)
AXES = {name: ("size",) for name in MEASURED}
CHOICES = ("unbiased", "risk_optimal", "centroid_optimal")


@dataclass(frozen=True)
class Config:
    """Sizes of the run; each seed draws `batches` pools of `pool` tokens, read at every length.

    At the deviations `around` the quantising length is 36 and 25, on either side of 30 tokens.
    """

    seeds: int = 32
    dimension: int = 10
    clusters: tuple[int, ...] = (2, 3)
    deviations: tuple[float, ...] = (0.0, 0.1, 0.3)
    large_deviation: float = 1.0
    around: tuple[float, ...] = (0.06, 0.0726)
    lengths: tuple[int, ...] = (10, 30, 100, 300, 1000)
    pool: int = 12000
    batches: int = 4


PRESETS = {
    "smoke": Config(seeds=4, clusters=(2,), lengths=(10, 30, 100, 300), batches=2),
    "laptop": Config(),
    "paper": Config(seeds=200, batches=60),
}


def grid(config: Config) -> list[dict]:
    """Orthonormal centroids at each named strength, and centroids free on the sphere."""
    shared = {
        "dimension": config.dimension,
        "lengths": config.lengths,
        "pool": config.pool,
        "batches": config.batches,
    }
    points = [
        {
            "centroids": "orthonormal",
            "clusters": k,
            "rule": float(CHOICES.index(choice)),
            "variance": deviation**2,
            **shared,
        }
        for k in config.clusters
        for deviation in (config.deviations if k == 2 else config.deviations[-1:])
        for choice in _compared(k, deviation, config)
    ]
    unbiased = {"clusters": 2, "rule": 0.0, **shared}
    noisy, noisiest = config.deviations[-1] ** 2, config.large_deviation**2
    return [
        *points,
        {"centroids": "orthonormal", "variance": noisiest, **unbiased},
        {"centroids": "sphere", "variance": noisy, **unbiased},
        *(
            {"centroids": "orthonormal", "variance": deviation**2, **unbiased}
            for deviation in config.around
        ),
    ]


def _compared(clusters: int, deviation: float, config: Config) -> tuple[str, ...]:
    """All choices at the largest noise, elsewhere the first, and with noise the second too."""
    if clusters != 2 or deviation == 0:
        return CHOICES[:1]
    return CHOICES if deviation == config.deviations[-1] else CHOICES[:2]


def strengths(point: dict) -> list[jax.Array]:
    """The strength by the point's rule at each of its lengths, for orthonormal centroids."""
    mixture = settings.orthonormal(
        clusters=point["clusters"], dimension=point["dimension"], variance=point["variance"]
    )
    named = [theory.in_context_strengths(mixture, length=length) for length in point["lengths"]]
    # A number, so that all choices share one compiled job.
    rule = jnp.asarray(point["rule"]).astype(int)
    return [jnp.stack([getattr(here, name) for name in CHOICES])[rule] for here in named]


def job(key: jax.Array, point: dict) -> dict[str, jax.Array]:
    """Errors of layer, raw token and hard quantisers per length, means over simulated tokens."""
    k, d = point["clusters"], point["dimension"]
    standard = settings.orthonormal(clusters=k, dimension=d, variance=point["variance"])
    named = strengths(point)
    frames = _centroids(seeds.stream(key, "centroids"), point)

    def measure(sequences: jax.Array, labels: jax.Array, place: int) -> dict[str, jax.Array]:
        number = sequences.shape[0]
        turned = jnp.take(frames, jnp.arange(number) % frames.shape[0], axis=0)
        own = jax.vmap(lambda rows, label: rows[label])(turned, labels)
        tokens = own + sequences - standard.means[labels]
        output = jax.vmap(
            lambda some: layer.in_context_attention(some, strength=named[place], scale=k)
        )(tokens)
        return _errors(tokens, output, own, turned)

    halves = pools.over_lengths(
        seeds.stream(key, "tokens"),
        standard,
        point["lengths"],
        measure,
        pool=point["pool"],
        pools=point["batches"],
    )
    return {
        "risk": pools.whole(halves, "risk"),
        "quantisation_error": pools.whole(halves, "quantisation_error"),
        "mean_gain": pools.whole(halves, "gain"),
        "variance_of_output": pools.whole(halves, "energy") - pools.square_of_mean(halves, "gain"),
        "raw_error": pools.whole(halves, "raw"),
        "nearest_error": pools.whole(halves, "nearest"),
        "optimal_error": pools.whole(halves, "around_middle")
        - pools.square_of_mean(halves, "axis"),
    }


def _centroids(key: jax.Array, point: dict) -> jax.Array:
    """Random centroids `[sequences, k, d]`, one set per sequence of the shortest length."""
    k, d = point["clusters"], point["dimension"]
    drawn = jax.random.normal(key, (point["pool"] // min(point["lengths"]), d, k), jnp.float64)
    if point["centroids"] == "sphere":
        return jnp.swapaxes(drawn / jnp.linalg.norm(drawn, axis=1, keepdims=True), 1, 2)
    basis, triangle = jnp.linalg.qr(drawn)
    signs = jnp.sign(jnp.diagonal(triangle, axis1=1, axis2=2))
    return jnp.swapaxes(basis * signs[:, None, :], 1, 2)


def _errors(
    tokens: jax.Array, output: jax.Array, own: jax.Array, centroids: jax.Array
) -> dict[str, jax.Array]:
    distances = jnp.sum((tokens[:, :, None, :] - centroids[:, None, :, :]) ** 2, axis=3)
    middle = (centroids[:, 0] + centroids[:, 1])[:, None, :] / 2
    axis = centroids[:, 0] - centroids[:, 1]
    axis = axis / jnp.linalg.norm(axis, axis=1, keepdims=True)
    return {
        "risk": jnp.sum((tokens - output) ** 2, axis=2),
        "quantisation_error": jnp.sum((output - own) ** 2, axis=2),
        "gain": jnp.sum(output * own, axis=2),
        "energy": jnp.sum(output**2, axis=2),
        "raw": jnp.sum((tokens - own) ** 2, axis=2),
        "nearest": jnp.min(distances, axis=2),
        "around_middle": jnp.sum((tokens - middle) ** 2, axis=2),
        "axis": jnp.abs(jnp.sum((tokens - middle) * axis[:, None, :], axis=2)),
    }


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """Add the name of each point's rule, and every prediction per length and at infinity."""
    names = [CHOICES[int(rule)] for rule in dataset.rule.values]
    dataset = dataset.assign_coords(choice=("point", names))
    lengths = np.asarray(dataset.lengths.values[0], float)
    rows = [_theory(dataset.isel(point=place), lengths) for place in range(dataset.sizes["point"])]
    per_length = {
        f"theory_{name}": (("point", "size"), np.asarray([row[0][name] for row in rows]))
        for name in rows[0][0]
    }
    once = {f"theory_{name}": ("point", [row[1][name] for row in rows]) for name in rows[0][1]}
    return dataset.assign_coords(size=lengths).assign(per_length | once)


def _theory(point: xarray.Dataset, lengths: np.ndarray) -> tuple[dict, dict[str, float]]:
    k, d = int(point.clusters), int(point.dimension)
    sphere = str(point.centroids.values) == "sphere"
    made = _predicted(float(point.variance), np.append(lengths, np.inf), int(point.rule), k, d)
    per_length = {name: np.asarray(values) for name, values in made[0].items()}
    limits = {
        "limit_risk": float(per_length["risk"][-1]),
        "limit_variance": float(per_length["variance_of_output"][-1]),
    }
    for_spheres = per_length.pop("sphere_risk")
    if sphere:
        per_length["risk"] = for_spheres
    once = {name: float(value) for name, value in made[1].items()}
    if sphere:
        once["quantising_length"] = float("nan")  # derived for orthonormal centroids only
    return {name: values[:-1] for name, values in per_length.items()}, {**limits, **once}


@partial(jax.jit, static_argnames=("k", "d"))
def _predicted(
    variance: jax.Array, lengths: jax.Array, rule: jax.Array, k: int, d: int
) -> tuple[dict[str, jax.Array], dict[str, jax.Array]]:
    """Predictions at each of `lengths`, and those without a length; jitted to compile once."""
    mixture = settings.orthonormal(clusters=k, dimension=d, variance=variance)

    def at(length: jax.Array) -> dict[str, jax.Array]:
        named = theory.in_context_strengths(mixture, length=length)
        strength = jnp.stack([getattr(named, name) for name in CHOICES])[rule]
        here = theory.in_context(mixture, length=length, strength=strength)
        sphere = context.random_centroid_risk(
            dimension=d, variance=variance, length=length, strength=strength
        )
        return {
            "strength": strength,
            "risk": here.risk,
            "sphere_risk": sphere,
            "quantisation_error": here.quantisation_error,
            "mean_gain": here.mean_gain,
            "variance_of_output": here.variance,
        }

    hard = context.baselines(dimension=d, variance=jnp.maximum(variance, 1e-12))
    return jax.vmap(at)(lengths), {
        "raw_error": d * variance,
        "nearest_error": hard.nearest_centroid,
        "optimal_error": hard.optimal_quantiser,
        "quantising_length": theory.quantising_length(mixture),
    }
