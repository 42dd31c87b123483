"""Theory of convex clustering: bad input, other precisions, what the authors' code changes."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from diversity_jax.convex_clustering import graphs, theory
from diversity_jax.convex_clustering.problem import Graph, padded

POINTS = np.arange(12.0).reshape(6, 2)
LABELS = [0, 0, 0, 1, 1, 1]
PATH = graphs.path(6)
APART = Graph([[0, 1], [2, 3], [3, 4]], np.ones(3), nodes=7)
SEVEN = np.zeros((7, 2))
CONNECTED = {
    "edge_sensitivity": lambda graph: theory.edge_sensitivity(graph),
    "effective_resistance": lambda graph: theory.effective_resistance(graph),
    "laplacian_inverse": lambda graph: theory.laplacian_inverse(graph),
    "connectivity": lambda graph: theory.connectivity(graph),
    "hitting_times": lambda graph: theory.hitting_times(graph),
    "commute_times": lambda graph: theory.commute_times(graph),
    "noise_flow": lambda graph: theory.noise_flow(SEVEN, graph),
    "noise_level": lambda graph: theory.noise_level(SEVEN, graph),
    "oracle_term": lambda graph: theory.oracle_term(SEVEN, SEVEN, graph),
    "recovery_bound": lambda graph: theory.recovery_bound(SEVEN, SEVEN, graph, gamma=1.0),
    "probable": lambda graph: theory.probable_recovery_bound(
        SEVEN, graph, deviation=1.0, failure=0.1
    ),
    "fusing_gamma": lambda graph: theory.fusing_gamma(SEVEN, graph),
    "predictors": lambda graph: theory.predictors(SEVEN, SEVEN, np.zeros(7, int), graph),
    "weights_as_coded": lambda graph: theory.weights_as_coded(SEVEN, SEVEN, graph),
    "sum_as_coded": lambda graph: theory.sum_as_coded(SEVEN, SEVEN, graph),
}


@pytest.mark.parametrize("name", CONNECTED)
def test_components_are_named_and_how_to_join_them(name):
    with pytest.raises(ValueError) as refused:
        CONNECTED[name](APART)
    assert str(refused.value) == (
        "graph: got 4 components (2 nodes with node 0, 3 nodes with node 2, 1 nodes with node 5, "
        "...), expected a connected graph; join them with graphs.complete_components(points, "
        "graph) or treat each by itself"
    )
    CONNECTED[name](graphs.complete_components(np.arange(7.0)[:, None], APART))


BAD = {
    "truth: got shape (2, 2)": lambda: theory.recovery_bound(POINTS[:2], POINTS, PATH, gamma=1.0),
    "noise: got 1 of 12": lambda: theory.noise_flow(np.where(POINTS == 3, np.nan, POINTS), PATH),
    "noise: got shape": lambda: theory.recovery_bound(POINTS, POINTS[:, :1], PATH, gamma=1.0),
    "gamma": lambda: theory.recovery_bound(POINTS, POINTS, PATH, gamma=-1.0),
    "level": lambda: theory.recovery_bound(POINTS, POINTS, PATH, gamma=1.0, level=-1.0),
    "norm": lambda: theory.noise_level(POINTS, PATH, norm="l3"),
    "law": lambda: theory.probable_noise_level(
        1.0, edges=5, dimension=2, deviation=1.0, failure=0.1, law="cauchy"
    ),
    "failure": lambda: theory.probable_mean_term(dimension=2, deviation=1.0, failure=1.0),
    "deviation": lambda: theory.complete_graph_bound(POINTS, deviation=0.0, failure=0.1),
    "labels: got shape": lambda: theory.recovery_window(POINTS, [0, 1], PATH),
    "labels: got type": lambda: theory.between_edges([0.5] * 6, PATH),
    "conductances": lambda: theory.recovery_window(POINTS, LABELS, PATH, conductances="cubed"),
    "tolerance": lambda: theory.fusing_gamma(POINTS, PATH, tolerance=0.0),
    "nodes: got 5": lambda: theory.barbell_edges(5, bridges=1),
    "bridges": lambda: theory.barbell_edges(8, bridges=0),
    "below": lambda: theory.tree_edges([0, 1], 6),
    "weight": lambda: theory.ring_edges(6, weight=0.0),
    "within": lambda: theory.block_edges(2, 5, within=1.5, between=0.1),
    "design": lambda: theory.design_growth("wheel"),
    "between_exponent": lambda: theory.design_growth("blocks", between_exponent=2.0),
    "clusters": lambda: theory.design_bound(
        "barbell", 3, 5, distance=1.0, dimension=2, deviation=1.0
    ),
    "graph: got a traced": lambda: jax.jit(theory.edge_sensitivity)(PATH),
    "points: got a traced": lambda: jax.jit(
        lambda points: theory.recovery_window(points, LABELS, PATH)
    )(POINTS),
    "labels: got traced": lambda: jax.jit(lambda labels: theory.between_edges(labels, PATH))(
        np.array(LABELS)
    ),
}


@pytest.mark.parametrize("words", BAD)
def test_bad_input_is_one_line_that_names_it(words):
    with pytest.raises(ValueError) as refused:
        BAD[words]()
    message = str(refused.value)
    assert message.startswith(words) and "expected" in message and "\n" not in message


def test_single_precision_keeps_its_type_and_its_digits():
    single = Graph(PATH.edges, jnp.asarray(np.full(5, 0.5), jnp.float32))
    found = theory.edge_sensitivity(single)
    assert found.dtype == jnp.float32
    np.testing.assert_allclose(found, theory.path_edges(6, weight=0.5).sensitivity, rtol=2e-7)
    flow = theory.noise_flow(np.float32(POINTS), single)
    assert flow.flow.dtype == jnp.float32 and float(flow.residual) < 1e-6


def test_one_node_and_no_noise_are_no_failure():
    single = Graph(np.zeros((0, 2), int), [], nodes=1)
    assert theory.edge_sensitivity(single).shape == (0,)
    bound = theory.recovery_bound([[2.0]], [[3.0]], single, gamma=1.0)
    assert float(bound.bound) == 9 and float(bound.rho) == 0
    quiet = theory.recovery_bound(POINTS, 0 * POINTS, PATH, gamma=0.0)
    assert float(quiet.bound) == 0 == float(quiet.residual)
    fused = theory.fusing_gamma(0 * POINTS, PATH)
    assert float(fused.upper) == 0 and bool(fused.converged)


def test_loops_that_pad_a_graph_are_no_edges():
    wider = padded(PATH, 9)
    found = theory.effective_resistance(wider)
    np.testing.assert_allclose(found, [1] * 5 + [0] * 4, rtol=1e-14)
    assert float(theory.between_edges(LABELS, wider).share) == pytest.approx(1 / 5)
    assert float(theory.recovery_window(POINTS, LABELS, wider).upper) == float(
        theory.recovery_window(POINTS, LABELS, PATH).upper
    )
    np.testing.assert_array_equal(theory.laplacian(wider), theory.laplacian(PATH))


def test_predictors_are_what_their_own_functions_say():
    noise = np.array([[1.0, 0], [0, 1], [-1, 0], [0, -1], [1, 1], [0, 0]])
    truth = np.repeat([[0.0, 0.0], [4.0, 0.0]], 3, axis=0)
    found = theory.predictors(truth, noise, LABELS, PATH)
    rho = float(theory.noise_level(noise, PATH))
    assert float(found.rho) == rho and float(found.truth_penalty) == 4
    at = theory.recovery_bound(truth, noise, PATH, gamma=rho)
    assert float(found.bound) == pytest.approx(float(at.mean_squared), rel=1e-14)
    assert float(found.between.share) == float(found.between.share_of_weight) == 0.2
    assert float(found.connectivity.largest_resistance) == pytest.approx(5)


def test_what_the_two_lines_of_the_code_change():
    """Equal affinities c: rho of the solved graph is ``c^-1/2`` times the diagnosed one's."""
    noise = np.array([[1.0, 0], [0, 1], [-1, 0], [0, -1], [1, 1], [0, 0]])
    truth = np.repeat([[0.0, 0.0], [4.0, 0.0]], 3, axis=0)
    graph = graphs.from_affinities(PATH.edges, np.full(5, 0.25))
    found = theory.weights_as_coded(truth, noise, graph)
    assert float(found.shortfall) == pytest.approx(2.0, rel=1e-14)
    assert float(found.oracle_solved) == pytest.approx(float(found.oracle_diagnosed), rel=1e-14)
    sums = theory.sum_as_coded(truth, noise, PATH)
    # nine pairs in both orders against the one edge between the clusters
    assert float(sums.over_pairs / sums.over_edges) == pytest.approx(18, rel=1e-14)
    # the paper's means: their ordered pairs, over n sqrt p, are 170.7
    square = np.sqrt(2) * np.array([[1, 1], [-1, 1], [1, -1], [-1, -1]])
    centres = np.repeat(square, 25, axis=0)
    one = np.zeros((100, 2))
    one[0, 0] = 1.0
    sums = theory.sum_as_coded(centres, one, graphs.star(100))
    largest = np.abs(np.asarray(theory.noise_flow(one, graphs.star(100)).flow)).max()
    wanted = 2 * 625 * (4 * 2 * np.sqrt(2) + 2 * 4) / (100 * np.sqrt(2))
    assert float(sums.over_pairs) == pytest.approx(largest * wanted) and 170 < wanted < 171
