"""Information gain on a graph of labels (MIG, arXiv 2504.13835).

A point carries weight ``v_il >= 0`` of label l (its quality times whether it has the label). A
label p hands part of it on to similar labels q: with edges ``w_pq`` where the similarity is at
least `threshold`, ``a_pq = strength w_pq / (1 + strength sum_k w_pk)``, and keeps
``a_pp = 1 / (1 + strength sum_k w_pk)``, so that nothing is lost. The information of a subset is
``E = sum_l (z_l)^power`` with ``z = sum_i v_i A``: concave in each z, hence submodular.
"""

from __future__ import annotations

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, ArrayLike, Float, ScalarLike

from diversity_jax import validate
from diversity_jax.selection import daar, kernels
from diversity_jax.selection.coverage.record import Selection, check_number, in_range

METHODS = ("gradient", "exact")


def information_gain(
    weights: Float[ArrayLike, "n l"],
    similarities: Float[ArrayLike, "l l"],
    *,
    number: int,
    threshold: float = 0.9,
    strength: float = 1.0,
    power: float = 0.8,
    method: str = "gradient",
) -> Selection:
    """Choose `number` points greedily by the information of their labels (module docstring).

    ``"gradient"`` takes, as the authors do, the point with the largest ``dE/dz . z_i``; ``"exact"``
    the one with the largest increase, at the price of n x l powers per pick. The gradient is
    infinite at labels without information; there it is taken at the smallest positive weight.
    `gains` are the increases of E, `objective` is E.

    Errors: ValueError for weights below zero, similarities that are asymmetric or negative,
    `number` outside 1 to n, `power` outside (0, 1], an unknown method.
    Cost: memory 2 n x l numbers.
    Source: arXiv 2504.13835, section 3; exponent and threshold are settings of ours, the
    self-weight of 1 is our reading.
    """
    weights, similarities = jnp.asarray(weights), jnp.asarray(similarities)
    validate.shape("weights", weights, (None, None), "pass one row per point, a column per label")
    labels = weights.shape[1]
    validate.shape("similarities", similarities, (labels, labels), "pass one row per label")
    validate.finite("weights", weights)
    validate.nonnegative("weights", weights)
    kernels.check_matrix("similarities", jnp.maximum(similarities, 0), positive="entries")
    check_number(number, weights.shape[0])
    validate.choice("method", method, METHODS)
    validate.nonnegative("strength", strength)
    if not 0 < power <= 1:
        raise validate.fail("power", power, "a number in (0, 1]", "pass e.g. 0.8")
    spread = weights @ propagation(similarities, threshold=threshold, strength=strength)
    exact = method == "exact"
    chosen = _information(spread, jnp.asarray(power, spread.dtype), number, exact)
    return in_range(chosen, "weights")


def label_graph(
    points: Float[Array, "n d"], start: Float[Array, "l d"], *, steps: int = 30
) -> tuple[Float[Array, "n l"], Float[Array, "l l"]]:
    """Labels for points that have none, by k-means from the centroids `start`, and their graph.

    Weights are one for the label of the nearest centroid, similarities the cosines of centroids,
    none below zero; a mean of points that cancel has no direction, and is like no other.

    Shapes: `[n, l]` and `[l, l]`, the first two arguments of `information_gain`.
    Source: ours.
    """
    clusters = daar.pseudo_labels(points, start, steps=steps)
    weights = jax.nn.one_hot(clusters.labels, start.shape[0], dtype=points.dtype)
    alike = kernels.clipped_cosine(clusters.centroids, clusters.centroids)
    return weights, jnp.nan_to_num(alike)


def propagation(
    similarities: Float[Array, "l l"], *, threshold: ScalarLike, strength: ScalarLike
) -> Float[Array, "l l"]:
    """The matrix A `[from, to]` by which labels hand information on; its rows sum to one."""
    labels = similarities.shape[0]
    self = jnp.eye(labels, dtype=bool)
    edges = jnp.where(self | (similarities < threshold), 0, similarities)
    whole = 1 + strength * jnp.sum(edges, axis=1, keepdims=True)
    return jnp.where(self, 1 / whole, strength * edges / whole)


@eqx.filter_jit
def _information(spread: Array, power: Array, number: int, exact: bool) -> Selection:
    n = spread.shape[0]
    least = jnp.min(jnp.where(spread > 0, spread, jnp.inf))
    least = jnp.where(jnp.isfinite(least), least, 1)

    def step(turn: Array, state: tuple[Array, ...]) -> tuple[Array, ...]:
        held, left, picks, gains = state
        now = jnp.sum(held**power)
        if exact:
            offered = jnp.sum((held[None] + spread) ** power, axis=1) - now
        else:
            offered = spread @ (power * jnp.maximum(held, least) ** (power - 1))
        pick = jnp.argmax(jnp.where(left, offered, -jnp.inf)).astype(jnp.int32)
        held = held + spread[pick]
        gains = gains.at[turn].set(jnp.sum(held**power) - now)
        return held, left.at[pick].set(False), picks.at[turn].set(pick), gains

    start = (
        jnp.zeros(spread.shape[1], spread.dtype),
        jnp.ones(n, bool),
        jnp.zeros(number, jnp.int32),
        jnp.zeros(number, spread.dtype),
    )
    held, _, picks, gains = lax.fori_loop(0, number, step, start)
    return Selection(indices=picks, gains=gains, objective=jnp.sum(held**power))
