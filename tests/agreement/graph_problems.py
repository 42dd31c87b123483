"""Small random graphs, and harmonic problems on them in rational arithmetic."""

import zlib
from fractions import Fraction

import numpy as np

from diversity_jax.graph_learning.problem import Affinity


def generator(name):
    return np.random.default_rng(zlib.crc32(name.encode()))


def drawn(rng, nodes, edges, decades=0.0):
    """A connected graph of a random tree and further edges; weights are dyadic over the decades."""
    pairs = {tuple(sorted((int(rng.integers(node)), node))) for node in range(1, nodes)}
    while len(pairs) < edges:
        pairs.add(tuple(sorted(map(int, rng.choice(nodes, 2, replace=False)))))
    pairs = np.array(sorted(pairs))
    weights = 10 ** rng.uniform(-decades, decades, len(pairs)) * rng.integers(1, 8, len(pairs))
    return Affinity(pairs, weights, nodes=nodes)


def matrix(graph):
    """All weights as floats, by hand."""
    table = np.zeros((graph.nodes, graph.nodes))
    for (i, j), weight in zip(np.asarray(graph.edges), np.asarray(graph.weights)):
        table[i, j] = table[j, i] = weight
    return table


def exactly(table, labels, held, confidence, g, many=None):
    """``(Lq + g V + C V) l = C V y``, held nodes at their labels, as fractions."""
    n = len(table)
    v = [Fraction(float(x)) for x in (np.ones(n) if many is None else many)]
    y, c = [[Fraction(float(x)) for x in row] for row in (labels, confidence)]
    g = Fraction(float(g))
    rows = []
    for i in range(n):
        if held[i]:
            rows.append([Fraction(int(i == j)) for j in range(n)] + [y[i]])
            continue
        w = [Fraction(float(x)) * v[i] * v[j] * (i != j) for j, x in enumerate(table[i])]
        own = sum(w) + (g + c[i]) * v[i]
        rows.append([own * (i == j) - w[j] for j in range(n)] + [c[i] * v[i] * y[i]])
    for pivot in range(n):
        swap = next(row for row in range(pivot, n) if rows[row][pivot])
        rows[pivot], rows[swap] = rows[swap], rows[pivot]
        for other in range(n):
            if other != pivot and rows[other][pivot]:
                factor = rows[other][pivot] / rows[pivot][pivot]
                rows[other] = [x - factor * z for x, z in zip(rows[other], rows[pivot])]
    return [row[n] / row[i] for i, row in enumerate(rows)]
