"""Recovery windows against a second derivation and against solutions at and beyond their ends.

Solutions are certified: a gap bounds how far they lie from the exact ones, and is all the slack.
"""

import itertools
import zlib

import numpy as np
import pytest

from diversity_jax.convex_clustering import theory
from diversity_jax.convex_clustering.problem import Graph
from tests.agreement import convex_reference as reference
from tests.agreement.convex_reference import NORMS, solved, window_by_pinv


def generator(name):
    return np.random.default_rng(zlib.crc32(name.encode()))


def clustered(rng, clusters, within, between, spread=0.5):
    """Points around far centres, and a graph of random edges and weights."""
    labels = np.repeat(np.arange(clusters), 8)
    points = 6 * rng.normal(size=(clusters, 2))[labels] + spread / 2 * rng.normal(
        size=(len(labels), 2)
    )
    first, second = np.triu_indices(len(labels), 1)
    chance = np.where(labels[first] == labels[second], within, between)
    there = rng.random(len(first)) < chance
    edges = np.stack([first, second], 1)[there]
    weights = np.exp(0.2 * rng.normal(size=len(edges)))
    return points, labels, Graph(edges, weights, nodes=len(labels))


def test_inside_the_window_the_clusters_are_the_labels():
    rng, tried = generator("windows"), 0
    for turn in range(12):
        within = (1.0, 0.8)[turn % 2]
        points, labels, graph = clustered(rng, 2 + turn % 2, within, (0.05, 0.1)[turn % 4 // 2])
        edges, weights = np.asarray(graph.edges), np.asarray(graph.weights)
        norm = NORMS[turn % 3]
        for flow in ("squared", "uniform"):
            window = theory.recovery_window(points, labels, graph, conductances=flow)
            wanted = window_by_pinv(points, labels, edges, weights, flow)
            if np.isfinite(wanted[0]):
                assert float(window.lower) == pytest.approx(wanted[0], rel=1e-9)
            assert np.isfinite(wanted[0]) == (float(window.push.max()) < 1)
            assert float(window.upper) == pytest.approx(wanted[1], rel=1e-9)
        window = theory.recovery_window(points, labels, graph, norm=norm)
        assert bool(window.empty) == (not float(window.lower) < float(window.upper))
        if bool(window.empty) or not np.isfinite(float(window.upper)):
            continue
        tried += 1
        lower, upper = float(window.lower), float(window.upper)
        for gamma in (lower, (lower + upper) / 2, upper * (1 - 1e-2)):
            found, slack = solved(points, graph, gamma, norm, 1e-10)
            spread, apart = reference.parted(found, labels)
            assert spread <= 2 * slack and apart > 2 * slack
    assert tried >= 6


def test_a_complete_cluster_has_the_window_of_sun_toh_and_yuan():
    points, labels, graph = clustered(generator("complete"), 3, 1.0, 0.1)
    weights = np.zeros((24, 24))
    weights[np.asarray(graph.first), np.asarray(graph.second)] = np.asarray(graph.weights)
    weights += weights.T
    leaves = np.stack([weights[:, labels == each].sum(1) for each in range(3)], 1)
    lower = 0.0
    for i, j in itertools.combinations(range(24), 2):
        if labels[i] == labels[j]:
            other = np.arange(3) != labels[i]
            room = 8 * weights[i, j] - np.abs(leaves[i] - leaves[j])[other].sum()
            lower = max(lower, np.linalg.norm(points[i] - points[j]) / room)
    window = theory.recovery_window(points, labels, graph, conductances="uniform")
    assert float(window.lower) == pytest.approx(lower, rel=1e-10) and lower > 0


@pytest.mark.parametrize("norm", NORMS)
def test_both_ends_are_sharp_where_nothing_is_added_up(norm):
    """A ladder: two paths joined rung by rung, so the pushes cancel and the flow is unique."""
    rng = generator("ladder")
    edges = [(i, i + 1) for i in range(3)] + [(i, i + 1) for i in range(4, 7)]
    edges += [(i, i + 4) for i in range(4)]
    graph = Graph(np.array(edges), np.r_[np.full(6, 1.0), np.full(4, 0.1)])
    labels = np.repeat([0, 1], 4)
    points = rng.normal(size=(8, 2)) + 9.0 * labels[:, None]
    window = theory.recovery_window(points, labels, graph, norm=norm, conductances="squared")
    assert float(window.push.max()) < 1e-12 and not bool(window.empty)
    for gamma, alike in (
        (float(window.lower) * (1 + 1e-3), (True, False)),
        (float(window.lower) * (1 - 1e-2), (False, False)),
        (float(window.upper) * (1 - 1e-2), (True, False)),
        (float(window.upper) * (1 + 1e-3), (True, True)),
    ):
        found, slack = solved(points, graph, gamma, norm, 1e-12)
        spread, apart = reference.parted(found, labels)
        assert (spread <= 2 * slack, apart <= 2 * slack) == alike
