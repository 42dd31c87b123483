"""Bad input of partitions, ParK and its estimator: one clear error each; and their manners."""

import jax
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from diversity_jax import seeds
from diversity_jax.kernel_ridge import kernels, park, problems
from diversity_jax.kernel_ridge import partition as partitions
from diversity_jax.kernel_ridge.park_estimator import ParK
from tests.library.test_graph_inputs import refused

KEY = seeds.root(61)
RANDOM = seeds.numpy_generator(seeds.stream(KEY, "tables"))
POINTS = RANDOM.normal(size=(60, 2))
TARGETS = np.sin(POINTS[:, 0])
GAUSSIAN = kernels.gaussian(1.0)


def fitted(inputs=POINTS, targets=TARGETS, kernel=GAUSSIAN, **changed):
    options = {"ridge": 1e-3, "cells": 3, "centres_per_cell": None, "method": "random"}
    return park.fit(KEY, kernel, inputs, targets, **{**options, **changed})


@pytest.fixture(scope="module")
def found():
    return fitted()


def parted(inputs=POINTS, kernel=GAUSSIAN, **changed):
    return park.partition(KEY, kernel, inputs, **{"cells": 3, "method": "random", **changed})


def test_partitions_that_cannot_be():
    refused(["cells", "0", "from 1 to 60"], parted, cells=0)
    refused(["cells", "61", "from 1 to 60"], parted, cells=61)
    refused(["cells", "True"], parted, cells=True)
    refused(["method", "'kmeans'", "k-means"], parted, method="kmeans")
    refused(["most", "1.0", ">= 1.1"], parted, most=1.0)
    refused(["most", "nan"], parted, most=float("nan"))
    refused(["candidates", "2", ">= 3"], parted, candidates=2)
    refused(["inputs", "(60,)"], parted, POINTS[:, 0])
    refused(["inputs", "(0, 2)"], parted, POINTS[:0])
    refused(
        ["inputs", "1 of 120", "finite"],
        parted,
        np.where(np.arange(120).reshape(60, 2) == 7, np.nan, 1),
    )
    refused(["kernel", "'gaussian'"], parted, kernel="gaussian")
    words = ["inputs", "traced", "outside"]
    refused(words, jax.jit(lambda points: parted(points).sizes), POINTS)


@pytest.mark.parametrize("method", partitions.METHODS)
def test_fewer_distinct_points_than_cells_are_an_error(method):
    few = np.repeat(POINTS[:4], 15, axis=0)
    refused(["cells", "5 with 4 distinct"], parted, few, cells=5, method=method)
    refused(["cells", "2 with 1 distinct"], parted, np.ones((60, 2)), cells=2, method=method)
    # Rare points that candidates miss are found all the same.
    rare = np.concatenate([np.zeros((400, 2)), POINTS[:4]])
    one = parted(rare, cells=5, method=method, candidates=5, most=None)
    assert sorted(np.asarray(one.sizes)) == [1, 1, 1, 1, 400]


def test_fits_that_cannot_be():
    for bad in (0.0, -1.0, np.nan, np.inf):
        refused(["ridge", str(bad)], fitted, ridge=bad)
    refused(["ridge", "(2,)"], fitted, ridge=[1.0, 2.0])
    refused(["targets", "(59,)", "(60,)"], fitted, targets=TARGETS[1:])
    refused(["targets", "(60, 0)"], fitted, targets=np.zeros((60, 0)))
    refused(["targets", "1 NaN"], fitted, targets=np.where(np.arange(60) == 3, np.nan, TARGETS))
    refused(["centres_per_cell", "61", "to 60"], fitted, centres_per_cell=61)
    refused(["centres_per_cell", "0"], fitted, centres_per_cell=0)
    refused(["blend", "-0.1"], fitted, blend=-0.1)
    refused(["blend", "nan"], fitted, blend=float("nan"))
    refused(["solver", "'cg'", "falkon"], fitted, solver="cg")
    refused(["iterations", "0"], fitted, iterations=0)
    refused(["cells", "(60,)", "these inputs"], fitted, POINTS[1:], TARGETS[1:], cells=parted())
    refused(["ridge", "traced"], jax.jit(lambda ridge: fitted(ridge=ridge).residual), 0.1)
    refused(["parts", "61"], park.divide_and_conquer, KEY, GAUSSIAN, POINTS, TARGETS, ridge=1.0,
            parts=61, centres_per_part=None)  # fmt: skip


def test_a_matrix_that_is_not_positive_definite_says_what_to_do():
    twice = np.repeat(POINTS[:30], 2, axis=0).astype(np.float32)
    words = ["kernel", "not positive definite", "float32", "raise ridge", "float64"]
    refused(
        words, fitted, 100 * twice, TARGETS.astype(np.float32), kernels.polynomial(3), ridge=1e-9
    )


def test_predictions_that_cannot_be(found):
    refused(["points", "(4, 3)", "(any, 2)"], found.predict, np.ones((4, 3)))
    refused(["points", "2 of 2", "finite"], found.predict, np.full((1, 2), np.nan))
    refused(["points", "traced", "outside"], jax.jit(lambda points: found.predict(points)), POINTS)
    refused(["points", "(2,)"], found.partition.route, POINTS[0])


def test_one_row_and_one_cell():
    one = fitted(POINTS[:1], TARGETS[:1], cells=1, method="k-means")
    np.testing.assert_allclose(one.predict(POINTS[:1]), TARGETS[:1] / (1 + 1e-3))


def test_columns_of_targets_are_solved_at_once_and_keep_their_shape(found):
    both = fitted(targets=np.stack([TARGETS, -2 * TARGETS], 1))
    values = np.asarray(both.predict(POINTS))
    assert values.shape == (60, 2) and both.residuals.shape == (len(both.centres), 2)
    np.testing.assert_allclose(values[:, 0], found.predict(POINTS), atol=1e-12)
    np.testing.assert_allclose(values[:, 1], -2 * values[:, 0], atol=1e-12)


def test_steps_that_are_too_few_are_said():
    short = fitted(solver="falkon", iterations=1, centres_per_cell=8, ridge=1e-8, cells=1)
    assert not bool(short.converged) and float(short.residual) > 1e-6
    assert bool(fitted(centres_per_cell=8, ridge=1e-8, cells=1).converged)
    enough = fitted(solver="falkon", iterations=40, centres_per_cell=8, cells=1)
    direct = fitted(centres_per_cell=8, cells=1)
    assert bool(enough.converged)
    np.testing.assert_allclose(enough.predict(POINTS), direct.predict(POINTS), atol=1e-6)


def test_equal_keys_give_equal_fits_and_problems(found):
    np.testing.assert_array_equal(fitted().predict(POINTS), found.predict(POINTS))
    one, other = (problems.draw(KEY, count, 2, 4.0, 0.1) for count in (5, 6))
    again = problems.draw(KEY, 5, 2, 4.0, 0.1)
    np.testing.assert_array_equal(one.targets, again.targets)
    assert np.abs(np.asarray(one.truth)).max() > 0 and other.inputs.shape == (6, 2)
    refused(["count", "0"], problems.draw, KEY, 0, 2, 4.0, 0.1)
    refused(["box", "0.0"], problems.draw, KEY, 3, 2, 0.0, 0.1)
    refused(["noise", "-1"], problems.draw, KEY, 3, 2, 1.0, -1.0)


def test_the_estimator_has_scikit_learns_manners():
    model = ParK(cells=2, centres_per_cell=100, lengthscale=1.0, ridge=1e-4)
    assert clone(model).get_params() == model.get_params() and "cells=2" in repr(model)
    refused(["estimator", "not fitted"], model.predict, POINTS)
    assert model.fit(POINTS, TARGETS) is model and model.n_features_in_ == 2
    assert model.score(POINTS, TARGETS) > 0.9 and bool(model.fit_.converged)
    refused(["X", "3 columns"], model.predict, np.ones((2, 3)))
    refused(["option", "'cell'"], model.set_params, cell=3)
    chosen = GridSearchCV(model, {"cells": [1, 2]}, cv=2).fit(POINTS, TARGETS)
    assert chosen.best_params_["cells"] in (1, 2)
    line = make_pipeline(StandardScaler(), ParK(cells=2, lengthscale=1.0)).fit(POINTS, TARGETS)
    assert line.predict(POINTS[:3]).shape == (3,)
    refused(["X", "all alike"], model.fit, np.ones((5, 2)), np.ones(5))
