"""Exact moments of the linear attention layer: labels are listed, noise is integrated.

Tokens X_1..X_L are independent draws of ``sum_c weights_c N(means_c, variance I_d)`` and the layer
is ``T_1 = (scale strength / L) sum_k (X_1' A X_k) X_k`` with ``A = heads' heads``, k = 1 included;
identity heads give the layer without parameters. No formula of the theory is used here: every label
vector is listed and the Gaussian coordinates go on a tensor Gauss-Hermite grid.

Why so few nodes are exact: ``(X_1' A X_k) X_k`` is linear in X_1 and quadratic in X_k for k > 1,
and cubic in X_1 for k = 1. Hence ``|T_1|^2``, and with it the risk ``E|X_1 - T_1|^2``, has degree 6
in every coordinate of X_1 and degree 4 in every coordinate of the others; n nodes integrate
degree 2n - 1 exactly, so 4 nodes do for the first token and 3 for each of the others.

Why three lengths give every length: write S = sum_k (X_1' A X_k) X_k. Tokens are exchangeable, so
E S and E<X_1, S> count one term k = 1 and L - 1 equal terms: linear in L. E[S S'] counts 1 term,
L - 1 terms of three kinds and (L-1)(L-2) terms: quadratic in L. The values at L = 1, 2, 3 therefore
fix all of them, and T_1 = (scale strength / L) S gives any length, infinity included.

Cost: (clusters)^L 4^d 3^((L-1)d) evaluations: a second or less for d=2 with L<=4 and d=3 with L<=3.
"""

import itertools
from typing import NamedTuple

import numpy as np

FIRST_NODES = 4
OTHER_NODES = 3
LENGTHS = (1, 2, 3)


class LayerMoments(NamedTuple):
    """Moments of T_1 given the cluster of X_1; the leading axis is the cluster."""

    mean: np.ndarray  # E[T_1 | c], [k, d]
    second: np.ndarray  # E[T_1 T_1' | c], [k, d, d]
    inner: np.ndarray  # E[<T_1, X_1> | c], [k]
    means: np.ndarray  # the centroids, [k, d]
    energy: np.ndarray  # E[|X_1|^2 | c], [k]

    @property
    def square(self):
        """E[|T_1|^2 | c], [k]."""
        return np.trace(self.second, axis1=1, axis2=2)

    @property
    def covariance(self):
        """Cov(T_1 | c), [k, d, d]."""
        return self.second - np.einsum("ki,kj->kij", self.mean, self.mean)

    @property
    def variance(self):
        """E[|T_1 - E[T_1 | c]|^2 | c], the trace of the covariance, [k]."""
        return np.trace(self.covariance, axis1=1, axis2=2)

    @property
    def quantisation_error(self):
        """E[|T_1 - centroid|^2 | c], [k]."""
        overlap = np.einsum("ki,ki->k", self.mean, self.means)
        return self.square - 2 * overlap + np.einsum("ki,ki->k", self.means, self.means)

    @property
    def error(self):
        """E[|X_1 - T_1|^2 | c], [k]: the risk is its average under the weights."""
        return self.energy - 2 * self.inner + self.square


def layer(tokens, heads, *, strength, scale):
    """T_1 for tokens ``[..., L, d]``, straight from the definition; ``[..., d]``."""
    queries = tokens[..., 0, :] @ heads.T @ heads
    scores = np.einsum("...i,...ki->...k", queries, tokens)
    return scale * strength / tokens.shape[-2] * np.einsum("...k,...ki->...i", scores, tokens)


def gaussian_grid(dimension, nodes):
    """Nodes ``[m, d]`` and weights ``[m]`` of the tensor Gauss-Hermite rule for N(0, I_d)."""
    points, weights = np.polynomial.hermite_e.hermegauss(nodes)
    weights = weights / weights.sum()
    grid = np.array(list(itertools.product(points, repeat=dimension)))
    mass = np.array(list(itertools.product(weights, repeat=dimension)))
    return grid, mass.prod(axis=1)


def cluster_expectation(
    function, weights, means, variance, length, *, first_nodes=FIRST_NODES, other_nodes=OTHER_NODES
):
    """E[function(tokens) | cluster of X_1], ``[k, ...]``; it maps ``[m, L, d]`` to ``[m, ...]``.

    Exact when `function` has degree at most ``2 first_nodes - 1`` in each coordinate of X_1 and
    ``2 other_nodes - 1`` in each coordinate of the other tokens.
    """
    weights, means = np.asarray(weights, float), np.asarray(means, float)
    clusters, dimension = means.shape
    deviation = np.sqrt(variance)
    first_grid, first_mass = gaussian_grid(dimension, first_nodes if variance > 0 else 1)
    other_grid, other_mass = gaussian_grid(
        (length - 1) * dimension, other_nodes if variance > 0 else 1
    )
    other_noise = deviation * other_grid.reshape(len(other_grid), length - 1, dimension)
    totals = []
    for cluster in range(clusters):
        total = 0.0
        for labels in itertools.product(range(clusters), repeat=length - 1):
            chosen = np.array(labels, int)
            others = means[chosen] + other_noise
            mass = np.prod(weights[chosen]) * other_mass
            for node, node_mass in zip(first_grid, first_mass):
                first = np.broadcast_to(means[cluster] + deviation * node, (len(others), dimension))
                values = function(np.concatenate([first[:, None], others], axis=1))
                total = total + node_mass * np.tensordot(mass, values, axes=1)
        totals.append(total)
    return np.array(totals)


def layer_risk(heads, weights, means, variance, length, strength, scale):
    """E|X_1 - T_1|^2 at a small integer length, by direct integration of the squared error."""

    def squared_error(tokens):
        gap = tokens[:, 0] - layer(tokens, heads, strength=strength, scale=scale)
        return np.einsum("mi,mi->m", gap, gap)

    errors = cluster_expectation(squared_error, weights, means, variance, length)
    return float(np.dot(weights, errors))


def layer_moments_given_cluster(heads, weights, means, variance, length, strength, scale):
    """The `LayerMoments` at a small integer length, by direct integration."""
    dimension = np.shape(means)[1]

    def packed(tokens):
        first = tokens[:, 0]
        output = layer(tokens, heads, strength=strength, scale=scale)
        outer = np.einsum("mi,mj->mij", output, output).reshape(len(output), -1)
        inner = np.einsum("mi,mi->m", output, first)
        energy = np.einsum("mi,mi->m", first, first)
        return np.concatenate([output, outer, inner[:, None], energy[:, None]], axis=1)

    values = cluster_expectation(packed, weights, means, variance, length)
    return LayerMoments(
        mean=values[:, :dimension],
        second=values[:, dimension:-2].reshape(-1, dimension, dimension),
        inner=values[:, -2],
        means=np.asarray(means, float),
        energy=values[:, -1],
    )


def layer_moments_any_length(heads, weights, means, variance, length, strength, scale):
    """The `LayerMoments` at any length, ``np.inf`` included, from the exact ones at L = 1, 2, 3."""
    small = [  # scale = L leaves the plain sum S, whose moments are polynomials in L
        layer_moments_given_cluster(heads, weights, means, variance, size, 1.0, size)
        for size in LENGTHS
    ]
    powers = np.linalg.inv(np.vander(np.array(LENGTHS, float), increasing=True))
    inverse = 0.0 if np.isinf(length) else 1.0 / length
    factor = scale * strength
    mean, second, inner = (
        np.tensordot(powers, np.array([getattr(moments, name) for moments in small]), axes=1)
        for name in ("mean", "second", "inner")
    )
    return LayerMoments(
        mean=factor * (mean[1] + inverse * mean[0]),
        second=factor**2 * (second[2] + inverse * second[1] + inverse**2 * second[0]),
        inner=factor * (inner[1] + inverse * inner[0]),
        means=small[0].means,
        energy=small[0].energy,
    )


def layer_risk_any_length(heads, weights, means, variance, length, strength, scale):
    """E|X_1 - T_1|^2 at any length, ``np.inf`` included; see the module's second argument."""
    moments = layer_moments_any_length(heads, weights, means, variance, length, strength, scale)
    return float(np.dot(weights, moments.error))


def regulariser(heads, weights, means, variance):
    """Sum over unordered pairs of heads of ``E[<head, X>^2 <other, X>^2]``, by quadrature."""

    def products(tokens):
        squares = (tokens[:, 0] @ np.asarray(heads, float).T) ** 2
        pairs = itertools.combinations(range(len(heads)), 2)
        return sum((squares[:, a] * squares[:, b] for a, b in pairs), np.zeros(len(tokens)))

    return float(np.dot(weights, cluster_expectation(products, weights, means, variance, 1)))
