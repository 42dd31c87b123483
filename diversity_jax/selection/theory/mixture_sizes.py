"""Effective sample sizes of importance weights for Gaussian domains, without sampling (T2).

The mean square of the posterior weight, ``E_p w^2``, is a smooth integral over the flat that the
means span (see `numerics.span`). The hard weight needs ``P(k* = k)``: on parallel lines (see
`numerics.lines`) domain k is the most likely one on an interval, whose probability under each
domain is a difference of normal cdfs.
"""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, Float

from diversity_jax.mixtures import GaussianMixture
from diversity_jax.selection.theory.importance import SampleSizes, label_sample_size
from diversity_jax.selection.theory.numerics.lines import flat_and_nodes, parallel_lines
from diversity_jax.selection.theory.numerics.span import Flat, lattice
from diversity_jax.selection.theory.truncation import normal_mass


def mixture_sample_sizes(
    mixture: GaussianMixture, target: Float[ArrayLike, " k"], *, nodes: int | None = None
) -> SampleSizes:
    """Effective over actual sample sizes for a pool that is a mixture of Gaussian domains (T2).

    `mixture` is the pool, its weights p; `target` are the weights q. Posterior weights have
    ``1 / E_p w^2``, at least that by label; `hard_mean` is ``E_p w_hard``, in general not one.
    Valid for isotropic components of one variance whose means lie in a flat of at most three
    dimensions. By quadrature with `nodes` per coordinate; `posterior` to rounding, `hard_mean`
    exact for means on a line, else good to some 1e-5.

    Errors: ValueError for other mixtures and for targets that are no probabilities.
    Source: derived in the module docstring.
    """
    labels = label_sample_size(mixture.weights, target)
    flat, nodes = flat_and_nodes(mixture, nodes)
    ratios = jnp.asarray(target, mixture.means.dtype) / mixture.weights
    return SampleSizes(
        posterior=1 / _mean_square(nodes, flat, ratios),
        labels=labels,
        hard_mean=ratios @ _hard_shares(nodes, flat),
    )


@partial(jax.jit, static_argnums=0)
def _mean_square(nodes: int, flat: Flat, ratios: Array) -> Array:
    grid = lattice(flat, nodes)
    weight = jnp.exp(grid.log_posterior) @ ratios
    return jnp.sum(grid.mass, axis=1) @ weight**2


@partial(jax.jit, static_argnums=0)
def _hard_shares(nodes: int, flat: Flat) -> Float[Array, " k"]:
    """The probability, under the pool, that each domain is the most likely one."""
    lines = parallel_lines(nodes, flat)

    def share(lower, upper, mass):
        each = lower[:, None] - lines.centres[None], upper[:, None] - lines.centres[None]
        return normal_mass(*each) @ mass

    return jnp.sum(jax.vmap(share)(lines.lower, lines.upper, lines.mass), axis=0)
