"""Selection of texts: splits, quotas, fifths, classifiers, and one run of the experiment."""

import zlib
from itertools import pairwise

import jax
import numpy as np
import pytest
from sklearn.linear_model import Ridge

import experiments
from diversity_jax import datasets, texts
from diversity_jax.selection import kernels, scores
from experiments.shared import text_data, text_rules, text_scores

KEY = jax.random.key(zlib.crc32(b"selection of texts"))
SIZES = {"synthesis": 3, "pool": 100, "probe": 20, "test": 5}
UNEQUAL = (0.3, 0.25, 0.2, 0.15, 0.1)
WHOLE = text_data.prepared(text_data.SHIPPED, 50)


def random_of(name):
    return np.random.default_rng(zlib.crc32(name.encode()))


def places(part):
    """Which of all texts a part has, by their vectors."""
    same = (part.words[:, None, :8] == WHOLE.words[None, :, :8]).all(axis=2)
    assert (same.sum(axis=1) == 1).all()
    return np.argmax(same, axis=1)


def test_parts_of_a_split_have_no_text_in_common_and_the_sizes_asked_for():
    split = text_data.split(KEY, WHOLE, SIZES, UNEQUAL)
    parts = (split.synthesis, split.pool, split.probe, split.test)
    every = np.concatenate([places(part) for part in parts])
    assert len(np.unique(every)) == len(every) == 15 + 100 + 20 + 25
    for part, counts in zip(parts, ([3] * 5, [30, 25, 20, 15, 10], [6, 5, 4, 3, 2], [5] * 5)):
        found = np.bincount(part.domains, minlength=5)
        assert found.sum() == sum(counts)
        assert np.abs(np.sort(found)[::-1] - counts).max() <= 1  # ends are rounded
    assert (split.synthesis.domains == np.repeat(np.arange(5), 3)).all()


def test_a_split_depends_on_its_key_alone():
    one, same = (text_data.split(KEY, WHOLE, SIZES, UNEQUAL) for _ in range(2))
    other = text_data.split(jax.random.fold_in(KEY, 1), WHOLE, SIZES, UNEQUAL)
    assert (one.pool.words == same.pool.words).all()
    assert not (one.pool.words == other.pool.words).all()


def test_a_split_of_more_texts_than_there_are_is_refused():
    with pytest.raises(ValueError, match=r"^per_domain: got 50 texts, expected 5[34] or more"):
        text_data.split(KEY, WHOLE, {**SIZES, "probe": 50}, UNEQUAL)


def test_without_a_probe_set_the_probe_sees_the_pool():
    split = text_data.split(KEY, WHOLE, {**SIZES, "probe": 0}, (0.2,) * 5)
    assert split.probe is split.pool


def test_the_domains_of_a_mix_come_in_its_order():
    order = [texts.MIXES["code+wordnet"].index(f"wordnet:{name}") for name in text_data.GLOSSES]
    assert order == [1, 2, 3, 4]
    assert text_data.MIXES[text_data.SHIPPED] == ("code", *text_data.GLOSSES)
    assert (WHOLE.domains == np.repeat(np.arange(5), 50)).all()
    for rows in (WHOLE.words, WHOLE.sentences):
        np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-6)


def test_a_quota_takes_the_best_of_every_label_in_proportion_to_its_size():
    random = random_of("quotas of texts")
    labels, values = random.permutation(np.repeat([0, 1, 2], [60, 30, 10])), random.normal(size=100)
    chosen = text_rules.best_within(values, labels, 20)
    assert np.bincount(labels[chosen]).tolist() == [12, 6, 2]
    left = np.setdiff1d(np.arange(100), chosen)
    for label in range(3):
        best, rest = (values[some[labels[some] == label]] for some in (chosen, left))
        assert best.min() > rest.max()
    assert set(text_rules.top(values, 7)) == set(np.argsort(values)[-7:])


def test_fifths_part_every_domain_by_rank():
    random = random_of("fifths of texts")
    labels, values = random.permutation(np.repeat([0, 1], 25)), random.normal(size=50)
    parts = text_rules.bins(values, labels)
    assert sorted(np.concatenate(parts)) == list(range(50))
    for label in (0, 1):
        steps = [values[part[labels[part] == label]] for part in parts]
        assert [len(step) for step in steps] == [5] * 5
        assert all(low.max() < high.min() for low, high in pairwise(steps))


def test_the_classifier_is_ridge_regression_of_both_labels():
    random = random_of("ridge of texts")
    rows, asked = random.normal(size=(20, 30)), random.normal(size=(40, 30))
    labels = [random.integers(0, 3, 20), random.integers(0, 6, 20)]
    found = text_scores.classify(rows, labels, asked)
    for given, told in zip(labels, found):
        fitted = Ridge(alpha=text_scores.RIDGE).fit(rows, np.eye(given.max() + 1)[given])
        assert (told == np.argmax(fitted.predict(asked), axis=1)).all()


def test_accuracy_is_by_domain_of_the_test():
    split = text_data.split(KEY, WHOLE, SIZES, (0.2,) * 5)
    found = text_scores.accuracies(split.pool, split.test, "sentences")
    given = [split.pool.domains, split.pool.classes]
    told = text_scores.classify(split.pool.sentences, given, split.test.sentences)
    wanted = (split.test.domains, split.test.classes)
    for row, one, right in zip(found, told, wanted):
        expected = [(one == right)[split.test.domains == domain].mean() for domain in range(5)]
        np.testing.assert_allclose(row, expected)
    assert found[0].mean() > 0.7 > found[1].mean()


@pytest.mark.parametrize("informative", [True, False])
def test_the_posterior_of_a_text_is_fitted_without_its_label(informative):
    """A fit to its own labels would tell random ones too: dimensions outnumber texts."""
    random = random_of("posterior of texts")
    domains = WHOLE.domains if informative else random.permutation(WHOLE.domains)
    part = text_data.Part(WHOLE.words, WHOLE.sentences, domains, WHOLE.classes)
    found = text_scores.posterior(random.permutation(250), part, 5)
    np.testing.assert_allclose(found.sum(axis=1), 1)
    right = np.mean(np.argmax(found, axis=1) == domains)
    if informative:
        assert right > 0.75
    else:  # four standard errors of a fifth
        assert abs(right - 0.2) < 4 * np.sqrt(0.2 * 0.8 / 250)


def test_entropy_and_vendi_score_are_the_library_s():
    rows = WHOLE.sentences[:20]
    expected = float(scores.vendi_score(rows.astype(float), kernel=kernels.cosine))
    assert text_scores.vendi(rows) == pytest.approx(expected, rel=1e-4)  # float32 rows
    assert text_scores.entropy(np.array([0.5, 0.5, 0.0])) == pytest.approx(np.log(2))


def test_whole_mixes_name_the_install_line_where_they_are_missing(monkeypatch, tmp_path):
    monkeypatch.setenv("DIVERSITY_JAX_RESULTS", str(tmp_path))
    monkeypatch.setitem(texts.FOLDERS, "code", tmp_path)
    with pytest.raises(datasets.DatasetMissing, match="apt-get install libpython3-stdlib"):
        experiments.run("selection_texts_mixes", "smoke")


@pytest.fixture(scope="module")
def run():
    return experiments.run("selection_texts", "smoke", seeds=2)


def test_every_rule_keeps_a_fifth_and_says_of_which_domains(run):
    np.testing.assert_allclose(run.shares.sum("domain"), 1)
    with_quotas = run.shares.sel(rule=[*text_rules.GEOMETRY, "calibrated_quota", "certain_quota"])
    np.testing.assert_allclose(with_quotas, 0.2)
    np.testing.assert_allclose(run.accuracy.mean("domain"), run["mean"])
    np.testing.assert_allclose(run.accuracy.min("domain"), run.worst)
    assert ((run.vendi > 1) & (run.vendi <= 30)).all()


def test_runs_of_daar_differ_and_have_their_score(run):
    first = run["mean"].sel(rule="daar")
    np.testing.assert_allclose(run.runs_mean.isel(run=0), first)
    assert (run.runs_overlap < 1).all() and (run.pseudo_overlap < 1).all()
    assert ((run.centroid_cosine > 0) & (run.centroid_cosine < 1)).all()
    assert (run.accepted_texts <= 5).all()


def test_fifths_by_similarity_agree_with_pools_of_the_same_name(run):
    by_name = run["mean"].sel(rule=["far_other", "near_other", "far_own", "near_own"])
    some = run.bins.sel(vector="sentences").isel(bin=[0, 4])
    fifths = some.stack(place=("side", "bin")).transpose("point", "seed", "place", "label")
    np.testing.assert_allclose(by_name, fifths)
