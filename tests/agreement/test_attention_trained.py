"""Strengths, rates, thresholds and the manifold against derivatives and minima of the risk."""

import zlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import optimize

from diversity_jax.attention import settings, theory, training
from diversity_jax.attention.theory import infinite, trained

SETTINGS = [(2.0, 4, 0.0), (10.0, 5, 0.0), (30.0, 10, 0.09), (5.0, 7, 1.0), (np.inf, 10, 0.09)]


pytestmark = pytest.mark.light


def orthonormal(dimension, variance):
    return settings.orthonormal(clusters=2, dimension=dimension, variance=variance)


def on_manifold(x, y, dimension):
    """Heads on the manifold with squared overlaps x and y."""
    axes = jnp.eye(dimension)
    return jnp.stack(
        [
            jnp.sqrt(x) * axes[0] + jnp.sqrt(1 - x) * axes[2],
            jnp.sqrt(y) * axes[1] + jnp.sqrt(1 - y) * axes[3],
        ]
    )


@pytest.mark.parametrize(("length", "dimension", "variance"), SETTINGS)
@pytest.mark.parametrize(("x", "y"), [(0.0, 0.0), (0.3, 0.8), (1.0, 1.0)])
def test_the_manifold_polynomials_are_risk_and_regulariser(length, dimension, variance, x, y):
    mixture, heads = orthonormal(dimension, variance), on_manifold(x, y, dimension)
    given = {"length": length, "strength": 0.55}
    found = trained.manifold_risk(x, y, dimension=dimension, variance=variance, **given)
    wanted = theory.population_risk(heads, mixture, **given)
    assert float(found) == pytest.approx(float(wanted), rel=1e-12)
    found = trained.manifold_regulariser(x, y, variance=variance)
    assert float(found) == pytest.approx(float(theory.regulariser(heads, mixture)), abs=1e-13)


@pytest.mark.parametrize(("length", "dimension", "variance"), SETTINGS)
def test_the_largest_strength_is_where_the_radial_slope_vanishes(length, dimension, variance):
    given = {"dimension": dimension, "length": length, "variance": variance}
    found = theory.strengths(**given)

    @jax.jit
    def slope(strength):
        return jax.grad(lambda x: trained.manifold_risk(x, 1.0, strength=strength, **given))(1.0)

    assert float(slope(found.largest)) == pytest.approx(0.0, abs=1e-12)
    assert float(slope(0.99 * found.largest)) < 0 < float(slope(1.01 * found.largest))


@pytest.mark.parametrize(("length", "dimension", "variance"), SETTINGS)
def test_the_best_strength_minimises_the_risk_of_centroid_heads(length, dimension, variance):
    mixture = orthonormal(dimension, variance)
    found = theory.strengths(dimension=dimension, length=length, variance=variance)

    @jax.jit
    def risk(strength):
        return theory.population_risk(mixture.means, mixture, length=length, strength=strength)

    # The risk is quadratic in the strength: three values give its minimum exactly.
    values = [float(risk(strength)) for strength in (0.0, 0.5, 1.0)]
    square = 2 * (values[0] - 2 * values[1] + values[2])
    best = -(values[2] - values[0] - square) / (2 * square)
    assert float(found.best) == pytest.approx(best, rel=1e-9)
    assert float(found.risk) == pytest.approx(float(risk(found.best)), abs=1e-13)


@pytest.mark.parametrize(("length", "dimension", "variance"), [s for s in SETTINGS if s[2] > 0])
def test_the_largest_regularisation_is_where_the_regularised_slope_vanishes(
    length, dimension, variance
):
    found = theory.strengths(dimension=dimension, length=length, variance=variance)
    given = {"dimension": dimension, "length": length, "variance": variance}

    def regularised(x):
        risk = trained.manifold_risk(x, 1.0, strength=found.best, **given)
        size = found.largest_regularisation
        return risk + size * trained.manifold_regulariser(x, 1.0, variance=variance)

    assert float(jax.grad(regularised)(1.0)) == pytest.approx(0.0, abs=1e-12)
    again = trained.regularisation_limit(strength=found.best, **given)
    assert float(again) == pytest.approx(float(found.largest_regularisation), rel=1e-12)


def test_known_values():
    found = theory.strengths(dimension=10, length=30, variance=0.09)
    # Printed with ten digits in the working note, found there by other code.
    assert float(found.largest) == pytest.approx(0.8266333907, abs=5e-11)
    assert float(found.best) == pytest.approx(0.7707247223, abs=5e-11)
    assert float(found.unbiased) == pytest.approx(0.8121277748, abs=5e-11)
    assert float(found.risk) == pytest.approx(0.7272549862, abs=5e-11)
    assert float(found.largest_regularisation) == pytest.approx(1.6974203700, abs=5e-10)
    noiseless = theory.strengths(dimension=5, length=10, variance=0.0)
    assert float(noiseless.largest) == pytest.approx(11 / 13, rel=1e-14)
    assert np.isinf(float(noiseless.largest_regularisation))


def regularised(heads, mixture, length, strength, size):
    risk = theory.population_risk(heads, mixture, length=length, strength=strength)
    return risk + size * theory.regulariser(heads, mixture)


@jax.jit
def slope_and_hessian(heads, bases, *given):
    """Of `regularised`, in the heads and along `bases` of the spheres; a program per dimension."""

    def along(coordinates):
        moved = heads + jnp.einsum("hdi,hi->hd", bases, coordinates.reshape(len(heads), -1))
        return regularised(moved / jnp.linalg.norm(moved, axis=1, keepdims=True), *given)

    hessian = jax.hessian(along)(jnp.zeros(bases[:, 0].size))
    return jax.grad(regularised)(heads, *given), hessian


def curvatures(heads, *given):
    """Eigenvalues of the Riemannian Hessian on the product of spheres, and the largest slope."""
    d = heads.shape[1]
    bases = np.stack([np.linalg.svd(np.eye(d) - np.outer(h, h))[0][:, : d - 1] for h in heads])
    gradient, hessian = map(np.asarray, slope_and_hessian(heads, bases, *given))
    along = np.sum(heads * gradient, axis=1, keepdims=True)
    return np.linalg.eigvalsh(hessian), np.abs(gradient - heads * along).max()


@pytest.mark.parametrize(("length", "dimension", "variance"), SETTINGS)
def test_the_radial_rate_is_a_curvature_of_the_risk_and_rho_the_rotations(
    length, dimension, variance
):
    mixture, strength, size = orthonormal(dimension, variance), 0.4, 0.1
    found, _ = curvatures(np.asarray(mixture.means), mixture, length, strength, size)
    rate = trained.radial_rate(
        dimension=dimension, length=length, variance=variance, strength=strength
    )
    # The regulariser takes its own slope, tau / 2 in each squared overlap, off the radial rate.
    radial = float(rate) - size * variance
    assert np.isclose(found, radial, atol=1e-9).sum() >= 2 * (dimension - 2)
    assert np.isclose(found, size, atol=1e-9).any()


@pytest.mark.parametrize("length", [2.0, 30.0])
@pytest.mark.parametrize("strength", [0.3, 0.6])
def test_the_spurious_point_turns_into_a_minimum_at_the_threshold(length, strength):
    mixture = orthonormal(5, 0.0)
    heads = np.array([[1, 1, 0, 0, 0], [0, 0, 0, 0, np.sqrt(2.0)]]) / np.sqrt(2.0)
    threshold = float(trained.spurious_threshold(length=length, strength=strength))

    def least(size):
        found, slope = curvatures(heads, mixture, length, strength, size)
        assert slope < 1e-13
        return found[0]

    assert least(0.99 * threshold) < -1e-4
    assert least(1.01 * threshold) > -1e-10
    found = trained.spurious_risk(length=length, strength=strength)
    wanted = regularised(heads, mixture, length, strength, 0.0)
    assert float(found) == pytest.approx(float(wanted), rel=1e-12)


@pytest.mark.parametrize("clusters", [2, 3])
def test_no_heads_beat_the_noiseless_minimum(clusters):
    mixture = settings.orthonormal(clusters=clusters, dimension=clusters + 2, variance=0.0)
    found = trained.dirac_minimum(clusters=clusters, length=8.0)
    generator = np.random.default_rng(zlib.crc32(b"noiseless minimum"))

    def risk(flat):
        heads = jnp.asarray(flat).reshape(clusters, -1)
        heads = heads / jnp.linalg.norm(heads, axis=1, keepdims=True)
        return theory.population_risk(heads, mixture, length=8.0, strength=found.largest)

    slope = jax.jit(jax.value_and_grad(risk))
    ends = [
        optimize.minimize(
            lambda flat: tuple(np.asarray(part, float) for part in slope(flat)),
            generator.normal(size=clusters * (clusters + 2)),
            jac=True,
            method="BFGS",
        ).fun
        for _ in range(10)
    ]
    assert min(ends) >= float(found.risk) - 1e-10
    assert min(ends) == pytest.approx(float(found.risk), abs=1e-6)


@pytest.mark.parametrize(("overlap", "variance"), [(0.3, 0.09), (-0.5, 0.04), (0.6, 0.09)])
def test_oblique_heads_minimise_the_risk_within_the_span(overlap, variance):
    mixture = settings.oblique(overlap=overlap, dimension=4, variance=variance)
    named = infinite.oblique_strengths(overlap=overlap, variance=variance)
    for strength in (float(named.best), float(named.centroids), 0.7):
        found = infinite.oblique_optimum(overlap=overlap, variance=variance, strength=strength)

        @jax.jit
        def risk(angles, strength=strength):
            plane = jnp.stack([jnp.cos(angles), jnp.sin(angles)], axis=1)
            heads = jnp.concatenate([plane, jnp.zeros((2, 2))], axis=1)
            return theory.population_risk(heads, mixture, length=np.inf, strength=strength)

        grid = np.linspace(0, np.pi, 24, endpoint=False)
        pairs = np.stack(np.meshgrid(grid, grid), axis=-1).reshape(-1, 2)
        start = pairs[int(np.argmin(jax.vmap(risk)(pairs)))]
        end = optimize.minimize(
            lambda angles, risk=risk: float(risk(jnp.asarray(angles))),
            start,
            method="Nelder-Mead",
            options={"xatol": 1e-9, "fatol": 1e-15},
        )
        overlap_found = abs(np.cos(end.x[0] - end.x[1]))
        assert overlap_found == pytest.approx(abs(float(found.head_overlap)), abs=1e-5)
        axes = np.asarray(mixture.means)[:, :2]
        heads = np.stack([np.cos(end.x), np.sin(end.x)], axis=1)
        cosines = np.abs(heads @ axes.T)
        aligned = max(min(cosines[0, 0], cosines[1, 1]), min(cosines[0, 1], cosines[1, 0]))
        assert aligned == pytest.approx(float(found.alignment), abs=1e-5)


def test_without_noise_the_best_oblique_heads_are_the_dual_basis():
    centroids = settings.oblique(overlap=0.3, dimension=3, variance=0.0).means
    dual = infinite.dual_basis(centroids)
    best = infinite.oblique_strengths(overlap=0.3, variance=0.0).best
    found = infinite.oblique_optimum(overlap=0.3, variance=0.0, strength=best)
    assert float(dual[0] @ dual[1]) == pytest.approx(float(found.head_overlap), abs=1e-12)
    assert float(dual[0] @ centroids[0]) == pytest.approx(np.sqrt(1 - 0.09), abs=1e-12)


def test_softmax_risks_are_those_of_tensor_quadrature():
    """Risks at the centroids for sums and means of two softmax heads, by Gauss-Hermite nodes.

    The values were found by a second derivation with other code; two printed digits more than the
    quadrature's error.
    """
    mixture = settings.orthonormal(clusters=2, dimension=5, variance=0.09)
    nodes, mass = np.polynomial.hermite_e.hermegauss(30)
    mass = mass / mass.sum()
    # Only the two coordinates in the span matter to heads at the centroids; the other three give
    # their variance to the error and nothing to the output.
    grid = np.stack(np.meshgrid(nodes, nodes, indexing="ij"), axis=-1).reshape(-1, 2)
    weights = np.outer(mass, mass).ravel()
    for divisor, strength, wanted in [(1, 1.0, 1.0627), (1, 4.0, 1.3238), (2, 1.0, 0.6667)]:
        total = 0.0
        for centroid in (0, 1):
            points = np.zeros((len(grid), 5))
            points[:, :2] = np.eye(2)[centroid] + 0.3 * grid
            output = sum(
                jax.vmap(
                    lambda query, head=head, strength=strength: infinite.softmax_head(
                        query, head, mixture, strength=strength
                    )
                )(jnp.asarray(points))
                for head in mixture.means
            )
            gap = np.asarray(output)[:, :2] / divisor - points[:, :2]
            total += 0.5 * weights @ (gap**2).sum(axis=1)
        assert total + 3 * 0.09 == pytest.approx(wanted, abs=1e-4)


@pytest.mark.parametrize("pulled", [False, True])
def test_the_resting_overlap_minimises_the_regularised_polynomial(pulled):
    given = {"dimension": 10, "length": 30.0, "variance": 0.09}
    largest = float(theory.strengths(**given).largest)
    limit = float(trained.regularisation_limit(strength=0.6, **given))
    strength, size = (1.2 * largest, 0.0) if not pulled else (0.6, 1.3 * limit)
    found = trained.resting_overlap(strength=strength, regularisation=size, **given)

    @jax.jit
    def value(x):
        risk = trained.manifold_risk(x, x, strength=strength, **given)
        return risk + size * trained.manifold_regulariser(x, x, variance=0.09)

    end = optimize.minimize_scalar(
        lambda x: float(value(x)), bounds=(0, 1), method="bounded", options={"xatol": 1e-10}
    )
    assert float(found) ** 2 == pytest.approx(end.x, abs=1e-6)
    assert end.x < 0.999


def test_descent_shrinks_the_gap_to_gradient_flow_at_first_order():
    mixture = orthonormal(6, 0.09)
    start = training.sphere_start(
        jax.random.key(zlib.crc32(b"first order")), heads=2, dimension=6, dtype=jnp.float64
    )

    def objective(heads):
        return theory.population_risk(heads, mixture, length=30.0, strength=0.6)

    def end(steps):
        path = training.descend(objective, start, learning_rate=2.0 / steps, frames=1, stride=steps)
        return np.asarray(path.heads)

    finest = 2 * end(3200) - end(1600)
    gaps = [np.abs(end(steps) - finest).max() for steps in (50, 100, 200)]
    orders = np.log2(np.array(gaps[:-1]) / gaps[1:])
    # Richardson's remainder at the finest step is 1/16 of 1/1600: orders are met to a tenth.
    assert np.all(np.abs(orders - 1) < 0.1)
