"""Bad input of anomaly scores: one clear error each; traced values; derivatives."""

import zlib
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from diversity_jax import seeds
from diversity_jax.graph_learning import (
    affinity,
    anomaly,
    baselines,
    detector,
    leverages,
    outskirts,
    problem,
    settings,
    tables,
    theory,
)
from diversity_jax.mixtures import GaussianMixture
from tests.library.test_graph_inputs import refused

POINTS = np.random.default_rng(zlib.crc32(b"anomaly inputs")).normal(size=(8, 2))
TABLE = np.asarray(affinity.gaussian(POINTS, bandwidth=1.0))
SIGNS = np.array([1.0, -1, 1, 1, -1, 1, -1, -1])
NAMES = np.where(SIGNS > 0, "yes", "no")
TASK = {"confidence": 1.0, "regularisation": 1.0}
KEY = seeds.root(3)


def test_labels_that_are_no_signs_or_no_classes():
    refused(["labels", "-1 or 1", "of_classes"], anomaly.soft_harmonic, TABLE, SIGNS * 0, **TASK)
    refused(["labels", "<U", "numbers"], anomaly.soft_harmonic, TABLE, NAMES, **TASK)
    refused(["labels", "(7,)", "(8)"], anomaly.soft_harmonic, TABLE, SIGNS[:7], **TASK)
    holes = np.where(np.arange(8) == 2, np.nan, SIGNS)
    refused(["labels"], anomaly.soft_harmonic, TABLE, holes, **TASK)
    refused(["labels", "NaN at node 2"], anomaly.of_classes, TABLE, holes, **TASK)
    empty = np.where(np.arange(8) == 5, "", NAMES)
    one = np.full(8, "yes")
    for function, options in (
        (anomaly.of_classes, TASK),
        (anomaly.random_walk, {}),
        (anomaly.weighted_neighbours, {}),
    ):
        refused(["labels", "empty label or NaN at node 5"], function, TABLE, empty, **options)
        refused(["labels", "one class only", "yes"], function, TABLE, one, **options)
        refused(["labels", "(7,)", "(8)"], function, TABLE, NAMES[:7], **options)
        refused(["labels", "one class only"], function, [[0.0]], ["yes"], **options)


def test_confidences_and_regularisations_that_are_none():
    for function in (anomaly.soft_harmonic, anomaly.of_classes):
        none = {"regularisation": 1.0}
        refused(["confidence", "zero every"], function, TABLE, SIGNS, confidence=0.0, **none)
        refused(["confidence", "-1"], function, TABLE, SIGNS, confidence=-1.0, **none)
        refused(["confidence", "(3,)"], function, TABLE, SIGNS, confidence=[1.0] * 3, **none)
        refused(
            ["regularisation", "-1"], function, TABLE, SIGNS, confidence=1.0, regularisation=-1.0
        )
        parts = problem.Affinity([[0, 1], [2, 3]], [1.0, 1], nodes=8)
        sure = np.where(np.arange(8) < 2, 1.0, 0.0)
        words = ["regularisation", "0 with 5 components", "2 nodes (2, 3)"]
        refused(words, function, parts, SIGNS, confidence=sure, regularisation=0.0)


def test_affinities_that_are_none_or_too_large(monkeypatch):
    skew = TABLE.copy()
    skew[1, 2] = 0.9
    for function, options in (
        (anomaly.soft_harmonic, TASK),
        (anomaly.of_classes, TASK),
        (anomaly.random_walk, {}),
        (outskirts.fringe, {}),
    ):
        refused(["affinity", "0.9 at (1, 2)"], function, skew, SIGNS, **options)
        refused(["affinity", "NaN"], function, np.where(TABLE < 1, TABLE, np.nan), SIGNS, **options)
    monkeypatch.setattr(leverages, "LARGEST", 7)
    kernel = problem.GaussianAffinity(POINTS, 1.0)
    words = ["affinity", "a kernel of 8 points", "at most 7", "affinity.nearest"]
    refused(words, anomaly.of_classes, kernel, SIGNS, **TASK)
    assert anomaly.soft_harmonic(kernel, SIGNS, **TASK).shape == (8,)


def test_priors_backgrounds_and_references_that_are_none():
    refused(["background", "-1"], anomaly.random_walk, TABLE, NAMES, background=-1.0)
    refused(["priors", "(3,)", "(2)"], anomaly.random_walk, TABLE, NAMES, priors=[0.2, 0.3, 0.5])
    refused(["priors", "sum to 0.9"], anomaly.random_walk, TABLE, NAMES, priors=[0.2, 0.7])
    for function in (anomaly.random_walk, anomaly.weighted_neighbours):
        for bad, words in (
            (np.arange(8) < 0, ["0 rows", "at least one true"]),
            (np.arange(8), ["int64", "booleans"]),
            (np.ones(7, bool), ["(7,)"]),
        ):
            refused(["reference", *words], function, TABLE, NAMES, reference=bad)


def test_agreements_of_nothing():
    refused(["truth", "3 rows of one truth"], anomaly.agreement, [1, 1, 1], [1, 2, 3])
    refused(["truth", "1 rows of one truth"], anomaly.agreement, [1.0], [1.0])
    refused(["truth", "0 rows"], anomaly.agreement, [], [])
    refused(["truth", "NaN"], anomaly.agreement, [np.nan, 1], [1, 2])
    refused(["score", "NaN"], anomaly.agreement, [0, 1], [1, np.nan])
    refused(["score", "(3,)", "(2)"], anomaly.agreement, [0, 1], [1, 2, 3])
    refused(["score", "<U1", "numbers"], anomaly.agreement, [0, 1], ["a", "b"])


def test_tables_of_baselines_that_do_not_fit():
    discriminant, machine, one_class = (
        baselines.discriminant,
        baselines.machine,
        baselines.one_class,
    )
    flat = np.column_stack([POINTS, POINTS[:, 0]])
    words = ["points", "4 rows of class 'no'", "2 of 3 directions", "shrinkage"]
    refused(words, discriminant, flat, NAMES)
    assert np.isfinite(discriminant(flat, NAMES, shrinkage=0.01)).all()
    tiny = discriminant(POINTS * 2.0**-200, NAMES)
    np.testing.assert_allclose(tiny, discriminant(POINTS, NAMES), rtol=1e-9)
    far = machine(POINTS + 2.0**20, NAMES, bandwidth=1.0)
    np.testing.assert_allclose(far, machine(POINTS, NAMES, bandwidth=1.0), atol=1e-6)
    refused(["shrinkage", "2"], discriminant, POINTS, NAMES, shrinkage=2.0)
    refused(["new_labels", "none"], discriminant, POINTS, NAMES, POINTS)
    refused(["new_labels", "'maybe' at row 1"], discriminant, POINTS, NAMES, POINTS[:2],
            ["no", "maybe"])  # fmt: skip
    refused(["new_points", "(8, 1)"], discriminant, POINTS, NAMES, POINTS[:, :1], NAMES)
    refused(["points", "NaN"], discriminant, POINTS * np.nan, NAMES)
    refused(["labels", "(7,)"], machine, POINTS, NAMES[:7], bandwidth=1.0)
    refused(["bandwidth", "0"], machine, POINTS, NAMES, bandwidth=0.0)
    refused(["cost", "-1"], machine, POINTS, NAMES, bandwidth=1.0, cost=-1.0)
    refused(["share", "0"], one_class, POINTS, NAMES, bandwidth=1.0, share=0.0)
    refused(["labels", "one class only"], one_class, POINTS, ["a"] * 8, bandwidth=1.0)


def test_settings_that_are_none():
    pair = settings.pair("ringed")
    refused(["name", "rings", "ringed"], settings.pair, "rings")
    refused(["each", "0"], settings.draw, KEY, pair, each=0)
    refused(["switched", "2"], settings.draw, KEY, pair, each=3, switched=2.0)
    refused(["times", "0"], settings.core, KEY, times=0)
    refused(["labels", "-1 or 1"], settings.log_odds, pair, POINTS, np.zeros(8))
    refused(["labels", "(3,)"], settings.log_odds, pair, POINTS, np.ones(3))
    drawn = settings.draw(KEY, pair, each=3)
    refused(["second", "Labelled and Core"], settings.joined, drawn, settings.core(KEY))


def test_theory_refuses_what_it_does_not_cover():
    task = {"regularisation": 0.5}
    refused(["labels", "-1 or 1"], theory.anomaly_scores, TABLE, SIGNS * 2, 1.0, **task)
    refused(["labels", "(3,)"], theory.without_own_label, TABLE, SIGNS[:3], 1.0, **task)
    refused(["confidence", "zero"], theory.score_bounds, 0.0, regularisation=0.0)
    refused(["confidence", "-1"], theory.score_bounds, -1.0, **task)
    refused(["affinity", "no edge"], theory.stationary_law, np.zeros((3, 3)))
    refused(["labels", "1 classes"], theory.walk_odds_factor, TABLE, np.ones(8))
    refused(["affinity", "class 1.0 without an edge"], theory.walk_odds_factor,
            problem.Affinity([[1, 4]], [1.0], nodes=8), SIGNS)  # fmt: skip
    refused(["priors", "> 0"], theory.walk_odds_factor, TABLE, SIGNS, priors=[0.0, 1.0])
    one = GaussianMixture.isotropic([1.0], [[0.0]], 1.0)
    refused(["bandwidth", "> 0"], theory.mean_similarity, one, bandwidth=0.0)
    refused(["share", "1.0"], theory.population_odds_factor, one, one, bandwidth=1.0, share=1.0)


def test_soft_harmonic_scores_may_be_traced_and_others_say_that_they_may_not():
    def total(table, labels, strength):
        return anomaly.soft_harmonic(table, labels, confidence=1.0, regularisation=strength)

    run = jax.jit(total)
    exact = anomaly.soft_harmonic(TABLE, SIGNS, **TASK)
    np.testing.assert_allclose(run(TABLE, jnp.asarray(SIGNS), 1.0), exact, atol=1e-12)
    slope = jax.jvp(lambda g: run(TABLE, jnp.asarray(SIGNS), g), (1.0,), (1.0,))[1]
    ends = [np.asarray(total(TABLE, SIGNS, 1 + step)) for step in (1e-5, -1e-5)]
    np.testing.assert_allclose(slope, (ends[0] - ends[1]) / 2e-5, atol=1e-8)
    assert np.isnan(run(TABLE, jnp.asarray(SIGNS) / 2, 1.0)).all()
    for function, options in (
        (anomaly.of_classes, TASK),
        (anomaly.random_walk, {}),
        (anomaly.weighted_neighbours, {}),
        (outskirts.fringe, {}),
    ):
        run = partial(function, **options)
        with pytest.raises(ValueError, match="traced values"):
            jax.jit(run)(TABLE, SIGNS)
        with pytest.raises(ValueError, match="traced values"):
            jax.jit(partial(run, TABLE))(SIGNS)
    with pytest.raises(ValueError, match="traced values"):
        jax.jit(outskirts.isolation)(TABLE)
    with pytest.raises(ValueError, match="traced values"):
        jax.jit(lambda x: anomaly.agreement(SIGNS, x))(SIGNS)


def test_rows_that_nobody_is_joined_to_and_duplicates_have_an_answer():
    """Two rows given twice with two labels, and one far from all, at any scale and offset."""
    rows = np.concatenate([POINTS, POINTS[:1], [[1e4, 1e4]]])
    names = np.append(NAMES, ["no", "yes"])
    for unit, shift in ((1.0, 0.0), (2.0**-300, 0.0), (2.0**300, 0.0), (1.0, 2.0**20)):
        table = affinity.gaussian((rows + shift) * unit, bandwidth=unit)
        found = anomaly.of_classes(table, names, **TASK)
        assert bool(found.tied[9]) and float(found.scores[9]) == pytest.approx(0.5)
        assert float(found.scores[0]) > 0.7 < float(found.scores[8])
        walk, near = anomaly.random_walk(table, names), anomaly.weighted_neighbours(table, names)
        assert float(walk[9]) == float(near[9]) == 0.5  # the share of the other class
        assert float(anomaly.random_walk(table, names, background=0.1)[9]) == 0
        assert (
            float(outskirts.isolation(table)[9]) == 1
            and float(outskirts.fringe(table, names)[9]) == 0
        )
    none = np.zeros((10, 10))
    np.testing.assert_array_equal(outskirts.isolation(none), 1)
    np.testing.assert_allclose(anomaly.of_classes(none, names, **TASK).scores, 0.5)
    surely = anomaly.of_classes(none, names, confidence=1.0, regularisation=0.0)
    np.testing.assert_array_equal(surely.scores, 0)
    np.testing.assert_array_equal(surely.support, 0)


def test_single_precision_is_returned_as_given_and_solved_to_what_it_can_hold():
    with jax.enable_x64(False):
        graph = affinity.nearest(POINTS, neighbours=3, bandwidth=1.0)
        exact = np.asarray(anomaly.of_classes(graph, SIGNS, **TASK).scores)
        found = anomaly.soft_harmonic(graph, SIGNS, **TASK)

        def run(strength):
            return anomaly.soft_harmonic(graph, SIGNS, confidence=1.0, regularisation=strength)

        traced = jax.jit(run)(1.0)
    assert found.dtype == traced.dtype == exact.dtype == np.float32
    np.testing.assert_allclose(found, exact, rtol=4 * np.finfo(np.float32).eps)
    # A residual of 1e-5, of a system with a condition below 10.
    np.testing.assert_allclose(traced, exact, atol=1e-4)


def test_a_solve_that_fails_is_no_ranking():
    rng = np.random.default_rng(0)
    table = {"x": rng.normal(size=40), "c": ["a", "b"] * 20}
    with pytest.raises(ValueError, match="a solve that converges"):
        tables.detect(table, label="c", confidence=1e-17, regularisation=1e-17)


def test_a_detector_judges_rows_far_away_and_refuses_others_columns():
    """A square that overflowed made them NaN, and NaN is not above a threshold."""
    rng = np.random.default_rng(0)
    classes = np.arange(60) % 2
    points = rng.normal(size=(60, 2)) + 6 * classes[:, None]
    fitted = detector.Detector(score="soft").fit(points, classes)
    far = fitted.decision_function(np.array([[1e200, 0.0], [1e160, 1.0]]), [0, 1])
    assert np.isfinite(far).all()
    with pytest.raises(ValueError, match="X: got 3 columns"):
        fitted.decision_function(np.zeros((2, 3)), [0, 1])


def test_integers_that_are_one_floating_number_are_ranked_apart():
    assert anomaly.agreement([2**53, 2**53 + 1, 0], [0, 1, 0.5]) == 2 / 3


@pytest.mark.parametrize(
    ("name", "call"),
    [
        ("unlabelled_confidence", lambda: theory.stability(10, 50.0, regularisation=1.0,
                                                            unlabelled_confidence=4.0)),
        ("dimension", lambda: theory.margin_bound(0.1, 10, 5, 0.1, 0.1, threshold=0.1,
                                                   dimension=200, failure=0.05)),
        ("unsure", lambda: theory.margin_bound(0.1, 10, 50, 0.1, 0.1, threshold=0.1,
                                               dimension=2, failure=0.05)),
        ("threshold", lambda: theory.margin_bound(0.1, 10, 5, 0.1, 0.1, threshold=5.0,
                                                   dimension=2, failure=0.05)),
    ],
)  # fmt: skip
def test_bounds_that_say_nothing_of_such_numbers(name, call):
    with pytest.raises(ValueError, match=f"^{name}: "):
        call()
