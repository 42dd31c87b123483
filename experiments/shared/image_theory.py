"""What theory says of the layers on images, from measured moments: strengths, heads and errors.

Four theories, each with less assumed than the one before. `orthonormal`: the paper's setting,
orthonormal centroids and the average variance. `isotropic`: the measured centroids and the
average variance. `Gaussian`: the measured centroids and covariances. `images`: the images
themselves as point masses, exact for independent draws from them.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from diversity_jax.attention import training
from diversity_jax.attention.theory import anisotropic
from diversity_jax.mixtures import GaussianMixture
from experiments.shared import images

THEORIES = ("orthonormal", "isotropic", "Gaussian", "images")
SIZES = (100.0, 300.0, 1000.0, 3000.0, 10000.0, 30000.0)
# Clusters of weight zero fill up to this many, so that pairs and triples share compiled code.
FEWEST = 3


@jax.jit
def from_training_half(
    key: Array,
    means: Float[Array, "k d"],
    covariances: Float[Array, "k d d"],
    lengths: Float[Array, " two"],
    regularisations: Float[Array, " r"],
) -> tuple[Float[Array, "k d"], Float[Array, "3 2"], Float[Array, "r k d"]]:
    """A start of the heads, strengths [layer, length], and where Gaussian theory sends the heads.

    In context: least quantisation error at each length. Heads: least risk of heads at the class
    directions at the training length, the first of `lengths`, kept for both lengths.
    """
    clusters, dimension = means.shape
    start = training.sphere_start(key, heads=clusters, dimension=dimension, dtype=means.dtype)
    mixture = GaussianMixture.full(jnp.full(clusters, 1 / clusters), means, covariances)
    directions = means / jnp.linalg.norm(means, axis=1, keepdims=True)
    identity = jnp.eye(dimension)
    forms = jnp.stack([identity, identity, _padded(directions[None], dimension)[0]])
    best = jax.lax.map(
        lambda pair: anisotropic.anisotropic_strengths(pair[0], mixture, length=pair[1]),
        (forms, jnp.concatenate([lengths, lengths[:1]])),
    )
    trained = best.risk_optimal[2]

    def descend(regularisation: Array) -> Array:
        def objective(heads: Array) -> Array:
            risk = anisotropic.anisotropic_risk(heads, mixture, length=lengths[0], strength=trained)
            return risk + regularisation * anisotropic.anisotropic_regulariser(heads, mixture)

        return training.descend(objective, start, learning_rate=0.1, frames=1, stride=800).heads

    strengths = jnp.stack([best.centroid_optimal[:2], jnp.full(2, trained), jnp.full(2, trained)])
    return start, strengths, jax.vmap(descend)(regularisations)


def for_held_out_half(
    heads: Float[Array, "2 k d"], strengths: Float[Array, "3 2"], lengths: np.ndarray,
    held: images.Half,
) -> dict[str, Any]:  # fmt: skip
    """Risk and quantisation error by each theory, from the moments of the half held out.

    And the in-context layer's risk at each of `SIZES` by the last three, at the strength of the
    longer of `lengths`.
    """
    clusters, dimension = held.means.shape
    identity, axes = np.eye(dimension), np.eye(clusters, dimension)
    isotropic = np.stack(
        [np.trace(held.covariances.mean(axis=0)) / dimension * identity] * clusters
    )
    own = np.concatenate([identity[None], _padded(np.asarray(heads), dimension)])
    ideal = np.stack([identity, *[_padded(axes[None], dimension)[0]] * 2])
    settings = (np.repeat(own, 2, axis=0), np.tile(lengths, 3), np.asarray(strengths).ravel())
    curve = (
        np.stack([identity] * len(SIZES)), np.asarray(SIZES),
        np.full(len(SIZES), strengths[0, 1]),
    )  # fmt: skip
    both = tuple(np.concatenate(pair) for pair in zip(settings, curve))
    at_axes = (np.repeat(ideal, 2, axis=0), *settings[1:])
    equal, scale = np.full(clusters, 1 / clusters), float(clusters)
    spare = max(0, FEWEST - clusters)
    first, second, third = (
        _errors(*chosen, *_with_spare(spare, equal, means, covariances, means), scale)
        for chosen, means, covariances in (
            (_extended(at_axes, len(SIZES)), axes, isotropic),
            (both, held.means, isotropic),
            (both, held.means, held.covariances),
        )
    )
    tokens, labels = held.tokens, held.labels
    weights = 1 / (clusters * held.counts[labels])
    room = max(FEWEST, clusters) * held.bank.shape[1]
    masses = _with_spare(
        room - len(tokens), weights, tokens, np.zeros((len(tokens), 1)), held.means[labels]
    )
    exact = _errors(*both, *masses, scale)
    tables = [made[:, :6].reshape(2, 3, 2) for made in (first, second, third, exact)]
    return {
        "theory_risk": np.stack([table[0] for table in tables]),
        "theory_error": np.stack([table[1] for table in tables]),
        "curve_risk": np.stack([made[0, 6:] for made in (second, third, exact)]),
    }


@jax.jit
def _jitted(
    forms: Array, lengths: Array, strengths: Array, weights: Array, means: Array,
    variances: Array, targets: Array, scale: Array,
) -> Array:  # fmt: skip
    """Risk and quantisation error [2, n] at each of n heads, lengths and strengths."""
    if variances.ndim == 3:
        mixture = GaussianMixture.full(weights, means, variances)
    else:
        mixture = GaussianMixture.isotropic(weights, means, variances[:, 0])

    def one(setting: tuple[Array, Array, Array]) -> Array:
        form, length, strength = setting
        made = anisotropic.anisotropic_layer(
            form, mixture, length=length, strength=strength, scale=scale, targets=targets
        )
        return jnp.stack([made.risk, made.quantisation_error])

    return jax.lax.map(one, (forms, lengths, strengths)).T


def _errors(*arrays: Any) -> np.ndarray:
    return np.asarray(_jitted(*(jnp.asarray(array) for array in arrays)))


def _with_spare(spare: int, *arrays: np.ndarray) -> list[np.ndarray]:
    """Rows of zeros after each array: clusters of weight zero."""
    return [np.pad(array, [(0, spare)] + [(0, 0)] * (array.ndim - 1)) for array in arrays]


def _extended(settings: tuple[np.ndarray, ...], more: int) -> tuple[np.ndarray, ...]:
    """The last setting repeated, so that every call has as many."""
    return tuple(np.concatenate([array, np.stack([array[-1]] * more)]) for array in settings)


def _padded(heads: Any, dimension: int) -> Any:
    """Heads `[r, h, d]` with rows of zeros, which add nothing to A, up to `[r, d, d]`."""
    pad = jnp.pad if isinstance(heads, jax.Array) else np.pad
    return pad(heads, ((0, 0), (0, dimension - heads.shape[1]), (0, 0)))
