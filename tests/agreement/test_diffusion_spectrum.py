"""The spectrum's fixed point against other forms of it, closed values and simulated features."""

import zlib
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from diversity_jax.diffusion import random_features
from diversity_jax.diffusion.model import ClassModel
from diversity_jax.diffusion.theory import spectrum
from diversity_jax.diffusion.theory.equations import fixed_point
from paper_repro.checks import convergence

TWO = ClassModel([0.3, 0.7], [0.4, 1.6], 0.1, 4.0, 8.0)
GROUPS = ClassModel(
    [0.3, 0.7], [[1.2, 0.05], [0.05, 0.8]], 0.1, 4.0, 16.0, group_fractions=[0.5, 0.5]
)


def key(name):
    return jax.random.key(zlib.crc32(name.encode()))


@pytest.mark.parametrize("variance", [0.01, 0.25, 1.0, 1.6, 9.0])
@pytest.mark.parametrize("time", [0.01, 0.1, 1.0])
def test_constants_are_gaussian_averages(variance, time):
    nodes, weights = np.polynomial.hermite_e.hermegauss(240)
    weights = weights / weights.sum()
    noise, decay = 1 - np.exp(-2 * time), np.exp(-2 * time)
    total = decay * variance + noise
    slope = weights @ (1 / np.cosh(np.sqrt(total) * nodes) ** 2)
    inner = np.tanh(np.sqrt(decay * variance) * nodes[:, None] + np.sqrt(noise) * nodes) @ weights
    power = weights @ np.tanh(np.sqrt(total) * nodes) ** 2
    signal = decay * variance * slope**2
    memory = weights @ inner**2 - signal
    found = spectrum.equivalent_constants(variance=variance, time=time)
    # What 240 Gauss-Hermite nodes leave: singularities at pi / (2 deviation) off the real axis.
    slack = 1e-9 if total < 1.8 else 1e-4
    np.testing.assert_allclose(
        [found.slope, found.signal_power, found.memory_power, found.total_power],
        [slope, signal, memory, power],
        atol=slack,
    )
    np.testing.assert_allclose(found.total_power, 1 - found.slope, atol=1e-11)  # tanh' = 1 - tanh^2
    parts = found.signal_power + found.memory_power + found.noise_power + found.residual_power
    np.testing.assert_allclose(parts, found.total_power, atol=1e-13)


def test_one_class_solves_the_published_equations():
    """Theorem 3.1 of arXiv 2505.17638, written with r, s and its own hats, for unit variance."""
    time, psi_n, psi_p = 0.1, 4.0, 8.0
    z = jnp.asarray([0.05 + 0.01j, 1.0 + 1e-3j, -1.0, 9.0 - 0.2j])
    q = spectrum.resolvent(ClassModel([1.0], [1.0], time, psi_n, psi_p), z).trace
    c = spectrum.equivalent_constants(variance=1.0, time=time)
    linear = c.slope**2 * jnp.exp(-2 * time)

    def other(q, r):
        r_hat = (
            psi_p * linear / (1 + linear * psi_p / psi_n * r + psi_p * c.memory_power * q / psi_n)
        )
        return r_hat, c.noise_power * psi_p + 1 / q

    r = q
    for _ in range(4000):  # r = 1 / (s_hat + r_hat), a contraction here
        r_hat, s_hat = other(q, r)
        r = (r + 1 / (s_hat + r_hat)) / 2
    r_hat, s_hat = other(q, r)
    s = 1 / (s_hat + r_hat)
    zeta = 1 / (1 + linear * psi_p / psi_n * r + psi_p * c.memory_power * q / psi_n)
    gap = psi_p * (c.residual_power - z) + psi_p * c.memory_power * zeta
    gap = gap + (1 - psi_p) / q - s / q**2
    assert float(jnp.max(jnp.abs(gap * q))) < 1e-8


def test_values_found_before():
    model = ClassModel([1.0], [1.0], 0.1, 4.0, 8.0)
    found = spectrum.resolvent(model, jnp.asarray([0.05 + 0.01j, -1.0]))
    np.testing.assert_allclose(
        found.trace, [-19.9368438061 + 17.4351393029j, 0.8906947348], rtol=1e-9
    )
    bulks = spectrum.bulks(ClassModel([1.0], [1.0], 0.01, 8.0, 64.0))
    expected = [
        [0.0036831715, 0.0101885324],
        [0.0913296406, 0.3594744930],
        [9.83587728, 44.69297157],
    ]
    np.testing.assert_allclose(bulks.edges[:3], expected, rtol=1e-7)
    np.testing.assert_allclose(bulks.masses[:3], [1 / 64, 7 / 64, 1 / 64], rtol=1e-6)


@pytest.mark.parametrize(
    "model", [TWO, GROUPS, ClassModel([0.2, 0.3, 0.5], [0.5, 1.0, 2.0], 0.02, 3.0, 2.0)]
)
def test_masses_sum_to_one_and_lie_in_the_support(model):
    bulks = spectrum.bulks(model)
    number = int(bulks.number)
    assert float(jnp.nansum(bulks.masses) + bulks.atom_mass) == pytest.approx(1, abs=1e-6)
    assert jnp.isnan(bulks.edges[number:]).all() and jnp.isnan(bulks.masses[number:]).all()
    edges = np.asarray(bulks.edges[:number]).ravel()
    assert (np.diff(edges) > 0).all()
    step = 1e-5 * edges
    inward = np.where(np.arange(edges.size) % 2 == 0, 1, -1)
    assert (spectrum.density(model, edges + inward * step) > 0).all()
    np.testing.assert_allclose(spectrum.density(model, edges - inward * step), 0, atol=1e-9)


def test_edges_and_traces_have_their_derivatives():
    """In share, variance, time, samples and features, against central differences."""

    @jax.jit
    def found(x):
        model = ClassModel(
            jnp.stack([x[0], 1 - x[0]]), jnp.stack([x[1], jnp.asarray(1.6)]), x[2], x[3], x[4]
        )
        trace = spectrum.resolvent(model, jnp.asarray([0.3 + 0.2j, -0.5])).trace
        return jnp.concatenate([trace.real, trace.imag, spectrum.bulks(model).edges[:2].ravel()])

    at = jnp.asarray([0.3, 0.4, 0.1, 4.0, 8.0])
    exact = np.asarray(jax.jit(jax.jacfwd(found))(at))
    for place in range(at.size):
        step = jnp.zeros(at.size).at[place].set(1e-4 * at[place])
        wanted = (found(at + step) - found(at - step)) / (2e-4 * at[place])
        np.testing.assert_allclose(exact[:, place], wanted, rtol=1e-5, atol=1e-7)


def test_few_levels_find_the_roots_that_small_steps_find():
    """Random models of three classes and two groups; wherever the quick test passes."""
    random, number = np.random.default_rng(zlib.crc32(b"random models")), 60

    @jax.jit
    def both(parts, z):
        few, many = (fixed_point.descend(parts, z, *levels)[0] for levels in ((12, 2), (40, 4)))
        state = jnp.concatenate([few, parts.factors(few)])
        other = jnp.concatenate([many, parts.factors(many)])
        gap = jnp.abs(state / other - 1).max(axis=0)
        at = ((few, z), (many, z), (jnp.conj(many), jnp.conj(z)))
        tests = [fixed_point.sure(parts, root, parts.gaps(root, z)) for root, z in at]
        return gap, *tests

    gaps, passed = [], []
    for _ in range(number):
        fractions, groups = random.dirichlet(np.ones(3)), random.dirichlet(np.ones(2))
        variances, ratios = np.exp(random.normal(size=(3, 2))), np.exp(random.uniform(0, 4, 2))
        model = ClassModel(
            fractions, variances, np.exp(random.uniform(-4, 0)), *ratios, group_fractions=groups
        )
        parts = spectrum.coefficients(model)
        places = np.exp(
            random.uniform(np.log(parts.residual_power), np.log(parts.upper_bound()), 50)
        )
        heights = places * 10.0 ** random.uniform(-4, 0, 50)
        gap, quick, slow, wrong = both(parts, places + 1j * heights)
        assert slow.all() and not wrong.any()
        gaps.append(np.asarray(gap)[np.asarray(quick)])
        passed.append(np.asarray(quick))
    assert np.mean(passed) > 0.9
    assert np.concatenate(gaps).max() < 1e-7


def test_a_real_number_inside_a_bulk_is_refused_or_nan():
    with pytest.raises(ValueError, match=r"^z: got 1 real values inside a bulk, expected .*; "):
        spectrum.resolvent(TWO, jnp.asarray([0.05, -1.0]))
    found = jax.jit(lambda z: spectrum.resolvent(TWO, z))(jnp.asarray([0.05, -1.0, 20.0]))
    assert jnp.isnan(found.trace).tolist() == [True, False, False]
    assert found.converged.tolist() == [False, True, True]


def _gaps(model, constants_of, name):
    """Simulated less predicted trace of the resolvent, for four dimensions and 48 seeds.

    What `simulate` does, by one program for each dimension; the first seed's is held against it.
    """
    z, sizes = -0.02, np.array([16, 24, 36, 54])
    wanted = float(spectrum.resolvent(constants_of, jnp.asarray(z)).trace.real)

    @partial(jax.jit, static_argnums=1)
    def covariance(key, dimension):
        drawn = random_features.draw(key, model, dimension=dimension, normalised=True)
        return random_features.covariance(model, drawn)[0]

    gaps = []
    for dimension in map(int, sizes):
        seeds = [jax.random.fold_in(key(name), seed) for seed in range(48)]
        values = [np.linalg.eigvalsh(np.asarray(covariance(seed, dimension))) for seed in seeds]
        simulated = random_features.simulate(seeds[0], model, dimension=dimension)
        np.testing.assert_allclose(values[0], simulated.eigenvalues, rtol=1e-8)
        gaps.append([np.mean(1 / (row - z)) - wanted for row in values])
    return sizes, np.asarray(gaps).T, wanted


def test_simulated_features_tend_to_the_predicted_trace():
    model = ClassModel([0.25, 0.75], [0.4, 1.6], 0.1, 4.0, 8.0)
    mixed = ClassModel([1.0], [0.25 * 0.4 + 0.75 * 1.6], 0.1, 4.0, 8.0)
    sizes, gaps, wanted = _gaps(model, model, "trace of true features")
    options = dict(scale=wanted, resolution=0.02, rate=1.0)
    assert convergence(sizes, gaps, **options).status != "fails"
    shift = wanted - float(spectrum.resolvent(mixed, jnp.asarray(-0.02)).trace.real)
    assert convergence(sizes, gaps + shift, **options).status == "fails"
