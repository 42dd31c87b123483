"""Solvers of harmonic problems: the two ways agree, derivatives, precision, what is reported."""

import zlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from diversity_jax.graph_learning import affinity, harmonic, host, problem, tuning

NODES = 12


def generator(name):
    return np.random.default_rng(zlib.crc32(name.encode()))


@pytest.fixture(scope="module")
def points():
    rng = generator("points")
    return np.concatenate([rng.normal(size=(6, 2)), rng.normal(size=(6, 2)) + 2])


@pytest.fixture(scope="module")
def near(points):
    return affinity.neighbourhood(points, neighbours=4)


HELD = np.isin(np.arange(NODES), [0, 3, 7, 9])
LABELS = np.where(np.arange(NODES) < 6, 1.0, -1.0)
COLUMNS = np.stack([LABELS > 0, LABELS < 0], 1).astype(float)
MANY = np.where(np.arange(NODES) == 5, 0.0, 1 + np.arange(NODES) % 3)


def forms(points, near):
    """The three kinds of affinity."""
    kernel = problem.GaussianAffinity(points, 1.5)
    return {
        "sparse": near.even(),
        "kernel": kernel,
        "dense": affinity.gaussian(points, bandwidth=1.5),
    }


@pytest.mark.parametrize("form", ["sparse", "kernel", "dense"])
def test_host_and_compiled_agree_within_their_certificates(points, near, form):
    given = forms(points, near)[form]
    for solver, second in ((harmonic.solve_hard, HELD), (harmonic.solve_soft, 0.1 + 0.9 * HELD)):
        task = {"regularisation": 0.1, "multiplicities": MANY, "certify": True}
        one, two = (
            solver(given, COLUMNS, second, method=method, **task) for method in ("host", "compiled")
        )
        for found in (one, two):
            assert bool(found.converged.all()) and float(found.error.max()) < 1e-5
            assert (np.asarray(found.residual) <= 1.5e-8).all()
        slack = float((one.error + two.error).max())
        there = MANY > 0
        apart = np.abs(np.asarray(one.values) - np.asarray(two.values))
        assert apart[there].max() <= slack
        # An absent node's value is a mean of the others' by weights.
        assert apart[~there].max() <= slack + 1e-14
        assert (np.asarray(one.steps) == 0).all() == (form == "dense")


def test_certificates_hold_for_what_is_far_from_converged_too(points, near):
    graph = near.even()
    for g in (0.0, 0.1):
        task = {"regularisation": g, "certify": True}
        exact = harmonic.solve_hard(problem.dense(graph), LABELS, HELD, **task)
        for method in ("host", "compiled"):
            rough = harmonic.solve_hard(graph, LABELS, HELD, most=5, method=method, **task)
            error = np.abs(np.asarray(rough.values) - np.asarray(exact.values)).max()
            assert not rough.converged and 1e-6 < error <= float(rough.error + exact.error)


def test_a_kernel_without_its_matrix_is_its_matrix(points, near):
    kinds = forms(points, near)
    task = {"regularisation": 0.3, "certify": True}
    one = harmonic.solve_hard(kinds["kernel"], LABELS, HELD, **task)
    two = harmonic.solve_hard(kinds["dense"], LABELS, HELD, **task)
    assert np.abs(np.asarray(one.values) - np.asarray(two.values)).max() <= one.error + two.error


def test_derivatives_are_those_of_differences_and_of_the_adjoint(near):
    """By logarithms of bandwidth and regularisation, sparse, through `jax.grad`."""
    out = np.isin(np.arange(NODES), [3, 9])

    def value(logarithms, unit):
        width, strength = jnp.exp(logarithms)
        return unit * tuning.loss(near, LABELS, HELD, out, bandwidth=width, regularisation=strength)

    compiled = jax.jit(jax.value_and_grad(value))
    at = np.log([0.8, 0.3])
    found, slopes = compiled(jnp.asarray(at), 1.0)
    for unit in (1e-30, 1e30):
        # The adjoint's right-hand side may be of any size: its tolerance is relative.
        np.testing.assert_allclose(compiled(jnp.asarray(at), unit)[1] / unit, slopes, rtol=1e-7)
    plain, adjoint = tuning.loss_and_slopes(
        near, LABELS, HELD, out, bandwidth=0.8, regularisation=0.3
    )
    # Tolerances of 1e-10 on residuals, times the condition: at most 2 d / g, some 30.
    assert abs(float(found) - plain) < 1e-8
    np.testing.assert_allclose(slopes, adjoint, rtol=0, atol=1e-8)
    step = 1e-4
    for axis in range(2):
        ends = [
            tuning.loss_and_slopes(near, LABELS, HELD, out, bandwidth=w, regularisation=g)[0]
            for w, g in (np.exp(at + sign * step * np.eye(2)[axis]) for sign in (1, -1))
        ]
        # Second order in the step, of a function whose third derivative is of order one.
        assert abs((ends[0] - ends[1]) / (2 * step) - adjoint[axis]) < 1e-6
    assert (np.abs(adjoint) > 1e-3).all()


def test_dense_derivatives_batches_and_traced_arguments(points):
    """With respect to a matrix, under `vmap` over regularisations, with a traced mask."""
    table = affinity.gaussian(points, bandwidth=1.5)

    @jax.jit
    def many(matrix, held, strengths):
        def one(strength):
            return harmonic.hard(matrix, LABELS, held, regularisation=strength)

        return jax.vmap(one)(strengths)

    strengths = jnp.array([0.1, 0.5, 2.0])
    for held in (HELD, np.roll(HELD, 1)):
        found = many(table, held, strengths)
        for strength, values in zip(strengths, found):
            exact = harmonic.hard(table, LABELS, held, regularisation=float(strength))
            np.testing.assert_allclose(values, exact, atol=1e-13)
    assert many._cache_size() == 1
    # One entry above the diagonal and its mirror.
    direction = np.zeros((NODES, NODES))
    direction[1, 4] = direction[4, 1] = 1
    _, slope = jax.jvp(lambda m: many(m, HELD, strengths), (table,), (jnp.asarray(direction),))
    ahead, behind = (many(table + sign * 1e-5 * direction, HELD, strengths) for sign in (1, -1))
    np.testing.assert_allclose(slope, (ahead - behind) / 2e-5, atol=1e-8)


def test_bad_traced_values_are_nan_and_bad_columns_too(points):
    table = affinity.gaussian(points, bandwidth=1.5)
    run = jax.jit(lambda m, y, g: harmonic.hard(m, y, HELD, regularisation=g))
    good = (table, jnp.asarray(LABELS), 0.1)
    assert np.isfinite(run(*good)).all()
    for place, bad in (
        (0, table.at[0, 1].set(0.5 * table[0, 1])),
        (0, table.at[0, 1].set(-1.0).at[1, 0].set(-1.0)),
        (1, jnp.asarray(LABELS).at[0].set(2.0)),
        (1, jnp.asarray(LABELS).at[0].set(jnp.nan)),
        (2, -0.1),
    ):
        arguments = [*good]
        arguments[place] = bad
        assert np.isnan(run(*arguments)).all()


def test_what_does_not_converge_says_so():
    path = problem.Affinity(np.stack([np.arange(399), np.arange(1, 400)], 1), np.ones(399))
    ends = np.isin(np.arange(400), [0, 399])
    labels = np.where(np.arange(400) < 200, 1.0, -1.0)
    task = {"regularisation": 0.0, "most": 3}
    found = harmonic.solve_hard(path, labels, ends, **task)
    assert not found.converged and int(found.steps) == 3 and float(found.residual) > 1e-3
    assert np.isinf(float(found.error))
    assert np.isnan(harmonic.hard(path, labels, ends, **task)).all()
    full = harmonic.solve_hard(path, labels, ends, regularisation=0.0, certify=True)
    line = np.linspace(1, -1, 400)
    assert full.converged and np.abs(np.asarray(full.values) - line).max() <= float(full.error)


def test_the_coarse_correction_changes_the_steps_and_not_the_solution():
    """A grid of 30 x 30, above the size from which groups are made."""
    side = 30
    place = np.arange(side * side).reshape(side, side)
    right = np.stack([place[:, :-1].ravel(), place[:, 1:].ravel()], 1)
    below = np.stack([place[:-1].ravel(), place[1:].ravel()], 1)
    edges = np.concatenate([right, below])
    weights = 10 ** generator("grid").uniform(-1, 1, len(edges))
    grid = problem.Affinity(edges, weights)
    held = np.isin(np.arange(side * side), [0, side * side - 1])
    labels = np.where(np.arange(side * side) < 450, 1.0, -1.0)
    task = {"regularisation": 0.0, "certify": True}
    coarse = harmonic.solve_hard(grid, labels, held, **task)
    exact = harmonic.solve_hard(problem.dense(grid), labels, held, **task)
    error = float(coarse.error + exact.error)
    assert np.abs(np.asarray(coarse.values) - np.asarray(exact.values)).max() <= error < 1e-2
    kept, host.COARSE = host.COARSE, 10**6
    try:
        plain = harmonic.solve_hard(grid, labels, held, **task)
    finally:
        host.COARSE = kept
    assert int(coarse.steps) < 0.7 * int(plain.steps)


def test_single_precision_is_returned_as_given_with_a_tolerance_it_can_meet(near):
    single = LABELS.astype(np.float32)
    task = {"regularisation": 0.1, "certify": True}
    found = harmonic.solve_hard(near.even(), single, HELD, **task)
    fine = harmonic.solve_hard(near.even(), LABELS, HELD, **task)
    assert found.values.dtype == found.residual.dtype == np.float32 and bool(found.converged)
    error = float(found.error) + float(fine.error) + np.finfo(np.float32).eps
    assert np.abs(np.asarray(found.values) - np.asarray(fine.values)).max() <= error < 0.02


def test_tuning_lowers_the_loss_and_reports_its_course(points):
    apart = points + 4 * (LABELS[:, None] < 0)
    near = affinity.neighbourhood(apart, neighbours=4)
    folds = tuning.folds(LABELS, HELD, number=2)
    assert sum(fold.sum() for fold in folds) == HELD.sum() and not (folds[0] & folds[1]).any()
    tuned = tuning.tune(near, LABELS, HELD, folds, bandwidth=3.0, regularisation=2.0, steps=25)
    assert float(tuned.loss) == float(tuned.losses.min()) < float(tuned.losses[0]) - 0.1
    best = int(np.argmin(tuned.losses))
    again = np.mean(
        [
            tuning.loss_and_slopes(
                near, LABELS, HELD, fold,
                bandwidth=float(tuned.bandwidths[best]),
                regularisation=float(tuned.regularisations[best]),
            )[0]
            for fold in folds
        ]
    )  # fmt: skip
    assert again == pytest.approx(float(tuned.loss), rel=1e-12)
