"""Gaussian domains of one variance, seen in the flat that their means span.

The posterior of the domains depends on x through its coordinates in that flat alone, of dimension
``r = min(k - 1, d)``; averages over x become integrals over r coordinates. Here they are sums over
a lattice that reaches ten deviations beyond the means: the trapezoidal rule, faster than any
power of its step for smooth integrands.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, Float, ScalarLike

from diversity_jax import validate
from diversity_jax.records import Record
from diversity_jax.selection.theory import _arguments

REACH = 10.0
MOST = 3  # coordinates; a lattice in four would need more memory than it is worth


class Flat(Record):
    """Means in coordinates `[k, r]` in units of the deviation, and the domains' log-weights."""

    means: Float[Array, "k r"]
    log_weights: Float[Array, " k"]


class Lattice(Record):
    """Points of a lattice, with log-posteriors and the mass of each domain at every one."""

    points: Float[Array, "n r"]
    log_posterior: Float[Array, "n k"]
    mass: Float[Array, "n k"]
    steps: Float[Array, " r"]


def flatten(weights: ArrayLike, means: ArrayLike, variance: ScalarLike) -> Flat:
    """Coordinates of the means in the flat that they span, by QR.

    Errors: ValueError for shapes that disagree, weights that are no probabilities, one domain
    alone, or more than `MOST` coordinates (that is more than four domains in many dimensions).
    """
    weights, means, variance = _arguments.floating(weights, means, variance)
    validate.shape("weights", weights, (None,), "pass one weight per domain")
    validate.shape("means", means, (weights.shape[0], None), "pass one mean per weight")
    validate.simplex("weights", weights)
    validate.finite("means", means)
    _arguments.positive_number("variance", variance)
    if weights.shape[0] < 2:
        raise validate.fail("weights", "one domain", "at least two", "add a domain")
    centred = (means - means[:1]) / jnp.sqrt(variance)
    if min(centred.shape[0] - 1, centred.shape[1]) > MOST:
        got = f"{centred.shape[0]} domains in {centred.shape[1]} dimensions"
        fix = "use posteriors of simulated points"
        raise validate.fail("means", got, f"means in a flat of at most {MOST} dimensions", fix)
    basis = jnp.linalg.qr(centred[1:].T)[0]
    return Flat(means=centred @ basis, log_weights=jnp.log(weights))


def lattice(flat: Flat, nodes: int) -> Lattice:
    """All lattice points with `nodes` per coordinate."""
    low = jnp.min(flat.means, axis=0) - REACH
    steps = (jnp.max(flat.means, axis=0) + REACH - low) / (nodes - 1)
    counts = jnp.arange(nodes, dtype=low.dtype)
    axes = [low[i] + steps[i] * counts for i in range(low.shape[0])]
    points = jnp.stack([part.reshape(-1) for part in jnp.meshgrid(*axes, indexing="ij")], axis=1)
    gaps = jnp.sum((points[:, None, :] - flat.means[None]) ** 2, axis=2)
    normaliser = low.shape[0] / 2 * jnp.log(2 * jnp.pi) - jnp.sum(jnp.log(steps))
    logs = flat.log_weights[None] - gaps / 2
    return Lattice(
        points=points,
        log_posterior=jax.nn.log_softmax(logs, axis=1),
        mass=jnp.exp(logs - normaliser),
        steps=steps,
    )
