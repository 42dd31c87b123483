"""Bounds on harmonic solutions: they hold where they say so, and the papers' lemma does not."""

from fractions import Fraction

import numpy as np
import pytest

from diversity_jax.graph_learning import harmonic, theory
from diversity_jax.graph_learning.problem import Affinity, dense
from tests.agreement.graph_problems import drawn, exactly, generator, matrix

pytestmark = pytest.mark.light
EPS = np.finfo(np.float64).eps


def laplacian(graph):
    table = matrix(graph)
    return np.diag(table.sum(1)) - table


def test_hard_solutions_fall_with_the_hops_to_the_nearest_label():
    """A-C3, and the sharper bound by ways; both are attained."""
    rng = generator("hops")
    closest = np.zeros(3)
    for _ in range(60):
        graph = drawn(rng, 10, int(rng.integers(9, 20)), 0.3)
        held = np.isin(np.arange(10), rng.choice(10, 2, replace=False))
        labels, g = rng.choice([-1.0, 1], 10), float(10 ** rng.uniform(-2, 1))
        found = harmonic.solve_hard(dense(graph), labels, held, regularisation=g)
        size = np.abs(np.asarray(found.values)) - float(found.error)
        hops = np.asarray(theory.hop_bounds(graph, held, regularisation=g))
        ways = np.asarray(theory.path_bounds(graph, held, regularisation=g))
        most = float(theory.hard_bound(graph, held, regularisation=g))
        assert (size <= ways * (1 + 20 * EPS)).all() and (ways <= hops * (1 + 20 * EPS)).all()
        assert (size[~held] <= most * (1 + 8 * EPS)).all()
        ratios = [(size[~held] / bound).max() for bound in (most, hops[~held], ways[~held])]
        closest = np.maximum(closest, ratios)
    # A bound that is far above everything would pass too.
    assert (closest > [0.5, 0.5, 0.5]).all()
    star = Affinity([[0, 1], [0, 2], [0, 3]], [1.0, 2, 3])
    ends = np.arange(4) > 0
    value = harmonic.hard(star, np.ones(4), ends, regularisation=1.5)[0]
    for bound in (theory.hop_bounds, theory.path_bounds):
        np.testing.assert_allclose(bound(star, ends, regularisation=1.5)[0], value, rtol=8 * EPS)
    np.testing.assert_allclose(theory.hard_bound(star, ends, regularisation=1.5), 6 / 7.5)


def test_without_a_way_to_a_label_bounds_and_values_are_zero():
    graph = Affinity([[0, 1], [2, 3]], [1.0, 1.0])
    held = np.arange(4) == 0
    values = harmonic.hard(graph, np.ones(4), held, regularisation=0.1)
    for bound in (theory.hop_bounds, theory.path_bounds):
        np.testing.assert_array_equal(bound(graph, held, regularisation=0.1)[2:], 0)
    np.testing.assert_array_equal(values[2:], 0)


def test_soft_solutions_keep_below_their_bounds():
    """A-C4, A-C5 corrected, A-C6."""
    rng = generator("soft")
    closest = np.zeros(2)
    for _ in range(60):
        graph = drawn(rng, 10, 20, 1.0)
        labels = np.where(np.arange(10) < 3, rng.choice([-1.0, 1], 10), 0)
        g, c = 10 ** rng.uniform(-2, 1), 10 ** rng.uniform(-3, 0)
        pull = np.where(np.arange(10) < 3, 1.0, c)
        found = np.asarray(harmonic.soft(dense(graph), labels, pull, regularisation=g))
        most = float(theory.soft_bound(pull, regularisation=g))
        norm = float(theory.norm_bound(3, regularisation=g, unlabelled_confidence=c))
        ratios = np.array([np.abs(found).max() / most, np.linalg.norm(found) / norm])
        assert (ratios <= 1 + 1e-12).all()
        closest = np.maximum(closest, ratios)
        other = drawn(rng, 10, 20, 1.0)
        second = np.asarray(harmonic.soft(dense(other), labels, pull, regularisation=g))
        online = float(theory.online_bound(regularisation=g))
        assert ((found - second) ** 2).max() <= online * (1 + 1e-12)
        assert online <= float(theory.paper_online_bound(3, regularisation=g))
    assert (closest > 0.5).all()
    constant = harmonic.soft(dense(graph), np.ones(10), 0.7, regularisation=0.3)
    np.testing.assert_allclose(constant, theory.soft_bound(0.7, regularisation=0.3), rtol=1e-13)


def test_the_norm_lemma_of_the_papers_is_false_and_the_corrected_one_holds():
    """Two nodes, one strong edge, in rational arithmetic; the same numbers from the solver."""
    found = theory.norm_counterexample()
    g, c, w = Fraction(1, 10), Fraction(1, 100), 1000
    exact = exactly([[0, w], [w, 0]], [1, 0], [False, False], [1, 0.01], 0.1)
    for value, same in zip(found.values, exact):  # 0.1 and 0.01 are no fractions of two
        assert abs(value - same) < Fraction(1, 10**14)
    l0, l1 = found.values
    assert (w + g + 1) * l0 - w * l1 == 1 and (w + g + c) * l1 - w * l0 == 0
    assert found.norm_squared > found.paper_bound_squared == Fraction(100, 121)
    assert found.norm_squared < found.bound_squared
    assert float(found.norm_squared) ** 0.5 == pytest.approx(1.168719, abs=1e-6)
    solved = harmonic.soft([[0, w], [w, 0]], [1, 0], [1, 0.01], regularisation=0.1)
    norm = np.linalg.norm(solved)
    assert norm > float(theory.paper_norm_bound(1, regularisation=0.1)) + 0.25
    assert norm < float(theory.norm_bound(1, regularisation=0.1, unlabelled_confidence=0.01))


def test_which_edges_break_the_lemma_is_decided_exactly():
    """Some edge does if and only if the strongest would; at c_u = 1 the lemma is true."""
    broken = set()
    for g in (Fraction(0), Fraction(1, 10), Fraction(1, 2), Fraction(2)):
        for c in (Fraction(1, 100), Fraction(1, 5), Fraction(1, 2), Fraction(1)):
            edges = [Fraction(10) ** power for power in range(-3, 8)]
            task = {"regularisation": g, "unlabelled_confidence": c}
            margins = [theory.norm_counterexample(**task, weight=weight).margin for weight in edges]
            assert theory.norm_lemma_fails(g, c) == any(margin > 0 for margin in margins)
            broken.add((theory.norm_lemma_fails(g, c), c == 1))
    assert broken == {(True, False), (False, False), (False, True)}


def test_two_laplacians_differ_in_their_solutions_by_no_more_than_the_bound():
    """A-C7, and that it implies the papers' for c_u up to 1."""
    rng = generator("quantised")
    closest = 0.0
    for trial in range(60):
        graph = drawn(rng, 8, 14, 0.5)
        # Nearby graphs, where first order decides, and far ones.
        factor = np.exp(rng.normal(size=14) * [1.0, 1e-3][trial % 2])
        other = Affinity(graph.edges, np.asarray(graph.weights) * factor, nodes=8)
        labels, pull = np.zeros(8), np.full(8, float(10 ** rng.uniform(-2, 0)))
        labels[:2], pull[:2] = (1, -1), 1
        g = float(10 ** rng.uniform(-1, 1))
        apart = laplacian(graph) - laplacian(other)
        one, two = (
            np.asarray(harmonic.soft(dense(each), labels, pull, regularisation=g))
            for each in (graph, other)
        )
        task = {"regularisation": g, "unlabelled_confidence": pull[-1]}
        bound = float(theory.quantised_bound(2, np.linalg.norm(apart, 2), **task))
        paper = float(theory.paper_quantised_bound(2, np.linalg.norm(apart), **task))
        ratio = np.linalg.norm(one - two) / bound
        assert ratio <= 1 + 1e-9 and bound <= paper * (1 + 8 * EPS)
        closest = max(closest, ratio)
    assert closest > 0.02  # two orders: it is a bound on the worst case of all labels


def test_the_split_of_the_regret_needs_three_and_no_more():
    """A-C8: constant 3 by Cauchy and Schwarz, attained; the papers' 9/2 is not the smallest."""
    rng = generator("split")
    parts = rng.normal(size=(1000, 3))
    ratios = parts.sum(1) ** 2 / (parts**2).sum(1)
    assert ratios.max() <= theory.SPLIT < theory.PAPER_SPLIT
    assert 3 * theory.SPLIT == 3**2  # three equal parts


def test_regret_and_risk_bounds_by_hand():
    task = {"regularisation": 2.0, "unlabelled_confidence": 0.5}
    assert float(theory.norm_bound(4, **task)) == pytest.approx(2 / 2.5)
    assert float(theory.quantised_bound(4, 3.0, **task)) == pytest.approx(2 * 3 / 2.5**2)
    assert float(theory.paper_quantised_bound(4, 3.0, **task)) == pytest.approx(2 * 3 / (0.5 * 4))
    paper = theory.paper_regret_bound(0.1, 4, 3.0, **task)
    assert float(paper.total) == pytest.approx(4.5 * (0.1 + 16 / 9 + 4 * 3 / (0.25 * 16)))
    ours = theory.regret_bound(0.1, 4, 3.0, **task)
    assert float(ours.total) == pytest.approx(3 * (0.1 + 4 / 9 + 4 * 3 / 2.5**4))
    beta = theory.stability(4, 5.0, **task)
    root = np.sqrt(0.5)
    by_hand = 2 * (np.sqrt(2) / 3 + np.sqrt(8) * (1 - root) / root * 7 / 5)
    assert float(beta) == pytest.approx(by_hand)
    risk = theory.risk_bound(0.1, 4, beta, failure=0.05)
    spread = np.sqrt(2 * np.log(40) / 4) * (4 * by_hand + 4)
    assert float(risk) == pytest.approx(0.1 + by_hand + spread)
    margin = theory.margin_bound(0.2, 100, 10, 0.1, 0.3, threshold=0.01, dimension=3, failure=0.04)
    inside = np.sqrt((3 * (np.log(200 / 3) + 1) - np.log(0.01)) / 100)
    assert float(margin.total) == pytest.approx(0.2 + 0.002 + 0.1 + 0.3 + inside)
    # Its second term: 1 - (l - y)^2 below 2 eps - eps^2 where |l| < eps, in rational arithmetic.
    eps = Fraction(1, 7)
    for value in (eps * Fraction(k, 10) for k in range(-9, 10)):
        assert 1 - (abs(value) - 1) ** 2 < 2 * eps - eps**2


def test_no_data_take_regret_and_margin_bounds_to_what_predicting_nothing_costs():
    """A-C12 and A-C17 are vacuous: no solution takes them below floors that are large."""
    rng = generator("vacuous")
    closest = np.inf
    for _ in range(40):
        graph = drawn(rng, 10, int(rng.integers(9, 20)), 0.3)
        truth = rng.choice([-1.0, 1], 10)
        held = rng.random(10) < rng.choice([0.2, 1.0])
        held[0] = True
        g, number = float(10 ** rng.uniform(-1, 2)), int(held.sum())
        task = {"regularisation": g, "unlabelled_confidence": 1.0}
        found = np.asarray(harmonic.soft(graph, truth * held, 1.0, regularisation=g))
        risk = ((found - truth) ** 2).mean()
        ours = float(theory.regret_bound(risk, number, 0.0, **task).total)
        least = float(theory.least_regret_bound(regularisation=g))
        closest = min(closest, ours / least)
        assert ours >= least * (1 - 20 * EPS)
        printed = float(theory.paper_regret_bound(risk, number, 0.0, **task).total)
        floor = float(theory.paper_least_regret_bound(number, regularisation=g))
        assert printed >= floor * (1 - 20 * EPS)
        beta = theory.stability(number, np.linalg.eigvalsh(laplacian(graph))[-1], **task)
        seen = ((found - truth)[held] ** 2).mean()
        margin = theory.margin_bound(
            0.0, 10, 0, seen, beta, threshold=0.0, dimension=1, failure=0.5
        )
        low = float(theory.least_margin_bound(regularisation=g))
        assert float(margin.total - margin.inductive) >= low * (1 - 20 * EPS)
    assert closest < 1.05
    strengths = np.concatenate([np.logspace(-6, 9, 1501), [4.0, 16.0]])
    for values, least in (
        ([theory.least_regret_bound(regularisation=g) for g in strengths], 12 / 5),
        ([theory.paper_least_regret_bound(4, regularisation=g) for g in strengths], 72 / 17),
        ([theory.least_margin_bound(regularisation=g) for g in strengths], 1.0),
    ):
        assert least * (1 - 8 * EPS) <= min(map(float, values)) < least * (1 + 1e-8)


@pytest.mark.parametrize("many", [1, 7])
def test_a_lone_group_is_not_as_printed_but_for_a_confidence_of_one(many):
    for g, c in (
        (Fraction(1), Fraction(1, 2)),
        (Fraction(1, 3), Fraction(5)),
        (Fraction(2), Fraction(1)),
    ):
        exact, printed = theory.lone_group(regularisation=g, confidence=c)
        found = harmonic.soft(
            [[0.0]], [1.0], float(c), regularisation=float(g), multiplicities=[float(many)]
        )
        assert float(found[0]) == pytest.approx(float(exact), abs=1e-15)
        assert (exact == printed) == (c == 1)


@pytest.mark.parametrize("bad", [Fraction(0), Fraction(-1, 2)])
def test_a_lone_group_asks_for_fractions_above_zero(bad):
    with pytest.raises(ValueError, match="confidence"):
        theory.lone_group(regularisation=Fraction(1), confidence=bad)
