"""Tables with known classes: their draws, the Rand index, and levels of a path, by other code."""

import zlib

import numpy as np
import pytest
from sklearn.cluster import AgglomerativeClustering
from sklearn.metrics import adjusted_rand_score

import experiments
from diversity_jax import datasets, seeds
from diversity_jax.convex_clustering import solver, tables
from experiments import convex_tables
from experiments.shared import labelled_tables as labelled


def generator(name):
    return np.random.default_rng(zlib.crc32(name.encode()))


@pytest.fixture(scope="module")
def rows():
    key = seeds.stream(seeds.root(0), "a draw of wine")
    return labelled.resample(key, labelled.table("wine", 10), 40)


def test_the_rand_index_is_that_of_scikit_learn():
    random = generator("rand")
    for clusters in (1, 2, 5, 30):
        classes, found = random.integers(0, 4, 30), random.integers(0, clusters, 30)
        wanted = adjusted_rand_score(classes, found)
        assert labelled.rand_index(classes, found) == pytest.approx(wanted, abs=1e-12)
    assert labelled.rand_index(classes, classes + 3) == 1
    alone = np.arange(30)
    assert labelled.rand_index(classes, alone) == pytest.approx(0)
    assert labelled.rand_index(alone, alone) == 1


def test_a_draw_has_the_proportions_of_the_table_and_no_row_twice(rows):
    whole = labelled.table("wine", 10)
    shares = np.bincount(whole.classes) / len(whole.classes)
    np.testing.assert_allclose(np.bincount(rows.classes), 40 * shares, atol=0.5)
    assert len(np.unique(rows.points, axis=0)) == len(rows.points)
    known = {tuple(row): own for row, own in zip(whole.points.tolist(), whole.classes)}
    assert [known[tuple(row)] for row in rows.points.tolist()] == rows.classes.tolist()


def test_cuts_of_a_tree_are_those_of_scikit_learn(rows):
    for linkage in ("ward", "single"):
        scores = labelled._tree(rows, linkage)
        for number in (2, 3, 7):
            found = AgglomerativeClustering(number, linkage=linkage).fit_predict(rows.points)
            wanted = adjusted_rand_score(rows.classes, found)
            assert scores[number - 2] == pytest.approx(wanted, abs=1e-12)


def test_gammas_begin_before_most_have_met_and_end_before_all_have(rows):
    graph = tables.weighted(rows.points, 4, 0.0)
    gammas = convex_tables.grid_of_gammas(rows.points, graph, 8)
    labels = np.asarray(solver.path(rows.points, graph, gammas, tolerance=1e-6).labels)
    numbers = [len(set(row)) for row in labels.tolist()]
    assert numbers[0] > len(rows.points) / 2 and numbers[-1] > 1
    beyond = solver.solve(rows.points, graph, gamma=gammas[-1] * gammas[1] / gammas[0])
    assert len(set(np.asarray(beyond.labels).tolist())) == 1


def test_what_is_given_is_the_level_nearest_to_the_number_of_classes(rows):
    found = convex_tables.path(rows, 4, 0.0, 8)
    for place, counting in enumerate(convex_tables.COUNTINGS):
        off = np.abs(found[counting] - 3)
        assert abs(found["given_number"][place] - 3) == off.min()
        last = np.flatnonzero(off == off.min())[-1]
        assert found["given"][place] == found["agreement"][last]
    assert found["best"] == found["agreement"].max() and (found["share"] <= 1e-4).all()


def test_without_fashion_mnist_the_message_names_the_install_line(monkeypatch, tmp_path):
    monkeypatch.setenv(datasets.VARIABLE, str(tmp_path))
    labelled.table.cache_clear()
    with pytest.raises(datasets.DatasetMissing, match="apt-get install dataset-fashion-mnist"):
        experiments.run("convex_tables_fashion", "smoke")
