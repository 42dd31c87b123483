"""Parallel lines through a flat, on each of which every domain rules one interval.

Along the last coordinate t log-posteriors are linear up to a common term, so a domain is the most
likely one on an interval with ends in closed form. The last axis is turned so that it crosses
every boundary at an angle: a sum over lines then has kinks, where three domains meet, but no
jumps, and its error falls as the square of the step.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from diversity_jax import validate
from diversity_jax.mixtures import GaussianMixture, common_variance
from diversity_jax.records import Record
from diversity_jax.selection.theory import _arguments
from diversity_jax.selection.theory.numerics.span import Flat, flatten, lattice

NODES = {1: 2001, 2: 401, 3: 81}
AXES = 512


class Lines(Record):
    """Parallel lines through a flat, along its last coordinate t, after it was turned.

    Under domain j the coordinate t is normal with mean ``means[j, -1]`` and variance one.
    """

    places: Float[Array, "n o"]  # the other coordinates
    mass: Float[Array, "n k"]  # of each domain on each line
    lower: Float[Array, "n k"]  # where each domain begins to be the most likely one
    upper: Float[Array, "n k"]
    means: Float[Array, "k r"]

    @property
    def centres(self) -> Float[Array, " k"]:
        """The domains' means along the lines."""
        return self.means[:, -1]


def parallel_lines(nodes: int, flat: Flat) -> Lines:
    """Lines along which each domain is the most likely one on one interval, by closed form.

    The other coordinates run over a lattice with `nodes` each; one coordinate is one line.
    """
    constants = flat.log_weights - jnp.sum(flat.means**2, axis=1) / 2
    if flat.means.shape[1] == 1:
        lower, upper = _interval(flat.means[:, 0], constants)
        mass, places = jnp.exp(flat.log_weights)[None], jnp.zeros((1, 0), lower.dtype)
        return Lines(places, mass, lower[None], upper[None], flat.means)
    flat = _turned(flat)
    outer = Flat(means=flat.means[:, :-1], log_weights=flat.log_weights)
    grid = lattice(outer, nodes)
    # log-posterior of the outer coordinates, less its own constant, plus that of the full ones
    inner = grid.log_posterior + jnp.sum(outer.means**2, axis=1)[None] / 2
    offsets = inner - flat.log_weights[None] + constants[None]
    lower, upper = jax.vmap(_interval, in_axes=(None, 0))(flat.means[:, -1], offsets)
    return Lines(grid.points, grid.mass, lower, upper, flat.means)


def _turned(flat: Flat) -> Flat:
    """The flat reflected so that differences of means lean most towards the last axis.

    The axis is the best of `AXES` fixed ones by the smallest cosine with any difference.
    """
    dimension = flat.means.shape[1]
    axes = np.random.default_rng(0).standard_normal((AXES, dimension))
    axes = jnp.asarray(axes / np.linalg.norm(axes, axis=1, keepdims=True), flat.means.dtype)
    first, second = np.triu_indices(flat.means.shape[0], 1)
    gaps = flat.means[first] - flat.means[second]
    lengths = jnp.linalg.norm(gaps, axis=1, keepdims=True)
    cosines = jnp.abs(gaps @ axes.T) / jnp.where(lengths > 0, lengths, 1.0)
    least = jnp.min(jnp.where(lengths > 0, cosines, jnp.inf), axis=0)
    axis = axes[jnp.argmax(least)]
    normal = axis - jnp.eye(dimension, dtype=axis.dtype)[-1]
    reflected = flat.means @ normal / (normal @ normal)
    return Flat(
        means=flat.means - 2 * reflected[:, None] * normal[None], log_weights=flat.log_weights
    )


def _interval(slopes: Array, constants: Array) -> tuple[Array, Array]:
    """Ends of where each line ``constants + slopes t`` is the highest; equal ones if nowhere."""
    rise = slopes[:, None] - slopes[None, :]
    gap = constants[:, None] - constants[None, :]
    parallel = rise == 0
    crossing = -gap / jnp.where(parallel, 1.0, rise)
    lower = jnp.max(jnp.where(rise > 0, crossing, -jnp.inf), axis=1)
    upper = jnp.min(jnp.where(rise < 0, crossing, jnp.inf), axis=1)
    hidden = jnp.any(parallel & (gap < 0), axis=1) | (lower >= upper)
    return jnp.where(hidden, 0.0, lower), jnp.where(hidden, 0.0, upper)


def flat_and_nodes(mixture: GaussianMixture, nodes: int | None) -> tuple[Flat, int]:
    """The flat of a mixture's means, and how many nodes per coordinate if none were asked for."""
    variance = common_variance(mixture)
    validate.positive("mixture", mixture.weights, "leave out components of weight zero")
    flat = flatten(mixture.weights, mixture.means, variance)
    nodes = NODES[flat.means.shape[1]] if nodes is None else nodes
    _arguments.count("nodes", nodes, 3)
    return flat, nodes
