"""Spectrum and losses with centroids, short or long, and with covariances that do not commute."""

import zlib
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from diversity_jax.diffusion import random_features, training
from diversity_jax.diffusion.model import ClassModel
from diversity_jax.diffusion.theory import losses, spectrum
from diversity_jax.diffusion.theory.equations import constants, extensive
from paper_repro.checks import convergence

SIZES = np.array([24, 36, 54, 80])
LONG = dict(
    fractions=[0.7, 0.3], variances=[0.6, 1.2], time=0.1,
    samples_per_dimension=3.0, features_per_dimension=4.0,
)  # fmt: skip
OVERLAPS = np.array([[0.64, 0.3], [0.3, 1.44]])
TIMES = np.array([1.0, 10.0, 100.0])
Z = -0.02
pytestmark = pytest.mark.light


def key(name):
    return jax.random.key(zlib.crc32(name.encode()))


def over_sizes(name, seeds, one):
    """`one(key, dimension)` for every size and seed, `[seeds, sizes, ...]`."""
    return np.asarray(
        [[one(jax.random.fold_in(key(name), seed), int(d)) for d in SIZES] for seed in range(seeds)]
    )


def status(found, wanted, *, scale, resolution, level=1e-4):
    options = dict(scale=float(scale), resolution=resolution, rate=1.0, level=level)
    return convergence(SIZES, found - float(wanted), **options).status


@pytest.mark.parametrize("variance", [0.3, 1.5])
@pytest.mark.parametrize("shift", [0.0, 0.7, -2.0])
def test_shifted_constants_are_gaussian_averages(variance, shift):
    time, (nodes, weights) = 0.2, np.polynomial.hermite_e.hermegauss(200)
    weights = weights / weights.sum()
    noise, decay = 1 - np.exp(-2 * time), np.exp(-2 * time)
    total = shift + np.sqrt(decay * variance + noise) * nodes
    clean = shift + np.sqrt(decay * variance) * nodes[:, None] + np.sqrt(noise) * nodes
    mean, slope = weights @ np.tanh(total), weights @ (1 - np.tanh(total) ** 2)
    signal = decay * variance * slope**2
    memory = weights @ (np.tanh(clean) @ weights) ** 2 - mean**2 - signal
    found = constants.shifted_constants(shift=shift, variance=variance, time=time)
    parts = found.constants
    np.testing.assert_allclose(
        [found.mean, parts.slope, parts.signal_power, parts.memory_power],
        [mean, slope, signal, memory],
        atol=1e-6,
    )
    total = parts.signal_power + parts.memory_power + parts.noise_power + parts.residual_power
    np.testing.assert_allclose(total + found.mean**2, parts.total_power, atol=1e-13)


def test_centroids_of_no_length_change_nothing():
    short = 1e-14 * np.eye(2)  # two directions to average over, as for any other pair
    centred, long = ClassModel(**LONG), ClassModel(**LONG, centroid_overlaps=short)
    z = jnp.asarray([0.05 + 0.01j, 1 - 0.2j, -1.0, 30.0])
    one, two = spectrum.resolvent(centred, z), spectrum.resolvent(long, z)
    np.testing.assert_allclose(two.trace, one.trace, rtol=1e-10)
    np.testing.assert_allclose(two.class_factors, one.class_factors, rtol=1e-10)
    assert two.converged.all()
    one, two = losses.flow_losses(centred, TIMES), losses.flow_losses(long, TIMES)
    np.testing.assert_allclose(two.train, one.train, atol=1e-7)
    np.testing.assert_allclose(two.test, one.test, atol=1e-7)


def giants(shifts, weights, fractions):
    """Eigenvalues of the means' second moments over neurons with `shifts` ``h_c`` `[p, k]`."""
    nodes, share = np.polynomial.hermite_e.hermegauss(60)
    decay = np.exp(-2 * LONG["time"])
    deviations = np.sqrt(decay * np.asarray(LONG["variances"]) + 1 - decay)
    inputs = np.sqrt(decay) * shifts[..., None] + deviations[:, None] * nodes
    means = np.tanh(inputs) @ (share / share.sum()) * np.sqrt(fractions)
    return np.linalg.eigvalsh(means.T @ (means * weights[:, None]))


def test_eigenvalues_of_order_p_average_over_neurons():
    nodes, share = np.polynomial.hermite_e.hermegauss(60)
    grid = np.stack(np.meshgrid(nodes, nodes, indexing="ij"), axis=-1).reshape(-1, 2)
    weights = np.outer(share, share).ravel() / share.sum() ** 2
    shifts = grid @ np.linalg.cholesky(OVERLAPS).T
    found = spectrum.giant_outliers(ClassModel(**LONG, centroid_overlaps=OVERLAPS))
    wanted = giants(shifts, weights, np.asarray(LONG["fractions"]))
    np.testing.assert_allclose(found, wanted, rtol=1e-6)


def test_simulated_features_with_long_centroids_tend_to_the_predicted_spectrum():
    """The trace of the resolvent, and the eigenvalues of order p; not so without the centroids."""
    model, z = ClassModel(**LONG, centroid_overlaps=OVERLAPS), jnp.full(4, Z)
    trace = float(spectrum.resolvent(model, z).trace[0].real)
    without = float(spectrum.resolvent(ClassModel(**LONG), z).trace[0].real)
    fractions = np.asarray(LONG["fractions"])

    @partial(jax.jit, static_argnums=1)
    def both(key, dimension):
        drawn = random_features.draw(key, model, dimension=dimension, normalised=True)
        matrix, _ = random_features.covariance(model, drawn)
        return matrix, drawn.weights @ drawn.centroids.T / np.sqrt(dimension)

    def one(key, dimension):
        """With the giants of these very neurons taken off, whose number is finite."""
        matrix, shifts = map(np.asarray, both(key, dimension))
        values = np.linalg.eigvalsh(matrix)  # in a third of the time that jax takes
        same = np.full(values.size, 1 / values.size)
        top = values[-2:] / values.size - giants(shifts, same, fractions)
        return np.array([np.mean(1 / (values - Z)), *top])

    found = over_sizes("long centroids", 24, one)
    assert status(found[..., 0], trace, scale=trace, resolution=0.05) != "fails"
    assert status(found[..., 0], without, scale=trace, resolution=0.05) == "fails"
    exchanged = ClassModel(**{**LONG, "fractions": fractions[::-1]}, centroid_overlaps=OVERLAPS)
    scale, wrong = spectrum.giant_outliers(model), spectrum.giant_outliers(exchanged)
    for place in range(2):
        options = dict(scale=scale[place], resolution=0.2)
        assert status(found[..., 1 + place], 0.0, **options) != "fails"
        shift = wrong[place] - scale[place]
        assert status(found[..., 1 + place], shift, **options) == "fails"


def test_bulks_with_long_centroids_hold_the_mass_above_the_band():
    model = ClassModel([1.0], [1.0], 0.1, 3.0, 8.0, centroid_overlaps=[[0.5]])
    found = spectrum.bulks(model, largest=3)
    number = int(found.number)
    total = float(jnp.nansum(found.masses) + found.atom_mass)
    assert number >= 1 and total == pytest.approx(1, abs=1e-12)
    # The top bulk holds one eigenvalue per dimension, as without centroids.
    assert float(found.masses[number - 1]) == pytest.approx(1 / 8, abs=1e-4)
    edges = np.asarray(found.edges[number - 1])
    inside, outside = edges * [1.001, 0.999], edges * [0.999, 1.001]
    assert (spectrum.density(model, inside) > 0).all()
    np.testing.assert_allclose(spectrum.density(model, outside), 0, atol=1e-9)


def test_simulated_losses_with_long_centroids_tend_to_the_asymptotic_ones():
    model = ClassModel(**LONG, centroid_overlaps=OVERLAPS)

    @partial(jax.jit, static_argnums=1)
    def one(key, dimension):
        made = training.simulated_losses(key, model, TIMES, dimension=dimension)
        return jnp.concatenate([made.train, made.test], axis=1)

    found = over_sizes("losses with long centroids", 10, one)
    wanted = losses.flow_losses(model, TIMES)
    without = losses.flow_losses(ClassModel(**LONG), TIMES)
    exact = np.concatenate([wanted.train, wanted.test], axis=1)
    spoiled = np.concatenate([without.train, without.test], axis=1)
    options = dict(scale=1.0, resolution=0.1, level=1e-4 / exact.size)
    for time in range(TIMES.size):
        for column in range(exact.shape[1]):
            here = found[:, :, time, column]
            assert status(here, exact[time, column], **options) != "fails", (time, column)
    assert status(found[:, :, 1, 1], spoiled[1, 1], **options) == "fails"


def test_odd_features_cannot_tell_a_centroid_from_its_opposite():
    """So only the square of a cosine counts; that it counts, the last lines say."""
    turned = OVERLAPS * np.array([[1, -1], [-1, 1]])
    one, other = (
        losses.flow_losses(ClassModel(**LONG, centroid_overlaps=overlaps), TIMES)
        for overlaps in (OVERLAPS, turned)
    )
    np.testing.assert_allclose(one.train, other.train, atol=1e-9)
    np.testing.assert_allclose(one.test, other.test, atol=1e-9)
    wider = np.array([[0.64, 0.9], [0.9, 1.44]])
    along = losses.flow_losses(ClassModel(**LONG, centroid_overlaps=wider), TIMES)
    assert np.abs(along.test - one.test).max() > 1e-3


def test_losses_begin_to_fall_at_the_rate_of_slopes_that_neurons_share():
    """``1 - L_c = 4 D^2 tau sum_c' pi_c' E_h[a_c a_c']`` early in training: here angles enter."""
    model = ClassModel(**LONG, centroid_overlaps=OVERLAPS)
    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    pairs = np.stack(np.meshgrid(nodes, nodes), axis=-1).reshape(-1, 2)
    shares = np.outer(weights, weights).ravel() / weights.sum() ** 2
    noise, decay = -np.expm1(-2 * LONG["time"]), np.exp(-LONG["time"])
    shifts = decay * pairs @ np.linalg.cholesky(OVERLAPS).T
    spread = np.sqrt(decay**2 * np.array(LONG["variances"]) + noise)
    slopes = 1 - np.tanh(shifts[..., None] + spread[:, None] * nodes) ** 2 @ weights / weights.sum()
    rates = (slopes * shares[:, None]).T @ slopes @ np.array(LONG["fractions"])
    early = 1e-5
    found = losses.flow_losses(model, early * np.ones(TIMES.size)).test[0]
    np.testing.assert_allclose((1 - found) / (4 * noise**2 * early), rates, rtol=1e-4)


def test_losses_with_long_centroids_have_their_derivatives():
    """In the length of the centroid, the variance and the time, against central differences."""

    def found(x):
        model = ClassModel([1.0], x[:1], x[1], 3.0, 4.0, centroid_overlaps=x[2:, None])
        made = losses.flow_losses(model, TIMES[1:2])
        return jnp.concatenate([made.train[0], made.test[0]])

    at, found = jnp.asarray([0.6, 0.1, 0.5]), jax.jit(found)
    exact = np.asarray(jax.jit(jax.jacfwd(found))(at))
    for place in range(at.size):
        step = jnp.zeros(at.size).at[place].set(1e-4 * at[place])
        wanted = (found(at + step) - found(at - step)) / (2e-4 * at[place])
        np.testing.assert_allclose(exact[:, place], wanted, rtol=1e-5, atol=1e-7)


def test_traces_with_long_centroids_have_their_derivatives():
    """In an overlap, a share and a variance, against central differences."""

    def found(x):
        overlaps = jnp.stack([jnp.stack([x[0], jnp.asarray(0.1)]), jnp.asarray([0.1, 0.9])])
        model = ClassModel(
            jnp.stack([x[1], 1 - x[1]]), jnp.stack([x[2], jnp.asarray(1.2)]), 0.1, 3.0, 4.0,
            centroid_overlaps=overlaps,
        )  # fmt: skip
        trace = spectrum.resolvent(model, jnp.asarray([0.3 + 0.2j, -0.5])).trace
        return jnp.concatenate([trace.real, trace.imag[:1]])

    at, found = jnp.asarray([0.5, 0.3, 0.6]), jax.jit(found)
    exact = np.asarray(jax.jit(jax.jacfwd(found))(at))
    for place in range(at.size):
        step = jnp.zeros(at.size).at[place].set(1e-4 * at[place])
        wanted = (found(at + step) - found(at - step)) / (2e-4 * at[place])
        np.testing.assert_allclose(exact[:, place], wanted, rtol=1e-5, atol=1e-7)


def test_times_with_long_centroids_are_where_they_say():
    model = ClassModel(
        [0.5, 0.5], [1.0, 1.0], 0.1, 4.0, 16.0, centroid_overlaps=[[0.09, 0], [0, 1.44]]
    )
    found = losses.class_times(model)
    for c, time in enumerate(np.asarray(found.generalisation)):
        around = losses.flow_losses(model, time * np.array([0.97, 1.0, 1.03])).test[:, c]
        assert around[1] < around[0] and around[1] < around[2]
    at = losses.flow_losses(model, found.memorisation)
    np.testing.assert_allclose(np.diagonal(at.test - at.train), 0.05, atol=1e-9)
    # Equal variances: the class of the shorter centroid is learned and memorised first.
    assert found.generalisation[0] < found.generalisation[1]
    assert found.memorisation[0] < found.memorisation[1]


def test_centroids_that_depend_on_each_other_need_fewer_nodes():
    """Plus and minus m are one direction; traced overlaps get two, with the same averages."""
    overlaps = jnp.asarray([[0.5, -0.5], [-0.5, 0.5]])

    def averages(overlaps):
        made = extensive.neurons(ClassModel(**LONG, centroid_overlaps=overlaps))
        return made.weights @ made.powers(), made.weights.shape[0]

    one, few = averages(overlaps)
    two, many = jax.jit(averages)(overlaps)
    np.testing.assert_allclose(two, one, rtol=1e-7)
    assert few < many


@pytest.mark.parametrize("overlaps", [[0.64, 1.44], [0.64, 1.44, 0.9]])
def test_orthogonal_centroids_are_the_limit_of_nearly_orthogonal_ones(overlaps):
    # The first are averaged over one node of all that differ in signs, the others over all.
    k = len(overlaps)
    orthogonal = np.diag(overlaps)
    nearly = orthogonal + 1e-7 * (1 - np.eye(k))
    exact, near = (
        ClassModel([1 / k] * k, [0.6, 1.2, 0.9][:k], 0.1, 2.0, 8.0, centroid_overlaps=one)
        for one in (orthogonal, nearly)
    )
    sizes = [spectrum.coefficients(one).weights.size for one in (exact, near)]
    assert sizes[1] == 2 ** (k - 1) * sizes[0]
    giants = [spectrum.giant_outliers(model) for model in (exact, near)]
    np.testing.assert_allclose(*giants, rtol=1e-5)
    if k == 2:
        z = np.array([0.3 + 0.1j, 2.0 + 0.5j])
        one, other = (spectrum.resolvent(model, z) for model in (exact, near))
        np.testing.assert_allclose(one.trace, other.trace, rtol=1e-6)
        np.testing.assert_allclose(one.class_factors, other.class_factors, rtol=1e-6)
