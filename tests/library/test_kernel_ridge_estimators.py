"""The estimator of kernel ridge regression: scikit-learn's manners, refusals."""

import zlib

import numpy as np
import pytest
from sklearn.base import clone, is_regressor
from sklearn.metrics import r2_score
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from diversity_jax.kernel_ridge import exact, kernels, tuning
from diversity_jax.kernel_ridge.estimators import KernelRidge
from tests.library.test_graph_inputs import refused

DRAW = np.random.default_rng(zlib.crc32(b"kernel ridge estimators"))
X = DRAW.normal(size=(40, 2))
Y = np.sin(X[:, 0]) + 0.1 * DRAW.normal(size=40)


class Frame:
    """What is used of pandas' frames."""

    columns = ("a", "b")

    def __array__(self, dtype=None, copy=None):
        return X.astype(dtype or float)


def test_predictions_are_those_of_the_fit_and_the_score_is_scikit_learns():
    made = KernelRidge(ridge=1e-2).fit(X, Y)
    length = tuning.median_distance(X)
    fit = exact.fit(kernels.gaussian(length), X, Y, ridge=1e-2)
    np.testing.assert_array_equal(made.predict(X), fit.predict(X))
    weights = DRAW.uniform(size=40)
    assert made.score(X, Y) == pytest.approx(r2_score(Y, made.predict(X)))
    expected = r2_score(Y, made.predict(X), sample_weight=weights)
    assert made.score(X, Y, sample_weight=weights) == pytest.approx(expected)
    assert made.lengthscale_ == length and made.n_features_in_ == 2 and made.fit_.converged
    named = KernelRidge(ridge=1e-2).fit(Frame(), Y.tolist())
    assert named.feature_names_in_.tolist() == ["a", "b"]
    np.testing.assert_array_equal(named.predict(Frame()), made.predict(X))


@pytest.mark.parametrize("solver", ["nystrom", "falkon"])
def test_few_centres_come_close_and_all_are_the_exact_solution(solver):
    whole = KernelRidge(ridge=1e-2).fit(X, Y).predict(X)
    options = {"ridge": 1e-2, "solver": solver, "iterations": 50}
    for centres in (40, 1000, X):
        found = KernelRidge(centres=centres, **options).fit(X, Y).predict(X)
        np.testing.assert_allclose(found, whole, atol=1e-6)
    one = KernelRidge(centres=12, **options).fit(X, Y)
    again = KernelRidge(centres=12, **options).fit(X, Y)
    other = KernelRidge(centres=12, random_state=1, **options).fit(X, Y)
    np.testing.assert_array_equal(one.fit_.centres, again.fit_.centres)
    assert (np.asarray(one.fit_.centres) != np.asarray(other.fit_.centres)).any()
    assert len(np.unique(one.fit_.centres, axis=0)) == 12


def test_grids_and_pipelines_take_it():
    made = make_pipeline(StandardScaler(), KernelRidge())
    grid = {"kernelridge__ridge": [1e-3, 1e6], "kernelridge__lengthscale": [1.0, "median"]}
    found = GridSearchCV(made, grid, cv=2).fit(X, Y)
    assert found.best_params_["kernelridge__ridge"] == 1e-3 and found.best_score_ > 0.5
    assert is_regressor(KernelRidge()) and is_regressor(made)


def test_options_are_read_set_and_cloned():
    made = KernelRidge(kernel=kernels.polynomial(2), ridge=0.5, centres=7)
    assert KernelRidge(**made.get_params()).get_params() == made.get_params()
    assert clone(made).get_params() == made.get_params()
    assert made.set_params(ridge=0.1) is made and made.ridge == 0.1
    assert "centres=7" in repr(made) and "Polynomial" in repr(made)
    before = made.get_params()
    refused(["option", "'alpha'"], lambda: made.set_params(ridge=3.0, alpha=1.0))
    assert made.get_params() == before
    square = made.fit(X, X[:, 0] ** 2)
    assert square.score(X, X[:, 0] ** 2) > 0.7 and square.lengthscale_ is None


def test_input_that_cannot_be_is_named_and_leaves_what_was_fitted():
    fresh = KernelRidge()
    refused(["estimator", "not fitted", "call fit"], fresh.predict, X)
    made = KernelRidge().fit(X, Y)
    before = made.fit_
    refused(["X", "40 rows all alike"], made.fit, 0 * X, Y)
    refused(["X", "NaN"], made.fit, np.where(X[0, 0] == X, np.nan, X), Y)
    refused(["X", "(40,)"], made.fit, Y, Y)
    refused(["X", "list", "numbers"], made.fit, [["a", "b"]] * 40, Y)
    refused(["y", "(39,)", "(40)"], made.fit, X, Y[1:])
    refused(["y", "NaN"], made.fit, X, np.where(Y[0] == Y, np.nan, Y))
    refused(["y", "numbers"], made.fit, X, ["a"] * 40)
    refused(["X", "3 columns", "2, as fitted"], made.predict, np.ones((4, 3)))
    refused(["y", "(39,)", "(40,)"], made.score, X, Y[1:])
    for options, words in (
        ({"solver": "svd"}, ["solver", "'svd'", "exact"]),
        ({"kernel": "rbf"}, ["kernel", "'rbf'", "gaussian"]),
        ({"kernel": 3}, ["kernel", "3"]),
        ({"lengthscale": "scale"}, ["lengthscale", "'scale'", "median"]),
        ({"lengthscale": -1.0}, ["lengthscale", "-1"]),
        ({"ridge": 0.0}, ["ridge", "0.0"]),
        ({"solver": "nystrom", "centres": 0}, ["centres", "0"]),
        ({"solver": "nystrom", "random_state": -1}, ["seed", "-1"]),
        ({"solver": "falkon", "iterations": 0}, ["iterations", "0"]),
    ):
        refused(words, KernelRidge(**options).fit, X, Y)
    assert made.fit_ is before
