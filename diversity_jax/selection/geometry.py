"""Pools by where points lie: near or far from the other domains, near or far from their own.

Names say geometry, not diversity: `near_other` is the top of `scores.inter_diversity`, the pool
that papers call "high inter-diversity (80-100)" and that is the LEAST separated. A quota takes the
same fraction of every domain, so that proportions stay; a global cut takes the fraction of all.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float, Int

from diversity_jax import validate
from diversity_jax.selection import scores as diversity

CUTS = ("domain", "global")


def near_other(
    embeddings: Float[ArrayLike, "n d"],
    labels: Int[ArrayLike, " n"],
    *,
    domains: int,
    fraction: float,
    cut: str = "domain",
) -> Int[Array, " m"]:
    """Indices of the `fraction` of points most similar to the other domains' centroids.

    ``cut="domain"`` takes ``floor(fraction * size)`` of every domain, ``"global"`` of all points;
    most similar first, domain by domain. Sizes follow from the labels, which cannot be traced for a
    quota.

    Errors: ValueError as for `scores.inter_diversity`, for a fraction outside (0, 1] and one so
    small that nothing is taken.
    Source: arXiv 2502.04380, 3.2 (pools), derived (names).
    """
    return _extreme(diversity.inter_diversity, embeddings, labels, domains, fraction, cut, -1)


def far_other(
    embeddings: Float[ArrayLike, "n d"],
    labels: Int[ArrayLike, " n"],
    *,
    domains: int,
    fraction: float,
    cut: str = "domain",
) -> Int[Array, " m"]:
    """Indices of the `fraction` least similar to the other domains, otherwise as `near_other`."""
    return _extreme(diversity.inter_diversity, embeddings, labels, domains, fraction, cut, 1)


def near_own(
    embeddings: Float[ArrayLike, "n d"],
    labels: Int[ArrayLike, " n"],
    *,
    domains: int,
    fraction: float,
    cut: str = "domain",
) -> Int[Array, " m"]:
    """Indices of the `fraction` most similar to their own centroid, otherwise as `near_other`."""
    return _extreme(diversity.intra_diversity, embeddings, labels, domains, fraction, cut, -1)


def far_own(
    embeddings: Float[ArrayLike, "n d"],
    labels: Int[ArrayLike, " n"],
    *,
    domains: int,
    fraction: float,
    cut: str = "domain",
) -> Int[Array, " m"]:
    """Indices of the `fraction` least similar to their own centroid, otherwise as `near_other`."""
    return _extreme(diversity.intra_diversity, embeddings, labels, domains, fraction, cut, 1)


def best_within(
    values: Float[np.ndarray, " n"], labels: Int[np.ndarray, " n"], number: int
) -> Int[np.ndarray, " m"]:
    """`number` places of highest value, of every label in proportion to its size.

    By label, then by value. `near_other` and its like round each quota down instead.

    Source: derived.
    """
    # Rounded ends, not rounded quotas: these add up to `number`.
    ends = np.cumsum(np.bincount(labels))
    quotas = np.diff(np.round(ends * number / len(labels)).astype(int), prepend=0)
    order = np.argsort(-values, kind="stable")
    return np.concatenate([order[labels[order] == k][:quota] for k, quota in enumerate(quotas)])


def bins(
    values: Float[ArrayLike, " n"], labels: Int[ArrayLike, " n"], *, domains: int, number: int = 5
) -> Int[Array, " n"]:
    """The bin of each point among those of its domain, from 0 (lowest score) to ``number - 1``.

    By rank: a domain of m points gives ``m / number`` to every bin, one more or less where that is
    no integer.

    Errors: ValueError for scores that are not finite, labels that do not fit, fewer than one bin.
    Source: arXiv 2502.04380, 3.2 (five bins).
    """
    values = jnp.asarray(values)
    validate.shape("values", values, (None,), "pass one score per point")
    _, known = diversity.check_labelled(values[:, None], labels, domains=domains)
    validate.integer("number", number, "pass e.g. 5 bins", least=1)
    rank, sizes = rank_within(values, known, domains=domains)
    return rank * number // sizes[known]


def rank_within(
    values: Float[Array, " n"], labels: Int[Array, " n"], *, domains: int
) -> tuple[Int[Array, " n"], Int[Array, " k"]]:
    """Each point's rank among those of its domain, from 0 (lowest value), and the domains' sizes.

    Labels from 0 to ``domains - 1`` are taken for granted.

    Source: derived.
    """
    order = jnp.lexsort((values, labels))
    sizes = jnp.zeros(domains, jnp.int32).at[labels].add(1)
    first = jnp.cumsum(sizes) - sizes
    rank = jnp.arange(values.shape[0], dtype=jnp.int32) - first[labels[order]]
    return jnp.zeros(values.shape[0], jnp.int32).at[order].set(rank), sizes


def share_of(number: int, *, fraction: float) -> int:
    """``floor(fraction * number)``, one or more.

    Products such as 0.29 * 100 that fall just below the integer that is meant count as it.

    Errors: ValueError for a fraction outside (0, 1] and one so small that nothing is taken.
    Source: derived.
    """
    if not 0 < fraction <= 1:
        raise validate.fail("fraction", fraction, "a number in (0, 1]", "pass e.g. 0.2")
    count = int(fraction * number + 1e-9)
    if count == 0:
        got = f"{fraction:g} of {number} points"
        raise validate.fail("fraction", got, "one point or more", "raise it")
    return count


def _extreme(
    score: Callable[..., Float[Array, " n"]],
    embeddings: Float[ArrayLike, "n d"],
    labels: Int[ArrayLike, " n"],
    domains: int,
    fraction: float,
    cut: str,
    sign: int,
) -> Int[Array, " m"]:
    """Indices of the lowest ``sign * score``, of each domain or of all."""
    share_of(np.shape(embeddings)[0], fraction=fraction)
    validate.choice("cut", cut, CUTS)
    order = sign * score(embeddings, labels, domains=domains)
    take = partial(_lowest, fraction=fraction)
    if cut == "global":
        return take(order, jnp.arange(order.shape[0]))
    seen = validate.concrete(jnp.asarray(labels))
    if seen is None:
        fix = 'close over the labels, or use cut="global"'
        raise validate.fail("labels", "traced labels", "concrete ones for a quota", fix)
    places = [jnp.asarray(np.flatnonzero(seen == domain)) for domain in range(domains)]
    return jnp.concatenate([take(order[place], place) for place in places])


def _lowest(values: Array, places: Array, *, fraction: float) -> Array:
    count = share_of(values.shape[0], fraction=fraction)
    return places[jnp.argsort(values)[:count]].astype(jnp.int32)
