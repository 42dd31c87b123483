"""Estimates under a target from weighted points of a pool: their bias and variance (T2).

The pool is a mixture of Gaussian domains with shares p, the target has shares q and the same
domains. With ``S = direction . x - centre``, the average of ``w S^m`` over N independent points of
the pool has

    mean E_p[w S^m],      variance (E_p[w^2 S^(2m)] - E_p[w S^m]^2) / N.

Order m = 0 is the mean weight, 1 a mean under the target, 2 the squared error there of predicting
``direction . x`` by `centre`. Three weights, with ``lambda_k = q_k / p_k``:

- by label, lambda of the true domain: ``E[w^a S^m] = sum_k p_k lambda_k^a E[S^m | k]``;
- by posterior, ``sum_k lambda_k p(k | x)``: the label's weight averaged given x. Equal means, and
  by Jensen's inequality no larger squares, whatever is estimated from x (Rao and Blackwell);
- hard, lambda of the most likely domain: it is constant where that domain is, so that its moments
  are those of truncated normals, and its mean is not one: these estimates are biased.

S has a part in the flat of the means and an independent normal one across it.
"""

from __future__ import annotations

from functools import partial
from math import comb

import jax
import jax.numpy as jnp
from jax.scipy.stats import norm
from jaxtyping import Array, ArrayLike, Float, ScalarLike

from diversity_jax import validate
from diversity_jax.mixtures import GaussianMixture
from diversity_jax.records import Record
from diversity_jax.selection.theory import _arguments
from diversity_jax.selection.theory.importance import label_sample_size
from diversity_jax.selection.theory.numerics.lines import flat_and_nodes, parallel_lines
from diversity_jax.selection.theory.numerics.span import Flat, lattice
from diversity_jax.selection.theory.truncation import normal_mass

HIGHEST = 4


class WeightedMoments(Record):
    """``E_p[w^a S^m]`` for a = 1, 2 (rows) and m from 0 to 4 (columns), for three weights w."""

    posterior: Float[Array, "2 5"]
    hard: Float[Array, "2 5"]
    labels: Float[Array, "2 5"]


class WeightedEstimate(Record):
    """The mean of a weighted estimate, and the variance of one point's contribution to it.

    An average over N points has the variance over N, and the mean squared error
    ``(mean - truth)^2 + variance / N``.
    """

    mean: Float[Array, ""]
    variance: Float[Array, ""]


def weighted_moments(
    mixture: GaussianMixture,
    target: Float[ArrayLike, " k"],
    *,
    direction: Float[ArrayLike, " d"],
    centre: ScalarLike,
    nodes: int | None = None,
) -> WeightedMoments:
    """Moments of weights times powers of ``S = direction . x - centre`` over the pool (T2).

    `mixture` is the pool, its weights p; `target` are the weights q. Valid for isotropic components
    of one variance whose means lie in a flat of at most three dimensions. By quadrature with
    `nodes` per coordinate: `posterior` to rounding, `hard` exact for means on a line, else to some
    1e-5 of S's scale.

    Errors: ValueError for other mixtures, a target that is no probability and a direction that does
    not fit the mixture.
    Source: derived in the module docstring.
    """
    label_sample_size(mixture.weights, target)  # refuses what is no probability
    flat, nodes = flat_and_nodes(mixture, nodes)
    dtype = mixture.means.dtype
    target, direction, centre = (jnp.asarray(part, dtype) for part in (target, direction, centre))
    validate.shape("direction", direction, (mixture.dimension,), "pass a vector like the means")
    validate.finite("direction", direction)
    _arguments.number("centre", centre)
    places = mixture.means @ direction - centre
    spread = mixture.variances[0] * (direction @ direction)
    return _moments(nodes, flat, target / mixture.weights, places, spread)


def weighted_estimate(moments: Float[ArrayLike, "2 5"], *, order: int) -> WeightedEstimate:
    """Mean and variance of the average of ``w S^order``, from one weight's rows of moments.

    `order` is 0, 1 or 2. Exact for averages that are not divided by the sum of weights.

    Errors: ValueError for moments of another shape or another order.
    """
    moments = jnp.asarray(moments)
    validate.shape("moments", moments, (2, HIGHEST + 1), "pass one field of WeightedMoments")
    if order not in (0, 1, 2):
        raise validate.fail("order", repr(order), "0, 1 or 2", "squares need twice the order")
    mean = moments[0, order]
    return WeightedEstimate(mean=mean, variance=moments[1, 2 * order] - mean**2)


@partial(jax.jit, static_argnums=0)
def _moments(
    nodes: int, flat: Flat, ratios: Array, places: Array, spread: Array
) -> WeightedMoments:
    weights = jnp.exp(flat.log_weights)
    given_label = _sum_moments(_powers(places), _normal_moments(spread))
    labels = [(weights * ratios**power) @ given_label for power in (1, 2)]
    return WeightedMoments(
        posterior=_by_posterior(nodes, flat, ratios, places, spread),
        hard=_by_hard(nodes, flat, ratios, places, spread),
        labels=jnp.stack(labels),
    )


def _by_posterior(nodes: int, flat: Flat, ratios: Array, places: Array, spread: Array) -> Array:
    grid = lattice(flat, nodes)
    start, slope, across = _in_flat(flat.means, places, spread)
    each = _sum_moments(_powers(start + grid.points @ slope), _normal_moments(across))
    weight, mass = jnp.exp(grid.log_posterior) @ ratios, jnp.sum(grid.mass, axis=1)
    return jnp.stack([(mass * weight**power) @ each for power in (1, 2)])


def _by_hard(nodes: int, flat: Flat, ratios: Array, places: Array, spread: Array) -> Array:
    lines = parallel_lines(nodes, flat)
    start, slope, across = _in_flat(lines.means, places, spread)
    along = slope[-1] ** jnp.arange(HIGHEST + 1)

    def on_line(place, mass, lower, upper):
        """Moments `[k, 5]` of S where each domain is the most likely one."""
        kept = _truncated(lower[:, None], upper[:, None], lines.centres[None])
        kept = jnp.einsum("kjm,j->km", kept, mass) * along[None]
        return _sum_moments(kept, _powers(start + place @ slope[:-1])[None])

    each = jax.vmap(on_line)(lines.places, lines.mass, lines.lower, lines.upper)
    total = _sum_moments(jnp.sum(each, axis=0), _normal_moments(across)[None])
    return jnp.stack([ratios**power @ total for power in (1, 2)])


def _in_flat(means: Array, places: Array, spread: Array) -> tuple[Array, Array, Array]:
    """S as ``start + slope . coordinates`` plus a normal number of the variance returned last.

    Only the means' own span can be seen in S's `places`; what is left of `spread` is across it.
    """
    gaps = means - means[:1]
    slope = jnp.linalg.lstsq(gaps, places - places[0])[0]
    start = places[0] - means[0] @ slope
    return start, slope, jnp.maximum(spread - slope @ slope, 0)


def _truncated(lower: Array, upper: Array, centre: Array) -> Array:
    """``E[t^m; lower < t < upper]`` for t normal about `centre`, by parts; m on the last axis."""
    ends = [
        (jnp.where(jnp.isfinite(end), end, 0.0), norm.pdf(end - centre)) for end in (lower, upper)
    ]
    (low, at_low), (high, at_high) = ends
    moments = [normal_mass(lower - centre, upper - centre)]
    for order in range(1, HIGHEST + 1):
        edge = low ** (order - 1) * at_low - high ** (order - 1) * at_high
        before = (order - 1) * moments[order - 2] if order > 1 else 0.0
        moments.append(edge + before + centre * moments[order - 1])
    return jnp.stack(moments, axis=-1)


def _powers(values: Array) -> Array:
    return values[..., None] ** jnp.arange(HIGHEST + 1).reshape((1,) * values.ndim + (-1,))


def _normal_moments(variance: Array) -> Array:
    """Raw moments of a centred normal number, 0 to 4."""
    zero = jnp.zeros_like(variance)
    return jnp.stack([zero + 1, zero, variance, zero, 3 * variance**2])


def _sum_moments(first: Array, second: Array) -> Array:
    """Raw moments of a sum of two independent numbers, along the last axis."""
    second = jnp.broadcast_to(second, first.shape)
    rows = [
        sum(comb(m, i) * first[..., i] * second[..., m - i] for i in range(m + 1))
        for m in range(HIGHEST + 1)
    ]
    return jnp.stack(rows, axis=-1)
