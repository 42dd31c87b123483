"""Bad input of kernel ridge regression: one clear error each; unkind data; single precision."""

import zlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from diversity_jax.kernel_ridge import exact, kernels, nystrom, products, tuning
from tests.library.test_graph_inputs import refused

DRAW = np.random.default_rng(zlib.crc32(b"kernel ridge inputs"))
X = DRAW.normal(size=(12, 2))
Y = DRAW.normal(size=12)
HOLES = np.where(X[3, 1] == X, np.nan, X)
KERNEL = kernels.gaussian(1.0)
FITS = [
    (exact.fit, {}),
    (nystrom.fit, {"centres": X[:4]}),
    (nystrom.falkon, {"centres": X[:4], "iterations": 3}),
]


def test_kernels_that_are_none():
    for make in (kernels.gaussian, kernels.laplace, lambda one: kernels.matern(one, 1.5)):
        for bad in (0.0, -1.0, np.nan, np.inf):
            refused(["lengthscale", str(bad)], make, bad)
        refused(["lengthscale", "(2,)"], make, [1.0, 2.0])
    refused(["smoothness", "2.0", "0.5, 1.5, 2.5"], kernels.matern, 1.0, 2.0)
    refused(["degree", "0"], kernels.polynomial, 0)
    refused(["offset", "-1"], kernels.polynomial, 2, -1.0)
    refused(["scale", "0"], kernels.polynomial, 2, 1.0, 0.0)
    refused(["points", "(12, 2)", "one column"], kernels.sobolev(), X, X)
    refused(["others", "(12, 1)", "same columns"], KERNEL, X, X[:, :1])
    refused(["points", "(12,)"], KERNEL, Y, X)
    refused(["kernel", "'gaussian'", "kernels.gaussian(1.0)"], exact.fit, "gaussian", X, Y, ridge=1)
    refused(["kernel", "shape (12,)", "(12, 12)"], exact.fit, lambda a, b: a[:, 0], X, Y, ridge=1)
    host = lambda a, b: np.asarray(a) @ np.asarray(b).T  # noqa: E731
    refused(["kernel", "jax cannot trace"], exact.fit, host, X, Y, ridge=1.0)
    refused(["vectors", "(11,)", "(12)"], products.apply, KERNEL, X, X, Y[:11])
    refused(["centres", "(12, 1)"], products.apply, KERNEL, X, X[:, :1], Y)
    refused(["weights", "(3,)"], products.both, KERNEL, X, X, Y, weights=Y[:3])


@pytest.mark.parametrize("fit, options", FITS, ids=["exact", "nystrom", "falkon"])
def test_problems_that_are_none(fit, options):
    for bad in (0.0, -1e-3, np.nan, np.inf):
        refused(["ridge", str(bad)], fit, KERNEL, X, Y, ridge=bad, **options)
    refused(["ridge", "(2,)"], fit, KERNEL, X, Y, ridge=[1.0, 2.0], **options)
    given = {"ridge": 0.1, **options}
    refused(["inputs", "(12,)"], fit, KERNEL, Y, Y, **given)
    refused(["inputs", "(0, 2)"], fit, KERNEL, X[:0], Y[:0], **given)
    refused(["inputs", "finite"], fit, KERNEL, HOLES, Y, **given)
    refused(["targets", "(11,)", "(12)"], fit, KERNEL, X, Y[:11], **given)
    refused(["targets", "(12, 1, 1)"], fit, KERNEL, X, Y[:, None, None], **given)
    refused(["targets", "finite"], fit, KERNEL, X, np.where(Y[2] == Y, np.inf, Y), **given)
    refused(["targets", "(12, 0)"], fit, KERNEL, X, np.zeros((12, 0)), **given)
    refused(["total", "0"], fit, KERNEL, X, Y, total=0.0, **given)
    refused(["present", "(3,)"], fit, KERNEL, X, Y, present=[True] * 3, **given)
    found = fit(KERNEL, X, Y, **given)
    refused(["points", "(4, 3)", "(any, 2)"], found.predict, np.zeros((4, 3)))
    refused(["points", "(2,)", "(any, 2)"], found.predict, X[0])
    refused(["points", "finite"], found.predict, HOLES)


def test_centres_weights_and_steps_that_are_none():
    for fit, options in ((nystrom.fit, {}), (nystrom.falkon, {"iterations": 3})):
        given = {"ridge": 0.1, **options}
        many = np.concatenate([X, X])
        refused(["centres", "24 rows", "at most 12"], fit, KERNEL, X, Y, centres=many, **given)
        refused(["centres", "(12, 1)"], fit, KERNEL, X, Y, centres=X[:, :1], **given)
        refused(["centres", "(0, 2)"], fit, KERNEL, X, Y, centres=X[:0], **given)
        refused(["centres", "finite"], fit, KERNEL, X, Y, centres=HOLES, **given)
        given["centres"] = X[:4]
        refused(["weights", "-1"], fit, KERNEL, X, Y, weights=-np.ones(12), **given)
        refused(["weights", "zero every"], fit, KERNEL, X, Y, weights=np.zeros(12), **given)
        refused(["weights", "(3,)"], fit, KERNEL, X, Y, weights=np.ones(3), **given)
        refused(["present", "no centre"], fit, KERNEL, X, Y, present=[False] * 4, **given)
    given = {"ridge": 0.1, "centres": X[:4]}
    refused(["iterations", "0"], nystrom.falkon, KERNEL, X, Y, iterations=0, **given)
    refused(["tolerance", "-1"], nystrom.falkon, KERNEL, X, Y, tolerance=-1.0, **given)
    refused(["jitter", "-1"], nystrom.falkon, KERNEL, X, Y, jitter=-1.0, **given)
    refused(["jitter", "nan"], nystrom.fit, KERNEL, X, Y, jitter=np.nan, **given)


def test_too_many_inputs_say_what_to_do_instead(monkeypatch):
    monkeypatch.setattr(exact, "LARGEST", 11)
    refused(["inputs", "12 rows", "at most 11", "nystrom"], exact.fit, KERNEL, X, Y, ridge=0.1)
    monkeypatch.setattr(tuning, "LARGEST", 11)
    grid = {"lengthscales": [1.0], "ridges": [0.1]}
    refused(["inputs", "12 rows", "gcv"], tuning.exact, kernels.gaussian, X, Y, **grid)


def test_grids_that_are_none():
    def tune(lengthscales=(1.0,), ridges=(0.1,), kernel=kernels.gaussian):
        return tuning.exact(kernel, X, Y, lengthscales=lengthscales, ridges=ridges)

    refused(["lengthscales", "none"], tune, [])
    refused(["ridges", "-1"], tune, [1.0], [-1.0])
    refused(["ridges", "()"], tune, [1.0], 0.1)
    refused(["kernel", "lengthscale"], tune, kernel="gaussian")
    grid = {"lengthscales": [1.0], "ridges": [0.1]}
    many = np.concatenate([X, X])
    refused(["centres", "24 rows"], tuning.gcv, kernels.gaussian, X, Y, centres=many, **grid)
    words = ["other_targets", "2 columns", "1, as"]
    two = np.stack([Y, Y], 1)
    refused(words, tuning.held_out, kernels.gaussian, X, Y, X, two, centres=X[:4], **grid)
    refused(["points", "12 rows all alike"], tuning.median_distance, np.ones((12, 2)))
    with pytest.raises(ValueError, match="traced"):
        jax.jit(tuning.median_distance)(X)


def test_equal_errors_are_counted_and_the_smoother_function_is_taken():
    grid = {"lengthscales": [1.0, 2.0], "ridges": [1e-3, 1e-2, 1e-2]}
    found = tuning.exact(kernels.gaussian, X, 0 * Y, **grid)
    assert (found.tied, found.ridge, found.lengthscale, found.score) == (5, 1e-2, 2.0, 0.0)
    assert found.at_edge == (True, True)
    alone = tuning.exact(kernels.gaussian, X, Y, lengthscales=[1.0], ridges=[0.1])
    assert alone.at_edge == (False, False)


def test_single_precision_says_what_it_cannot_solve_and_solves_the_rest():
    """Eight rows given twice, far closer than what float32 tells apart from a singular matrix."""
    with jax.enable_x64(False):
        twice = np.concatenate([X[:6], X[:6]]).astype(np.float32)
        own = kernels.polynomial(1)
        words = ["ridge", "not positive definite in float32", "64-bit", "duplicates"]
        refused(words, exact.fit, own, 1e3 * twice, Y.astype(np.float32), ridge=1e-12)
        targets = Y.astype(np.float32)
        found = exact.fit(KERNEL, X.astype(np.float32), targets, ridge=0.1)
        few = nystrom.fit(KERNEL, twice, targets, ridge=0.1, centres=twice)
        steps = nystrom.falkon(KERNEL, twice, targets, ridge=0.1, centres=twice)
    assert found.coefficients.dtype == few.coefficients.dtype == np.float32
    double = exact.fit(KERNEL, X, Y, ridge=0.1)
    np.testing.assert_allclose(found.coefficients, double.coefficients, atol=1e-4)
    merged = exact.fit(KERNEL, X[:6], (Y[:6] + Y[6:]) / 2, ridge=0.1)
    assert int(few.rank) == 6 and few.converged and steps.converged
    for one in (few, steps):
        np.testing.assert_allclose(one.predict(X.astype(np.float32)), merged.predict(X), atol=1e-3)


def test_duplicates_zeros_and_one_row_have_an_answer():
    twice = np.concatenate([X, X])
    both = exact.fit(KERNEL, twice, np.concatenate([Y, Y]), ridge=0.1)
    np.testing.assert_allclose(both.predict(X), exact.fit(KERNEL, X, Y, ridge=0.1).predict(X))
    few = nystrom.fit(KERNEL, twice, np.concatenate([Y, Y]), ridge=0.1, centres=twice)
    assert int(few.rank) == 12
    np.testing.assert_allclose(few.predict(X), both.predict(X), atol=1e-10)
    for fit, options in FITS:
        nothing = fit(KERNEL, X, 0 * Y, ridge=0.1, **options)
        assert (np.asarray(nothing.coefficients) == 0).all() and bool(nothing.converged)
    one = exact.fit(KERNEL, X[:1], Y[:1], ridge=0.25)
    np.testing.assert_allclose(one.predict(X[:1]), Y[:1] / 1.25)


def test_traced_values_that_cannot_be_make_the_result_not_a_number():
    @jax.jit
    def run(x, ridge):
        one = exact.fit(KERNEL, x, Y, ridge=ridge)
        return one.coefficients, one.converged

    assert np.isfinite(run(X, 0.1)[0]).all() and bool(run(X, 0.1)[1])
    for bad in (run(X, -0.1), run(HOLES, 0.1)):
        assert np.isnan(bad[0]).all() and not bool(bad[1])
    length = jax.jit(lambda one: kernels.gaussian(one)(X[:2], X[:2]))
    assert np.isnan(length(-1.0)).all() and np.isfinite(length(1.0)).all()


def test_kernels_have_a_hash_and_a_user_has_functions_of_their_own():
    assert hash(kernels.matern(1.0, 2.5)) == hash(kernels.matern(np.float64(1.0), 2.5))
    assert kernels.gaussian(1.0) == kernels.gaussian(1) != kernels.gaussian(2.0)
    own = kernels.known(lambda a, b: jnp.exp(-((a[:, :1] - b[:, 0][None]) ** 2) / 2))
    np.testing.assert_allclose(own(X[:, :1], X[:, :1]), KERNEL(X[:, :1], X[:, :1]), atol=1e-14)
    np.testing.assert_array_equal(own.diagonal(X), 1)
    assert kernels.known(KERNEL) is KERNEL
