"""Pairs of numbers in ascending order, counted without looking at each pair."""

from __future__ import annotations

import numpy as np


def ascending(values: np.ndarray) -> int:
    """The number of places ``i < j`` with ``values[i] < values[j]``, of values that have an order.

    Ranks are compared bit by bit from the highest: two that first differ in one bit are in one
    group before it, and the one with a zero there is the smaller.

    Cost: n log n.
    """
    _, ranks = np.unique(values, return_inverse=True)
    ranks, found = ranks.astype(np.int64), 0
    for bit in reversed(range(int(ranks.max(initial=0)).bit_length())):
        # In groups of equal higher bits, places ascending inside each.
        order = np.argsort(ranks >> (bit + 1), kind="stable")
        ranks = ranks[order]
        group, one = ranks >> (bit + 1), (ranks >> bit & 1).astype(bool)
        zeros = np.cumsum(~one)
        heads = np.flatnonzero(np.diff(group, prepend=-1))
        before = (zeros - ~one)[heads]
        sizes = np.diff(np.append(heads, len(ranks)))
        found += int((zeros - np.repeat(before, sizes))[one].sum())
    return found


def tied(*columns: np.ndarray) -> int:
    """The number of pairs of places that are alike in every column."""
    _, sizes = np.unique(np.stack(columns, axis=1), axis=0, return_counts=True)
    return int((sizes * (sizes - 1) // 2).sum())
