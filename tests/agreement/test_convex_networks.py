"""Sensitivities, resistances and walks against rational arithmetic, dense algebra and walkers."""

import zlib
from fractions import Fraction

import numpy as np
import pytest

from diversity_jax.convex_clustering import graphs, theory
from diversity_jax.convex_clustering.problem import Graph

EPS = np.finfo(np.float64).eps
NODES, EDGES = 7, 12


def generator(name):
    return np.random.default_rng(zlib.crc32(name.encode()))


def drawn(rng, decades=0.0, nodes=NODES, edges=EDGES):
    """A connected graph of a random tree and random further edges, weights over the decades."""
    pairs = {tuple(sorted((int(rng.integers(node)), node))) for node in range(1, nodes)}
    while len(pairs) < edges:
        pairs.add(tuple(sorted(map(int, rng.choice(nodes, 2, replace=False)))))
    pairs = np.array(sorted(pairs))[rng.permutation(edges)]
    turned = rng.random(edges) < 0.5
    pairs[turned] = pairs[turned, ::-1]
    return Graph(pairs, 10 ** rng.uniform(-decades, decades, edges), nodes=nodes)


def rational(graph):
    """``r_e^2`` and ``R_e`` as fractions, by elimination in a Laplacian without its last node."""
    edges = [tuple(map(int, pair)) for pair in np.asarray(graph.edges)]
    conductances = [Fraction(float(weight)) ** 2 for weight in graph.weights]
    n = graph.nodes
    matrix = [[Fraction(int(i == j)) * 0 for j in range(n)] for i in range(n)]
    for (i, j), value in zip(edges, conductances):
        matrix[i][i] += value
        matrix[j][j] += value
        matrix[i][j] -= value
        matrix[j][i] -= value
    rows = [matrix[i][: n - 1] + [Fraction(int(i == k)) for k in range(n)] for i in range(n - 1)]
    for pivot in range(n - 1):
        for other in range(n - 1):
            if other != pivot:
                factor = rows[other][pivot] / rows[pivot][pivot]
                rows[other] = [x - factor * y for x, y in zip(rows[other], rows[pivot])]
    inverse = [[x / row[i] for x in row[n - 1 :]] for i, row in enumerate(rows)]
    inverse.append([Fraction(0)] * n)
    squares, resistances = [], []
    for (i, j), value in zip(edges, conductances):
        potential = [inverse[k][i] - inverse[k][j] for k in range(n)]
        mean = sum(potential) / n
        squares.append(value * sum((x - mean) ** 2 for x in potential))
        resistances.append(potential[i] - potential[j])
    return squares, resistances


@pytest.mark.parametrize("decades", [0, 4, 8, 60])
def test_sensitivities_and_resistances_have_all_digits_whatever_the_weights(decades):
    rng = generator(f"decades {decades}")
    # Elimination in 7 nodes loses at most its condition number, below nodes^2 edges, in roundings.
    tolerance = NODES**2 * EDGES * EPS
    for _ in range(6):
        graph = drawn(rng, decades)
        squares, resistances = rational(graph)
        for found, exact, power in (
            (theory.edge_sensitivity(graph), squares, 2),
            (theory.effective_resistance(graph), resistances, 1),
        ):
            for value, known in zip(np.asarray(found), exact):
                assert abs(Fraction(float(value)) ** power / known - 1) < tolerance


def test_a_dense_inverse_would_have_lost_them():
    graph = drawn(generator("decades 8"), 8)
    squares, _ = rational(graph)
    opposite = np.linalg.pinv(np.asarray(theory.laplacian(graph)))
    apart = opposite[np.asarray(graph.first)] - opposite[np.asarray(graph.second)]
    dense = np.asarray(graph.weights) ** 2 * (apart**2).sum(1)
    assert max(abs(float(Fraction(float(x)) / y) - 1) for x, y in zip(dense, squares)) > 0.01


@pytest.mark.parametrize("name", ["tree", "sparse", "dense"])
def test_dense_algebra_gives_the_same_and_so_do_the_identities(name):
    nodes, edges = 30, {"tree": 29, "sparse": 45, "dense": 300}[name]
    graph = drawn(generator(name), 0.3, nodes, edges)
    first, second, weights = (np.asarray(x) for x in (graph.first, graph.second, graph.weights))
    incidence = np.zeros((nodes, edges))  # F
    incidence[first, np.arange(edges)] = weights
    incidence[second, np.arange(edges)] = -weights
    opposite = np.linalg.pinv(incidence)  # F^+, by a singular value decomposition
    singular = np.linalg.svd(incidence, compute_uv=False)[: nodes - 1]
    tolerance = nodes * EPS * (singular[0] / singular[-1]) ** 2
    sensitivity = np.asarray(theory.edge_sensitivity(graph))
    resistance = np.asarray(theory.effective_resistance(graph))
    np.testing.assert_allclose(sensitivity, np.linalg.norm(opposite, axis=1), rtol=tolerance)
    shares = (opposite @ incidence).diagonal()
    np.testing.assert_allclose(resistance * weights**2, shares, rtol=tolerance)
    np.testing.assert_allclose(
        theory.laplacian(graph), incidence @ incidence.T, atol=8 * EPS * singular[0] ** 2
    )
    inverse = np.asarray(theory.laplacian_inverse(graph))
    np.testing.assert_allclose(inverse, opposite.T @ opposite, atol=tolerance * singular[-1] ** -2)
    found = theory.connectivity(graph)
    assert float(found.second_eigenvalue) == pytest.approx(singular[-1] ** 2, rel=tolerance)
    assert float(found.trace) == pytest.approx((singular**-2.0).sum(), rel=tolerance)
    assert float(found.volume) == pytest.approx(2 * (weights**2).sum(), rel=nodes * EPS)
    assert float(found.largest_sensitivity) == sensitivity.max()
    assert float(found.largest_edge_resistance) == resistance.max()
    # sum r^2 = tr L^+, and Foster: sum Phi R = n - 1
    assert (sensitivity**2).sum() == pytest.approx((singular**-2.0).sum(), rel=tolerance)
    assert (weights**2 * resistance).sum() == pytest.approx(nodes - 1, rel=tolerance)
    noise = generator("noise").normal(size=(nodes, 3))
    flow = theory.noise_flow(noise, graph)
    np.testing.assert_allclose(flow.flow, opposite @ noise, atol=tolerance * sensitivity.max() * 9)
    assert float(flow.residual) < tolerance


def test_hitting_times_solve_the_first_step_equations():
    graph = drawn(generator("walk"), 0.5, 20, 40)
    weights = np.zeros((20, 20))
    weights[np.asarray(graph.first), np.asarray(graph.second)] = np.asarray(graph.weights) ** 2
    weights += weights.T
    steps = weights / weights.sum(1, keepdims=True)
    times = np.asarray(theory.hitting_times(graph))
    # H(i, j) = 1 + sum_k P_ik H(k, j) for i != j
    wanted = np.zeros((20, 20))
    for target in range(20):
        rest = np.arange(20) != target
        wanted[rest, target] = np.linalg.solve(np.eye(19) - steps[rest][:, rest], np.ones(19))
    np.testing.assert_allclose(times, wanted, rtol=1e-9, atol=1e-9)
    commute = np.asarray(theory.commute_times(graph))
    np.testing.assert_allclose(commute, wanted + wanted.T, rtol=1e-9, atol=1e-9)
    over_edges = commute[np.asarray(graph.first), np.asarray(graph.second)]
    volume = weights.sum()
    np.testing.assert_allclose(over_edges, volume * theory.effective_resistance(graph), rtol=1e-9)
    # and r_e from either of them
    for table, factor in ((wanted, 1), (commute, 2)):
        apart = table[:, np.asarray(graph.second)] - table[:, np.asarray(graph.first)]
        spread = ((apart - apart.mean(0)) ** 2).sum(0)
        squares = np.asarray(graph.weights) ** 2 / (factor * volume) ** 2 * spread
        np.testing.assert_allclose(squares, theory.edge_sensitivity(graph) ** 2, rtol=1e-8)


def test_walkers_take_as_long_as_predicted():
    graph = graphs.barbell(8, bridges=1)
    times = np.asarray(theory.hitting_times(graph))
    neighbours = [[] for _ in range(8)]
    for one, other in np.asarray(graph.edges):
        neighbours[one].append(other)
        neighbours[other].append(one)
    rng, walkers = generator("walkers"), 4000
    degrees = np.array([len(each) for each in neighbours])
    table = np.array([(each * 12)[:12] for each in neighbours])  # 12 is a multiple of 3 and 4
    at, taken, running = np.full(walkers, 1), np.zeros(walkers), np.ones(walkers, bool)
    while running.any():
        at[running] = table[at[running], rng.integers(12, size=running.sum())]
        taken[running] += 1
        running &= at != 7
    assert set(degrees) == {3, 4}
    error = taken.std() / np.sqrt(walkers)
    # level 1e-4, two-sided; the power: 5.5 of these errors are below a tenth of the time
    assert abs(taken.mean() - times[1, 7]) < 3.9 * error and 5.5 * error < 0.1 * times[1, 7]


def kinds_of_barbell(graph, bridges):
    """Which of the four kinds each edge is."""
    half = graph.nodes // 2
    first, second = np.asarray(graph.first), np.asarray(graph.second)
    carries = (first % half < bridges).astype(int) + (second % half < bridges)
    names = np.array(["other_other", "other_bridge", "bridge_bridge"])[carries]
    return np.where((first < half) != (second < half), "bridge", names)


@pytest.mark.parametrize(("nodes", "bridges"), [(20, 1), (20, 3), (20, 10), (40, 5)])
def test_all_four_kinds_of_a_barbells_edges(nodes, bridges):
    graph = graphs.barbell(nodes, bridges=bridges, weight=1.5)
    kinds = kinds_of_barbell(graph, bridges)
    closed = theory.barbell_edges(nodes, bridges=bridges, weight=1.5)
    sensitivity = np.asarray(theory.edge_sensitivity(graph))
    resistance = np.asarray(theory.effective_resistance(graph))
    assert len(set(kinds)) == {1: 3, 10: 2}.get(bridges, 4)
    for kind in set(kinds):
        values, here = getattr(closed, kind), kinds == kind
        np.testing.assert_allclose(sensitivity[here], values.sensitivity, rtol=1e-12)
        np.testing.assert_allclose(resistance[here], values.resistance, rtol=1e-12)


def test_the_barbell_of_the_authors_notebook():
    n, k = 40, 5
    closed = theory.barbell_edges(n, bridges=k)
    whole = n**2 * (n + 4) ** 2
    for kind, square in {
        "bridge": (32 * k**2 - 32 * k + n * (n + 4) ** 2) / (4 * k**2 * (n + 4) ** 2),
        "other_bridge": (16 * k * (n + 2) + n * (n + 4) ** 2 + 8 * k**2 * (n**2 + 6 * n + 12))
        / (k**2 * whole),
        "bridge_bridge": 8 * (n**2 + 4 * n + 8) / whole,
        "other_other": 8 / n**2,
    }.items():
        assert float(getattr(closed, kind).sensitivity) ** 2 == pytest.approx(square, rel=1e-13)


SHAPES = {
    "complete": (graphs.complete(12, weight=0.7), theory.complete_edges(12, weight=0.7)),
    "ring": (graphs.ring(12, weight=0.7), theory.ring_edges(12, weight=0.7)),
    "path": (graphs.path(12, weight=0.7), theory.path_edges(12, weight=0.7)),
    "star": (graphs.star(12, weight=0.7), theory.star_edges(12, weight=0.7)),
}


@pytest.mark.parametrize("name", SHAPES)
def test_closed_forms_of_complete_ring_path_and_star(name):
    graph, closed = SHAPES[name]
    number = len(graph.weights)
    for found, wanted in (
        (theory.edge_sensitivity(graph), closed.sensitivity),
        (theory.effective_resistance(graph), closed.resistance),
    ):
        np.testing.assert_allclose(found, np.broadcast_to(wanted, number), rtol=1e-12)


def test_edges_of_a_tree_know_only_their_two_sides():
    graph = drawn(generator("tree of weights"), 3, 16, 15)
    first, second = np.asarray(graph.first), np.asarray(graph.second)
    sides = []
    for edge in range(15):
        reached = {int(first[edge])}
        for _ in range(16):
            for other in range(15):
                ends = {int(first[other]), int(second[other])}
                if other != edge and ends & reached:
                    reached |= ends
        sides.append(len(reached))
    unit = theory.tree_edges(np.array(sides), 16)
    np.testing.assert_allclose(
        theory.edge_sensitivity(graph), unit.sensitivity / graph.weights, rtol=1e-11
    )


def test_mean_field_blocks_are_met_as_degrees_grow():
    rng = generator("blocks")
    within, between, blocks = 0.5, 0.1, 4
    errors, degrees = [], []
    for size in (10, 20, 40, 80):
        nodes = blocks * size
        groups = np.arange(nodes) // size
        first, second = np.triu_indices(nodes, 1)
        same = groups[first] == groups[second]
        there = rng.random(len(first)) < np.where(same, within, between)
        pairs, inside = np.stack([first, second], 1)[there], same[there]
        found = np.asarray(theory.edge_sensitivity(Graph(pairs, np.ones(len(pairs)), nodes=nodes)))
        closed = theory.block_edges(blocks, size, within=within, between=between)
        for kind, chosen in ((closed.inside, inside), (closed.between, ~inside)):
            errors.append((found[chosen] ** 2).mean() / float(kind.sensitivity) ** 2 - 1)
        degrees.append(size * within + (nodes - size) * between)
    errors = np.abs(np.reshape(errors, (4, 2)))
    # 1/d^2 of a binomial degree, given the edge, has the mean (1 + (1 - p) / d + ...) / mean^2, and
    # the neighbours' degrees add as much again; at sizes this small with the next order.
    assert (errors < 4 / np.array(degrees)[:, None]).all()
    assert errors[-1].max() < errors[0].max() / 2  # an eighth, but for the draws' noise
    ones = theory.block_edges(blocks, 5, within=1.0, between=1.0)
    for kind in (ones.inside, ones.between):
        assert float(kind.sensitivity) == pytest.approx(np.sqrt(2) / 20, rel=1e-14)


def test_where_degrees_are_high_they_say_how_sensitive_edges_are():
    rng, errors = generator("degrees"), []
    for nodes in (40, 160):
        first, second = np.triu_indices(nodes, 1)
        there = rng.random(len(first)) < 0.5
        weights = np.exp(rng.uniform(-0.3, 0.3, there.sum()))
        graph = Graph(np.stack([first, second], 1)[there], weights, nodes=nodes)
        ratio = np.asarray(theory.degree_sensitivity(graph) / theory.edge_sensitivity(graph))
        errors.append(np.abs(ratio - 1).max())
        # what is left out is of the order of one over the degree, some 20 and 80
        assert errors[-1] < 4 / (nodes / 2)
    assert errors[1] < errors[0] / 2  # a quarter, but for the extremes' logarithms
    bridge = np.asarray(theory.degree_sensitivity(graphs.barbell(20, bridges=1)))[-1]
    assert float(theory.barbell_edges(20, bridges=1).bridge.sensitivity) > 10 * bridge
