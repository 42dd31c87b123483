"""Any connected graph and any points: how numbers move with scales, shifts, turns and orders.

One number of nodes and of edges, so that whatever compiles does so once.
"""

import jax
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from diversity_jax.convex_clustering import graphs, theory
from diversity_jax.convex_clustering.problem import Graph

steady = settings(derandomize=True, deadline=None, max_examples=12)
seeds = st.integers(0, 2**32 - 1)
norms = st.sampled_from(["l1", "l2", "linf"])
scales = st.sampled_from([2.0**-40, 2.0**-3, 2.0**30])
NODES, EDGES = 14, 26
LABELS = np.repeat([3, 7], 7)
# Some hundred roundings of well-conditioned numbers: weights within a factor of ten of each other.
CLOSE = {"rtol": 1e-10}


def made(seed):
    """A connected graph, points and noise; both clusters are connected within."""
    rng = np.random.default_rng(seed)
    pairs = set()
    for start in (0, 7):
        pairs |= {(start + int(rng.integers(node)), start + node) for node in range(1, 7)}
    pairs |= {(0, 7)}
    while len(pairs) < EDGES:
        pairs.add(tuple(sorted(map(int, rng.choice(NODES, 2, replace=False)))))
    edges = rng.permutation(np.array(sorted(pairs)))
    weights = np.exp(rng.uniform(-1, 1, EDGES))
    points = rng.normal(size=(NODES, 2)) + 8.0 * (LABELS == 7)[:, None]
    return Graph(edges, weights, nodes=NODES), points, rng


def per_edge(graph):
    return np.asarray(theory.edge_sensitivity(graph)), np.asarray(
        theory.effective_resistance(graph)
    )


@steady
@given(seed=seeds, scale=scales)
def test_weights_in_other_units_change_nothing_but_the_unit(seed, scale):
    graph, points, _ = made(seed)
    scaled = Graph(graph.edges, scale * graph.weights, nodes=NODES)
    (one, two), (other, further) = per_edge(graph), per_edge(scaled)
    np.testing.assert_allclose(other * scale, one, rtol=1e-14)
    np.testing.assert_allclose(further * scale**2, two, rtol=1e-14)
    for found, wanted in zip(
        jax.tree.leaves(theory.recovery_window(points, LABELS, scaled))[:2],
        jax.tree.leaves(theory.recovery_window(points, LABELS, graph))[:2],
    ):
        np.testing.assert_allclose(found * scale, wanted, rtol=1e-12)


@steady
@given(seed=seeds)
def test_names_order_and_direction_of_edges_are_but_names(seed):
    graph, points, rng = made(seed)
    names, order = rng.permutation(NODES), rng.permutation(EDGES)
    turned = rng.random(EDGES) < 0.5
    edges = names[np.asarray(graph.edges)]
    edges[turned] = edges[turned, ::-1]
    other = Graph(edges[order], np.asarray(graph.weights)[order], nodes=NODES)
    for found, wanted in zip(per_edge(other), per_edge(graph)):
        np.testing.assert_allclose(found, wanted[order], **CLOSE)
    moved = np.empty_like(points)
    moved[names] = points
    labels = np.empty_like(LABELS)
    labels[names] = LABELS
    ends = [
        (float(window.lower), float(window.upper))
        for window in (
            theory.recovery_window(points, LABELS, graph),
            theory.recovery_window(moved, labels, other),
        )
    ]
    np.testing.assert_allclose(*ends, **CLOSE)
    times = np.asarray(theory.hitting_times(graph))
    renamed = np.asarray(theory.hitting_times(other))
    np.testing.assert_allclose(renamed[np.ix_(names, names)], times, rtol=1e-9, atol=1e-9)


@steady
@given(seed=seeds)
def test_sensitivities_keep_within_their_bounds(seed):
    graph, _, _ = made(seed)
    sensitivity, resistance = per_edge(graph)
    weights, slack = np.asarray(graph.weights), 1 + 1e-12
    whole = theory.connectivity(graph)
    lowest = float(whole.second_eigenvalue)
    share = weights**2 * resistance
    assert (sensitivity**2 <= share / lowest * slack).all() and (share <= slack).all()
    assert (weights * resistance / np.sqrt(2) <= sensitivity * slack).all()
    assert (sensitivity <= weights * resistance * np.sqrt(NODES) / 2 * slack).all()
    np.testing.assert_allclose((sensitivity**2).sum(), whole.trace, **CLOSE)
    np.testing.assert_allclose(share.sum(), NODES - 1, **CLOSE)
    assert float(whole.largest_edge_resistance) <= float(whole.largest_resistance) * slack


@steady
@given(seed=seeds)
def test_resistance_is_a_distance_and_falls_where_edges_are_added(seed):
    graph, _, _ = made(seed)
    inverse = np.asarray(theory.laplacian_inverse(graph))
    own = np.diag(inverse)
    between = own[:, None] + own[None] - 2 * inverse
    assert (between[:, None] <= between[:, :, None] + between[None] + 1e-10).all()
    pairs = {tuple(sorted(map(int, pair))) for pair in np.asarray(graph.edges)}
    new = next((i, j) for i in range(NODES) for j in range(i) if (j, i) not in pairs)
    more = Graph(np.r_[graph.edges, [new]], np.r_[graph.weights, 1.0], nodes=NODES)
    assert (per_edge(more)[1][:EDGES] <= per_edge(graph)[1] * (1 + 1e-12)).all()


@steady
@given(seed=seeds, norm=norms, scale=scales)
def test_the_bound_moves_with_its_points(seed, norm, scale):
    graph, truth, rng = made(seed)
    noise = rng.normal(size=(NODES, 2))

    def bound(truth, noise, gamma, norm=norm):
        return theory.recovery_bound(truth, noise, graph, gamma=gamma, norm=norm)

    first = bound(truth, noise, 0.3)
    shifted = bound(truth + np.array([1e6, -1e6]), noise, 0.3)
    np.testing.assert_allclose(shifted.bound, first.bound, rtol=1e-8)
    scaled = bound(scale * truth, scale * noise, scale * 0.3)
    np.testing.assert_allclose(scaled.bound, scale**2 * first.bound, **CLOSE)
    np.testing.assert_allclose(scaled.rho, scale * first.rho, **CLOSE)
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    if norm == "l2":
        np.testing.assert_allclose(
            bound(truth @ turn, noise @ turn, 0.3).bound, first.bound, **CLOSE
        )
    # larger gamma, larger price; rho of l2 lies between those of its neighbours
    assert float(bound(truth, noise, 0.6).bound - first.bound) * (0.3 - float(first.rho)) >= 0
    levels = [float(theory.noise_level(noise, graph, norm=each)) for each in ("l1", "l2", "linf")]
    assert levels == sorted(levels)
    oracle = float(theory.oracle_term(truth, noise, graph))
    last = 2 * levels[1] * float(bound(truth, noise, 0.3, "l2").truth_penalty) / noise.size
    assert oracle * np.sqrt(0.5) * (1 - 1e-12) <= last / 2 * (1 + 1e-12) <= oracle * (1 + 1e-12)


@steady
@given(seed=seeds, norm=norms, scale=scales)
def test_the_window_moves_with_its_points(seed, norm, scale):
    graph, points, _ = made(seed)
    flows = ("squared", "uniform", "best")
    first, other, best = (
        theory.recovery_window(points, LABELS, graph, norm=norm, conductances=each)
        for each in flows
    )
    moved = theory.recovery_window(scale * points + scale * 1e5, LABELS * 10 - 50, graph, norm=norm)
    np.testing.assert_allclose(moved.lower, scale * best.lower, rtol=1e-8)
    np.testing.assert_allclose(moved.upper, scale * best.upper, rtol=1e-8)
    np.testing.assert_array_equal(
        best.cluster_lower, np.minimum(first.cluster_lower, other.cluster_lower)
    )
    assert bool(best.empty) == (not float(best.lower) < float(best.upper))
    # all in one cluster: it starts at or above where they can fuse at all, and never ends
    single = theory.recovery_window(points, 0 * LABELS, graph, norm=norm, conductances="squared")
    rho = theory.noise_level(points, graph, norm=norm)
    np.testing.assert_allclose(single.lower, rho, **CLOSE)
    assert np.isinf(float(single.upper))


@steady
@given(seed=seeds, shift=st.sampled_from([0.0, 2.0**20]), scale=scales, count=st.integers(1, 13))
def test_neighbours_move_with_their_points(seed, shift, scale, count):
    rng = np.random.default_rng(seed)
    points = np.round(rng.normal(size=(NODES, 3)) * 4) / 4  # with ties, and rows given twice
    points[1] = points[0]
    found = graphs.nearest(points, neighbours=count, decay=0.3)
    moved = graphs.nearest((points + shift) * scale, neighbours=count, decay=0.3 / scale**2)
    np.testing.assert_array_equal(moved.edges, found.edges)
    np.testing.assert_allclose(moved.weights, found.weights, rtol=1e-12)
    squares = ((points[:, None] - points[None]) ** 2).sum(-1)
    np.fill_diagonal(squares, np.inf)
    near = np.argsort(squares, axis=1, kind="stable")[:, :count]
    wanted = {(min(i, int(j)), max(i, int(j))) for i in range(NODES) for j in near[i]}
    assert [tuple(pair) for pair in np.asarray(found.edges).tolist()] == sorted(wanted)
    joined = graphs.complete_components(points, found)
    assert int(graphs.components(joined).max()) == 0
    added = len(joined.weights) - len(found.weights)
    assert added == int(graphs.components(found).max())
    assert graphs.complete_components(points, joined) is joined
