"""Backward diffusion with a score: the stochastic equation, its probability flow, U-turns, clones.

Simulation only: what `speciation` predicts is measured here.
"""

from __future__ import annotations

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import numpy.typing as npt
from jaxtyping import Array, ArrayLike, Float, ScalarLike

from diversity_jax import seeds, validate
from diversity_jax.diffusion import process
from diversity_jax.mixtures import GaussianMixture
from diversity_jax.records import Record

END = 1e-3
Score = Callable[[Float[Array, "n d"], Float[Array, ""]], Float[Array, "n d"]]


class MixtureScore(Record):
    """``(points, time) -> grad log density`` of the noised mixture, exact."""

    mixture: GaussianMixture

    def __call__(self, points: Float[Array, "n d"], time: ScalarLike) -> Float[Array, "n d"]:
        # In the points' own precision, whatever the mixture's: loops keep what they carry.
        return self.mixture.at_time(time).score(points).astype(points.dtype)


def mixture_score(mixture: GaussianMixture) -> Score:
    """The exact score of the noised mixture; a record, so that other numbers compile nothing."""
    return MixtureScore(mixture)


def backward(
    key: Array, score: Score, points: Float[Array, "n d"], times: Float[ArrayLike, " steps1"]
) -> Float[Array, "n d"]:
    """Points at the last of `times`, from `points` at the first, by the backward equation.

    Euler-Maruyama: ``x <- x + h (x + 2 score(x, t)) + sqrt(2 h) g`` from t to ``t - h``; weak order
    one in the steps. `times` falls (see `process.backward_times`). Where it is traced, steps
    of width zero are left out: coarse grids can be filled up to the length of fine ones.

    Errors: ValueError for times that do not fall to a number at or above zero; NaN where traced.
    Cost: memory of two copies; compiles once per shape, for any numbers in a `score` that is a
    record.
    """
    return _backward(key, score, points, _falling(times))


@eqx.filter_jit
def _backward(key: Array, score: Score, points: Array, times: Array) -> Array:
    def step(held: Array, move: tuple[Array, Array, Array]) -> tuple[Array, None]:
        time, width, number = move

        def moved(held: Array) -> Array:
            noise = jax.random.normal(jax.random.fold_in(key, number), held.shape, held.dtype)
            drift = held + 2 * score(held, time)
            return held + width * drift + jnp.sqrt(2 * width) * noise

        return jax.lax.cond(width == 0, lambda held: held, moved, held), None

    moves = _moves(times, points.dtype)
    return jax.lax.scan(step, points, (*moves, jnp.arange(times.size - 1)))[0]


def probability_flow(
    score: Score, points: Float[Array, "n d"], times: Float[ArrayLike, " steps1"]
) -> Float[Array, "n d"]:
    """Points carried along ``dx/dt = -x - score(x, t)`` from the first of `times` to the last.

    Same marginals as the process, no noise, either direction of time; Heun's method, order two. The
    score is asked for at the last time too: point masses have none at 0.

    Errors: ValueError for times that are negative or no finite numbers (NaN where traced), and for
    a `mixture_score` of point masses at 0.
    """
    times = _times(times)
    seen = validate.concrete(times)
    if isinstance(score, MixtureScore) and seen is not None and (seen == 0).any():
        # Outside the loop, where its refusal can see the variances.
        score(points[:1], 0.0)
    return _flow(score, points, times)


@eqx.filter_jit
def _flow(score: Score, points: Array, times: Array) -> Array:
    def step(held: Array, move: tuple[Array, Array]) -> tuple[Array, None]:
        time, width = move
        first = held + score(held, time)
        ahead = held + width * first
        return held + width / 2 * (first + ahead + score(ahead, time - width)), None

    return jax.lax.scan(step, points, _moves(times, points.dtype))[0]


def u_turn(
    key: Array,
    mixture: GaussianMixture,
    points: Float[Array, "n d"],
    time: ScalarLike,
    *,
    steps: int = 400,
) -> Float[Array, "n d"]:
    """Points noised up to `time` and brought back by the exact backward equation."""
    there = process.noised(seeds.stream(key, "forward"), points, time)
    times = process.backward_times(time, END, steps)
    return backward(seeds.stream(key, "backward"), mixture_score(mixture), there, times)


def return_probability(
    key: Array, mixture: GaussianMixture, time: ScalarLike, *, number: int, steps: int = 400
) -> Float[Array, " k"]:
    """The probability that a U-turn at `time` brings a point back to its class, by simulation.

    `number` points per class; each end, at time 1e-3, counts with the posterior probability of the
    class that it started from (one or zero where classes do not overlap). Any kind of covariance,
    any number of classes. Standard error at most ``sqrt(phi (1 - phi) / number)``.
    """
    points, labels = mixture.sample_counts(
        seeds.stream(key, "points"), (number,) * mixture.components
    )
    ends = u_turn(seeds.stream(key, "turn"), mixture, points, time, steps=steps)
    own = jnp.take_along_axis(posterior(mixture, ends), labels[:, None], axis=1)
    return own.reshape(mixture.components, number).mean(axis=1)


def clone_probability(
    key: Array, mixture: GaussianMixture, time: ScalarLike, *, number: int, steps: int = 400
) -> Float[Array, ""]:
    """The probability that two backward paths from one noised point end in one class, simulated.

    Over `number` points, with the posterior probabilities of both ends.
    """
    points, _ = mixture.sample(seeds.stream(key, "points"), number)
    there = process.noised(seeds.stream(key, "forward"), points, time)
    times, score = process.backward_times(time, END, steps), mixture_score(mixture)
    first, second = (
        posterior(mixture, backward(seeds.stream(key, "clone", copy), score, there, times))
        for copy in (0, 1)
    )
    return jnp.sum(first * second, axis=1).mean()


def posterior(mixture: GaussianMixture, points: Float[Array, "n d"]) -> Float[Array, "n k"]:
    """The probability of each class for points at time 1e-3."""
    return mixture.at_time(END).responsibilities(points)


def _falling(times: npt.ArrayLike) -> Float[Array, " steps1"]:
    times = _times(times)
    seen = validate.concrete(times)
    if seen is not None and not (seen[1:] < seen[:-1]).all():
        raise validate.fail("times", "times that do not fall", "falling ones", "reverse them")
    return times


def _times(times: npt.ArrayLike) -> Float[Array, " steps1"]:
    times = jnp.asarray(times, float)
    validate.shape("times", times, (None,), "pass a list of times")
    if times.shape[0] == 0:
        raise validate.fail("times", "no time", "at least one", "pass where to start and end")
    validate.nonnegative("times", times, "the process begins at 0")
    validate.finite("times", times, "stop at a finite time")
    return jnp.where(times >= 0, times, jnp.nan)


def _moves(times: Float[Array, " steps1"], dtype: np.dtype) -> tuple[Array, Array]:
    return times[:-1].astype(dtype), (times[:-1] - times[1:]).astype(dtype)
