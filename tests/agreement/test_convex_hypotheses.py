"""Each statement with one hypothesis dropped is false: a setting for each, with its solution.

And how the bound grows with n, against draws: where the order of the clusters is dropped, it grows
instead of falling.
"""

import zlib

import jax
import numpy as np
import pytest

from diversity_jax.convex_clustering import graphs, theory
from diversity_jax.convex_clustering.problem import Graph
from tests.agreement import convex_reference as reference
from tests.agreement.convex_reference import window_by_pinv


def generator(name):
    return np.random.default_rng(zlib.crc32(name.encode()))


def test_the_error_bound_needs_one_component():
    """A: noise +1 on one clique and -1 on the other has no flow and no mean, yet stays."""
    first, second = np.triu_indices(4, 1)
    edges = np.stack([np.r_[first, first + 4], np.r_[second, second + 4]], 1)
    noise = np.repeat([1.0, -1.0], 4)[:, None]
    graph = Graph(edges, np.ones(12))
    opposite = np.linalg.pinv(np.asarray(theory.laplacian(graph)))
    assert np.abs(opposite @ noise).max() < 1e-12 and abs(noise.mean()) == 0
    for gamma in (0.5, 50.0):
        found, _ = reference.solve(noise, edges, np.ones(12), gamma)
        assert (found**2).sum() == pytest.approx(8)
    with pytest.raises(ValueError, match=r"2 components .4 nodes with node 0, 4 nodes with node 4"):
        theory.recovery_bound(0 * noise, noise, graph, gamma=0.5)
    joined = graphs.complete_components(noise, graph)
    bound = theory.recovery_bound(0 * noise, noise, joined, gamma=4.0)
    assert float(bound.rho) == pytest.approx(4) and float(bound.bound) < 1e-12


def level_of(graph, dimension, failure=0.1):
    sensitivity = np.asarray(theory.edge_sensitivity(graph))
    return float(
        theory.probable_noise_level(
            sensitivity.max(), edges=len(sensitivity), dimension=dimension, deviation=1.0,
            failure=failure,
        )
    )  # fmt: skip


def levels(noise, graph):
    """rho of each column of the noise."""
    return np.abs(np.asarray(theory.noise_flow(noise, graph).flow)).max(0)


def test_the_likely_level_needs_a_graph_that_does_not_know_the_noise():
    """B: the path through sorted noise, and the nearest neighbours of the points themselves."""
    rng = generator("knows")
    level = level_of(graphs.path(60), 1)
    noise = rng.normal(size=(60, 20))
    # the path through sorted points is that of the numbers 0, 1, ... on sorted noise
    assert (levels(np.sort(noise, axis=0), graphs.path(60)) > level).all()
    # of 20 draws, 9 and more above a tenth have a chance below 1e-4; of 12, 7
    assert (levels(noise, graphs.path(60)) > level).sum() < 9
    above = {"of the points": 0, "of others": 0}
    for name in above:
        for _ in range(12):
            noise = rng.normal(size=(150, 2))
            known = noise if name == "of the points" else rng.normal(size=noise.shape)
            graph = graphs.nearest(known, neighbours=3, connected=True)
            above[name] += float(theory.noise_level(noise, graph)) > level_of(graph, 2)
    assert above["of the points"] >= 7 > above["of others"]


def test_the_likely_level_needs_light_tails_and_independence():
    """B: rare spikes of the same variance, and noise along the slowest eigenvector."""
    rng, draws = generator("tails"), (100, 40)
    star, path = graphs.star(100), graphs.path(100)
    slow = 10 * np.linalg.eigh(np.asarray(theory.laplacian(path)))[1][:, [1]]
    spikes = (rng.random(draws) < 0.01) * rng.choice([-10.0, 10.0], draws)
    for graph, spoiled in ((star, spikes), (path, slow * rng.normal(size=(1, 40)))):
        level = level_of(graph, 1)
        # of 40 draws, 13 and more above a tenth have a chance below 1e-4
        assert (levels(spoiled, graph) > level).sum() >= 13
        assert (levels(rng.normal(size=draws), graph) > level).sum() < 13


def missed(points, labels, edges, weights, gamma):
    """Whether the solution's clusters are not those of the labels, beyond what the gap allows."""
    found, gap = reference.solve(points, edges, weights, gamma, tolerance=1e-12)
    slack = np.sqrt(2 * max(gap, 0))
    spread, apart = reference.parted(found, labels)
    return spread > 2 * slack or apart <= 2 * slack


def test_the_window_needs_clusters_that_hold_together_within():
    """C: a cluster of two pairs that no edge joins, by the same formula with a pseudo-inverse."""
    labels = np.repeat([0, 1], 4)
    points = np.array([[0.0], [0.1], [4.0], [4.1], [30.0], [30.1], [30.2], [30.3]])
    edges = np.array([(0, 1), (2, 3), (4, 5), (5, 6), (6, 7), (0, 4), (1, 5), (2, 6), (3, 7)])
    weights = np.r_[np.ones(5), np.full(4, 0.1)]
    lower, upper = window_by_pinv(points, labels, edges, weights)
    assert lower < 1 < 10 < upper
    assert missed(points, labels, edges, weights, 2.0)
    window = theory.recovery_window(points, labels, Graph(edges, weights))
    assert bool(window.empty) and np.isinf(float(window.lower))
    np.testing.assert_array_equal(window.connected, [False, True])
    joined = np.r_[edges, [[1, 2]]], np.r_[weights, 1.0]
    window = theory.recovery_window(points, labels, Graph(*joined))
    assert float(window.lower) < 9 < float(window.upper)
    assert not missed(points, labels, *joined, 9.0)


def test_the_window_needs_the_push_of_other_clusters():
    """C: a node that another cluster holds harder than its own is torn out."""
    labels = np.repeat([0, 1], 3)
    points = np.array([[0.0], [0.1], [0.2], [20.0], [20.1], [20.2]])
    edges = np.array([(0, 1), (0, 2), (1, 2), (3, 4), (3, 5), (4, 5), (0, 3)])
    for crossing, torn in ((1.5, True), (0.1, False)):
        weights = np.r_[np.full(6, 0.5), crossing]
        window = theory.recovery_window(points, labels, Graph(edges, weights))
        unpushed = 0.2 / (3 * 0.5)  # the longest pair over n_a w, as if nothing pulled from outside
        gamma = 1.2 * unpushed
        assert gamma < float(window.upper)
        assert missed(points, labels, edges, weights, gamma) == torn
        assert bool(window.empty) == torn


def test_the_condition_of_complete_clusters_needs_them_complete():
    """C0: on a path the longest edge over ``n_a w`` is far too early."""
    labels = np.repeat([0, 1], 6)
    points = np.r_[np.arange(6.0), 60 + np.arange(6.0)][:, None]
    links = np.arange(5)
    edges = np.r_[np.c_[links, links + 1], np.c_[links + 6, links + 7], [[5, 6]]]
    weights = np.r_[np.ones(10), 0.01]
    claimed = 1 / 6
    window = theory.recovery_window(points, labels, Graph(edges, weights))
    assert 4.5 <= float(window.lower) < 4.7 < float(window.upper)
    for gamma in (claimed, 1.0, 4.0):
        assert missed(points, labels, edges, weights, gamma)
    assert not missed(points, labels, edges, weights, 4.7)


SIZES = (10, 80)
CLUSTERS = 4


def drawn_bound(design, size, rng, draws=48):
    """The median of ``2 rho J / (n p)`` over draws of the noise, on a graph built for it."""
    n = CLUSTERS * size
    order = rng.permutation(n) if design.startswith("shuffled") else None
    clusters = 2 if design == "barbell" else CLUSTERS
    labels = np.arange(n) // (n // clusters)
    if design == "barbell":
        graph = graphs.barbell(n, bridges=2)
    elif design == "complete":
        graph = graphs.complete(n)
    elif design == "blocks":
        key = jax.random.key(int(rng.integers(2**31)))
        drawn = graphs.stochastic_block(key, labels, within=0.8, between=0.3)
        graph = graphs.complete_components(np.arange(n)[:, None], drawn)
    else:
        graph = getattr(graphs, design.rpartition("_")[2])(n, order=order)
    edges = np.asarray(graph.edges)
    crossing = (labels[edges[:, 0]] != labels[edges[:, 1]]).sum()
    noise = rng.normal(size=(n, 2 * draws))
    flow = np.asarray(theory.noise_flow(noise, graph).flow).reshape(len(edges), draws, 2)
    rho = np.sqrt((flow**2).sum(2)).max(0)
    bound = theory.design_bound(
        design, clusters, n // clusters, distance=1.0, dimension=2, deviation=1.0,
        within=0.8, between=0.3, bridges=2,
    )  # fmt: skip
    return 2 * np.median(rho) * crossing / (2 * n), bound, len(edges), crossing


@pytest.mark.parametrize(
    "design", ["complete", "blocks", "barbell", "ring", "path", "shuffled_ring", "shuffled_path"]
)
def test_the_bound_grows_as_predicted(design):
    """E: the slope over a factor of 8 in n lies nearest to the predicted of -1/2, 0 and 1/2."""
    rng = generator(f"growth {design}")
    drawn, predicted = [], []
    for size in SIZES:
        value, bound, edges, crossing = drawn_bound(design, size, rng)
        drawn.append(value)
        predicted.append(float(bound.mean_squared))
        # exact designs have these exactly; the others within five standard deviations
        loose = 0 if design in ("complete", "barbell", "ring", "path") else 5
        assert abs(float(bound.edges) - edges) <= loose * np.sqrt(edges)
        assert abs(float(bound.truth_penalty) - crossing) <= loose * np.sqrt(crossing)
        assert value < float(bound.mean_squared)  # the median, below the nine-in-ten level
    growth = theory.design_growth(design)
    ends = np.log([CLUSTERS * SIZES[0], CLUSTERS * SIZES[-1]])
    factor = np.log(ends[1] / ends[0]) / (ends[1] - ends[0])
    for values, power in ((drawn, growth.log_power_of_draws), (predicted, growth.log_power)):
        slope = np.log(values[-1] / values[0]) / (ends[1] - ends[0])
        wanted = float(growth.exponent) + float(power) * factor
        assert abs(slope - wanted) < 0.25, (slope, wanted)


def test_sparser_edges_between_blocks_stop_helping_at_a_half():
    """E: from ``q ~ n^-1/2`` on the bound falls no faster, by the closed forms far out."""
    sizes = np.array([2.0**32, 2.0**40])
    for falls in (0.0, 0.25, 0.5, 0.75, 1.0):
        values = [
            float(
                theory.design_bound(
                    "blocks", 4, int(n) // 4, distance=1.0, dimension=2, deviation=1.0,
                    within=0.5, between=min(0.4 * n**-falls * 10**falls, 1.0),
                ).mean_squared
            )
            for n in sizes
        ]  # fmt: skip
        growth = theory.design_growth("blocks", between_exponent=falls)
        slope = np.log(values[-1] / values[0]) / np.log(sizes[-1] / sizes[0])
        logs = np.log(np.log(sizes[-1]) / np.log(sizes[0])) / np.log(sizes[-1] / sizes[0])
        wanted = float(growth.exponent) + float(growth.log_power) * logs
        # what is left out is q itself against `within`: below 2^-8 where it falls at all
        assert abs(slope - wanted) < 0.01, falls
