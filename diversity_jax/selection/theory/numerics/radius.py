"""The distance of a Gaussian point from an axis, as nodes with weights.

Let ``x / deviation = (r1 + g_e) e + y`` with y perpendicular to the unit vector e and
``E y = r2 f``. Then ``B = |y|`` has the noncentral chi law with ``m = d - 1`` degrees of freedom,

    p(B) = B^(m-1) exp(-(B^2 + r2^2) / 2) K_v(r2 B),   v = m/2 - 1,  K_v(x) = x^-v I_v(x),

independent of g_e; and given B, ``y / B`` is von Mises-Fisher around f with concentration
``k = r2 B``, so that with ``A = I_{v+1}(k) / I_v(k)``

    E[f.y | B] = B A,     E[(f.y)^2 | B] = B^2 (1 - (m - 1) A / k).

That takes the second integral, over f.y, out of every average. In ``s = log B`` the integrand is
analytic and falls off on both sides, so that the trapezoidal rule converges faster than any power
of its step, and a sharp cut at small B is as wide as one at large B.
"""

from __future__ import annotations

import math

import jax.numpy as jnp
from jax.scipy.special import gammaln
from jaxtyping import Array, Float

from diversity_jax.records import Record
from diversity_jax.selection.theory.numerics.bessel import log_bessel

REACH = 11.0  # B is 1-Lipschitz in the noise: beyond 11 of it less than exp(-60) is left
LEFT = -46.0  # log of the probability left out near the axis


class Radius(Record):
    """Nodes of B, their weights (sum 1), and the moments of ``f.y`` given B."""

    radius: Float[Array, " n"]
    weights: Float[Array, " n"]
    forward: Float[Array, " n"]
    forward_square: Float[Array, " n"]
    residual: Float[Array, ""]


def radius_nodes(dimension: Array, across: Array, nodes: int) -> Radius:
    """The law of B for `dimension` >= 2 and ``r2 = across >= 0``.

    `residual` is how far the weights were from summing to one before they were made to.

    Source: derived in the module docstring.
    """
    freedom = dimension - 1
    typical = jnp.sqrt(freedom + across**2)
    # P(B < b) <= b^m / (2^(m/2) Gamma(m/2 + 1)), whatever r2.
    below = (LEFT + freedom / 2 * math.log(2) + gammaln(freedom / 2 + 1)) / freedom
    start = jnp.maximum(below, jnp.log(jnp.maximum(typical - REACH, 1e-30)))
    end = jnp.log(typical + REACH)
    step = (end - start) / (nodes - 1)
    logs = start + step * jnp.arange(nodes, dtype=across.dtype)
    radius = jnp.exp(logs)
    value, ratio = log_bessel(freedom / 2 - 1, across * radius)
    density = jnp.exp(freedom * logs - (radius**2 + across**2) / 2 + value) * step
    total = jnp.sum(density)
    return Radius(
        radius=radius,
        weights=density / total,
        forward=across * radius**2 * ratio,
        forward_square=radius**2 * (1 - (freedom - 1) * ratio),
        residual=jnp.abs(total - 1),
    )
