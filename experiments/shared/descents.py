"""Descent of the exact regularised risk from random starts, as several experiments need it."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import xarray

from diversity_jax import seeds
from diversity_jax.attention import measures, settings, theory, training
from diversity_jax.attention.theory import trained

DEFAULTS: dict[str, Any] = {
    "clusters": 2,
    "heads": 2,
    "dimension": 10,
    "start": "sphere",
    "frames": 40,
    "stride": 100,
    "length": 30.0,
    "variance": 0.0,
    "strength": 0.6,
    "regularisation": 0.0,
    "learning_rate": 0.05,
    "overlap": 0.0,
}
AXES = {"alignment": ("frame",), "span": ("frame",), "angle": ("frame",)}


def point(**changed: Any) -> dict[str, Any]:
    """A grid point: the defaults with some fields changed; floats are traced by the runner."""
    made = {**DEFAULTS, **changed}
    return {name: type(DEFAULTS[name])(made[name]) for name in DEFAULTS}


def job(key: jax.Array, point: dict[str, Any]) -> dict[str, jax.Array]:
    """One descent: alignment, span overlap and angle per frame; risk and overlaps at the end."""
    mixture, objective = problem(point)
    centroids = mixture.means
    path = training.descend(
        objective,
        start(seeds.stream(key, "start"), point, centroids),
        learning_rate=point["learning_rate"],
        frames=point["frames"],
        stride=point["stride"],
    )
    risk = theory.population_risk(
        path.heads, mixture, length=point["length"], strength=point["strength"]
    )
    return {
        "alignment": jax.vmap(lambda heads: measures.alignment(heads, centroids))(path.trajectory),
        "span": jax.vmap(lambda heads: measures.span_overlap(heads, centroids))(path.trajectory),
        "angle": jax.vmap(lambda heads: off_axis(heads, centroids))(path.trajectory),
        "final": measures.alignment(path.heads, centroids),
        "risk": risk,
        "residual": path.residual,
        "frame_error": frame_error(path.heads, centroids),
        "head_overlap": path.heads[0] @ path.heads[1],
        "violation": violation(path.heads, centroids),
    }


def problem(point: dict[str, Any]) -> tuple[Any, Any]:
    """The mixture of a grid point, and its regularised risk as a function of the heads."""
    if point["clusters"] == 2:
        mixture = settings.oblique(
            overlap=point["overlap"], dimension=point["dimension"], variance=point["variance"]
        )
    else:
        mixture = settings.orthonormal(
            clusters=point["clusters"], dimension=point["dimension"], variance=point["variance"]
        )

    def objective(heads: jax.Array) -> jax.Array:
        risk = theory.population_risk(
            heads, mixture, length=point["length"], strength=point["strength"]
        )
        return risk + point["regularisation"] * theory.regulariser(heads, mixture)

    return mixture, objective


def start(key: jax.Array, point: dict[str, Any], centroids: jax.Array) -> jax.Array:
    """Heads at the start: uniform on the sphere, on the manifold, or near a named pair."""
    d = centroids.shape[1]
    if point["start"] == "manifold":
        return training.manifold_start(key, centroids)
    heads = training.sphere_start(key, heads=point["heads"], dimension=d, dtype=centroids.dtype)
    if point["start"] == "sphere":
        return heads
    if point["start"] == "centroids":
        named = centroids
    elif point["start"] == "spurious":
        bisector = (centroids[0] + centroids[1]) / jnp.sqrt(2.0)
        named = jnp.stack([bisector, jnp.eye(d, dtype=centroids.dtype)[-1]])
    elif point["start"] == "resting":
        named = at_rest(point, centroids)
    else:
        raise ValueError(f"start: got {point['start']!r}, expected sphere, manifold, ...")
    near = named + 1e-3 * heads
    return near / jnp.linalg.norm(near, axis=1, keepdims=True)


def at_rest(point: dict[str, Any], centroids: jax.Array) -> jax.Array:
    """A pair of heads on the manifold at the predicted overlap of rest, d >= 4."""
    settings = {name: point[name] for name in ("dimension", "length", "variance", "strength")}
    overlap = trained.resting_overlap(**settings, regularisation=point["regularisation"])
    away = jnp.eye(point["dimension"], dtype=centroids.dtype)[-2:]
    return overlap * centroids + jnp.sqrt(1 - overlap**2) * away


def violation(heads: jax.Array, centroids: jax.Array) -> jax.Array:
    """How far two heads are off the manifold: the largest of the three products that vanish."""
    cross = heads[:2] @ centroids[:2].T
    return jnp.max(jnp.abs(jnp.stack([cross[0, 1], cross[1, 0], heads[0] @ heads[1]])))


def frame_error(heads: jax.Array, centroids: jax.Array) -> jax.Array:
    """How far the overlaps are from an orthonormal frame: ``max |C - tr(C)/k I|`` for C = V'V."""
    overlaps = heads @ centroids.T
    form = overlaps.T @ overlaps
    k = centroids.shape[0]
    return jnp.max(jnp.abs(form - jnp.trace(form) / k * jnp.eye(k, dtype=form.dtype)))


def off_axis(heads: jax.Array, centroids: jax.Array) -> jax.Array:
    """The largest sine of the angle between a head and its nearest centroid, accurate near 0."""
    cosines = heads @ centroids.T
    nearest = jnp.argmax(jnp.abs(cosines), axis=1)
    along = jnp.take_along_axis(cosines, nearest[:, None], axis=1)
    return jnp.max(jnp.linalg.norm(heads - along * centroids[nearest], axis=1))


def with_success(dataset: xarray.Dataset, threshold: float) -> xarray.Dataset:
    """The dataset with a flag: the descent ended with an alignment above `threshold`."""
    return dataset.assign(success=dataset.final > threshold)
