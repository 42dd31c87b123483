"""Quotas of labels that add up: how experiments and `select` keep the best of every domain."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int


def best_within(
    values: Float[np.ndarray, " n"], labels: Int[np.ndarray, " n"], number: int
) -> Int[np.ndarray, " m"]:
    """`number` places of highest value, of every label in proportion to its size.

    By label, then by value. `geometry.near_other` and its like round each quota down instead.
    """
    # Rounded ends, not rounded quotas: these add up to `number`.
    ends = np.cumsum(np.bincount(labels))
    quotas = np.diff(np.round(ends * number / len(labels)).astype(int), prepend=0)
    order = np.argsort(-values, kind="stable")
    return np.concatenate([order[labels[order] == k][:quota] for k, quota in enumerate(quotas)])
