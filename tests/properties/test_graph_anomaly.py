"""What holds for anomaly scores of any graph: names, units, ranges, labels left out."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from diversity_jax.graph_learning import anomaly, leverages, outskirts, pairs
from diversity_jax.graph_learning.problem import Affinity, dense

steady = settings(derandomize=True, deadline=None, max_examples=40)
NODES = 8
cases = st.tuples(
    st.integers(0, 2**32 - 1), st.sampled_from([0.2, 0.5, 1.0]), st.sampled_from([1e-3, 0.1, 10.0])
)


def built(case):
    """A graph with weights over four decades, names of classes, confidences, a regularisation."""
    seed, share, g = case
    rng = np.random.default_rng(seed)
    first, second = np.triu_indices(NODES, 1)
    there = rng.random(len(first)) < share
    edges = np.stack([first, second], 1)[there]
    graph = Affinity(edges, 10 ** rng.uniform(-2, 2, len(edges)), nodes=NODES)
    kinds = int(rng.integers(2, 4))
    names = np.array(["no", "or", "yes"])[rng.permutation(np.arange(NODES) % kinds)]
    return graph, names, rng.choice([0.25, 1.0], NODES), g


@steady
@given(cases, st.randoms(use_true_random=False))
def test_rows_may_be_renamed_and_a_score_is_of_one_graph_whatever_its_form(case, shuffler):
    graph, names, pull, g = built(case)
    order = list(range(NODES))
    shuffler.shuffle(order)
    table = np.asarray(dense(graph)) + np.diag(np.arange(NODES) * 5.0)  # which plays no part
    moved, renamed = table[np.ix_(order, order)], names[order]
    task = {"regularisation": g}
    one = anomaly.of_classes(graph, names, confidence=pull, **task)
    other = anomaly.of_classes(moved, renamed, confidence=pull[order], **task)
    for field in ("scores", "support", "leverage", "lowest", "highest"):
        found = np.asarray(getattr(one, field))[order]
        np.testing.assert_allclose(getattr(other, field), found, rtol=1e-9, atol=1e-12)
    for function in (anomaly.random_walk, anomaly.weighted_neighbours):
        found = np.asarray(function(graph, names))[order]
        np.testing.assert_allclose(function(moved, renamed), found, rtol=1e-12)
    found = np.asarray(outskirts.fringe(graph, names))[order]
    np.testing.assert_allclose(outskirts.fringe(moved, renamed), found, rtol=1e-9, atol=1e-12)


@steady
@given(cases, st.sampled_from([2.0**-300, 2.0**-20, 2.0**300]))
def test_weights_have_a_unit_which_regularisation_and_confidence_share(case, unit):
    graph, names, pull, g = built(case)
    scaled = Affinity(graph.edges, np.asarray(graph.weights) * unit, nodes=NODES)
    one = anomaly.of_classes(graph, names, confidence=pull, regularisation=g)
    other = anomaly.of_classes(scaled, names, confidence=pull * unit, regularisation=g * unit)
    np.testing.assert_allclose(one.scores, other.scores, rtol=1e-9)
    np.testing.assert_allclose(one.support, other.support, rtol=1e-9, atol=1e-12)
    for function in (anomaly.random_walk, anomaly.weighted_neighbours):
        np.testing.assert_allclose(function(graph, names), function(scaled, names), rtol=1e-12)
    np.testing.assert_allclose(outskirts.isolation(graph), outskirts.isolation(scaled), rtol=1e-12)


@steady
@given(cases)
def test_scores_keep_to_their_ranges_and_chances_add_up(case):
    graph, names, pull, g = built(case)
    found = anomaly.of_classes(graph, names, confidence=pull, regularisation=g)
    scores, lowest, highest = map(np.asarray, (found.scores, found.lowest, found.highest))
    below, above = np.asarray(found.bounds)
    slack = 1e-9
    assert (below - slack <= lowest).all() and (lowest <= scores + slack).all()
    assert (scores <= highest + slack).all() and (highest <= above + slack).all()
    support, own = np.asarray(found.support), np.asarray(found.leverage)
    assert (support >= 0).all() and (support.sum(1) <= 1 + slack).all()
    assert (own >= 0).all() and (own <= 1).all() and found.converged
    mine = support[np.arange(NODES), np.searchsorted(found.classes, names)]
    solution = 2 * mine - support.sum(1)  # of the own class against the rest
    np.testing.assert_allclose((1 - own) * (1 - solution), scores, atol=1e-9)
    for score in (anomaly.random_walk(graph, names), anomaly.weighted_neighbours(graph, names)):
        assert (np.asarray(score) >= 0).all() and (np.asarray(score) <= 1).all()
    alone = np.asarray(outskirts.isolation(graph))
    assert (alone > 0).all() and (alone <= 1).all()


@steady
@given(cases)
def test_the_two_ways_to_invert_agree(case):
    graph, names, pull, g = built(case)
    one = anomaly.of_classes(graph, names, confidence=pull, regularisation=g)
    kept, leverages.DENSE = leverages.DENSE, 0
    try:
        other = anomaly.of_classes(graph, names, confidence=pull, regularisation=g)
    finally:
        leverages.DENSE = kept
    # Residuals of 1e-12 and a condition of up to 1e7.
    for field in ("scores", "support", "leverage"):
        np.testing.assert_allclose(getattr(one, field), getattr(other, field), atol=1e-6)


@steady
@given(cases, st.booleans())
def test_two_classes_have_the_scores_of_their_signs(case, turned):
    graph, names, pull, g = built(case)
    labels = np.where((names == "no") ^ turned, 1.0, -1.0)
    found = anomaly.of_classes(graph, labels, confidence=pull, regularisation=g)
    table = dense(graph)
    scores = anomaly.soft_harmonic(table, labels, confidence=pull, regularisation=g)
    np.testing.assert_allclose(found.scores, scores, rtol=1e-6, atol=1e-10)


numbers = st.lists(st.tuples(st.integers(-3, 3), st.integers(-3, 3)), min_size=2, max_size=30)


@steady
@given(numbers)
def test_agreement_is_of_orders_alone_and_turns_over_with_them(rows):
    truth, score = np.array(rows, float).T
    if (truth == truth[0]).all():
        return
    found = anomaly.agreement(truth, score)
    assert 0 <= found <= 1
    assert anomaly.agreement(np.exp(truth) * 1e300, score / 1e300) == found
    assert abs(anomaly.agreement(truth, -score) - (1 - found)) < 1e-15
    assert anomaly.agreement(truth, truth) == 1 and anomaly.agreement(truth, 0 * truth) == 0.5


@steady
@given(st.lists(st.integers(-5, 5), max_size=40))
def test_ascending_pairs_are_counted_as_one_would(values):
    many = np.array(values, int)
    assert pairs.ascending(many) == int(np.triu(many[:, None] < many[None], 1).sum())
    assert pairs.tied(many) == int(np.triu(many[:, None] == many[None], 1).sum())
