"""Small problems of convex clustering, and what tests of the solvers say about them."""

import zlib
from itertools import combinations

import numpy as np

from diversity_jax.convex_clustering.problem import Graph

NORMS = ("l1", "l2", "linf")
NODES = 12
DUALS = {"l1": np.inf, "l2": 2, "linf": 1}
PRIMALS = {"l1": 1, "l2": 2, "linf": np.inf}


def scattered(name, nodes=NODES, dimension=2):
    """Points in two clumps, and a connected graph with uneven weights."""
    random = np.random.default_rng(zlib.crc32(name.encode()))
    points = random.normal(size=(nodes, dimension)) + 3 * (np.arange(nodes) % 2)[:, None]
    tree = {(int(random.integers(node)), node) for node in range(1, nodes)}
    tree |= {pair for pair in combinations(range(nodes), 2) if random.random() < 0.2}
    ends = np.array(sorted(tree))
    return points, Graph(ends, random.uniform(0.2, 2, len(ends)))


def half_of(points):
    return np.sum((points - points.mean(0)) ** 2) / 2
