"""Diversity as a reward, stage by stage: synthesis, centroids, pseudo labels, probe, selection.

The algorithm of arXiv 2502.04380 (DaaR) on embeddings. What needs a language model there (writing
seeds and more samples of a domain) is a function `generate` here. Each stage is a function of its
own, and `daar` takes an oracle in place of any: true centroids, true labels, the posterior of the
mixture, so that the loss that each stage brings can be measured.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, Bool, Float, Int

from diversity_jax import seeds, validate
from diversity_jax.records import Record
from diversity_jax.selection import probe, squares
from diversity_jax.selection.geometry import rank_within, share_of
from diversity_jax.selection.kernels import unit_rows
from diversity_jax.selection.reward import domain_entropy
from diversity_jax.selection.scores import check_range

Generate = Callable[[Array, int], Float[Array, "m d"]]


class Labels(Record):
    """Pseudo labels with the centroids that gave them, and how the iteration ended."""

    labels: Int[Array, " n"]
    centroids: Float[Array, "k d"]
    steps: Int[Array, ""]
    converged: Bool[Array, ""]


class Outcome(Record):
    """What each stage found; `labels` and `accuracy` are of the probe set, `rewards` of the pool.

    `accuracy` is the probe's on the samples it held out, NaN where an oracle takes its place.
    """

    indices: Int[Array, " m"]
    rewards: Float[Array, " n"]
    centroids: Float[Array, "k d"]
    labels: Int[Array, " p"]
    accuracy: Float[Array, ""]


def accepted(embeddings: Float[ArrayLike, "n d"], *, threshold: float) -> Bool[Array, " n"]:
    """Which samples a synthesis keeps: each that is unlike all kept before it.

    Kept if its cosine with every kept sample is below `threshold` (strictly).

    Errors: ValueError for NaN and zero-norm rows and a threshold outside (-1, 1].
    Cost: time n^2 d, memory n d.
    Source: arXiv 2502.04380, equation 7 (0.85; 0.9 for mathematics).
    """
    unit = _directions(embeddings)
    if not -1 < threshold <= 1:
        raise validate.fail("threshold", threshold, "a cosine in (-1, 1]", "pass e.g. 0.85")

    def look(kept: Array, place: Array) -> tuple[Array, None]:
        near = jnp.where(kept, unit @ unit[place], -jnp.inf)
        return kept.at[place].set(jnp.max(near) < threshold), None

    number = unit.shape[0]
    return jax.lax.scan(look, jnp.zeros(number, bool), jnp.arange(number))[0]


def synthesise(
    key: Array, generate: Generate, *, number: int, threshold: float, attempts: int
) -> tuple[Float[Array, "m d"], Bool[Array, " m"]]:
    """`attempts` samples of one domain, and which of them are kept: the first `number` accepted.

    `generate(key, m)` stands for the language model. Shapes are fixed, so it can be mapped over
    seeds; fewer than `number` are kept where the threshold lets no more through.

    Errors: those of `accepted`.
    Source: arXiv 2502.04380, section 4.1.
    """
    made = generate(seeds.stream(key, "synthesis"), attempts)
    kept = accepted(made, threshold=threshold)
    return made, kept & (jnp.cumsum(kept) <= number)


def pseudo_labels(
    embeddings: Float[ArrayLike, "n d"],
    centroids: Float[ArrayLike, "k d"],
    *,
    moving: bool = True,
    steps: int = 300,
) -> Labels:
    """Labels by nearest centroid (Euclidean), with fixed centroids or by k-means from them.

    The paper writes fixed centroids ("constrained"), its code lets them move (Lloyd's steps until
    no label changes, `steps` at most); on text the difference is real. A centroid that loses all
    its samples stays where it was. A common shift, scale or rotation changes no label but by the
    rounding of the input.

    Errors: ValueError for shapes and NaN.
    Cost: memory n k beyond the input.
    Source: arXiv 2502.04380, section 4.1, and its code.
    """
    embeddings, centroids = jnp.asarray(embeddings), jnp.asarray(centroids)
    validate.shape("embeddings", embeddings, (None, None), "pass one row per sample")
    validate.shape("centroids", centroids, (None, embeddings.shape[1]), "pass one row per domain")
    validate.finite("embeddings", embeddings)
    validate.finite("centroids", centroids)
    if steps < 1:
        raise validate.fail("steps", steps, "an integer >= 1", "pass e.g. 300")
    centroids = centroids.astype(embeddings.dtype)
    if not moving:
        first = nearest(embeddings, centroids)
        return Labels(first, centroids, jnp.asarray(0), jnp.asarray(True))
    return _lloyd(embeddings, centroids, jnp.asarray(steps))


@jax.jit
def _lloyd(embeddings: Array, centroids: Array, steps: Array) -> Labels:
    domains = centroids.shape[0]
    place, rows, centres, reach = _framed(embeddings, centroids)
    first = _nearest(rows, centres, reach)

    def unsettled(held: tuple[Array, ...]) -> Array:
        return ~held[3] & (held[2] < steps)

    def move(held: tuple[Array, ...]) -> tuple[Array, ...]:
        labels, centres, step, _ = held
        centres = _means(rows, labels, domains, centres)
        moved = _nearest(rows, centres, reach)
        return moved, centres, step + 1, jnp.all(moved == labels)

    start = first, centres, jnp.asarray(0), jnp.asarray(False)
    labels, centres, taken, converged = jax.lax.while_loop(unsettled, move, start)
    return Labels(labels, place.outside(centres), taken, converged)


def nearest(
    points: Float[ArrayLike, "n d"], centroids: Float[ArrayLike, "k d"]
) -> Int[Array, " n"]:
    """The number of the centroid nearest to each point; the first of equally near ones.

    Distances come from one matrix product of what is left of points and centroids without their
    middle, or from differences where two centroids are near each other for the spread of all.
    """
    return _nearest_of(jnp.asarray(points), jnp.asarray(centroids))


@jax.jit
def _nearest_of(points: Array, centroids: Array) -> Int[Array, " n"]:
    _, rows, centres, reach = _framed(points, centroids)
    return _nearest(rows, centres, reach)


def _framed(points: Array, centroids: Array) -> tuple[squares.Frame, Array, Array, Array]:
    """Points and centroids in their common frame, and the largest squared length among them."""
    place = squares.frame(points, centroids)
    rows, centres = place.inside(points), place.inside(centroids)
    reach = jnp.maximum(*(jnp.max(squares.lengths(part), initial=0) for part in (rows, centres)))
    return place, rows, centres, reach


def _nearest(rows: Array, centres: Array, reach: Array) -> Int[Array, " n"]:
    """`nearest` in a frame; `reach` is near the largest squared length."""
    others = ~jnp.eye(centres.shape[0], dtype=bool)
    apart = jnp.where(others, squares.by_differences(centres, centres), jnp.inf)
    return jax.lax.cond(
        jnp.min(apart) < squares.half(reach),
        lambda: jnp.argmin(squares.by_differences(centres, rows), axis=1),
        # Without the length of the point itself, which decides nothing.
        lambda: jnp.argmin(squares.lengths(centres)[None, :] - 2 * rows @ centres.T, axis=1),
    )


def means(
    points: Float[Array, "n d"],
    labels: Int[Array, " n"],
    *,
    domains: int,
    empty: Float[ArrayLike, ...] = jnp.nan,
) -> Float[Array, "k d"]:
    """The plain mean of each domain; `empty` (NaN) where it has no points."""
    middle = jnp.mean(points, axis=0)[None]
    inside = _means(points - middle, labels, domains, jnp.zeros_like(middle))
    present = jnp.any(labels[:, None] == jnp.arange(domains)[None, :], axis=0)
    return jnp.where(present[:, None], middle + inside, empty)


def _means(
    points: Float[Array, "n d"], labels: Int[Array, " n"], domains: int, empty: Array
) -> Float[Array, "k d"]:
    """Of points around the origin: sums of rows that are far from it would lose digits."""
    member = (labels[:, None] == jnp.arange(domains)[None, :]).astype(points.dtype)
    counts = member.sum(axis=0)[:, None]
    return jnp.where(counts > 0, member.T @ points / jnp.maximum(counts, 1), empty)


def top(scores: Float[ArrayLike, " n"], *, fraction: float) -> Int[Array, " m"]:
    """The ``int(fraction n)`` samples of highest score over the whole pool, best first.

    No quota: domains take part as their scores have it.

    Errors: ValueError for NaN and a fraction outside (0, 1] or that selects nothing.
    Source: arXiv 2502.04380, section 4.2, and its code.
    """
    scores = jnp.asarray(scores)
    validate.finite("scores", scores)
    return jax.lax.top_k(scores, share_of(scores.shape[0], fraction=fraction))[1]


def customised(
    scores: Float[ArrayLike, " n"],
    labels: Int[ArrayLike, " n"],
    *,
    target: int,
    domains: int,
    own: float = 0.5,
    other: float = 0.1,
) -> Bool[Array, " n"]:
    """Which samples are taken: per domain the best `own` of `target`, `other` of each other.

    A domain may be empty.

    Errors: ValueError for a target that is no domain, labels outside the domains and shares outside
    (0, 1].
    Source: arXiv 2502.04380, appendix F.3.
    """
    validate.finite("scores", scores)
    if not 0 <= target < domains:
        raise validate.fail("target", target, f"0 to {domains - 1}", "name one of the domains")
    for name, share in (("own", own), ("other", other)):
        if not 0 < share <= 1:
            raise validate.fail(name, share, "a share in (0, 1]", "pass e.g. 0.5")
    check_range(labels, domains=domains)
    labels = jnp.asarray(labels)
    rank, sizes = rank_within(-jnp.asarray(scores), labels, domains=domains)
    shares = jnp.where(jnp.arange(domains) == target, own, other)
    return rank < jnp.floor(shares * sizes + 1e-9)[labels]


def daar(
    key: Array,
    pool: Float[ArrayLike, "n d"],
    probe_set: Float[ArrayLike, "p d"],
    *,
    centroids: Float[ArrayLike, "k d"],
    fraction: float = 0.2,
    moving: bool = True,
    labels: Int[ArrayLike, " p"] | None = None,
    posterior: Callable[[Array], Float[ArrayLike, "n k"]] | None = None,
    regress: bool = True,
    **training: Any,
) -> Outcome:
    """DaaR from the centroids on: pseudo labels, probe, entropy, regressor, the global top.

    Oracles: true `labels` of the probe set in place of k-means from `centroids`; a `posterior`
    (points to probabilities) in place of the probe; ``regress=False`` reads the entropy off the
    probe on the pool itself in place of the second network, which the paper fits to the entropies
    of the probe set. `training` goes to `probe.fit_probe` and `probe.fit_regressor`.

    Errors: those of the stages.
    Source: arXiv 2502.04380, section 4, on embeddings.
    """
    pool, probe_set, centroids = (jnp.asarray(part) for part in (pool, probe_set, centroids))
    domains = centroids.shape[0]
    if labels is None:
        pseudo = pseudo_labels(probe_set, centroids, moving=moving)
        labels, centroids = pseudo.labels, pseudo.centroids
    accuracy = jnp.asarray(jnp.nan, pool.dtype)
    if posterior is None:
        fitted = probe.fit_probe(
            seeds.stream(key, "probe"), probe_set, labels, domains=domains, **training
        )
        posterior, accuracy = fitted.probabilities, fitted.held_out
    if regress:
        seen = domain_entropy(posterior(probe_set))
        second = probe.fit_regressor(seeds.stream(key, "regressor"), probe_set, seen, **training)
        rewards = second.outputs(pool)[:, 0]
    else:
        rewards = domain_entropy(posterior(pool))
    return Outcome(
        top(rewards, fraction=fraction), rewards, centroids, jnp.asarray(labels), accuracy
    )


def _directions(embeddings: Float[ArrayLike, "n d"]) -> Float[Array, "n d"]:
    embeddings = jnp.asarray(embeddings)
    validate.shape("embeddings", embeddings, (None, None), "pass one row per sample")
    validate.finite("embeddings", embeddings)
    norms = jnp.linalg.norm(embeddings, axis=1)
    validate.positive("norms of embeddings", norms, "remove rows of zeros: they have no direction")
    return unit_rows(embeddings)
