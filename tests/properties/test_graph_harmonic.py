"""What holds for harmonic solutions of any graph: names of nodes, units, constants, ranges."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from diversity_jax.graph_learning import affinity, classes, harmonic
from diversity_jax.graph_learning.problem import Affinity, dense

steady = settings(derandomize=True, deadline=None, max_examples=40)
NODES = 8


cases = st.tuples(
    st.integers(0, 2**32 - 1), st.sampled_from([0.2, 0.5, 1.0]), st.sampled_from([1e-3, 0.1, 10.0])
)


def built(case, connected=False):
    """A graph with weights over four decades, labels, a mask, confidences and a regularisation."""
    seed, share, g = case
    rng = np.random.default_rng(seed)
    first, second = np.triu_indices(NODES, 1)
    there = rng.random(len(first)) < share
    if connected:
        there |= second == first + 1
    pairs = np.stack([first, second], 1)[there]
    weights = 10 ** rng.uniform(-2, 2, len(pairs))
    held = rng.random(NODES) < 0.3
    held[int(rng.integers(NODES))] = True
    pull = np.where(held, 1.0, 0.05)
    return Affinity(pairs, weights, nodes=NODES), rng.uniform(-1, 1, NODES), held, pull, g


def both(graph, labels, held, pull, g, **options):
    """Hard and soft solutions with bounds on their errors."""
    hard = harmonic.solve_hard(graph, labels, held, regularisation=g, certify=True, **options)
    soft = harmonic.solve_soft(graph, labels, pull, regularisation=g, certify=True, **options)
    return [(np.asarray(each.values), float(each.error)) for each in (hard, soft)]


def check_same(one, other, spread=1.0):
    for (first, error), (second, more) in zip(one, other):
        assert error + more < 1e-3
        # Weights that are scaled or reordered are rounded anew: that moves the solution itself by
        # the rounding times the steps that a walk takes, which are below 1e7 here.
        assert np.abs(first - second).max() <= error + more + spread * 1e7 * np.finfo(float).eps


@steady
@given(cases, st.randoms(use_true_random=False))
def test_nodes_may_be_renamed_and_a_solution_is_of_one_graph_whatever_its_form(case, shuffler):
    graph, labels, held, pull, g = built(case)
    order = list(range(NODES))
    shuffler.shuffle(order)
    order = np.array(order)
    place = np.argsort(order)
    found = both(graph, labels, held, pull, g)
    check_same(found, both(dense(graph), labels, held, pull, g))
    moved = np.asarray(dense(graph))[np.ix_(order, order)]
    for given_as in (moved, Affinity(place[np.asarray(graph.edges)], graph.weights, nodes=NODES)):
        renamed = both(given_as, labels[order], held[order], pull[order], g)
        check_same(found, [(values[place], error) for values, error in renamed])


@steady
@given(cases, st.sampled_from([2.0**-20, 3.0, 2.0**30]))
def test_weights_have_a_unit_which_regularisation_and_confidence_share(case, unit):
    graph, labels, held, pull, g = built(case)
    scaled = Affinity(graph.edges, np.asarray(graph.weights) * unit, nodes=NODES)
    check_same(
        both(graph, labels, held, pull, g), both(scaled, labels, held, pull * unit, g * unit)
    )


@steady
@given(cases)
def test_the_diagonal_cancels_and_ignored_labels_are_ignored(case):
    graph, labels, held, _, g = built(case)
    table = np.asarray(dense(graph)) + np.diag(np.arange(NODES) * 5.0)
    hidden = np.where(held, labels, np.nan)
    one = harmonic.hard(table, hidden, held, regularisation=g)
    np.testing.assert_array_equal(one, harmonic.hard(dense(graph), labels, held, regularisation=g))


@steady
@given(cases)
def test_constant_labels_stay_constant_without_regularisation_and_shrink_with_it(case):
    graph, _, held, pull, g = built(case, connected=True)
    for value in (-1.0, 0.25):
        labels = np.full(NODES, value)
        for found, error in both(graph, labels, held, pull, 0.0):
            # The soft labels of the others are constant too, so that nothing pulls elsewhere.
            assert np.abs(found - value).max() <= error + 1e7 * np.finfo(float).eps
        for found, error in both(graph, labels, held, pull, g):
            assert (np.abs(found) <= abs(value) + error).all()
            assert (found * np.sign(value) >= -error).all()


@steady
@given(cases, st.lists(st.integers(1, 50), min_size=NODES, max_size=NODES))
def test_solutions_keep_to_the_range_of_their_labels_whatever_the_multiplicities(case, many):
    graph, labels, held, pull, g = built(case)
    lowest, highest = min(labels[held].min(), 0), max(labels[held].max(), 0)
    found = harmonic.solve_hard(
        graph, labels, held, regularisation=g, multiplicities=many, certify=True
    )
    values, error = np.asarray(found.values), float(found.error)
    assert (values >= lowest - error).all() and (values <= highest + error).all()
    np.testing.assert_array_equal(values[held], labels[held])
    soft = harmonic.solve_soft(
        graph, labels, pull, regularisation=g, multiplicities=many, certify=True
    )
    values, error = np.asarray(soft.values), float(soft.error)
    assert values.min() >= min(labels.min(), 0) - error
    assert values.max() <= max(labels.max(), 0) + error


@steady
@given(cases, st.integers(2, 4))
def test_columns_of_classes_are_shares_and_masses_come_out_as_asked(case, number):
    graph, _, held, _, g = built(case)
    names = np.arange(NODES) % number
    held = held | (np.arange(NODES) < number)
    columns, order = classes.encode(names, held)
    found = harmonic.solve_hard(graph, columns, held, regularisation=g, certify=True)
    values, error = np.asarray(found.values), float(found.error.sum())
    assert (values >= -error).all() and (values.sum(1) <= 1 + error).all()
    predicted = classes.classify(graph, names, held, regularisation=g, normalised=True)
    np.testing.assert_array_equal(predicted.labels[held], names[held])
    free = np.asarray(predicted.scores)[~held].sum(0)
    raw = values[~held].sum(0)
    shares = (columns[held].sum(0) + 1) / (columns[held].sum(0) + 1).sum()
    np.testing.assert_allclose(free[raw > 1e-6], shares[raw > 1e-6], rtol=1e-9)
    assert set(order) == set(range(number))


@steady
@given(
    st.integers(0, 2**32 - 1), st.sampled_from([1, 3, 6]), st.sampled_from([-900, -27, 0, 40, 900])
)
def test_neighbours_and_kernels_follow_shifts_and_scales_of_the_points(seed, number, power):
    # Whole numbers, whose shifts and scales are exact.
    points = np.random.default_rng(seed).integers(-(2**10), 2**10, size=(NODES, 3)).astype(float)
    scale = 2.0**power
    base = affinity.neighbourhood(points, neighbours=number)
    moved = affinity.neighbourhood((points + 2.0**20) * scale, neighbours=number)
    np.testing.assert_array_equal(base.edges, moved.edges)
    squares = np.asarray(moved.squares) * (moved.unit / scale) ** 2
    np.testing.assert_allclose(squares, base.squares, rtol=1e-13)
    np.testing.assert_allclose(
        moved.self_tuned(neighbours=number).weights, base.self_tuned(neighbours=number).weights
    )
    one = affinity.gaussian(points, bandwidth=500.0)
    other = affinity.gaussian((points + 2.0**20) * scale, bandwidth=500.0 * scale)
    np.testing.assert_allclose(one, other, rtol=1e-12)
    assert (np.asarray(one) == np.asarray(one).T).all() and (np.diagonal(one) == 1).all()
    weights = np.asarray(base.gaussian(500.0).weights)
    np.testing.assert_allclose(
        weights, np.asarray(one)[tuple(np.asarray(base.edges).T)], rtol=1e-12
    )
