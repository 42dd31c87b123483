"""Asymptotic losses against finite-size flow, flow against descent, exact noise against drawn."""

import zlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.stats import t

from diversity_jax.diffusion import random_features, training
from diversity_jax.diffusion.model import ClassModel
from diversity_jax.diffusion.theory import losses
from diversity_jax.diffusion.theory.equations import contours
from paper_repro.checks import convergence

TWO = ClassModel([0.5, 0.5], [0.4, 1.6], 0.1, 4.0, 8.0)
GROUPS = ClassModel(
    [0.25, 0.75], [[1.2, 0.2], [0.2, 0.8]], 0.1, 4.0, 8.0, group_fractions=[0.5, 0.5]
)
THREE = ClassModel([0.2, 0.3, 0.5], [0.5, 1.0, 2.0], 0.05, 3.0, 10.0)
TIMES = np.array([1.0, 10.0, 100.0])
pytestmark = pytest.mark.light


def key(name):
    return jax.random.key(zlib.crc32(name.encode()))


@pytest.mark.parametrize("model", [TWO, GROUPS, THREE])
def test_train_losses_average_to_the_total_by_its_own_integral(model):
    """``1 + oint (1 - e^(-4 D z tau / psi_p)) / z tr(V'RV)/d dz / (2 pi i)``: no pair of copies."""
    times = np.geomspace(1e-3, 1e5, 12)
    path = contours.contour(model)
    points, steps = np.asarray(path.points), np.asarray(path.steps)
    overlap = np.asarray(model.fractions @ path.linear)  # tr(V' R V) / d
    grown = -np.expm1(-2 * float(path.rate) * times[:, None] * points) / points
    total = 1 + 2 * (grown * steps * overlap).sum(axis=1).real
    average = losses.flow_losses(model, times).train @ model.fractions
    np.testing.assert_allclose(average, total, atol=2e-6)


@pytest.mark.parametrize(("model", "name"), [(TWO, "two"), (GROUPS, "groups"), (THREE, "three")])
def test_simulated_losses_tend_to_the_asymptotic_ones(model, name):
    sizes, wanted = np.array([16, 24, 36, 54]), losses.flow_losses(model, TIMES)

    def rows(d):
        """Those of 12 seeds by one program, where eagerly every array would compile its own."""
        run = jax.jit(lambda key: training.simulated_losses(key, model, TIMES, dimension=int(d)))
        made = (run(jax.random.fold_in(key(f"losses {name}"), seed)) for seed in range(12))
        return [np.concatenate([one.train, one.test], axis=1) for one in made]

    found = np.asarray([rows(d) for d in sizes])
    exact = np.concatenate([wanted.train, wanted.test], axis=1)
    for time in range(TIMES.size):
        for column in range(exact.shape[1]):
            gaps = (found[:, :, time, column] - exact[time, column]).T
            options = dict(scale=1.0, resolution=0.1, rate=1.0, level=1e-4 / exact.size)
            assert convergence(sizes, gaps, **options).status != "fails", (time, column)
    swapped = np.concatenate([wanted.test, wanted.train], axis=1)
    gaps = (found[:, :, 2, 0] - swapped[2, 0]).T
    assert convergence(sizes, gaps, scale=1.0, resolution=0.1, rate=1.0).status == "fails"


def test_descent_tends_to_the_flow_at_first_order_in_the_step():
    gaps = []
    for stride in (50, 100, 200):
        made = training.descent(
            key("descent"), TWO, dimension=12, learning_rate=1.0 / stride, frames=8, stride=stride
        )
        flow = training.simulated_losses(key("descent"), TWO, np.arange(1.0, 9.0), dimension=12)
        gaps.append(max(np.abs(made.train - flow.train).max(), np.abs(made.test - flow.test).max()))
    np.testing.assert_allclose(np.divide(gaps[:-1], gaps[1:]), 2, rtol=0.05)


def _largest(scores, draws, level=1e-4):
    return np.abs(scores).max(), t.isf(level / 2 / scores.size, draws - 1)


@pytest.mark.parametrize("model", [THREE, GROUPS])
def test_the_exact_noise_average_is_that_of_drawn_noise(model):
    drawn = random_features.draw(key("noise"), model, dimension=30)
    matrix, slopes = random_features.covariance(model, drawn)
    cross = random_features.cross(drawn, slopes)
    random, rows = np.random.default_rng(zlib.crc32(b"noise draws")), []
    weights, samples = np.asarray(drawn.weights), np.asarray(drawn.samples)
    for _ in range(400):
        noise = random.normal(size=samples.shape)
        noised = float(drawn.decay) * samples + np.sqrt(float(drawn.noise)) * noise
        features = np.tanh(noised @ weights.T / np.sqrt(30))
        rows.append((features.T @ features / len(samples), features.T @ noise / len(samples)))
    for exact, found in zip((matrix, cross), zip(*rows)):
        spread = np.std(found, axis=0, ddof=1) / np.sqrt(len(found))
        worst, limit = _largest((np.mean(found, axis=0) - exact) / spread, len(found))
        assert worst < limit


def test_the_population_average_is_that_of_new_samples():
    drawn = random_features.draw(key("population"), GROUPS, dimension=20)
    matrix, cross = random_features.population(GROUPS, drawn, 0)
    random, rows = np.random.default_rng(zlib.crc32(b"new samples")), []
    weights, spread = np.asarray(drawn.weights), np.asarray(drawn.deviations[0])
    for _ in range(300):
        noise = random.normal(size=(500, 20))
        clean = spread * random.normal(size=(500, 20))
        noised = float(drawn.decay) * clean + np.sqrt(float(drawn.noise)) * noise
        features = np.tanh(noised @ weights.T / np.sqrt(20))
        rows.append((features.T @ features / 500, features.T @ noise / 500))
    for exact, found in zip((matrix, cross), zip(*rows)):
        error = np.std(found, axis=0, ddof=1) / np.sqrt(len(found))
        worst, limit = _largest((np.mean(found, axis=0) - exact) / error, len(found))
        assert worst < limit


def test_class_times_are_where_they_say():
    found = losses.class_times(TWO)
    times = np.asarray(found.generalisation)
    for c, time in enumerate(times):
        around = losses.flow_losses(TWO, time * np.array([0.97, 1.0, 1.03])).test[:, c]
        assert around[1] < around[0] and around[1] < around[2]
    at = losses.flow_losses(TWO, found.memorisation)
    np.testing.assert_allclose(np.diagonal(at.test - at.train), 0.05, atol=1e-9)
    share = losses.class_times(TWO, generalisation="share", memorisation="relative-gap")
    at = losses.flow_losses(TWO, np.concatenate([share.generalisation, times, share.memorisation]))
    end = losses.flow_losses(TWO, np.array([1e9]))
    np.testing.assert_allclose(
        (1 - np.diagonal(at.test[:2])) / (1 - np.diagonal(at.test[2:4])), 0.9, rtol=1e-6
    )
    ratio = np.diagonal((at.test - at.train)[4:]) / (end.test - end.train)[0]
    np.testing.assert_allclose(ratio, 0.1, rtol=1e-4)
    assert times[1] < times[0]  # the class of larger variance first


def test_class_times_have_their_derivatives():
    @jax.jit
    def logs(share):
        model = ClassModel(jnp.stack([share, 1 - share]), GROUPS.variances, 0.1, 4.0, 8.0,
                           group_fractions=[0.5, 0.5])  # fmt: skip
        made = losses.class_times(model)
        return jnp.log(jnp.concatenate([made.generalisation, made.memorisation]))

    step = 1e-4
    wanted = (logs(jnp.asarray(0.3 + step)) - logs(jnp.asarray(0.3 - step))) / (2 * step)
    np.testing.assert_allclose(jax.jit(jax.jacfwd(logs))(jnp.asarray(0.3)), wanted, rtol=1e-4)


def test_a_crossing_that_never_occurs_is_infinite():
    assert jnp.isinf(losses.class_times(TWO, memorisation="gap", level=50.0).memorisation).all()
