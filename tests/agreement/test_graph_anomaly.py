"""Anomaly scores against walks, recomputation in rational numbers, brute force, scikit-learn."""

from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score
from sklearn.neighbors import KNeighborsClassifier

from diversity_jax.graph_learning import anomaly, harmonic, leverages, problem, theory
from tests.agreement.graph_problems import drawn, exactly, generator, matrix

pytestmark = pytest.mark.light
EPS = np.finfo(np.float64).eps
PATH = problem.Affinity([[0, 1], [1, 2], [2, 3]], np.ones(3))


def signs(rng, nodes):
    """Labels of both kinds."""
    return rng.permutation(np.where(np.arange(nodes) < rng.integers(1, nodes), 1.0, -1.0))


def without(table, labels, pull, g, node):
    """The solution at a node without its label, as a fraction, solved anew."""
    kept = np.where(np.arange(len(labels)) == node, 0, pull)
    return exactly(table, labels, np.zeros(len(labels), bool), kept, g)[node]


def test_strong_edges_leave_a_residual_and_the_score_is_right_all_the_same():
    """All alike but one label, all joined: the mean shrinks by c / (g + c), the rest vanishes."""
    labels, strength = np.ones(200), 1e3
    labels[7] = -1
    mean = labels.mean() / 1.05
    wanted = np.abs(mean + (labels - labels.mean()) / (200 * strength + 1.05) - labels)
    given = strength * (1 - np.eye(200))
    found = anomaly.soft_harmonic(given, labels, confidence=1.0, regularisation=0.05)
    np.testing.assert_allclose(found, wanted, atol=1e-8)


def test_a_labelled_path_by_hand():
    """A.d 3: l = (25, 19, -5, 17) / 56."""
    labels = np.array([1.0, 1, -1, 1])
    for given in (PATH, problem.dense(PATH)):
        task = {"confidence": 1.0, "regularisation": 1.0}
        score = np.array([31, 37, 51, 39]) / 56
        np.testing.assert_allclose(anomaly.soft_harmonic(given, labels, **task), score, atol=1e-9)
        found = anomaly.of_classes(given, labels, **task)
        np.testing.assert_allclose(found.scores, score, atol=8 * EPS)
        np.testing.assert_allclose(found.bounds, [0.5, 1.5])


def test_a_stationary_law_by_hand_and_by_many_steps():
    """A.d 5."""
    table = np.array([[0, 1.0, 0], [1, 0, 2], [0, 2, 0]])
    law = np.asarray(theory.stationary_law(table))
    np.testing.assert_allclose(law, [1 / 6, 1 / 2, 1 / 3], atol=4 * EPS)
    graph = drawn(generator("law"), 7, 12, 1.0)
    steps = matrix(graph) / matrix(graph).sum(1, keepdims=True)
    law = np.asarray(theory.stationary_law(graph))
    np.testing.assert_allclose(law @ steps, law, atol=8 * EPS)


@pytest.mark.parametrize("way", ["whole", "columns"])
def test_a_label_left_out_is_one_that_was_never_there(way, monkeypatch):
    """A-C13 against solving anew without each label, in rational arithmetic; and by walks."""
    monkeypatch.setattr(leverages, "DENSE", 100 if way == "whole" else 0)
    rng = generator("left out")
    for trial in range(6):
        graph, labels = drawn(rng, 7, 11, 0.5), signs(rng, 7)
        pull = np.ones(7) if trial < 3 else rng.choice([0.25, 1.0, 2.0], 7)
        task = {"confidence": pull, "regularisation": 0.25}
        found = anomaly.of_classes(graph, labels, **task)
        table = matrix(graph)
        exact = np.array([float(without(table, labels, pull, 0.25, node)) for node in range(7)])
        support = np.asarray(found.support)
        # By columns the residuals are 1e-12, of systems with a condition below 200.
        slack = 1e3 * EPS if way == "whole" else 1e-9
        np.testing.assert_allclose(support[:, 1] - support[:, 0], exact, atol=slack)
        walk = theory.without_own_label(graph, labels, pull, regularisation=0.25)
        np.testing.assert_allclose(walk.solution, exact, atol=1e3 * EPS)
        np.testing.assert_allclose(walk.leverage, found.leverage, atol=slack)
        np.testing.assert_array_equal(found.labels, np.where(exact > 0, 1, -1))
        own = np.asarray(found.leverage)
        scores = np.asarray(found.scores)
        np.testing.assert_allclose((1 - own) * np.abs(exact - labels), scores, atol=slack)
        whole = exactly(table, labels, np.zeros(7, bool), pull, 0.25)
        apart = [abs(float(value) - label) for value, label in zip(whole, labels)]
        np.testing.assert_allclose(scores, apart, atol=slack)
        walked = theory.anomaly_scores(graph, labels, pull, regularisation=0.25)
        np.testing.assert_allclose(walked, apart, atol=1e3 * EPS)
        quick = anomaly.soft_harmonic(graph, labels, **task)
        np.testing.assert_allclose(quick, apart, atol=1e-8)
        assert found.converged and not found.tied.any()


def test_several_classes_are_each_against_the_rest():
    rng = generator("several")
    graph, names = drawn(rng, 9, 16, 0.5), np.array(list("abcabcabc"))
    task = {"confidence": 1.0, "regularisation": 0.5}
    found = anomaly.of_classes(graph, names, **task)
    support = np.asarray(found.support)
    for k, name in enumerate("abc"):
        one = np.where(names == name, 1.0, -1.0)
        apart = np.asarray(anomaly.soft_harmonic(problem.dense(graph), one, **task))
        np.testing.assert_allclose(np.asarray(found.scores)[names == name], apart[names == name])
        column = np.array([float(without(matrix(graph), names == name, np.ones(9), 0.5, i))
                           for i in range(9)])  # fmt: skip
        np.testing.assert_allclose(support[:, k], column, atol=1e3 * EPS)
    assert found.classes.tolist() == ["a", "b", "c"]
    np.testing.assert_array_equal(found.labels, found.classes[support.argmax(1)])


@pytest.mark.parametrize("way", ["whole", "columns"])
def test_a_row_on_a_faint_edge_keeps_the_digits_of_what_it_hangs_on(way, monkeypatch):
    """(l - h y) / (1 - h) has none left: both differences are 1e-20 of what they are of."""
    monkeypatch.setattr(leverages, "DENSE", 100 if way == "whole" else 0)
    graph = problem.Affinity([[0, 1], [1, 2], [0, 2], [0, 3]], [1.0, 2, 1, 2.0**-70])
    labels = np.array([1.0, 1, -1, -1])
    table = matrix(graph)
    for g in (0.0, 2.0**-80):
        found = anomaly.of_classes(graph, labels, confidence=1.0, regularisation=g)
        support = np.asarray(found.support)
        exact = float(without(table, labels, np.ones(4), g, 3))
        assert support[3, 1] - support[3, 0] == pytest.approx(exact, rel=1e-9) and exact > 0.1
        assert found.labels[3] == 1
        score = exactly(table, labels, np.zeros(4, bool), np.ones(4), g)[3] + 1
        assert float(found.scores[3]) == pytest.approx(float(score), rel=1e-9)


def test_scores_keep_to_their_bounds_and_attain_them():
    """A-C14: extremes over all labels of the others, by brute force, with unequal confidences."""
    rng = generator("bounds")
    for pull in (np.ones(6), np.array([0.5, 1, 0.25, 1, 0, 2])):
        graph = drawn(rng, 6, 9, 0.5)
        task = {"confidence": pull, "regularisation": 0.5}
        every = np.array([[1 - 2.0 * (row >> i & 1) for i in range(6)] for row in range(64)])
        solved = np.asarray(
            harmonic.soft(problem.dense(graph), every.T, pull, regularisation=0.5)
        ).T
        scores = np.abs(solved - every)
        ranges = np.asarray(theory.score_ranges(graph, pull, regularisation=0.5))
        np.testing.assert_allclose(scores.min(0), ranges[:, 0], atol=100 * EPS)
        np.testing.assert_allclose(scores.max(0), ranges[:, 1], atol=100 * EPS)
        found = anomaly.of_classes(graph, every[5], **task)
        np.testing.assert_allclose(found.lowest, ranges[:, 0], atol=100 * EPS)
        np.testing.assert_allclose(found.highest, ranges[:, 1], atol=100 * EPS)
        bounds = np.asarray(theory.score_bounds(pull, regularisation=0.5))
        np.testing.assert_allclose(found.bounds, bounds)
        assert scores.min() >= bounds[0] - 100 * EPS and scores.max() <= bounds[1] + 100 * EPS
    # The upper bound: a node that strong edges join to many of the other label.
    many = 1000
    star = problem.Affinity(np.stack([np.zeros(many, int), 1 + np.arange(many)], 1), [1e9] * many)
    labels = np.where(np.arange(many + 1) == 0, 1.0, -1.0)
    top = float(anomaly.of_classes(star, labels, confidence=1.0, regularisation=1.0).scores[0])
    assert 1.5 - 4 / many < top < 1.5


def test_isolated_rows_and_pure_components_have_the_least_score():
    """A-C14; with unequal confidences an isolated row has its own g / (c + g)."""
    edges = [[0, 1], [1, 2], [3, 4]]
    graph = problem.Affinity(edges, [1.0, 3, 2], nodes=6)
    labels = np.array([1.0, 1, 1, 1, -1, -1])
    found = anomaly.of_classes(graph, labels, confidence=1.0, regularisation=0.25)
    quick = np.asarray(anomaly.soft_harmonic(graph, labels, confidence=1.0, regularisation=0.25))
    for scores in (np.asarray(found.scores), quick):
        np.testing.assert_allclose(scores[[0, 1, 2, 5]], 0.2, rtol=1e-9)
        assert (scores[[3, 4]] > 0.5).all()
    assert found.tied[5] and not found.tied[:5].any()
    np.testing.assert_allclose(found.leverage[5], 0.8, rtol=4 * EPS)
    pull = np.array([1.0, 1, 1, 1, 1, 0.5])
    found = anomaly.of_classes(graph, labels, confidence=pull, regularisation=0.25)
    np.testing.assert_allclose(found.scores[5], 0.25 / 0.75)


def joined_to(toward, inside):
    """Two rows per class, joined inside by a weight, and a last row joined to the first of each."""
    edges = [[0, 1], [2, 3], [0, 4], [2, 4]]
    return problem.Affinity(edges, [inside[0], inside[1], toward[0], toward[1]])


def test_random_walks_by_hand():
    """A.d 10: s = (.6, .2), volumes (2, 1), priors .5."""
    graph = joined_to((0.6, 0.2), (1.0, 0.5))
    labels = np.array([1, 1, -1, -1, 1])
    reference = np.arange(5) < 4
    for background, value in (
        (0.0, 0.4324324324), (0.01, 0.4077471967), (0.1, 0.2693602694), (1.0, 0.0613026820),
    ):  # fmt: skip
        found = anomaly.random_walk(graph, labels, background=background, reference=reference)
        assert float(found[4]) == pytest.approx(value, abs=1e-9)
    even = anomaly.random_walk(graph, labels, reference=reference, priors=[0.5, 0.5])
    np.testing.assert_array_equal(even, anomaly.random_walk(graph, labels, reference=reference))
    found = anomaly.weighted_neighbours(graph, labels, reference=reference)
    assert float(found[4]) == pytest.approx(0.25)


def test_random_walks_are_stationary_laws_of_the_graphs_of_the_classes():
    """Each row is put into the graph of each class in turn, and a walk is sent over it."""
    rng = generator("class graphs")
    table = matrix(drawn(rng, 12, 40, 0.5))
    names = np.arange(12) % 3
    reference = rng.random(12) < 0.7
    reference[:3] = True
    priors = [0.2, 0.3, 0.5]
    options = {"background": 0.05, "reference": reference, "priors": priors}
    found = np.asarray(anomaly.random_walk(table, names, **options))
    for row in range(12):
        joint = []
        for k, prior in enumerate(priors):
            inside = np.flatnonzero(reference & (names == k) & (np.arange(12) != row))
            members = np.append(inside, row)
            law = np.zeros(1)
            if table[np.ix_(members, members)].any():
                law = np.asarray(theory.stationary_law(table[np.ix_(members, members)]))
            joint.append(prior * law[-1])
        other = sum(joint) - joint[names[row]]
        assert found[row] == pytest.approx(other / (0.05 + sum(joint)), abs=20 * EPS)


def test_odds_of_walks_and_neighbours_differ_by_mean_degrees():
    """A-C15: by exactly the factor, and which way it goes: own over other."""
    rng = generator("odds")
    graph = drawn(rng, 30, 300, 0.3)
    labels = signs(rng, 30)
    for priors in (None, [0.3, 0.7]):
        walk = np.asarray(anomaly.random_walk(graph, labels, priors=priors))
        near = np.asarray(anomaly.weighted_neighbours(graph, labels))
        factor = theory.walk_odds_factor(graph, labels, priors=priors)
        mixed = (near > 0) & (near < 1)
        assert mixed.sum() > 20
        odds = walk / (1 - walk) / (near / (1 - near))
        np.testing.assert_allclose(odds[mixed], np.asarray(factor.exact)[mixed], rtol=1e-11)
    # Four of one class that are tightly joined, ten of another loosely.
    names = np.arange(14) < 4
    table = np.where(names[:, None] & names, 1.0, 0.1)
    factor = theory.walk_odds_factor(table, names)
    mean = np.array([0.1 * 9, 1.0 * 3])  # mean degrees within classes
    np.testing.assert_allclose(factor.limit[:4], mean[1] / mean[0])
    np.testing.assert_allclose(factor.limit[4:], mean[0] / mean[1])


def test_faint_neighbours_count_by_their_weights():
    """A kernel without its matrix: a row 30 bandwidths away has weights of 1e-196."""
    points = np.array([[0.0], [1.0], [31.0], [-200.0]])
    kernel = problem.GaussianAffinity(points, 1.0)
    labels = np.array([1, -1, 1, -1])
    found = np.asarray(anomaly.weighted_neighbours(kernel, labels))
    one, two = np.exp(-(30.0**2) / 2), np.exp(-(31.0**2) / 2)
    np.testing.assert_allclose(found[2], one / (one + two), rtol=1e-12)
    assert found[3] == 0.5  # no weight that is a number: the share of the other class


def test_weighted_neighbours_are_those_of_scikit_learn():
    rng = generator("scikit neighbours")
    points, names = rng.normal(size=(60, 2)), rng.integers(0, 3, 60)
    new = np.arange(60) >= 40
    far = np.sqrt(((points[:, None] - points) ** 2).sum(-1))
    table = np.exp(-(far**2) / 2)
    # The graph of new rows and their 7 nearest of reference.
    near = np.sort(far[:, ~new], axis=1)[:, 6:7]
    kept = (far <= near) & new[:, None] & ~new
    table = np.where(kept | kept.T, table, 0)
    peer = KNeighborsClassifier(7, weights=lambda d: np.exp(-(d**2) / 2))
    chance = peer.fit(points[~new], names[~new]).predict_proba(points[new])
    found = np.asarray(anomaly.weighted_neighbours(table, names, reference=~new))[new]
    np.testing.assert_allclose(found, 1 - chance[np.arange(20), names[new]], atol=1e-12)


def test_agreement_is_what_every_pair_says():
    rng = generator("pairs")
    for size in (2, 3, 7, 40):
        for kinds in (2, 5, 1000):
            truth, score = rng.integers(0, kinds, size), rng.integers(0, kinds, size)
            truth[:2] = 0, 1
            told = [
                Fraction(int(np.sign((truth[i] - truth[j]) * (score[i] - score[j]))) + 1, 2)
                for i, j in combinations(range(size), 2)
                if truth[i] != truth[j]
            ]
            assert anomaly.agreement(truth, score) == float(sum(told) / len(told))
    truth, score = rng.random(500) < 0.2, rng.normal(size=500).round(1)
    assert anomaly.agreement(truth, score) == pytest.approx(roc_auc_score(truth, score), abs=1e-12)
    # Of log odds none tie, of probabilities all would.
    odds = np.array([800.0, 900, 1000])
    assert anomaly.agreement(odds, [1, 2, 3]) == 1 and anomaly.agreement([-np.inf, 0], [2, 1]) == 0
