"""Times of speciation have their derivatives, and finite ones where classes coincide."""

import itertools
import zlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import integrate

from diversity_jax.diffusion.theory import speciation
from diversity_jax.mixtures import GaussianMixture

UNEVEN = np.array([0.3, 6.0, 1.0, 1.3])  # share, distance, both variances


def two(x):
    means = jnp.zeros((2, 6)).at[0].set(x[1])
    return GaussianMixture.isotropic(jnp.stack([x[0], 1 - x[0]]), means, x[2:])


@pytest.mark.parametrize("criterion", speciation.CRITERIA)
def test_times_move_as_their_derivatives_say(criterion):
    """In share, distance and variances, against central differences."""

    @jax.jit
    def found(x):
        return speciation.speciation_times(two(x), criterion=criterion)

    exact = np.asarray(jax.jit(jax.jacfwd(found))(jnp.asarray(UNEVEN)))
    finite = np.isfinite(found(UNEVEN))
    assert finite.any() and (exact[~finite] == 0).all()
    steps = 1e-5 * np.eye(UNEVEN.size)
    wanted = np.stack([(found(UNEVEN + h) - found(UNEVEN - h)) / 2e-5 for h in steps], axis=1)
    # Differences: 1e-13 of rounding over 2e-5, and 1e-10 times a third derivative.
    np.testing.assert_allclose(exact[finite], wanted[finite], rtol=1e-6, atol=1e-6)


def test_equal_classes_far_apart_move_by_the_inverse_of_their_distance():
    """``t = log(distance / const)`` for unit variances."""

    def first(size):
        x = jnp.asarray([0.3, 0.0, 1.0, 1.0]).at[1].set(size)
        return speciation.speciation_times(two(x), criterion="bayes")[0]

    assert float(jax.grad(first)(6.0)) == pytest.approx(1 / 6, rel=1e-9)


@pytest.mark.parametrize("criterion", ["bayes", "covariance"])
def test_derivatives_are_finite_where_classes_or_eigenvalues_coincide(criterion):
    same = np.array([[3.0, 0, 0], [3, 0, 0], [0, 0, 0]])
    for means in (4 * np.eye(3), same):
        mixture = GaussianMixture.isotropic(np.full(3, 1 / 3), means, 1.0)
        slopes = jax.jacrev(lambda of: speciation.speciation_times(of, criterion=criterion))(
            mixture
        )
        assert all(bool(jnp.isfinite(leaf).all()) for leaf in jax.tree.leaves(slopes))


def test_probabilities_move_as_their_derivatives_say():
    """Of returns, clones and collapse: in share, distance, variances and time, along two lines."""

    @jax.jit
    def values(x):
        mixture = two(x[:4])
        phi = speciation.return_probability(mixture, x[4])
        clones = speciation.clone_probability(mixture, x[4])
        return jnp.concatenate([phi, clones[None], speciation.collapse_times(mixture, [9, 20])])

    at = jnp.asarray([0.3, 2.5, 0.7, 1.6, 0.3])
    slopes = jax.jit(lambda x, line: jax.jvp(values, (x,), (line,))[1])
    for line in np.random.default_rng(zlib.crc32(b"lines of probabilities")).normal(size=(2, 5)):
        wanted = (values(at + 1e-5 * line) - values(at - 1e-5 * line)) / 2e-5
        # Differences: 1e-14 of rounding over 2e-5, and 1e-10 times a third derivative.
        np.testing.assert_allclose(slopes(at, line), wanted, rtol=1e-6, atol=1e-7)


def test_return_at_time_zero_is_the_limit_also_for_point_masses():
    """Points of two masses part, those of one place share; a mass is never left for a cloud."""
    slopes = jax.jit(jax.jacrev(lambda of: speciation.return_probability(of, 0.0)))
    apart, together = np.array([[0.0, 0], [3, 0]]), np.full((2, 2), 5.0)
    for means, variances, wanted in (
        (apart, [0, 0], [1, 1]),
        (together, [0, 0], [0.7, 0.3]),
        (together, [0, 1], [1, 1]),
        (together * 1e-30, [0, 1e-60], [1, 1]),
        (together, [2, 2], [0.7, 0.3]),
    ):
        mixture = GaussianMixture.isotropic([0.7, 0.3], means, np.asarray(variances, float))
        found = speciation.return_probability(mixture, 0.0)
        np.testing.assert_allclose(found, wanted, rtol=1e-12)
        assert all(bool(jnp.isfinite(leaf).all()) for leaf in jax.tree.leaves(slopes(mixture)))
    three = GaussianMixture.isotropic([0.5, 0.2, 0.3], np.zeros((3, 2)), np.array([0.0, 0, 1]))
    found = speciation.return_probability(three, 0.0)
    np.testing.assert_allclose(found, [0.5 / 0.7, 0.2 / 0.7, 1], rtol=1e-12)


@pytest.mark.parametrize("variance", [1e-2, 1e-4, 1e-6])
@pytest.mark.parametrize(("wide", "within"), [((1.0,), 1e-3), ((1.0, 1.5), 1e-2)])
def test_clouds_lose_to_a_narrow_class_what_it_gains(wide, within, variance):
    """Against adaptive quadrature on both sides of the spike, within what the docstring says."""
    variances = np.array([variance, *wide])
    pi = np.array([0.4, 0.6]) if len(wide) == 1 else np.array([0.4, 0.3, 0.3])

    def kept(x, c):
        heights = np.exp(-(x**2) / (2 * variances)) / np.sqrt(2 * np.pi * variances)
        return heights[c] * pi[c] * heights[c] / (pi @ heights)

    spots = [*np.sqrt(variance) * np.array([0.0, 1, 2, 3, 4, 6, 9]), 12.0]
    wanted = [
        2 * sum(integrate.quad(kept, *part, args=(c,))[0] for part in itertools.pairwise(spots))
        for c in range(len(pi))
    ]
    mixture = GaussianMixture.isotropic(pi, np.zeros((len(pi), 1)), variances)
    found = speciation.return_probability(mixture, 0.0)
    np.testing.assert_allclose(found, wanted, rtol=0, atol=within)


def test_what_is_traced_and_impossible_gives_no_probability():
    """A time below zero is not moved to zero, nor a share that is no number to no share."""
    found = jax.jit(lambda x, time: speciation.return_probability(two(x), time))
    for x, time in (
        ([0.3, 2.0, 0.0, 1.0], -1.0),
        ([0.3, 2.0, 0.5, 1.0], -1.0),
        ([1.3, 2.0, 0.5, 1.0], 0.4),
        ([0.3, 2.0, 0.5, -1.0], 0.4),
        ([0.3, 2.0, 0.5, 1.0], np.nan),
    ):
        assert jnp.isnan(found(jnp.asarray(x), jnp.asarray(time))).all(), (x, time)
    assert jnp.isfinite(found(jnp.asarray(UNEVEN), jnp.asarray(0.4))).all()


def test_counts_below_one_are_refused_or_nan():
    mixture = GaussianMixture.isotropic([0.5, 0.5], np.zeros((2, 16)), [0.5, 2.0])
    for counts in ([10, 0], [10, -3], [10, np.nan]):
        with pytest.raises(ValueError, match=r"^counts: got .*, expected .*; "):
            speciation.collapse_times(mixture, counts)
    traced = jax.jit(lambda counts: speciation.collapse_times(mixture, counts))(
        jnp.asarray([10.0, 0.0])
    )
    assert jnp.isnan(traced).tolist() == [False, True]
    assert jnp.isinf(speciation.collapse_times(mixture, [1, 2])).tolist() == [True, False]
