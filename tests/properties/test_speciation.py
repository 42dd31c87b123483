"""Times of speciation have their derivatives, and finite ones where classes coincide."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

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
