"""Kernels, products and solvers against explicit sums, small systems and scikit-learn."""

import zlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.spatial.distance import cdist
from sklearn.gaussian_process.kernels import Matern
from sklearn.kernel_approximation import Nystroem
from sklearn.kernel_ridge import KernelRidge
from sklearn.linear_model import Ridge

from diversity_jax.kernel_ridge import exact, kernels, nystrom, products, tuning

pytestmark = pytest.mark.light


def generator(name):
    return np.random.default_rng(zlib.crc32(name.encode()))


DRAW = generator("kernel ridge")
X = DRAW.normal(size=(40, 3))
Y = np.stack([np.sin(X[:, 0]), X[:, 1] * X[:, 2]], 1) + 0.1 * DRAW.normal(size=(40, 2))
NEW = DRAW.normal(size=(11, 3))
KERNEL = kernels.gaussian(1.5)
RIDGE = 1e-3
WIDE = DRAW.normal(size=(40, 9))


def plain(points, others, lengthscale=1.5):
    return np.exp(-cdist(points, others, "sqeuclidean") / (2 * lengthscale**2))


@pytest.mark.parametrize("points", [X, WIDE], ids=["differences", "products"])
def test_kernels_are_their_formulas(points):
    others = points[:15] + 0.3
    far = cdist(points, others)
    for kernel, values in (
        (KERNEL, np.exp(-(far**2) / (2 * 1.5**2))),
        (kernels.laplace(0.7), np.exp(-far / 0.7)),
        (kernels.matern(0.7, 0.5), Matern(0.7, nu=0.5)(points, others)),
        (kernels.matern(0.7, 1.5), Matern(0.7, nu=1.5)(points, others)),
        (kernels.matern(0.7, 2.5), Matern(0.7, nu=2.5)(points, others)),
        (kernels.polynomial(3, 0.5, 2.0), (2 * points @ others.T + 0.5) ** 3),
    ):
        found = np.asarray(kernel(points, others))
        np.testing.assert_allclose(found, values, rtol=1e-12, atol=1e-13)
        own = np.asarray(kernel(points, points))
        np.testing.assert_array_equal(own, own.T)
        np.testing.assert_allclose(kernel.diagonal(points), np.diagonal(own), rtol=1e-14)


def test_the_sobolev_kernel_is_its_series_and_has_its_eigenvalues():
    kernel = kernels.sobolev()
    apart = np.array([0.0, 0.013, 0.25, 0.5, 0.99])
    found = np.asarray(kernel((apart + 0.4)[:, None], np.array([[0.4]])))[:, 0]
    # The rest of the series is below 2 / terms.
    terms = np.arange(1, 200_001)
    series = [1 + 2 * np.sum(np.cos(2 * np.pi * terms * u) / terms**2.0) for u in apart]
    np.testing.assert_allclose(found, series, atol=2 / len(terms))
    # On an even grid waves that agree there are added: sum over k of (j + n k)^-2.
    n = 64
    grid = np.arange(n)[:, None] / n
    values = np.linalg.eigvalsh(np.asarray(kernel(grid, grid)))[::-1] / n
    places = np.arange(1, 5)
    folded = (np.pi / n / np.sin(np.pi * places / n)) ** 2
    # The constant's own, 1 + 2 sum over k of (n k)^-2, is below that of the first two waves.
    expected = [*np.repeat(folded, 2)[:2], 1 + np.pi**2 / 3 / n**2, *np.repeat(folded, 2)[2:]]
    np.testing.assert_allclose(values[:9], expected, rtol=1e-10)


def test_products_in_blocks_are_those_of_the_matrix(monkeypatch):
    monkeypatch.setattr(products, "LEAST", 7)
    monkeypatch.setattr(products.rows, "BYTES", 2 * 8 * 16 * 7)  # 7 rows of 16 centres, of 40
    jax.clear_caches()
    table, weights = plain(X, X[:16]), DRAW.uniform(size=40)
    right, left = DRAW.normal(size=(16, 2)), DRAW.normal(size=40)
    assert products.block_rows(40, 16, 8) == 7
    close = {"rtol": 1e-12, "atol": 1e-12}
    np.testing.assert_allclose(products.apply(KERNEL, X, X[:16], right), table @ right, **close)
    np.testing.assert_allclose(products.adjoint(KERNEL, X, X[:16], left), table.T @ left, **close)
    found = products.both(KERNEL, X, X[:16], right, weights=weights)
    np.testing.assert_allclose(found, table.T @ (weights[:, None] * (table @ right)), **close)
    own = products.apply(lambda a, b: jnp.exp(-jnp.abs(a[:, :1] - b[:, 0][None])), X, X[:16], right)
    np.testing.assert_allclose(own, np.exp(-abs(X[:, :1] - X[:16, 0])) @ right, **close)
    jax.clear_caches()


def test_the_reference_problem_of_three_points():
    points, targets = np.array([[0.0], [1.0], [3.0]]), np.array([1.0, 2.0, 0.0])
    found = exact.fit(kernels.gaussian(1.0), points, targets, ridge=0.1)
    known = [0.05759222, 1.52820458, -0.15958446]
    np.testing.assert_allclose(found.coefficients, known, atol=1e-8)
    np.testing.assert_allclose(found.predict([[2.0]]), [0.8379043291], atol=1e-10)
    assert bool(found.converged) and float(found.residual) < 1e-15


def test_exact_solutions_are_scikit_learns_and_of_one_target_those_of_two():
    peer = KernelRidge(kernel="rbf", gamma=1 / (2 * 1.5**2), alpha=len(X) * RIDGE).fit(X, Y)
    found = exact.fit(KERNEL, X, Y, ridge=RIDGE)
    np.testing.assert_allclose(found.coefficients, peer.dual_coef_, atol=1e-9)
    np.testing.assert_allclose(found.predict(NEW), peer.predict(NEW), atol=1e-11)
    one = exact.fit(KERNEL, X, Y[:, 1], ridge=RIDGE)
    np.testing.assert_allclose(one.predict(NEW), found.predict(NEW)[:, 1], atol=1e-12)
    assert one.predict(NEW).shape == (11,) and one.residual.shape == ()


def test_the_minimiser_is_the_function_itself_where_the_kernel_is_linear():
    """Polynomial of degree 1: ridge regression on the features (x, 1)."""
    found = exact.fit(kernels.polynomial(1), X, Y, ridge=RIDGE)
    table = np.column_stack([X, np.ones(40)])
    weights = np.linalg.solve(table.T @ table + 40 * RIDGE * np.eye(4), table.T @ Y)
    expected = np.column_stack([NEW, np.ones(11)]) @ weights
    np.testing.assert_allclose(found.predict(NEW), expected, atol=1e-11)


@pytest.mark.parametrize("present", [False, True], ids=["host", "traced and masked"])
def test_what_is_left_out_is_what_a_fit_without_it_leaves(present):
    mask = np.arange(40) != 39 if present else None
    left = np.asarray(exact.fit(KERNEL, X, Y, ridge=RIDGE, present=mask).leave_one_out())
    for place in (0, 17, 33):
        kept = (np.arange(40) != place) & (np.ones(40, bool) if mask is None else mask)
        total = 39 if present else 40
        rest = exact.fit(KERNEL, X[kept], Y[kept], ridge=RIDGE, total=total)
        np.testing.assert_allclose(left[place], Y[place] - rest.predict(X[[place]])[0], atol=1e-10)


def test_falkons_operator_is_the_identity_where_all_inputs_are_centres():
    found = np.asarray(nystrom.operator(KERNEL, X, ridge=RIDGE, centres=X, jitter=0.0))
    # Errors of a triangular solve grow with the condition of C, here 2e4.
    np.testing.assert_allclose(found, np.eye(40), atol=1e-10)
    other = np.asarray(nystrom.operator(KERNEL, X, ridge=RIDGE, centres=X[:20], jitter=0.0))
    assert np.abs(other - np.eye(20)).max() > 0.1
    one = nystrom.falkon(KERNEL, X, Y, ridge=RIDGE, centres=X, jitter=0.0)
    assert int(one.steps) == 1 and one.converged.all()
    whole = exact.fit(KERNEL, X, Y, ridge=RIDGE)
    np.testing.assert_allclose(one.predict(NEW), whole.predict(NEW), atol=1e-9)
    direct = nystrom.fit(KERNEL, X, Y, ridge=RIDGE, centres=X)
    np.testing.assert_allclose(direct.predict(NEW), whole.predict(NEW), atol=1e-9)


def normal_equations(weights, total, centres=X[:20]):
    table, own = plain(X, centres), plain(centres, centres)
    matrix = table.T @ (weights[:, None] * table) + total * RIDGE * own
    return plain(NEW, centres) @ np.linalg.solve(matrix, table.T @ (weights[:, None] * Y))


def test_few_centres_solve_the_normal_equations_directly_traced_and_by_steps():
    expected = normal_equations(np.ones(40), 40)
    given = {"ridge": RIDGE, "centres": X[:20]}
    direct = nystrom.fit(KERNEL, X, Y, **given)
    traced = jax.jit(lambda x: nystrom.fit(KERNEL, x, Y, **given))(X)
    steps = nystrom.falkon(KERNEL, X, Y, iterations=40, tolerance=1e-12, **given)
    for found in (direct, traced, steps):
        # Normal equations square a condition of 1e4.
        np.testing.assert_allclose(found.predict(NEW), expected, atol=1e-8)
        assert found.converged.all() and float(found.residual.max()) < 1e-8
    np.testing.assert_allclose(direct.predict(NEW), steps.predict(NEW), atol=1e-9)
    features = Nystroem(kernel="rbf", gamma=1 / (2 * 1.5**2), n_components=20, random_state=0)
    table = features.fit_transform(X)
    chosen = features.components_
    peer = Ridge(alpha=40 * RIDGE, fit_intercept=False).fit(table, Y)
    ours = nystrom.fit(KERNEL, X, Y, ridge=RIDGE, centres=chosen)
    np.testing.assert_allclose(ours.predict(X), peer.predict(table), atol=1e-7)


def test_residuals_fall_step_by_step_and_stop_when_asked():
    given = {"ridge": RIDGE, "centres": X[:20], "iterations": 40}
    fine = nystrom.falkon(KERNEL, X, Y, tolerance=1e-10, **given)
    rough = nystrom.falkon(KERNEL, X, Y, tolerance=1e-3, **given)
    assert int(rough.steps) < int(fine.steps) < 40
    taken = int(rough.steps)
    np.testing.assert_allclose(rough.residuals[:taken], fine.residuals[:taken], rtol=1e-9)
    last = int(fine.steps) - 1
    assert (np.asarray(fine.residuals[last:]) == np.asarray(fine.residuals[last])).all()
    np.testing.assert_allclose(rough.residual, rough.residuals[-1], rtol=1e-6)
    assert rough.converged.all() and float(rough.residual.max()) > 1e-6
    few = nystrom.falkon(KERNEL, X, Y[:, 0], ridge=RIDGE, centres=X[:20], iterations=2)
    assert not bool(few.converged) and few.residuals.shape == (2,)


def test_parts_of_a_problem_padded_to_one_size_are_solved_in_a_batch():
    """Two parts, of 25 and 15 inputs with 9 and 6 centres; n is that of the whole."""
    sizes, counts = (25, 15), (9, 6)
    rows = [np.r_[0:25], np.r_[25:40, [25] * 10]]
    centres = np.stack([X[:9], X[np.r_[25:31, [25] * 3]]])
    weights = np.stack([np.arange(25) < size for size in sizes]).astype(float)
    present = np.stack([np.arange(9) < count for count in counts])

    def direct(x, y, w, z, there):
        return nystrom.fit(KERNEL, x, y, ridge=RIDGE, centres=z, weights=w, present=there, total=40)

    def steps(x, y, w, z, there):
        return nystrom.falkon(
            KERNEL, x, y, ridge=RIDGE, centres=z, weights=w, present=there, total=40, iterations=20
        )

    def whole(x, y, w, z, there):
        return exact.fit(KERNEL, x, y, ridge=RIDGE, total=40, present=w > 0)

    batch = [np.stack([each[row] for row in rows]) for each in (X, Y)]
    for solve, least in ((direct, 1e-8), (steps, 1e-6), (whole, 1e-10)):
        found = jax.jit(jax.vmap(solve))(*batch, weights, centres, present)
        assert np.asarray(found.converged).all()
        for part, (size, count) in enumerate(zip(sizes, counts)):
            x, y = X[rows[part][:size]], Y[rows[part][:size]]
            one = jax.tree.map(lambda leaf, part=part: leaf[part], found)
            if solve is whole:
                alone = exact.fit(KERNEL, x, y, ridge=RIDGE, total=40)
            else:
                z = centres[part][:count]
                alone = nystrom.fit(KERNEL, x, y, ridge=RIDGE, centres=z, total=40)
                assert (np.asarray(one.coefficients)[count:] == 0).all()
            np.testing.assert_allclose(one.predict(NEW), alone.predict(NEW), atol=least)
    masked = nystrom.fit(
        KERNEL, batch[0][1], batch[1][1], ridge=RIDGE, centres=centres[1],
        weights=weights[1], present=present[1], total=40,
    )  # fmt: skip
    np.testing.assert_allclose(
        masked.predict(NEW),
        nystrom.fit(KERNEL, X[25:], Y[25:], ridge=RIDGE, centres=X[25:31], total=40).predict(NEW),
        atol=1e-11,
    )


def test_tables_of_errors_are_those_of_fit_after_fit():
    lengths, ridges = [1.0, 2.0], [1e-4, 1e-2, 1e-1]
    grid = {"lengthscales": lengths, "ridges": ridges}
    table = tuning.exact(kernels.gaussian, X, Y, **grid)
    few = tuning.gcv(kernels.gaussian, X, Y, centres=X[:20], **grid)
    out = tuning.held_out(kernels.gaussian, X[:30], Y[:30], X[30:], Y[30:], centres=X[:20], **grid)
    for row, length in enumerate(lengths):
        for column, ridge in enumerate(ridges):
            kernel, place = kernels.gaussian(length), (row, column)
            left = exact.fit(kernel, X, Y, ridge=ridge).leave_one_out()
            np.testing.assert_allclose(table.scores[place], np.mean(left**2), rtol=1e-8)
            smooth = nystrom.fit(kernel, X, np.eye(40), ridge=ridge, centres=X[:20])
            hat = np.asarray(smooth.predict(X))
            apart = np.mean((Y - hat @ Y) ** 2) / (1 - np.trace(hat) / 40) ** 2
            np.testing.assert_allclose(few.scores[place], apart, rtol=1e-6)
            fit = nystrom.fit(kernel, X[:30], Y[:30], ridge=ridge, centres=X[:20])
            wrong = np.mean((np.asarray(fit.predict(X[30:])) - Y[30:]) ** 2)
            np.testing.assert_allclose(out.scores[place], wrong, rtol=1e-6)
    best = np.unravel_index(np.argmin(table.scores), (2, 3))
    assert (table.lengthscale, table.ridge) == (lengths[best[0]], ridges[best[1]])
    assert table.at_edge[0] and table.tied == 0


def test_slopes_by_lengthscale_and_ridge_are_those_of_differences():
    def risk(logs):
        kernel = kernels.gaussian(jnp.exp(logs[0]))
        found = nystrom.fit(kernel, X, Y[:, 0], ridge=jnp.exp(logs[1]), centres=X[:5])
        return jnp.sum(found.predict(NEW) ** 2)

    at, along = jnp.log(jnp.array([1.5, 1e-2])), jnp.array([0.6, -0.8])
    value, slope = jax.jit(lambda step: jax.jvp(lambda t: risk(at + t * along), (step,), (1.0,)))(
        0.0
    )
    ends = [float(risk(np.asarray(at + step * along))) for step in (1e-5, -1e-5)]
    np.testing.assert_allclose(slope, (ends[0] - ends[1]) / 2e-5, rtol=1e-6)
    np.testing.assert_allclose(value, risk(np.asarray(at)), rtol=1e-10)
