"""Bad input, edge cases, types, transformations, traces and memory of Gaussian mixtures."""

import re
import subprocess
import sys
import textwrap
import zlib
from pathlib import Path

import chex
import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from diversity_jax import gaussians
from diversity_jax.mixtures import KINDS, GaussianMixture

WEIGHTS = np.array([0.25, 0.75])
MEANS = np.array([[0.0, 1.0, 2.0], [-1.0, 0.0, 1.0]])
VARIANCES = {
    "isotropic": np.array([0.5, 2.0]),
    "diagonal": np.array([[0.5, 1.0, 2.0], [2.0, 0.25, 1.0]]),
    "full": np.array([[[2.0, 0.5, 0.0], [0.5, 1.0, 0.0], [0.0, 0.0, 1.0]], np.eye(3)]),
}
METHODS = ("log_density", "score", "responsibilities")
KEY = jax.random.key(zlib.crc32(b"library tests of mixtures"))
TEN = np.arange(30.0).reshape(10, 3) / 10


def make(kind, dtype=np.float64):
    arrays = (array.astype(dtype) for array in (WEIGHTS, MEANS, VARIANCES[kind]))
    return getattr(GaussianMixture, kind)(*arrays)


def refused(message):
    return pytest.raises(ValueError, match=re.escape(message))


NAN = np.array([0.5, np.nan])
SKEW = np.stack([np.eye(3), np.array([[1.0, 0.5, 0], [0, 1, 0], [0, 0, 1]])])
BAD = {
    "negative": ("isotropic", WEIGHTS, MEANS, [0.5, -1.0], "variances: got a smallest value of -1"),
    "NaN": ("isotropic", WEIGHTS, MEANS, NAN, "variances: got 1 NaN or infinite of 2 values"),
    "diagonal": ("diagonal", WEIGHTS, MEANS, -np.ones((2, 3)), "variances: got a smallest value"),
    "indefinite": (
        "full",
        WEIGHTS,
        MEANS,
        np.stack([np.eye(3), np.diag([1.0, 1.0, -0.1])]),
        "variances: got a smallest eigenvalue of -0.1",
    ),
    "skew": ("full", WEIGHTS, MEANS, SKEW, "variances: got an asymmetry of 0.5"),
    "sum": ("isotropic", [0.5, 0.6], MEANS, 1.0, "weights: got weights that sum to 1.1"),
    "sign": ("isotropic", [-0.5, 1.5], MEANS, 1.0, "weights: got a smallest value of -0.5"),
    "weights": ("isotropic", [[0.5, 0.5]], MEANS, 1.0, "weights: got shape (1, 2)"),
    "means": ("isotropic", WEIGHTS, MEANS[:1], 1.0, "means: got shape (1, 3), expected shape (2, "),
    "flat": ("isotropic", WEIGHTS, MEANS[0], 1.0, "means: got shape (3,)"),
    "empty": ("isotropic", WEIGHTS, MEANS[:, :0], 1.0, "means: got shape (2, 0)"),
    "means NaN": ("isotropic", WEIGHTS, MEANS * np.nan, 1.0, "means: got 6 NaN or infinite"),
    "number": ("isotropic", WEIGHTS, MEANS, np.ones(3), "variances: got shape (3,), expected"),
    "kind 2": ("diagonal", WEIGHTS, MEANS, np.ones(2), "variances: got shape (2,), expected"),
    "kind 3": ("full", WEIGHTS, MEANS, np.ones((2, 3)), "variances: got shape (2, 3), expected"),
    "complex": ("isotropic", WEIGHTS, MEANS * 1j, 1.0, "float32 or float64"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_parameters_get_one_clear_line(case):
    kind, weights, means, variances, message = BAD[case]
    with refused(message) as error:
        getattr(GaussianMixture, kind)(weights, means, variances)
    assert "\n" not in str(error.value) and ";" in str(error.value)


def test_an_unknown_kind_names_the_nearest():
    with refused("did you mean diagonal?"):
        GaussianMixture(WEIGHTS, MEANS, 1.0, "diagnoal")


@pytest.mark.parametrize("method", METHODS)
def test_bad_points_get_one_clear_line(method):
    evaluate = getattr(make("isotropic"), method)
    with refused("points: got shape (10, 2), expected shape (any, 3)"):
        evaluate(TEN[:, :2])
    with refused("points: got shape (4,), expected shape (3"):
        evaluate(np.ones(4))
    with refused("points: got shape (2, 10, 3)"):
        evaluate(np.stack([TEN, TEN]))
    for row in (0, 9):
        spoiled = TEN.copy()
        spoiled[row, 1] = np.nan
        with refused("points: got NaN, expected numbers"):
            evaluate(spoiled)
        with refused("points: got NaN"):
            jax.jit(lambda spoiled=spoiled: evaluate(spoiled))()


@pytest.mark.parametrize("number", [-1, 2.0, True, np.int64(3), "3"])
def test_a_number_of_points_is_a_python_integer(number):
    mixture = make("isotropic")
    with refused(f"number: got {number!r}, expected a Python integer >= 0"):
        mixture.sample(KEY, number)
    with refused(f"counts: got {number!r}"):
        mixture.sample_counts(KEY, (1, number))


def test_counts_are_one_per_component():
    with refused("counts: got (1, 2, 3), expected a tuple of 2 integers"):
        make("full").sample_counts(KEY, (1, 2, 3))
    with refused("counts: got 5, expected a tuple"):
        make("full").sample_counts(KEY, 5)


@pytest.mark.parametrize("time", [-0.1, np.nan])
def test_time_runs_forward(time):
    with refused("time: got a smallest value of"):
        make("diagonal").at_time(time)
    with refused("time: got shape (2,)"):
        make("diagonal").at_time(np.ones(2))


@pytest.mark.parametrize("kind", KINDS)
def test_point_masses_have_samples_and_moments_but_no_density(kind):
    variances = VARIANCES[kind].copy()
    variances[1] = 0
    mixture = getattr(GaussianMixture, kind)(WEIGHTS, MEANS, variances)
    points, labels = mixture.sample(KEY, 1000)
    assert (points[labels == 1] == MEANS[1][None]).all()
    assert (points[labels == 0] != MEANS[0][None]).all()
    points, _ = mixture.sample_counts(KEY, (0, 7))
    assert (points == MEANS[1][None]).all()
    between = WEIGHTS[0] * WEIGHTS[1] * np.outer(MEANS[0] - MEANS[1], MEANS[0] - MEANS[1])
    within = WEIGHTS[0] * np.asarray(make(kind).component_covariances()[0])
    np.testing.assert_allclose(mixture.covariance(), within + between, rtol=1e-14, atol=1e-15)
    for method in METHODS:
        with refused("variances: got zero or singular in component 1"):
            getattr(mixture, method)(TEN)
        # Traced, the same mistake spreads as NaN.
        traced = jax.jit(lambda mixture, method=method: getattr(mixture, method)(TEN[:2]))(mixture)
        assert jnp.isnan(traced).any(axis=tuple(range(1, traced.ndim))).all()
    assert jnp.isfinite(mixture.at_time(0.1).score(TEN)).all()


def test_samples_of_a_singular_covariance_stay_in_its_plane():
    root = np.array([[1.0, 0.0], [2.0, 1.0], [3.0, -1.0]])
    mixture = GaussianMixture.full([1.0], MEANS[:1], (root @ root.T)[None])
    points, _ = mixture.sample(KEY, 2000)
    normal = np.cross(root[:, 0], root[:, 1])
    centred = np.asarray(points) - MEANS[:1]
    assert np.abs(centred @ normal).max() < 1e-12 * np.linalg.norm(normal) * np.abs(centred).max()
    assert np.linalg.matrix_rank(np.cov(centred.T), tol=1e-6) == 2
    with refused("zero or singular in component 0"):
        mixture.log_density(TEN)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_zero_weight_is_never_drawn_and_changes_nothing(kind, dtype):
    weights = np.array([0, 0.25, 0.75, 0], dtype)
    order = np.array([1, 0, 1, 0])
    # One of the absent components sits on the points and would have by far the highest density.
    means = MEANS[order].astype(dtype)
    means[3] = TEN[4]
    variances = VARIANCES[kind][order].astype(dtype)
    variances[3] *= 1e-12
    mixture = getattr(GaussianMixture, kind)(weights, means, variances)
    points, labels = mixture.sample(KEY, 20_000)
    assert set(np.unique(labels)) == {1, 2}
    plain = make(kind, dtype)
    tolerance = 64 * np.finfo(dtype).eps
    data = np.concatenate([TEN.astype(dtype), points[:50]])
    left, right = mixture.log_density(data), plain.log_density(data)
    np.testing.assert_allclose(left, right, rtol=tolerance, atol=tolerance)
    shares = mixture.responsibilities(data)
    assert (shares[:, np.array([0, 3])] == 0).all()
    gradient = jax.jit(jax.grad(lambda mixture: mixture.log_density(data).sum()))(mixture)
    assert jnp.isfinite(gradient.means).all() and jnp.isfinite(gradient.variances).all()


def test_the_derivative_in_a_zero_weight_is_the_ratio_of_densities():
    mixture = GaussianMixture.isotropic([0.0, 1.0], MEANS, VARIANCES["isotropic"])
    gradient = jax.grad(lambda mixture: mixture.log_density(TEN[3]))(mixture).weights
    alone = GaussianMixture.isotropic([1.0], MEANS[:1], VARIANCES["isotropic"][:1])
    ratio = jnp.exp(alone.log_density(TEN[3]) - mixture.log_density(TEN[3]))
    np.testing.assert_allclose(gradient, [ratio, 1.0], rtol=1e-13)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_results_have_the_type_of_the_mixture(kind, dtype):
    mixture = make(kind, dtype)
    points, labels = mixture.sample(KEY, 5)
    results = [getattr(mixture, method)(points) for method in METHODS]
    results += [points, mixture.mean(), mixture.covariance(), mixture.at_time(0.3).variances]
    results += [mixture.component_covariances(), mixture.sample_counts(KEY, (2, 3))[0]]
    assert {result.dtype for result in results} == {np.dtype(dtype)}
    assert labels.dtype == jnp.int32
    assert (mixture.components, mixture.dimension) == (2, 3)


def test_plain_numbers_follow_the_arrays():
    mixture = GaussianMixture.isotropic([0.5, 0.5], MEANS.astype(np.float32), 1)
    assert mixture.variances.dtype == jnp.float32 and mixture.variances.shape == (2,)
    assert GaussianMixture.isotropic([1], [[0, 1]], 2).means.dtype == jnp.float64


def test_integer_points_are_numbers_too():
    mixture, whole = make("isotropic"), np.arange(30).reshape(10, 3)
    np.testing.assert_array_equal(mixture.log_density(whole), mixture.log_density(1.0 * whole))
    gradient = jax.grad(lambda mixture: mixture.log_density(whole).sum())(mixture)
    assert jnp.isfinite(gradient.means).all()


@pytest.mark.parametrize("kind", KINDS)
def test_one_point_drops_the_leading_axis(kind):
    mixture = make(kind)
    for method in METHODS:
        evaluate = getattr(mixture, method)
        np.testing.assert_allclose(evaluate(TEN[2]), evaluate(TEN)[2], rtol=1e-13)
    assert mixture.log_density(TEN[2]).shape == ()


@pytest.mark.parametrize("kind", KINDS)
def test_no_points_are_no_trouble(kind):
    mixture = make(kind)
    points, labels = mixture.sample(KEY, 0)
    assert points.shape == (0, 3) and labels.shape == (0,)
    assert mixture.sample_counts(KEY, (0, 0))[0].shape == (0, 3)
    assert mixture.score(points).shape == (0, 3)
    assert mixture.responsibilities(points).shape == (0, 2)


@pytest.mark.parametrize("kind", KINDS)
def test_far_points_do_not_overflow_in_float32(kind):
    mixture = make(kind, np.float32)
    far = np.float32(1e17) * np.ones((1, 3), np.float32)
    for method in METHODS:
        assert jnp.isfinite(getattr(mixture, method)(far)).all()
    assert mixture.log_density(1e10 * far) == -jnp.inf


def test_tiny_weights_count_in_float32():
    weights = np.array([1.0, 1e-30], np.float32)
    mixture = GaussianMixture.isotropic(weights, np.array([[0.0], [100.0]], np.float32), 1.0)
    expected = np.log(np.float64(weights[1])) - np.log(2 * np.pi) / 2
    np.testing.assert_allclose(mixture.log_density(np.array([100.0])), expected, rtol=1e-6)
    assert mixture.responsibilities(np.array([100.0]))[1] == 1


@pytest.mark.parametrize("kind", KINDS)
def test_jit_and_vmap_give_what_single_calls_give(kind):
    mixture = make(kind)

    def evaluate(time, points):
        later = mixture.at_time(time)
        return later.log_density(points), later.score(points), later.responsibilities(points)

    times = jnp.array([0.0, 0.2, 1.0])
    clouds = jnp.asarray(np.random.default_rng(zlib.crc32(b"clouds")).normal(size=(3, 4500, 3)))
    together = jax.jit(jax.vmap(evaluate))(times, clouds)
    for index in range(3):
        alone = evaluate(times[index], clouds[index])
        for one, other in zip(alone, together):
            np.testing.assert_allclose(one, other[index], rtol=1e-12, atol=1e-12)
    stacked = jax.vmap(mixture.at_time)(times)
    densities = jax.vmap(lambda mixture: mixture.log_density(TEN))(stacked)
    np.testing.assert_allclose(densities[1], mixture.at_time(0.2).log_density(TEN), rtol=1e-12)
    keys = jax.random.split(KEY, 3)
    draws, _ = jax.vmap(lambda key: mixture.sample(key, 50))(keys)
    np.testing.assert_allclose(draws[2], mixture.sample(keys[2], 50)[0], rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("kind", KINDS)
def test_samples_are_differentiable_in_the_parameters(kind):
    mixture = make(kind)
    number = 9001
    gradient = jax.grad(lambda mixture: mixture.sample(KEY, number)[0].sum())(mixture)
    points, labels = mixture.sample(KEY, number)
    counts = np.bincount(labels, minlength=2)
    np.testing.assert_allclose(gradient.means, np.repeat(counts[:, None], 3, 1), rtol=1e-13)
    # The gap to the mean grows as the deviation: half of it for one log-variance.
    scaled = jax.tree.map(jnp.zeros_like, mixture)
    scaled = eqx.tree_at(lambda mixture: mixture.variances, scaled, mixture.variances)
    _, change = jax.jvp(lambda mixture: mixture.sample(KEY, number)[0], (mixture,), (scaled,))
    gap = np.asarray(points) - MEANS[np.asarray(labels)]
    np.testing.assert_allclose(change, gap / 2, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("method", METHODS)
def test_eager_calls_trace_once_per_shape(method, monkeypatch):
    counted = chex.assert_max_traces(getattr(gaussians, method), n=1)
    monkeypatch.setattr(gaussians, method, counted)
    for variance in (0.5, 1.0, 2.0):
        mixture = GaussianMixture.isotropic(WEIGHTS, MEANS * variance, variance)
        getattr(mixture, method)(TEN * variance)
        getattr(mixture.at_time(variance), method)(TEN)
    with pytest.raises(AssertionError):
        getattr(mixture, method)(TEN[:4])


MEMORY = """
    import resource, sys
    import jax, jax.numpy as jnp, numpy as np
    kind, dtype, number = sys.argv[1], sys.argv[2], int(sys.argv[3])
    jax.config.update("jax_enable_x64", dtype == "float64")
    from diversity_jax.mixtures import GaussianMixture
    components, dimension = 16, 32
    means = np.arange(components * dimension, dtype=dtype).reshape(components, dimension) / 512
    variances = np.ones(components, dtype)
    if kind == "full":
        variances = variances[:, None, None] * np.eye(dimension, dtype=dtype)[None]
    weights = np.full(components, 1 / components, dtype)
    mixture = getattr(GaussianMixture, kind)(weights, means, variances)
    key = jax.random.key(1)
    points = jax.jit(lambda: jnp.full((number, dimension), 0.5, dtype))().block_until_ready()
    peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    base = peak()
    counts = (number // components,) * (components - 1)
    counts += (number - sum(counts),)
    # From the smallest output to the largest, so that each peak stands above the ones before.
    calls = {
        "log_density": lambda: mixture.log_density(points),
        "responsibilities": lambda: mixture.responsibilities(points),
        "score": lambda: mixture.score(points),
        "sample": lambda: mixture.sample(key, number),
        "sample_counts": lambda: mixture.sample_counts(key, counts),
    }
    for name in sys.argv[4].split(","):
        output = jax.block_until_ready(calls[name]())
        size = sum(leaf.nbytes for leaf in jax.tree.leaves(output))
        del output
        print(name, (peak() - base - size) / 2**20)
"""


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("kind", "dtype", "number", "names"),
    [
        ("isotropic", "float32", 10**7, "log_density,responsibilities"),
        ("full", "float64", 1_999_993, "log_density,sample"),
    ],
)
def test_memory_beyond_inputs_and_outputs_stays_below_128_mb(kind, dtype, number, names):
    command = [sys.executable, "-c", textwrap.dedent(MEMORY), kind, dtype, str(number), names]
    root = Path(__file__).parents[2]
    run = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=300)
    assert run.returncode == 0, run.stderr
    extra = dict(line.split() for line in run.stdout.splitlines())
    assert list(extra) == names.split(",")
    assert all(float(size) < 128 for size in extra.values()), extra
