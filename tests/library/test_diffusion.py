"""Diffusion's front doors: bad input, sizes, what is static and what is traced."""

import zlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from diversity_jax import special
from diversity_jax.diffusion import process, random_features, sampling, training
from diversity_jax.diffusion.model import ClassModel
from diversity_jax.diffusion.theory import losses, speciation, spectrum
from diversity_jax.mixtures import GaussianMixture

FINE = dict(time=0.1, samples_per_dimension=4.0, features_per_dimension=8.0)
TWO = ClassModel([0.5, 0.5], [0.4, 1.6], **FINE)
PAIR = GaussianMixture.isotropic([0.5, 0.5], np.eye(2, 4), 1.0)


def key(name):
    return jax.random.key(zlib.crc32(name.encode()))


@pytest.mark.parametrize(
    ("changed", "argument"),
    [
        ({"fractions": [0.5, 0.6]}, "fractions"),
        ({"fractions": []}, "fractions"),
        ({"variances": [0.4, 0.0]}, "variances"),
        ({"variances": [0.4, np.nan]}, "variances"),
        ({"variances": [0.4, 1.0, 1.6]}, "variances"),
        ({"time": 0.0}, "time"),
        ({"samples_per_dimension": -1.0}, "samples_per_dimension"),
        ({"features_per_dimension": 0.0}, "features_per_dimension"),
        ({"group_fractions": [0.5, 0.6], "variances": np.ones((2, 2))}, "group_fractions"),
        ({"centroid_overlaps": [[1.0, 2.0], [2.0, 1.0]]}, "centroid_overlaps"),
        ({"activation": jax.nn.relu}, "activation"),
        ({"activation": lambda x: 2 * x}, "activation"),
    ],
)
def test_a_model_refuses_what_has_no_meaning(changed, argument):
    given = {"fractions": [0.5, 0.5], "variances": [0.4, 1.6], **FINE, **changed}
    with pytest.raises(ValueError, match=f"^{argument}: got .*, expected .*; "):
        ClassModel(given.pop("fractions"), given.pop("variances"), given.pop("time"), **given)


@pytest.mark.parametrize(
    ("call", "argument"),
    [
        (lambda: spectrum.equivalent_constants(variance=-1.0, time=0.1), "variance"),
        (lambda: spectrum.equivalent_constants(variance=1.0, time=0.0), "time"),
        (lambda: spectrum.equivalent_constants(variance=1.0, time=[0.1, 0.2]), "time"),
        (lambda: spectrum.equivalent_constants(variance=100.0, time=0.1), "activation"),
        (lambda: spectrum.class_densities(TWO, 0.1), "grid"),
        (lambda: spectrum.bulks(TWO, largest=0), "largest"),
        (lambda: losses.flow_losses(TWO, [-1.0]), "training_times"),
        (lambda: losses.flow_losses(TWO, 1.0), "training_times"),
        (lambda: losses.class_times(TWO, generalisation="first"), "generalisation"),
        (lambda: losses.class_times(TWO, memorisation="spectral-edge", level=0.1), "level"),
        (lambda: random_features.simulate(key("x"), TWO, dimension=1), "dimension"),
        (
            lambda: random_features.simulate(
                key("x"), ClassModel([0.001, 0.999], [0.4, 1.6], **FINE), dimension=20
            ),
            "fractions",
        ),
        (lambda: random_features.simulate(key("x"), TWO, dimension=10**6), "dimension"),
        (lambda: training.simulated_losses(key("x"), TWO, [-1.0], dimension=10), "training_times"),
        (lambda: process.backward_times(0.1, 0.2, 10), "start and end"),
        (lambda: process.noised(key("x"), jnp.ones((2, 2)), -1.0), "time"),
        (
            lambda: sampling.backward(
                key("x"), sampling.mixture_score(PAIR), jnp.ones((2, 4)), jnp.asarray([0.1, 0.2])
            ),
            "times",
        ),
        (
            lambda: sampling.probability_flow(
                sampling.mixture_score(PAIR), jnp.ones((2, 4)), [0.2, -0.5]
            ),
            "times",
        ),
        (
            lambda: sampling.backward(
                key("x"), sampling.mixture_score(PAIR), jnp.ones((2, 4)), [0.2, -0.5]
            ),
            "times",
        ),
        (
            lambda: sampling.probability_flow(
                sampling.mixture_score(GaussianMixture.isotropic([1.0], np.eye(1, 4), 0.0)),
                jnp.ones((2, 4)),
                [0.2, 0.0],
            ),
            "variances",
        ),
        (lambda: speciation.speciation_times(PAIR, criterion="halve"), "criterion"),
        (lambda: speciation.return_probability(PAIR, -1.0), "time"),
        (lambda: speciation.collapse_times(PAIR, [10]), "counts"),
    ],
)
def test_bad_input_gets_one_line_by_name(call, argument):
    with pytest.raises(ValueError, match=f"^{argument}: got .*, expected .*; ") as caught:
        call()
    assert "\n" not in str(caught.value)


def test_ratios_must_be_concrete_where_they_are_sizes():
    def run(ratio):
        model = ClassModel([1.0], [1.0], 0.1, ratio, 8.0)
        return random_features.simulate(key("x"), model, dimension=10).eigenvalues

    with pytest.raises(ValueError, match=r"^fractions and ratios: got traced values"):
        jax.jit(run)(4.0)


def test_points_keep_their_precision_whatever_the_mixture():
    points, score = jnp.ones((2, 4), jnp.float32), sampling.mixture_score(PAIR)
    times = jnp.array([1.0, 0.5])
    assert sampling.backward(key("x"), score, points, times).dtype == jnp.float32
    assert sampling.probability_flow(score, points, times).dtype == jnp.float32


def test_traced_fractions_off_the_simplex_are_not_numbers():
    made = jax.jit(lambda x: ClassModel(x, [0.4, 1.6], **FINE).fractions)
    assert jnp.isnan(made(jnp.asarray([0.5, 0.6]))).all()
    whole = jnp.asarray([0.4, 0.6])
    assert made(whole).tolist() == whole.tolist()


def test_endless_training_is_a_limit():
    found = losses.flow_losses(TWO, [1e9, jnp.inf])
    for part in (found.train, found.test):
        np.testing.assert_allclose(part[1], part[0], rtol=1e-9)


@pytest.mark.parametrize("steepness", [1.0, 4.0, 20.0, 50.0])
def test_steep_activations_are_right_or_refused(steepness):
    """``tanh(s x)`` at variance v and noise D is tanh at s^2 times both."""

    def found():
        return spectrum.equivalent_constants(
            variance=1.0, time=0.1, activation=lambda x: jnp.tanh(steepness * x)
        )

    if steepness > 10:
        with pytest.raises(ValueError, match=r"^activation: got one too steep"):
            found()
        return
    nodes = np.linspace(-10, 10, 40001)
    weights = np.exp(-(nodes**2) / 2) / np.exp(-(nodes**2) / 2).sum()
    wanted = weights @ np.tanh(steepness * nodes) ** 2
    assert float(found().total_power) == pytest.approx(wanted, rel=1e-9)


def test_small_memories_keep_their_digits():
    """For small x, ``tanh x = x - x^3/3``: the kept part of the cube has power ``2 k^3 / 3``."""
    for variance in (1e-4, 1e-8):
        found = spectrum.equivalent_constants(variance=variance, time=1e-7)
        decayed = variance * np.exp(-2e-7)
        total = decayed - np.expm1(-2e-7)
        assert float(found.memory_power) == pytest.approx(2 / 3 * decayed**3, rel=20 * total)


def test_bulks_say_what_they_did_not_find():
    for time, variances, whole in ((0.1, [0.4, 1.6], True), (5.0, [0.4, 1.6], False)):
        found = spectrum.bulks(ClassModel([0.5, 0.5], variances, time, 4.0, 8.0))
        assert bool(found.converged) is whole
        total = jnp.nansum(found.masses) + found.atom_mass + found.missing_mass
        assert float(total) == pytest.approx(1, abs=1e-12)


def test_counts_are_fixed_by_the_fractions_and_add_up():
    model = ClassModel([0.15, 0.35, 0.5], [1.0, 1.0, 1.0], **FINE)
    counts, features = random_features.sizes(model, 30)
    assert sum(counts) == 120 and features == 240
    assert max(abs(np.asarray(counts) - 120 * np.array([0.15, 0.35, 0.5]))) <= 1


def test_a_variance_and_a_fraction_may_be_traced():
    def trace(variance):
        model = ClassModel([0.5, 0.5], jnp.stack([variance, jnp.asarray(1.6)]), **FINE)
        return spectrum.resolvent(model, jnp.asarray(-1.0)).trace.real

    assert float(jax.jit(trace)(0.4)) == pytest.approx(
        float(spectrum.resolvent(TWO, jnp.asarray(-1.0)).trace.real), rel=1e-12
    )


def test_backward_times_fall_evenly_in_the_log_ratio():
    times = np.asarray(process.backward_times(2.0, 1e-3, 50))
    assert times[[0, -1]] == pytest.approx([2.0, 1e-3])
    gaps = np.diff(np.log(np.expm1(2 * times)))
    np.testing.assert_allclose(gaps, gaps[0], rtol=1e-9)


@pytest.mark.parametrize("size", [1, 2, 5, 11])
def test_small_systems_are_solved_whatever_their_order_of_rows(size):
    random = np.random.default_rng(zlib.crc32(f"systems {size}".encode()))
    matrix = random.normal(size=(size, size)) + 1j * random.normal(size=(size, size))
    matrix[0, 0] = 0 if size > 1 else 1
    right = random.normal(size=(size, 3))
    wanted = np.linalg.solve(matrix, right)
    found = special.solve_small(jnp.asarray(matrix), jnp.asarray(right, complex))
    np.testing.assert_allclose(found, wanted, rtol=1e-11, atol=1e-12)
    single = special.solve_small(jnp.asarray(matrix), jnp.asarray(right[:, 0], complex))
    np.testing.assert_allclose(single, wanted[:, 0], rtol=1e-11, atol=1e-12)


def test_hermite_polynomials_are_orthonormal():
    nodes, weights = special.normal_nodes()
    values = np.stack(special.hermite(6, nodes))
    np.testing.assert_allclose((values * weights) @ values.T, np.eye(7), atol=1e-12)


def test_collapse_comes_earlier_for_larger_variance_and_fewer_samples():
    mixture = GaussianMixture.isotropic([0.5, 0.5], np.zeros((2, 16)), [0.5, 2.0])
    few, many = (speciation.collapse_times(mixture, [n, n]) for n in (100, 10000))
    assert few[1] > few[0] and (few > many).all()
    wanted = np.log1p(0.5 / (100 ** (2 / 16) - 1)) / 2
    assert float(few[0]) == pytest.approx(wanted, rel=1e-12)


def test_calls_of_one_shape_compile_once():
    """A loop that is traced anew at every call would compile anew at every call."""
    compiled = []
    grid = jnp.linspace(0.1, 1.0, 5)
    spectrum.density(TWO, grid)
    speciation.speciation_times(PAIR, criterion="bayes")
    # Made before: what constructors compile depends on which tests came before in the process.
    other = ClassModel([0.4, 0.6], [0.5, 1.5], **FINE)
    mixture = GaussianMixture.isotropic([0.3, 0.7], 2 * np.eye(2, 4), 1.0)
    jax.monitoring.register_event_duration_secs_listener(
        lambda event, *_, **__: compiled.append(event) if "backend_compile" in event else None
    )
    spectrum.density(other, grid)
    speciation.speciation_times(mixture, criterion="bayes")
    assert compiled == []
