"""Selection of texts: splits, quotas, fifths, classifiers, intervals, one run of the experiment."""

import zlib
from itertools import pairwise

import jax
import numpy as np
import pytest
import xarray
from sklearn.linear_model import Ridge

import experiments
from diversity_jax import datasets, texts
from diversity_jax.selection import kernels, scores
from experiments.shared import text_data, text_rules, text_scores
from paper_repro.papers.diversity import texts_intervals

KEY = jax.random.key(zlib.crc32(b"selection of texts"))
SIZES = {"synthesis": 3, "pool": 100, "probe": 4, "test": 5}
UNEQUAL = (0.3, 0.25, 0.2, 0.15, 0.1)
CONFUSED, APART = text_data.SHIPPED
WHOLE = text_data.prepared(CONFUSED, 50)


def random_of(name):
    return np.random.default_rng(zlib.crc32(name.encode()))


def test_parts_of_a_split_have_no_text_in_common_and_the_sizes_asked_for():
    split = text_data.split(KEY, WHOLE, SIZES, UNEQUAL)
    parts = (split.synthesis, split.pool, split.probe, split.test)
    every = np.concatenate([part.places for part in parts])
    assert len(np.unique(every)) == len(every) == 15 + 100 + 20 + 25
    for part, counts in zip(parts, ([3] * 5, [30, 25, 20, 15, 10], [6, 5, 4, 3, 2], [5] * 5)):
        assert (part.words == WHOLE.words[part.places]).all()
        found = np.bincount(part.domains, minlength=5)
        assert found.sum() == sum(counts)
        assert np.abs(np.sort(found)[::-1] - counts).max() <= 1  # ends are rounded
    assert (split.synthesis.domains == np.repeat(np.arange(5), 3)).all()


def test_a_split_depends_on_its_key_alone():
    one, same = (text_data.split(KEY, WHOLE, SIZES, UNEQUAL) for _ in range(2))
    other = text_data.split(jax.random.fold_in(KEY, 1), WHOLE, SIZES, UNEQUAL)
    assert (one.pool.places == same.pool.places).all()
    assert not (one.pool.places == other.pool.places).all()


def test_a_split_of_more_texts_than_there_are_is_refused():
    with pytest.raises(ValueError, match=r"^per_domain: got 50 texts, expected 5[34] or more"):
        text_data.split(KEY, WHOLE, {**SIZES, "probe": 10}, UNEQUAL)


def test_the_domains_of_a_mix_come_in_its_order():
    order = [texts.MIXES["code+wordnet"].index(f"wordnet:{name}") for name in text_data.GLOSSES]
    assert order == [1, 2, 3, 4]
    assert text_data.MIXES[CONFUSED] == ("code", *text_data.GLOSSES)
    assert (WHOLE.domains == np.repeat(np.arange(5), 50)).all()
    apart = text_data.prepared(APART, 200)
    assert (apart.domains == np.repeat(np.arange(3), 200)).all()
    whole = text_data.prepared(CONFUSED, 200)
    for name in ("code", "body"):  # two domains of both mixes
        one, other = (
            part.words[part.domains == text_data.MIXES[mix].index(name)]
            for part, mix in ((whole, CONFUSED), (apart, APART))
        )
        assert (one == other).all()
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


def test_the_classifier_is_ridge_regression():
    random = random_of("ridge of texts")
    rows, asked = random.normal(size=(20, 30)), random.normal(size=(40, 30))
    given = random.integers(0, 3, 20)
    fitted = Ridge(alpha=text_scores.RIDGE).fit(rows, np.eye(given.max() + 1)[given])
    found = text_scores.classify(rows, given, asked)
    assert (found == np.argmax(fitted.predict(asked), axis=1)).all()


@pytest.mark.parametrize("informative", [True, False])
def test_the_posterior_of_a_text_is_fitted_without_its_label(informative):
    """A fit to its own labels would tell random ones too: dimensions outnumber texts."""
    random = random_of("posterior of texts")
    domains = WHOLE.domains if informative else random.permutation(WHOLE.domains)
    part = text_data.Part(WHOLE.words, WHOLE.sentences, domains, WHOLE.places)
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


# intervals over texts


def tried(effect, random, *, splits=24, number=200, tested=60, spread=0.5):
    """The difference of a made-up quantity in each split, as the checks see it.

    The mean over all texts there might be is `effect`, each has its own value, and the same
    `number` of them are split again and again.
    """
    values = effect + spread * random.normal(size=number)
    seen = np.full((splits, number), np.nan)
    for row in seen:
        places = random.permutation(number)[:tested]
        row[places] = values[places]
    dataset = xarray.Dataset(
        {
            "seen": (("point", "seed", "text"), seen[None]),
            "domain_names": (("point", "domain"), [["one", "other"]]),
            "per_domain": ("point", [number // 2]),
        }
    )
    return texts_intervals.widened(dataset, 0.0, lambda some: some.seen.values, level=0.05)


def test_an_interval_over_texts_covers_other_texts_of_their_kind():
    """At 5% over 200 sets of texts: 19 in 20 hold the effect, and by splits alone each second."""
    random = random_of("other texts of their kind")
    effect, half = 0.3, 2.069  # Student's, 23 degrees of freedom
    hits = np.zeros(2)
    for _ in range(200):
        found = tried(effect, random)
        error = found.std(ddof=1) / np.sqrt(24)
        off = abs(found.mean() - effect)
        # What the splits say alone: the spread of means of 60 of the 200, drawn without return.
        alone = 0.5 * np.sqrt((1 / 60 - 1 / 200) / 24)
        hits += off < half * error, off < half * alone
    # Fewer than 175 of 200 is rarer than 1e-4 at 95%; alone they hold it 46 times in 100.
    assert hits[0] >= 175 and hits[1] < 130


@pytest.fixture(scope="module")
def run():
    # One mix: the other would be compiled anew, and the smoke report runs both.
    return experiments.run("selection_texts", "smoke", seeds=2, mixes=(CONFUSED,))


def test_every_rule_keeps_a_fifth_and_says_of_which_domains(run):
    np.testing.assert_allclose(run.shares.sum("domain"), 1)
    there = run.domain_names != ""
    kept = run.shares.sel(composition="pool").where(there, drop=True)
    np.testing.assert_allclose(kept - run.pool_shares, 0 * kept, atol=1e-12)
    np.testing.assert_allclose(run.accuracy.mean("domain"), run["mean"])
    np.testing.assert_allclose(run.accuracy.min("domain"), run.worst)
    assert ((run.vendi > 1) & (run.vendi <= 30)).all()


@pytest.mark.parametrize("rule", ["random", "daar", "k_center", "near_own"])
@pytest.mark.parametrize("composition", ["own", "pool"])
def test_quantities_are_means_over_texts(run, rule, composition):
    """What is kept of each text adds up to what each split found by itself."""
    for number in range(run.sizes["point"]):
        some = run.isel(point=number)
        arm = some.sel(rule=rule, composition=composition)
        code = arm.shares.isel(domain=0) / some.pool_shares.isel(domain=0)
        lost = some["mean"].sel(rule="random", composition="own") - arm["mean"]
        wanted = {
            "mean": arm["mean"], "worst": arm.worst, "isolated": code,
            "evenness": arm.share_entropy, "surprise": arm.surprise,
        }  # fmt: skip
        found = {
            name: np.nanmean(getattr(texts_intervals, name)(some, (rule, composition)), axis=1)
            for name in (*wanted, "lost_absent", "lost_taught")
        }
        for name, expected in wanted.items():
            np.testing.assert_allclose(found[name], expected, atol=1e-6, err_msg=name)
        np.testing.assert_allclose(found["lost_absent"] + found["lost_taught"], lost, atol=1e-12)


def test_runs_of_daar_differ_and_have_their_score(run):
    first = run["mean"].sel(rule="daar", composition="own")
    np.testing.assert_allclose(run.runs_mean.isel(run=0, epoch=text_rules.REFERENCE), first)
    assert (run.runs_overlap < 1).all() and (run.pseudo_overlap < 1).all()
    assert ((run.centroid_cosine > 0) & (run.centroid_cosine < 1)).all()
    assert (run.accepted_texts <= 30).all()
    pairs = [texts_intervals.overlap(number, -1) for number in range(text_rules.RUNS)]
    for number in range(run.sizes["point"]):
        some = run.isel(point=number)
        found = np.mean([np.nanmean(one(some), axis=1) for one in pairs], axis=0)
        expected = some.pseudo_overlap.isel(epoch=text_rules.REFERENCE)
        np.testing.assert_allclose(found, expected)


def test_fifths_by_similarity_agree_with_pools_of_the_same_name(run):
    rules = ["far_other", "near_other", "far_own", "near_own"]
    by_name = run["mean"].sel(rule=rules, composition="own")
    some = run.bins.sel(vector="sentences").isel(bin=[0, 4])
    fifths = some.stack(place=("side", "bin")).transpose("point", "seed", "place")
    np.testing.assert_allclose(by_name, fifths)
    one = texts_intervals.by_bin("words", "inter", 2)(run.isel(point=0))
    expected = run.bins.isel(point=0, bin=2).sel(vector="words", side="inter")
    np.testing.assert_allclose(np.nanmean(one, axis=1), expected)
