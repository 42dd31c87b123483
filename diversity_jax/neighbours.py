"""Nearest rows, exactly and in blocks; which nodes hang together.

Products find which rows may be the nearest, differences decide.
``|x - y|^2 = |x|^2 + |y|^2 - 2 x.y`` is fast and has the rounding of the largest row. Rows are seen
from their middle, in units of a power of two; whoever lies within the rounding of the last place
that is wanted is looked at again by differences, which have all digits however far rows or clusters
lie. Equal distances go to the smaller index, so that ties and rows given twice have one outcome.
All is on the host.

In few dimensions a tree finds the same rows sooner: it is asked for one more than is wanted, and
only rows whose last place is tied within rounding are looked at in blocks. Nothing is ever
approximate. One core, 10 neighbours of 10,000 normal rows, blocks / tree in seconds:

    dimension     2          4          6          8          10         16         64
    seconds    1.0 / .03  1.0 / .07  1.0 / .23  1.0 / .58  1.0 / 1.2  1.1 / 3.7  1.2 / 7.9
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import numpy as np
import numpy.typing as npt
import scipy.sparse as sparse
from scipy.sparse import csgraph
from scipy.spatial import KDTree

from diversity_jax import validate

BLOCK = 8 * 2**20  # bytes of distances at once
LEAST = 128  # rows at once, since fewer wait for memory: 60,000 rows of 784 take 90 s, by 64 125
TREE = 8  # up to this dimension the tree is faster, see above
SINGLE = 32  # from this dimension products in single precision look for candidates
SHOWN, MEMBERS = 3, 4  # components that an error names, and nodes of each
MANY = 4  # times as many candidates as neighbours: more, and double precision looks


class Table:
    """Rows as seen from their middle, and what is needed to compare them."""

    def __init__(self, points: np.ndarray):
        rows = np.asarray(points, np.float64)
        # Halved first: neither the middle nor the reach of the largest numbers overflows.
        middle = rows.min(0) / 2 + rows.max(0) / 2
        reach = np.abs(rows / 2 - middle / 2).max()
        self.unit = float(np.ldexp(1.0, min(np.frexp(reach)[1] + 1, 1023)))
        self.rows = rows / self.unit - middle / self.unit
        self.own = (self.rows**2).sum(1)
        number, dimension = rows.shape
        # A bound on the rounding of a square by products, of rows of these lengths.
        self.slack = 8 * (dimension + 4) * np.finfo(np.float64).eps * float(self.own.max())
        self.block = max(LEAST, BLOCK // (8 * number))

    @cached_property
    def _sides(self) -> tuple[np.ndarray, np.ndarray]:
        return self._made(np.float64)

    @cached_property
    def _single(self) -> tuple[np.ndarray, np.ndarray]:
        return self._made(np.float32)

    def _made(self, kind: type) -> tuple[np.ndarray, np.ndarray]:
        """Two sides whose one product gives the whole square, without a sum over a block."""
        number, dimension = self.rows.shape
        left = np.empty((number, dimension + 2), kind)
        right = np.empty((dimension + 2, number), kind)
        left[:, :dimension], left[:, dimension], left[:, -1] = -2 * self.rows, self.own, 1
        right[:dimension], right[dimension], right[-1] = self.rows.T, 1, self.own
        return left, right

    def squares(self, chosen: np.ndarray) -> np.ndarray:
        """Squared distances of the chosen rows to all, within `slack`."""
        left, right = self._sides
        return left[chosen] @ right

    def rough_squares(self, chosen: np.ndarray) -> tuple[np.ndarray, float]:
        """The same in single precision, twice as fast, and a bound on their rounding."""
        left, right = self._single
        slack = self.slack * float(np.finfo(np.float32).eps / np.finfo(np.float64).eps)
        return left[chosen] @ right, slack

    def exactly(self, first: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Squared distances of pairs, by differences, in squares of the unit."""
        found = np.empty(len(first))
        for part in in_blocks(len(first), max(1, BLOCK // (8 * self.rows.shape[1]))):
            found[part] = ((self.rows[first[part]] - self.rows[second[part]]) ** 2).sum(1)
        return found

    def per(self, width: float) -> float:
        """The unit over a width; the largest number where it overflows, which takes 0 to 0."""
        with np.errstate(over="ignore"):
            return float(min(np.float64(self.unit) / width, np.finfo(np.float64).max))


def unit_near(size: float, kind: npt.DTypeLike) -> float:
    """1, or a power of two near `size` where a type may not hold the squares of such lengths."""
    most = np.finfo(kind).maxexp
    exponent = int(np.frexp(size)[1])
    if abs(exponent) <= most // 4:
        return 1.0
    return float(np.ldexp(1.0, int(np.clip(exponent, 2 - most, most - 2))))


def in_blocks(number: int, size: int) -> Iterator[slice]:
    """Slices that cover `number` places, `size` at a time."""
    for start in range(0, number, size):
        yield slice(start, min(start + size, number))


def nearest(table: Table, number: int) -> np.ndarray:
    """The `number` nearest other rows of each row `[n, number]`, nearest first, ties by index."""
    total, dimension = table.rows.shape
    if dimension > TREE:
        return _by_blocks(table, np.arange(total), number)
    distances, near = map(np.asarray, KDTree(table.rows).query(table.rows, number + 2))
    if (near[:, 0] != np.arange(total)).any():
        # The row itself goes to the front; among rows given many times it need not be there.
        other = near != np.arange(total)[:, None]
        order = np.argsort(other, axis=1, kind="stable")
        # Where it is not, the last goes: all are at distance 0 then, and tied.
        order[other.all(1), 1:] = order[other.all(1), :-1]
        near = np.take_along_axis(near, order, axis=1)
        distances = np.take_along_axis(distances, order, axis=1)
    near, last, beyond = near[:, 1 : number + 1], distances[:, number], distances[:, number + 1]
    tied = beyond <= last * (1 + 8 * (dimension + 4) * np.finfo(np.float64).eps)
    near[tied] = 0
    exact = table.exactly(np.repeat(np.arange(total), number), near.ravel()).reshape(near.shape)
    found = np.take_along_axis(near, np.lexsort((near, exact), axis=1), axis=1)
    found[tied] = _by_blocks(table, np.flatnonzero(tied), number)
    return found.astype(np.int64)


def _by_blocks(table: Table, rows: np.ndarray, number: int) -> np.ndarray:
    found = np.empty((len(rows), number), np.int64)
    rough = table.rows.shape[1] >= SINGLE
    for part in in_blocks(len(rows), table.block):
        chosen = rows[part]
        squares, slack = (
            table.rough_squares(chosen) if rough else (table.squares(chosen), table.slack)
        )
        row, other = _candidates(squares, slack, chosen, number)
        if rough and len(row) > MANY * number * len(chosen):
            # Far clusters, within which single precision tells nobody apart.
            row, other = _candidates(table.squares(chosen), table.slack, chosen, number)
        exact = table.exactly(chosen[row], other)
        order = np.lexsort((other, exact, row))
        starts = np.searchsorted(row[order], np.arange(len(chosen)))
        places = order[starts[:, None] + np.arange(number)]
        found[part] = other[places]
    return found


def _candidates(
    squares: np.ndarray, slack: float, chosen: np.ndarray, number: int
) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of places among the chosen rows and of rows that may be their nearest, by row."""
    squares[np.arange(len(chosen)), chosen] = np.inf
    last = np.partition(squares, number - 1, axis=1)[:, number - 1]
    row, other = np.nonzero(squares <= (last + 2 * slack)[:, None])
    return row, other


def nearest_outside(table: Table, part: np.ndarray) -> np.ndarray:
    """For each part but the largest its shortest pair `(inside, outside)` `[parts - 1, 2]`.

    Among equal distances the pair of the smallest indices, in ascending order, counts.
    """
    sizes = np.bincount(part)
    searched = np.flatnonzero(np.arange(len(sizes)) != np.argmax(sizes))
    best = {int(each): (np.inf, 0, 0) for each in searched}
    rows = np.flatnonzero(part != np.argmax(sizes))
    for block in in_blocks(len(rows), table.block):
        chosen = rows[block]
        squares = table.squares(chosen)
        squares[part[chosen][:, None] == part[None]] = np.inf
        row, other = np.nonzero(squares <= squares.min(1)[:, None] + 2 * table.slack)
        inside = chosen[row]
        exact = table.exactly(inside, other)
        low, high = np.minimum(inside, other), np.maximum(inside, other)
        order = np.lexsort((high, low, exact, part[inside]))
        _, heads = np.unique(part[inside][order], return_index=True)
        for place in order[heads]:
            candidate = (float(exact[place]), int(low[place]), int(high[place]))
            owner = int(part[inside[place]])
            best[owner] = min(best[owner], candidate)
    return np.array([pair for _, *pair in best.values()]).reshape(-1, 2)


def within(table: Table, radius: float) -> tuple[np.ndarray, np.ndarray]:
    """All pairs `i < j` at most `radius` apart, in ascending order."""
    limit = (radius / table.unit) ** 2
    pairs = []
    for part in in_blocks(len(table.rows), table.block):
        chosen = np.arange(part.start, part.stop)
        close = table.squares(chosen) <= limit + table.slack
        row, other = np.nonzero(close & (np.arange(len(table.rows))[None] > chosen[:, None]))
        inside = table.exactly(chosen[row], other) <= limit
        pairs.append(np.stack([chosen[row][inside], other[inside]]))
    first, second = np.concatenate(pairs, axis=1)
    return first, second


def joining(table: Table, edges: np.ndarray) -> np.ndarray:
    """Edges of the minimum spanning tree of the components (Boruvka's rounds)."""
    added = np.zeros((0, 2), np.int64)
    while True:
        part = joined(len(table.rows), np.concatenate([edges, added]))[1]
        if part.max(initial=0) == 0:
            return added
        added = np.unique(np.concatenate([added, nearest_outside(table, part)]), axis=0)


def joined(nodes: int, edges: np.ndarray, kept: np.ndarray | None = None) -> tuple[int, np.ndarray]:
    """How many components the edges (those `kept`) leave, and each node's, by first members."""
    pairs = edges if kept is None else edges[kept]
    first, second = pairs[:, 0], pairs[:, 1]
    # The rows of the matrix by hand: scipy's own way there takes longer than the search.
    if (first[1:] < first[:-1]).any():
        order = np.argsort(first, kind="stable")
        first, second = first[order], second[order]
    ends = np.zeros(nodes + 1, np.int32)
    np.cumsum(np.bincount(first, minlength=nodes), out=ends[1:])
    given = (np.ones(len(pairs), np.int8), second.astype(np.int32), ends)
    matrix = sparse.csr_matrix(given, shape=(nodes, nodes))
    count, labels = csgraph.connected_components(matrix, directed=False)
    return int(count), labels.astype(np.int64)


def named(part: np.ndarray, chosen: np.ndarray) -> str:
    """The first of the `chosen` components, with their sizes and first members, in words."""
    words = []
    for each in chosen[:SHOWN]:
        inside = np.flatnonzero(part == each)
        members = ", ".join(map(str, inside[:MEMBERS])) + (", ..." if len(inside) > MEMBERS else "")
        words.append(f"{len(inside)} node{'s' if len(inside) > 1 else ''} ({members})")
    more = f" and {len(chosen) - SHOWN} more" if len(chosen) > SHOWN else ""
    return ", ".join(words) + more


def node_pairs(edges: npt.ArrayLike) -> np.ndarray:
    """`edges` as integers `[m, 2]`, nodes from 0; none may be traced."""
    if validate.concrete(edges) is None:
        fix = "build the graph outside the traced function and pass it in"
        raise validate.fail("edges", "a traced array", "a concrete one", fix)
    pairs = np.asarray(edges)
    if pairs.size == 0:
        pairs = np.zeros((0, 2), np.int32)
    if pairs.ndim != 2 or pairs.shape[1] != 2 or pairs.dtype.kind not in "iu":
        got = f"shape {pairs.shape} of type {pairs.dtype}"
        raise validate.fail("edges", got, "integers of shape (edges, 2)", "pass pairs of nodes")
    if (pairs < 0).any():
        raise validate.fail("edges", f"node {pairs.min()}", "nodes from 0", "count from zero")
    if (pairs >= 2**31 - 1).any():
        raise validate.fail("edges", f"node {pairs.max()}", "nodes below 2**31", "number them anew")
    return pairs
