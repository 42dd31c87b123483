"""Error bounds and fusing gammas against solutions of a solver of the tests' own.

Every inequality is met with a certified solution: the gap bounds how far it lies from the exact
one, ``|V - V*| <= sqrt(2 gap)``, which is all the slack a comparison gets.
"""

import itertools
import zlib

import jax
import numpy as np
import pytest

from diversity_jax.convex_clustering import graphs, theory
from diversity_jax.convex_clustering.problem import Graph
from tests.agreement import convex_reference as reference
from tests.agreement.convex_reference import NORMS, solved

NODES, LABELS = 24, np.repeat(np.arange(3), 8)
TRUTH = np.array([[0.0, 0.0], [3.0, 0.0], [0.0, 4.0]])[LABELS]


def generator(name):
    return np.random.default_rng(zlib.crc32(name.encode()))


def key(name):
    return jax.random.key(zlib.crc32(name.encode()))


def designs(points):
    """Graphs of many kinds, some that know the points."""
    block = graphs.stochastic_block(key("blocks"), LABELS, within=0.6, between=0.05)
    return {
        "nearest": graphs.nearest(points, neighbours=3, decay=0.2, connected=True),
        "complete": graphs.complete(NODES, weight=0.5),
        "blocks": graphs.complete_components(points, block),
        "ring": graphs.ring(NODES),
        "barbell": graphs.barbell(NODES, bridges=2),
        "kernel": graphs.kernel_complete(points, decay=0.1, kernel="weight"),
    }


@pytest.fixture(scope="module")
def solutions():
    """``(noise, graph, gamma, norm, solution, slack)`` of designed draws."""
    kept, rng = [], generator("draws")
    for turn, deviation in enumerate((0.3, 1.0, 2.0)):
        noise = deviation * rng.normal(size=(NODES, 2))
        for place, graph in enumerate(designs(TRUTH + noise).values()):
            norm = NORMS[(turn + place) % 3]
            rho = float(theory.noise_level(noise, graph, norm=norm))
            for factor in (0.1, 1.0, 2.0):
                gamma = factor * rho
                found = solved(TRUTH + noise, graph, gamma, norm)
                kept.append((noise, graph, gamma, norm, *found))
    return kept


def test_no_solution_leaves_the_bound(solutions):
    """A, with and without the term of the solution, at gammas below and above rho."""
    shares = []
    for noise, graph, gamma, norm, found, slack in solutions:
        error = np.linalg.norm(found - TRUTH)
        plain = theory.recovery_bound(TRUTH, noise, graph, gamma=gamma, norm=norm)
        sharper = theory.recovery_bound(
            TRUTH, noise, graph, gamma=gamma, norm=norm, centroids=found
        )
        # J of a solution that is off by `slack` is off by at most this
        blur = (
            np.max(graph.weights) * len(graph.weights) * 4 * slack * abs(gamma - float(plain.rho))
        )
        assert max(error - slack, 0) ** 2 <= float(plain.bound)
        assert max(error - slack, 0) ** 2 <= float(sharper.bound) + blur
        assert float(sharper.bound) <= float(plain.bound) + blur
        assert bool(plain.dropped) == (gamma >= float(plain.rho))
        assert float(plain.residual) < 1e-12
        shares.append(error**2 / float(plain.bound))
        assert float(plain.mean_squared) == pytest.approx(float(plain.bound) / (2 * NODES))
    assert len(shares) == 54 and max(shares) > 0.3


def test_a_bound_without_its_price_is_violated():
    """Half of ``rho J(U)`` is not enough on two points; of one cluster the mean term is all."""
    graph, truth = graphs.path(2), np.array([[0.0, 0.0], [3.0, 4.0]])
    gamma = 2.5  # at which both meet in the middle: the error is all of the bound
    found, slack = solved(truth, graph, gamma)
    bound = theory.recovery_bound(truth, 0 * truth, graph, gamma=gamma)
    error = ((found - truth) ** 2).sum()
    assert float(bound.bound) == pytest.approx(12.5) == error
    assert error - slack > float(bound.bound) - 0.5 * gamma * float(bound.truth_penalty)
    noise = generator("draws").normal(size=(NODES, 2))
    tree = graphs.path(NODES)
    level = float(theory.noise_level(noise, tree))
    found, slack = solved(noise, tree, level, tolerance=1e-12)
    bound = theory.recovery_bound(0 * noise, noise, tree, gamma=level)
    assert np.linalg.norm(found) == pytest.approx(float(bound.bound) ** 0.5, abs=slack)
    assert float(bound.bound) == float(bound.mean_term) > 0.01
    # a gamma below rho (here by a tenth) leaves the noise apart: the term cannot be dropped there
    found, slack = solved(noise, tree, 0.9 * level, tolerance=1e-12)
    assert np.linalg.norm(found) - slack > float(bound.mean_term) ** 0.5
    below = theory.recovery_bound(0 * noise, noise, tree, gamma=0.9 * level)
    assert not bool(below.dropped) and (found**2).sum() < float(below.bound)


def test_the_noise_is_fused_from_the_gamma_that_is_named_on():
    """A': between two certificates, never above rho, and equal to it on a tree."""
    rng = generator("fusing")
    noise = rng.normal(size=(NODES, 2))
    for (name, graph), norm in zip(designs(TRUTH + noise).items(), itertools.cycle(NORMS)):
        found = theory.fusing_gamma(noise, graph, norm=norm)
        assert bool(found.converged), name
        lower, upper = float(found.lower), float(found.upper)
        rho = float(theory.noise_level(noise, graph, norm=norm))
        assert lower <= upper <= rho * (1 + 1e-12)
        fused, slack = solved(noise, graph, upper, norm)
        assert np.linalg.norm(fused - noise.mean(0)) <= slack
        apart, slack = solved(noise, graph, 0.98 * lower, norm)
        assert np.linalg.norm(apart - noise.mean(0)) > 2 * slack
        # in the place of rho
        points = TRUTH + noise
        near, slack = solved(points, graph, upper, norm)
        bound = theory.recovery_bound(
            TRUTH, noise, graph, gamma=upper, norm=norm, level=found.upper
        )
        total = reference.penalty(TRUTH, graph.edges, graph.weights, norm)
        wanted = NODES * (noise.mean(0) ** 2).sum() + 2 * upper * total
        assert float(bound.bound) == pytest.approx(wanted, rel=1e-12) and bool(bound.dropped)
        assert max(np.linalg.norm(near - TRUTH) - slack, 0) ** 2 <= wanted
    tree = graphs.star(NODES, weight=0.7)
    for norm in NORMS:
        found = theory.fusing_gamma(noise, tree, norm=norm)
        rho = float(theory.noise_level(noise, tree, norm=norm))
        assert float(found.upper) == pytest.approx(rho, rel=1e-9)
        assert float(found.lower) == pytest.approx(rho, rel=1e-3)


def test_for_l1_the_fusing_gamma_is_the_tightest_cut():
    rng = generator("cuts")
    edges = np.array([pair for pair in itertools.combinations(range(8), 2) if rng.random() < 0.6])
    weights = np.exp(rng.normal(size=len(edges)))
    noise = rng.normal(size=(8, 2))
    centred, tightest = noise - noise.mean(0), 0.0
    for chosen in itertools.product([False, True], repeat=7):
        inside = np.array([*chosen, False])
        crossing = weights[inside[edges[:, 0]] != inside[edges[:, 1]]].sum()
        if inside.any():
            tightest = max(tightest, np.abs(centred[inside].sum(0)).max() / crossing)
    found = theory.fusing_gamma(noise, Graph(edges, weights, nodes=8), norm="l1")
    # the linear program's own tolerance is 1e-7; both certificates are exact around it
    assert float(found.lower) <= tightest * (1 + 1e-12) <= float(found.upper) * (1 + 1e-11)
    assert float(found.upper - found.lower) < 1e-6 * tightest


def test_likely_noise_stays_below_its_level_as_often_as_it_should():
    """B for all norms and both laws, on a graph that does not know the noise."""
    graph = designs(TRUTH)["blocks"]
    rng, draws, failure = generator("levels"), 400, 0.1
    first, second = np.asarray(graph.first), np.asarray(graph.second)
    opposite = np.asarray(theory.laplacian_inverse(graph))
    flow = np.asarray(graph.weights)[:, None] * (opposite[first] - opposite[second])
    for law in ("gaussian", "subgaussian"):
        shape = (draws, NODES, 2)
        noise = rng.normal(size=shape) if law == "gaussian" else rng.choice([-1.0, 1.0], shape)
        carried = np.einsum("mn,tnd->tmd", flow, noise)
        for norm, dual in reference.DUALS.items():
            ord_of = {"l1": 1, "l2": 2, "linf": np.inf}[dual]
            seen = np.linalg.norm(carried, ord=ord_of, axis=2).max(1)
            level = theory.probable_noise_level(
                theory.edge_sensitivity(graph).max(), edges=len(first), dimension=2,
                deviation=1.0, failure=failure, norm=norm, law=law,
            )  # fmt: skip
            # 62 of 400 is the 1e-4 quantile of a tenth; no level is more than four times too far
            assert (seen > float(level)).sum() <= 62
            assert np.median(seen) > float(level) / 4
    means = NODES * (noise.mean(1) ** 2).sum(1)
    level = theory.probable_mean_term(dimension=2, deviation=1.0, failure=failure)
    assert 0 < (means > float(level)).sum() <= 62


def test_the_whole_bound_with_probability_and_the_theorem_of_complete_graphs():
    rng, failure = generator("probable"), 0.2
    graph = designs(TRUTH)["blocks"]
    bound = theory.probable_recovery_bound(TRUTH, graph, deviation=0.7, failure=failure)
    whole = theory.complete_graph_bound(TRUTH, deviation=0.7, failure=failure)
    exceeded = np.zeros(3)
    for _ in range(12):
        noise = 0.7 * rng.normal(size=TRUTH.shape)
        for place, (on, gamma, norm, limit) in enumerate(
            (
                (graph, bound.gamma, "l2", bound.bound),
                (graphs.complete(NODES), whole.gamma, "l1", whole.bound),
                (graphs.complete(NODES), whole.sharp_gamma, "l1", whole.sharp_bound),
            )
        ):
            found, _ = solved(TRUTH + noise, on, float(gamma), norm, 1e-5)
            exceeded[place] += ((found - TRUTH) ** 2).sum() > float(limit)
    # eleven of twelve at a fifth have a chance below 1e-6, eight one of 1e-4 and less
    assert (exceeded < 8).all()
    assert float(bound.probability) == pytest.approx(0.8)
    assert float(whole.gamma / whole.sharp_gamma) == pytest.approx(np.sqrt(NODES / 2))
    pairs = NODES * (NODES - 1) / 2
    assert float(whole.gamma) == pytest.approx(4 * 0.7 * np.sqrt(np.log(2 * pairs) / NODES))
    total = sum(np.abs(a - b).sum() for a, b in itertools.combinations(TRUTH, 2))
    term = float(theory.probable_mean_term(dimension=2, deviation=0.7, failure=failure))
    assert float(whole.bound) == pytest.approx(3 * float(whole.gamma) * total + 2 * term)
    sharp = 1.5 * float(whole.sharp_gamma) * total + term
    assert float(whole.sharp_bound) == pytest.approx(sharp)
    assert float(whole.probability) == pytest.approx(1 - failure - 1 / pairs)
    low = theory.probable_recovery_bound(
        TRUTH, graph, deviation=0.7, failure=failure, gamma=0.5 * bound.rho
    )
    assert np.isinf(float(low.bound)) and float(low.probability) == 0


def test_traced_padded_and_batched_the_bound_is_the_same():
    graph = designs(TRUTH)["blocks"]
    noise = generator("batch").normal(size=(3, NODES, 2))
    from diversity_jax.convex_clustering.problem import padded

    wider = padded(graph, len(graph.weights) + 5)
    run = jax.jit(
        jax.vmap(
            lambda on, errors: theory.recovery_bound(TRUTH, errors, on, gamma=0.5),
            in_axes=(None, 0),
        )
    )
    found = run(wider, noise)
    for place, errors in enumerate(noise):
        for on in (graph, wider):
            wanted = theory.recovery_bound(TRUTH, errors, on, gamma=0.5)
            assert float(found.bound[place]) == pytest.approx(float(wanted.bound), rel=1e-11)
            assert float(found.rho[place]) == pytest.approx(float(wanted.rho), rel=1e-11)
    np.testing.assert_array_equal(
        theory.edge_sensitivity(wider), np.r_[theory.edge_sensitivity(graph), np.zeros(5)]
    )
    # in two components F^+ cannot carry the noise: no number, instead of a wrong one
    apart = Graph(np.r_[graph.edges[:4], [[20, 21]]], np.ones(5), nodes=NODES)
    apart = padded(apart, len(wider.weights))
    assert np.isnan(run(apart, noise).bound).all()
