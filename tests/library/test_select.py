"""Choosing rows of one's own embeddings: each rule, and measures by brute force."""

import dataclasses
import zlib

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from diversity_jax.selection import coverage, kernels, measures, rules, scores, tables
from diversity_jax.selection.offered import offered
from diversity_jax.selection.pool import Problem
from diversity_jax.selection.rules import RULES

NUMBER, DIMENSION, DOMAINS, KEPT = 60, 6, 3, 12


def made(name):
    """Rows around three centres, their labels, in an order that tells nothing."""
    random = np.random.default_rng(zlib.crc32(name.encode()))
    labels = random.permutation(np.arange(NUMBER) % DOMAINS)
    rows = 3 * np.eye(DOMAINS, DIMENSION)[labels] + random.normal(size=(NUMBER, DIMENSION))
    return rows, labels


ROWS, LABELS = made("select")


@pytest.fixture(scope="module")
def table():
    return tables.compare(ROWS, LABELS, seed=3)


def test_every_rule_that_is_offered_can_be_chosen(table):
    assert list(RULES) == list(table.kept) and not table.left_out
    for rule, kept in table.kept.items():
        assert sorted(set(kept.tolist()) & set(range(NUMBER))) == sorted(kept.tolist()), rule
        assert len(kept) == KEPT == table.rows[rule]["kept"]


def test_what_is_read_off_the_source_is_what_the_rules_say_of_themselves():
    assert list(offered()) == list(RULES)
    for name, offer in offered().items():
        rule = RULES[name]
        assert (offer.line, offer.objective, offer.labelled) == (
            rule.line, rule.objective, rule.labelled,
        )  # fmt: skip
        assert rule.choose.__name__ == name and offer.line


def test_the_names_that_came_first_are_the_same_modules():
    import experiments.selecting.tables
    from experiments.selecting.problem import Problem as Old

    assert experiments.selecting.tables is tables and Old is Problem
    assert experiments.selecting.rules is rules


def test_a_posterior_that_is_known_takes_the_place_of_the_classifier():
    shares = np.random.default_rng(7).dirichlet(np.ones(DOMAINS), NUMBER)
    kept, mean = rules.choose("entropy", Problem(ROWS, LABELS, number=5, posterior=shares))
    values = -(shares * np.log(shares)).sum(axis=1)
    assert set(kept) == set(np.argsort(values)[-5:])
    assert mean == pytest.approx(np.sort(values)[-5:].mean())
    with pytest.raises(ValueError, match=r"^posterior: got shape \(60, 2\), expected"):
        Problem(ROWS, LABELS, number=5, posterior=shares[:, :2])


def test_the_measures_are_those_of_brute_force(table):
    units = ROWS / np.linalg.norm(ROWS, axis=1, keepdims=True)
    for rule, kept in table.kept.items():
        row, nearest = table.rows[rule], cdist(units, units[kept]).min(axis=1)
        assert row["mean_distance"] == pytest.approx(nearest.mean(), abs=1e-7)
        assert row["radius"] == pytest.approx(nearest.max(), abs=1e-7)
        vendi = scores.vendi_score(ROWS[kept], kernel=kernels.cosine)
        assert row["vendi"] == pytest.approx(float(vendi), rel=1e-9)
        shares = np.array([np.mean(LABELS[kept] == domain) for domain in range(DOMAINS)])
        np.testing.assert_allclose(row["shares"], shares, atol=1e-15)
        present = shares[shares > 0]
        assert row["effective_domains"] == pytest.approx(np.prod(present**-present))


def test_distances_in_blocks_and_of_some_points_are_those_of_all(monkeypatch):
    problem, kept = Problem(ROWS, fraction=0.5, raw=True), np.arange(5, 35)
    every = cdist(ROWS, ROWS[kept]).min(axis=1)
    monkeypatch.setattr(measures, "BLOCK", 7)
    np.testing.assert_allclose(
        np.sort(measures.nearest_distances(problem, kept)), np.sort(every), atol=1e-7
    )
    monkeypatch.setattr(measures, "MEASURED", 20)
    some = measures.nearest_distances(problem, kept)
    assert len(some) == 20
    # Each is the distance of one of the points; kept ones are among them.
    assert np.abs(some[:, None] - every[None]).min(axis=1).max() < 1e-7


@pytest.mark.parametrize("dimension", [3, 40])
def test_the_vendi_score_may_be_read_off_either_product(dimension):
    rows = np.random.default_rng(5).normal(size=(20, dimension))
    expected = scores.vendi_score(rows, kernel=kernels.cosine)
    assert measures.vendi(rows) == pytest.approx(float(expected), rel=1e-12)


def test_rules_are_those_of_the_library_on_rows_of_length_one(table):
    # Rows of length one tie at first, so what decides is their rounding.
    units = Problem(ROWS, number=KEPT).points
    np.testing.assert_allclose(units, ROWS / np.linalg.norm(ROWS, axis=1, keepdims=True))
    expected = coverage.d_optimal(units, number=KEPT, ridge=1.0)
    assert table.kept["d_optimal"].tolist() == expected.indices.tolist()
    assert table.rows["d_optimal"]["objective"] == pytest.approx(float(expected.objective))
    facility = coverage.facility_location(units, number=KEPT, kernel=kernels.clipped_cosine)
    assert table.kept["facility_location"].tolist() == facility.indices.tolist()
    apart = np.median(cdist(units, units)[np.triu_indices(NUMBER, 1)])
    dpp = coverage.dpp_map(units, number=KEPT, kernel=kernels.Gaussian(apart))
    assert table.kept["dpp_map"].tolist() == dpp.indices.tolist()


def test_pools_by_geometry_keep_the_proportions_and_are_on_the_side_of_their_name(table):
    for score, near, far in (
        (scores.inter_diversity, "near_other", "far_other"),
        (scores.intra_diversity, "near_own", "far_own"),
    ):
        units = ROWS / np.linalg.norm(ROWS, axis=1, keepdims=True)
        values = np.asarray(score(units, LABELS, domains=DOMAINS))
        for domain in range(DOMAINS):
            own = np.flatnonzero(domain == LABELS)
            order = own[np.argsort(values[own])]
            for rule, part in ((near, order[-4:]), (far, order[:4])):
                kept = table.kept[rule]
                assert set(kept[LABELS[kept] == domain]) == set(part)


def test_chance_is_compared_fairly(table):
    """Rules that spread have a higher Vendi score than 39 random subsets, a narrow pool a lower."""
    chance = table.chance["vendi"]
    assert chance["low"] < chance["mean"] < chance["high"]
    assert table.rows["d_optimal"]["vendi"] > chance["high"]
    assert table.rows["near_own"]["vendi"] < chance["low"]
    assert table.rows["k_center"]["radius"] <= 2 * table.chance["radius"]["low"]  # a theorem
    text = str(table)
    assert f"{table.rows['near_own']['vendi']:.4g}*" in text
    assert f"{table.rows['random']['kept']}" in text


def test_the_posterior_of_a_point_does_not_know_its_label():
    """Labels that are pure chance: a classifier that saw them would name them all."""
    random = np.random.default_rng(zlib.crc32(b"no signal"))
    rows, labels = random.normal(size=(90, 200)), random.permutation(np.arange(90) % 3)
    problem = Problem(rows, labels, fraction=0.2)
    right = (problem.posterior.argmax(axis=1) == labels).mean()
    # Three standard errors of a third of 90; seen labels would give 1.
    assert right < 1 / 3 + 3 * (2 / 9 / 90) ** 0.5
    np.testing.assert_allclose(problem.posterior.sum(axis=1), 1, atol=1e-12)


def test_entropy_keeps_what_lies_between_the_domains():
    random = np.random.default_rng(zlib.crc32(b"between"))
    labels = np.arange(NUMBER) % 2
    rows = random.normal(size=(NUMBER, DIMENSION)) * 0.05
    rows[:, 0] += 1
    rows[:, 1] += np.where(np.arange(NUMBER) < 12, 0.02, 1.0) * (2 * labels - 1)
    kept, mean = rules.choose("entropy", Problem(rows, labels, number=12))
    assert set(kept) == set(range(12)) and 0.3 < mean <= np.log(2)


def test_pseudo_labels_find_domains_that_lie_apart():
    labels = np.arange(NUMBER) % DOMAINS
    rows = 9 * np.eye(DOMAINS, DIMENSION)[labels] + ROWS
    problem = Problem(rows, domains=DOMAINS, fraction=0.2, seed=1)
    pairs = set(zip(labels.tolist(), problem.labels.tolist()))
    assert len(pairs) == DOMAINS and problem.pseudo


def test_only_directions_count_unless_raw():
    factors = np.random.default_rng(2).uniform(0.1, 10, NUMBER)[:, None]
    one, other = (Problem(rows, number=KEPT) for rows in (ROWS, factors * ROWS))
    assert set(rules.choose("k_center", one)[0]) == set(rules.choose("k_center", other)[0])
    raw = Problem(factors * ROWS, number=KEPT, raw=True)
    assert set(rules.choose("k_center", raw)[0]) != set(rules.choose("k_center", one)[0])


def test_what_would_take_too_much_memory_or_rank_is_refused_and_left_out_of_a_table():
    wide = Problem(np.ones((20_000, 2)), fraction=0.5)
    for rule in ("dpp_map", "k_dpp"):
        with pytest.raises(ValueError, match=rf"^number: got 10000 of 20000, for which {rule}"):
            rules.choose(rule, wide)
    few = np.repeat(ROWS[:6], 10, axis=0)
    with pytest.raises(ValueError, match=r"^number: got 12, expected at most 6.*length_scale"):
        rules.choose("dpp_map", Problem(few, number=KEPT))
    table = tables.compare(few, rule=("k_center", "dpp_map", "entropy"), number=KEPT)
    assert list(table.kept) == ["k_center"] and list(table.left_out) == ["dpp_map", "entropy"]
    assert "at most 6" in str(table) and "since they need labels: entropy;" in str(table)


def test_a_fault_is_not_taken_for_a_refusal(monkeypatch):
    def broken(problem):
        raise ValueError("operands could not be broadcast together")

    monkeypatch.setitem(RULES, "k_center", dataclasses.replace(RULES["k_center"], choose=broken))
    with pytest.raises(ValueError, match="broadcast"):
        tables.compare(ROWS, rule=("random", "k_center"))


def test_what_a_notebook_leaves_out_is_said_in_words_of_its_own():
    rows = np.random.default_rng(zlib.crc32(b"left out")).normal(size=(20, 3))
    table = tables.compare(rows, rule=("random", "entropy"))
    assert list(table.left_out) == ["entropy"] and "--" not in table.left_out["entropy"]
    with pytest.raises(ValueError, match="pass labels, or a number of domains") as caught:
        tables.compare(rows, rule="entropy")
    assert "--" not in str(caught.value)
