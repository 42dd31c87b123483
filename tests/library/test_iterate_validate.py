"""Loops against plain Python loops, and refusals that name argument, got, expected and fix."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from diversity_jax import iterate, validate


@pytest.mark.parametrize(("frames", "stride"), [(1, 1), (5, 1), (3, 4)])
def test_rollout_keeps_every_strideth_state_and_counts_steps_from_zero(frames, stride):
    def step(state, number):
        return 0.5 * state + number

    state, kept = jnp.asarray([4.0, -2.0]), []
    for number in range(frames * stride):
        state = step(state, number)
        if (number + 1) % stride == 0:
            kept.append(state)
    last, found = iterate.rollout(step, jnp.asarray([4.0, -2.0]), frames=frames, stride=stride)
    np.testing.assert_array_equal(found, jnp.stack(kept))
    np.testing.assert_array_equal(last, state)


@pytest.mark.parametrize(("frames", "stride"), [(0, 1), (1, 0), (-1, 2)])
def test_a_rollout_without_frames_is_refused(frames, stride):
    with pytest.raises(ValueError, match=r"^frames and stride: got .*integers >= 1"):
        iterate.rollout(lambda state, _: state, jnp.zeros(2), frames=frames, stride=stride)


BAD = [
    (lambda: validate.finite("x", [1.0, np.nan, np.inf]), "x: got 2 NaN or infinite of 3 values"),
    (lambda: validate.nonnegative("x", [0.0, -1.0]), "x: got a smallest value of -1.0"),
    (lambda: validate.nonnegative("x", [1.0, np.nan]), "x: got a smallest value of nan"),
    (lambda: validate.positive("x", [1.0, 0.0]), "x: got a smallest value of 0.0"),
    (lambda: validate.positive("x", jnp.asarray(np.nan)), "x: got a smallest value of nan"),
    (lambda: validate.shape("x", np.zeros((2, 3)), (2, None, 1), "f"), "x: got shape (2, 3)"),
    (lambda: validate.shape("x", np.zeros((2, 3)), (3, None), "f"), "x: got shape (2, 3)"),
    (lambda: validate.simplex("x", [0.5, 0.4]), "x: got weights that sum to 0.9"),
    (lambda: validate.simplex("x", [1.5, -0.5]), "x: got a smallest value of -0.5"),
    (lambda: validate.simplex("x", [np.nan, 1.0]), "x: got a smallest value of nan"),
    (lambda: validate.simplex("x", []), "x: got weights that sum to 0"),
    (lambda: validate.choice("x", "smok", ("smoke", "paper")), "x: got 'smok'"),
    (lambda: validate.choice("x", None, ["smoke"]), "x: got None"),
    (lambda: validate.seed(-1), "seed: got -1"),
    (lambda: validate.seed(np.float64(1.0)), "seed: got "),
]


@pytest.mark.parametrize(("refuse", "beginning"), BAD)
def test_a_refusal_is_one_line_with_argument_got_expected_and_fix(refuse, beginning):
    with pytest.raises(ValueError) as caught:
        refuse()
    text = str(caught.value)
    assert text.startswith(beginning) and "\n" not in text
    assert ", expected " in text and "; " in text.split(", expected ", 1)[1]


def test_good_values_pass():
    validate.finite("x", np.zeros(0))
    validate.nonnegative("x", [0.0, 1.0])
    validate.positive("x", jnp.ones(3))
    validate.shape("x", np.zeros((2, 3)), (None, 3), "f")
    validate.choice("x", "smoke", ("smoke",))
    assert validate.seed(np.uint32(5)) == 5 and type(validate.seed(np.int64(5))) is int


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("number", [1, 3, 1000])
def test_weights_normalised_in_their_own_precision_pass(dtype, number):
    weights = np.random.default_rng(number).random(number).astype(dtype)
    validate.simplex("x", weights / weights.sum())
    with pytest.raises(ValueError, match="divide by the sum"):
        validate.simplex("x", weights / weights.sum() * dtype(1.1))


def test_traced_values_pass_but_traced_shapes_do_not():
    @jax.jit
    def traced(x):
        validate.finite("x", x)
        validate.nonnegative("x", x)
        validate.positive("x", x)
        validate.simplex("x", x)
        validate.shape("x", x, (2,), "f")
        return x

    assert np.isnan(traced(jnp.asarray([-1.0, np.nan]))).tolist() == [False, True]
    with pytest.raises(ValueError, match=r"^x: got shape \(3,\)"):
        traced(jnp.zeros(3))


def test_near_names_come_first_and_strange_ones_get_the_list():
    with pytest.raises(ValueError, match=r"did you mean lengths or length\?"):
        validate.choice("field", "lenghts", ["length", "lengths", "seeds"])
    with pytest.raises(ValueError, match="expected one of a, b; choose one of those"):
        validate.choice("field", "zzzz", ["b", "a"])
