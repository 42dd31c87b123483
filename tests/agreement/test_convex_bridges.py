"""The mean supremum of Brownian bridges, and constants of the bound's growth, two ways."""

import math
import zlib

import numpy as np
import pytest

from diversity_jax.convex_clustering import graphs, theory

NODES, DRAWS = 400, 1500


def generator(name):
    return np.random.default_rng(zlib.crc32(name.encode()))


def test_in_one_and_three_dimensions_the_mean_is_known():
    """Kolmogorov's, and that of the top of an excursion, the length of a bridge in three."""
    root = math.sqrt(math.pi / 2)
    for dimension, wanted in ((1, root * math.log(2)), (3, root)):
        assert float(theory.bridge_supremum(dimension)) == pytest.approx(wanted, abs=1e-9)


@pytest.mark.parametrize("dimension", [2, 30])
def test_the_mean_is_that_of_fine_random_walks(dimension):
    """A walk misses the top of a bridge by about .5826 steps; its error is of higher order."""
    random = generator(f"bridges {dimension}")
    steps = random.standard_normal((DRAWS, NODES, dimension)) / math.sqrt(NODES)
    walks = steps.cumsum(axis=1)
    share = np.arange(1, NODES + 1)[None, :, None] / NODES
    tops = np.linalg.norm(walks - share * walks[:, -1:], axis=2).max(axis=1)
    missed = 0.5826 / math.sqrt(NODES)
    error = tops.std(ddof=1) / math.sqrt(DRAWS)
    assert abs(tops.mean() + missed - float(theory.bridge_supremum(dimension))) < (
        3.9 * error + 0.1 * missed
    )


@pytest.mark.parametrize(("design", "clusters", "nodes"), [("path", 4, 400), ("barbell", 2, 60)])
def test_the_bound_tends_to_its_constant(design, clusters, nodes):
    """Drawn from the flow itself; what is left at these sizes is a few percent."""
    random = generator(f"constant of a {design}")
    graph = graphs.path(nodes) if design == "path" else graphs.barbell(nodes, bridges=3)
    inverse = np.asarray(theory.laplacian_inverse(graph))
    first, second = np.asarray(graph.edges).T
    noise = 1.5 * random.standard_normal((300, nodes, 2))
    potentials = inverse @ noise
    levels = np.linalg.norm(potentials[:, first] - potentials[:, second], axis=2).max(axis=1)
    crossing = clusters - 1 if design == "path" else 3
    drawn = 2 * levels * crossing * 0.7 / (nodes * 2) * math.sqrt(nodes)
    given = {"distance": 0.7, "dimension": 2, "deviation": 1.5}
    wanted = float(theory.design_constant(design, clusters, **given))
    error = drawn.std(ddof=1) / math.sqrt(len(drawn))
    missed = 0.5826 / math.sqrt(nodes) / float(theory.bridge_supremum(2))
    assert abs(drawn.mean() - wanted) < 3.9 * error + 1.5 * missed * wanted


def test_what_has_no_constant_is_refused():
    given = {"distance": 1.0, "dimension": 2, "deviation": 1.0}
    with pytest.raises(ValueError, match="design: got 'ring'"):
        theory.design_constant("ring", 4, **given)
    with pytest.raises(ValueError, match="clusters: got 3, expected 2 for a barbell"):
        theory.design_constant("barbell", 3, **given)
    with pytest.raises(ValueError, match="dimension"):
        theory.bridge_supremum(0)
