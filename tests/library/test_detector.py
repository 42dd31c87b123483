"""The detector of unusual labels: fitted to arrays and frames, used by others' tools, refusals."""

import zlib

import numpy as np
import pytest
from sklearn.base import clone

from diversity_jax import columns
from diversity_jax.graph_learning import tables
from diversity_jax.graph_learning.detector import Detector

SWITCHED = [4, 31]


def draw(number=40):
    random = np.random.default_rng(zlib.crc32(b"detector"))
    points = random.normal(size=(number, 3)) + np.repeat([[0.0], [5.0]], number // 2, axis=0)
    labels = np.repeat(["low", "high"], number // 2)
    labels[SWITCHED] = "high", "low"
    return points, labels


POINTS, LABELS = draw()


class Series:
    """A column as frames have it."""

    def __init__(self, values):
        self.values = values

    def to_numpy(self):
        return np.asarray(self.values)


class Frame:
    """What is used of pandas' and polars' frames."""

    def __init__(self, **columns):
        self._columns = columns
        self.columns = list(columns)

    def __getitem__(self, name):
        return Series(self._columns[name])


def framed(points):
    return Frame(a=points[:, 0], b=points[:, 1], c=points[:, 2])


def refused(words, function, *arguments):
    with pytest.raises(ValueError) as raised:
        function(*arguments)
    message = str(raised.value)
    assert "\n" not in message and ", expected " in message and "; " in message, message
    assert all(word in message for word in words), message


def test_scores_are_those_of_the_table_and_labels_their_share():
    made = Detector(contamination=0.05).fit(POINTS, LABELS)
    table = {**{str(place): column for place, column in enumerate(POINTS.T)}, "kind": LABELS}
    np.testing.assert_array_equal(made.decision_scores_, tables.detect(table, label="kind").scores)
    np.testing.assert_array_equal(np.flatnonzero(made.labels_), SWITCHED)
    assert (
        made.labels_.dtype.kind == "i" and (made.decision_scores_[SWITCHED] > made.threshold_).all()
    )
    assert made.classes_.tolist() == ["high", "low"]


def test_arrays_frames_and_mappings_are_alike():
    made = [
        Detector().fit(given, labels)
        for given, labels in (
            (POINTS, LABELS),
            (framed(POINTS), Series(LABELS)),
            (dict(zip("abc", POINTS.T.tolist())), LABELS.tolist()),
            (POINTS.tolist(), tuple(LABELS)),
        )
    ]
    for other in made[1:]:
        np.testing.assert_array_equal(other.decision_scores_, made[0].decision_scores_)
    found = made[1].decision_function(framed(POINTS[:3]), LABELS[:3])
    np.testing.assert_array_equal(made[0].decision_function(POINTS[:3], LABELS[:3]), found)


@pytest.mark.parametrize("score", ["soft", "left-out", "neighbours"])
def test_further_rows_are_judged_one_by_one(score):
    made = Detector(score=score, neighbours=5).fit(POINTS, LABELS)
    others = np.array([[0.0, 0, 0], [5, 5, 5], [0, 0, 0], [5, 5, 5]])
    found = made.decision_function(others, ["low", "high", "high", "low"])
    assert found[:2].max() < found[2:].min()
    alone = [made.decision_function([row], [label])[0] for row, label in zip(others, LABELS[:1])]
    np.testing.assert_array_equal(alone, found[:1])
    flags = made.predict(others, ["low", "high", "high", "low"])
    np.testing.assert_array_equal(flags, found > made.threshold_)


def test_rows_far_from_all_others_are_not_judged():
    made = Detector(confidence=2.0, regularisation=0.5).fit(POINTS, LABELS)
    far = made.decision_function([[1e9, 0, 0]] * 2, ["low", "high"])
    inside = made.decision_function([[0.0, 0, 0]] * 2, ["low", "high"])
    np.testing.assert_allclose(far, 0.5 / (2 + 0.5), rtol=1e-12)
    assert inside[1] > 2 * inside[0]


def test_a_level_that_was_not_there_is_as_far_from_all():
    levels = np.tile(["p", "q"], 20)
    table = {"a": POINTS[:, 0], "c": levels}
    made = Detector().fit(table, LABELS)
    row = made.encoding_.padded(
        made.encoding_.encode(columns.given("table", dict(a=[0.0] * 2, c=["p", "q"])))
    )
    new = made.encoding_.encode(columns.given("table", dict(a=[0.0], c=["r"])), strangers=True)
    np.testing.assert_allclose(((row - new) ** 2).sum(1), 2)
    np.testing.assert_allclose(((row[0] - row[1]) ** 2).sum(), 2)
    assert np.isfinite(made.decision_function({"a": [0.0], "c": ["r"]}, ["low"])).all()


@pytest.mark.parametrize("score, least", [("soft", 1.0), ("left-out", 1.0), ("neighbours", 0.5)])
def test_outvoted_rows_are_unusual_where_nothing_is_said_of_their_share(score, least):
    made = Detector(contamination="auto", score=score).fit(POINTS, LABELS)
    assert made.threshold_ == least and clone(made).contamination == "auto"
    np.testing.assert_array_equal(made.labels_, made.decision_scores_ > least)
    found = np.flatnonzero(made.labels_).tolist()
    # By the soft score a row's own label has a vote too.
    assert found == SWITCHED or (score == "soft" and found == SWITCHED[:1])


def test_options_are_read_set_and_cloned():
    made = Detector(contamination=0.2, keep=("a",))
    assert Detector(**made.get_params()).get_params() == made.get_params()
    assert clone(made).get_params(deep=False) == made.get_params()
    assert made.set_params(neighbours=3) is made and made.neighbours == 3
    assert "neighbours=3" in repr(made) and eval(repr(made), {"Detector": Detector})
    before = made.get_params()
    refused(["option", "'neighbors'", "neighbours"], lambda: made.set_params(levels=9, neighbors=4))
    assert made.get_params() == before


def test_options_set_later_do_not_change_what_was_fitted():
    made = Detector().fit(POINTS, LABELS)
    before = made.decision_function(POINTS[:4], LABELS[:4])
    made.set_params(neighbours=2, score="neighbours", confidence=9.0)
    np.testing.assert_array_equal(made.decision_function(POINTS[:4], LABELS[:4]), before)


def test_a_refusal_leaves_what_was_fitted():
    made = Detector().fit(POINTS, LABELS)
    before = made.decision_scores_
    refused(["y", "one class only"], made.fit, POINTS, ["low"] * 40)
    assert made.decision_scores_ is before


def test_input_that_cannot_be_is_named():
    fit = Detector().fit
    refused(["y", "39 labels for 40 rows"], fit, POINTS, LABELS[1:])
    refused(["y", "missing label in row 2"], fit, POINTS, [LABELS[0], None, *LABELS[2:]])
    refused(["y", "shape (40, 1)"], fit, POINTS, LABELS[:, None])
    refused(["y", "40 different numbers"], fit, POINTS, POINTS[:, 0])
    refused(["X", "shape (40,)"], fit, POINTS[:, 0], LABELS)
    refused(["X", "no cell"], fit, POINTS[:0], LABELS[:0])
    refused(["X", "3 rows", "at least 4"], fit, POINTS[:3], LABELS[:3])
    refused(
        ["missing value in column 1, row 1"],
        fit,
        np.where(POINTS[0, 1] == POINTS, np.nan, POINTS),
        LABELS,
    )
    refused(
        ["inf in column 1, row 1"], fit, np.where(POINTS[0, 1] == POINTS, np.inf, POINTS), LABELS
    )
    refused(["contamination", "0.6"], Detector(contamination=0.6).fit, POINTS, LABELS)
    for bad in (0, "Auto", True, np.nan):
        words = ["contamination", repr(bad), "(0, 0.5], or 'auto'"]
        refused(words, Detector(contamination=bad).fit, POINTS, LABELS)
    judge = Detector().fit(POINTS, np.where(LABELS == "low", "1", "2")).decision_function
    refused(["y", "'01' in row 2", "1, 2"], judge, POINTS[:2], ["1", "01"])
    refused(["score", "'hard'"], Detector(score="hard").fit, POINTS, LABELS)


def test_further_rows_that_cannot_be_are_named():
    judge = Detector().fit(POINTS, LABELS).decision_function
    refused(["detector", "call fit"], Detector().decision_function, POINTS, LABELS)
    refused(["y", "'middle' in row 2", "high, low"], judge, POINTS[:2], ["low", "middle"])
    refused(["y", "a missing label in row 1"], judge, POINTS[:2], ["", "low"])
    refused(["column", "'2'"], judge, POINTS[:2, :2], LABELS[:2])
    refused(["X", "4 columns", "3"], judge, [[1.0, 2.0, 2.0, 0.0]], ["low"])
    refused(["the text 'x' in column 1, row 1"], judge, [[1.0, "x", 2.0]], ["low"])
