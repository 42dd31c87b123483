"""Training of the random-features score model: exact gradient flow, and descent step by step."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
import numpy.typing as npt
from jax import lax
from jaxtyping import Array, Float, ScalarLike

from diversity_jax import iterate, validate
from diversity_jax.diffusion import random_features
from diversity_jax.diffusion.model import ClassLosses, ClassModel

ROWS = 256  # eigenvectors turned at a time


def simulated_losses(
    key: Array, model: ClassModel, training_times: npt.ArrayLike, *, dimension: int
) -> ClassLosses:
    """The losses of one draw along exact gradient flow, at `training_times`.

    Training time is ``steps * learning_rate / d^2``. With ``U = Q diag(l) Q'``, ``B = Q'V``,
    ``f(l) = (1 - exp(-2 D l tau / psi_p)) / l``, class c has
    ``L = 1 + (f'[(B B') o (Q'U_c Q)] f - 2 f' diag(B (Q'V_c)')) / d``.

    Shapes: `training_times` `[time]`.
    Errors: as `random_features.simulate`, and ValueError for times that are negative or not one
    axis.
    Cost: one eigendecomposition, then O(p^2) per time; memory beyond samples and weights some
    4 p^2 + 2000 p numbers.
    Source: arXiv 2505.17638, Proposition C.1; per class, derived.
    """
    drawn = random_features.draw(key, model, dimension=dimension)
    return losses_of_draw(model, drawn, training_times)


def losses_of_draw(
    model: ClassModel,
    drawn: random_features.Features,
    training_times: npt.ArrayLike,
    *,
    held_out: random_features.Features | None = None,
) -> ClassLosses:
    """`simulated_losses` of given weights and samples; of `model` the activation alone is used.

    The test loss is that of new Gaussian samples with the centroids and deviations of `drawn`, or
    of the samples `held_out`, which may be any, as may those trained on.
    """
    validate.shape("training_times", training_times, (None,), "pass a list of times")
    validate.nonnegative("training_times", training_times)
    times = jnp.asarray(training_times, float)
    matrix, slopes = random_features.covariance(model, drawn)
    values, vectors = _decomposed(matrix)
    signal = vectors.T @ random_features.cross(drawn, slopes)
    p, dimension = drawn.weights.shape
    gains = filters(values, 2 * drawn.noise * dimension / p * times)
    return _per_class(model, drawn, partial(_losses, vectors, signal, gains), held_out)


def filters(values: Float[Array, " p"], times: Float[Array, " t"]) -> Float[Array, "t p"]:
    """``(1 - exp(-l s)) / l`` for eigenvalues l and scaled times s; s itself at l = 0."""
    safe = jnp.where(values == 0, 1.0, values)
    grown = -jnp.expm1(-times[:, None] * safe[None, :]) / safe[None, :]
    return jnp.where(values[None, :] == 0, times[:, None], grown)


@partial(jax.jit, donate_argnums=0)
def _decomposed(matrix: Float[Array, "p p"]) -> tuple[Array, Array]:
    """Eigenvalues and vectors; the vectors take the place of the matrix."""
    vectors, values = lax.linalg.eigh(matrix, symmetrize_input=False)
    return values, vectors


@jax.jit
def _losses(
    vectors: Array, signal: Array, gains: Array, square: Array, cross: Array
) -> Float[Array, " t"]:
    """The loss of one class, eigenvectors `ROWS` at a time: no third p x p array is made."""
    p, dimension = cross.shape
    rows = min(ROWS, p)

    def add(index: Array, total: Array) -> Array:
        # The last block starts early where `rows` does not divide p: what it repeats counts once.
        start = jnp.minimum(index * rows, p - rows)
        fresh = start + jnp.arange(rows) >= index * rows
        block = lax.dynamic_slice_in_dim(vectors, start, rows, axis=1)
        own = lax.dynamic_slice_in_dim(signal, start, rows)
        turned = ((block.T @ square) @ vectors) * (own @ signal.T)
        linear = jnp.sum(own * (block.T @ cross), axis=1)
        share = lax.dynamic_slice_in_dim(gains, start, rows, axis=1) * fresh[None]
        return total + jnp.sum(share * (gains @ turned.T - 2 * linear[None]), axis=1)

    total = lax.fori_loop(0, -(-p // rows), add, jnp.zeros(gains.shape[0]))
    return 1 + total / dimension


def descent(
    key: Array,
    model: ClassModel,
    *,
    dimension: int,
    learning_rate: ScalarLike,
    frames: int,
    stride: int = 1,
) -> ClassLosses:
    """Plain gradient descent on the same loss: the check of `simulated_losses`.

    `learning_rate` is in units of ``d^2``, so that frame j stands at training time
    ``(j + 1) * stride * learning_rate``. First order in it; stable below ``psi_p / (D l_max)``.

    Errors: as `random_features.simulate`.
    Cost: memory of `frames` weights `[d, p]`.
    Source: derived.
    """
    drawn = random_features.draw(key, model, dimension=dimension)
    matrix, slopes = random_features.covariance(model, drawn)
    cross = random_features.cross(drawn, slopes)
    step_size = learning_rate * 2 * dimension / drawn.weights.shape[0]
    noise = drawn.noise

    def step(weights: Array, _: Array) -> Array:
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
    held_out: random_features.Features | None = None,
) -> ClassLosses:
    """`loss(U_c, V_c)` of each class, on its samples and on new ones; one U_c at a time."""

    def on(samples: random_features.Features, c: int) -> Float[Array, " t"]:
        square, own = random_features.covariance(model, samples, of=c)
        return loss(square, random_features.cross(samples, own))

    train, test = [], []
    for c in range(len(drawn.counts)):
        train.append(on(drawn, c))
        if held_out is None:
            test.append(loss(*random_features.population(model, drawn, c)))
        else:
            test.append(on(held_out, c))
    return ClassLosses(train=jnp.stack(train, axis=1), test=jnp.stack(test, axis=1))
