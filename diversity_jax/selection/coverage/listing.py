"""The later picks of facility location, on lists of the pairs that still count.

A pair (i, j) counts while ``s_ij > best_i``, and ``best_i`` never falls: the pairs that count after
some picks hold all that later ones need, by point i (whose rise lowers the gains of its j) and by
candidate j (whom it would serve better). With lists a pick costs a few dozen pairs instead of a
pass over the points. On the host, in numpy, since lists of unequal length are no work for XLA.
"""

from __future__ import annotations

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Float, Int

from diversity_jax.records import Record
from diversity_jax.selection.kernels import Kernel

ROWS = 256  # points whose similarities to all others are looked at together


class Progress(Record):
    """Facility location on its way: what serves each point, and all gains."""

    turn: Int[Array, ""]
    best: Float[Array, " n"]
    gains: Float[Array, " n"]
    level: Float[Array, ""]  # the largest gain when gains were last summed anew
    picks: Int[Array, " k"]
    won: Float[Array, " k"]
    lowest: Float[Array, ""]  # of all similarities


class _Pairs:
    """Pairs that count, by point and by candidate: values, partners and where each list begins."""

    def __init__(self, kernel: Kernel, points: Array, best: np.ndarray):
        from scipy.sparse import csr_array

        n = len(best)
        values, partners, counts = [], [], [np.zeros(1, np.int64)]
        for first in range(0, n, ROWS):
            # The last block reaches back, so that all blocks are as long as the first.
            rows = best[first : first + ROWS]
            table = _similarities(kernel, points, first)[-len(rows) :]
            places = np.flatnonzero(table > rows[:, None])
            values.append(table.ravel()[places])
            row, partner = np.divmod(places, n)
            partners.append(partner.astype(np.int32))
            counts.append(np.bincount(row, minlength=len(table)))
        lists = (
            np.concatenate(values),
            np.concatenate(partners),
            np.cumsum(np.concatenate(counts)),
        )
        self.values, self.partners, self.begin = lists
        by_candidate = csr_array(lists, shape=(n, n)).tocsc()
        self.served, self.served_begin = by_candidate.indices, by_candidate.indptr
        self.served_values = by_candidate.data

    def better(self, pick: int, best: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The points that `pick` would serve better, and how well."""
        part = slice(self.served_begin[pick], self.served_begin[pick + 1])
        points, values = self.served[part], self.served_values[part].astype(best.dtype)
        rises = values > best[points]
        return points[rises], values[rises]

    def of(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Places of all pairs of `points`, one list after another, and the lists' lengths."""
        lengths = self.begin[points + 1] - self.begin[points]
        shift = self.begin[points] - (np.cumsum(lengths) - lengths)
        return np.repeat(shift, lengths) + np.arange(lengths.sum()), lengths


def pairs_left(kernel: Kernel, points: Array, best: Array) -> float:
    """About how many pairs count still, from points spread over all."""
    n = points.shape[0]
    sample = np.unique(np.linspace(0, n - 1, min(n, ROWS)).astype(np.int32))
    return float(_count(kernel, points, best, jnp.asarray(sample))) * n / len(sample)


def finish(kernel: Kernel, points: Array, state: Progress, turn: int) -> tuple[Array, Array, Array]:
    """Indices, gains and objective, from the first `turn` picks in `state` on."""
    best = np.array(state.best, np.float64)
    picks, won = np.array(state.picks), np.array(state.won)
    pairs = _Pairs(kernel, points, np.asarray(state.best))
    above = pairs.values - np.repeat(best, np.diff(pairs.begin))
    gains = np.bincount(pairs.partners, weights=above, minlength=len(best)).astype(np.float64)
    gains[picks[:turn]] = -np.inf
    for place in range(turn, len(picks)):
        picks[place] = pick = int(np.argmax(gains))
        rising, values = pairs.better(pick, best)
        before = best[rising]
        won[place] = (values - before).sum()
        entries, lengths = pairs.of(rising)
        lost = np.maximum(pairs.values[entries] - np.repeat(before, lengths), 0)
        lost = np.minimum(lost, np.repeat(values - before, lengths))
        np.subtract.at(gains, pairs.partners[entries], lost)
        gains[pick] = -np.inf
        best[rising] = values
    total = jnp.asarray(best.sum(), state.best.dtype)
    return jnp.asarray(picks), jnp.asarray(won), total


def _similarities(kernel: Kernel, points: Array, first: int) -> np.ndarray:
    """Rows `[m, n]` of the similarities from `first` on; the last ones where fewer are left."""
    return np.asarray(_rows(kernel, points, jnp.int32(first)))


@eqx.filter_jit
def _rows(kernel: Kernel, points: Array, first: Array) -> Array:
    return kernel(lax.dynamic_slice_in_dim(points, first, min(ROWS, points.shape[0])), points)


@eqx.filter_jit
def _count(kernel: Kernel, points: Array, best: Array, some: Array) -> Array:
    return jnp.sum(kernel(points[some], points) > best[some][:, None])
