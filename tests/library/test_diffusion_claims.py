"""What the claims on classes learned one after the other read off curves."""

import numpy as np
import pytest

from diversity_jax.diffusion.model import ClassModel
from experiments.shared import centroids, flows
from paper_repro.papers.diffusion import coexistence


def test_shares_are_of_the_largest_fall_and_may_be_lost_again():
    test = np.array([[1.0, 1.0], [0.6, 0.9], [0.2, 1.1]])
    made = coexistence.shares(test)
    np.testing.assert_allclose(made, [[0, 0], [0.5, 1], [1, -1]], atol=1e-15)
    # One run more is one axis in front.
    np.testing.assert_array_equal(coexistence.shares(np.stack([test, test]))[1], made)


def test_curves_are_read_at_a_time_of_their_own():
    logs = np.log([1.0, 10.0, 100.0])
    curves = np.array([[0.0, 1.0, 2.0], [0.0, 2.0, 4.0]])
    found = coexistence.read(curves, logs, np.array([10**0.5, 10**1.5]))
    np.testing.assert_allclose(found, [0.5, 3.0])


def test_models_of_equal_numbers_are_solved_once():
    def model(variance):
        return ClassModel([0.5, 0.5], [variance, 1.0], 0.1, 4, 8)

    asked = []

    def solve(model):
        asked.append(float(model.variances[0, 0]))
        return 2 * asked[-1]

    assert flows.each_once(solve, [model(0.5), model(0.7), model(0.5)]) == [1.0, 1.4, 1.0]
    assert asked == [0.5, 0.7]


@pytest.mark.parametrize("more", [{}, {"percent": 80, "cosine": -0.6}])
def test_a_point_says_the_shares_and_the_angle_of_its_centroids(more):
    point = centroids.point((0.3, 0.5), (4.0, 9.0), (4, 8), 10, **more)
    model = centroids.model(point)
    share = more.get("percent", 50) / 100
    across = 6 * more.get("cosine", 0.0)
    np.testing.assert_allclose(model.fractions, [1 - share, share])
    assert model.centroid_overlaps is not None
    np.testing.assert_allclose(model.centroid_overlaps, [[4, across], [across, 9]], rtol=1e-6)
