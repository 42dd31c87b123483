"""The probability that a U-turn returns to its class, by quadrature for isotropic classes.

The posterior depends on x through its part in the span of the centroids' differences and on the
squared length of the rest, a chi-square number.
"""

from __future__ import annotations

import math
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from diversity_jax import special
from diversity_jax.mixtures import GaussianMixture
from diversity_jax.vectors import root

LINE, PLANE, RADIUS = 401, 101, 121


@partial(jax.jit, static_argnums=2)
def return_probability(mixture: GaussianMixture, time: Array, alike: bool) -> Float[Array, " k"]:
    """By ``phi_c = 1 - sum over others of E_c[w_c']``, each under the narrower of its two classes.

    ``pi_c E_c[w_c'] = pi_c' E_c'[w_c]``, and a wide class's nodes may miss or hit a narrow one.
    `alike` says that all variances are seen to be one.

    Shapes: `[k]`.
    Errors: none; NaN for a time or mixture that is none.
    Source: derived (the definition is that of `speciation.return_probability`).
    """
    least = _least_time(jax.lax.stop_gradient(mixture))
    now = mixture.at_time(jnp.where((time >= 0) & (time < least), least, time))
    k, d = now.means.shape
    flat = min(k - 1, d)
    spots, joint = _normal(flat)
    lengths, shares = _chi_square(d - flat, alike)

    def of(c: int) -> Array:
        places = _coordinates(now.means - now.means[c][None], c, flat)
        spread = jnp.sqrt(now.variances[c])

        def posterior(length: Array) -> Array:
            steps = spread * spots[:, None, :] - places[None]
            squares = jnp.sum(steps**2, axis=2) + now.variances[c] * length
            logits = jnp.log(now.weights) - d / 2 * jnp.log(now.variances)
            logits = logits[None] - squares / (2 * now.variances)[None]
            return joint @ jax.nn.softmax(logits, axis=1)

        return shares @ jax.lax.map(posterior, lengths)

    seen = jnp.stack([of(c) for c in range(k)])
    if alike:
        return jnp.diagonal(seen)
    pi = now.weights
    ratio = pi[None, :] / jnp.where(pi == 0, 1.0, pi)[:, None]
    narrower = now.variances[:, None] <= now.variances[None, :]
    lost = jnp.where(narrower, seen, ratio * seen.T) * (1 - jnp.eye(k))
    kept = jnp.where(pi == 0, 0.0, 1 - lost.sum(axis=1))
    return jnp.where(narrower.all(axis=1), jnp.diagonal(seen), kept)


def _least_time(mixture: GaussianMixture) -> Float[Array, ""]:
    """Zero, or for point masses a time whose noise is far below all that tells classes apart."""
    scale = jnp.maximum(jnp.max(mixture.variances), jnp.max(jnp.var(mixture.means, axis=0)))
    small = jnp.finfo(scale.dtype).tiny ** 0.25 * jnp.where(scale > 0, scale, 1.0)
    return jnp.where(jnp.any(mixture.variances == 0), small, 0.0)


def _coordinates(differences: Float[Array, "k d"], own: int, flat: int) -> Float[Array, "k r"]:
    """The centroids relative to number `own`, in coordinates of the span of the differences.

    By the Gram matrix of the others, two at most: written out, so that it stays differentiable
    where centroids coincide.
    """
    k = differences.shape[0]
    others = [c for c in range(k) if c != own][:flat]
    places = jnp.zeros((k, flat))
    if flat == 0:
        return places
    first = _norm(differences[others[0]])
    places = places.at[others[0], 0].set(first)
    if flat == 1:
        return places if k == 2 else places.at[:, 0].set(differences[:, 0])
    axis = differences[others[0]] / jnp.where(first > 0, first, 1.0)
    along = jnp.where(first > 0, axis @ differences[others[1]], 0.0)
    rest = differences[others[1]] - along * axis
    return places.at[others[1]].set(jnp.stack([along, _norm(rest)]))


def _norm(vector: Array) -> Array:
    return root(vector @ vector)


def _normal(flat: int) -> tuple[Float[Array, "n r"], Float[Array, " n"]]:
    """Nodes and weights of a standard normal vector of `flat` entries, two at most."""
    nodes, weights = special.normal_nodes(LINE if flat < 2 else PLANE)
    grids = np.meshgrid(*[nodes] * flat, indexing="ij") if flat else [np.zeros(1)]
    spots = jnp.asarray(np.stack([grid.ravel() for grid in grids], axis=1))[:, :flat]
    joint = np.ones(1)
    for _ in range(flat):
        joint = np.multiply.outer(joint, weights).ravel()
    return spots, jnp.asarray(joint)


def _chi_square(freedom: int, alike: bool) -> tuple[Array, Array]:
    """Nodes and weights of a chi-square number; one node where it cancels."""
    if alike or freedom == 0:
        return jnp.zeros(1), jnp.ones(1)
    half, spread = freedom / 2, np.sqrt(2 / freedom)
    logs = np.log(freedom) + np.linspace(-9 * spread - 16 / half, 9 * spread, RADIUS)
    mass = half * logs - np.exp(logs) / 2 - half * np.log(2) - math.lgamma(half)
    weights = np.exp(mass)
    return jnp.asarray(np.exp(logs)), jnp.asarray(weights / weights.sum())
