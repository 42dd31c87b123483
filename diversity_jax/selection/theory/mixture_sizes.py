"""Effective sample sizes of importance weights for Gaussian domains, without sampling (T2).

The mean square of the posterior weight, ``E_p w^2``, is a smooth integral over the flat that the
means span (see `span`). The hard weight needs ``P(k* = k)``: along the last coordinate t the
log-posteriors are ``a_k + b_k t`` up to a common term, so domain k is the most likely one on an
interval, whose probability under each domain is a difference of normal cdfs; the other
coordinates are summed over the lattice. The last axis is turned so that it crosses every boundary
at an angle: the sum's integrand then has kinks, where three domains meet, but no jumps, and the
error falls as the square of the step.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from diversity_jax import validate
from diversity_jax.mixtures import GaussianMixture
from diversity_jax.selection.theory import checks
from diversity_jax.selection.theory.importance import SampleSizes, label_sample_size
from diversity_jax.selection.theory.span import Flat, flatten, lattice
from diversity_jax.selection.theory.truncation import normal_mass

NODES = {1: 2001, 2: 401, 3: 81}
AXES = 512


def mixture_sample_sizes(
    mixture: GaussianMixture, target: Float[Array, " k"], *, nodes: int | None = None
) -> SampleSizes:
    """Effective over actual sample sizes for a pool that is a mixture of Gaussian domains (T2).

    `mixture` is the pool, its weights p; `target` are the weights q. Posterior weights have
    ``1 / E_p w^2``, at least that by label; `hard_mean` is ``E_p w_hard``, in general not one.
    Valid for isotropic components of one variance whose means lie in a flat of at most three
    dimensions. By quadrature with `nodes` per coordinate; `posterior` to rounding, `hard_mean`
    exact for means on a line, else good to some 1e-5. Raises ValueError for other mixtures and
    for targets that are no probabilities. Source: derived in the module docstring.
    """
    variance = _common_variance(mixture)
    labels = label_sample_size(mixture.weights, target)
    validate.positive("mixture", mixture.weights, "leave out components of weight zero")
    flat = flatten(mixture.weights, mixture.means, variance)
    nodes = NODES[flat.means.shape[1]] if nodes is None else nodes
    checks.count("nodes", nodes, 3)
    ratios = jnp.asarray(target, mixture.means.dtype) / mixture.weights
    return SampleSizes(
        posterior=1 / _mean_square(nodes, flat, ratios),
        labels=labels,
        hard_mean=ratios @ hard_shares(nodes, flat),
    )


@partial(jax.jit, static_argnums=0)
def _mean_square(nodes: int, flat: Flat, ratios: Array) -> Array:
    grid = lattice(flat, nodes)
    weight = jnp.exp(grid.log_posterior) @ ratios
    return jnp.sum(grid.mass, axis=1) @ weight**2


@partial(jax.jit, static_argnums=0)
def hard_shares(nodes: int, flat: Flat) -> Float[Array, " k"]:
    """The probability, under the pool, that each domain is the most likely one."""
    constants = flat.log_weights - jnp.sum(flat.means**2, axis=1) / 2
    if flat.means.shape[1] == 1:
        return _line(flat.means[:, 0], constants, jnp.exp(flat.log_weights))
    flat = _turned(flat)
    outer = Flat(means=flat.means[:, :-1], log_weights=flat.log_weights)
    grid = lattice(outer, nodes)
    # log-posterior of the outer coordinates, less its own constant, plus that of the full ones
    inner = grid.log_posterior + jnp.sum(outer.means**2, axis=1)[None] / 2
    offsets = inner - flat.log_weights[None] + constants[None]
    lines = jax.vmap(_line, in_axes=(None, 0, 0))(flat.means[:, -1], offsets, grid.mass)
    return jnp.sum(lines, axis=0)


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


def _line(slopes: Array, constants: Array, mass: Array) -> Array:
    """Probability that each of the lines ``constants + slopes t`` is highest.

    t has mean ``slopes[j]`` and variance one under domain j, which has the probability `mass[j]`.
    """
    rise = slopes[:, None] - slopes[None, :]
    gap = constants[:, None] - constants[None, :]
    parallel = rise == 0
    crossing = -gap / jnp.where(parallel, 1.0, rise)
    lower = jnp.max(jnp.where(rise > 0, crossing, -jnp.inf), axis=1)
    upper = jnp.min(jnp.where(rise < 0, crossing, jnp.inf), axis=1)
    hidden = jnp.any(parallel & (gap < 0), axis=1) | (lower >= upper)
    lower, upper = jnp.where(hidden, 0.0, lower), jnp.where(hidden, 0.0, upper)
    each = normal_mass(lower[:, None] - slopes[None, :], upper[:, None] - slopes[None, :])
    return each @ mass


def _common_variance(mixture: GaussianMixture) -> Any:
    variances = validate.concrete(mixture.variances)
    uneven = variances is not None and variances.max() - variances.min() > 1e-6 * variances.max()
    if mixture.kind != "isotropic" or uneven:
        got = f"{mixture.kind} components" + (" of unlike variance" if uneven else "")
        fix = "use sample_sizes with posteriors of simulated points"
        raise validate.fail("mixture", got, "isotropic components of one variance", fix)
    return mixture.variances[0]
