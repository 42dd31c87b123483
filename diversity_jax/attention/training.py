"""Projected Riemannian gradient descent of heads on the product of spheres, and online SGD."""

from __future__ import annotations

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax.typing import DTypeLike
from jaxtyping import Array, ArrayLike, Bool, Float, ScalarLike

from diversity_jax import iterate, traced, validate, vectors
from diversity_jax.records import Record


class Path(Record):
    """Heads at the end, some on the way, and how the descent ended."""

    heads: Float[Array, "h d"]
    trajectory: Float[Array, "frames h d"]
    residual: Float[Array, ""]
    converged: Bool[Array, ""]


def sphere_start(
    key: Array, *, heads: int, dimension: int, dtype: DTypeLike
) -> Float[Array, "h d"]:
    """Independent heads, uniform on the unit sphere.

    Errors: ValueError for a number of heads or dimensions that is no integer above zero.
    """
    validate.integer("heads", heads, "pass their number", least=1)
    validate.integer("dimension", dimension, "pass a number of coordinates", least=1)
    return _normalise(jax.random.normal(key, (heads, dimension), dtype))


def manifold_start(key: Array, centroids: Float[ArrayLike, "2 d"]) -> Float[Array, "2 d"]:
    """Two heads on the manifold ``mu_0 _|_ m_1, mu_1 _|_ m_0, mu_0 _|_ mu_1``, d >= 4.

    ``mu_0`` is uniform in the complement of m_1, then ``mu_1`` in that of {m_0, mu_0}. Below four
    dimensions the manifold holds next to nothing but the centroids, so it is refused.

    Errors: ValueError for other than two centroids, and for fewer than four dimensions.
    Source: ours; the abstract of arXiv 2505.13112 names no manifold.
    """
    centroids = vectors.rows("centroids", centroids)
    validate.shape("centroids", centroids, (2, None), "the manifold is defined for two clusters")
    if centroids.shape[1] < 4:
        raise validate.fail(
            "centroids",
            f"dimension {centroids.shape[1]}",
            "dimension >= 4",
            "start from the sphere (sphere_start) in low dimension",
        )
    first, second = jax.random.normal(key, (2, centroids.shape[1]), centroids.dtype)
    head = _normalise(_remove(first[None, :], centroids[1:]))
    axis = _normalise(centroids[:1])
    banned = jnp.concatenate([axis, _normalise(_remove(head, axis))])
    other = _normalise(_remove(second[None, :], banned))
    return jnp.concatenate([head, other])


def descend(
    objective: Callable[[Float[Array, "h d"]], Float[Array, ""]],
    heads: Float[Array, "h d"],
    *,
    learning_rate: ScalarLike,
    frames: int,
    stride: ScalarLike = 1,
    tolerance: float = 1e-6,
) -> Path:
    """Riemannian gradient descent of `objective` for `frames * stride` steps.

    ``mu_h <- (mu_h - learning_rate G_h) / |...|`` with ``G_h = (I - mu_h mu_h') dR/dmu_h``. Stable
    only while ``learning_rate < 2 / largest curvature``. `residual` is the norm of the Riemannian
    gradient at the last step, `converged` says that it is finite and below `tolerance`.

    Errors: ValueError for heads that are no rows or have a row of zeros, a learning rate that is
    negative or not finite, and fewer than one frame.
    """
    slope = jax.grad(objective)
    last, trajectory, residual = _follow(
        lambda current, _: slope(current), heads, learning_rate, frames, stride
    )
    return Path(last, trajectory, residual, jnp.isfinite(residual) & (residual < tolerance))


def online(
    key: Array,
    loss: Callable[[Array, Float[Array, "h d"]], Float[Array, ""]],
    heads: Float[Array, "h d"],
    *,
    learning_rate: ScalarLike,
    frames: int,
    stride: ScalarLike = 1,
) -> Path:
    """Online SGD: each step draws fresh data through its own key and takes one Riemannian step.

    `loss(key, heads)` is the loss on one batch that it samples itself. `residual` is the norm of
    the last stochastic gradient, so `converged` says only that the heads are finite.

    Errors: those of `descend`.
    """
    slope = jax.grad(loss, argnums=1)
    last, trajectory, residual = _follow(
        lambda current, number: slope(jax.random.fold_in(key, number), current),
        heads,
        learning_rate,
        frames,
        stride,
    )
    return Path(last, trajectory, residual, jnp.isfinite(last).all())


def _follow(
    slope: Callable[[Array, Array], Array],
    heads: Float[Array, "h d"],
    learning_rate: ScalarLike,
    frames: int,
    stride: ScalarLike,
) -> tuple[Array, Array, Array]:
    """The last heads, those of each frame, and the norm of the last gradient followed.

    That norm comes out of the loop: a gradient after it would be compiled a second time.
    """
    heads = vectors.rows("heads", heads)
    fix = "a head of zeros has no direction"
    good = traced.nonnegative("learning_rate", learning_rate)
    good &= traced.holds(
        "heads", jnp.sum(heads**2, axis=1), lambda x: x > 0, "rows other than zero", fix
    )
    heads = traced.only(good, heads, learning_rate)

    def step(state: tuple[Array, Array], number: Array) -> tuple[Array, Array]:
        current, _ = state
        tangent = _tangent(current, slope(current, number))
        return _normalise(current - learning_rate * tangent), tangent

    (last, tangent), (trajectory, _) = iterate.rollout(
        step, (heads, jnp.zeros_like(heads)), frames=frames, stride=stride
    )
    return last, trajectory, jnp.linalg.norm(tangent)


def _normalise(heads: Float[Array, "h d"]) -> Float[Array, "h d"]:
    return heads / jnp.sqrt(jnp.sum(heads**2, axis=1, keepdims=True))


def _tangent(heads: Float[Array, "h d"], gradient: Float[Array, "h d"]) -> Float[Array, "h d"]:
    return gradient - heads * jnp.sum(heads * gradient, axis=1, keepdims=True)


def _remove(vectors: Float[Array, "n d"], basis: Float[Array, "m d"]) -> Float[Array, "n d"]:
    return vectors - (vectors @ basis.T) @ basis
