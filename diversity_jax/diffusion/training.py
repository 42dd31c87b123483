"""Training of the random-features score model: exact gradient flow, and descent step by step."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from diversity_jax import iterate, validate
from diversity_jax.diffusion import random_features
from diversity_jax.diffusion.model import ClassLosses, ClassModel


def simulated_losses(
    key: Array, model: ClassModel, training_times: Any, *, dimension: int
) -> ClassLosses:
    """The losses of one draw along exact gradient flow, at `training_times` `[time]`.

    Training time is ``steps * learning_rate / d^2``. With ``U = Q diag(l) Q'``, ``B = Q'V``,
    ``f(l) = (1 - exp(-2 D l tau / psi_p)) / l``, class c has
    ``L = 1 + (f'[(B B') o (Q'U_c Q)] f - 2 f' diag(B (Q'V_c)')) / d``. One eigendecomposition, then
    O(p^2) per time. Memory some 6 p^2 + 7 n p numbers. Errors as `random_features.simulate`, and
    for times. Source: arXiv 2505.17638, Proposition C.1; per class, derived.
    """
    validate.shape("training_times", training_times, (None,), "pass a list of times")
    validate.nonnegative("training_times", training_times)
    times = jnp.asarray(training_times, float)
    drawn = random_features.draw(key, model, dimension=dimension)
    matrix, slopes = random_features.covariance(model, drawn)
    values, vectors = jnp.linalg.eigh(matrix)
    signal = vectors.T @ random_features.cross(drawn, slopes)
    rate = 2 * drawn.noise * dimension / drawn.weights.shape[0]
    gains = filters(values, rate * times)
    return _per_class(model, drawn, partial(_losses, vectors, signal, gains))


def filters(values: Float[Array, " p"], times: Float[Array, " t"]) -> Float[Array, "t p"]:
    """``(1 - exp(-l s)) / l`` for eigenvalues l and scaled times s; s itself at l = 0."""
    safe = jnp.where(values == 0, 1.0, values)
    grown = -jnp.expm1(-times[:, None] * safe[None, :]) / safe[None, :]
    return jnp.where(values[None, :] == 0, times[:, None], grown)


@jax.jit
def _losses(
    vectors: Array, signal: Array, gains: Array, square: Array, cross: Array
) -> Float[Array, " t"]:
    dimension = cross.shape[1]
    turned = vectors.T @ square @ vectors
    turned = turned * (signal @ signal.T)
    linear = gains @ jnp.sum(signal * (vectors.T @ cross), axis=1)
    return 1 + (jnp.sum((gains @ turned) * gains, axis=1) - 2 * linear) / dimension


def descent(
    key: Array,
    model: ClassModel,
    *,
    dimension: int,
    learning_rate: Any,
    frames: int,
    stride: int = 1,
) -> ClassLosses:
    """Plain gradient descent on the same loss: the check of `simulated_losses`.

    `learning_rate` is in units of ``d^2``, so that frame j stands at training time
    ``(j + 1) * stride * learning_rate``. First order in it; stable below ``psi_p / (D l_max)``.
    Memory `frames` weights `[d, p]`. Errors as `random_features.simulate`. Source: derived.
    """
    drawn = random_features.draw(key, model, dimension=dimension)
    matrix, slopes = random_features.covariance(model, drawn)
    cross = random_features.cross(drawn, slopes)
    step_size = learning_rate * 2 * dimension / drawn.weights.shape[0]
    noise = drawn.noise

    def step(weights: Array, _: Any) -> Array:
        return weights - step_size * (noise * weights @ matrix + jnp.sqrt(noise) * cross.T)

    start = jnp.zeros((dimension, drawn.weights.shape[0]))
    _, path = iterate.rollout(step, start, frames=frames, stride=stride)

    def loss(square: Array, own: Array) -> Array:
        quadratic = jnp.einsum("tdp,pq,tdq->t", path, square, path)
        linear = jnp.einsum("tdp,pd->t", path, own)
        return 1 + (noise * quadratic + 2 * jnp.sqrt(noise) * linear) / dimension

    return _per_class(model, drawn, loss)


def _per_class(
    model: ClassModel,
    drawn: random_features.Features,
    loss: Callable[[Array, Array], Float[Array, " t"]],
) -> ClassLosses:
    """`loss(U_c, V_c)` of each class, on its samples and on new ones; one U_c at a time."""
    train, test = [], []
    for c in range(model.classes):
        square, own = random_features.covariance(model, drawn, of=c)
        train.append(loss(square, random_features.cross(drawn, own)))
        test.append(loss(*random_features.population(model, drawn, c)))
    return ClassLosses(train=jnp.stack(train, axis=1), test=jnp.stack(test, axis=1))
