"""Points kept by their cosine with a direction: what a cosine band does to a Gaussian (T6).

Let ``x = mu + deviation g`` and e a unit vector; ``r1 = e.mu / deviation``, ``r2`` the length of
the rest of mu over the deviation, along f. With B the distance from the axis (see `radius`),

    cos(x, e) = (r1 + g_e) / sqrt((r1 + g_e)^2 + B^2) >= c   iff   g_e >= t B - r1,
    t = c / sqrt(1 - c^2).

g_e is standard normal and independent of B, so that the level of a threshold is
``E_B cdf(t B - r1)``: with ``r2 = 0`` this is the noncentral t law, in general one integral. Given
B the kept g_e is a truncated normal number, hence, with ``u = t B - r1`` at both edges,

    P = E_B [cdf(u_b) - cdf(u_a)],   E[g_e; kept] = E_B (f_a - f_b),
    E[g_e^2; kept] = P + E_B (u_a f_a - u_b f_b),

and moments of B and of ``f.x`` carry the same factors under the average, since f.x depends on g_e
through B alone.
"""

from __future__ import annotations

from functools import partial

import jax
import jax.numpy as jnp
from jax.scipy.special import ndtr
from jax.scipy.stats import norm
from jaxtyping import Array, Float, ScalarLike

from diversity_jax import validate
from diversity_jax.records import Record
from diversity_jax.selection.theory import _arguments
from diversity_jax.selection.theory.numerics.radius import Radius, radius_nodes
from diversity_jax.selection.theory.numerics.roots import increasing_root
from diversity_jax.selection.theory.truncation import normal_mass

NODES = 2001
FAR = 1e30  # stands for an edge at infinity, where the products with it are zero, not NaN


class CosineBand(Record):
    """Moments of the kept points, in units of the deviation before the cut.

    ``g = (x - mu) / deviation``: `mean` and `variance` are those of ``e.g``, `across_mean` and
    `across_variance` those of ``f.g``, `covariance` that between both, `rest_variance` the variance
    in each of the other ``d - 2`` directions, where the mean stays (zero in two dimensions, where
    there are none). `radius_square` is ``E B^2``, B the distance of x from the axis. `threshold`
    and `ceiling` are the cosines at the band's ends. `residual` is the larger of the errors of
    two probabilities that are known: of all points, and of the band.
    """

    mean: Float[Array, ""]
    variance: Float[Array, ""]
    threshold: Float[Array, ""]
    ceiling: Float[Array, ""]
    radius_square: Float[Array, ""]
    across_mean: Float[Array, ""]
    across_variance: Float[Array, ""]
    covariance: Float[Array, ""]
    rest_variance: Float[Array, ""]
    residual: Float[Array, ""]


def cosine_band(
    *,
    dimension: int,
    along: ScalarLike,
    across: ScalarLike,
    low: ScalarLike,
    high: ScalarLike,
    nodes: int = NODES,
) -> CosineBand:
    """Moments of a Gaussian domain after keeping a quantile band of its cosine with a direction.

    `along` is ``r1 = e.mu / deviation``, `across` is ``r2 >= 0``; the own centroid as direction has
    ``across = 0``. `low` and `high` are quantile levels of the cosine: .8 and 1 keep the most
    similar fifth. Exact for an isotropic Gaussian and a fixed direction; by one trapezoidal sum,
    good to some 1e-11 in 64 bits while ``|r1|`` and ``sqrt(d + r2^2)`` are below 35 (two
    dimensions) or some hundreds (thirty and more); that bound grows with `nodes`. Differentiable in
    all but the dimension; at the ends 0 and 1 the derivative by a level, which is infinite, comes
    back as zero.

    Errors: ValueError for a dimension that is no integer >= 2, a negative `across`, levels outside
    [0, 1].
    Cost: the first call compiles for seconds.
    Source: derived.
    """
    _check(dimension, along, across, low, high, nodes)
    along, across, low, high = _arguments.floating(along, across, low, high)
    # the dimension as an array, so that one compiled program serves all
    return _band(nodes, jnp.asarray(dimension, low.dtype), along, across, low, high)


@partial(jax.jit, static_argnums=0)
def _band(
    nodes: int, dimension: Array, along: Array, across: Array, low: Array, high: Array
) -> CosineBand:
    law = radius_nodes(dimension, across, nodes)
    edges = tuple(jax.vmap(partial(_edge, law, along))(jnp.stack([low, high])))
    return _moments(dimension, law, along, across, edges, high - low)


def _edge(law: Radius, along: Array, level: Array) -> Array:
    """The slope t at a quantile level, as ``-cot`` of an angle between 0 and pi."""
    end = (level <= 0) | (level >= 1)
    inner = jnp.where(end, 0.5, level)

    def surplus(angle):
        return law.weights @ ndtr(-law.radius / jnp.tan(angle) - along) - inner

    angle = increasing_root(surplus, jnp.zeros_like(level), jnp.full_like(level, jnp.pi))
    return jnp.where(end, jnp.where(level <= 0, -FAR, FAR), -1 / jnp.tan(angle))


def _moments(
    dimension: Array, law: Radius, along: Array, across: Array, edges: tuple, wanted: Array
) -> CosineBand:
    below, above = (edge * law.radius - along for edge in edges)
    at_below, at_above = norm.pdf(below), norm.pdf(above)
    kept = normal_mass(below, above)
    first = at_below - at_above
    second = kept + below * at_below - above * at_above
    mass = law.weights @ kept

    def average(values):
        return law.weights @ values / mass

    mean, forward = average(first), average(kept * law.forward)
    forward_square = average(kept * law.forward_square)
    radius_square = average(kept * law.radius**2)
    lowest, highest = (edge / jnp.hypot(1.0, edge) for edge in edges)
    return CosineBand(
        mean=mean,
        variance=average(second) - mean**2,
        threshold=lowest,
        ceiling=highest,
        radius_square=radius_square,
        across_mean=forward - across,
        across_variance=forward_square - forward**2,
        covariance=average(first * law.forward) - mean * forward,
        rest_variance=(radius_square - forward_square) / jnp.maximum(dimension - 2, 1),
        residual=jnp.maximum(law.residual, jnp.abs(mass - wanted)),
    )


def _check(
    dimension: int,
    along: ScalarLike,
    across: ScalarLike,
    low: ScalarLike,
    high: ScalarLike,
    nodes: int,
) -> None:
    _arguments.count("dimension", dimension, 2)
    _arguments.count("nodes", nodes, 3)
    _arguments.number("along", along)
    _arguments.number("across", across)
    validate.nonnegative("across", across, "pass the length of the mean's other part")
    _arguments.band(low, high)
