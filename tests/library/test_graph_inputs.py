"""Bad input of graph learning: one clear error each, with what is wrong and how to mend it."""

import zlib

import jax
import numpy as np
import pytest
import scipy.sparse as sparse

from diversity_jax.graph_learning import (
    affinity,
    baselines,
    classes,
    harmonic,
    max_margin,
    outskirts,
    problem,
    theory,
    tuning,
)

POINTS = np.random.default_rng(zlib.crc32(b"inputs")).normal(size=(8, 2))
TABLE = np.asarray(affinity.gaussian(POINTS, bandwidth=1.0))
HELD = np.arange(8) < 3
LABELS = np.array([1.0, -1, 1, 0, 0, 0, 0, 0])
NAMES = np.array(["yes", "no", "yes", "", "", "", "", ""])
PARTS = problem.Affinity([[0, 1], [1, 2], [3, 4], [5, 6], [6, 7]], np.ones(5))


def refused(words, function, *arguments, **options):
    """One line with all of the words: argument, got, expected, fix."""
    with pytest.raises(ValueError) as raised:
        function(*arguments, **options)
    message = str(raised.value)
    assert "\n" not in message and ", expected " in message and "; " in message, message
    for word in words:
        assert word in message, (word, message)


def hard(affinity=TABLE, labels=LABELS, labelled=HELD, regularisation=0.1, **options):
    return harmonic.hard(affinity, labels, labelled, regularisation=regularisation, **options)


def test_labels_that_are_none_or_no_labels():
    refused(["labelled", "no node", "at least one"], hard, labelled=HELD & False)
    refused(["labelled", "int64", "booleans"], hard, labelled=np.arange(8))
    refused(["labelled", "(7,)"], hard, labelled=HELD[:7])
    refused(["labels", "2", "-1 to 1", "classes.encode"], hard, labels=LABELS * 2)
    refused(["labels", "NaN at node 1"], hard, labels=np.where(np.arange(8) == 1, np.nan, LABELS))
    refused(["labels", "<U", "numbers"], hard, labels=NAMES)
    refused(["labels", "(8, 1, 1)"], hard, labels=LABELS[:, None, None])
    refused(["confidence", "zero everywhere"], harmonic.soft, TABLE, LABELS, 0.0, regularisation=1)
    refused(["confidence", "-1"], harmonic.soft, TABLE, LABELS, -1.0, regularisation=1)
    refused(["confidence", "(3,)"], harmonic.soft, TABLE, LABELS, [1.0] * 3, regularisation=1)


def test_classes_that_are_one_or_unknown():
    refused(["labels", "one class only", "yes"], classes.encode, NAMES, np.arange(8) == 0)
    words = ["labels", "'no' at node 1", "['yes', 'maybe']"]
    refused(words, classes.encode, NAMES, HELD, classes=["yes", "maybe"])
    refused(["labels", "empty label or NaN at node 3"], classes.encode, NAMES, HELD | True)
    refused(["labels", "NaN at node 1"], classes.encode, [1.0, np.nan], [True, True])
    refused(["classes", "each class once"], classes.encode, NAMES, HELD, classes=["yes", "yes"])
    refused(["labels", "(5,)", "(8)"], classes.classify, PARTS, NAMES[:5], HELD[:5])
    refused(["shares", "(3,)"], classes.mass_normalised, np.ones((8, 2)), HELD, shares=[1.0] * 3)
    for mixed in ([1, "a", "a"], ["a", 2.0, "1"], [np.nan, "a", "b"]):
        told = ["labels", "NaN at node 0"] if mixed[0] is np.nan else ["labels", "of type", "str("]
        for form in (list, lambda each: np.array([*each, None], object)[:-1]):
            refused(told, classes.encode, form(mixed), [True] * 3)
            refused(told, outskirts.fringe, np.eye(3), form(mixed))
    refused(
        ["labels", "empty label or NaN at node 1"], classes.encode, ["a", None, "b"], [True] * 3
    )
    columns, order = classes.encode(["b", None, 1, "a"], [True, False, False, True])
    assert order.tolist() == ["a", "b"] and columns[:, 0].tolist() == [0, 0, 0, 1]
    # A class that is named but has no label is a column of zeros, not an error.
    columns, order = classes.encode(NAMES, HELD, classes=["maybe", "no", "yes"])
    assert order.tolist() == ["maybe", "no", "yes"] and columns.sum(0).tolist() == [0, 1, 2]


def test_components_without_a_label_are_named_at_zero_regularisation():
    words = ["regularisation", "0 with 2 components without a label", "2 nodes (3, 4)"]
    words.append("3 nodes (5, 6, 7)")
    for given in (PARTS, problem.dense(PARTS), sparse.csr_array(np.asarray(problem.dense(PARTS)))):
        refused(words, hard, given, regularisation=0)
        found = hard(given, regularisation=1e-9)
        assert (np.asarray(found)[3:] == 0).all() and np.isfinite(found).all()
    refused(words[:1], harmonic.soft, PARTS, LABELS, HELD * 1.0, regularisation=0)
    faint = problem.Affinity(PARTS.edges, np.where(np.arange(5) == 1, 0.0, 1.0), nodes=8)
    refused(
        ["3 components", "1 node (2)"], hard, faint, labelled=np.arange(8) < 2, regularisation=0
    )
    many = np.where(np.arange(8) > 2, 0.0, 1.0)
    found = np.asarray(hard(PARTS, regularisation=0, multiplicities=many))
    assert (found[3:] == 0).all()  # nodes that are not there need no label
    refused(["regularisation", "node", "3"], theory.hard_absorption, PARTS, HELD, regularisation=0)


def test_affinities_that_are_none():
    skew = TABLE.copy()
    skew[1, 2] = 0.9
    for given in (skew, sparse.csr_array(skew)):
        refused(["affinity", "0.9 at (1, 2)", "at (2, 1)", "symmetric"], hard, given)
    refused(["affinity", "-0.49", "zero or more"], hard, TABLE - 0.5 * (TABLE < 1))
    refused(["affinity", "NaN"], hard, np.where(TABLE < 1, TABLE, np.nan))
    refused(["affinity", "(8, 2)", "square"], hard, POINTS)
    refused(["affinity", "square"], hard, np.zeros((0, 0)))
    refused(["regularisation", "-1"], hard, regularisation=-1)
    refused(["multiplicities", "-1"], hard, multiplicities=LABELS)
    refused(["tolerance", "between 0 and 1"], hard, tolerance=0.0)
    refused(["most", "integer"], hard, most=0)
    refused(["method", "host"], hard, method="gpu")
    edges = [[0, 1], [1, 2]]
    refused(["weights", "-1"], problem.Affinity, edges, [1.0, -1])
    refused(["weights", "(1,)"], problem.Affinity, edges, [1.0])
    refused(["edges", "[0, 1] in rows 0 and 2"], problem.Affinity, [*edges, [0, 1]], np.ones(3))
    words = ["weights", "1 at (0, 1) and 2 at (1, 0)"]
    refused(words, problem.Affinity, [*edges, [1, 0]], [1.0, 1, 2])
    refused(["edges", "(2, 1)"], problem.Affinity, [[0], [1]], np.ones(2))
    refused(["edges", "-1"], problem.Affinity, [[-1, 0]], [1.0])
    refused(["nodes", "2"], problem.Affinity, edges, np.ones(2), nodes=2)
    both = problem.Affinity([[2, 1], [1, 0], [0, 1], [2, 2]], [3.0, 1, 1, 9])
    assert both.edges.tolist() == [[0, 1], [1, 2]] and both.weights.tolist() == [1, 3]


def test_points_and_bandwidths_that_are_none():
    bad = POINTS.copy()
    bad[0, 0] = np.nan
    for function, options in (
        (affinity.nearest, {"neighbours": 2}),
        (affinity.gaussian, {"bandwidth": 1.0}),
        (affinity.deviation_bandwidth, {}),
    ):
        refused(["points", "finite"], function, bad, **options)
    refused(["points", "one row"], affinity.nearest, POINTS[:1], neighbours=1)
    refused(["neighbours", "8", "1 to 7"], affinity.nearest, POINTS, neighbours=8)
    refused(["bandwidth", "0"], affinity.nearest, POINTS, neighbours=2, bandwidth=0.0)
    refused(["bandwidth", "-1"], affinity.gaussian, POINTS, bandwidth=-1.0)
    refused(["points", "all alike"], affinity.deviation_bandwidth, np.ones((4, 2)))
    # Of which the rounding of the mean would leave a deviation.
    refused(["points", "all alike"], affinity.deviation_bandwidth, np.full((10, 2), 0.1))
    with pytest.raises(ValueError, match="traced"):
        jax.jit(lambda x: affinity.nearest(x, neighbours=2).weights)(POINTS)


def of_scale(power, kind):
    """All that is made of points and their distances, in units of the scale."""
    points, width = np.ldexp(POINTS, power).astype(kind), float(np.ldexp(1.0, power))
    near = affinity.neighbourhood(points, neighbours=3)
    cut = max_margin.graph_cut(points, near.even(), NAMES, HELD, regularisation=0.1, penalty=1.0,
                               kernel="gaussian", bandwidth=width)  # fmt: skip
    slopes = tuning.loss_and_slopes(near, LABELS, HELD, np.arange(8) == 0, bandwidth=width,
                                    regularisation=0.1)  # fmt: skip
    kernel = problem.GaussianAffinity(points, width)
    return (
        np.sqrt(np.asarray(near.squares, float)) * near.unit / width,
        near.reaches(neighbours=2) / width,
        near.self_tuned(neighbours=3).weights,
        near.gaussian(width).weights,
        traced_weights(near, width),
        affinity.gaussian(points, bandwidth=width),
        affinity.deviation_bandwidth(points) / width,
        hard(kernel),
        slopes[1],
        cut.decisions(points),
        baselines.discriminant(points, np.arange(8) % 2),
    )


def traced_weights(near, width):
    return jax.jit(lambda traced: near.gaussian(traced).weights)(width)


@pytest.mark.parametrize("kind, powers", [(np.float64, (-990, 1000)), (np.float32, (-110, 110))])
def test_points_of_any_scale_have_the_same_weights(kind, powers):
    base = of_scale(0, kind)
    for power in powers:
        for one, other in zip(of_scale(power, kind), base):
            np.testing.assert_allclose(one, other, rtol=1e-12 if kind is np.float64 else 1e-6)


def test_bandwidths_of_another_scale_than_the_points_have_their_limits():
    twice = np.concatenate([POINTS, POINTS])
    same = np.equal.outer(np.arange(16) % 8, np.arange(16) % 8) * 1.0
    for scale, bandwidth, wanted in ((1e300, 1e-100, same), (1e-300, 1e100, np.ones((16, 16)))):
        found = affinity.gaussian(twice * scale, bandwidth=bandwidth)
        np.testing.assert_array_equal(found, wanted)
        near = affinity.neighbourhood(twice * scale, neighbours=1)
        np.testing.assert_array_equal(near.gaussian(bandwidth).weights, 1)
        np.testing.assert_array_equal(traced_weights(near, bandwidth), 1)
        kernel = problem.GaussianAffinity(twice * scale, bandwidth)
        values = hard(kernel, np.tile(LABELS, 2), np.arange(16) < 8, regularisation=1e-9)
        mean = LABELS[:3] if bandwidth < 1 else np.mean(LABELS)
        np.testing.assert_allclose(values[8:11], mean, atol=1e-6)


def test_rows_given_many_times_are_neighbours_and_a_component_of_their_own():
    rows = np.concatenate([POINTS, np.ones((4, 2)) * 9])
    graph = affinity.nearest(rows, neighbours=3, bandwidth=1.0)
    held = np.arange(12) < 3
    labels = np.where(held, 1.0, 0.0)
    refused(["4 nodes (8, 9, 10, 11)"], hard, graph, labels, held, regularisation=0)
    one = harmonic.hard([[1.0]], [1.0], [True], regularisation=0.0)
    assert one.tolist() == [1.0]  # a graph of one node


def test_tuning_and_members_and_margins():
    near = affinity.neighbourhood(POINTS, neighbours=3)
    task = {"bandwidth": 1.0, "regularisation": 0.1}
    refused(["held_out", "node 5"], tuning.loss, near, LABELS, HELD, np.arange(8) == 5, **task)
    refused(["held_out", "all labelled"], tuning.loss, near, LABELS, HELD, HELD, **task)
    refused(["folds", "none"], tuning.tune, near, LABELS, HELD, [], **task)
    start = {"bandwidth": 1.0, "regularisation": 0.0}
    refused(["regularisation", "above zero"], tuning.tune, near, LABELS, HELD, [HELD], **start)
    refused(["labelled", "one labelled node of class"], tuning.folds, LABELS, HELD)
    sizes = {"regularisation": 0.1, "multiplicities": np.ones(8)}
    member = (harmonic.member_labels, LABELS, [1.0, 1.0], [0, 8], TABLE, 1.0)
    refused(["groups", "8", "0 to 7"], *member, **sizes)
    member = (harmonic.member_labels, LABELS, [1.0, 1.0], [0, 0], TABLE, 1.0)
    refused(["multiplicities", "1 at group 0 with 2 members"], *member, **sizes)
    cut = (max_margin.graph_cut, POINTS, TABLE, NAMES, HELD)
    refused(["threshold", "[0, 1)"], *cut, regularisation=0.1, penalty=1.0, threshold=1.0)
    refused(["penalty", "> 0"], *cut, regularisation=0.1, penalty=0.0)
    refused(["kernel", "gaussian"], *cut, regularisation=0.1, penalty=1.0, kernel="gausian")
    refused(["bandwidth", "none"], *cut, regularisation=0.1, penalty=1.0, kernel="gaussian")
    refused(["points", "(5, 2)"], max_margin.supervised, POINTS[:5], NAMES, HELD, penalty=1.0)


def test_theory_refuses_what_it_does_not_cover():
    task = {"regularisation": 0.1}
    refused(
        ["unlabelled_confidence", "1.5"], theory.norm_bound, 2, unlabelled_confidence=1.5, **task
    )
    refused(["labelled", "> 0"], theory.paper_norm_bound, 0, **task)
    none = {"regularisation": 0.0, "unlabelled_confidence": 0.5}
    refused(["regularisation", "> 0"], theory.paper_quantised_bound, 2, 1.0, **none)
    refused(["labelled", "all nodes"], theory.hard_bound, TABLE, HELD | True, **task)
    refused(["weight", "0.1"], theory.norm_counterexample, weight=0.1)
    refused(["failure", "(0, 1)"], theory.risk_bound, 0.1, 3, 0.1, failure=1.0)
    refused(["confidence", "(3,)"], theory.soft_absorption, TABLE, np.ones(3), **task)
    task["multiplicities"] = HELD * 1.0
    refused(["multiplicities", "> 0"], theory.hard_absorption, TABLE, HELD, **task)
