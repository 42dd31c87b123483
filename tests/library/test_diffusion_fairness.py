"""Fair shares and fair stops: what was asked for is what is found."""

import jax.numpy as jnp
import numpy as np
import pytest

from diversity_jax.diffusion.model import ClassModel
from diversity_jax.diffusion.theory import fairness, losses

SUBSPACES = [[0.05, 0.8], [1.2, 0.05]]


def model(fractions, variances):
    return ClassModel(fractions, variances, 0.1, 4.0, 8.0, group_fractions=[0.5, 0.5])


def test_at_the_shares_found_both_classes_are_memorised_together():
    found = fairness.fair_fractions(model([0.7, 0.3], SUBSPACES), which="memorisation")
    assert bool(found.converged) and float(found.fractions.sum()) == pytest.approx(1, abs=1e-12)
    times = losses.class_times(model(np.asarray(found.fractions), SUBSPACES)).memorisation
    np.testing.assert_allclose(times[0], times[1], rtol=1e-5)
    before = losses.class_times(model([0.7, 0.3], SUBSPACES)).memorisation
    assert abs(np.log(before[0] / before[1])) > 0.1
    none = fairness.fair_fractions(
        model([0.7, 0.3], [[0.7, 0.7], [1.3, 1.3]]), which="memorisation"
    )
    assert not bool(none.converged) and float(none.residual) > 0.1


def test_the_search_finds_the_same_shares_from_far_on_either_side():
    """Full steps would jump from one side of the root to the other, for ever."""
    variances = [[0.05, 0.4], [1.6, 0.05]]
    found = [
        fairness.fair_fractions(model([1 - share, share], variances)) for share in (0.25, 0.75)
    ]
    assert all(bool(one.converged) for one in found)
    np.testing.assert_allclose(found[0].fractions, found[1].fractions, atol=1e-6)


def test_the_stop_has_the_least_of_the_largest_regrets():
    times = np.array([1.0, 2.0, 3.0, 4.0])
    test = np.array([[1.0, 1.0], [0.5, 0.9], [0.6, 0.8], [0.9, 0.6]])
    found = fairness.stop_of(jnp.asarray(times), jnp.asarray(test))
    # Gains 0.5 and 0.4: the largest regrets are 1, 0.75, 0.5 and 0.8.
    assert float(found.time) == 3.0
    np.testing.assert_allclose(found.regret, [0.2, 0.5])


@pytest.mark.parametrize(
    ("call", "argument"),
    [
        (lambda m: fairness.fair_fractions(m, which="both"), "which"),
        (lambda m: fairness.fair_stop(m, times=3), "times"),
        (lambda _: fairness.fair_fractions(ClassModel([1.0], [1.0], 0.1, 4.0, 8.0)), "model"),
    ],
)
def test_bad_input_gets_one_line_by_name(call, argument):
    with pytest.raises(ValueError, match=rf"^{argument}: got .*, expected .*; "):
        call(model([0.5, 0.5], SUBSPACES))
