"""Backward diffusion compiles once; features summed in blocks; times of a class with a prior."""

import math
import zlib

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from diversity_jax import special
from diversity_jax.diffusion import process, random_features, sampling
from diversity_jax.diffusion.model import ClassModel
from diversity_jax.diffusion.theory import speciation
from diversity_jax.mixtures import GaussianMixture


def key(name):
    return jax.random.key(zlib.crc32(name.encode()))


def test_backward_diffusion_is_traced_once_per_shape():
    """A score that is a record may change its numbers; the loop over steps is not traced anew."""
    traced = []

    class Counted(eqx.Module):
        variance: jax.Array

        def __call__(self, points, time):
            traced.append(points.shape)
            return -points / self.variance

    def run(variance, number, steps):
        points = jnp.ones((number, 3))
        times = process.backward_times(1.0, 0.01, steps)
        for score in (Counted(jnp.asarray(variance)), Counted(jnp.asarray(2 * variance))):
            sampling.backward(key("traced"), score, points, times)
            sampling.probability_flow(score, points, times)

    run(1.0, 5, 7)
    once = len(traced)
    run(3.0, 5, 7)
    assert len(traced) == once
    run(3.0, 6, 7)
    assert len(traced) == 2 * once


@pytest.mark.parametrize("features", [7.4, 16.0])
def test_blocks_sum_to_what_all_samples_at_once_give(features):
    """More samples and features than one block and tile, and not a multiple of either."""
    model = ClassModel([0.3, 0.7], [0.4, 1.6], 0.1, 13.7, features)
    drawn = random_features.draw(key("blocks"), model, dimension=20)
    matrix, slopes = random_features.covariance(model, drawn)
    weights, samples = np.asarray(drawn.weights), np.asarray(drawn.samples)
    p, d = weights.shape
    assert p > random_features.TILE and len(samples) > random_features.BLOCK
    means = float(drawn.decay) * samples @ weights.T / np.sqrt(d)
    norms = np.sqrt((weights**2).sum(axis=1))
    nodes, masses = special.normal_nodes(random_features.NODES)
    spread = np.sqrt(float(drawn.noise) / d) * norms
    values = np.tanh(means[None] + nodes[:, None, None] * spread)
    wanted, unit = np.zeros((p, p)), weights / norms[:, None]
    similarity = unit @ unit.T
    for s, polynomial in enumerate(special.hermite(random_features.ORDER, nodes)):
        found = np.tensordot(masses * polynomial, values, 1)
        wanted += similarity**s * (found.T @ found)
        if s == 1:
            first = found.mean(axis=0)
    np.fill_diagonal(wanted, np.tensordot(masses, values**2, 1).sum(axis=0))
    # Rounding of sums of n terms of order one, over n, with room for their order.
    np.testing.assert_allclose(matrix, wanted / len(samples), atol=1e-14, rtol=0)
    np.testing.assert_allclose(slopes, first, atol=1e-14, rtol=0)


@pytest.mark.parametrize("share", [0.4, 0.45])
def test_a_small_majority_is_not_committed_at_all_times(share):
    """For L < 1/2 its log-odds fall below their deviation between two roots, 1 +- sqrt(1 - 2 L)."""
    dimension = 100
    means = np.stack([np.ones(dimension), -np.ones(dimension)])
    mixture = GaussianMixture.isotropic([share, 1 - share], means, 1.0)
    odds = math.log((1 - share) / share)
    root = 1 + math.sqrt(1 - 2 * odds)
    wanted = -math.log(root**2 / (4 * dimension)) / 2
    found = speciation.speciation_times(mixture, criterion="bayes")
    assert float(found[1]) == pytest.approx(wanted, abs=1e-8)
