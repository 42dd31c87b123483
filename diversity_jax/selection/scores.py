"""Diversity scores of labelled points, and of a set as a whole.

With ``C_k`` the plain mean of the points of domain k,

    inter(x) = sum_{j != own} cos(x, C_j),      intra(x) = cos(x, C_own).

High scores mean similar, so LOW diversity in plain words. The first is one cosine in disguise:
``inter(x) = |s| cos(x, s)`` with ``s = sum_{j != own} C_j / |C_j|``, since each term is
``x . C_j / (|x| |C_j|)``. A cosine has no scale, but is an angle seen from the origin: a common
shift changes both scores by nature; `centroid_separation` and `domain_variances` it does not.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, ArrayLike, Float, Int

from diversity_jax import validate
from diversity_jax.records import Record
from diversity_jax.selection import squares
from diversity_jax.selection.kernels import Kernel, check_directions, check_matrix, unit_rows


class OneCosine(Record):
    """Inter-diversity as ``lengths[label] * cosines``: one direction per domain."""

    directions: Float[Array, "k d"]  # s of each domain, not normalised
    lengths: Float[Array, " k"]
    cosines: Float[Array, " n"]


def centroids(
    embeddings: Float[ArrayLike, "n d"], labels: Int[ArrayLike, " n"], *, domains: int
) -> Float[Array, "k d"]:
    """The plain mean of the embeddings of each domain.

    `labels` are integers from 0 to ``domains - 1``.

    Errors: ValueError for embeddings that are not finite, labels outside the domains, a domain
    without points.
    Source: arXiv 2502.04380, 3.2.
    """
    embeddings, labels = check_labelled(embeddings, labels, domains=domains)
    place = squares.frame(embeddings)
    return place.outside(_means(place.inside(embeddings), labels, domains))


def _means(embeddings: Array, labels: Array, domains: int) -> Float[Array, "k d"]:
    counts = jnp.zeros(domains, embeddings.dtype).at[labels].add(1)
    sums = jax.ops.segment_sum(embeddings, labels, num_segments=domains)
    return sums / counts[:, None]


def inter_diversity(
    embeddings: Float[ArrayLike, "n d"], labels: Int[ArrayLike, " n"], *, domains: int
) -> Float[Array, " n"]:
    """The sum of cosines between each point and the centroids of the other domains.

    Between ``1 - domains`` and ``domains - 1``; high means close to the others, so low diversity.

    Errors: ValueError as for `centroids`, and for embeddings or centroids of length zero and fewer
    than two domains.
    Source: arXiv 2502.04380, 3.2, the sum as in the authors' code.
    """
    cosines = _cosines(embeddings, labels, domains)
    others = jnp.arange(domains)[None] != jnp.asarray(labels)[:, None]
    return jnp.sum(jnp.where(others, cosines, 0), axis=1)


def intra_diversity(
    embeddings: Float[ArrayLike, "n d"], labels: Int[ArrayLike, " n"], *, domains: int
) -> Float[Array, " n"]:
    """The cosine between each point and the centroid of its own domain.

    High means close to the centre, so low diversity.

    Errors: as for `inter_diversity`, but one domain is enough.
    Source: arXiv 2502.04380, 3.2.
    """
    cosines = _cosines(embeddings, labels, domains, least=1)
    return jnp.take_along_axis(cosines, jnp.asarray(labels)[:, None], axis=1)[:, 0]


def inter_as_one_cosine(
    embeddings: Float[ArrayLike, "n d"], labels: Int[ArrayLike, " n"], *, domains: int
) -> OneCosine:
    """`inter_diversity` as a length times one cosine; the same number by another route.

    Where the directions of the other domains cancel, `directions` is zero and the cosine NaN.

    Errors: as for `inter_diversity`.
    Source: derived in the module docstring.
    """
    _check_domains(domains, 2)
    means = centroids(embeddings, labels, domains=domains)
    check_directions("embeddings", embeddings)
    check_directions("centroids", means)
    units = unit_rows(means)
    # Sums without one's own term, not the total minus it: the rest may be small.
    others = ~jnp.eye(domains, dtype=bool)
    directions = jnp.where(others, 1, jnp.zeros((), units.dtype)) @ units
    lengths = jnp.sqrt(jnp.sum(directions**2, axis=1))
    table = unit_rows(jnp.asarray(embeddings)) @ (directions / lengths[:, None]).T
    cosines = jnp.take_along_axis(table, jnp.asarray(labels)[:, None], axis=1)[:, 0]
    return OneCosine(directions, lengths, cosines)


def centroid_separation(
    embeddings: Float[ArrayLike, "n d"], labels: Int[ArrayLike, " n"], *, domains: int
) -> Float[Array, ""]:
    """The mean Euclidean distance between the centroids of two different domains.

    ``mean over k < l of |C_k - C_l|``, in the embeddings' units, zero if all centroids agree. How
    far apart domains are as a set; `inter_diversity` scores points.

    Errors: as for `centroids`, and fewer than two domains.
    Source: arXiv 2502.04380, 3.2, whose display could not be had: the formula is inferred from
    "expected pairwise distance", which fixes neither a square nor a cosine distance.
    """
    _check_domains(domains, 2)
    embeddings, labels = check_labelled(embeddings, labels, domains=domains)
    place = squares.frame(embeddings)
    means = _means(place.inside(embeddings), labels, domains)
    first, second = np.triu_indices(domains, 1)
    return place.unit * jnp.mean(jnp.linalg.norm(means[first] - means[second], axis=1))


def domain_variances(
    embeddings: Float[ArrayLike, "n d"], labels: Int[ArrayLike, " n"], *, domains: int
) -> Float[Array, " k"]:
    """The mean squared distance of each domain's points from their centroid.

    ``(1 / N_k) sum_i |x_i - C_k|^2``: summed over coordinates and not divided by them, with
    ``N_k``, not ``N_k - 1``. How wide each domain is; `intra_diversity` scores points.

    Errors: as for `centroids`.
    Source: arXiv 2502.04380, 3.2, whose display could not be had: the formula is inferred from the
    words around it.
    """
    embeddings, labels = check_labelled(embeddings, labels, domains=domains)
    place = squares.frame(embeddings)
    rows = place.inside(embeddings)
    # Differences before squares, so that a common offset costs no digits.
    apart = squares.lengths(rows - _means(rows, labels, domains)[labels])
    return place.squared(_means(apart[:, None], labels, domains)[:, 0])


def vendi_score(points: Float[ArrayLike, "n d"], *, kernel: Kernel) -> Float[Array, ""]:
    """The effective number of different points, from 1 (all alike) to n (nothing in common).

    ``exp(-sum_i l_i ln l_i)`` over the eigenvalues of the kernel's matrix divided by n; it is a
    number of points if the kernel is 1 between a point and itself.

    Errors: ValueError for points that are not finite, a kernel that is not symmetric or has
    negative eigenvalues.
    Cost: builds the n x n matrix, time n^3.
    Source: arXiv 2210.02410, definition 3.1.
    """
    points = jnp.asarray(points)
    validate.shape("points", points, (None, None), "pass one point per row")
    validate.finite("points", points)
    return vendi_score_from_matrix(kernel(points, points))


def vendi_score_from_matrix(matrix: Float[ArrayLike, "n n"]) -> Float[Array, ""]:
    """`vendi_score` for a kernel's matrix that is there already."""
    matrix = jnp.asarray(matrix)
    validate.shape("matrix", matrix, (None, matrix.shape[0]), "pass similarities [n, n]")
    check_matrix("matrix", matrix, positive="nothing")
    eigenvalues = _eigenvalues(matrix) / matrix.shape[0]
    seen = validate.concrete(eigenvalues)
    slack = 64 * jnp.finfo(eigenvalues.dtype).eps
    if seen is not None and seen[0] < -slack * max(seen[-1], 0):
        got, fix = f"a smallest eigenvalue of {seen[0]:.3g}", "pass a positive kernel"
        raise validate.fail("matrix", got, "a positive semi-definite matrix", fix)
    shares = jnp.maximum(eigenvalues, 0)
    logs = jnp.log(jnp.where(shares > 0, shares, 1))
    return jnp.exp(-jnp.sum(shares * logs))


def check_labelled(
    embeddings: ArrayLike, labels: ArrayLike, *, domains: int
) -> tuple[Float[Array, "n d"], Int[Array, " n"]]:
    """Embeddings and labels as arrays; refuse what is not finite and labels that do not fit."""
    # Looked at as given: without 64-bit jax would cut a large label down to another one.
    seen = validate.concrete(labels)
    embeddings, labels = jnp.asarray(embeddings), jnp.asarray(labels) if seen is None else seen
    _check_domains(domains, 1)
    validate.shape("embeddings", embeddings, (None, None), "pass one embedding per row")
    validate.shape("labels", labels, (embeddings.shape[0],), "pass one label per embedding")
    validate.finite("embeddings", embeddings)
    if not jnp.issubdtype(labels.dtype, jnp.integer):
        fix = "number the domains from 0"
        raise validate.fail("labels", f"dtype {labels.dtype}", "integers", fix)
    check_range(labels, domains=domains)
    if seen is not None:
        _check_all_there(seen, domains)
    return embeddings, jnp.asarray(labels)


def _check_all_there(labels: np.ndarray, domains: int) -> None:
    """Refuse labels in a range that leave out one of it, at no cost for what is left out."""
    present = np.unique(labels)
    if present.size < domains:
        places = np.arange(present.size)
        empty = int(np.append(places[present != places], present.size)[0])
        fix = "lower `domains` and number the labels without gaps"
        raise validate.fail("labels", f"no point of domain {empty}", "one of each domain", fix)


def check_range(labels: ArrayLike, *, domains: int) -> None:
    """Refuse concrete labels outside 0 to ``domains - 1``; domains may be empty."""
    seen = validate.concrete(labels)
    if seen is not None and seen.size and (seen.min() < 0 or seen.max() >= domains):
        got = f"labels from {seen.min()} to {seen.max()}"
        fix = "number the domains from 0 or raise `domains`"
        raise validate.fail("labels", got, f"labels from 0 to {domains - 1}", fix)


def _cosines(
    embeddings: Float[ArrayLike, "n d"], labels: Int[ArrayLike, " n"], domains: int, least: int = 2
) -> Float[Array, "n k"]:
    """Cosines between all points and all centroids."""
    _check_domains(domains, least)
    means = centroids(embeddings, labels, domains=domains)
    check_directions("embeddings", embeddings)
    check_directions("centroids", means)
    return unit_rows(jnp.asarray(embeddings)) @ unit_rows(means).T


def _check_domains(domains: object, least: int) -> None:
    fix = "pass the number of domains, labels are below it"
    validate.integer("domains", domains, fix, least=least)


def _eigenvalues(matrix: Array) -> Array:
    """Ascending; on a CPU by LAPACK's own driver, since jax computes the vectors as well."""
    seen = validate.concrete(matrix)
    if seen is None or jax.default_backend() != "cpu":
        return jnp.linalg.eigvalsh(matrix)
    return jnp.asarray(np.linalg.eigvalsh(seen))
