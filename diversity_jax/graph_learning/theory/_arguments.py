"""What several functions of this theory ask of affinities, masks and numbers, on the host."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from diversity_jax import validate
from diversity_jax.graph_learning import problem


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


def number(name: str, value: npt.ArrayLike) -> float:
    """One finite number from 0 up."""
    validate.shape(name, value, (), "pass one number")
    validate.nonnegative(name, value)
    validate.finite(name, value)
    return float(seen(name, value))


def above_zero(name: str, value: npt.ArrayLike) -> float:
    """One finite number above 0."""
    validate.positive(name, value)
    return number(name, value)


def seen(name: str, value: npt.ArrayLike) -> np.ndarray:
    """`value` as numpy; refuse traced ones."""
    found = validate.concrete(value)
    if found is None:
        raise validate.fail(name, "a traced value", "a concrete one", "call this outside jit")
    return found
