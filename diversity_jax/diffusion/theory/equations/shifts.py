"""The shifts that extensive centroids give to neurons: nodes and weights of averages over them."""

from __future__ import annotations

import itertools

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float

from diversity_jax import validate
from diversity_jax.diffusion.model import ClassModel

# Step and number of nodes per direction, by the rank of the overlaps.
NODES = {0: (1.0, 1), 1: (0.2, 60), 2: (0.5, 22), 3: (0.8, 12)}


def shifts_of(
    model: ClassModel,
) -> tuple[Float[Array, "h k"], Float[Array, " h"], Bool[Array, "k k"]]:
    """Nodes of ``h ~ N(0, M)``, one of each pair h, -h, their weights, and classes not apart.

    Weights sum to one. Of orthogonal centroids there is one node for all that differ in signs: then
    products that are odd in each of two shifts, as of mean features, average to nothing unless the
    last array is true for their classes.

    Shapes: `[h, k]`, `[h]`, `[k, k]`.
    Errors: ValueError for overlaps of a rank above three (of more than three classes where they are
    traced).
    Source: the trapezoidal rule (see `special`), derived.
    """
    overlaps = model.centroid_overlaps
    assert overlaps is not None
    factor = _factor(overlaps)
    seen, apart = validate.concrete(factor), False
    if seen is not None:
        factor = factor[:, np.flatnonzero(np.abs(seen).max(axis=0) > 0)]
        apart = np.count_nonzero(seen, axis=1).max() <= 1
    rank = factor.shape[1]
    if rank not in NODES:
        raise validate.fail(
            "centroid_overlaps", f"{rank} independent centroids", f"at most {max(NODES)}",
            "averages over neurons are by quadrature; drop centroids or make some depend on others",
        )  # fmt: skip
    step, number = NODES[rank]
    line = step * (np.arange(number) - (number - 1) / 2)
    nodes = np.asarray(list(itertools.product(line, repeat=rank)))
    weights = np.exp(-(nodes**2).sum(axis=1) / 2)
    if rank:
        # Where each class is shifted along one direction only, all is even in every direction.
        kept = (nodes[:, : rank if apart else 1] > 0).all(axis=1)
        nodes, weights = nodes[kept], weights[kept]
    shared = np.ones(overlaps.shape, bool)
    if apart and seen is not None:
        shared = seen @ seen.T != 0
    return jnp.asarray(nodes) @ factor.T, jnp.asarray(weights / weights.sum()), jnp.asarray(shared)


def _factor(overlaps: Float[Array, "k k"]) -> Float[Array, "k k"]:
    """Lower triangular L, ``L L' = overlaps``; zero columns for centroids that depend on others."""
    size = jnp.max(jnp.abs(overlaps))
    rest, columns = overlaps, []
    for place in range(overlaps.shape[0]):
        pivot = rest[place, place]
        real = pivot > 1e-10 * size
        column = jnp.where(real, rest[:, place] / jnp.sqrt(jnp.where(real, pivot, 1.0)), 0.0)
        rest = rest - column[:, None] * column[None, :]
        columns.append(column)
    return jnp.stack(columns, axis=1)
