"""How the error bound grows with n on given designs, from the closed forms of its parts.

Per entry the bound (A with B, at gamma = rho) is, but for the mean's ``O(sigma^2 / n)``,

    2 rho J / (n p),     rho ~ sigma max r_e sqrt(2 log m).

K clusters of n/K points at fixed distances d, p columns, unit weights:

    design          max r_e                J                      bound
    complete        sqrt 2 / n             n^2 (1 - 1/K) d / 2    sqrt(log n): does not fall
    star            about 1                n (1 - 1/K) d          sqrt(log n): does not fall
    blocks, q ~ n^-a  see `block_edges`    q n^2 (1 - 1/K) d / 2  n^-min(a, 1/2) sqrt(log n)
    barbell, k bridges  about sqrt n/(2k)  k d                    n^-1/2 sqrt(log n), any k
    ring in the clusters' order  sqrt(n/12)  K d                  n^-1/2 sqrt(log n)
    path in that order  sqrt n / 2         (K - 1) d              n^-1/2 sqrt(log n)
    ring or path in random order  the same  n (1 - 1/K) d         n^1/2 sqrt(log n): grows

For blocks, r^2 between blocks is the sum of ``2 K / (q^2 n^3)`` and ``2 / within^2 ~ n^-2``; the
former leads from q ~ n^-1/2 on, so that sparser edges between stop helping. There both are alike,
and the factor falls by less than n^-1/2 for a long while: compare with `design_bound` at the sizes
themselves. Those between q n^2 >> log n, where blocks stay joined, are meant.

The logarithm is that of the union bound over edges. In the rho of one draw it is there where many
edges carry noise of their own (complete, star, blocks with a <= 1/2); where all large ones carry
the same sums of noise (barbell, ring, path, blocks with a > 1/2), rho is sigma max r_e times a
random number of order one and the logarithm is absent (`log_power_of_draws`). All are orders of the
bound, not of the error.
"""

from __future__ import annotations

import math
from typing import Literal

import jax.numpy as jnp
from jaxtyping import Array, Float, ScalarLike

from diversity_jax import validate
from diversity_jax.convex_clustering.theory import _arguments
from diversity_jax.convex_clustering.theory.closed_forms import (
    barbell_edges,
    block_edges,
    complete_edges,
    ring_edges,
    star_edges,
    tree_edges,
)
from diversity_jax.convex_clustering.theory.noise import probable_noise_level
from diversity_jax.records import Record

Design = Literal[
    "complete", "star", "blocks", "barbell", "ring", "path", "shuffled_ring", "shuffled_path"
]
DESIGNS = (
    "complete", "star", "blocks", "barbell", "ring", "path", "shuffled_ring", "shuffled_path",
)  # fmt: skip


class Growth(Record):
    """The bound per entry grows as ``n^exponent (log n)^log_power``.

    `log_power_of_draws` stands in its place if rho is that of the noise drawn, not its union bound.
    """

    exponent: Float[Array, ""]
    log_power: Float[Array, ""]
    log_power_of_draws: Float[Array, ""]


class DesignBound(Record):
    """``2 rho J / (n p)`` as `mean_squared`, and its parts, for one size of a design."""

    mean_squared: Float[Array, ""]
    rho: Float[Array, ""]
    sensitivity: Float[Array, ""]
    truth_penalty: Float[Array, ""]
    edges: Float[Array, ""]


def design_growth(design: Design, *, between_exponent: ScalarLike = 0.0) -> Growth:
    """Exponent and power of the logarithm with which the bound per entry grows in n; asymptotic.

    ``blocks`` have edges between blocks of probability ``n^-between_exponent`` times a constant,
    and within of a constant. Table and conditions in the module docstring.

    Errors: ValueError for an unknown design, a `between_exponent` outside [0, 2).
    Source: derived.
    """
    validate.choice("design", design, DESIGNS)
    validate.shape("between_exponent", between_exponent, (), "pass one number")
    seen = validate.concrete(between_exponent)
    if seen is not None and not 0 <= float(seen) < 2:
        fix = "from two on the blocks come apart"
        raise validate.fail("between_exponent", float(seen), "a number in [0, 2)", fix)
    falls = jnp.asarray(between_exponent) * jnp.ones(())
    exponent = {
        "complete": 0.0, "star": 0.0, "shuffled_ring": 0.5, "shuffled_path": 0.5,
        "blocks": 0.0 - jnp.minimum(falls, 0.5),
    }.get(design, -0.5)  # fmt: skip
    own = {"complete": 0.5, "star": 0.5, "blocks": jnp.where(falls <= 0.5, 0.5, 0.0)}
    return Growth(
        exponent=jnp.asarray(exponent),
        log_power=jnp.asarray(0.5),
        log_power_of_draws=jnp.asarray(own.get(design, 0.0)),
    )


def design_bound(
    design: Design,
    clusters: int,
    size: int,
    *,
    distance: ScalarLike,
    dimension: int,
    deviation: ScalarLike,
    failure: ScalarLike = 0.1,
    within: ScalarLike = 1.0,
    between: ScalarLike = 1.0,
    bridges: int = 1,
) -> DesignBound:
    """The bound per entry at one size, from closed forms alone: exact but for ``blocks``.

    `clusters` of `size` points each, `distance` apart (on average over the pairs of clusters that
    edges join); `within` and `between` are probabilities of ``blocks`` (mean-field: means of J and
    of the number of edges, and mean-field r), `bridges` those of a ``barbell``, which has two
    clusters. Shuffled orders give the mean of J over orders. The noise is Gaussian, the norm l2.

    Errors: ValueError for an unknown design and as those of the closed forms.
    Source: derived.
    """
    validate.choice("design", design, DESIGNS)
    validate.integer("clusters", clusters, "pass the number of clusters", least=2)
    validate.integer("size", size, "pass the points of one cluster", least=2)
    _arguments.positive_number("distance", distance)
    if design == "barbell" and clusters != 2:
        raise validate.fail("clusters", clusters, "2 for a barbell", "it has two cliques")
    n = clusters * size
    sensitivity, joined, edges = _parts(design, clusters, size, within, between, bridges)
    rho = probable_noise_level(
        sensitivity, edges=edges, dimension=dimension, deviation=deviation, failure=failure
    )
    total = jnp.asarray(distance) * joined
    return DesignBound(
        mean_squared=2 * rho * total / (n * dimension),
        rho=rho,
        sensitivity=sensitivity,
        truth_penalty=total,
        edges=jnp.asarray(edges) * jnp.ones(()),
    )


def _parts(
    design: Design, clusters: int, size: int, within: ScalarLike, between: ScalarLike, bridges: int
) -> tuple[Array, ScalarLike, ScalarLike]:
    """Largest sensitivity, number of edges between clusters and number of all."""
    n = clusters * size
    inside, across = clusters * size * (size - 1) / 2, math.comb(clusters, 2) * size**2
    middle = tree_edges(n // 2, n).sensitivity
    shuffled = (n - size) / (n - 1)  # the chance that neighbours belong to two clusters
    if design == "complete":
        return complete_edges(n).sensitivity, across, inside + across
    if design == "star":
        return star_edges(n).sensitivity, n - size, n - 1
    if design == "ring":
        return ring_edges(n).sensitivity, clusters, n
    if design == "path":
        return middle, clusters - 1, n - 1
    if design == "shuffled_ring":
        return ring_edges(n).sensitivity, n * shuffled, n
    if design == "shuffled_path":
        return middle, (n - 1) * shuffled, n - 1
    if design == "barbell":
        return barbell_edges(n, bridges=bridges).bridge.sensitivity, bridges, inside + bridges
    kinds = block_edges(clusters, size, within=within, between=between)
    largest = jnp.maximum(kinds.inside.sensitivity, kinds.between.sensitivity)
    return largest, across * between, inside * within + across * between
