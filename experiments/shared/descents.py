"""Descent of the exact regularised risk from random starts, as several experiments need it."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import xarray

from diversity_jax import seeds, validate
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
STARTS = ("sphere", "manifold", "centroids", "spurious", "resting")
# Traced like floats, so that points with other starts and lengths of run share compiled code.
TRACED = {"start": STARTS.index, "stride": int}
CHUNK = 16
AXES = {"alignment": ("frame",), "span": ("frame",), "angle": ("frame",)}


def point(**changed: Any) -> dict[str, Any]:
    """A grid point: the defaults with some fields changed; floats are traced by the runner."""
    made = {**DEFAULTS, **changed}
    made = {name: type(DEFAULTS[name])(made[name]) for name in DEFAULTS}
    validate.choice("start", made["start"], STARTS)
    if made["start"] != "sphere" and not _has_pairs(made):
        sizes = f"{made['clusters']} clusters, {made['heads']} heads, d={made['dimension']}"
        raise validate.fail("start", sizes, "two, two and d >= 4", "start from the sphere")
    return made


def _has_pairs(point: dict[str, Any]) -> bool:
    return point["clusters"] == 2 and point["heads"] == 2 and point["dimension"] >= 4


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
    alignment = jax.vmap(lambda heads: measures.alignment(heads, centroids))(path.trajectory)
    risk = theory.population_risk(
        path.heads, mixture, length=point["length"], strength=point["strength"]
    )
    return {
        "alignment": alignment,
        "span": jax.vmap(lambda heads: measures.span_overlap(heads, centroids))(path.trajectory),
        "angle": jax.vmap(lambda heads: measures.off_axis(heads, centroids))(path.trajectory),
        "final": alignment[-1],
        "risk": risk,
        "residual": path.residual,
        "frame_error": measures.frame_error(path.heads, centroids),
        "head_overlap": path.heads[0] @ path.heads[1],
        "violation": measures.manifold_violation(path.heads, centroids),
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
    """Heads at the start: uniform on the sphere, on the manifold, or near a named pair.

    ``point["start"]`` is one of `STARTS` or, in traced code, its place there.
    """
    d = centroids.shape[1]
    heads = training.sphere_start(key, heads=point["heads"], dimension=d, dtype=centroids.dtype)
    if not _has_pairs(point):
        return heads

    def near(named: jax.Array) -> jax.Array:
        moved = named + 1e-3 * heads
        return moved / jnp.linalg.norm(moved, axis=1, keepdims=True)

    def spurious() -> jax.Array:
        bisector = (centroids[0] + centroids[1]) / jnp.sqrt(2.0)
        return near(jnp.stack([bisector, jnp.eye(d, dtype=centroids.dtype)[-1]]))

    made = {
        "sphere": lambda: heads,
        "manifold": lambda: training.manifold_start(key, centroids),
        "centroids": lambda: near(centroids),
        "spurious": spurious,
        "resting": lambda: near(at_rest(point, centroids)),
    }
    if isinstance(point["start"], str):
        return made[point["start"]]()
    return jax.lax.switch(point["start"], [made[name] for name in STARTS])


def at_rest(point: dict[str, Any], centroids: jax.Array) -> jax.Array:
    """A pair of heads on the manifold at the predicted overlap of rest, d >= 4."""
    settings = {name: point[name] for name in ("dimension", "length", "variance", "strength")}
    overlap = trained.resting_overlap(**settings, regularisation=point["regularisation"])
    away = jnp.eye(point["dimension"], dtype=centroids.dtype)[-2:]
    return overlap * centroids + jnp.sqrt(1 - overlap**2) * away


def with_success(dataset: xarray.Dataset, threshold: float) -> xarray.Dataset:
    """The dataset with a flag: the descent ended with an alignment above `threshold`."""
    return dataset.assign(success=dataset.final > threshold)
