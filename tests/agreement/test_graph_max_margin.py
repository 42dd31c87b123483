"""Max-margin graph cuts and baselines: limits, what cannot turn a separator, digits."""

import zlib

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.svm import SVC

from diversity_jax import datasets
from diversity_jax.graph_learning import affinity, classes, max_margin

pytestmark = pytest.mark.light


@pytest.fixture(scope="module")
def squares():
    """Two squares of points, one above the other, each with a label at an end: left and right.

    The labelled points differ along the first axis only, the squares along the second.
    """
    rng = np.random.default_rng(zlib.crc32(b"squares"))
    lower = rng.uniform(-1, 1, (80, 2)) - np.array([0, 1.6])
    upper = rng.uniform(-1, 1, (80, 2)) + np.array([0, 1.6])
    lower[0], upper[0] = (-0.9, -0.8), (0.9, 0.8)
    points = np.concatenate([lower, upper])
    truth = np.repeat(["lower", "upper"], 80)
    labelled = np.isin(np.arange(160), [0, 80])
    return points, truth, labelled, affinity.nearest(points, neighbours=6, bandwidth=0.3)


def test_without_influence_of_the_graph_a_cut_is_the_supervised_machine(squares):
    points, truth, labelled, graph = squares
    for options in ({"kernel": "linear"}, {"kernel": "gaussian", "bandwidth": 0.7}):
        far = max_margin.graph_cut(
            points, graph, truth, labelled, regularisation=1e9, penalty=0.05, **options
        )
        plain = max_margin.supervised(points, truth, labelled, penalty=0.05, **options)
        np.testing.assert_array_equal(far.used, plain.used)
        np.testing.assert_array_equal(far.decisions(points), plain.decisions(points))


def test_a_cut_is_the_machine_of_the_peer_on_what_the_graph_is_sure_of(squares):
    points, truth, labelled, graph = squares
    found = max_margin.graph_cut(points, graph, truth, labelled, regularisation=0.01, penalty=0.05)
    assert found.used.all()
    signs = classes.classify(graph, truth, labelled, regularisation=0.01).labels
    centred = points - points.mean(0)
    machine = SVC(kernel="linear", C=10.0).fit(centred, np.where(signs == "upper", 1, -1))
    np.testing.assert_allclose(found.decisions(points)[:, 0], machine.decision_function(centred))
    half = max_margin.graph_cut(
        points, graph, truth, labelled, regularisation=0.01, penalty=0.05, threshold=0.7
    )
    assert labelled.sum() < half.used.sum() < 160


def test_graph_cuts_turn_a_separator_that_manifold_regularisation_cannot(squares):
    """A-C16: two labels and two squares; with the isotropic penalty nothing turns."""
    points, truth, labelled, graph = squares
    cut = max_margin.graph_cut(points, graph, truth, labelled, regularisation=0.01, penalty=0.05)
    assert (cut.predict(points) == truth).all()
    plain = max_margin.supervised(points, truth, labelled, penalty=0.05)
    assert (plain.predict(points) != truth).mean() > 0.03
    # A grid that a quarter turn leaves alone: X'LX is a multiple of the identity.
    side = np.arange(6) - 2.5
    grid = np.stack(np.meshgrid(side, side), -1).reshape(-1, 2)
    kernel = affinity.gaussian(grid, bandwidth=1.0)
    table = np.asarray(kernel) * (1 - np.eye(36))
    form = grid.T @ (np.diag(table.sum(1)) - table) @ grid
    np.testing.assert_allclose(form, form[0, 0] * np.eye(2), atol=1e-11 * form[0, 0])
    names, held = np.where(grid[:, 0] > 0, "right", "left"), np.isin(np.arange(36), [1, 8, 22, 34])
    for loss in ("hinge", "squares"):
        for smoothness in (0.01, 1.0):
            penalty = 0.3 + smoothness * form[0, 0]
            one, two = (
                max_margin.manifold(
                    grid, kernel, names, held, penalty=each, smoothness=strength, loss=loss
                ).decisions(grid)
                for each, strength in ((0.3, smoothness), (penalty, 0.0))
            )
            # The machine's own tolerance is 1e-3 of its dual; both have the same one here.
            slack = 1e-6 if loss == "hinge" else 1e-9
            np.testing.assert_allclose(one, two, rtol=0, atol=slack * np.abs(two).max())


def test_least_squares_with_a_manifold_penalty_are_ridge_in_other_axes(squares):
    points, truth, labelled, graph = squares
    chosen = labelled | (np.arange(160) % 9 == 0)
    plain = max_margin.manifold(
        points, graph, truth, chosen, penalty=0.4, smoothness=0.0, loss="squares"
    )
    peer = Ridge(alpha=0.4).fit(points[chosen], np.where(truth == "upper", 1, -1)[chosen])
    np.testing.assert_allclose(plain.decisions(points)[:, 0], peer.predict(points), rtol=1e-9)
    # The gradient of the penalised loss is zero at what is found.
    strength = 0.2
    found = max_margin.manifold(
        points, graph, truth, chosen, penalty=0.4, smoothness=strength, loss="squares"
    )
    base = found.decisions(np.zeros((1, 2)))[0, 0]
    weights = found.decisions(np.eye(2))[:, 0] - base
    left = found.decisions(points)[chosen, 0] - np.where(truth == "upper", 1, -1)[chosen]
    first, second = np.asarray(graph.edges).T
    apart = points[first] - points[second]
    smooth = apart.T @ (np.asarray(graph.weights) * (apart @ weights))
    slope = points[chosen].T @ left + 0.4 * weights + strength * smooth
    assert np.abs(slope).max() < 1e-9 and abs(left.sum()) < 1e-9


@pytest.mark.parametrize("method", ["cut", "supervised"])
def test_three_classes_are_told_apart_one_against_the_rest(method):
    rng = np.random.default_rng(zlib.crc32(b"three"))
    centres = np.array([[0, 0], [5, 0], [0, 5]])
    points = centres[np.arange(60) % 3] + rng.normal(size=(60, 2)) / 2
    truth, held = np.array([7, 3, 5])[np.arange(60) % 3], np.arange(60) < 6
    if method == "cut":
        graph = affinity.nearest(points, neighbours=5)
        found = max_margin.graph_cut(points, graph, truth, held, regularisation=0.1, penalty=0.05)
    else:
        found = max_margin.supervised(points, truth, held, penalty=0.05)
    assert found.classes.tolist() == [3, 5, 7] and found.decisions(points).shape == (60, 3)
    assert (found.predict(points) == truth).all()


def test_on_pairs_of_digits_cuts_beat_machines_on_the_labels_alone():
    """Four pairs, four labels a class, five draws each: the paired difference, at 1e-4."""
    images = datasets.load("digits")
    flat, names = 16 * images.pixels.astype(float), images.labels  # the grey levels 0 to 16
    gains = []
    for one, other in ((3, 8), (4, 9), (1, 7), (2, 3)):
        rows = np.isin(names, [one, other])
        points, truth = flat[rows], names[rows]
        graph = affinity.nearest(points, neighbours=5)
        for draw in range(5):
            rng = np.random.default_rng(zlib.crc32(f"pair {one} {other} {draw}".encode()))
            chosen = [rng.choice(np.flatnonzero(truth == name), 4, False) for name in (one, other)]
            held = np.isin(np.arange(len(truth)), chosen)
            cut = max_margin.graph_cut(points, graph, truth, held, regularisation=0.1, penalty=0.05)
            plain = max_margin.supervised(points, truth, held, penalty=0.05)
            errors = [(each.predict(points) != truth).mean() for each in (plain, cut)]
            gains.append(errors[0] - errors[1])
    gains = np.array(gains)
    # Student's 1e-4 quantile of 19 degrees of freedom, one-sided.
    assert gains.mean() > 4.6 * gains.std(ddof=1) / np.sqrt(len(gains))


@pytest.mark.parametrize("shift", [1e4, 1e8])
def test_machines_do_not_see_where_the_points_lie(squares, shift):
    """The peer's solver does: at 1e6 half of its answers were wrong, at 1e8 it never came back."""
    points, truth, labelled, graph = squares
    moved = points + shift
    settings = {"penalty": 0.05}
    for options in ({}, {"kernel": "gaussian", "bandwidth": 0.7}):
        here = max_margin.supervised(points, truth, labelled, **settings, **options)
        there = max_margin.supervised(moved, truth, labelled, **settings, **options)
        apart = here.decisions(points) - there.decisions(moved)
        assert np.abs(apart).max() < 1e-15 * shift * 160
    flat = max_margin.manifold(moved, graph, truth, labelled, smoothness=1.0, **settings)
    near = max_margin.manifold(points, graph, truth, labelled, smoothness=1.0, **settings)
    assert np.abs(flat.decisions(moved) - near.decisions(points)).max() < 1e-14 * shift * 160


def test_a_machine_that_does_not_converge_says_so(squares, monkeypatch):
    points, truth, *_ = squares
    mixed = np.where(np.arange(160) % 2 > 0, "upper", truth)
    monkeypatch.setattr(max_margin, "LEAST_STEPS", 1000)
    with pytest.raises(ValueError, match=r"penalty: got 0\.05: no machine after 16000 steps"):
        max_margin.supervised(1e6 * points, mixed, np.ones(160, bool), penalty=0.05)
