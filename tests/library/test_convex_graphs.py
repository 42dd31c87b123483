"""Affinity graphs: their edges and weights, what joins their components, and bad input."""

import zlib

import jax
import numpy as np
import pytest
from scipy.sparse.csgraph import minimum_spanning_tree

from diversity_jax import neighbours
from diversity_jax.convex_clustering import graphs, problem


def edges_of(graph):
    return [tuple(pair) for pair in np.asarray(graph.edges).tolist()]


def key(name):
    return jax.random.key(zlib.crc32(name.encode()))


def test_designs_have_the_edges_of_their_names():
    assert edges_of(graphs.complete(4)) == [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]
    assert edges_of(graphs.ring(4)) == [(0, 1), (1, 2), (2, 3), (3, 0)]
    assert edges_of(graphs.ring(4, order=[2, 0, 3, 1])) == [(2, 0), (0, 3), (3, 1), (1, 2)]
    assert edges_of(graphs.path(4, order=[2, 0, 3, 1])) == [(2, 0), (0, 3), (3, 1)]
    assert edges_of(graphs.star(4)) == [(0, 1), (0, 2), (0, 3)]
    bells = graphs.barbell(6, bridges=2, weight=0.5)
    sides = [(0, 1), (0, 2), (1, 2), (3, 4), (3, 5), (4, 5)]
    assert edges_of(bells) == [*sides, (0, 3), (1, 4)]
    assert set(np.asarray(bells.weights).tolist()) == {0.5} and bells.nodes == 6


def test_a_kernel_is_an_affinity_or_a_weight_as_is_said():
    points = np.array([[0.0], [1.0], [3.0]])
    squares = np.array([1.0, 9.0, 4.0])
    affinity = graphs.kernel_complete(points, decay=0.5)
    np.testing.assert_allclose(np.asarray(affinity.weights) ** 2, np.exp(-0.5 * squares))
    weight = graphs.kernel_complete(points, decay=0.5, kernel="weight")
    np.testing.assert_allclose(weight.weights, np.exp(-0.5 * squares))
    scaled = graphs.kernel_complete(points, decay=0.5, scaled=True)
    np.testing.assert_allclose(np.asarray(scaled.weights) ** 2, np.exp(-0.5 * squares / (14 / 3)))
    given = graphs.from_affinities(affinity.edges, [4.0, 9.0, 16.0])
    np.testing.assert_array_equal(given.weights, [2.0, 3.0, 4.0])
    near = graphs.nearest(points, neighbours=1, decay=0.5, scaled=True)
    assert edges_of(near) == [(0, 1), (1, 2)]
    np.testing.assert_allclose(near.weights, np.asarray(scaled.weights)[[0, 2]])
    assert set(np.asarray(graphs.nearest(points, neighbours=1).weights).tolist()) == {1.0}


@pytest.mark.parametrize("offset", [0.0, 1e9, -3e14])
def test_neighbours_are_exact_far_from_the_origin_and_in_far_clusters(offset):
    rng = np.random.default_rng(zlib.crc32(b"far"))
    near = rng.integers(0, 2**10, size=(40, 2)) * 2.0**-4
    points = np.concatenate([near, near[::-1] * 2.0**-10 + 2.0**20])
    if abs(offset) > 1e10:
        points = np.round(points)  # what is left of the digits out there, with many ties
    squares = ((points[:, None] - points[None]) ** 2).sum(-1)
    np.fill_diagonal(squares, np.inf)
    order = np.argsort(squares, axis=1, kind="stable")[:, :5]
    wanted = {(min(i, int(j)), max(i, int(j))) for i in range(80) for j in order[i]}
    assert edges_of(graphs.nearest(points + offset, neighbours=5)) == sorted(wanted)


def test_at_the_ends_of_the_range_neighbours_are_the_same():
    rng = np.random.default_rng(zlib.crc32(b"ends"))
    points = rng.integers(-(2**20), 2**20, size=(30, 3)).astype(float)
    wanted = edges_of(graphs.nearest(points, neighbours=4))
    for power in (-1000, -500, 500, 1000):
        assert edges_of(graphs.nearest(np.ldexp(points, power), neighbours=4)) == wanted


def test_rows_given_twice_are_neighbours_and_all_alike_is_no_failure():
    same = np.ones((6, 2))
    assert edges_of(graphs.nearest(same, neighbours=1)) == [(0, n) for n in range(1, 6)]
    full = graphs.nearest(same, neighbours=5, decay=1.0, scaled=True)
    assert len(full.weights) == 15 and set(np.asarray(full.weights).tolist()) == {1.0}


def test_blocks_are_drawn_once_per_pair_with_their_probabilities():
    labels = np.repeat([5, -2], 40)
    first = graphs.stochastic_block(key("blocks"), labels, within=0.4, between=0.1)
    pairs = np.asarray(first.edges)
    assert (pairs[:, 0] < pairs[:, 1]).all() and len(set(map(tuple, pairs.tolist()))) == len(pairs)
    same = labels[pairs[:, 0]] == labels[pairs[:, 1]]
    for count, chance, trials in ((same.sum(), 0.4, 2 * 780), ((~same).sum(), 0.1, 1600)):
        # level 1e-4, two-sided
        assert abs(count - chance * trials) < 3.9 * np.sqrt(trials * chance * (1 - chance))
    more = graphs.stochastic_block(key("blocks"), labels, within=0.6, between=0.1)
    assert set(edges_of(first)) < set(edges_of(more))
    none = graphs.stochastic_block(key("blocks"), labels, within=0, between=0)
    assert len(none.weights) == 0 and none.nodes == 80
    full = graphs.stochastic_block(key("blocks"), labels, within=1, between=1)
    assert len(full.weights) == 80 * 79 // 2


def test_within_a_radius_is_within_a_radius():
    points = np.array([[0.0, 0.0], [3.0, 4.0], [0.0, 5.0], [9.0, 9.0]]) + 1e8
    graph = graphs.geometric(points, radius=5.0)
    assert edges_of(graph) == [(0, 1), (0, 2), (1, 2)] and graph.nodes == 4
    np.testing.assert_array_equal(graphs.components(graph), [0, 0, 0, 1])


def test_components_are_joined_by_a_minimum_spanning_tree():
    rng = np.random.default_rng(zlib.crc32(b"joined"))
    points = rng.normal(size=(60, 2))
    graph = graphs.nearest(points, neighbours=1, decay=0.5)
    part = np.asarray(graphs.components(graph))
    assert part.max() > 5 and (np.unique(part, return_index=True)[1] == np.sort(
        [np.flatnonzero(part == each)[0] for each in range(part.max() + 1)]
    )).all()  # fmt: skip
    joined = graphs.complete_components(points, graph)
    assert edges_of(joined)[: len(graph.weights)] == edges_of(graph)
    new = np.asarray(joined.edges)[len(graph.weights) :]
    distances = np.linalg.norm(points[:, None] - points[None], axis=-1)
    number = part.max() + 1
    between = np.array(
        [
            [distances[part == a][:, part == b].min() if a != b else 0 for b in range(number)]
            for a in range(number)
        ]
    )
    assert len(new) == number - 1
    assert distances[new[:, 0], new[:, 1]].sum() == pytest.approx(
        minimum_spanning_tree(between).sum(), rel=1e-12
    )
    added = np.asarray(joined.weights)[len(graph.weights) :]
    assert set(added.tolist()) == {float(graph.weights.min())}
    other = graphs.complete_components(points, graph, weight=2.0)
    assert set(np.asarray(other.weights)[len(graph.weights) :].tolist()) == {2.0}
    whole = graphs.nearest(points, neighbours=1, decay=0.5, connected=True)
    assert set(edges_of(whole)) == set(edges_of(joined))
    ends = np.asarray(whole.edges)
    kernel = np.exp(-0.25 * distances[ends[:, 0], ends[:, 1]] ** 2)
    np.testing.assert_allclose(whole.weights, kernel, rtol=1e-12)
    bare = problem.Graph(np.zeros((0, 2), int), [], nodes=4)
    lonely = graphs.complete_components([[0.0], [5.0], [1.0], [7.0]], bare)
    assert sorted(edges_of(lonely)) == [(0, 2), (1, 2), (1, 3)]
    assert set(np.asarray(lonely.weights).tolist()) == {1.0}


POINTS = np.arange(8.0).reshape(4, 2)
PAIR = problem.Graph([[0, 1]], [1.0], nodes=4)
BAD = {
    "nodes": lambda: graphs.complete(1),
    "nodes: got 7": lambda: graphs.barbell(7, bridges=1),
    "bridges": lambda: graphs.barbell(8, bridges=5),
    "order": lambda: graphs.ring(4, order=[0, 1, 1, 2]),
    "weights": lambda: graphs.path(4, weight=-1.0),
    "affinities": lambda: graphs.from_affinities([[0, 1]], [0.0]),
    "labels": lambda: graphs.stochastic_block(key("x"), [0.5, 1.0], within=1, between=1),
    "within": lambda: graphs.stochastic_block(key("x"), [0, 1], within=1.5, between=1),
    "neighbours": lambda: graphs.nearest(POINTS, neighbours=4),
    "kernel": lambda: graphs.nearest(POINTS, neighbours=1, kernel="gauss"),
    "decay: got a smallest value of -1": lambda: graphs.nearest(POINTS, neighbours=1, decay=-1.0),
    "decay: got a kernel that is 0": lambda: graphs.kernel_complete(1e3 * POINTS, decay=1.0),
    "radius": lambda: graphs.geometric(POINTS, radius=0.0),
    "points": lambda: graphs.nearest(np.array([[0.0], [np.nan]]), neighbours=1),
    "points: got 1 rows": lambda: graphs.nearest(POINTS[:1], neighbours=1),
    "points: got 3 rows": lambda: graphs.complete_components(POINTS[:3], PAIR),
    "weight: got": lambda: graphs.complete_components(POINTS, PAIR, weight=0.0),
    "points: got a traced": lambda: jax.jit(lambda x: graphs.nearest(x, neighbours=1))(POINTS),
}


@pytest.mark.parametrize("words", BAD)
def test_bad_input_is_one_line_that_names_it(words):
    with pytest.raises(ValueError) as refused:
        BAD[words]()
    message = str(refused.value)
    assert message.startswith(words) and "expected" in message and ";" in message
    assert "\n" not in message


def test_single_precision_looks_for_candidates_and_decides_nothing():
    """Forty dimensions: ties, duplicates, and clusters so far apart that it tells nobody apart."""
    rng = np.random.default_rng(zlib.crc32(b"single"))
    grid = rng.integers(0, 2, size=(60, 40)) * (np.arange(40) < 5).astype(float)
    far = rng.integers(0, 2**10, size=(60, 40)) * 2.0**-10
    far[30:] += 2.0**20
    for rows in (rng.integers(-(2**20), 2**20, size=(60, 40)).astype(float), grid, far):
        table = neighbours.Table(rows)
        squares = ((rows[:, None] - rows[None]) ** 2).sum(-1)
        np.fill_diagonal(squares, np.inf)
        rough, slack = table.rough_squares(np.arange(60))
        off = ~np.eye(60, dtype=bool)
        exact = squares[off] / table.unit**2
        assert np.abs(rough[off] - exact).max() <= slack
        for number in (1, 5, 59):
            wanted = np.argsort(squares, axis=1, kind="stable")[:, :number]
            np.testing.assert_array_equal(neighbours.nearest(table, number), wanted)
    found, _ = neighbours._candidates(rough, slack, np.arange(60), 5)
    assert len(found) > neighbours.MANY * 5 * 60  # of the far clusters all are candidates


def test_the_tree_finds_what_blocks_find_also_among_ties_and_rows_given_many_times():
    rng = np.random.default_rng(zlib.crc32(b"tree"))
    grid = rng.integers(0, 4, size=(60, 2)).astype(float)  # some 16 places: ties and duplicates
    apart = np.round(rng.normal(size=(9, 2)) * 2**10) / 2**10  # ties stay ties when centred
    for rows in (rng.normal(size=(60, 3)), grid, np.concatenate([grid, apart])):
        table = neighbours.Table(rows)
        for number in (1, 5, len(rows) - 1):
            found = neighbours.nearest(table, number)
            squares = ((rows[:, None] - rows[None]) ** 2).sum(-1)
            np.fill_diagonal(squares, np.inf)
            wanted = np.argsort(squares, axis=1, kind="stable")[:, :number]
            np.testing.assert_array_equal(found, wanted)
