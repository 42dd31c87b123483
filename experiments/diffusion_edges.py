"""Imbalance and the spectrum: edges of bulks change their order, medians of classes do not."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import xarray
from jaxtyping import Array, Float

from diversity_jax import seeds, special
from diversity_jax.diffusion import random_features
from diversity_jax.diffusion.model import ClassModel
from diversity_jax.diffusion.theory import spectrum, times
from experiments.shared import flows

AXES = {"edges": ("class",), "medians": ("class",)}
VARIANCES, RATIOS, TIME = (0.8, 1.2), (8, 16), 0.1
PERCENTS = (10, 50, 90)
NODES = 67  # of the average over noise
CURVE = np.linspace(0.05, 0.95, 7)


@dataclass(frozen=True)
class Config:
    """The settings of the note's B15 (i). Edges need many samples, medians all eigenvectors."""

    seeds: int = 24
    dimension: int = 24
    edge_dimension: int = 64


PRESETS = {
    "smoke": Config(seeds=4, dimension=10, edge_dimension=16),
    "laptop": Config(),
    "paper": Config(seeds=24, dimension=100, edge_dimension=200),
}


def grid(config: Config) -> list[dict]:
    """Three shares of the class of higher variance."""
    sizes = {"edge_dimension": config.edge_dimension}
    return [
        {**flows.point(VARIANCES, percent, RATIOS, config.dimension, TIME), **sizes}
        for percent in PERCENTS
    ]


def job(key: jax.Array, point: dict) -> dict[str, jax.Array]:
    """Where the bulk of each class alone begins in one draw, and the medians in another.

    Both as distances above the atom, which at finite size lies lower than predicted.
    """
    model = flows.model(point)
    return {
        "edges": _edges(seeds.stream(key, "edges"), model, point["edge_dimension"]),
        "medians": _medians(seeds.stream(key, "medians"), model, point["dimension"]),
    }


def _edges(key: jax.Array, model: ClassModel, dimension: int) -> Float[Array, " k"]:
    drawn = random_features.draw(key, model, dimension=dimension, normalised=True)
    means = mean_features(model, drawn)
    basis = jnp.linalg.qr(drawn.weights)[0]
    remembered = means - (means @ basis) @ basis.T
    grams = [remembered[part] @ remembered[part].T for part in _classes(drawn)]
    return jnp.stack([jnp.linalg.eigvalsh(gram)[0] for gram in grams]) / means.shape[0]


def _medians(key: jax.Array, model: ClassModel, dimension: int) -> Float[Array, " k"]:
    drawn = random_features.draw(key, model, dimension=dimension, normalised=True)
    values, vectors = jnp.linalg.eigh(random_features.covariance(model, drawn)[0])
    means = mean_features(model, drawn)
    n, p = means.shape
    atom = jnp.median(values[: p - n - dimension])
    # Of the other eigenvalues the largest d are the signal's, the n below them memory's.
    inside = slice(p - n - dimension, p - dimension)
    share = (means @ vectors[:, inside]) ** 2 / n / (values[inside] - atom)[None, :]
    found = [_median(values[inside], share[part].sum(axis=0)) for part in _classes(drawn)]
    return jnp.stack(found) - atom


def mean_features(model: ClassModel, drawn: random_features.Features) -> Float[Array, "n p"]:
    """Every feature of each sample, averaged over the noise: what U remembers of one sample."""
    d = drawn.weights.shape[1]
    deviation = jnp.sqrt(drawn.noise * jnp.sum(drawn.weights**2, axis=1) / d)
    nodes, masses = (jnp.asarray(part) for part in special.normal_nodes(NODES))
    steps = nodes[:, None] * deviation[None]

    def of(point: jax.Array) -> jax.Array:
        return masses @ model.activation((drawn.weights @ point)[None] + steps)

    return jax.lax.map(of, drawn.decay / np.sqrt(d) * drawn.samples)


def _classes(drawn: random_features.Features) -> list[slice]:
    return [slice(*ends) for ends in pairwise(np.cumsum((0, *drawn.counts)))]


def _median(places: Float[Array, " n"], weights: Float[Array, " n"]) -> Float[Array, ""]:
    grown = jnp.cumsum(weights) - weights / 2
    return jnp.exp(jnp.interp(0.5, grown / weights.sum(), jnp.log(places)))


def summarise(dataset: xarray.Dataset) -> xarray.Dataset:
    """Add both predictions against the share of the class of higher variance.

    `theory_reduced` is the edge for p - d features, since the signal takes d directions.
    """
    models = [_model(share) for share in CURVE]
    axes = ("share", "class")
    memory = np.asarray(spectrum.class_constants(models[0]).memory_power)
    shares = np.stack([np.asarray(model.fractions) for model in models])
    left = np.sqrt((RATIOS[1] - 1) / RATIOS[0])
    return dataset.assign(
        theory_edges=(axes, np.stack([_predicted(one, "spectral-edge") for one in models])),
        theory_medians=(axes, np.stack([_predicted(one, "spectral-median") for one in models])),
        theory_reduced=(axes, memory[None] * (left - np.sqrt(shares)) ** 2),
    ).assign_coords(share=CURVE)


def _model(share: float) -> ClassModel:
    point = flows.point(VARIANCES, 50, RATIOS, 2, TIME)
    return flows.model({**point, "percent": 100 * share})


def _predicted(model: ClassModel, definition: str) -> np.ndarray:
    """How far above the atom the eigenvalues lie that set the times of `definition`."""
    found = times.spectral_times(model, memorisation=definition)
    rate = -np.expm1(-2 * TIME) / RATIOS[1]
    residual = float(spectrum.coefficients(model).residual_power)
    return 1 / (rate * np.asarray(found)) - residual
