"""Harmonic solutions against rational arithmetic, absorbed walks, copies of points, and a peer."""

import warnings
from fractions import Fraction

import numpy as np
import pytest
from sklearn.semi_supervised import LabelPropagation

from diversity_jax.graph_learning import affinity, harmonic, max_margin, theory
from diversity_jax.graph_learning.problem import Affinity, dense
from tests.agreement.graph_problems import drawn, exactly, generator, matrix

pytestmark = pytest.mark.light
EPS = np.finfo(np.float64).eps
PATH = Affinity([[0, 1], [1, 2], [2, 3]], np.ones(3))
ENDS = np.array([True, False, False, True])
SIGNS = np.array([1.0, 0, 0, -1])


@pytest.mark.parametrize("given", [PATH, dense(PATH)], ids=["sparse", "dense"])
def test_a_path_of_four_by_hand(given):
    for g, value in ((0.0, 1 / 3), (1.0, 1 / 4), (0.5, 2 / 7)):
        found = harmonic.hard(given, SIGNS, ENDS, regularisation=g)
        np.testing.assert_allclose(found, [1, value, -value, -1], atol=8 * EPS)
    found = harmonic.soft(given, SIGNS, [1, 0.01, 0.01, 1], regularisation=0.5)
    # By symmetry l = (a, b, -b, -a), with (1 + g + 1) a - b = 1 and (2 + g + c + 1) b - a = 0.
    a, b = np.linalg.solve([[2.5, -1], [-1, 3.51]], [1, 0])
    np.testing.assert_allclose(found, [a, b, -b, -a], atol=8 * EPS)
    full = harmonic.soft(given, [1.0, 1, -1, 1], 1.0, regularisation=1.0)
    np.testing.assert_allclose(full, np.array([25, 19, -5, 17]) / 56, atol=8 * EPS)


def test_a_weighted_path_and_its_groups_by_hand():
    table = [[0, 1, 0], [1, 0, 2], [0, 2, 0]]
    labels, ends = [1, 0, -1], [True, False, True]
    for g, many, value in (
        (0, None, -1 / 3),
        (0.5, None, -2 / 7),
        (0, 3, -5 / 7),
        (0.5, 3, -2 / 3),
    ):
        counts = None if many is None else [1, 1, many]
        found = harmonic.hard(table, labels, ends, regularisation=g, multiplicities=counts)
        np.testing.assert_allclose(found, [1, value, -1], atol=8 * EPS)


@pytest.mark.parametrize("decades", [0, 3, 6])
@pytest.mark.parametrize("sparse", [True, False], ids=["sparse", "dense"])
def test_errors_stay_below_their_certificates(sparse, decades):
    """Against rational arithmetic; with weights over decades too, where residuals say little."""
    rng = generator(f"certified {decades}")
    for trial in range(8):
        graph = drawn(rng, 9, 16, decades)
        table, labels = matrix(graph), rng.uniform(-1, 1, 9)
        held = np.isin(np.arange(9), rng.choice(9, 2, replace=False))
        g = [0.0, 0.3][trial % 2]
        many = None if trial < 4 else rng.integers(1, 5, 9).astype(float)
        options = {"regularisation": g, "multiplicities": many, "certify": True}
        hard = harmonic.solve_hard(graph if sparse else table, labels, held, **options)
        pull = rng.choice([0, 0.5, 1.0], 9)
        pull[0] = 1
        soft = harmonic.solve_soft(graph if sparse else table, labels, pull, **options)
        for found, problem in (
            (hard, (held, np.zeros(9))),
            (soft, (np.zeros(9, bool), pull)),
        ):
            exact = exactly(table, labels, problem[0], problem[1], g, many)
            error = max(abs(Fraction(float(x)) - y) for x, y in zip(found.values, exact))
            assert bool(found.converged)
            assert error <= float(found.error)


def test_certificates_show_what_a_residual_hides():
    """A cluster on one faint edge: a small residual, while its labels are far off."""
    edges = [[0, 1], [1, 2], [2, 3], [1, 3]]
    graph = Affinity(edges, [1e-13, 1.0, 1.0, 1.0])
    labels, held = np.array([1.0, 0, 0, 0]), np.array([True, False, False, False])
    task = {"regularisation": 0.0, "certify": True, "most": 1}
    rough = harmonic.solve_hard(graph, labels, held, **task)
    assert float(rough.error) >= np.abs(1 - np.asarray(rough.values)).max() > 0.1
    fine = harmonic.solve_hard(dense(graph), labels, held, regularisation=0.0, certify=True)
    assert np.abs(1 - np.asarray(fine.values)).max() <= float(fine.error)


@pytest.mark.parametrize("g", [0.0, 0.4])
def test_what_an_absorbed_walk_earns_is_the_solution(g):
    rng = generator(f"walks {g}")
    for _ in range(10):
        graph = drawn(rng, 12, 24, 0.5)
        labels, many = rng.uniform(-1, 1, 12), rng.integers(1, 4, 12).astype(float)
        held = np.isin(np.arange(12), rng.choice(12, 3, replace=False))
        walk = theory.hard_absorption(graph, held, regularisation=g, multiplicities=many)
        found = harmonic.solve_hard(
            graph, labels, held, regularisation=g, multiplicities=many, certify=True
        )
        earned = np.asarray(walk.chances) @ labels[np.asarray(walk.places)]
        slack = 12 * 12 * EPS  # sums of as many as there are nodes, once for each of them
        assert np.abs(earned - np.asarray(found.values)).max() <= float(found.error) + slack
        total = np.asarray(walk.chances).sum(1) + np.asarray(walk.lost)
        np.testing.assert_allclose(total, 1, atol=slack + 8 * EPS)
        assert (np.asarray(walk.lost) == 0).all() == (g == 0)
        pull = rng.uniform(0.1, 2, 12)
        walk = theory.soft_absorption(graph, pull, regularisation=g, multiplicities=many)
        soft = harmonic.solve_soft(
            graph, labels, pull, regularisation=g, multiplicities=many, certify=True
        )
        apart = np.abs(np.asarray(walk.chances) @ labels - np.asarray(soft.values)).max()
        assert apart <= float(soft.error) + slack


@pytest.mark.parametrize("decades", [4.0, 16.0])
def test_absorbed_walks_have_all_digits_beside_strong_edges(decades):
    """Every chance, however faint, against rational arithmetic; ``1 - Q`` would lose them all."""
    rng = generator(f"strong {decades}")
    table = matrix(drawn(rng, 8, 14, decades))
    held, many, g = np.arange(8) < 3, rng.integers(1, 4, 8).astype(float), 0.1
    walk = theory.hard_absorption(table, held, regularisation=g, multiplicities=many)
    task = (held, np.zeros(8), g, many)
    for place in range(3):
        wanted = np.array(exactly(table, np.eye(8)[place], *task), float)
        np.testing.assert_allclose(walk.chances[:, place], wanted, rtol=1e-13)
    pull = 10 ** rng.uniform(-decades, 0, 8)
    walk = theory.soft_absorption(table, pull, regularisation=g, multiplicities=many)
    for place in (0, 5):
        wanted = exactly(table, np.eye(8)[place], held & False, pull, g, many)
        np.testing.assert_allclose(walk.chances[:, place], np.array(wanted, float), rtol=1e-13)


def test_walkers_end_where_the_fundamental_matrix_says():
    """20,000 walkers from node 1 of a path with a sink, step by step."""
    walk = theory.hard_absorption(PATH, ENDS, regularisation=0.5)
    rng = generator("walkers")
    at, steps, gone = np.ones(20_000, int), np.zeros(20_000), np.zeros(20_000, bool)
    while True:
        going = ~gone & (at != 0) & (at != 3)
        if not going.any():
            break
        steps[going] += 1
        draw = rng.random(20_000)
        gone |= going & (draw < 0.5 / 2.5)
        at[going & ~gone] += np.where(draw < (0.5 + 1) / 2.5, 1, -1)[going & ~gone]
    chances = [np.mean(~gone & (at == 0)), np.mean(~gone & (at == 3)), gone.mean()]
    known = [*np.asarray(walk.chances)[1], float(np.asarray(walk.lost)[1])]
    for share, chance in zip(chances, known):
        assert abs(share - chance) < 3.9 * np.sqrt(chance * (1 - chance) / 20_000)  # 1e-4
    assert abs(steps.mean() - float(walk.steps[1])) < 3.9 * steps.std() / np.sqrt(20_000)


@pytest.mark.parametrize("trial", range(3))
def test_groups_of_identical_points_solve_the_whole_problem(trial):
    """A-C1, A-C2: compact hard is full hard, compact soft its means, and members follow."""
    rng = generator(f"groups {trial}")
    centres, many = rng.normal(size=(6, 2)), rng.integers(1, 5, 6)
    place = np.repeat(np.arange(6), many)
    small, whole = (affinity.gaussian(rows, bandwidth=1.0) for rows in (centres, centres[place]))
    held, labels = np.arange(6) < 2, np.array([1.0, -1, 0, 0, 0, 0])
    full = harmonic.hard(whole, labels[place], held[place], regularisation=0.2)
    compact = harmonic.hard(small, labels, held, regularisation=0.2, multiplicities=many)
    np.testing.assert_allclose(np.asarray(compact)[place], full, atol=1e-13)
    given = rng.choice([-1.0, 1], len(place))
    pull = rng.uniform(0.2, 2, 6)
    full = np.asarray(harmonic.soft(whole, given, pull[place], regularisation=0.2))
    mean = np.bincount(place, given) / many
    compact = harmonic.soft(small, mean, pull, regularisation=0.2, multiplicities=many)
    np.testing.assert_allclose(np.bincount(place, full) / many, compact, atol=1e-13)
    members = harmonic.member_labels(
        compact, given, place, small, pull, regularisation=0.2, multiplicities=many
    )
    np.testing.assert_allclose(members, full, atol=1e-13)
    # The papers' line, with g for g / c, is another solution unless c is 1.
    table = np.asarray(small) * many[:, None] * many
    laplacian = np.diag(table.sum(1)) - table
    for coefficient, same in ((0.2 / pull, True), (0.2 * np.ones(6), False)):
        line = np.diag(1 / pull / many) @ laplacian + np.diag(coefficient) + np.eye(6)
        assert np.allclose(np.linalg.solve(line, mean), compact, atol=1e-13) == same


def test_an_absent_node_is_one_more_point_that_changes_nothing():
    rng = generator("absent")
    table = np.asarray(affinity.gaussian(rng.normal(size=(7, 2)), bandwidth=1.0))
    labels, held = np.array([1.0, -1, 0, 0, 0, 0, 0]), np.arange(7) < 2
    many = np.array([1.0, 1, 1, 2, 1, 0, 0])
    found = np.asarray(harmonic.hard(table, labels, held, regularisation=0.1, multiplicities=many))
    there = many > 0
    less = harmonic.hard(
        table[np.ix_(there, there)], labels[there], held[there],
        regularisation=0.1, multiplicities=many[there],
    )  # fmt: skip
    np.testing.assert_allclose(found[there], less, atol=1e-14)
    tiny = harmonic.hard(
        table, labels, held, regularisation=0.1, multiplicities=np.where(there, many, 1e-12)
    )
    np.testing.assert_allclose(found, tiny, atol=1e-11)


def test_several_classes_are_their_columns_and_two_are_one():
    rng = generator("columns")
    graph = drawn(rng, 12, 30)
    held = np.arange(12) < 4
    one_hot = np.eye(2)[np.array([0, 1, 1, 0] + [0] * 8)]
    task = {"regularisation": 0.0, "certify": True}
    found = harmonic.solve_hard(graph, one_hot, held, **task)
    columns, error = np.asarray(found.values), float(found.error.sum())
    np.testing.assert_allclose(columns.sum(1), 1, rtol=0, atol=error + EPS)
    signs = harmonic.solve_hard(graph, one_hot @ [1, -1], held, **task)
    error += float(signs.error)
    assert error < 1e-5
    np.testing.assert_allclose(columns @ [1, -1], signs.values, rtol=0, atol=error + EPS)


def test_label_propagation_of_both_kinds_converges_to_it():
    """scikit-learn's, run to the end on a Gaussian kernel whose diagonal is one."""
    rng = generator("propagation")
    points = np.concatenate([rng.normal(size=(15, 2)), rng.normal(size=(15, 2)) + 3])
    names = np.where(np.isin(np.arange(30), [0, 1, 15, 16]), np.arange(30) // 15, -1)
    table = affinity.gaussian(points, bandwidth=1.0)
    columns = np.eye(2)[np.maximum(names, 0)]
    found = harmonic.solve_hard(table, columns, names >= 0, regularisation=0.0, certify=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # it warns where it has not converged
        peer = LabelPropagation(kernel="rbf", gamma=0.5, tol=1e-13, max_iter=100_000)
        peer.fit(points, names)
    # It stops where a step moves less than 1e-13 in sum: the rest is that over the spectral gap.
    walk = theory.hard_absorption(table, names >= 0, regularisation=0.0)
    left = 1e-13 * 2 * float(np.asarray(walk.steps).max())
    apart = np.abs(peer.label_distributions_ - np.asarray(found.values)).max()
    assert apart <= left + float(found.error.max()) + 1e-12
    steps = int(40 * float(np.asarray(walk.steps).max()))
    ours = max_margin.label_propagation(table, columns, names >= 0, steps=steps)
    np.testing.assert_allclose(ours, found.values, atol=1e-12)
