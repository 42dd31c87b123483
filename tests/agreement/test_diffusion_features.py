"""Random features of classes with long centroids: averages and losses against drawn samples."""

import zlib

import jax
import numpy as np
import pytest
from scipy.stats import t

from diversity_jax.diffusion import random_features, training
from diversity_jax.diffusion.model import ClassModel

pytestmark = pytest.mark.light
OVERLAPS = np.array([[0.64, 0.2], [0.2, 1.44]])
LONG = ClassModel([0.3, 0.7], [0.6, 1.2], 0.1, 4.0, 6.0, centroid_overlaps=OVERLAPS)


def key(name):
    return jax.random.key(zlib.crc32(name.encode()))


def farthest(exact, rows):
    """The largest score of the mean over draws [draws, ...], and what it may be at 1e-4."""
    error = np.std(rows, axis=0, ddof=1) / np.sqrt(len(rows))
    worst = np.abs((np.mean(rows, axis=0) - exact) / error).max()
    return worst, t.isf(1e-4 / 2 / np.size(exact), len(rows) - 1)


def test_centroids_have_exactly_their_overlaps():
    drawn = random_features.draw(key("overlaps"), LONG, dimension=20)
    np.testing.assert_allclose(drawn.centroids @ drawn.centroids.T / 20, OVERLAPS, rtol=1e-12)


@pytest.mark.parametrize("of", [0, 1])
def test_the_population_average_with_centroids_is_that_of_new_samples(of):
    d, number = 16, 500
    drawn = random_features.draw(key("centroids"), LONG, dimension=d)
    matrix, cross = random_features.population(LONG, drawn, of)
    random = np.random.default_rng(zlib.crc32(f"new samples around centroid {of}".encode()))
    weights, centroid = np.asarray(drawn.weights), np.asarray(drawn.centroids[of])
    rows = []
    for _ in range(300):
        noise = random.normal(size=(number, d))
        clean = centroid + np.sqrt([0.6, 1.2][of]) * random.normal(size=(number, d))
        noised = float(drawn.decay) * clean + np.sqrt(float(drawn.noise)) * noise
        features = np.tanh(noised @ weights.T / np.sqrt(d))
        rows.append((features.T @ features / number, features.T @ noise / number))
    for exact, found in zip((matrix, cross), zip(*rows)):
        worst, limit = farthest(np.asarray(exact), np.asarray(found))
        assert worst < limit


def test_losses_with_centroids_are_those_of_descent():
    """Flow and descent share their averages, which are checked above, and nothing else."""
    gaps, times = [], np.arange(1.0, 5.0)
    flow = training.simulated_losses(key("long"), LONG, times, dimension=12)
    for stride in (100, 200):
        made = training.descent(
            key("long"), LONG, dimension=12, learning_rate=1.0 / stride, frames=4, stride=stride
        )
        gaps.append(max(np.abs(made.train - flow.train).max(), np.abs(made.test - flow.test).max()))
    assert gaps[0] / gaps[1] == pytest.approx(2, rel=0.1)
