"""A synthetic problem whose function is known: a sum of Gaussian bumps, seen with noise.

With the kernel of the bumps the function is in its space. How many of them lie apart is set by the
box: at a side of 30 lengthscales in two dimensions the effective dimension is above a thousand, at
6 in three it is some tens.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, ScalarLike

from diversity_jax import seeds, traced, validate
from diversity_jax.kernel_ridge import kernels, products
from diversity_jax.records import Record

BUMPS, SHARE = 300, 1 / 3  # how many, and the variance of their heights


class Problem(Record):
    """Inputs `[n, d]`, targets with noise `[n]`, and the `truth` without `[n]`."""

    inputs: Float[Array, "n d"]
    targets: Float[Array, " n"]
    truth: Float[Array, " n"]


def draw(key: Array, count: int, dimension: int, box: ScalarLike, noise: ScalarLike) -> Problem:
    """Uniform points in ``[0, box]^d`` and ``f = sum_j a_j exp(-|x - z_j|^2 / 2)`` with noise.

    300 bumps with places uniform in the box and heights ``N(0, 1/3)``; `noise` is a deviation. The
    function is of the key alone: another `count` draws other points of the same function.

    Shapes: result `[count, dimension]`, `[count]`, `[count]`.
    Errors: ValueError for no point or dimension, a box not above zero, a negative noise.
    Source: derived.
    """
    validate.integer("count", count, "draw some points", least=1)
    validate.integer("dimension", dimension, "pass e.g. 2", least=1)
    validate.shape("box", box, (), "pass the side's length")
    validate.shape("noise", noise, (), "pass one deviation")
    good = traced.positive("box", box) & traced.nonnegative("noise", noise)
    dtype = jnp.zeros(0).dtype
    parts = {name: seeds.stream(key, name) for name in ("places", "heights", "inputs", "noise")}
    places = jnp.asarray(box) * jax.random.uniform(parts["places"], (BUMPS, dimension), dtype)
    heights = jnp.sqrt(SHARE) * jax.random.normal(parts["heights"], (BUMPS,), dtype)
    inputs = jnp.asarray(box) * jax.random.uniform(parts["inputs"], (count, dimension), dtype)
    truth = products.apply(kernels.gaussian(1.0), inputs, places, heights)
    targets = truth + noise * jax.random.normal(parts["noise"], (count,), dtype)
    return traced.only(good, Problem(inputs, targets, truth), box, noise)
