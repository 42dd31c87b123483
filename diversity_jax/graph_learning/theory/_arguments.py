"""What several functions of this theory ask of affinities, masks and numbers, on the host."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from diversity_jax import validate
from diversity_jax.graph_learning import problem
from diversity_jax.seen import above_zero, number
from diversity_jax.seen import array as seen

__all__ = ["above_zero", "mask", "members", "number", "seen", "weights"]


def weights(affinity: object) -> np.ndarray:
    """All weights in double precision, nothing on the diagonal."""
    matrix = np.array(seen("affinity", problem.dense(affinity)), np.float64)
    np.fill_diagonal(matrix, 0)
    return matrix


def members(multiplicities: npt.ArrayLike | None, nodes: int) -> np.ndarray:
    """How many points each node stands for, all above zero."""
    if multiplicities is None:
        return np.ones(nodes)
    validate.shape("multiplicities", multiplicities, (nodes,), "give one number per node")
    validate.positive("multiplicities", multiplicities, "leave out nodes that stand for none")
    return seen("multiplicities", multiplicities).astype(np.float64)


def mask(labelled: npt.ArrayLike, nodes: int) -> np.ndarray:
    """The labelled nodes, at least one."""
    validate.shape("labelled", labelled, (nodes,), "give one truth per node")
    chosen = seen("labelled", labelled)
    if chosen.dtype.kind != "b" or not chosen.any():
        got = f"{int(chosen.sum())} nodes of type {chosen.dtype}"
        raise validate.fail("labelled", got, "booleans, at least one true", "label some node")
    return chosen
