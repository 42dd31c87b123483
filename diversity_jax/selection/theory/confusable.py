"""Three and more domains: what keeping the highest posterior entropy keeps (T10).

For three domains and more there is no closed form: the kept set is bounded by a level line of the
entropy, which is no conic. But it lives in the flat that the means span (see `span`), so the kept
shares are integrals over at most ``k - 1`` coordinates. A lattice cell across the boundary counts
by the part of it where the entropy, linear inside the cell, is above the threshold; its gradient is

    dH/dx = -sum_k p_k log p_k (mu_k - mean of mu under p) / variance.

The error falls as the square of the step.
"""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, Float, ScalarLike

from diversity_jax.records import Record
from diversity_jax.selection.theory import _arguments
from diversity_jax.selection.theory.numerics.roots import increasing_root
from diversity_jax.selection.theory.numerics.span import Flat, flatten, lattice

NODES = {1: 20001, 2: 801, 3: 101}


class EntropyShares(Record):
    """`threshold` on the entropy (nats); `[k]`: `shares` of the kept points, part `retained`.

    `residual` is the error of the known total probability of the lattice.
    """

    threshold: Float[Array, ""]
    shares: Float[Array, " k"]
    retained: Float[Array, " k"]
    residual: Float[Array, ""]


def entropy_shares(
    weights: Float[ArrayLike, " k"],
    means: Float[ArrayLike, "k d"],
    *,
    variance: ScalarLike,
    fraction: ScalarLike,
    nodes: int | None = None,
) -> EntropyShares:
    """Shares of the domains among the `fraction` of points with the highest posterior entropy.

    Domains ``N(means[k], variance I)`` with their true posterior; means in a flat of at most three
    dimensions (two to four domains in any dimension). By quadrature with `nodes` per coordinate
    (20001, 801 or 101 by default): at distances of the means of a few deviations the shares are
    good to some 1e-6, 1e-4 and 1e-3.

    Errors: ValueError for shapes that disagree, weights that are no probabilities, more dimensions,
    a fraction outside (0, 1).
    Cost: memory some ``10 k nodes^r`` numbers.
    Source: derived in the module docstring.
    """
    _arguments.inside_unit("fraction", fraction)
    flat = flatten(weights, means, variance)
    nodes = NODES[flat.means.shape[1]] if nodes is None else nodes
    _arguments.count("nodes", nodes, 3)
    fraction = jnp.asarray(fraction, flat.means.dtype)
    return _shares(nodes, flat, fraction)


@partial(jax.jit, static_argnums=0)
def _shares(nodes: int, flat: Flat, fraction: Array) -> EntropyShares:
    grid = lattice(flat, nodes)
    posterior = jnp.exp(grid.log_posterior)
    # p log p is zero where p underflows, and log p is finite there: log_softmax keeps it so.
    terms = posterior * grid.log_posterior
    entropy = -jnp.sum(terms, axis=1)
    gradient = -(terms @ flat.means + entropy[:, None] * (posterior @ flat.means))
    width = jnp.abs(gradient) @ grid.steps
    width = jnp.maximum(width, jnp.finfo(width.dtype).eps)
    everything = jnp.sum(grid.mass, axis=1)

    def part(threshold):
        return jnp.clip(0.5 + (entropy - threshold) / width, 0.0, 1.0)

    most = jnp.log(jnp.asarray(flat.log_weights.shape[0], entropy.dtype))
    below = increasing_root(
        lambda depth: everything @ part(most - depth) - fraction, jnp.zeros_like(most), most
    )
    threshold = most - below
    kept = part(threshold) @ grid.mass
    return EntropyShares(
        threshold=threshold,
        shares=kept / jnp.sum(kept),
        retained=kept / jnp.exp(flat.log_weights),
        residual=jnp.abs(jnp.sum(everything) - 1),
    )
