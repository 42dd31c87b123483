"""Outliers of short centroids, covariances that do not commute, and what neither takes."""

import zlib
from functools import partial

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from diversity_jax.diffusion import random_features
from diversity_jax.diffusion.model import ClassModel
from diversity_jax.diffusion.theory import losses, spectrum
from tests.agreement.test_diffusion_centroids import LONG, OVERLAPS, over_sizes, status

SHORT = ClassModel([0.4, 0.6], [0.6, 1.2], 0.1, 3.0, 5.0)
PRODUCTS = np.array([[16.0, 4.0], [4.0, 25.0]])


def moved(drawn, centroids):
    """The same draw with centroids added to its samples."""
    shifts = np.asarray(centroids)[np.repeat(np.arange(len(drawn.counts)), drawn.counts)]
    return eqx.tree_at(lambda drawn: drawn.samples, drawn, drawn.samples + shifts)


def test_simulated_outliers_of_short_centroids_tend_to_the_predicted_ones():
    """By second moments that are not centred: for a pair at plus and minus m shares cancel."""
    model = ClassModel([0.15, 0.85], [0.6, 1.2], 0.1, 3.0, 5.0)
    pair = 20 * np.array([[1.0, -1.0], [-1.0, 1.0]])
    wanted = float(np.nanmax(spectrum.outliers(model, pair).positions))
    about = 4 * 0.15 * 0.85 * pair
    centred = float(np.nanmax(spectrum.outliers(model, about).positions))
    assert wanted > float(jnp.nanmax(spectrum.bulks(model).edges))

    @partial(jax.jit, static_argnums=1)
    def covariance(key, dimension):
        drawn = random_features.draw(key, model, dimension=dimension, normalised=True)
        centroid = np.sqrt(20) * np.eye(1, dimension)
        drawn = moved(drawn, np.concatenate([centroid, -centroid]))
        return random_features.covariance(model, drawn)[0]

    def one(key, dimension):
        return np.linalg.eigvalsh(np.asarray(covariance(key, dimension)))[-1]

    values = over_sizes("short centroids", 24, one)
    assert status(values, wanted, scale=wanted, resolution=0.2) != "fails"
    assert status(values, centred, scale=wanted, resolution=0.2) == "fails"


def test_each_outlier_above_has_a_companion_next_to_the_atom():
    """In the Gaussian equivalent, whose atom is sharp: between it and the lowest bulk."""
    model = ClassModel([0.5, 0.5], [1.0, 1.0], 0.1, 4.0, 8.0)
    made, found = spectrum.class_constants(model), spectrum.outliers(model, 20 * np.eye(2))
    positions, bulks = np.asarray(found.positions), spectrum.bulks(model)
    assert int(found.number) == 4 and np.allclose(positions[0], positions[1], rtol=1e-9)
    assert float(bulks.atom_position) < positions[1] < float(bulks.edges[0, 0])
    slope, memory = float(made.slope[0]), float(made.memory_power[0])
    rest, noise = float(made.residual_power[0]), float(made.noise_power[0])

    def one(key, d):
        random = np.random.default_rng(int(jax.random.randint(key, (), 0, 2**31 - 1)))
        n, p = 4 * d, 8 * d
        weights, samples = random.normal(size=(p, d)), random.normal(size=(n, d))
        samples[: n // 2, 0] += np.sqrt(20)
        samples[n // 2 :, 1] += np.sqrt(20)
        rows = np.exp(-0.1) * slope * samples @ weights.T / np.sqrt(d)
        rows = rows + np.sqrt(memory) * random.normal(size=(n, p))
        total = rows.T @ rows / n + noise * weights @ weights.T / d + rest * np.eye(p)
        values = np.linalg.eigvalsh(total)
        return values[p - n - d : p - n - d + 2].mean() - rest

    values, wanted = over_sizes("companions", 8, one), positions[0] - rest
    assert status(values, wanted, scale=wanted, resolution=0.2) != "fails"
    edge = float(bulks.edges[0, 0]) - rest
    assert status(values, edge, scale=wanted, resolution=0.2) == "fails"


@pytest.mark.parametrize("size", [24, 36, 54, 80, 120, 180])
def test_every_outlier_that_is_counted_has_a_place(size):
    """Halving may end where the matrix is singular to the last digit."""
    variances = np.array([0.6, 1.2]) + np.array([24.0, 48.0]) / size
    model = ClassModel([0.5, 0.5], variances, 0.1, 2.0, 8.0)
    found = spectrum.outliers(model, np.diag([24.0, 48.0]))
    assert int(np.isfinite(found.positions).sum()) == int(found.number) == 4


def test_outliers_have_their_derivatives():
    def first(share):
        model = ClassModel(jnp.stack([share, 1 - share]), SHORT.mean_variances, 0.1, 3.0, 5.0)
        made = spectrum.outliers(model, PRODUCTS)
        return jnp.where(jnp.isnan(made.positions), 0.0, made.positions)

    first, step = jax.jit(first), 1e-4
    wanted = (first(0.4 + step) - first(0.4 - step)) / (2 * step)
    np.testing.assert_allclose(jax.jit(jax.jacfwd(first))(0.4), wanted, rtol=1e-5, atol=1e-8)


TILTED = np.array([[[1.6, 0.0], [0.0, 0.2]], [[0.9, 0.7], [0.7, 0.9]]])  # do not commute


def test_covariances_that_commute_are_groups_of_directions():
    groups = [0.5, 0.5]
    model = ClassModel(
        [0.3, 0.7], [[1.2, 0.05], [0.05, 0.8]], 0.1, 4.0, 16.0, group_fractions=groups
    )
    random = np.random.default_rng(zlib.crc32(b"turned")).normal(size=(6, 6))
    basis, _ = np.linalg.qr(random)
    rows = np.repeat(np.asarray(model.variances), 3, axis=1)
    turned = np.einsum("ij,cj,kj->cik", basis, rows, basis)
    turned = (turned + np.swapaxes(turned, 1, 2)) / 2
    z = jnp.asarray([0.3 + 0.01j, -0.5, 3.0 + 0.1j, 0.2 - 0.05j])
    one = spectrum.resolvent(model, z)
    two = spectrum.resolvent_of_covariances([0.3, 0.7], turned, 0.1, 4.0, 16.0, z)
    assert two.converged.all()
    np.testing.assert_allclose(two.trace, one.trace, rtol=1e-10)
    np.testing.assert_allclose(two.class_factors, one.class_factors, rtol=1e-10)


def test_simulated_features_tend_to_the_trace_for_covariances_that_do_not_commute():
    """Blocks of two coordinates: normalised traces are those of one block, whatever d."""
    variances = np.trace(TILTED, axis1=1, axis2=2) / 2
    model = ClassModel([0.5, 0.5], variances, 0.1, 3.0, 4.0)
    rest = 0.1, 3.0, 4.0, jnp.asarray(-0.3)
    wanted = float(spectrum.resolvent_of_covariances([0.5, 0.5], TILTED, *rest).trace.real)
    aligned = np.stack([np.diag(np.linalg.eigvalsh(matrix)) for matrix in TILTED])
    spoiled = float(spectrum.resolvent_of_covariances([0.5, 0.5], aligned, *rest).trace.real)

    @partial(jax.jit, static_argnums=1)
    def covariance(key, dimension):
        drawn = random_features.draw(key, model, dimension=dimension, normalised=True)
        labels = np.repeat([0, 1], drawn.counts)
        plain = drawn.samples / np.sqrt(variances)[labels][:, None]
        roots = np.linalg.cholesky(TILTED)[labels]
        blocks = plain.reshape(len(labels), -1, 2)
        samples = jnp.einsum("nij,nbj->nbi", roots, blocks).reshape(plain.shape)
        drawn = eqx.tree_at(lambda drawn: drawn.samples, drawn, samples)
        return random_features.covariance(model, drawn)[0]

    def one(key, dimension):
        values = np.linalg.eigvalsh(np.asarray(covariance(key, dimension)))
        return np.mean(1 / (values + 0.3))

    found = over_sizes("covariances that do not commute", 24, one)
    assert status(found, wanted, scale=wanted, resolution=0.02) != "fails"
    assert status(found, spoiled, scale=wanted, resolution=0.02) == "fails"


@pytest.mark.parametrize(
    ("call", "argument"),
    [
        (lambda long: spectrum.outliers(long, PRODUCTS), "centroid_overlaps"),
        (lambda long: spectrum.outliers(SHORT, [[1.0, 2.0], [2.0, 1.0]]), "centroid_products"),
        (lambda long: spectrum.outliers(SHORT, PRODUCTS, largest=0), "largest"),
        (lambda long: spectrum.giant_outliers(SHORT), "centroid_overlaps"),
        (lambda long: spectrum.class_densities(long, [0.1]), "centroid_overlaps"),
        (lambda long: losses.class_times(long, memorisation="spectral-edge"), "memorisation"),
        (
            lambda long: spectrum.resolvent(
                ClassModel(np.ones(4) / 4, np.ones(4), 0.1, 3.0, 4.0, centroid_overlaps=np.eye(4)),
                -1.0,
            ),
            "centroid_overlaps",
        ),
        (
            lambda long: spectrum.resolvent_of_covariances(
                [1.0], [[[1.0, 2.0], [0.0, 1.0]]], 0.1, 3.0, 4.0, -1.0
            ),
            "covariances",
        ),
    ],
)
def test_bad_input_gets_one_line_by_name(call, argument):
    long = ClassModel(**LONG, centroid_overlaps=OVERLAPS)
    with pytest.raises(ValueError, match=f"^{argument}: got .*, expected .*; ") as caught:
        call(long)
    assert "\n" not in str(caught.value)
